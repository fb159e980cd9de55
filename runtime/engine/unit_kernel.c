/* Layers that run as generated code runs them: the kernels of <cnas/kernel.h>, plain floats in and out. */
#include <string.h>

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/engine/run.h"

static size_t area(const struct cnas_operand *x)
{
    return (size_t)x->h * x->w;
}

static const struct cnas_operand *operand(const struct cn_engine_step *t, uint32_t j)
{
    return cn_engine_operand(&t->e->g, t->u->layer, j);
}

static size_t elements(const struct cn_engine_step *t)
{
    const struct cnas_layer *l = t->u->layer;
    return t->e->n * l->c * l->h * l->w;
}

enum cnas_status cn_engine_kernel_new(const struct cn_engine_step *t)
{
    const struct cnas_layer *l = t->u->layer;
    size_t floats = l->op == CNAS_OP_BATCH_NORM ? 2 * (size_t)l->c : l->n_x * (sizeof(float *) + sizeof(size_t)) / sizeof(float);
    t->s->vectors = cn_mem_zalloc(floats, sizeof(float));
    return t->s->vectors ? CNAS_OK : CNAS_E_MEMORY;
}

/* Joins: the operands, in the room of `vectors`. */
static const float *const *parts(const struct cn_engine_step *t)
{
    const float **x = (const float **)(void *)t->s->vectors;
    for (uint32_t j = 0; j < t->u->n_x; j++)
        x[j] = cn_engine_x(t, j);
    return x;
}

static const size_t *channels(const struct cn_engine_step *t)
{
    size_t *c = (size_t *)(void *)((const float **)(void *)t->s->vectors + t->u->n_x);
    for (uint32_t j = 0; j < t->u->n_x; j++)
        c[j] = operand(t, j)->c;
    return c;
}

static void norm_forward(const struct cn_engine_step *t, float *y, const float *x)
{
    const struct cnas_layer *l = t->u->layer;
    float *p = t->e->params;
    if (t->e->training)
        cnas_batch_norm_train(t->e->ctx, y, t->s->vectors, t->s->vectors + l->c, cn_engine_param(p, l->mean), cn_engine_param(p, l->var), x,
                              cn_engine_param(p, l->gamma), cn_engine_param(p, l->beta), t->e->n, l->c, (size_t)l->h * l->w, l->epsilon, l->decay);
    else
        cnas_batch_norm_infer(t->e->ctx, y, x, cn_engine_param(p, l->gamma), cn_engine_param(p, l->beta), cn_engine_param(p, l->mean),
                              cn_engine_param(p, l->var), t->e->n, l->c, (size_t)l->h * l->w, l->epsilon);
}

void cn_engine_kernel_forward(const struct cn_engine_step *t)
{
    const struct cnas_layer *l = t->u->layer;
    const struct cnas_operand *in = operand(t, 0);
    struct cnas_ctx *ctx = t->e->ctx;
    const size_t n = t->e->n;
    float *y = cn_engine_y(t), *w = cn_engine_param(t->e->params, l->weight), *bias = cn_engine_param(t->e->params, l->bias);
    const float *x = cn_engine_x(t, 0);
    switch (l->op) {
    case CNAS_OP_CONV:
        cnas_conv2d_forward(ctx, y, x, w, bias, n, l->window);
        return;
    case CNAS_OP_LINEAR:
        cnas_linear_forward(ctx, y, x, w, bias, n, in->c * area(in), l->c);
        return;
    case CNAS_OP_BATCH_NORM:
        norm_forward(t, y, x);
        return;
    case CNAS_OP_RELU:
        cnas_relu_forward(ctx, y, x, elements(t));
        return;
    case CNAS_OP_AVG_POOL:
        cnas_avg_pool_forward(ctx, y, x, n, l->window);
        return;
    case CNAS_OP_GLOBAL_AVG_POOL:
        cnas_global_avg_pool_forward(ctx, y, x, n, in->c, area(in));
        return;
    case CNAS_OP_SQUARE:
        cnas_square_forward(ctx, y, x, elements(t));
        return;
    case CNAS_OP_POLY2:
        cnas_poly2_forward(ctx, y, x, w, n, l->c, (size_t)l->h * l->w);
        return;
    case CNAS_OP_MAX_POOL:
        cnas_max_pool_forward(ctx, y, x, n, l->window);
        return;
    case CNAS_OP_SUBSAMPLE:
        cnas_subsample_forward(ctx, y, x, n, in->c, in->h, in->w, l->h, l->w, l->stride, l->offset_y, l->offset_x);
        return;
    case CNAS_OP_UPSAMPLE:
        cnas_upsample_forward(ctx, y, x, n, in->c, in->h, in->w, l->stride);
        return;
    case CNAS_OP_SLICE:
        cnas_slice_forward(ctx, y, x, n, l->slice);
        return;
    case CNAS_OP_ADD:
        cnas_add_forward(ctx, y, parts(t), t->u->n_x, elements(t));
        return;
    case CNAS_OP_CONCAT:
        cnas_concat_forward(ctx, y, parts(t), channels(t), t->u->n_x, n, (size_t)l->h * l->w);
        return;
    case CNAS_OP_DROPOUT:
        if (t->e->training)
            cnas_dropout_train(ctx, y, x, elements(t), l->rate, t->e->seed, l->seed);
        else
            memcpy(y, x, elements(t) * sizeof *y);
        return;
    case CNAS_OPS:
        break;
    }
    cn_misuse("a layer of a kind that does not exist");
}

