/* Common subexpressions: equal operators on equal inputs become one.
 *
 * Requires: a verified graph.
 * Gives:    the same function bit by bit, and never more ReLU-equivalents, in all and in any budget. What has weights of its own
 * (conv, linear, batch_norm, poly2) is never equal to another, nor is dropout, which chooses by itself. A sum of two is equal to
 * the sum the other way round, a longer one is not: floats round. A ReLU marked @keep stays; others may become it. Idempotent.
 * Source:   value numbering, Cocke and Schwartz 1970; on a graph without memory it is all that there is to do. */
#include "compiler/base/table.h"
#include "compiler/ir/rewrite.h"
#include "compiler/pass/intern.h"
#include "compiler/pass/pass.h"

static bool is_unique(enum ir_op op)
{
    return op == IR_INPUT || op == IR_CONV || op == IR_LINEAR || op == IR_BATCH_NORM || op == IR_POLY2 || op == IR_DROPOUT;
}

/* For each node the first that is equal to it, itself if there is none. */
static const ir_id *number_values(struct arena *a, const struct ir_graph *g, bool *any)
{
    struct intern *known = intern_new(a);
    ir_id *first = ARENA_ARRAY(a, ir_id, g->n_nodes);
    *any = false;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        uint32_t *in = ARENA_ARRAY(a, uint32_t, n->n_in);
        for (uint32_t i = 0; i < n->n_in; i++)
            in[i] = first[n->in[i]];
        if (n->op == IR_ADD && n->n_in == 2 && in[0] > in[1]) {
            const uint32_t larger = in[0];
            in[0] = in[1];
            in[1] = larger;
        }
        first[id] = id;
        if (is_unique(n->op))
            continue;
        const ir_id same = intern_number(known, n, in, n->n_in, id);
        if (!n->keep)
            first[id] = same;
        *any |= first[id] != id;
    }
    return first;
}

const struct ir_graph *pass_cse(struct pass_context *c, const struct ir_graph *g)
{
    bool any;
    const ir_id *first = number_values(c->arena, g, &any);
    if (!any)
        return g;
    bool *prune = ARENA_ARRAY(c->arena, bool, g->n_nodes); /* all that are this one may be pruned */
    for (ir_id id = 0; id < g->n_nodes; id++) {
        prune[id] = g->nodes[id].prune;
        prune[first[id]] &= prune[id];
    }
    struct ir_rewrite *r = ir_rewrite_new(c->arena, g);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        if (first[id] != id) {
            const int64_t saved = ir_cost_node(g, id).relu_equivalents;
            ir_rewrite_replace(r, id, ir_rewrite_of(r, first[id]));
            remark(c->remarks, REMARK_PASSED, &n->site, saved, "%s `%s` is `%s`, which is computed once for both%s",
                   ir_op_name(n->op), n->name, g->nodes[first[id]].name,
                   saved ? arena_printf(c->arena, ": %s ReLUs saved", table_number(c->arena, saved)) : "");
        } else if (prune[id] != n->prune) {
            struct ir_node like = *n;
            const ir_id x = ir_rewrite_of(r, n->in[0]);
            like.prune = false;
            ir_rewrite_replace(r, id, ir_rewrite_make(r, &like, &x, 1, id));
        } else {
            ir_rewrite_copy(r, id);
        }
    }
    return ir_rewrite_finish(r);
}
