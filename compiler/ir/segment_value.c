/* What one operator makes of the values of its operands: composition by the rules of compiler/lower/plan.h, and what has no private form. */
#include "compiler/ir/segment_internal.h"

#include <inttypes.h>

static struct affine *operand(const struct segments *s, const struct ir_node *n, uint32_t i)
{
    return &s->value[s->root[n->in[i]]];
}

static struct affine_dims map_of(struct ir_shape s)
{
    return (struct affine_dims){(uint32_t)s.c, (uint32_t)s.h, (uint32_t)s.w};
}

struct windows {
    struct affine_window y, x;
};

/* Of the operators that have one operand; the others move nothing. in: the operand's map, also where it is seen as a vector. */
static struct windows windows_of(const struct ir_node *n, struct affine_dims in)
{
    const struct windows whole = {{in.h, 1, 0, 1}, {in.w, 1, 0, 1}}, same = {{1, 1, 0, 1}, {1, 1, 0, 1}};
    switch (n->op) {
    case IR_CONV:
        return (struct windows){{n->conv.kh, n->conv.stride, n->conv.pad_y, n->conv.dilation}, {n->conv.kw, n->conv.stride, n->conv.pad_x, n->conv.dilation}};
    case IR_LINEAR:
    case IR_GLOBAL_AVG_POOL:
    case IR_GLOBAL_MAX_POOL:
        return whole;
    case IR_AVG_POOL: {
        const struct affine_window w = {n->avg_pool.kernel, n->avg_pool.stride, n->avg_pool.pad, 1};
        return (struct windows){w, w};
    }
    case IR_MAX_POOL: {
        const struct affine_window w = {n->max_pool.kernel, n->max_pool.stride, n->max_pool.pad, 1};
        return (struct windows){w, w};
    }
    case IR_SUBSAMPLE:
        return (struct windows){{1, n->subsample.stride, -n->subsample.offset_y, 1}, {1, n->subsample.stride, -n->subsample.offset_x, 1}};
    case IR_SLICE:
        return (struct windows){{1, 1, -n->slice.row, 1}, {1, 1, -n->slice.column, 1}};
    case IR_PAD:
        return (struct windows){{1, 1, n->pad.top, 1}, {1, 1, n->pad.left, 1}};
    default:
        return same;
    }
}

/* The windows whose padding says whether there are zeros: a pad is a 1x1 window that starts above the map, and may have none there but
 * below. */
static struct windows padding_of(const struct ir_node *n, struct affine_dims in)
{
    struct windows w = windows_of(n, in);
    if (n->op == IR_PAD && n->pad.bottom > n->pad.top)
        w.y.pad = n->pad.bottom;
    if (n->op == IR_PAD && n->pad.right > n->pad.left)
        w.x.pad = n->pad.right;
    return w;
}

static bool has_bias(const struct ir_node *n)
{
    return n->op == IR_BATCH_NORM || (n->op == IR_CONV && n->conv.bias) || (n->op == IR_LINEAR && n->linear.bias);
}

bool segment_leaks(struct arena *a, const struct ir_graph *g, const struct segments *s, ir_id id)
{
    const struct ir_node *n = &g->nodes[id];
    if (n->n_in != 1)
        return false; /* sums and concatenations */
    const struct affine_dims in = operand(s, n, 0)->dims;
    const struct windows w = windows_of(n, in);
    const struct affine_window probe = {1, 1, 1, 1};
    const struct affine_dims map = n->shape.rank == 1 && (n->op == IR_BATCH_NORM || n->op == IR_FLATTEN || n->op == IR_RESHAPE) ? in : map_of(n->shape);
    const struct affine x = affine_point(a, 0, in), y = affine_compose(a, &x, w.y, w.x, map);
    return has_bias(n) || !affine_pads_exactly(&y, probe, probe);
}

