/* One shape rule for each operator. Every rule bounds its attributes before it computes with them: whatever the numbers,
 * nothing overflows, and a sentence names the shapes that do not fit. */
#include "compiler/ir/shape.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

/* What a rule sees: the question, and where its answer goes. */
struct rule {
    struct arena *arena;
    enum ir_op op;
    const struct ir_shape *in;
    uint32_t n_in;
    const struct ir_node *attr;
    struct ir_shape *out;
    const char **why;
};

#define REFUSE(r, ...) (*(r)->why = arena_printf((r)->arena, __VA_ARGS__), false)

int64_t ir_elements(struct ir_shape s)
{
    return s.c * s.h * s.w;
}

bool ir_shape_equal(struct ir_shape s, struct ir_shape t)
{
    return s.rank == t.rank && s.c == t.c && s.h == t.h && s.w == t.w;
}

const char *ir_shape_text(struct arena *a, struct ir_shape s)
{
    return s.rank == 1 ? arena_printf(a, "%" PRId64, s.c) : arena_printf(a, "%" PRId64 "x%" PRId64 "x%" PRId64, s.c, s.h, s.w);
}

const char *ir_shape_words(struct arena *a, struct ir_shape s)
{
    return s.rank == 1 ? arena_printf(a, "%" PRId64 " feature%s", s.c, s.c == 1 ? "" : "s") : ir_shape_text(a, s);
}

/* --- bounds --- */

static bool whole_number(const struct rule *r, const char *what, int64_t value, int64_t least)
{
    if (value < least)
        return REFUSE(r, "%s must be at least %" PRId64 ", not %" PRId64, what, least, value);
    if (value > IR_MAX_ELEMENTS)
        return REFUSE(r, "%s %" PRId64 " is larger than the limit of %" PRId64, what, value, IR_MAX_ELEMENTS);
    return true;
}

/* Generated programs hold reals as floats: what counts is what is left there. 1 / x must be finite too. */
static bool positive_float(double x)
{
    return isfinite((float)x) && (float)x >= FLT_MIN;
}

/* a * b * c <= IR_MAX_ELEMENTS; each is in 1..IR_MAX_ELEMENTS, so no product of two overflows. */
static bool product_fits(int64_t a, int64_t b, int64_t c)
{
    return a * b <= IR_MAX_ELEMENTS && a * b * c <= IR_MAX_ELEMENTS;
}

static bool give(const struct rule *r, struct ir_shape s)
{
    if (s.c > IR_MAX_ELEMENTS || s.h > IR_MAX_ELEMENTS || s.w > IR_MAX_ELEMENTS || !product_fits(s.c, s.h, s.w))
        return REFUSE(r, "a result of shape %s has more than %" PRId64 " elements", ir_shape_text(r->arena, s), IR_MAX_ELEMENTS);
    *r->out = s;
    return true;
}

static bool need_map(const struct rule *r)
{
    if (r->in[0].rank != 3)
        return REFUSE(r, "%s needs a map of channels x height x width, but its input has %s", ir_op_name(r->op),
                      ir_shape_words(r->arena, r->in[0]));
    return true;
}

static bool need_vector(const struct rule *r)
{
    if (r->in[0].rank != 1)
        return REFUSE(r, "%s needs a vector, but its input is %s: flatten or pool it first", ir_op_name(r->op),
                      ir_shape_words(r->arena, r->in[0]));
    return true;
}

/* --- rules --- */

static bool shape_input(const struct rule *r)
{
    struct ir_shape s = r->attr->shape;
    if (s.rank != 1 && s.rank != 3)
        return REFUSE(r, "an input has 1 dimension (features) or 3 (channels, height, width), not %d", s.rank);
    if (!whole_number(r, s.rank == 1 ? "the number of features" : "the number of channels", s.c, 1) || !whole_number(r, "the height", s.h, 1) ||
        !whole_number(r, "the width", s.w, 1))
        return false;
    if (s.rank == 1 && (s.h != 1 || s.w != 1))
        return REFUSE(r, "a vector has no height and width");
    const struct ir_input *n = &r->attr->input;
    if (!n->mean != !n->std)
        return REFUSE(r, "normalization needs both mean and std");
    if (!give(r, s))
        return false;
    for (int64_t i = 0; n->mean && i < s.c; i++) {
        if (!isfinite((float)n->mean[i]))
            return REFUSE(r, "mean[%" PRId64 "] must be a finite number", i);
        if (!positive_float(n->std[i]))
            return REFUSE(r, "std[%" PRId64 "] must be a positive number, not %g", i, n->std[i]);
    }
    return true;
}

