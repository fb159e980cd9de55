/* The call of <cnas/kernel.h> that a layer makes: at inference, forward in training, backward. */
#include "compiler/emit/emit_internal.h"

#include <inttypes.h>

/* --- references --- */

static const char *buffer_ref(struct emit *e, const char *accessor, const char *prefix, const struct plan_slab *slab,
                              uint32_t buffer)
{
    return arena_printf(e->a, "%s(r, %s_%s)", accessor, prefix, emit_upper(e->a, slab->buffers[buffer].name));
}

static const char *act(struct emit *e, const struct plan_operand *x, enum emit_mode mode)
{
    return mode == EMIT_INFER ? buffer_ref(e, "cnas_act", "INFER", &e->p->infer, x->infer)
                              : buffer_ref(e, "cnas_act", "TRAIN", &e->p->train, x->train);
}

static const char *dact(struct emit *e, uint32_t grad)
{
    return grad == PLAN_NONE ? "NULL" : buffer_ref(e, "cnas_dact", "GRAD", &e->p->grad, grad);
}

/* A parameter, or its gradient: block is "params" or "grads". */
static const char *param(struct emit *e, const struct plan_layer *l, const char *block, enum plan_param_kind kind,
                         const char *suffix)
{
    return l->param[kind] == PLAN_NONE ? "NULL"
                                       : arena_printf(e->a, "r->%s + PARAM_%s_%s", block, emit_upper(e->a, l->name), suffix);
}

static const char *weight(struct emit *e, const struct plan_layer *l)
{
    return param(e, l, "params", PLAN_WEIGHT, "WEIGHT");
}

static const char *bias(struct emit *e, const struct plan_layer *l)
{
    return param(e, l, "params", PLAN_BIAS, "BIAS");
}

static uint64_t area(struct plan_dims d)
{
    return (uint64_t)d.h * d.w;
}

static const char *elements(struct emit *e, const struct plan_layer *l)
{
    return arena_printf(e->a, "r->n * %s", emit_product(e->a, l->y.dims));
}

/* --- kernels --- */

static const char *shape_ref(struct emit *e, const struct plan_layer *l)
{
    return arena_printf(e->a, "&%s_%s_shape", e->net, l->name);
}

static const char *state(struct emit *e, const struct plan_layer *l, bool second)
{
    const char *at = arena_printf(e->a, "r->state + STATE_%s", emit_upper(e->a, l->name));
    return second ? arena_printf(e->a, "%s + %" PRIu32, at, l->y.dims.c) : at;
}

/* What every backward kernel begins with: context, dx, whether it adds. */
static struct c_items backward_items(struct emit *e, const struct plan_operand *x)
{
    struct c_items items = c_items_new(e->a);
    c_item(&items, "r->ctx");
    c_item(&items, "%s", dact(e, x->grad));
    c_item(&items, "%d", x->add);
    return items;
}

static struct c_items forward_items(struct emit *e, const struct plan_layer *l, enum emit_mode mode)
{
    struct c_items items = c_items_new(e->a);
    c_item(&items, "r->ctx");
    c_item(&items, "%s", act(e, &l->y, mode));
    return items;
}

/* conv and linear: the tail says the shape. */
static void print_weighted(struct emit *e, struct text *t, const struct plan_layer *l, enum emit_mode mode)
{
    const char *kernel = l->op == PLAN_CONV ? "cnas_conv2d" : "cnas_linear";
    const bool back = mode == EMIT_BACKWARD;
    struct c_items items = back ? backward_items(e, l->x) : forward_items(e, l, mode);
    if (back) {
        c_item(&items, "%s", param(e, l, "grads", PLAN_WEIGHT, "WEIGHT"));
        c_item(&items, "%s", param(e, l, "grads", PLAN_BIAS, "BIAS"));
        c_item(&items, "%s", dact(e, l->y.grad));
    }
    c_item(&items, "%s", act(e, l->x, mode));
    c_item(&items, "%s", weight(e, l));
    if (!back)
        c_item(&items, "%s", bias(e, l));
    c_item(&items, "r->n");
    if (l->op == PLAN_CONV) {
        c_item(&items, "%s", shape_ref(e, l));
    } else {
        c_item(&items, "%s", emit_product(e->a, l->x[0].dims));
        c_item(&items, "%" PRIu32, l->y.dims.c);
    }
    c_call(t, C_CALL, arena_printf(e->a, "%s_%s", kernel, back ? "backward" : "forward"), &items);
}