/* y = a window operator with this many weights of its own over x. */
static enum segment_step compose(struct segments *s, struct affine *y, ir_id id, double own_weights)
{
    const struct ir_node *n = &s->g->nodes[id];
    const struct affine *x = operand(s, n, 0);
    const struct windows w = windows_of(n, x->dims), p = padding_of(n, x->dims);
    if (!affine_pads_exactly(x, p.y, p.x) && segment_force(s, n->in[0], id, SEGMENT_PADDED))
        return SEGMENT_AGAIN;
    *y = affine_compose(s->arena, x, w.y, w.x, map_of(n->shape));
    y->biased |= has_bias(n);
    const double composed = affine_weights(y), parts = x->parts + own_weights;
    const bool absurd = composed > SEGMENT_ABSURD_BETWEEN && composed > SEGMENT_ABSURD_FACTOR * parts;
    y->parts = parts < composed ? parts : composed;
    if ((absurd || !affine_is_small(y)) && segment_force(s, n->in[0], id, SEGMENT_LARGE))
        return SEGMENT_AGAIN;
    if (!affine_is_small(y))
        bug("an operator over a point that is larger than SEGMENT_MAX_EXTENT allows");
    return SEGMENT_DONE;
}

/* Operand i is a point that an earlier operand reads at another stride: that one becomes a point. */
static void force_clashing(struct segments *s, ir_id id, uint32_t i)
{
    const struct ir_node *n = &s->g->nodes[id];
    for (uint32_t j = 0; j < i; j++) {
        struct affine both = *operand(s, n, j);
        if (!affine_unite(s->arena, &both, operand(s, n, i)) && segment_force(s, n->in[j], id, SEGMENT_STRIDES))
            return;
    }
    bug("two points with one source and two strides");
}

/* add, concat: dims of the map, and all operands' terms. */
static enum segment_step join(struct segments *s, struct affine *y, ir_id id)
{
    const struct ir_node *n = &s->g->nodes[id];
    struct affine_term *room[2]; /* used in turns: a network in which each layer reads all before it has long joins */
    size_t most = 0;
    for (uint32_t i = 0; i < n->n_in; i++)
        most += operand(s, n, i)->n;
    for (int i = 0; i < 2; i++)
        room[i] = ARENA_ARRAY(s->arena, struct affine_term, most);
    *y = (struct affine){.dims = operand(s, n, 0)->dims};
    for (uint32_t i = 0; i < n->n_in; i++) {
        const struct affine *x = operand(s, n, i);
        const bool fits = x->dims.h == y->dims.h && x->dims.w == y->dims.w && (n->op == IR_CONCAT || x->dims.c == y->dims.c);
        if (!fits)
            return segment_refuse(s, id, "its inputs were flattened from maps of different shapes, which no convolution joins: join them before flatten");
        if (!affine_unite_into(room[i % 2], y, x)) { /* one source at two strides: one of the two values is not a point */
            if (!segment_force(s, n->in[i], id, SEGMENT_STRIDES))
                force_clashing(s, id, i);
            return SEGMENT_AGAIN;
        }
        if (n->op == IR_CONCAT && i > 0)
            y->dims.c += x->dims.c;
    }
    const double composed = affine_weights(y);
    y->parts = composed < y->parts ? composed : y->parts;
    return SEGMENT_DONE;
}

static bool is_flattened_map(const struct ir_node *n, struct affine_dims in)
{
    return n->shape.rank == 1 && in.h * in.w != 1;
}

static enum segment_step refuse_flattened(struct segments *s, ir_id id, struct affine_dims in)
{
    return segment_refuse(s, id, arena_printf(s->arena, "its input was flattened from a %" PRIu32 "x%" PRIu32 "x%" PRIu32
                                                         " map, whose elements no convolution treats one by one: put it before flatten",
                                              in.c, in.h, in.w));
}

static struct affine joined(struct segments *s, const struct affine *x, const struct affine *more)
{
    struct affine y = *x;
    if (!affine_unite(s->arena, &y, more))
        bug("taps of one pool at different strides");
    return y;
}

