/* What range.h finds, said to the user: an analysis, which changes nothing.
 *
 * Requires: a verified graph.
 * Gives:    the graph itself.
 * relu-shuffle uses the signs. The ranges of weighted values are known only when weights are: export calibrates them on training images
 * (runtime/fixed). */
#include "compiler/pass/pass.h"
#include "compiler/pass/range.h"

#include <math.h>

const struct ir_graph *pass_infer_ranges(struct pass_context *c, const struct ir_graph *g)
{
    const struct range *ranges = range_infer(c->arena, g);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        const struct range *r = &ranges[id];
        const char *sign = r->never_negative && n->op != IR_RELU ? ", and never negative" : "";
        if (isfinite(r->low) && isfinite(r->high))
            remark(c->remarks, REMARK_ANALYSIS, &n->site, 0, "`%s` is from %.6g to %.6g%s, whatever the weights are", n->name, r->low, r->high, sign);
        else if (*sign)
            remark(c->remarks, REMARK_ANALYSIS, &n->site, 0, "`%s` is never negative, whatever the weights are", n->name);
    }
    return g;
}
