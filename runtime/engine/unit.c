/* Each kind of unit: what it holds, and its two directions. */
#include <string.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/engine/run.h"
#include "runtime/engine/subsample.h"

static struct cn_engine_map map(const struct cn_engine_step *t, int32_t v)
{
    return *cn_engine_map_of(t, v);
}

/* --- pooling --- */

static struct cn_engine_pool pool(const struct cn_engine_step *t)
{
    return (struct cn_engine_pool){.type = t->e->o.type, .shape = t->u->layer->window, .max = t->u->layer->op == CNAS_OP_MAX_POOL};
}

static void pool_forward(const struct cn_engine_step *t)
{
    struct cn_engine_pool p = pool(t);
    p.y = cn_engine_y(t);
    p.x = cn_engine_x(t, 0);
    cn_engine_pool(t->e->ctx, &p, t->e->n);
}

static void pool_backward(const struct cn_engine_step *t)
{
    struct cn_engine_pool p = pool(t);
    p.x = cn_engine_x_again(t, 0);
    p.dy = cn_engine_dy(t);
    p.dx = cn_engine_dx(t, 0);
    p.add_dx = cn_engine_adds(t, 0);
    if (p.dx)
        cn_engine_pool_back(t->e->ctx, &p, t->e->n);
}

static void global_pool_forward(const struct cn_engine_step *t)
{
    cn_engine_global_avg_pool(t->e->ctx, t->e->o.type, map(t, t->u->x[0].value), cn_engine_y(t), cn_engine_x(t, 0), t->e->n);
}

static void global_pool_backward(const struct cn_engine_step *t)
{
    void *dx = cn_engine_dx(t, 0);
    if (dx)
        cn_engine_global_avg_pool_back(t->e->ctx, t->e->o.type, map(t, t->u->x[0].value), dx, cn_engine_adds(t, 0), cn_engine_dy(t), t->e->n);
}

/* --- channels --- */

static void concat_forward(const struct cn_engine_step *t)
{
    const struct cn_engine_map y = map(t, t->u->y);
    struct cn_engine_channel_copy c = {.type = t->e->o.type, .y = cn_engine_y(t), .y_channels = y.c, .hw = (size_t)y.h * y.w};
    for (uint32_t j = 0; j < t->u->n_x; j++) {
        c.x = cn_engine_x(t, j);
        c.x_channels = c.count = map(t, t->u->x[j].value).c;
        cn_engine_copy_channels(t->e->ctx, &c, t->e->n);
        c.y_first += c.count;
    }
}

static void concat_backward(const struct cn_engine_step *t)
{
    const struct cn_engine_map y = map(t, t->u->y);
    struct cn_engine_channel_copy c = {.type = t->e->o.type, .x = cn_engine_dy(t), .x_channels = y.c, .hw = (size_t)y.h * y.w};
    for (uint32_t j = 0; j < t->u->n_x; j++) {
        c.y = cn_engine_dx(t, j);
        c.y_channels = c.count = map(t, t->u->x[j].value).c;
        c.add = cn_engine_adds(t, j);
        if (c.y)
            cn_engine_copy_channels(t->e->ctx, &c, t->e->n);
        c.x_first += c.count;
    }
}

static struct cn_engine_channel_copy channels(const struct cn_engine_step *t)
{
    const struct cnas_slice_shape *s = t->u->layer->slice;
    return (struct cn_engine_channel_copy){.type = t->e->o.type, .count = s->oc, .hw = (size_t)s->h * s->w};
}

static void channels_forward(const struct cn_engine_step *t)
{
    struct cn_engine_channel_copy c = channels(t);
    c.y = cn_engine_y(t);
    c.y_channels = c.count;
    c.x = cn_engine_x(t, 0);
    c.x_channels = t->u->layer->slice->c;
    c.x_first = t->u->layer->slice->channel;
    cn_engine_copy_channels(t->e->ctx, &c, t->e->n);
}

static void channels_backward(const struct cn_engine_step *t)
{
    struct cn_engine_channel_copy c = channels(t);
    c.y = cn_engine_dx(t, 0);
    c.y_channels = t->u->layer->slice->c;
    c.y_first = t->u->layer->slice->channel;
    c.x = cn_engine_dy(t);
    c.x_channels = c.count;
    c.add = cn_engine_adds(t, 0);
    if (!c.y)
        return;
    if (!c.add)
        memset(c.y, 0, cn_engine_value_bytes(&t->e->g.values[t->u->x[0].value], t->e->o.type) * t->e->n);
    cn_engine_copy_channels(t->e->ctx, &c, t->e->n);
}

/* --- some rows and columns --- */

static struct cn_engine_subsample subsample(const struct cn_engine_step *t)
{
    const struct cnas_layer *l = t->u->layer;
    return (struct cn_engine_subsample){t->e->o.type, map(t, t->u->x[0].value), map(t, t->u->y), l->stride, l->offset_y, l->offset_x};
}

static void subsample_forward(const struct cn_engine_step *t)
{
    const struct cn_engine_subsample s = subsample(t);
    cn_engine_subsample(t->e->ctx, &s, cn_engine_y(t), cn_engine_x(t, 0), t->e->n);
}

static void subsample_backward(const struct cn_engine_step *t)
{
    const struct cn_engine_subsample s = subsample(t);
    void *dx = cn_engine_dx(t, 0);
    if (dx)
        cn_engine_subsample_back(t->e->ctx, &s, dx, cn_engine_adds(t, 0), cn_engine_dy(t), t->e->n);
}