static void print_batch_norm(struct emit *e, struct text *t, const struct plan_layer *l, enum emit_mode mode)
{
    struct c_items items = mode == EMIT_BACKWARD ? backward_items(e, l->x) : forward_items(e, l, mode);
    const char *gamma = param(e, l, "params", PLAN_GAMMA, "GAMMA"), *beta = param(e, l, "params", PLAN_BETA, "BETA");
    const char *mean = param(e, l, "params", PLAN_MEAN, "MEAN"), *var = param(e, l, "params", PLAN_VAR, "VAR");
    switch (mode) {
    case EMIT_INFER:
        c_item(&items, "%s", act(e, l->x, mode));
        c_item(&items, "%s", gamma);
        c_item(&items, "%s", beta);
        c_item(&items, "%s", mean);
        c_item(&items, "%s", var);
        break;
    case EMIT_FORWARD:
        c_item(&items, "%s", state(e, l, false));
        c_item(&items, "%s", state(e, l, true));
        c_item(&items, "%s", mean);
        c_item(&items, "%s", var);
        c_item(&items, "%s", act(e, l->x, mode));
        c_item(&items, "%s", gamma);
        c_item(&items, "%s", beta);
        break;
    case EMIT_BACKWARD:
        c_item(&items, "%s", param(e, l, "grads", PLAN_GAMMA, "GAMMA"));
        c_item(&items, "%s", param(e, l, "grads", PLAN_BETA, "BETA"));
        c_item(&items, "%s", dact(e, l->y.grad));
        c_item(&items, "%s", act(e, l->x, mode));
        c_item(&items, "%s", gamma);
        c_item(&items, "%s", state(e, l, false));
        c_item(&items, "%s", state(e, l, true));
        break;
    }
    c_item(&items, "r->n");
    c_item(&items, "%" PRIu32, l->y.dims.c);
    c_item(&items, area(l->y.dims) == 1 ? "1" : "%" PRIu32 " * %" PRIu32, l->y.dims.h, l->y.dims.w);
    if (mode != EMIT_BACKWARD)
        c_item(&items, "%s", c_float(e->a, l->epsilon));
    if (mode == EMIT_FORWARD)
        c_item(&items, "%s", c_float(e->a, l->decay));
    c_call(t, C_CALL,
           mode == EMIT_INFER     ? "cnas_batch_norm_infer"
           : mode == EMIT_FORWARD ? "cnas_batch_norm_train"
                                  : "cnas_batch_norm_backward",
           &items);
}

static void print_poly2(struct emit *e, struct text *t, const struct plan_layer *l, enum emit_mode mode)
{
    const bool back = mode == EMIT_BACKWARD;
    struct c_items items = back ? backward_items(e, l->x) : forward_items(e, l, mode);
    if (back) {
        c_item(&items, "%s", param(e, l, "grads", PLAN_COEFFICIENTS, "COEFFICIENTS"));
        c_item(&items, "%s", dact(e, l->y.grad));
    }
    c_item(&items, "%s", act(e, l->x, mode));
    c_item(&items, "%s", param(e, l, "params", PLAN_COEFFICIENTS, "COEFFICIENTS"));
    c_item(&items, "r->n");
    c_item(&items, "%" PRIu32, l->y.dims.c);
    c_item(&items, area(l->y.dims) == 1 ? "1" : "%" PRIu32 " * %" PRIu32, l->y.dims.h, l->y.dims.w);
    c_call(t, C_CALL, back ? "cnas_poly2_backward" : "cnas_poly2_forward", &items);
}

