/* Operators that make tensors. Their shape rules are the IR's; here are only the meanings of their arguments. */
#include "compiler/sema/eval.h"

#include <string.h>

#define T KIND(VALUE_TENSOR)
#define I KIND(VALUE_INT)
#define R (KIND(VALUE_REAL) | KIND(VALUE_INT))
#define REAL KIND(VALUE_REAL)
#define B KIND(VALUE_BOOL)
#define L KIND(VALUE_LIST)
#define W KIND(VALUE_SYMBOL)

static struct value one_input(struct eval *e, enum ir_op op, const struct call *c, const struct ir_node *attr)
{
    return eval_node(e, op, c, &c->args[0].tensor, &c->where[0], 1, attr);
}

static struct ir_shape shape_of(struct eval *e, const struct value *v)
{
    return ir_builder_node(e->builder, v->tensor)->shape;
}

/* An integer for both directions, or [vertical, horizontal]. */
static bool pair(struct eval *e, const struct call *c, int i, const char *what, int64_t *y, int64_t *x)
{
    const struct value *v = &c->args[i];
    if (v->kind == VALUE_INT) {
        *y = *x = v->integer;
        return true;
    }
    if (v->kind == VALUE_LIST && v->list.n == 2 && value_items(v)[0].kind == VALUE_INT && value_items(v)[1].kind == VALUE_INT) {
        *y = value_items(v)[0].integer;
        *x = value_items(v)[1].integer;
        return true;
    }
    eval_fail(e, c->where[i], E_PAIR, "%s is an integer, or [vertical, horizontal], not %s", what, value_text(e->arena, v));
    return false;
}

static bool only_word(struct eval *e, const struct call *c, int i, const char *word, const char *what)
{
    if (c->args[i].kind != VALUE_SYMBOL || strcmp(c->args[i].symbol, word) == 0)
        return true;
    eval_fail(e, c->where[i], E_WORD,
              "`%s` is not for %s; there, only `%s` can be written instead of a number", c->args[i].symbol, what, word);
    return false;
}

/* padding = same keeps the size at stride 1: (span - 1) / 2 on each side, which needs an odd span dilation * (kernel - 1) + 1. */
static bool same_padding(struct eval *e, const struct call *c, int64_t kernel, int64_t dilation, int64_t *pad)
{
    int64_t reach;
    if (kernel < 1 || dilation < 1 || __builtin_mul_overflow(kernel - 1, dilation, &reach)) {
        *pad = 0; /* the shape rule refuses these numbers, with words of its own */
        return true;
    }
    if (reach % 2 != 0) {
        eval_fail(e, c->at, E_EVEN_KERNEL,
                  "`padding = same` needs an odd kernel, not %lld; give the padding as a number", (long long)kernel);
        return false;
    }
    *pad = reach / 2;
    return true;
}

/* balanced: as many channels as keep the number of elements, and so of ReLUs, at this stride. */
static bool balanced_channels(struct eval *e, const struct call *c, int64_t stride, int64_t *channels)
{
    if (__builtin_mul_overflow(shape_of(e, &c->args[0]).c, stride, channels) || __builtin_mul_overflow(*channels, stride, channels)) {
        eval_fail(e, c->at, E_OVERFLOW, "integer overflow in the balanced number of channels");
        return false;
    }
    return true;
}

enum { CONV_X, CONV_CHANNELS, CONV_KERNEL, CONV_STRIDE, CONV_PADDING, CONV_DILATION, CONV_GROUPS, CONV_BIAS };

static struct value run_conv(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    struct ir_node attr = {.op = IR_CONV};
    struct ir_conv *v = &attr.conv;
    if (!pair(e, c, CONV_KERNEL, "the kernel", &v->kh, &v->kw) || !only_word(e, c, CONV_CHANNELS, "balanced", "channels") ||
        !only_word(e, c, CONV_PADDING, "same", "padding"))
        return value_error();
    v->stride = c->args[CONV_STRIDE].integer;
    v->dilation = c->args[CONV_DILATION].integer;
    v->groups = c->args[CONV_GROUPS].integer;
    v->bias = c->args[CONV_BIAS].boolean;
    v->channels = c->args[CONV_CHANNELS].integer;
    if (c->args[CONV_CHANNELS].kind == VALUE_SYMBOL && !balanced_channels(e, c, v->stride, &v->channels))
        return value_error();
    bool good = c->args[CONV_PADDING].kind == VALUE_SYMBOL
                    ? same_padding(e, c, v->kh, v->dilation, &v->pad_y) && same_padding(e, c, v->kw, v->dilation, &v->pad_x)
                    : pair(e, c, CONV_PADDING, "padding", &v->pad_y, &v->pad_x);
    return good ? one_input(e, IR_CONV, c, &attr) : value_error();
}