/* --- change of format --- */

static void pack_forward(const struct cn_engine_step *t)
{
    cn_engine_pack(t->e->ctx, t->e->o.type, map(t, t->u->y), cn_engine_y(t), cn_engine_x(t, 0), t->e->n);
}

static void pack_backward(const struct cn_engine_step *t)
{
    float *dx = cn_engine_dx(t, 0);
    if (dx)
        cn_engine_unpack(t->e->ctx, t->e->o.type, map(t, t->u->y), dx, cn_engine_dy(t), t->e->n);
}

static void unpack_forward(const struct cn_engine_step *t)
{
    cn_engine_unpack(t->e->ctx, t->e->o.type, map(t, t->u->y), cn_engine_y(t), cn_engine_x(t, 0), t->e->n);
}

static void unpack_backward(const struct cn_engine_step *t)
{
    void *dx = cn_engine_dx(t, 0);
    if (dx)
        cn_engine_pack(t->e->ctx, t->e->o.type, map(t, t->u->y), dx, cn_engine_dy(t), t->e->n);
}

/* --- every kind --- */

static const struct {
    void (*forward)(const struct cn_engine_step *t), (*backward)(const struct cn_engine_step *t);
} kinds[CN_ENGINE_KINDS] = {
    [CN_ENGINE_CONV] = {cn_engine_unit_conv_forward, cn_engine_unit_conv_backward},
    [CN_ENGINE_SUM] = {cn_engine_sum_forward, cn_engine_sum_backward},
    [CN_ENGINE_POOL] = {pool_forward, pool_backward},
    [CN_ENGINE_GLOBAL_POOL] = {global_pool_forward, global_pool_backward},
    [CN_ENGINE_CONCAT] = {concat_forward, concat_backward},
    [CN_ENGINE_CHANNELS] = {channels_forward, channels_backward},
    [CN_ENGINE_SUBSAMPLE] = {subsample_forward, subsample_backward},
    [CN_ENGINE_PACK] = {pack_forward, pack_backward},
    [CN_ENGINE_UNPACK] = {unpack_forward, unpack_backward},
    [CN_ENGINE_KERNEL] = {cn_engine_kernel_forward, cn_engine_kernel_backward},
};

static enum cnas_status conv_new(const struct cn_engine_step *t, struct cnas_error *err)
{
    if (!cn_engine_unit_conv_prefers_wino(t)) {
        CNAS_TRY(cn_engine_unit_conv_new(t, err));
        if (!cn_engine_unit_conv_prefers_wino(t))
            return CNAS_OK;
        cn_engine_conv_free(&t->s->conv);
    }
    t->e->g.units[t->i].wino = 1;
    return cn_engine_wino_new(t) ? cn_error(err, CNAS_E_MEMORY, "no memory for layer %s", t->u->layer->name) : CNAS_OK;
}

enum cnas_status cn_engine_unit_new(const struct cn_engine_step *t, struct cnas_error *err)
{
    if (t->u->kind == CN_ENGINE_CONV)
        return conv_new(t, err);
    if (t->u->kind == CN_ENGINE_SUM && cn_engine_sum_new(t))
        return cn_error(err, CNAS_E_MEMORY, "no memory for layer %s", t->u->layer->name);
    if (t->u->kind == CN_ENGINE_KERNEL && cn_engine_kernel_new(t))
        return cn_error(err, CNAS_E_MEMORY, "no memory for layer %s", t->u->layer->name);
    return CNAS_OK;
}

void cn_engine_unit_clear(struct cn_engine_state *s)
{
    cn_engine_conv_free(&s->conv);
    cn_engine_wino_free(&s->wino);
    cn_mem_free(s->sums);
    cn_mem_free(s->vectors);
}

void cn_engine_unit_weights(const struct cn_engine_step *t)
{
    if (t->u->wino)
        cn_engine_wino_unit_weights(t);
    else if (t->u->kind == CN_ENGINE_CONV)
        cn_engine_unit_conv_weights(t);
    else if (t->u->kind == CN_ENGINE_SUM)
        cn_engine_sum_weights(t);
}

size_t cn_engine_unit_scratch(const struct cn_engine_step *t)
{
    return t->u->kind == CN_ENGINE_CONV && !t->u->wino ? cn_engine_unit_conv_scratch(t) : 0;
}

void cn_engine_unit_forward(const struct cn_engine_step *t)
{
    if (t->u->wino)
        cn_engine_wino_forward(t);
    else
        kinds[t->u->kind].forward(t);
}

/* A kind that hands gradients on aside has one operand. */
static void add_aside(const struct cn_engine_step *t)
{
    const int32_t v = t->u->x[0].value;
    const struct cn_engine_map m = map(t, v);
    void *dx = t->e->at->grad[v], *aside = t->e->at->temp[t->i];
    if (t->e->g.values[v].blocked) {
        const struct cn_engine_apply a = {.type = t->e->o.type, .map = m, .y = dx, .in = {{.z = dx}, {.z = aside}}};
        cn_engine_apply(t->e->ctx, &a, t->e->n);
    } else {
        cnas_add_backward(t->e->ctx, dx, 1, aside, t->e->n * m.c * m.h * m.w);
    }
}

void cn_engine_unit_backward(const struct cn_engine_step *t)
{
    if (t->u->wino)
        cn_engine_wino_backward(t);
    else
        kinds[t->u->kind].backward(t);
    if (t->u->n_x == 1 && t->u->x[0].pass == CN_ENGINE_PASS_TEMP)
        add_aside(t);
}