static bool shape_conv(const struct rule *r)
{
    const struct ir_conv *v = &r->attr->conv;
    struct ir_shape s = r->in[0];
    if (!need_map(r) || !whole_number(r, "the number of channels", v->channels, 1) || !whole_number(r, "the kernel height", v->kh, 1) ||
        !whole_number(r, "the kernel width", v->kw, 1) || !whole_number(r, "stride", v->stride, 1) || !whole_number(r, "padding", v->pad_y, 0) ||
        !whole_number(r, "padding", v->pad_x, 0) || !whole_number(r, "dilation", v->dilation, 1) || !whole_number(r, "groups", v->groups, 1))
        return false;
    if (s.c % v->groups != 0)
        return REFUSE(r, "%" PRId64 " groups do not divide the %" PRId64 " channels of the input %s", v->groups, s.c, ir_shape_text(r->arena, s));
    if (v->channels % v->groups != 0)
        return REFUSE(r, "%" PRId64 " groups do not divide the %" PRId64 " output channels", v->groups, v->channels);
    /* a dilated kernel touches every dilation-th row: it spans dilation * (kernel - 1) + 1 of them */
    int64_t span_y = v->dilation * (v->kh - 1) + 1, span_x = v->dilation * (v->kw - 1) + 1;
    int64_t room_y = s.h + 2 * v->pad_y - span_y, room_x = s.w + 2 * v->pad_x - span_x;
    if (room_y < 0 || room_x < 0) {
        const char *spans = v->dilation == 1 ? "is" : arena_printf(r->arena, "with dilation %" PRId64 " spans %" PRId64 "x%" PRId64 " and is",
                                                                   v->dilation, span_y, span_x);
        return REFUSE(r, "kernel %" PRId64 "x%" PRId64 " %s larger than the padded input %" PRId64 "x%" PRId64, v->kh, v->kw, spans,
                      s.h + 2 * v->pad_y, s.w + 2 * v->pad_x);
    }
    int64_t per_group = s.c / v->groups;
    if (!product_fits(v->kh, v->kw, per_group) || !product_fits(v->channels, v->kh * v->kw * per_group, 1))
        return REFUSE(r, "weights of %" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64 " are more than %" PRId64 " numbers", v->channels, per_group,
                      v->kh, v->kw, IR_MAX_ELEMENTS);
    return give(r, (struct ir_shape){3, v->channels, room_y / v->stride + 1, room_x / v->stride + 1});
}

static bool shape_linear(const struct rule *r)
{
    const struct ir_linear *l = &r->attr->linear;
    if (!need_vector(r) || !whole_number(r, "the number of features", l->features, 1))
        return false;
    if (!product_fits(l->features, r->in[0].c, 1))
        return REFUSE(r, "weights of %" PRId64 "x%" PRId64 " are more than %" PRId64 " numbers", l->features, r->in[0].c, IR_MAX_ELEMENTS);
    return give(r, (struct ir_shape){1, l->features, 1, 1});
}

static bool shape_batch_norm(const struct rule *r)
{
    const struct ir_batch_norm *b = &r->attr->batch_norm;
    if (!positive_float(b->epsilon))
        return REFUSE(r, "epsilon must be a positive number, not %g", b->epsilon);
    if (!(b->decay >= 0 && (float)b->decay < 1))
        return REFUSE(r, "decay must be at least 0 and less than 1, not %g", b->decay);
    return give(r, r->in[0]);
}

static bool shape_same(const struct rule *r)
{
    return give(r, r->in[0]);
}

static bool shape_pool(const struct rule *r, const struct ir_pool *p)
{
    struct ir_shape s = r->in[0];
    if (!need_map(r) || !whole_number(r, "kernel", p->kernel, 1) || !whole_number(r, "stride", p->stride, 1) ||
        !whole_number(r, "padding", p->pad, 0))
        return false;
    if (p->pad >= p->kernel)
        return REFUSE(r, "padding %" PRId64 " must be smaller than the window %" PRId64 "x%" PRId64, p->pad, p->kernel, p->kernel);
    int64_t room_y = s.h + 2 * p->pad - p->kernel, room_x = s.w + 2 * p->pad - p->kernel;
    if (room_y < 0 || room_x < 0)
        return REFUSE(r, "window %" PRId64 "x%" PRId64 " is larger than the padded input %" PRId64 "x%" PRId64, p->kernel, p->kernel,
                      s.h + 2 * p->pad, s.w + 2 * p->pad);
    return give(r, (struct ir_shape){3, s.c, room_y / p->stride + 1, room_x / p->stride + 1});
}

