/* Ranges: interval arithmetic over the graph.
 *
 * Source:  Moore, "Interval Analysis", 1966. Weights and the statistics of batch norm are unknown, so what they touch is
 * unbounded: ranges are of use between the input and the first weight, and between a ReLU and the next weight. Signs:
 * never_negative is kept apart from low, because a rounded sum of bounds says nothing exact. Sums, means, maxima and copies of
 *          floats that are not negative are not negative, and dropout multiplies by 0 or by a positive number. */
#include "compiler/pass/range.h"

#include <math.h>

static const struct range unknown = {-INFINITY, INFINITY, false};

/* 0 is among the elements too. */
static struct range with_zero(struct range r)
{
    r.low = fmin(r.low, 0);
    r.high = fmax(r.high, 0);
    return r;
}

/* Elements of both. */
static struct range hull(struct range r, struct range s)
{
    return (struct range){fmin(r.low, s.low), fmax(r.high, s.high), r.never_negative && s.never_negative};
}

static struct range sum(struct range r, struct range s)
{
    return (struct range){r.low + s.low, r.high + s.high, r.never_negative && s.never_negative};
}

static struct range relu(struct range r)
{
    return (struct range){fmax(r.low, 0), fmax(r.high, 0), true};
}

static struct range square(struct range r)
{
    double least = r.low <= 0 && r.high >= 0 ? 0 : fmin(fabs(r.low), fabs(r.high)), most = fmax(fabs(r.low), fabs(r.high));
    return (struct range){least * least, most * most, true};
}

/* (x - mean) / std for pixels x in 0..1. Not more: who calls a program may give it other numbers than pixels. */
static struct range input(const struct ir_node *n)
{
    struct range r = n->input.mean ? (struct range){INFINITY, -INFINITY, false} : (struct range){0, 1, false};
    for (int64_t c = 0; n->input.mean && c < n->shape.c; c++) {
        const double mean = n->input.mean[c], std = n->input.std[c];
        r = hull(r, (struct range){(0 - mean) / std, (1 - mean) / std, false});
    }
    return r;
}

static struct range infer(const struct ir_graph *g, const struct ir_node *n, const struct range *of)
{
    const struct range x = n->n_in ? of[n->in[0]] : unknown;
    struct range r = x;
    switch (n->op) {
    case IR_INPUT:
        return input(n);
    case IR_CONV:
    case IR_LINEAR:
    case IR_BATCH_NORM:
    case IR_POLY2:
        return unknown;
    case IR_RELU:
        return relu(x);
    case IR_SQUARE:
        return square(x);
    case IR_AVG_POOL:
        return n->avg_pool.pad ? with_zero(x) : x;
    case IR_PAD:
        return n->pad.top > 0 || n->pad.bottom > 0 || n->pad.left > 0 || n->pad.right > 0 ? with_zero(x) : x;
    case IR_ADD:
        for (uint32_t i = 1; i < n->n_in; i++)
            r = sum(r, of[n->in[i]]);
        return r;
    case IR_CONCAT:
        for (uint32_t i = 1; i < n->n_in; i++)
            r = hull(r, of[n->in[i]]);
        return r;
    case IR_GLOBAL_AVG_POOL:
    case IR_MAX_POOL:
    case IR_GLOBAL_MAX_POOL:
    case IR_SUBSAMPLE:
    case IR_UPSAMPLE:
    case IR_SLICE:
    case IR_FLATTEN:
    case IR_RESHAPE:
    case IR_DROPOUT:
        return x;
    case IR_SOFTMAX:
        return (struct range){0, 1, true};
    case IR_ARGMAX:
        return (struct range){0, (double)(g->nodes[n->in[0]].shape.c - 1), true};
    case IR_OP_COUNT:
        break;
    }
    bug("not an operator");
}

const struct range *range_infer(struct arena *a, const struct ir_graph *g)
{
    struct range *of = ARENA_ARRAY(a, struct range, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++)
        of[id] = infer(g, &g->nodes[id], of);
    return of;
}
