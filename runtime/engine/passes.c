/* Which gradients exist, and how each unit hands them on. In the order in which backward runs, the first unit that reaches a value's
 * gradient writes it; later ones add, where their kernels can. */
#include "runtime/engine/graph.h"

static int has_parameters(const struct cn_engine_unit *u)
{
    return (u->layer && (u->kind == CN_ENGINE_CONV || u->kind == CN_ENGINE_KERNEL) && (u->layer->weight || u->layer->gamma)) ||
           u->norm[0] || u->norm[1];
}

static int adds(const struct cn_engine_unit *u)
{
    return (u->kind != CN_ENGINE_CONV || u->wino) && u->kind != CN_ENGINE_PACK && u->kind != CN_ENGINE_UNPACK;
}

static int maker_takes_two(const struct cn_engine_graph *g, const struct cn_engine_value *v)
{
    return v->unit != CN_ENGINE_NONE && g->units[v->unit].kind == CN_ENGINE_SUM;
}

void cn_engine_graph_wants(struct cn_engine_graph *g)
{
    for (uint32_t i = 0; i < g->n_units; i++) {
        struct cn_engine_unit *u = &g->units[i];
        u->wants = has_parameters(u);
        for (uint32_t j = 0; j < u->n_x; j++)
            u->wants |= g->values[u->x[j].value].wants;
        g->values[u->y].wants = u->wants;
    }
}

void cn_engine_graph_passes(struct cn_engine_graph *g)
{
    enum { NEW, WRITTEN, DOUBLE };
    for (uint32_t v = 0; v < g->n_values; v++)
        g->values[v].state = (int32_t)v == g->logits ? WRITTEN : NEW;
    for (uint32_t i = g->n_units; i-- > 0;) {
        struct cn_engine_unit *u = &g->units[i];
        if (!u->wants)
            continue;
        for (uint32_t j = 0; j < u->n_x; j++) {
            struct cn_engine_value *v = &g->values[u->x[j].value];
            struct cn_engine_use *x = &u->x[j];
            v->contributions++;
            if (!v->wants) {
                x->pass = CN_ENGINE_PASS_NOT;
            } else if (v->state == NEW) {
                x->pass = CN_ENGINE_PASS_WRITE;
                v->state = WRITTEN;
            } else if (adds(u)) {
                x->pass = CN_ENGINE_PASS_ADD;
            } else if (v->state == WRITTEN && maker_takes_two(g, v)) {
                x->pass = CN_ENGINE_PASS_MORE;
                v->state = DOUBLE;
            } else {
                x->pass = CN_ENGINE_PASS_TEMP;
            }
        }
    }
}
