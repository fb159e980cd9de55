/* Values that are never written down. A convolution of our own (wino.h) reads and writes row by row through the first-level cache, and there
 * computes what would else be passes over memory:
 *
 *   forward   relu(scale z + shift) where it reads, so that batch norm and ReLU before it have no result in memory;
 *             the sums of what it writes, of which the statistics of a batch norm behind it are made
 *   backward  the sums of the gradient it hands on, which that batch norm's backward needs first;
 *             the gradient behind a batch norm, of_g g + of_z z + of_1, where it reads.
 *
 * What backward reads so must lie where it is until the convolution has run. */
#include "runtime/engine/graph.h"

static int is_wino(const struct cn_engine_graph *g, int32_t unit)
{
    return unit != CN_ENGINE_NONE && g->units[unit].wino;
}

/* Results of one branch that one convolution of ours alone reads. */
void cn_engine_graph_virtual_values(struct cn_engine_graph *g)
{
    for (uint32_t v = 0; v < g->n_values; v++)
        g->values[v].state = (int32_t)v == g->logits ? 2 : 0; /* readers; 2: too many, or none of ours */
    for (uint32_t i = 0; i < g->n_units; i++)
        for (uint32_t j = 0; j < g->units[i].n_x; j++)
            g->values[g->units[i].x[j].value].state += g->units[i].wino ? 1 : 2;
    for (uint32_t i = 0; i < g->n_units; i++) {
        const struct cn_engine_unit *u = &g->units[i];
        struct cn_engine_value *y = &g->values[u->y];
        y->is_virtual = u->kind == CN_ENGINE_SUM && u->n_x == 1 && y->state == 1;
        for (uint32_t j = 0; u->kind == CN_ENGINE_SUM && j < u->n_x; j++)
            if (u->norm[j] && is_wino(g, g->values[u->x[j].value].unit))
                g->units[g->values[u->x[j].value].unit].sums = 1;
    }
}

/* From the backward step of the sum to that of unit `until`, something is added to the gradient of v, or its own unit uses it up. What
 * `until` itself adds, where it reads v too, counts: a convolution reads rows again that it has added to. */
static int is_disturbed(const struct cn_engine_graph *g, int32_t v, uint32_t until, uint32_t sum)
{
    const int32_t unit = g->values[v].unit;
    if (unit != (int32_t)sum && unit > (int32_t)until)
        return 1;
    for (uint32_t i = until; i < sum; i++)
        for (uint32_t j = 0; j < g->units[i].n_x; j++) {
            const struct cn_engine_use *x = &g->units[i].x[j];
            if (x->value == v && (x->pass == CN_ENGINE_PASS_ADD || x->pass == CN_ENGINE_PASS_TEMP))
                return 1;
        }
    return 0;
}

int32_t cn_engine_sum_gradient(const struct cn_engine_unit *u)
{
    const int second = u->n_x == 2 && u->norm[0] && !u->norm[1] && u->x[1].pass == CN_ENGINE_PASS_WRITE;
    return second ? u->x[1].value : u->y;
}

void cn_engine_graph_virtual_gradients(struct cn_engine_graph *g)
{
    for (uint32_t i = 0; i < g->n_units; i++) {
        const struct cn_engine_unit *u = &g->units[i];
        for (uint32_t j = 0; u->kind == CN_ENGINE_SUM && u->wants && j < u->n_x; j++) {
            struct cn_engine_value *z = &g->values[u->x[j].value];
            if (!u->norm[j] || u->x[j].pass != CN_ENGINE_PASS_WRITE || z->contributions != 1 || !is_wino(g, z->unit))
                continue;
            if (!is_disturbed(g, cn_engine_sum_gradient(u), (uint32_t)z->unit, i))
                z->behind = (int32_t)i;
        }
    }
}
