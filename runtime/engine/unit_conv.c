/* A convolution on blocked values by conv.h, and which convolutions are done by unit_wino.c instead. */
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
    return cn_engine_conv_new(&t->s->conv, t->e->ctx, &want, o->tuning, err);
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

size_t cn_engine_unit_conv_scratch(const struct cn_engine_step *t)
{
    return cn_engine_conv_scratch(t->s->conv);
}

void cn_engine_unit_conv_weights(const struct cn_engine_step *t)
{
    cn_engine_conv_weights(t->s->conv, cn_engine_param(t->e->params, t->u->layer->weight), cn_engine_param(t->e->params, t->u->layer->bias));
}

void cn_engine_unit_conv_forward(const struct cn_engine_step *t)
{
    cn_engine_conv_forward(t->s->conv, cn_engine_y(t), cn_engine_x(t, 0), t->e->n, t->e->at->scratch[t->i]);
}

void cn_engine_unit_conv_backward(const struct cn_engine_step *t)
{
    const struct cnas_layer *l = t->u->layer;
    void *scratch = t->e->at->scratch[t->e->g.n_units + t->i], *dx = cn_engine_dx(t, 0);
    const double before = cn_clock_s();
    cn_engine_conv_backward_weights(t->s->conv, cn_engine_param(t->e->grads, l->weight), cn_engine_param(t->e->grads, l->bias), cn_engine_dy(t),
                                    cn_engine_x_again(t, 0), t->e->n, scratch);
    t->s->gradient_s += cn_clock_s() - before;
    if (dx)
        cn_engine_conv_backward_data(t->s->conv, dx, cn_engine_dy(t), t->e->n, scratch);
}
