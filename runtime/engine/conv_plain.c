/* The way that fits everything: the kernels of <cnas/kernel.h> on plain floats, between two reorders. Slow because of those, so
 * it is for what nothing else can do. */
#include <stdio.h>
#include <string.h>

#include "runtime/base/mem.h"
#include "runtime/engine/block.h"
#include "runtime/engine/conv_packs.h"
#include "runtime/engine/conv_way.h"
#include "runtime/kernel/ctx.h"

struct plain_way {
    struct cn_engine_conv_way way;
    struct cnas_ctx *ctx;
    struct cn_engine_conv_want want;
    struct cn_engine_conv_packs *packs;
    size_t n, y_at; /* in the scratch, in bytes; x is at 0 */
};

static struct cn_engine_map x_map(const struct cnas_conv_shape *s)
{
    return (struct cn_engine_map){s->c, s->h, s->w};
}

static struct cn_engine_map y_map(const struct cnas_conv_shape *s)
{
    return (struct cn_engine_map){s->k, s->oh, s->ow};
}

static const float *unpacked_x(struct plain_way *p, const void *x, void *scratch)
{
    if (p->want.plain_x)
        return x;
    cn_engine_unpack(p->ctx, p->want.type, x_map(&p->want.shape), scratch, x, p->n);
    return scratch;
}

static void run_forward(struct cn_engine_conv_way *way, const struct cn_engine_conv_call *call)
{
    struct plain_way *p = (struct plain_way *)way;
    char *scratch = call->scratch;
    float *y = (float *)(scratch + p->y_at);
    const float *x = unpacked_x(p, call->x, scratch);
    cnas_conv2d_forward(p->ctx, y, x, cn_engine_conv_packs_w(p->packs), cn_engine_conv_packs_plain_bias(p->packs), p->n,
                        &p->want.shape);
    cn_engine_pack(p->ctx, p->want.type, y_map(&p->want.shape), call->y, y, p->n);
}

static void run_data(struct cn_engine_conv_way *way, const struct cn_engine_conv_call *call)
{
    struct plain_way *p = (struct plain_way *)way;
    float *dx = call->scratch, *dy = (float *)((char *)call->scratch + p->y_at);
    cn_engine_unpack(p->ctx, p->want.type, y_map(&p->want.shape), dy, call->dy, p->n);
    cnas_conv2d_backward(p->ctx, dx, 0, NULL, NULL, dy, NULL, cn_engine_conv_packs_w(p->packs), p->n, &p->want.shape);
    cn_engine_pack(p->ctx, p->want.type, x_map(&p->want.shape), call->dx, dx, p->n);
}

static void run_weights(struct cn_engine_conv_way *way, const struct cn_engine_conv_call *call)
{
    struct plain_way *p = (struct plain_way *)way;
    float *dy = (float *)((char *)call->scratch + p->y_at);
    const float *x = unpacked_x(p, call->x, call->scratch);
    cn_engine_unpack(p->ctx, p->want.type, y_map(&p->want.shape), dy, call->dy, p->n);
    cnas_conv2d_backward(p->ctx, NULL, 0, call->dw, p->want.bias ? call->dbias : NULL, dy, x, cn_engine_conv_packs_w(p->packs),
                         p->n, &p->want.shape);
}

static void free_way(struct cn_engine_conv_way *way)
{
    cn_mem_free(way);
}

enum cnas_status cn_engine_conv_plain_ways(struct cn_engine_conv_way **list, const struct cn_engine_conv_site *site)
{
    static void (*const runs[])(struct cn_engine_conv_way *, const struct cn_engine_conv_call *) = {run_forward, run_data,
                                                                                                    run_weights};
    static const char name[] = "plain";
    const struct cnas_conv_shape *s = &site->want->shape;
    struct plain_way *p;
    if (site->only && strcmp(site->only, name))
        return CNAS_OK;
    if (!(p = cn_mem_zalloc(1, sizeof *p)))
        return CNAS_E_MEMORY;
    *p = (struct plain_way){.way = {.run = runs[site->pass], .free = free_way},
                            .ctx = site->ctx,
                            .want = *site->want,
                            .packs = site->packs,
                            .n = site->n};
    snprintf(p->way.name, sizeof p->way.name, "%s", name);
    p->y_at = site->want->plain_x ? 0 : cn_engine_conv_round(site->n * s->c * s->h * s->w * sizeof(float));
    p->way.scratch = p->way.memory = p->y_at + site->n * s->k * s->oh * s->ow * sizeof(float);
    cn_engine_conv_append(list, &p->way);
    return CNAS_OK;
}
