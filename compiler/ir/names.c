/* A hash table of names. A released name keeps its slot, so probing never meets a hole that was once filled. */
#include "compiler/ir/names.h"

#include <stdio.h>
#include <string.h>

struct ir_name {
    const char *name; /* NULL: an empty slot */
    bool taken;
    uint32_t value;
    uint32_t next; /* the suffix to try first when this name is wished for again */
};

static const char *const reserved[] = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto",
    "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch",
    "typedef", "union", "unsigned", "void", "volatile", "while", "asm", "typeof", "main",
};

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(name, reserved[i]) == 0)
            return true;
    return false;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ir_name_valid(const char *name)
{
    if (!is_letter(name[0]) || is_reserved(name))
        return false;
    for (size_t i = 0; name[i]; i++)
        if (i >= IR_NAME_MAX || !(is_letter(name[i]) || is_digit(name[i]) || name[i] == '_'))
            return false;
    return true;
}

struct ir_names ir_names_new(struct arena *a)
{
    return (struct ir_names){.arena = a, .n_slots = 64, .slots = ARENA_ARRAY(a, struct ir_name, 64)};
}

static struct ir_name *slot_of(const struct ir_names *t, const char *name)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a, 64 bits */
    for (const char *c = name; *c; c++)
        h = (h ^ (unsigned char)*c) * 1099511628211u;
    uint32_t i = (uint32_t)(h ^ (h >> 32)) & (t->n_slots - 1);
    while (t->slots[i].name && strcmp(t->slots[i].name, name) != 0)
        i = (i + 1) & (t->n_slots - 1);
    return &t->slots[i];
}

static void grow(struct ir_names *t)
{
    struct ir_names bigger = {.arena = t->arena, .n = t->n, .n_slots = 2 * t->n_slots};
    bigger.slots = ARENA_ARRAY(t->arena, struct ir_name, bigger.n_slots);
    for (uint32_t i = 0; i < t->n_slots; i++)
        if (t->slots[i].name)
            *slot_of(&bigger, t->slots[i].name) = t->slots[i];
    *t = bigger;
}

/* The slot of name, made if there is none. */
static struct ir_name *slot_made(struct ir_names *t, const char *name)
{
    if (t->n >= t->n_slots / 2)
        grow(t);
    struct ir_name *s = slot_of(t, name);
    if (!s->name) {
        *s = (struct ir_name){.name = arena_strdup(t->arena, name), .taken = is_reserved(name), .next = 2};
        t->n++;
    }
    return s;
}

bool ir_names_find(const struct ir_names *t, const char *name, uint32_t *value)
{
    const struct ir_name *s = slot_of(t, name);
    if (!s->name || !s->taken || is_reserved(name))
        return false;
    *value = s->value;
    return true;
}

void ir_names_release(struct ir_names *t, const char *name)
{
    struct ir_name *s = slot_of(t, name);
    if (!s->name || !s->taken)
        bug("releasing a name that is not in use");
    s->taken = false;
}

/* base: what a name may be made of wish; "" when nothing is left. */
static void make_valid(char base[IR_NAME_MAX + 1], const char *wish)
{
    size_t n = 0;
    for (const char *c = wish; *c && n < IR_NAME_MAX; c++) {
        char low = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
        if (n == 0 && is_digit(low)) /* "3x3" becomes "n3x3" */
            base[n++] = 'n';
        if (is_letter(low) || is_digit(low))
            base[n++] = low;
        else if (n > 0)
            base[n++] = '_';
    }
    while (n > 0 && base[n - 1] == '_')
        n--;
    base[n] = '\0';
}

const char *ir_names_take(struct ir_names *t, const char *wish, const char *otherwise, uint32_t value)
{
    char base[IR_NAME_MAX + 1], tried[IR_NAME_MAX + 1];
    if (wish && ir_name_valid(wish))
        strcpy(base, wish);
    else
        make_valid(base, wish ? wish : "");
    if (!*base)
        strcpy(base, otherwise);
    size_t n = strlen(base);

    struct ir_name *s = slot_made(t, base);
    uint32_t k = s->next;
    for (strcpy(tried, base); s->taken; k++) {
        char suffix[16];
        int len = snprintf(suffix, sizeof suffix, "_%u", (unsigned)k);
        size_t keep = n + (size_t)len <= IR_NAME_MAX ? n : IR_NAME_MAX - (size_t)len;
        memcpy(tried, base, keep);
        memcpy(tried + keep, suffix, (size_t)len + 1);
        s = slot_made(t, tried);
    }
    s->taken = true;
    s->value = value;
    const char *name = s->name;
    slot_of(t, base)->next = k;
    return name;
}