static struct value run_linear(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    struct ir_node attr = {.op = IR_LINEAR, .linear = {.features = c->args[1].integer, .bias = c->args[2].boolean}};
    return one_input(e, IR_LINEAR, c, &attr);
}

static struct value run_batch_norm(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    struct ir_node attr = {.op = IR_BATCH_NORM, .batch_norm = {.epsilon = c->args[1].real, .decay = c->args[2].real}};
    return one_input(e, IR_BATCH_NORM, c, &attr);
}

static struct value run_pool(struct eval *e, const struct builtin *b, const struct call *c)
{
    const struct ir_pool pool = {.kernel = c->args[1].integer, .stride = c->args[2].integer, .pad = c->args[3].integer};
    struct ir_node attr = {.op = strcmp(b->name, "max_pool") == 0 ? IR_MAX_POOL : IR_AVG_POOL, .avg_pool = pool};
    if (c->args[2].kind == VALUE_SYMBOL) {
        if (!only_word(e, c, 2, "same", "the stride"))
            return value_error();
        attr.avg_pool.stride = attr.avg_pool.kernel;
    }
    return one_input(e, attr.op, c, &attr);
}

static struct value run_subsample(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    struct ir_node attr = {.op = IR_SUBSAMPLE, .subsample = {.stride = c->args[1].integer}};
    if (!pair(e, c, 2, "the offset", &attr.subsample.offset_y, &attr.subsample.offset_x))
        return value_error();
    return one_input(e, IR_SUBSAMPLE, c, &attr);
}

/* A range of consecutive integers, such as 2 .. 5; `all` where the default was taken. */
static bool range(struct eval *e, const struct call *c, int i, int64_t size, int64_t *first, int64_t *count)
{
    const struct value *v = &c->args[i];
    *first = 0;
    *count = size;
    if (v->kind == VALUE_SYMBOL)
        return true;
    const struct value *items = value_items(v);
    bool good = v->list.n > 0;
    for (size_t k = 0; good && k < v->list.n; k++)
        good = items[k].kind == VALUE_INT && (k == 0 || (items[k - 1].integer < INT64_MAX && items[k].integer == items[k - 1].integer + 1));
    if (!good) {
        eval_fail(e, c->where[i], E_NOT_A_RANGE, "a range such as 0 .. 4 is needed, that is, consecutive integers, not %s", value_text(e->arena, v));
        return false;
    }
    *first = items[0].integer;
    *count = (int64_t)v->list.n;
    return eval_step(e, c->where[i], v->list.n);
}

static struct value run_slice(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    struct ir_node attr = {.op = IR_SLICE};
    const struct ir_shape s = shape_of(e, &c->args[0]);
    if (!range(e, c, 1, s.c, &attr.slice.channel, &attr.slice.channels) || !range(e, c, 2, s.h, &attr.slice.row, &attr.slice.rows) ||
        !range(e, c, 3, s.w, &attr.slice.column, &attr.slice.columns))
        return value_error();
    for (int i = 2; i < 4; i++)
        if (s.rank == 1 && c->args[i].kind == VALUE_LIST)
            return eval_fail(e, c->where[i], E_NO_SUCH_DIMENSION, "a tensor of %lld features has no %s", (long long)s.c, i == 2 ? "rows" : "columns");
    return one_input(e, IR_SLICE, c, &attr);
}

/* One number for all sides, [vertical, horizontal], or [top, bottom, left, right]. */
static struct value run_pad(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    struct ir_node attr = {.op = IR_PAD};
    struct ir_pad *p = &attr.pad;
    const struct value *v = &c->args[1];
    if (v->kind == VALUE_LIST && v->list.n == 4) {
        int64_t *const side[] = {&p->top, &p->bottom, &p->left, &p->right};
        for (size_t i = 0; i < 4; i++) {
            if (value_items(v)[i].kind != VALUE_INT)
                return eval_fail(e, c->where[1], E_PADDING, "the padding [top, bottom, left, right] has integers, not %s", value_text(e->arena, v));
            *side[i] = value_items(v)[i].integer;
        }
    } else {
        if (v->kind == VALUE_LIST && v->list.n != 2)
            return eval_fail(e, c->where[1], E_PADDING, "the padding is an integer, [vertical, horizontal] or [top, bottom, left, right], not %s",
                             value_text(e->arena, v));
        if (!pair(e, c, 1, "the padding", &p->top, &p->left))
            return value_error();
        p->bottom = p->top;
        p->right = p->left;
    }
    return one_input(e, IR_PAD, c, &attr);
}

