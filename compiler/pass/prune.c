/* ReLU pruning: structured dropping of ReLUs, whole layers of them.
 *
 * Requires: a verified graph.
 * Gives:    never more ReLUs, and another function: the network is to be trained after it. ReLUs marked @keep stay. What every argument
 *           drops: prune_named.c, prune_skip.c. Without arguments: those marked @prune.
 *           Idempotent, but for thin, of which a second run thins again, and drop, of which it finds nothing by that name.
 * Source:   CryptoNAS (Ghodsi et al., NeurIPS 2020), ReLU pruning; DeepReDuce (Jha et al., ICML 2021), culling and thinning of stages.
 *           Whole layers, since scattered ones do not pay: the protocol's batches stay as many.
 * Budgets:  lose the ReLUs that go. */
#include "compiler/base/table.h"
#include "compiler/ir/rewrite.h"
#include "compiler/pass/prune.h"

static void say(struct pass_context *c, const struct ir_node *n, const char *why)
{
    const char *shape = ir_shape_text(c->arena, n->shape);
    int64_t relus = ir_elements(n->shape);
    if (n->keep)
        remark(c->remarks, REMARK_MISSED, &n->site, relus, "ReLU `%s` (%s) stays: it is marked @keep", n->name, shape);
    else
        remark(c->remarks, REMARK_PASSED, &n->site, relus, "dropped ReLU `%s` (%s), %s: %s ReLUs saved", n->name, shape, why,
               table_number(c->arena, relus));
}

static const struct ir_graph *drop(struct pass_context *c, const struct ir_graph *g, const char **why)
{
    struct ir_rewrite *r = ir_rewrite_new(c->arena, g);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        if (why[id] && !n->keep)
            ir_rewrite_replace(r, id, ir_rewrite_of(r, n->in[0]));
        else
            ir_rewrite_copy(r, id);
        if (why[id])
            say(c, n, why[id]);
    }
    return ir_rewrite_finish(r);
}

static uint32_t relu_layers(const struct ir_graph *g)
{
    uint32_t n = 0;
    for (ir_id id = 0; id < g->n_nodes; id++)
        n += g->nodes[id].op == IR_RELU;
    return n;
}

const struct ir_graph *pass_prune(struct pass_context *c, const struct ir_graph *g)
{
    const char **why = prune_named(c, g);
    if (!why)
        return NULL;
    const struct ir_graph *pruned = drop(c, g, why);
    if (pass_args_have(c->args, "skips"))
        pruned = prune_skips(c, pruned);
    return relu_layers(pruned) < relu_layers(g) ? pruned : g;
}
