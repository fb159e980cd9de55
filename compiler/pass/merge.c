/* Merge: a value gets one ReLU, however often it is asked for.
 *
 * Requires: a verified graph.
 * Gives:    the same function, never more ReLUs. relu(x) where another node is relu(x) becomes that node, and so does relu(x)
 *           where x is a ReLU itself (max(max(x, 0), 0) = max(x, 0)). A ReLU marked @keep stays. Idempotent.
 * Source:   CryptoNAS (Ghodsi et al., NeurIPS 2020), ReLU shuffling, of which this is the part that moves nothing.
 * Budgets:  a merged ReLU is evaluated once, at the first place that asks for it, and counts in the budgets of that place. */
#include "compiler/pass/pass.h"

/* to[id]: the new node for an old one. Returns the node that a ReLU of x (new) can be, or IR_NONE. relu_of: for each new node, its ReLU. */
static ir_id existing(const struct ir_builder *b, const ir_id *relu_of, ir_id x)
{
    return ir_builder_node(b, x)->op == IR_RELU ? x : relu_of[x];
}

const struct ir_graph *pass_merge(struct arena *a, const struct ir_graph *g)
{
    struct ir_builder *b = ir_builder_new(a, g->name);
    ir_id *to = ARENA_ARRAY(a, ir_id, g->n_nodes), *relu_of = ARENA_ARRAY(a, ir_id, g->n_nodes);
    bool *merged = ARENA_ARRAY(a, bool, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++)
        relu_of[id] = IR_NONE;

    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        ir_id *in = ARENA_ARRAY(a, ir_id, n->n_in);
        for (uint32_t i = 0; i < n->n_in; i++)
            in[i] = to[n->in[i]];
        if (n->op == IR_RELU && !n->keep) {
            to[id] = existing(b, relu_of, in[0]);
            merged[id] = to[id] != IR_NONE;
        }
        if (!merged[id]) {
            const char *why;
            to[id] = ir_build(b, n->op, n->name, in, n->n_in, n, n->site, &why);
            if (to[id] == IR_NONE)
                bug(why);
            if (n->op == IR_RELU && relu_of[in[0]] == IR_NONE)
                relu_of[in[0]] = to[id];
        }
    }

    for (uint32_t i = 0; i < g->n_outputs; i++)
        ir_builder_output(b, g->outputs[i].name, to[g->outputs[i].node]);
    for (uint32_t i = 0; i < g->n_budgets; i++) {
        struct ir_budget budget = g->budgets[i];
        if (budget.nodes) {
            ir_id *nodes = ARENA_ARRAY(a, ir_id, budget.n_nodes);
            uint32_t n = 0;
            for (uint32_t k = 0; k < budget.n_nodes; k++)
                if (!merged[budget.nodes[k]])
                    nodes[n++] = to[budget.nodes[k]];
            budget.nodes = nodes;
            budget.n_nodes = n;
        }
        ir_builder_budget(b, budget);
    }
    for (uint32_t i = 0; i < g->n_wishes; i++)
        ir_builder_wish(b, g->wishes[i]);
    ir_builder_train(b, &g->train);
    ir_builder_private(b, &g->private);
    return ir_builder_finish(b, NULL);
}