static struct value run_reshape(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    struct ir_node attr = {.op = IR_RESHAPE};
    const struct value *v = &c->args[1];
    int64_t dims[3] = {0};
    bool good = v->list.n == 1 || v->list.n == 3;
    for (size_t i = 0; good && i < v->list.n; i++) {
        good = value_items(v)[i].kind == VALUE_INT && value_items(v)[i].integer >= 1;
        dims[i] = value_items(v)[i].integer;
    }
    if (!good)
        return eval_fail(e, c->where[1], E_NEW_SHAPE, "the shape is [features] or [channels, height, width], all at least 1, not %s", value_text(e->arena, v));
    attr.reshape = (struct ir_reshape){dims[0], dims[1], dims[2]};
    return one_input(e, IR_RESHAPE, c, &attr);
}

static struct value run_upsample(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    struct ir_node attr = {.op = IR_UPSAMPLE, .upsample = {.factor = c->args[1].integer}};
    return one_input(e, IR_UPSAMPLE, c, &attr);
}

static struct value run_dropout(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    struct ir_node attr = {.op = IR_DROPOUT, .dropout = {.rate = c->args[1].real}};
    return one_input(e, IR_DROPOUT, c, &attr);
}

/* Operators with one input and no arguments are named as in the IR. */
static struct value run_plain(struct eval *e, const struct builtin *b, const struct call *c)
{
    enum ir_op op;
    if (!ir_op_from_name(b->name, &op))
        bug("a builtin that the IR does not know");
    return one_input(e, op, c, NULL);
}

static struct value run_identity(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)e;
    (void)b;
    return c->args[0];
}

/* add and concat take tensors, or lists of them, in any mixture. */
struct gather {
    VEC(ir_id) in;
    VEC(struct span) at;
};

static bool gather(struct eval *e, struct gather *g, const struct value *v, struct span at)
{
    if (v->kind == VALUE_TENSOR) {
        vec_push(e->arena, &g->in, v->tensor);
        vec_push(e->arena, &g->at, at);
        return true;
    }
    if (v->kind != VALUE_LIST) {
        eval_fail(e, at, E_NOT_A_TENSOR, "only tensors and lists of tensors can stand here, not %s", eval_describe(e, v));
        return false;
    }
    for (size_t i = 0; i < v->list.n; i++)
        if (!gather(e, g, &value_items(v)[i], at))
            return false;
    return eval_step(e, at, v->list.n);
}

static struct value run_many(struct eval *e, const struct builtin *b, const struct call *c)
{
    struct gather g = {0};
    for (size_t i = 0; i < c->args[0].list.n; i++)
        if (!gather(e, &g, &value_items(&c->args[0])[i], c->rest_where[i]))
            return value_error();
    if (g.in.n == 0)
        return eval_fail(e, c->at, E_NO_TENSOR, "`%s` needs at least one tensor", b->name);
    if (g.in.n == 1)
        return value_tensor(g.in.at[0]); /* of one tensor, both are that tensor */
    enum ir_op op = strcmp(b->name, "add") == 0 ? IR_ADD : IR_CONCAT;
    return eval_node(e, op, c, g.in.at, g.at.at, (uint32_t)g.in.n, NULL);
}

/* ---- what is known of a tensor ---- */

static struct value run_fact(struct eval *e, const struct builtin *b, const struct call *c)
{
    struct ir_shape s = shape_of(e, &c->args[0]);
    if (strcmp(b->name, "channels") == 0)
        return value_int(s.c);
    if (strcmp(b->name, "elements") == 0)
        return value_int(ir_elements(s));
    if (strcmp(b->name, "shape") == 0) {
        struct value dims[] = {value_int(s.c), value_int(s.h), value_int(s.w)};
        return value_list(e->arena, dims, (size_t)s.rank);
    }
    if (s.rank != 3)
        return eval_fail(e, c->where[0], E_NO_SUCH_DIMENSION, "a tensor of %lld features has no %s", (long long)s.c, b->name);
    return value_int(strcmp(b->name, "height") == 0 ? s.h : s.w);
}

