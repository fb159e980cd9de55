/* A convolution on blocked values: by conv.h, or where that has no way for the shape, by the kernels of <cnas/kernel.h> between two
 * changes of format. */
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/engine/run.h"
#include "runtime/engine/wino.h"

static int is_plain_x(const struct cn_engine_step *t)
{
    return !t->e->g.values[t->u->x[0].value].blocked;
}

enum cnas_status cn_engine_unit_conv_new(const struct cn_engine_step *t, struct cnas_error *err)
{
    const struct cn_engine_options *o = &t->e->o;
    const struct cn_engine_conv_want want = {
        .shape = *t->u->layer->window, .n = o->batch, .type = o->type, .plain_x = is_plain_x(t), .bias = t->u->layer->bias != NULL,
        .forward_only = !o->training, .no_dx = !t->e->g.values[t->u->x[0].value].wants};
    const enum cnas_status status = cn_engine_conv_new(&t->s->conv, t->e->ctx, &want, o->tuning, err);
    return status == CNAS_E_RANGE ? CNAS_OK : status;
}

/* Our Winograd kernels save passes of other units and memory, beside being as fast as any. With very many channels, where those passes are
 * little beside the products, it is the measurements that decide: two directions of three. */
int cn_engine_unit_conv_prefers_wino(const struct cn_engine_step *t)
{
    enum { MANY = 256 };
    const struct cnas_conv_shape *s = t->u->layer->window;
    if (is_plain_x(t) || !cn_engine_wino_fits(s))
        return 0;
    if (!t->s->conv)
        return s->c <= MANY && s->k <= MANY;
    const char *const ways[] = {cn_engine_conv_forward_way(t->s->conv), cn_engine_conv_data_way(t->s->conv), cn_engine_conv_weights_way(t->s->conv)};
    int ours = 0, all = 0;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        all += ways[i] != NULL;
        ours += ways[i] && !strcmp(ways[i], "cnas_wino");
    }
    return 3 * ours >= 2 * all;
}

static size_t floats(const struct cn_engine_step *t, int32_t v)
{
    const struct cn_engine_map m = *cn_engine_map_of(t, v);
    return ((size_t)m.c * m.h * m.w * t->e->o.batch + 15) / 16 * 16;
}

size_t cn_engine_unit_conv_scratch(const struct cn_engine_step *t)
{
    return t->s->conv ? cn_engine_conv_scratch(t->s->conv) : (floats(t, t->u->x[0].value) + floats(t, t->u->y)) * sizeof(float);
}

void cn_engine_unit_conv_weights(const struct cn_engine_step *t)
{
    if (t->s->conv)
        cn_engine_conv_weights(t->s->conv, cn_engine_param(t->e->params, t->u->layer->weight), cn_engine_param(t->e->params, t->u->layer->bias));
}

/* x and y as the kernels want them, in scratch. */
struct plain {
    float *x, *y;
};

static struct plain plain(const struct cn_engine_step *t, void *scratch)
{
    return (struct plain){scratch, (float *)scratch + floats(t, t->u->x[0].value)};
}

static const float *unpacked_x(const struct cn_engine_step *t, struct plain p, const void *x)
{
    if (is_plain_x(t))
        return x;
    cn_engine_unpack(t->e->ctx, t->e->o.type, *cn_engine_map_of(t, t->u->x[0].value), p.x, x, t->e->n);
    return p.x;
}

void cn_engine_unit_conv_forward(const struct cn_engine_step *t)
{
    const struct cnas_layer *l = t->u->layer;
    void *scratch = t->e->at->scratch[t->i];
    if (t->s->conv) {
        cn_engine_conv_forward(t->s->conv, cn_engine_y(t), cn_engine_x(t, 0), t->e->n, scratch);
        return;
    }
    const struct plain p = plain(t, scratch);
    cnas_conv2d_forward(t->e->ctx, p.y, unpacked_x(t, p, cn_engine_x(t, 0)), cn_engine_param(t->e->params, l->weight),
                        cn_engine_param(t->e->params, l->bias), t->e->n, l->window);
    cn_engine_pack(t->e->ctx, t->e->o.type, *cn_engine_map_of(t, t->u->y), cn_engine_y(t), p.y, t->e->n);
}

void cn_engine_unit_conv_backward(const struct cn_engine_step *t)
{
    const struct cnas_layer *l = t->u->layer;
    void *scratch = t->e->at->scratch[t->e->g.n_units + t->i], *dx = cn_engine_dx(t, 0);
    float *dw = cn_engine_param(t->e->grads, l->weight), *dbias = cn_engine_param(t->e->grads, l->bias);
    const double before = cn_clock_s();
    if (t->s->conv) {
        cn_engine_conv_backward_weights(t->s->conv, dw, dbias, cn_engine_dy(t), cn_engine_x_again(t, 0), t->e->n, scratch);
        t->s->gradient_s += cn_clock_s() - before;
        if (dx)
            cn_engine_conv_backward_data(t->s->conv, dx, cn_engine_dy(t), t->e->n, scratch);
        return;
    }
    const struct plain p = plain(t, scratch);
    const float *w = cn_engine_param(t->e->params, l->weight), *x = unpacked_x(t, p, cn_engine_x_again(t, 0));
    cn_engine_unpack(t->e->ctx, t->e->o.type, *cn_engine_map_of(t, t->u->y), p.y, cn_engine_dy(t), t->e->n);
    cnas_conv2d_backward(t->e->ctx, NULL, 0, dw, dbias, p.y, x, w, t->e->n, l->window);
    t->s->gradient_s += cn_clock_s() - before;
    if (!dx)
        return;
    cnas_conv2d_backward(t->e->ctx, p.x, 0, NULL, NULL, p.y, x, w, t->e->n, l->window); /* over x, which it does not read */
    cn_engine_pack(t->e->ctx, t->e->o.type, *cn_engine_map_of(t, t->u->x[0].value), dx, p.x, t->e->n);
}
