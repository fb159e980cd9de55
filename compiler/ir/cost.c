#include "compiler/ir/cost.h"

/* The bounds of shape.c: results and weights have at most 2^31 numbers each, so a product of the two stays below 2^63. */
struct ir_cost ir_cost_node(const struct ir_graph *g, ir_id id)
{
    const struct ir_node *n = &g->nodes[id];
    struct ir_cost cost = {0};
    switch (n->op) {
    case IR_CONV: {
        int64_t per_result = g->nodes[n->in[0]].shape.c / n->conv.groups * n->conv.kh * n->conv.kw;
        cost.macs = ir_elements(n->shape) * per_result;
        cost.parameters = n->conv.channels * per_result + (n->conv.bias ? n->conv.channels : 0);
        break;
    }
    case IR_LINEAR:
        cost.macs = n->linear.features * g->nodes[n->in[0]].shape.c;
        cost.parameters = cost.macs + (n->linear.bias ? n->linear.features : 0);
        break;
    case IR_BATCH_NORM:
        cost.parameters = 2 * n->shape.c;
        break;
    case IR_RELU:
        cost.relus = cost.relu_equivalents = ir_elements(n->shape);
        break;
    case IR_POLY2:
        cost.parameters = 3 * n->shape.c;
        break;
    case IR_ARGMAX:
        cost.relu_equivalents = g->nodes[n->in[0]].shape.c - 1;
        break;
    case IR_MAX_POOL: /* of n values, n - 1 comparisons; every window is evaluated alike, also over an edge */
        if (__builtin_mul_overflow(ir_elements(n->shape), n->max_pool.kernel * n->max_pool.kernel - 1, &cost.relu_equivalents))
            cost.relu_equivalents = INT64_MAX; /* a window far larger than its map */
        break;
    case IR_GLOBAL_MAX_POOL: {
        const struct ir_shape s = g->nodes[n->in[0]].shape;
        cost.relu_equivalents = s.c * (s.h * s.w - 1);
        break;
    }
    case IR_INPUT:
    case IR_SQUARE:
    case IR_SOFTMAX:
    case IR_UPSAMPLE:
    case IR_AVG_POOL:
    case IR_GLOBAL_AVG_POOL:
    case IR_SUBSAMPLE:
    case IR_SLICE:
    case IR_PAD:
    case IR_ADD:
    case IR_CONCAT:
    case IR_FLATTEN:
    case IR_RESHAPE:
    case IR_DROPOUT:
        break;
    case IR_OP_COUNT:
        bug("not an operator");
    }
    return cost;
}

bool ir_cost_add(struct ir_cost *sum, struct ir_cost b)
{
    struct ir_cost c;
    if (__builtin_add_overflow(sum->relus, b.relus, &c.relus) ||
        __builtin_add_overflow(sum->relu_equivalents, b.relu_equivalents, &c.relu_equivalents) ||
        __builtin_add_overflow(sum->macs, b.macs, &c.macs) || __builtin_add_overflow(sum->parameters, b.parameters, &c.parameters))
        return false;
    *sum = c;
    return true;
}

bool ir_cost_total(const struct ir_graph *g, struct ir_cost *total)
{
    *total = (struct ir_cost){0};
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (!ir_cost_add(total, ir_cost_node(g, id)))
            return false;
    return true;
}
