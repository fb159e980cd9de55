/* Dead code elimination: what no output needs is not computed.
 *
 * Requires: a graph that breaks no invariant but the last, that every node is needed.
 * Gives:    the same function; budgets without the nodes that are left out. Idempotent.
 * A budgeted network is written with loops over lists of maps, and of some maps nothing is read in the end (a CNet reduces every map at
 * each stage, stdlib/cnet.cnas): this pass is what makes such loops free. */
#include "compiler/ir/rewrite.h"
#include "compiler/pass/pass.h"


const struct ir_graph *pass_dce(struct pass_context *c, const struct ir_graph *g)
{
    const bool *needed = ir_needed(c->arena, g);
    bool all = true;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        if (needed[id])
            continue;
        struct ir_cost cost = ir_cost_node(g, id);
        all = false;
        remark(c->remarks, REMARK_PASSED, &n->site, cost.relu_equivalents, "left out %s `%s` (%s): no output needs it", ir_op_name(n->op),
               n->name, ir_shape_text(c->arena, n->shape));
    }
    if (all)
        return g;
    struct ir_rewrite *r = ir_rewrite_new(c->arena, g);
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (needed[id])
            ir_rewrite_copy(r, id);
    return ir_rewrite_finish(r);
}