#define DEFAULT_INT(n) true, false, {.kind = VALUE_INT, .integer = (n)}
#define DEFAULT_REAL(x) true, false, {.kind = VALUE_REAL, .real = (x)}
#define DEFAULT_BOOL(b) true, false, {.kind = VALUE_BOOL, .boolean = (b)}
#define DEFAULT_ALL true, false, {.kind = VALUE_SYMBOL, .symbol = "all"}
#define DEFAULT_SAME true, false, {.kind = VALUE_SYMBOL, .symbol = "same"}
#define NEEDED false, false, {.kind = VALUE_NONE}
#define REST false, true, {.kind = VALUE_NONE}

#define OPERATOR(word, function, ...) {.name = word, .params = {__VA_ARGS__}, .run = function, .is_tensor_op = true}

const struct builtin builtin_tensor_table[] = {
    OPERATOR("conv", run_conv, {"x", T, NEEDED}, {"channels", I | W, NEEDED}, {"kernel", I | L, NEEDED}, {"stride", I, DEFAULT_INT(1)},
             {"padding", I | L | W, DEFAULT_SAME}, {"dilation", I, DEFAULT_INT(1)}, {"groups", I, DEFAULT_INT(1)}, {"bias", B, DEFAULT_BOOL(false)}),
    OPERATOR("linear", run_linear, {"x", T, NEEDED}, {"features", I, NEEDED}, {"bias", B, DEFAULT_BOOL(true)}),
    OPERATOR("batch_norm", run_batch_norm, {"x", T, NEEDED}, {"epsilon", REAL, DEFAULT_REAL(1e-5)}, {"decay", REAL, DEFAULT_REAL(0.9)}),
    OPERATOR("relu", run_plain, {"x", T, NEEDED}),
    OPERATOR("avg_pool", run_pool, {"x", T, NEEDED}, {"kernel", I, NEEDED}, {"stride", I | W, DEFAULT_SAME}, {"padding", I, DEFAULT_INT(0)}),
    OPERATOR("global_avg_pool", run_plain, {"x", T, NEEDED}),
    OPERATOR("max_pool", run_pool, {"x", T, NEEDED}, {"kernel", I, NEEDED}, {"stride", I | W, DEFAULT_SAME}, {"padding", I, DEFAULT_INT(0)}),
    OPERATOR("global_max_pool", run_plain, {"x", T, NEEDED}),
    OPERATOR("slice", run_slice, {"x", T, NEEDED}, {"channels", L, DEFAULT_ALL}, {"rows", L, DEFAULT_ALL}, {"columns", L, DEFAULT_ALL}),
    OPERATOR("pad", run_pad, {"x", T, NEEDED}, {"sides", I | L, NEEDED}),
    OPERATOR("reshape", run_reshape, {"x", T, NEEDED}, {"shape", L, NEEDED}),
    OPERATOR("subsample", run_subsample, {"x", T, NEEDED}, {"stride", I, NEEDED}, {"offset", I | L, DEFAULT_INT(0)}),
    OPERATOR("flatten", run_plain, {"x", T, NEEDED}),
    OPERATOR("dropout", run_dropout, {"x", T, NEEDED}, {"rate", REAL, NEEDED}),
    OPERATOR("square", run_plain, {"x", T, NEEDED}),
    OPERATOR("poly2", run_plain, {"x", T, NEEDED}),
    OPERATOR("upsample", run_upsample, {"x", T, NEEDED}, {"factor", I, NEEDED}),
    OPERATOR("softmax", run_plain, {"x", T, NEEDED}),
    OPERATOR("argmax", run_plain, {"x", T, NEEDED}),
    OPERATOR("identity", run_identity, {"x", T, NEEDED}),
    OPERATOR("add", run_many, {"xs", T | L, REST}),
    OPERATOR("concat", run_many, {"xs", T | L, REST}),
    OPERATOR("channels", run_fact, {"x", T, NEEDED}),
    OPERATOR("height", run_fact, {"x", T, NEEDED}),
    OPERATOR("width", run_fact, {"x", T, NEEDED}),
    OPERATOR("shape", run_fact, {"x", T, NEEDED}),
    OPERATOR("elements", run_fact, {"x", T, NEEDED}),
    {0},
};
