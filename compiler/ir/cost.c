#include "compiler/ir/cost.h"

/* sum over i = 0 .. windows-1 of max(0, most - i * stride): what windows reach over one edge */
static int64_t beyond_edge(int64_t most, int64_t stride, int64_t windows)
{
    if (most <= 0)
        return 0;
    int64_t m = (most - 1) / stride + 1;
    m = m < windows ? m : windows;
    return m * most - m * (m - 1) / 2 * stride;
}

/* The rows of the map that the windows of one axis cover, added up over all windows. */
static int64_t covered(int64_t size, int64_t windows, const struct ir_pool *p)
{
    return windows * p->kernel - beyond_edge(p->pad, p->stride, windows) -
           beyond_edge((windows - 1) * p->stride - p->pad + p->kernel - size, p->stride, windows);
}

/* A maximum of n values takes n - 1 comparisons. */
static int64_t pool_comparisons(const struct ir_node *n, struct ir_shape in)
{
    return covered(in.h, n->shape.h, &n->max_pool) * covered(in.w, n->shape.w, &n->max_pool) - n->shape.h * n->shape.w;
}

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
    case IR_MAX_POOL:
        cost.relu_equivalents = n->shape.c * pool_comparisons(n, g->nodes[n->in[0]].shape);
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
