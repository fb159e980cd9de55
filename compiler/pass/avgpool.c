/* Max pooling made average pooling, which is linear and so costs no ReLU-equivalents.
 *
 * Requires: a verified graph.
 * Gives:    another function: the network is to be trained after it. Same windows, same shapes. The average counts the zeros of padding
 *           (compiler/ir/ir.h), where the maximum ignored them. Idempotent.
 * Source:   DELPHI (Mishra et al., USENIX Security 2020) and CryptoNAS (Ghodsi et al., NeurIPS 2020) use average pools only. */
#include "compiler/base/table.h"
#include "compiler/ir/rewrite.h"
#include "compiler/pass/pass.h"

const struct ir_graph *pass_avgpool(struct pass_context *c, const struct ir_graph *g)
{
    struct ir_rewrite *r = ir_rewrite_new(c->arena, g);
    bool any = false;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        struct ir_node average = g->nodes[id];
        if (average.op != IR_MAX_POOL && average.op != IR_GLOBAL_MAX_POOL) {
            ir_rewrite_copy(r, id);
            continue;
        }
        int64_t saved = ir_cost_node(g, id).relu_equivalents;
        average.op = average.op == IR_MAX_POOL ? IR_AVG_POOL : IR_GLOBAL_AVG_POOL;
        average.avg_pool = g->nodes[id].max_pool;
        ir_id in = ir_rewrite_of(r, average.in[0]);
        ir_rewrite_replace(r, id, ir_rewrite_make(r, &average, &in, 1, id));
        any = true;
        remark(c->remarks, REMARK_PASSED, &average.site, saved, "`%s` (%s) takes the average instead of the maximum: %s ReLU-equivalents saved",
               average.name, ir_shape_text(c->arena, average.shape), table_number(c->arena, saved));
    }
    return any ? ir_rewrite_finish(r) : g;
}
