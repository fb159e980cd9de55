/* From the layer table to units: which layers run together, and in which format.
 *
 * Batch norm, an addition of two and ReLU run as one pass where each result goes to the next alone:
 *   relu(norm(x) + norm(x')),  relu(norm(x) + x'),  norm(x) + x',  relu(x + x'),  relu(norm(x)),  and each part by itself. */
#include "runtime/engine/graph.h"

#include <string.h>

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

struct maker {
    struct cn_engine_graph *g;
    const struct cnas_model *m;
    int32_t *home;     /* per value of the model: the value here; NONE: its layer runs with the one that reads it */
    int32_t *plain;    /* per value here: its plain form; NONE: not made */
    int32_t *reader;   /* per value of the model: the layer that alone reads it, whole; NONE: several do, or none */
};

static const struct cnas_operand *operand(const struct maker *k, const struct cnas_layer *l, uint32_t i)
{
    return cn_engine_operand(k->g, l, i);
}

static struct cn_engine_map map_of(const struct cnas_layer *l)
{
    return (struct cn_engine_map){l->c, l->h, l->w};
}

static int same_map(struct cn_engine_map a, struct cn_engine_map b)
{
    return a.c == b.c && a.h == b.h && a.w == b.w;
}

static int is_features(const struct cnas_layer *l)
{
    return l->h == 1 && l->w == 1;
}

/* --- adding to the graph --- */

static int32_t add_value(struct maker *k, struct cn_engine_map map, int blocked, int32_t unit)
{
    struct cn_engine_graph *g = k->g;
    k->plain[g->n_values] = CN_ENGINE_NONE;
    g->values[g->n_values] = (struct cn_engine_value){.map = map, .blocked = blocked, .unit = unit, .behind = CN_ENGINE_NONE};
    return (int32_t)g->n_values++;
}

/* A new last unit with room for n_x operands and one result. */
static struct cn_engine_unit *add_unit(struct maker *k, enum cn_engine_kind kind, const struct cnas_layer *l, uint32_t n_x,
                                       struct cn_engine_map map, int blocked)
{
    struct cn_engine_graph *g = k->g;
    struct cn_engine_unit *u = &g->units[g->n_units];
    *u = (struct cn_engine_unit){.kind = kind, .layer = l, .n_x = n_x, .x = g->uses + g->n_uses};
    g->n_uses += n_x;
    u->y = add_value(k, map, blocked, (int32_t)g->n_units++);
    return u;
}

static int32_t as_plain(struct maker *k, int32_t v)
{
    if (!k->g->values[v].blocked)
        return v;
    if (k->plain[v] == CN_ENGINE_NONE) {
        struct cn_engine_unit *u = add_unit(k, CN_ENGINE_UNPACK, NULL, 1, k->g->values[v].map, 0);
        u->x[0].value = v;
        k->plain[v] = u->y;
    }
    return k->plain[v];
}

/* With the map that the reader sees: a value may have been flattened or reshaped in between, which its plain form does not notice. */
static int32_t as_blocked(struct maker *k, int32_t v, struct cn_engine_map map)
{
    if (k->g->values[v].blocked && same_map(k->g->values[v].map, map))
        return v;
    v = as_plain(k, v);
    for (uint32_t i = 0; i < k->g->n_units; i++) {
        const struct cn_engine_unit *u = &k->g->units[i];
        if (u->kind == CN_ENGINE_PACK && u->x[0].value == v && same_map(k->g->values[u->y].map, map))
            return u->y;
    }
    struct cn_engine_unit *u = add_unit(k, CN_ENGINE_PACK, NULL, 1, map, 1);
    u->x[0].value = v;
    return u->y;
}

static int32_t blocked_operand(struct maker *k, const struct cnas_layer *l, uint32_t i)
{
    const struct cnas_operand *x = operand(k, l, i);
    return as_blocked(k, k->home[x->value], (struct cn_engine_map){x->c, x->h, x->w});
}

/* --- what runs together --- */

/* What a batch norm reads; any other value itself. */
static uint32_t below_norm(const struct maker *k, uint32_t value)
{
    const struct cnas_layer *l = value ? &k->m->layers[value - 1] : NULL;
    return l && l->op == CNAS_OP_BATCH_NORM ? operand(k, l, 0)->value : value;
}

/* Two branches that have no value in common, batch norms taken in or not: their gradients are written in one pass. */
static int adds_two(const struct maker *k, const struct cnas_layer *l)
{
    if (l->op != CNAS_OP_ADD || l->n_x != 2 || is_features(l))
        return 0;
    const uint32_t a = operand(k, l, 0)->value, b = operand(k, l, 1)->value;
    return a != b && below_norm(k, a) != b && a != below_norm(k, b) && below_norm(k, a) != below_norm(k, b);
}