static void joins_backward(const struct cn_engine_step *t, const float *dy)
{
    const struct cnas_layer *l = t->u->layer;
    size_t first = 0;
    for (uint32_t j = 0; j < t->u->n_x; first += operand(t, j++)->c) {
        float *dx = cn_engine_dx(t, j);
        if (dx && l->op == CNAS_OP_ADD)
            cnas_add_backward(t->e->ctx, dx, cn_engine_adds(t, j), dy, elements(t));
        else if (dx)
            cnas_concat_backward(t->e->ctx, dx, cn_engine_adds(t, j), dy, first, operand(t, j)->c, l->c, t->e->n, (size_t)l->h * l->w);
    }
}

void cn_engine_kernel_backward(const struct cn_engine_step *t)
{
    const struct cnas_layer *l = t->u->layer;
    const struct cnas_operand *in = operand(t, 0);
    struct cnas_ctx *ctx = t->e->ctx;
    const size_t n = t->e->n, hw = (size_t)l->h * l->w;
    float *dw = cn_engine_param(t->e->grads, l->weight), *dbias = cn_engine_param(t->e->grads, l->bias);
    const float *w = cn_engine_param(t->e->params, l->weight), *x = cn_engine_x_again(t, 0), *dy = cn_engine_dy(t);
    float *dx = cn_engine_dx(t, 0);
    const int add = cn_engine_adds(t, 0);
    switch (l->op) {
    case CNAS_OP_CONV:
        cnas_conv2d_backward(ctx, dx, add, dw, dbias, dy, x, w, n, l->window);
        return;
    case CNAS_OP_LINEAR:
        cnas_linear_backward(ctx, dx, add, dw, dbias, dy, x, w, n, in->c * area(in), l->c);
        return;
    case CNAS_OP_BATCH_NORM:
        cnas_batch_norm_backward(ctx, dx, add, cn_engine_param(t->e->grads, l->gamma), cn_engine_param(t->e->grads, l->beta), dy, x,
                                 cn_engine_param(t->e->params, l->gamma), t->s->vectors, t->s->vectors + l->c, n, l->c, hw);
        return;
    case CNAS_OP_RELU:
        cnas_relu_backward(ctx, dx, add, dy, cn_engine_y(t), elements(t));
        return;
    case CNAS_OP_AVG_POOL:
        cnas_avg_pool_backward(ctx, dx, add, dy, n, l->window);
        return;
    case CNAS_OP_GLOBAL_AVG_POOL:
        cnas_global_avg_pool_backward(ctx, dx, add, dy, n, in->c, area(in));
        return;
    case CNAS_OP_SQUARE:
        cnas_square_backward(ctx, dx, add, dy, x, elements(t));
        return;
    case CNAS_OP_POLY2:
        cnas_poly2_backward(ctx, dx, add, dw, dy, x, w, n, l->c, hw);
        return;
    case CNAS_OP_MAX_POOL:
        cnas_max_pool_backward(ctx, dx, add, dy, x, n, l->window);
        return;
    case CNAS_OP_SUBSAMPLE:
        cnas_subsample_backward(ctx, dx, add, dy, n, in->c, in->h, in->w, l->h, l->w, l->stride, l->offset_y, l->offset_x);
        return;
    case CNAS_OP_UPSAMPLE:
        cnas_upsample_backward(ctx, dx, add, dy, n, in->c, in->h, in->w, l->stride);
        return;
    case CNAS_OP_SLICE:
        cnas_slice_backward(ctx, dx, add, dy, n, l->slice);
        return;
    case CNAS_OP_ADD:
    case CNAS_OP_CONCAT:
        joins_backward(t, dy);
        return;
    case CNAS_OP_DROPOUT:
        cnas_dropout_backward(ctx, dx, add, dy, elements(t), l->rate, t->e->seed, l->seed);
        return;
    case CNAS_OPS:
        break;
    }
    cn_misuse("a layer of a kind that does not exist");
}
