/* The walk: for each layer the call of <cnas/kernel.h> that compiler/emit/kernel.c prints, with the same arguments. */
#include "compiler/oracle/model.h"

struct step { /* one layer of one run */
    const struct cnas_run *r;
    const struct plan *p;
    const struct plan_layer *l;
    const struct oracle_layer *more;
    const float **parts;
    bool training;
};

/* --- what a call refers to --- */

static float *act(const struct step *s, const struct plan_operand *x)
{
    return cnas_act(s->r, s->training ? s->p->train.buffers[x->train].offset : s->p->infer.buffers[x->infer].offset);
}

static float *dact(const struct step *s, const struct plan_operand *x)
{
    return x->grad == PLAN_NONE ? NULL : cnas_dact(s->r, s->p->grad.buffers[x->grad].offset);
}

static float *param_in(const struct step *s, float *block, enum plan_param_kind kind)
{
    const uint32_t i = s->l->param[kind];
    return i == PLAN_NONE ? NULL : block + s->p->params[i].offset;
}

static float *param(const struct step *s, enum plan_param_kind kind)
{
    return param_in(s, s->r->params, kind);
}

static float *grad(const struct step *s, enum plan_param_kind kind)
{
    return param_in(s, s->r->grads, kind);
}

static size_t area(struct plan_dims d)
{
    return (size_t)d.h * d.w;
}

static size_t elements(const struct step *s)
{
    return s->r->n * s->l->y.dims.c * area(s->l->y.dims);
}

/* --- layers, forward --- */

static void conv_forward(const struct step *s)
{
    cnas_conv2d_forward(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), param(s, PLAN_WEIGHT), param(s, PLAN_BIAS), s->r->n, &s->more->conv);
}

static void linear_forward(const struct step *s)
{
    const struct plan_dims in = s->l->x[0].dims;
    cnas_linear_forward(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), param(s, PLAN_WEIGHT), param(s, PLAN_BIAS), s->r->n, in.c * area(in),
                        s->l->y.dims.c);
}

static void batch_norm_forward(const struct step *s)
{
    const struct plan_dims d = s->l->y.dims;
    if (s->training) {
        float *state = s->r->state + s->l->state;
        cnas_batch_norm_train(s->r->ctx, act(s, &s->l->y), state, state + d.c, param(s, PLAN_MEAN), param(s, PLAN_VAR), act(s, s->l->x),
                              param(s, PLAN_GAMMA), param(s, PLAN_BETA), s->r->n, d.c, area(d), s->more->epsilon, s->more->decay);
    } else {
        cnas_batch_norm_infer(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), param(s, PLAN_GAMMA), param(s, PLAN_BETA), param(s, PLAN_MEAN),
                              param(s, PLAN_VAR), s->r->n, d.c, area(d), s->more->epsilon);
    }
}

static void relu_forward(const struct step *s)
{
    cnas_relu_forward(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), elements(s));
}

static void avg_pool_forward(const struct step *s)
{
    cnas_avg_pool_forward(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), s->r->n, &s->more->conv);
}

static void global_avg_pool_forward(const struct step *s)
{
    const struct plan_dims in = s->l->x[0].dims;
    cnas_global_avg_pool_forward(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), s->r->n, in.c, area(in));
}

static void square_forward(const struct step *s)
{
    cnas_square_forward(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), elements(s));
}

static void poly2_forward(const struct step *s)
{
    const struct plan_dims d = s->l->y.dims;
    cnas_poly2_forward(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), param(s, PLAN_COEFFICIENTS), s->r->n, d.c, area(d));
}

static void max_pool_forward(const struct step *s)
{
    cnas_max_pool_forward(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), s->r->n, &s->more->conv);
}

static void subsample_forward(const struct step *s)
{
    const struct plan_dims in = s->l->x[0].dims, out = s->l->y.dims;
    const struct plan_window *w = &s->l->window;
    cnas_subsample_forward(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), s->r->n, in.c, in.h, in.w, out.h, out.w, w->stride, w->offset_y,
                           w->offset_x);
}