/* Layer i is part of the unit of the layer that reads it. */
static int joins_reader(const struct maker *k, uint32_t i)
{
    const struct cnas_layer *l = &k->m->layers[i];
    const int32_t r = k->reader[i + 1];
    if (r == CN_ENGINE_NONE || is_features(l))
        return 0;
    const struct cnas_layer *reader = &k->m->layers[r];
    if (l->op == CNAS_OP_BATCH_NORM)
        return reader->op == CNAS_OP_RELU || adds_two(k, reader);
    return adds_two(k, l) && reader->op == CNAS_OP_RELU;
}

static void find_readers(struct maker *k)
{
    const struct cnas_model *m = k->m;
    uint32_t *readers = (uint32_t *)k->home; /* not in use yet */
    for (uint32_t v = 0; v <= m->n_layers; v++) {
        k->reader[v] = CN_ENGINE_NONE;
        readers[v] = v == m->logits;
    }
    for (uint32_t i = 0; i < m->n_layers; i++)
        for (uint32_t j = 0; j < m->layers[i].n_x; j++) {
            const struct cnas_operand *x = operand(k, &m->layers[i], j);
            const int whole = x->value && same_map(map_of(&m->layers[x->value - 1]), (struct cn_engine_map){x->c, x->h, x->w});
            k->reader[x->value] = !readers[x->value]++ && whole ? (int32_t)i : CN_ENGINE_NONE;
        }
}

/* --- units --- */

/* Operand i of layer l as a branch of a sum: through the batch norm that joined. */
struct branch {
    int32_t value;
    const struct cnas_layer *norm;
};

static struct branch branch_of(struct maker *k, const struct cnas_layer *l, uint32_t i)
{
    const uint32_t value = operand(k, l, i)->value;
    const struct cnas_layer *from = value ? &k->m->layers[value - 1] : NULL;
    if (value && from->op == CNAS_OP_BATCH_NORM && k->home[value] == CN_ENGINE_NONE)
        return (struct branch){blocked_operand(k, from, 0), from};
    return (struct branch){blocked_operand(k, l, i), NULL};
}

static int32_t sum(struct maker *k, const struct cnas_layer *l)
{
    struct branch b[2];
    uint32_t n = 1;
    const struct cnas_layer *inner = l; /* below ReLU */
    if (l->op == CNAS_OP_RELU) {
        const uint32_t value = operand(k, l, 0)->value;
        if (value && k->home[value] == CN_ENGINE_NONE && k->m->layers[value - 1].op == CNAS_OP_ADD)
            inner = &k->m->layers[value - 1];
    }
    if (inner->op == CNAS_OP_BATCH_NORM)
        b[0] = (struct branch){blocked_operand(k, inner, 0), inner};
    else
        for (n = 0; n < inner->n_x; n++)
            b[n] = branch_of(k, inner, n);
    if (n == 2 && !b[0].norm && b[1].norm) { /* the batch norm first */
        const struct branch swap = b[0];
        b[0] = b[1];
        b[1] = swap;
    }
    struct cn_engine_unit *u = add_unit(k, CN_ENGINE_SUM, l, n, map_of(l), 1);
    u->relu = l->op == CNAS_OP_RELU;
    for (uint32_t i = 0; i < n; i++) {
        u->x[i].value = b[i].value;
        u->norm[i] = b[i].norm;
    }
    return u->y;
}

/* Sums of more than two, two at a time. */
static int32_t sum_many(struct maker *k, const struct cnas_layer *l)
{
    int32_t v = blocked_operand(k, l, 0);
    for (uint32_t i = 1; i < l->n_x; i++) {
        const int32_t w = blocked_operand(k, l, i);
        struct cn_engine_unit *u = add_unit(k, CN_ENGINE_SUM, l, 2, map_of(l), 1);
        u->x[0].value = v;
        u->x[1].value = w;
        v = u->y;
    }
    return v;
}

static int has_duplicates(const struct maker *k, const struct cnas_layer *l)
{
    for (uint32_t i = 1; i < l->n_x; i++)
        for (uint32_t j = 0; j < i; j++)
            if (operand(k, l, i)->value == operand(k, l, j)->value)
                return 1;
    return 0;
}

static int32_t on_blocks(struct maker *k, enum cn_engine_kind kind, const struct cnas_layer *l)
{
    int32_t x[2] = {0};
    cn_require(l->n_x == 1);
    x[0] = blocked_operand(k, l, 0);
    struct cn_engine_unit *u = add_unit(k, kind, l, 1, map_of(l), kind != CN_ENGINE_GLOBAL_POOL);
    u->x[0].value = x[0];
    return u->y;
}