/* The rule of plan.h: a tree of max(a, b) = b + relu(a - b). */
static enum segment_step max_pool(struct segments *s, struct affine *y, ir_id id)
{
    const struct ir_node *n = &s->g->nodes[id];
    const struct affine_dims dims = map_of(n->shape);
    const struct affine *x = operand(s, n, 0);
    const struct windows w = windows_of(n, x->dims);
    if (w.y.k * w.x.k > SEGMENT_MAX_COMPARED)
        return segment_refuse(s, id, arena_printf(s->arena, "its window has %" PRId64 " elements, and at most %d are compared: pool in several steps",
                                                  w.y.k * w.x.k, SEGMENT_MAX_COMPARED));
    if ((w.y.pad || w.x.pad) && !s->positive[n->in[0]])
        return segment_refuse(s, id, "its padding could win over negative values: put relu before it, or padding = 0");
    if (!affine_pads_exactly(x, w.y, w.x) && segment_force(s, n->in[0], id, SEGMENT_PADDED))
        return SEGMENT_AGAIN;
    const uint32_t taps = (uint32_t)(w.y.k * w.x.k);
    struct affine *m = ARENA_ARRAY(s->arena, struct affine, taps);
    for (uint32_t t = 0; t < taps; t++)
        m[t] = affine_compose(s->arena, x, (struct affine_window){1, w.y.stride, w.y.pad - t / w.x.k, 1},
                              (struct affine_window){1, w.x.stride, w.x.pad - t % w.x.k, 1}, dims);
    s->pool_point[id] = (uint32_t)s->points.n;
    for (uint32_t left = taps; left > 1; left = (left + 1) / 2) {
        const uint32_t pairs = left / 2;
        struct affine differences = m[0];
        for (uint32_t i = 1; i < 2 * pairs; i++)
            differences = joined(s, &differences, &m[i]);
        differences.dims.c = dims.c * pairs;
        const uint32_t point = segment_add_point(s, id, SEGMENT_RELU, differences.dims, &differences);
        struct affine larger = affine_point(s->arena, point, differences.dims);
        larger.dims = dims;
        for (uint32_t i = 0; i < pairs; i++)
            m[i] = joined(s, &m[2 * i + 1], &larger);
        if (left % 2)
            m[pairs] = m[left - 1];
    }
    *y = m[0];
    return SEGMENT_DONE;
}

enum segment_step segment_value(struct segments *s, struct affine *y, ir_id id)
{
    const struct ir_node *n = &s->g->nodes[id];
    const struct affine *x = operand(s, n, 0);
    const struct affine_dims dims = map_of(n->shape), in = x->dims;
    switch (n->op) {
    case IR_CONV:
        return compose(s, y, id, (double)n->conv.channels * (in.c / (double)n->conv.groups) * (double)(n->conv.kh * n->conv.kw));
    case IR_LINEAR:
        return compose(s, y, id, (double)dims.c * in.c * in.h * in.w);
    case IR_SLICE:
        if (is_flattened_map(n, in))
            return refuse_flattened(s, id, in);
        return compose(s, y, id, 0);
    case IR_AVG_POOL:
    case IR_GLOBAL_AVG_POOL:
    case IR_SUBSAMPLE:
    case IR_PAD:
        return compose(s, y, id, 0);
    case IR_UPSAMPLE:
        return segment_refuse(s, id, "what gives one element to several places is no convolution");
    case IR_SQUARE:
    case IR_POLY2:
        return segment_refuse(s, id, "there is no protocol for products of two secrets yet: use relu");
    case IR_SOFTMAX:
        return segment_refuse(s, id, "there is no protocol for exponentials: let the output be the logits, from which the client can compute it");
    case IR_ARGMAX:
        return segment_refuse(s, id, "there is no protocol for its comparisons yet: let the output be the logits");
    case IR_MAX_POOL:
    case IR_GLOBAL_MAX_POOL:
        return max_pool(s, y, id);
    case IR_ADD:
    case IR_CONCAT:
        return join(s, y, id);
    case IR_BATCH_NORM:
        if (is_flattened_map(n, in))
            return refuse_flattened(s, id, in);
        *y = *x;
        y->biased = true;
        return SEGMENT_DONE;
    case IR_RESHAPE: /* of a vector that was flattened from such a map, or to a vector */
        if (n->shape.rank == 3 && (in.c != dims.c || in.h != dims.h || in.w != dims.w))
            return segment_refuse(s, id, arena_printf(s->arena, "rearranging a %" PRIu32 "x%" PRIu32 "x%" PRIu32
                                                                 " map as %" PRIu32 "x%" PRIu32 "x%" PRIu32 " is no convolution",
                                                      in.c, in.h, in.w, dims.c, dims.h, dims.w));
        *y = *x;
        return SEGMENT_DONE;
    case IR_FLATTEN:
        *y = *x;
        return SEGMENT_DONE;
    default:
        bug("an operator that is not affine");
    }
}