static void upsample_forward(const struct step *s)
{
    const struct plan_dims in = s->l->x[0].dims;
    cnas_upsample_forward(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), s->r->n, in.c, in.h, in.w, s->l->window.stride);
}

static void slice_forward(const struct step *s)
{
    cnas_slice_forward(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), s->r->n, &s->more->slice);
}

static const float *const *parts(const struct step *s)
{
    for (uint32_t i = 0; i < s->l->n_x; i++)
        s->parts[i] = act(s, &s->l->x[i]);
    return s->parts;
}

static void add_forward(const struct step *s)
{
    cnas_add_forward(s->r->ctx, act(s, &s->l->y), parts(s), s->l->n_x, elements(s));
}

static void concat_forward(const struct step *s)
{
    cnas_concat_forward(s->r->ctx, act(s, &s->l->y), parts(s), s->more->channels, s->l->n_x, s->r->n, area(s->l->y.dims));
}

static void dropout_forward(const struct step *s)
{
    if (s->training) /* at inference its result is its input's buffer */
        cnas_dropout_train(s->r->ctx, act(s, &s->l->y), act(s, s->l->x), elements(s), s->more->rate, s->r->seed, s->l->seed);
}

/* --- layers, backward --- */

static void conv_backward(const struct step *s)
{
    cnas_conv2d_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, grad(s, PLAN_WEIGHT), grad(s, PLAN_BIAS), dact(s, &s->l->y),
                         act(s, s->l->x), param(s, PLAN_WEIGHT), s->r->n, &s->more->conv);
}

static void linear_backward(const struct step *s)
{
    const struct plan_dims in = s->l->x[0].dims;
    cnas_linear_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, grad(s, PLAN_WEIGHT), grad(s, PLAN_BIAS), dact(s, &s->l->y),
                         act(s, s->l->x), param(s, PLAN_WEIGHT), s->r->n, in.c * area(in), s->l->y.dims.c);
}

static void batch_norm_backward(const struct step *s)
{
    const struct plan_dims d = s->l->y.dims;
    const float *state = s->r->state + s->l->state;
    cnas_batch_norm_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, grad(s, PLAN_GAMMA), grad(s, PLAN_BETA), dact(s, &s->l->y),
                             act(s, s->l->x), param(s, PLAN_GAMMA), state, state + d.c, s->r->n, d.c, area(d));
}

static void relu_backward(const struct step *s)
{
    cnas_relu_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, dact(s, &s->l->y), act(s, &s->l->y), elements(s));
}

static void avg_pool_backward(const struct step *s)
{
    cnas_avg_pool_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, dact(s, &s->l->y), s->r->n, &s->more->conv);
}

static void global_avg_pool_backward(const struct step *s)
{
    const struct plan_dims in = s->l->x[0].dims;
    cnas_global_avg_pool_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, dact(s, &s->l->y), s->r->n, in.c, area(in));
}

static void square_backward(const struct step *s)
{
    cnas_square_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, dact(s, &s->l->y), act(s, s->l->x), elements(s));
}

static void poly2_backward(const struct step *s)
{
    const struct plan_dims d = s->l->y.dims;
    cnas_poly2_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, grad(s, PLAN_COEFFICIENTS), dact(s, &s->l->y), act(s, s->l->x),
                        param(s, PLAN_COEFFICIENTS), s->r->n, d.c, area(d));
}

static void max_pool_backward(const struct step *s)
{
    cnas_max_pool_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, dact(s, &s->l->y), act(s, s->l->x), s->r->n, &s->more->conv);
}

static void subsample_backward(const struct step *s)
{
    const struct plan_dims in = s->l->x[0].dims, out = s->l->y.dims;
    const struct plan_window *w = &s->l->window;
    cnas_subsample_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, dact(s, &s->l->y), s->r->n, in.c, in.h, in.w, out.h, out.w, w->stride,
                            w->offset_y, w->offset_x);
}

