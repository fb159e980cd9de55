#include "tests/support/shrink.h"

#include <string.h>

/* One step: what differs in the copy. */
struct step {
    enum { OUTPUT_ONLY, OUTPUT_AT, WITHOUT_NODE, FEWER_INPUTS, WITHOUT_BUDGETS, WITHOUT_FLAGS } what;
    ir_id node;
    uint32_t which; /* WITHOUT_NODE: the node that stands in for it; else an output or input */
};

/* The graph after this step, smaller than g; NULL: it does not apply. */
static const struct ir_graph *apply(struct arena *a, const struct ir_graph *g, struct step s)
{
    struct ir_builder *b = ir_builder_new(a, g->name);
    ir_id *to = ARENA_ARRAY(a, ir_id, g->n_nodes);
    const char *why;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        ir_id *in = ARENA_ARRAY(a, ir_id, n->n_in);
        uint32_t n_in = 0;
        for (uint32_t k = 0; k < n->n_in; k++)
            if (!(s.what == FEWER_INPUTS && s.node == id && s.which == k))
                in[n_in++] = to[n->in[k]];
        struct ir_node attr = *n;
        if (s.what == WITHOUT_FLAGS)
            attr.keep = attr.prune = false;
        if (s.what == WITHOUT_NODE && s.node == id) {
            to[id] = to[s.which];
        } else {
            to[id] = ir_build(b, n->op, n->name, in, n_in, &attr, n->site, &why);
        }
        if (to[id] == IR_NONE)
            return NULL; /* shapes do not fit any more */
    }
    for (uint32_t i = 0; i < g->n_outputs; i++)
        if (s.what != OUTPUT_ONLY || s.which == i)
            ir_builder_output(b, g->outputs[i].name, to[s.what == OUTPUT_AT && s.which == i ? s.node : g->outputs[i].node]);
    for (uint32_t i = 0; s.what != WITHOUT_BUDGETS && i < g->n_budgets; i++) {
        struct ir_budget budget = g->budgets[i];
        ir_id *nodes = ARENA_ARRAY(a, ir_id, budget.n_nodes);
        for (uint32_t k = 0; budget.nodes && k < budget.n_nodes; k++)
            nodes[k] = to[budget.nodes[k]];
        budget.nodes = budget.nodes ? nodes : NULL;
        ir_builder_budget(b, budget);
    }
    ir_builder_train(b, &g->train);
    ir_builder_private(b, &g->private);
    return ir_builder_finish(b, NULL);
}

static uint32_t size(const struct ir_graph *g)
{
    uint32_t n = g->n_nodes + g->n_outputs + g->n_budgets;
    for (ir_id id = 0; id < g->n_nodes; id++)
        n += g->nodes[id].n_in + g->nodes[id].keep + g->nodes[id].prune;
    return n;
}

static const struct ir_graph *try(struct arena *a, const struct ir_graph *g, struct step s, bool (*fails)(void *, const struct ir_graph *), void *context)
{
    const struct ir_graph *h = apply(a, g, s);
    return h && size(h) < size(g) && fails(context, h) ? h : NULL;
}

/* The first step that leaves a failing graph; NULL: none does. Large steps first. */
static const struct ir_graph *smaller(struct arena *a, const struct ir_graph *g, bool (*fails)(void *, const struct ir_graph *), void *context)
{
    const struct ir_graph *h;
    for (uint32_t i = 0; g->n_outputs > 1 && i < g->n_outputs; i++)
        if ((h = try(a, g, (struct step){OUTPUT_ONLY, IR_NONE, i}, fails, context)))
            return h;
    for (ir_id id = 0; id < g->n_nodes; id++)
        for (uint32_t i = 0; i < g->n_outputs; i++)
            if (id < g->outputs[i].node && (h = try(a, g, (struct step){OUTPUT_AT, id, i}, fails, context)))
                return h;
    for (ir_id id = g->n_nodes; id-- > 0;)
        for (uint32_t k = 0; k < g->nodes[id].n_in; k++)
            if ((h = try(a, g, (struct step){WITHOUT_NODE, id, g->nodes[id].in[k]}, fails, context)) ||
                (h = try(a, g, (struct step){FEWER_INPUTS, id, k}, fails, context)))
                return h;
    for (ir_id id = g->n_nodes; id-- > 0;)
        for (ir_id other = 0; other < id; other++)
            if (ir_shape_equal(g->nodes[id].shape, g->nodes[other].shape) &&
                (h = try(a, g, (struct step){WITHOUT_NODE, id, other}, fails, context)))
                return h;
    if ((h = try(a, g, (struct step){WITHOUT_BUDGETS, IR_NONE, 0}, fails, context)))
        return h;
    return try(a, g, (struct step){WITHOUT_FLAGS, IR_NONE, 0}, fails, context);
}

const struct ir_graph *shrink(struct arena *a, const struct ir_graph *g, bool (*fails)(void *context, const struct ir_graph *g), void *context)
{
    for (const struct ir_graph *h; (h = smaller(a, g, fails, context));)
        g = h;
    return g;
}