/* relu, square, upsample, pools, subsample, slice, pad, dropout: y from x, then numbers. */
static void print_plain(struct emit *e, struct text *t, const struct plan_layer *l, enum emit_mode mode)
{
    const bool back = mode == EMIT_BACKWARD;
    const struct plan_dims in = l->x[0].dims, out = l->y.dims;
    const struct plan_window *w = &l->window;
    struct c_items items = back ? backward_items(e, l->x) : forward_items(e, l, mode);
    c_item(&items, "%s", back ? dact(e, l->y.grad) : act(e, l->x, mode));
    switch (l->op) {
    case PLAN_RELU:
        if (back)
            c_item(&items, "%s", act(e, &l->y, mode));
        c_item(&items, "%s", elements(e, l));
        break;
    case PLAN_AVG_POOL:
        c_item(&items, "r->n");
        c_item(&items, "%s", shape_ref(e, l));
        break;
    case PLAN_SQUARE:
        if (back)
            c_item(&items, "%s", act(e, l->x, mode));
        c_item(&items, "%s", elements(e, l));
        break;
    case PLAN_UPSAMPLE:
        c_item(&items, "r->n");
        c_item(&items, "%" PRIu32, in.c);
        c_item(&items, "%" PRIu32, in.h);
        c_item(&items, "%" PRIu32, in.w);
        c_item(&items, "%" PRIu32, w->stride);
        break;
    case PLAN_MAX_POOL:
        if (back)
            c_item(&items, "%s", act(e, l->x, mode));
        c_item(&items, "r->n");
        c_item(&items, "%s", shape_ref(e, l));
        break;
    case PLAN_SLICE:
    case PLAN_PAD:
        c_item(&items, "r->n");
        c_item(&items, "%s", shape_ref(e, l));
        break;
    case PLAN_GLOBAL_AVG_POOL:
        c_item(&items, "r->n");
        c_item(&items, "%" PRIu32, in.c);
        c_item(&items, "%" PRIu32 " * %" PRIu32, in.h, in.w);
        break;
    case PLAN_SUBSAMPLE:
        c_item(&items, "r->n");
        c_item(&items, "%" PRIu32, in.c);
        c_item(&items, "%" PRIu32, in.h);
        c_item(&items, "%" PRIu32, in.w);
        c_item(&items, "%" PRIu32, out.h);
        c_item(&items, "%" PRIu32, out.w);
        c_item(&items, "%" PRIu32, w->stride);
        c_item(&items, "%" PRIu32, w->offset_y);
        c_item(&items, "%" PRIu32, w->offset_x);
        break;
    case PLAN_DROPOUT:
        c_item(&items, "%s", elements(e, l));
        c_item(&items, "%s", c_float(e->a, l->rate));
        c_item(&items, "r->seed");
        c_item(&items, "%" PRIu32, l->seed);
        break;
    default:
        bug("a layer of another kind");
    }
    const char *kernel = emit_has_slice(l) ? "slice" : plan_op_name(l->op);
    c_call(t, C_CALL,
           arena_printf(e->a, "cnas_%s_%s", kernel,
                        back                    ? "backward"
                        : l->op == PLAN_DROPOUT ? "train"
                                                : "forward"),
           &items);
}

/* add and concat: pointers to the parts forward, one call for each part backward. */
static void print_join_forward(struct emit *e, struct text *t, const struct plan_layer *l, enum emit_mode mode)
{
    struct c_items parts = c_items_new(e->a), channels = c_items_new(e->a), items = forward_items(e, l, mode);
    for (uint32_t k = 0; k < l->n_x; k++) {
        c_item(&parts, "%s", act(e, &l->x[k], mode));
        c_item(&channels, "%" PRIu32, l->x[k].dims.c);
    }
    c_list(t, "const float *const x[] = {", &parts, "};");
    c_item(&items, "x");
    if (l->op == PLAN_CONCAT) {
        c_list(t, "const size_t c[] = {", &channels, "};");
        c_item(&items, "c");
    }
    c_item(&items, "%" PRIu32, l->n_x);
    if (l->op == PLAN_ADD) {
        c_item(&items, "%s", elements(e, l));
    } else {
        c_item(&items, "r->n");
        c_item(&items, area(l->y.dims) == 1 ? "1" : "%" PRIu32 " * %" PRIu32, l->y.dims.h, l->y.dims.w);
    }
    c_call(t, C_CALL, l->op == PLAN_ADD ? "cnas_add_forward" : "cnas_concat_forward", &items);
}

static void print_join_backward(struct emit *e, struct text *t, const struct plan_layer *l)
{
    uint32_t first = 0;
    for (uint32_t k = 0; k < l->n_x; first += l->x[k++].dims.c) {
        if (l->x[k].grad == PLAN_NONE)
            continue;
        struct c_items items = backward_items(e, &l->x[k]);
        c_item(&items, "%s", dact(e, l->y.grad));
        if (l->op == PLAN_ADD) {
            c_item(&items, "%s", elements(e, l));
        } else {
            c_item(&items, "%" PRIu32, first);
            c_item(&items, "%" PRIu32, l->x[k].dims.c);
            c_item(&items, "%" PRIu32, l->y.dims.c);
            c_item(&items, "r->n");
            c_item(&items, area(l->y.dims) == 1 ? "1" : "%" PRIu32 " * %" PRIu32, l->y.dims.h, l->y.dims.w);
        }
        c_call(t, C_CALL, l->op == PLAN_ADD ? "cnas_add_backward" : "cnas_concat_backward", &items);
    }
}

void emit_kernel(struct emit *e, struct text *t, const struct plan_layer *l, enum emit_mode mode)
{
    switch (l->op) {
    case PLAN_CONV:
    case PLAN_LINEAR:
        print_weighted(e, t, l, mode);
        break;
    case PLAN_BATCH_NORM:
        print_batch_norm(e, t, l, mode);
        break;
    case PLAN_POLY2:
        print_poly2(e, t, l, mode);
        break;
    case PLAN_ADD:
    case PLAN_CONCAT:
        if (mode == EMIT_BACKWARD)
            print_join_backward(e, t, l);
        else
            print_join_forward(e, t, l, mode);
        break;
    default:
        print_plain(e, t, l, mode);
    }
}