static void upsample_backward(const struct step *s)
{
    const struct plan_dims in = s->l->x[0].dims;
    cnas_upsample_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, dact(s, &s->l->y), s->r->n, in.c, in.h, in.w, s->l->window.stride);
}

static void slice_backward(const struct step *s)
{
    cnas_slice_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, dact(s, &s->l->y), s->r->n, &s->more->slice);
}

static void add_backward(const struct step *s)
{
    for (uint32_t i = 0; i < s->l->n_x; i++)
        if (s->l->x[i].grad != PLAN_NONE)
            cnas_add_backward(s->r->ctx, dact(s, &s->l->x[i]), s->l->x[i].add, dact(s, &s->l->y), elements(s));
}

static void concat_backward(const struct step *s)
{
    size_t first = 0;
    for (uint32_t i = 0; i < s->l->n_x; first += s->more->channels[i++])
        if (s->l->x[i].grad != PLAN_NONE)
            cnas_concat_backward(s->r->ctx, dact(s, &s->l->x[i]), s->l->x[i].add, dact(s, &s->l->y), first, s->more->channels[i],
                                 s->l->y.dims.c, s->r->n, area(s->l->y.dims));
}

static void dropout_backward(const struct step *s)
{
    cnas_dropout_backward(s->r->ctx, dact(s, s->l->x), s->l->x->add, dact(s, &s->l->y), elements(s), s->more->rate, s->r->seed, s->l->seed);
}

/* --- the walk --- */

static const struct {
    void (*forward)(const struct step *s), (*backward)(const struct step *s);
} ops[PLAN_OP_COUNT] = {
    [PLAN_CONV] = {conv_forward, conv_backward},
    [PLAN_LINEAR] = {linear_forward, linear_backward},
    [PLAN_BATCH_NORM] = {batch_norm_forward, batch_norm_backward},
    [PLAN_RELU] = {relu_forward, relu_backward},
    [PLAN_AVG_POOL] = {avg_pool_forward, avg_pool_backward},
    [PLAN_GLOBAL_AVG_POOL] = {global_avg_pool_forward, global_avg_pool_backward},
    [PLAN_SQUARE] = {square_forward, square_backward},
    [PLAN_POLY2] = {poly2_forward, poly2_backward},
    [PLAN_MAX_POOL] = {max_pool_forward, max_pool_backward},
    [PLAN_SUBSAMPLE] = {subsample_forward, subsample_backward},
    [PLAN_UPSAMPLE] = {upsample_forward, upsample_backward},
    [PLAN_SLICE] = {slice_forward, slice_backward},
    [PLAN_PAD] = {slice_forward, slice_backward},
    [PLAN_ADD] = {add_forward, add_backward},
    [PLAN_CONCAT] = {concat_forward, concat_backward},
    [PLAN_DROPOUT] = {dropout_forward, dropout_backward},
};

static struct step step_at(const struct cnas_run *r, uint32_t layer, bool training)
{
    const struct oracle_model *m = (const struct oracle_model *)r->model;
    return (struct step){r, m->plan, &m->plan->layers[layer], &m->layers[layer], m->parts, training};
}

static uint32_t layers_of(const struct cnas_run *r)
{
    if (!r->model || r->model->infer != oracle_walk_infer)
        bug("a run that does not name the executor's model");
    return ((const struct oracle_model *)r->model)->plan->n_layers;
}

static void forward(const struct cnas_run *r, bool training)
{
    for (uint32_t i = 0, n = layers_of(r); i < n; i++) {
        const struct step s = step_at(r, i, training);
        ops[s.l->op].forward(&s);
    }
}

void oracle_walk_infer(const struct cnas_run *r)
{
    forward(r, false);
}

void oracle_walk_forward(const struct cnas_run *r)
{
    forward(r, true);
}

void oracle_walk_backward(const struct cnas_run *r)
{
    for (uint32_t i = layers_of(r); i-- > 0;) {
        const struct step s = step_at(r, i, true);
        if (s.l->y.grad != PLAN_NONE)
            ops[s.l->op].backward(&s);
    }
}
