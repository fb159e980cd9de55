/* ReLU shuffling: a value gets one ReLU, however often it is asked for.
 *
 * Requires: a verified graph.
 * Gives:    the same function, never more ReLUs. relu(x) where another node is relu(x) becomes that node, and so does relu(x)
 *           where x is a ReLU itself (max(max(x, 0), 0) = max(x, 0)). A ReLU marked @keep stays. Idempotent.
 * Source:   CryptoNAS (Ghodsi et al., NeurIPS 2020), ReLU shuffling, of which this is the part that moves nothing.
 * Budgets:  a merged ReLU is evaluated once, at the first place that asks for it, and counts in the budgets of that place. */
#include "compiler/base/table.h"
#include "compiler/ir/rewrite.h"
#include "compiler/pass/pass.h"

const struct ir_graph *pass_shuffle(struct pass_context *c, const struct ir_graph *g)
{
    struct ir_rewrite *r = ir_rewrite_new(c->arena, g);
    ir_id *relu_of = ARENA_ARRAY(c->arena, ir_id, g->n_nodes); /* of an old node's value: the new ReLU of it */
    ir_id *value = ARENA_ARRAY(c->arena, ir_id, g->n_nodes);   /* the first old node with the same value */
    for (ir_id id = 0; id < g->n_nodes; id++) {
        relu_of[id] = IR_NONE;
        value[id] = id;
    }
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        ir_id x = n->op == IR_RELU ? value[n->in[0]] : IR_NONE, same = IR_NONE;
        if (x != IR_NONE && !n->keep)
            same = g->nodes[x].op == IR_RELU ? x : relu_of[x];
        if (same == IR_NONE) {
            ir_rewrite_copy(r, id);
            if (x != IR_NONE && relu_of[x] == IR_NONE)
                relu_of[x] = id;
            continue;
        }
        value[id] = same;
        ir_rewrite_replace(r, id, ir_rewrite_of(r, same));
        int64_t saved = ir_elements(n->shape);
        remark(c->remarks, REMARK_PASSED, &n->site, saved, "ReLU `%s` is `%s`, which is evaluated once for both: %s ReLUs saved", n->name,
               g->nodes[same].name, table_number(c->arena, saved));
    }
    return ir_rewrite_finish(r);
}