static bool shape_avg_pool(const struct rule *r)
{
    return shape_pool(r, &r->attr->avg_pool);
}

static bool shape_max_pool(const struct rule *r)
{
    return shape_pool(r, &r->attr->max_pool);
}

static bool shape_global_pool(const struct rule *r)
{
    return need_map(r) && give(r, (struct ir_shape){1, r->in[0].c, 1, 1});
}

static bool shape_subsample(const struct rule *r)
{
    const struct ir_subsample *p = &r->attr->subsample;
    struct ir_shape s = r->in[0];
    if (!need_map(r) || !whole_number(r, "stride", p->stride, 1) || !whole_number(r, "offset", p->offset_y, 0) ||
        !whole_number(r, "offset", p->offset_x, 0))
        return false;
    if (p->offset_y >= s.h || p->offset_x >= s.w)
        return REFUSE(r, "offset %" PRId64 ",%" PRId64 " lies outside the input %s", p->offset_y, p->offset_x, ir_shape_text(r->arena, s));
    return give(r, (struct ir_shape){3, s.c, (s.h - 1 - p->offset_y) / p->stride + 1, (s.w - 1 - p->offset_x) / p->stride + 1});
}

static bool shape_upsample(const struct rule *r)
{
    int64_t factor = r->attr->upsample.factor;
    struct ir_shape s = r->in[0];
    return need_map(r) && whole_number(r, "factor", factor, 1) && give(r, (struct ir_shape){3, s.c, s.h * factor, s.w * factor});
}

static bool shape_softmax(const struct rule *r)
{
    return need_vector(r) && give(r, r->in[0]);
}

static bool shape_argmax(const struct rule *r)
{
    return need_vector(r) && give(r, (struct ir_shape){1, 1, 1, 1});
}

/* first .. first + count - 1 of the input's `size` channels, rows or columns */
static bool shape_range(const struct rule *r, const char *what, int64_t first, int64_t count, int64_t size)
{
    if (count < 1)
        return REFUSE(r, "slice needs at least one %s", what);
    if (first >= 0 && first < size && count <= size - first)
        return true;
    return REFUSE(r, "there is no %s %" PRId64 " in the input %s", what, first < 0 || first > size ? first : size,
                  ir_shape_words(r->arena, r->in[0]));
}

static bool shape_slice(const struct rule *r)
{
    const struct ir_slice *p = &r->attr->slice;
    struct ir_shape s = r->in[0];
    return shape_range(r, "channel", p->channel, p->channels, s.c) && shape_range(r, "row", p->row, p->rows, s.h) &&
           shape_range(r, "column", p->column, p->columns, s.w) && give(r, (struct ir_shape){s.rank, p->channels, p->rows, p->columns});
}

static bool shape_pad(const struct rule *r)
{
    const struct ir_pad *p = &r->attr->pad;
    const int64_t sides[] = {p->top, p->bottom, p->left, p->right};
    struct ir_shape s = r->in[0];
    if (!need_map(r))
        return false;
    for (int i = 0; i < 4; i++)
        if (sides[i] > IR_MAX_ELEMENTS || sides[i] < -IR_MAX_ELEMENTS)
            return REFUSE(r, "padding %" PRId64 " is larger than the limit of %" PRId64, sides[i], IR_MAX_ELEMENTS);
    /* what is cut off must be there: else zeros of one side would be cut off by the other */
    if ((p->top < 0 ? -p->top : 0) + (p->bottom < 0 ? -p->bottom : 0) >= s.h || (p->left < 0 ? -p->left : 0) + (p->right < 0 ? -p->right : 0) >= s.w)
        return REFUSE(r, "padding of %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 " (top, bottom, left, right) leaves nothing of the input %s",
                      p->top, p->bottom, p->left, p->right, ir_shape_text(r->arena, s));
    return give(r, (struct ir_shape){3, s.c, s.h + p->top + p->bottom, s.w + p->left + p->right});
}

static bool shape_add(const struct rule *r)
{
    for (uint32_t i = 1; i < r->n_in; i++)
        if (!ir_shape_equal(r->in[i], r->in[0]))
            return REFUSE(r, "add needs inputs of one shape, but the first is %s and the %s is %s", ir_shape_words(r->arena, r->in[0]),
                          i == 1 ? "second" : arena_printf(r->arena, "one at place %" PRIu32, i + 1), ir_shape_words(r->arena, r->in[i]));
    return give(r, r->in[0]);
}

