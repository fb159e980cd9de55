/* Our own Winograd kernels (wino.h) as ways of a convolution layer. */
#include <stdio.h>
#include <string.h>

#include "runtime/base/mem.h"
#include "runtime/engine/conv_packs.h"
#include "runtime/engine/conv_way.h"
#include "runtime/engine/wino.h"

struct wino_way {
    struct cn_engine_conv_way way;
    struct cnas_ctx *ctx;
    struct cn_engine_conv_packs *packs;
    struct cnas_conv_shape shape; /* of the run: the mirrored one for the gradient of the input */
    size_t n;
    enum cn_engine_conv_pass pass;
    enum cn_engine_type type;
    int bias;
    const float *packed; /* kept; NULL: packed by each run */
};

static void run(struct wino_way *w, void *y, const void *x, int forward)
{
    const struct cn_engine_wino_filter f = {.packed = w->packed, .w = cn_engine_conv_packs_w(w->packs), .mirrored = !forward};
    const struct cn_engine_wino_read read = {.type = w->type, .x = x};
    const struct cn_engine_wino_write write = {.type = w->type,
                                               .y = y,
                                               .bias = forward && w->bias ? cn_engine_conv_packs_bias(w->packs) : NULL};
    cn_engine_wino_run(w->ctx, &write, &read, &f, &w->shape, w->n, NULL);
}

static void run_forward(struct cn_engine_conv_way *way, const struct cn_engine_conv_call *call)
{
    run((struct wino_way *)way, call->y, call->x, 1);
}

static void run_data(struct cn_engine_conv_way *way, const struct cn_engine_conv_call *call)
{
    run((struct wino_way *)way, call->dx, call->dy, 0);
}

static void run_weights(struct cn_engine_conv_way *way, const struct cn_engine_conv_call *call)
{
    struct wino_way *w = (struct wino_way *)way;
    const struct cn_engine_wino_read x = {.type = w->type, .x = call->x}, dy = {.type = w->type, .x = call->dy};
    cn_engine_wino_gradient(w->ctx, call->dw, w->bias ? call->dbias : NULL, &dy, &x, &w->shape, w->n);
}

static void free_way(struct cn_engine_conv_way *way)
{
    struct wino_way *w = (struct wino_way *)way;
    if (w->packed)
        cn_engine_conv_packs_wino_give_back(w->packs, w->pass == CN_ENGINE_CONV_DATA);
    cn_mem_free(w);
}

enum cnas_status cn_engine_conv_wino_ways(struct cn_engine_conv_way **list, const struct cn_engine_conv_site *site)
{
    static void (*const runs[])(struct cn_engine_conv_way *, const struct cn_engine_conv_call *) = {run_forward, run_data,
                                                                                                    run_weights};
    static const char name[] = "cnas_wino";
    const struct cn_engine_conv_want *want = site->want;
    const int data = site->pass == CN_ENGINE_CONV_DATA;
    if (want->plain_x || !cn_engine_wino_fits(&want->shape) || (site->only && strcmp(site->only, name)))
        return CNAS_OK;
    struct wino_way *w = cn_mem_zalloc(1, sizeof *w);
    if (!w)
        return CNAS_E_MEMORY;
    *w = (struct wino_way){.way = {.run = runs[site->pass], .free = free_way},
                           .ctx = site->ctx,
                           .packs = site->packs,
                           .shape = data ? cn_engine_wino_mirror(&want->shape) : want->shape,
                           .n = site->n,
                           .pass = site->pass,
                           .type = want->type,
                           .bias = want->bias};
    snprintf(w->way.name, sizeof w->way.name, "%s", name);
    if (site->pass != CN_ENGINE_CONV_WEIGHTS && cn_engine_conv_keeps_packs(site)) {
        w->packed = cn_engine_conv_packs_wino_take(site->packs, site->ctx, &w->shape, data);
        if (!w->packed) {
            free_way(&w->way);
            return CNAS_E_MEMORY;
        }
    }
    w->way.memory = site->pass == CN_ENGINE_CONV_WEIGHTS ? cn_engine_wino_gradient_bytes(w->ctx, &w->shape, w->n)
                                                         : cn_engine_wino_run_bytes(w->ctx, &w->shape, w->n);
    cn_engine_conv_append(list, &w->way);
    return CNAS_OK;
}