static int32_t concat(struct maker *k, const struct cnas_layer *l)
{
    for (uint32_t i = 0; i < l->n_x; i++)
        (void)blocked_operand(k, l, i); /* conversions come before the unit */
    struct cn_engine_unit *u = add_unit(k, CN_ENGINE_CONCAT, l, l->n_x, map_of(l), 1);
    for (uint32_t i = 0; i < l->n_x; i++)
        u->x[i].value = blocked_operand(k, l, i);
    return u->y;
}

static int32_t conv(struct maker *k, const struct cnas_layer *l)
{
    const struct cnas_operand *x = operand(k, l, 0);
    const int as_it_is = !x->value && l->window->groups == 1; /* the input */
    const int32_t v = as_it_is ? 0 : blocked_operand(k, l, 0);
    struct cn_engine_unit *u = add_unit(k, CN_ENGINE_CONV, l, 1, map_of(l), 1);
    u->x[0].value = v;
    return u->y;
}

static int32_t kernel(struct maker *k, const struct cnas_layer *l)
{
    for (uint32_t i = 0; i < l->n_x; i++)
        (void)as_plain(k, k->home[operand(k, l, i)->value]);
    struct cn_engine_unit *u = add_unit(k, CN_ENGINE_KERNEL, l, l->n_x, map_of(l), 0);
    for (uint32_t i = 0; i < l->n_x; i++)
        u->x[i].value = as_plain(k, k->home[operand(k, l, i)->value]);
    return u->y;
}

static int32_t unit_of(struct maker *k, const struct cnas_layer *l)
{
    const struct cnas_slice_shape *s = l->slice;
    switch (l->op) {
    case CNAS_OP_CONV:
        return conv(k, l);
    case CNAS_OP_BATCH_NORM:
    case CNAS_OP_RELU:
        return is_features(l) ? kernel(k, l) : sum(k, l);
    case CNAS_OP_ADD:
        if (is_features(l) || has_duplicates(k, l))
            return kernel(k, l);
        return l->n_x == 2 ? sum(k, l) : sum_many(k, l);
    case CNAS_OP_AVG_POOL:
    case CNAS_OP_MAX_POOL:
        return on_blocks(k, CN_ENGINE_POOL, l);
    case CNAS_OP_GLOBAL_AVG_POOL:
        return on_blocks(k, CN_ENGINE_GLOBAL_POOL, l);
    case CNAS_OP_SUBSAMPLE:
        return on_blocks(k, CN_ENGINE_SUBSAMPLE, l);
    case CNAS_OP_CONCAT:
        return is_features(l) ? kernel(k, l) : concat(k, l);
    case CNAS_OP_SLICE:
        return s->row || s->column || s->oh != s->h || s->ow != s->w || is_features(l) ? kernel(k, l) : on_blocks(k, CN_ENGINE_CHANNELS, l);
    default:
        return kernel(k, l);
    }
}

enum cnas_status cn_engine_graph_new(struct cn_engine_graph *g, const struct cnas_model *m)
{
    size_t uses = 0, values = 1;
    for (uint32_t i = 0; i < m->n_layers; i++) { /* each operand may need two changes of format, each layer one more value */
        uses += 6 * (size_t)m->layers[i].n_x + 2;
        values += 4 * (size_t)m->layers[i].n_x + 2;
    }
    *g = (struct cn_engine_graph){.m = m};
    struct maker k = {.g = g, .m = m};
    g->values = cn_mem_zalloc(values + 2, sizeof *g->values);
    g->units = cn_mem_zalloc(values + 2, sizeof *g->units);
    g->uses = cn_mem_zalloc(uses + 2, sizeof *g->uses);
    k.home = cn_mem_alloc(m->n_layers + 1, sizeof *k.home);
    k.reader = cn_mem_alloc(m->n_layers + 1, sizeof *k.reader);
    k.plain = cn_mem_alloc(values + 2, sizeof *k.plain);
    enum cnas_status status = CNAS_E_MEMORY;
    if (g->values && g->units && g->uses && k.home && k.reader && k.plain) {
        find_readers(&k);
        k.home[0] = add_value(&k, (struct cn_engine_map){m->c, m->h, m->w}, 0, CN_ENGINE_NONE);
        for (uint32_t i = 0; i < m->n_layers; i++)
            k.home[i + 1] = joins_reader(&k, i) ? CN_ENGINE_NONE : unit_of(&k, &m->layers[i]);
        g->logits = as_plain(&k, k.home[m->logits]);
        status = CNAS_OK;
    } else {
        cn_engine_graph_clear(g);
    }
    cn_mem_free(k.home);
    cn_mem_free(k.reader);
    cn_mem_free(k.plain);
    return status;
}

void cn_engine_graph_clear(struct cn_engine_graph *g)
{
    cn_mem_free(g->values);
    cn_mem_free(g->units);
    cn_mem_free(g->uses);
    *g = (struct cn_engine_graph){0};
}