static bool shape_concat(const struct rule *r)
{
    struct ir_shape s = r->in[0];
    for (uint32_t i = 1; i < r->n_in; i++) {
        if (r->in[i].rank != s.rank || r->in[i].h != s.h || r->in[i].w != s.w)
            return REFUSE(r, "concat needs inputs of one height and width, but the first is %s and the %s is %s", ir_shape_words(r->arena, r->in[0]),
                          i == 1 ? "second" : arena_printf(r->arena, "one at place %" PRIu32, i + 1), ir_shape_words(r->arena, r->in[i]));
        s.c += r->in[i].c; /* at most 2^32 inputs of 2^31 channels */
    }
    return give(r, s);
}

static bool shape_flatten(const struct rule *r)
{
    return give(r, (struct ir_shape){1, ir_elements(r->in[0]), 1, 1});
}

static bool shape_reshape(const struct rule *r)
{
    const struct ir_reshape *p = &r->attr->reshape;
    struct ir_shape s = p->h == 0 && p->w == 0 ? (struct ir_shape){1, p->c, 1, 1} : (struct ir_shape){3, p->c, p->h, p->w};
    if (!whole_number(r, s.rank == 1 ? "the number of features" : "the number of channels", s.c, 1) || !whole_number(r, "the height", s.h, 1) ||
        !whole_number(r, "the width", s.w, 1))
        return false;
    if (!product_fits(s.c, s.h, s.w) || ir_elements(s) != ir_elements(r->in[0]))
        return REFUSE(r, "reshape keeps the number of elements, but the input %s has %" PRId64 " and %s would have %s",
                      ir_shape_words(r->arena, r->in[0]), ir_elements(r->in[0]), ir_shape_text(r->arena, s),
                      product_fits(s.c, s.h, s.w) ? arena_printf(r->arena, "%" PRId64, ir_elements(s)) : "more");
    return give(r, s);
}

static bool shape_dropout(const struct rule *r)
{
    double rate = r->attr->dropout.rate;
    if (!(rate >= 0 && (float)rate < 1))
        return REFUSE(r, "the dropout rate must be at least 0 and less than 1, not %g", rate);
    return give(r, r->in[0]);
}

static bool (*const rules[IR_OP_COUNT])(const struct rule *r) = {
    [IR_INPUT] = shape_input,
    [IR_CONV] = shape_conv,
    [IR_LINEAR] = shape_linear,
    [IR_BATCH_NORM] = shape_batch_norm,
    [IR_RELU] = shape_same,
    [IR_SQUARE] = shape_same,
    [IR_POLY2] = shape_same,
    [IR_AVG_POOL] = shape_avg_pool,
    [IR_GLOBAL_AVG_POOL] = shape_global_pool,
    [IR_MAX_POOL] = shape_max_pool,
    [IR_GLOBAL_MAX_POOL] = shape_global_pool,
    [IR_SUBSAMPLE] = shape_subsample,
    [IR_UPSAMPLE] = shape_upsample,
    [IR_SLICE] = shape_slice,
    [IR_PAD] = shape_pad,
    [IR_ADD] = shape_add,
    [IR_CONCAT] = shape_concat,
    [IR_FLATTEN] = shape_flatten,
    [IR_RESHAPE] = shape_reshape,
    [IR_DROPOUT] = shape_dropout,
    [IR_SOFTMAX] = shape_softmax,
    [IR_ARGMAX] = shape_argmax,
};

bool ir_shape_infer(struct arena *a, enum ir_op op, const struct ir_shape *in, uint32_t n_in, const struct ir_node *attr,
                    struct ir_shape *out, const char **why)
{
    static const struct {
        int least, most;
    } arity[IR_OP_COUNT] = {
#define OP(enumerator, name, least, most, linear) {least, most},
#include "compiler/ir/op.def"
#undef OP
    };
    struct rule r = {a, op, in, n_in, attr, out, why};
    int least = arity[op].least, most = arity[op].most;
    if (n_in < (uint32_t)least || (most >= 0 && n_in > (uint32_t)most))
        return REFUSE(&r, "%s takes %s%d input%s, not %" PRIu32, ir_op_name(op), least == most ? "" : "at least ", least,
                      least == 1 ? "" : "s", n_in);
    return rules[op](&r);
}
