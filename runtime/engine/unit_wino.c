/* A convolution on wino.h, which makes batch norm and ReLU around it while it reads and writes: see virtual.c. */
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/mem.h"
#include "runtime/engine/run.h"
#include "runtime/engine/wino.h"
#include "runtime/kernel/ctx.h"

struct cn_engine_wino_unit {
    struct cnas_conv_shape shape, mirrored;
    const float *weights; /* the caller's */
    float *packed;        /* kept, in an engine for inference alone; NULL: packed anew for each batch and direction */
    float *bias;          /* padded; NULL: none */
    float *ones, *zeros;  /* padded, by x's channels: a ReLU's read without batch norm */
    size_t floats;
    double sums[]; /* of the result: 2 padded */
};

enum cnas_status cn_engine_wino_new(const struct cn_engine_step *t)
{
    const struct cnas_conv_shape s = *t->u->layer->window;
    const size_t in = cn_engine_channels(s.c), out = cn_engine_channels(s.k), kept = t->e->o.training ? 0 : cn_kernel_round(cn_engine_wino_weights(&s));
    struct cn_engine_wino_unit *w = cn_mem_zalloc(1, sizeof *w + 2 * out * sizeof(double));
    t->s->wino = w;
    if (!w)
        return CNAS_E_MEMORY;
    w->shape = s;
    w->mirrored = cn_engine_wino_mirror(&s);
    w->floats = kept + out + 2 * in;
    float *at = cn_mem_zalloc(w->floats, sizeof *at);
    if (!at)
        return CNAS_E_MEMORY;
    w->ones = at;
    w->zeros = at + in;
    w->bias = t->u->layer->bias ? at + 2 * in : NULL;
    w->packed = kept ? at + 2 * in + out : NULL;
    for (size_t i = 0; i < s.c; i++)
        w->ones[i] = 1;
    return CNAS_OK;
}

void cn_engine_wino_free(struct cn_engine_wino_unit **w)
{
    if (*w)
        cn_mem_free((*w)->ones);
    cn_mem_free(*w);
    *w = NULL;
}

size_t cn_engine_wino_memory(const struct cn_engine_wino_unit *w)
{
    return w->floats * sizeof(float);
}

double *cn_engine_wino_sums(struct cn_engine_wino_unit *w)
{
    return w->sums;
}

void cn_engine_wino_unit_weights(const struct cn_engine_step *t)
{
    struct cn_engine_wino_unit *w = t->s->wino;
    w->weights = cn_engine_param(t->e->params, t->u->layer->weight);
    if (w->packed)
        cn_engine_wino_pack(t->e->ctx, w->packed, w->weights, 0, &w->shape);
    if (w->bias)
        memcpy(w->bias, cn_engine_param(t->e->params, t->u->layer->bias), w->shape.k * sizeof(float));
}

static struct cn_engine_wino_filter filter(const struct cn_engine_step *t, int mirrored)
{
    const struct cn_engine_wino_unit *w = t->s->wino;
    return (struct cn_engine_wino_filter){.packed = mirrored ? NULL : w->packed, .w = w->weights, .mirrored = mirrored,
                                          .pack_s = &t->s->pack_s[mirrored]};
}

/* --- reading --- */

/* The unit whose result x is, if that is not in memory; else NULL. */
static const struct cn_engine_unit *maker_of_x(const struct cn_engine_step *t)
{
    const struct cn_engine_value *v = &t->e->g.values[t->u->x[0].value];
    return v->is_virtual ? &t->e->g.units[v->unit] : NULL;
}

static struct cn_engine_state *state_of(const struct cn_engine_step *t, const struct cn_engine_unit *u)
{
    return &t->e->states[u - t->e->g.units];
}

static struct cn_engine_wino_read read_x(const struct cn_engine_step *t, const void *x)
{
    const struct cn_engine_unit *maker = maker_of_x(t);
    struct cn_engine_wino_read r = {.type = t->e->o.type, .x = x};
    if (!maker)
        return r;
    const struct cn_engine_bn *bn = &state_of(t, maker)->bn[0];
    r.scale = maker->norm[0] ? bn->scale : t->s->wino->ones;
    r.shift = maker->norm[0] ? bn->shift : t->s->wino->zeros;
    r.relu = maker->relu;
    return r;
}

static struct cn_engine_wino_read read_dy(const struct cn_engine_step *t)
{
    const struct cn_engine_value *y = &t->e->g.values[t->u->y];
    if (y->behind == CN_ENGINE_NONE)
        return (struct cn_engine_wino_read){.type = t->e->o.type, .x = cn_engine_dy(t)};
    const struct cn_engine_unit *sum = &t->e->g.units[y->behind];
    const uint32_t branch = sum->x[0].value == t->u->y ? 0 : 1;
    const struct cn_engine_bn *bn = &state_of(t, sum)->bn[branch];
    /* Of one branch the gradient was kept as it came. */
    return (struct cn_engine_wino_read){.type = t->e->o.type, .x = t->e->at->grad[cn_engine_sum_gradient(sum)], .z = cn_engine_y(t),
                                        .of_g = bn->of_g, .of_z = bn->of_z, .of_1 = bn->of_1, .scale = bn->scale, .shift = bn->shift,
                                        .relu = sum->relu && sum->n_x == 1};
}

/* --- both directions --- */

void cn_engine_wino_forward(const struct cn_engine_step *t)
{
    struct cn_engine_wino_unit *w = t->s->wino;
    const struct cn_engine_wino_read x = read_x(t, cn_engine_x(t, 0));
    const struct cn_engine_wino_write y = {.type = t->e->o.type, .y = cn_engine_y(t), .bias = w->bias};
    const struct cn_engine_wino_filter f = filter(t, 0);
    cn_engine_wino_run(t->e->ctx, &y, &x, &f, &w->shape, t->e->n, t->e->training && t->u->sums ? w->sums : NULL);
}

static void backward_data(const struct cn_engine_step *t, const struct cn_engine_wino_read *dy)
{
    const struct cn_engine_wino_unit *w = t->s->wino;
    const struct cn_engine_unit *maker = maker_of_x(t);
    struct cn_engine_wino_write dx = {.type = t->e->o.type, .y = cn_engine_dx(t, 0), .add = cn_engine_adds(t, 0)};
    if (!dx.y)
        return;
    const struct cn_engine_wino_filter f = filter(t, 1);
    if (!maker || !maker->norm[0]) {
        cn_engine_wino_run(t->e->ctx, &dx, dy, &f, &w->mirrored, t->e->n, NULL);
        return;
    }
    struct cn_engine_state *s = state_of(t, maker);
    dx.z = cn_engine_x_again(t, 0);
    dx.scale = maker->relu ? s->bn[0].scale : NULL;
    dx.shift = maker->relu ? s->bn[0].shift : NULL;
    cn_engine_wino_run(t->e->ctx, &dx, dy, &f, &w->mirrored, t->e->n, s->sums);
}

void cn_engine_wino_backward(const struct cn_engine_step *t)
{
    const struct cnas_layer *l = t->u->layer;
    const struct cn_engine_wino_read x = read_x(t, cn_engine_x_again(t, 0)), dy = read_dy(t);
    const double before = cn_clock_s();
    cn_engine_wino_gradient(t->e->ctx, cn_engine_param(t->e->grads, l->weight), cn_engine_param(t->e->grads, l->bias), &dy, &x,
                            &t->s->wino->shape, t->e->n);
    t->s->gradient_s += cn_clock_s() - before;
    backward_data(t, &dy);
}
