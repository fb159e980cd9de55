/* Open addressing with linear probing; hashes are FNV-1a over whole words (Fowler, Noll, Vo). */
#include "compiler/pass/intern.h"

#include "compiler/base/vec.h"
#include "compiler/ir/attr.h"

struct entry {
    uint64_t hash;
    const struct ir_node *what;
    const uint32_t *in;
    uint32_t n_in, number;
};

struct intern {
    struct arena *arena;
    VEC(struct entry) entries;
    uint32_t *slots; /* index of an entry + 1; 0: free */
    size_t n_slots;  /* a power of two, at least twice the entries */
};

struct intern *intern_new(struct arena *a)
{
    struct intern *t = ARENA_NEW(a, struct intern);
    t->arena = a;
    t->n_slots = 64;
    t->slots = ARENA_ARRAY(a, uint32_t, t->n_slots);
    return t;
}

/* As bits, so that equal means equal: 0.0 and -0.0 are not. */
static uint64_t attribute(const struct ir_node *n, const struct ir_attr *attr)
{
    const char *at = (const char *)n + attr->offset;
    uint64_t bits = 0;
    memcpy(&bits, at, attr->kind == IR_ATTR_BOOL ? sizeof(bool) : sizeof(uint64_t));
    return bits;
}

bool intern_same_attributes(const struct ir_node *m, const struct ir_node *n)
{
    for (size_t i = 0; i < ir_n_attrs; i++)
        if (ir_attrs[i].op == n->op && attribute(m, &ir_attrs[i]) != attribute(n, &ir_attrs[i]))
            return false;
    return true;
}

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * 1099511628211u; /* FNV prime */
    return h ^ h >> 32;
}

static uint64_t hash(const struct ir_node *what, const uint32_t *in, uint32_t n_in)
{
    uint64_t h = mix(14695981039346656037u, (uint64_t)what->op); /* FNV offset basis */
    for (size_t i = 0; i < ir_n_attrs; i++)
        if (ir_attrs[i].op == what->op)
            h = mix(h, attribute(what, &ir_attrs[i]));
    for (uint32_t i = 0; i < n_in; i++)
        h = mix(h, in[i]);
    return h;
}

static bool equal(const struct entry *e, uint64_t h, const struct ir_node *what, const uint32_t *in, uint32_t n_in)
{
    return e->hash == h && e->what->op == what->op && e->n_in == n_in &&
           (n_in == 0 || memcmp(e->in, in, n_in * sizeof *in) == 0) && intern_same_attributes(e->what, what);
}

static void grow(struct intern *t)
{
    t->n_slots *= 2;
    t->slots = ARENA_ARRAY(t->arena, uint32_t, t->n_slots);
    for (size_t i = 0; i < t->entries.n; i++) {
        size_t s = t->entries.at[i].hash & (t->n_slots - 1);
        while (t->slots[s])
            s = (s + 1) & (t->n_slots - 1);
        t->slots[s] = (uint32_t)(i + 1);
    }
}

uint32_t intern_number(struct intern *t, const struct ir_node *what, const uint32_t *in, uint32_t n_in, uint32_t fresh)
{
    if (2 * (t->entries.n + 1) > t->n_slots)
        grow(t);
    const uint64_t h = hash(what, in, n_in);
    size_t s = h & (t->n_slots - 1);
    for (; t->slots[s]; s = (s + 1) & (t->n_slots - 1)) {
        const struct entry *e = &t->entries.at[t->slots[s] - 1];
        if (equal(e, h, what, in, n_in))
            return e->number;
    }
    uint32_t *copy = ARENA_ARRAY(t->arena, uint32_t, n_in);
    for (uint32_t i = 0; i < n_in; i++)
        copy[i] = in[i];
    vec_push(t->arena, &t->entries, ((struct entry){h, what, copy, n_in, fresh}));
    t->slots[s] = (uint32_t)t->entries.n;
    return fresh;
}
