/* Timing the ways of one pass against each other, on made-up numbers.
 *
 * Time is not all: oneDNN's Winograd kernels want 160 MB of scratch for a layer of 512 channels whose maps are 16 MB each, and at the end
 * of the forward pass that comes on top of all maps of the network. So:
 *   1. What takes more than both maps of the layer, or SPARE for each thread and once more where that is larger, is not considered, unless
 *      nothing takes less.
 *   2. The fastest is not better than what takes at most 5 % longer. Of these it is the one that takes the least memory;
 *   3. of equal ones, to 4 MiB, the first and most exact. */
#include <math.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/mem.h"
#include "runtime/engine/conv_packs.h"
#include "runtime/engine/conv_way.h"

/* Turns, not blocks of runs of one way, so that a disturbance of the machine meets all. After the first turn, which also warms
 * up, whoever took three times as long as the best is out. */
enum { TURNS = 5, SPARE = 16 << 20, SAME = 4 << 20 /* bytes */ };
static const double hopeless = 3, margin = 0.95, budget_s = 0.5;

/* Between -1 and 1, as floats or as their upper halves. */
static void *numbers(size_t bytes, enum cn_engine_type type)
{
    char *p = cn_mem_alloc(bytes, 1);
    uint32_t state = 1;
    for (size_t at = 0; p && at < bytes; at += cn_engine_type_size(type)) {
        state = state * 1664525u + 1013904223u; /* Numerical Recipes' generator */
        const union {
            float value;
            uint32_t bits;
        } u = {(float)(int32_t)state * 0x1p-31f};
        if (type == CN_ENGINE_F32)
            *(float *)(p + at) = u.value;
        else
            *(uint16_t *)(p + at) = (uint16_t)(u.bits >> 16);
    }
    return p;
}

/* The most memory that a way may take. */
static size_t limit(const struct cn_engine_conv_way *list, const struct cn_engine_conv_site *site)
{
    const size_t maps = cn_engine_conv_x_bytes(site) + cn_engine_conv_y_bytes(site), spare = (size_t)SPARE * (cnas_ctx_threads(site->ctx) + 1);
    size_t least = SIZE_MAX, most = maps > spare ? maps : spare;
    for (const struct cn_engine_conv_way *way = list; way; way = way->next)
        least = way->memory < least ? way->memory : least;
    return most > least ? most : least;
}

/* Scratch for all ways that take no more than `most`, or where there is no memory for that, for those with less. *room: how much it is. */
static void *scratch_for(size_t *room, const struct cn_engine_conv_way *list, size_t most)
{
    void *scratch = NULL;
    int left = 1;
    for (size_t too_much = SIZE_MAX; left && !scratch; too_much = *room) {
        left = 0;
        *room = 0;
        for (const struct cn_engine_conv_way *way = list; way; way = way->next)
            if (way->memory <= most && way->scratch < too_much) {
                left = 1;
                *room = way->scratch > *room ? way->scratch : *room;
            }
        scratch = left ? cn_mem_alloc(*room, 1) : NULL;
    }
    return scratch;
}

/* 1: something that might have been the best could not be run. */
static int take_turns(struct cn_engine_conv_way *list, size_t most, size_t room, struct cnas_ctx *ctx, const struct cn_engine_conv_call *call)
{
    const double start = cn_clock_s();
    double least = INFINITY;
    int poor = 0;
    for (struct cn_engine_conv_way *way = list; way; way = way->next)
        way->seconds = INFINITY;
    for (int turn = 0; turn < TURNS && (turn < 2 || cn_clock_s() - start < budget_s); turn++)
        for (struct cn_engine_conv_way *way = list; way; way = way->next) {
            if (way->memory > most || way->scratch > room || (turn && way->seconds > hopeless * least))
                continue;
            const double before = cn_clock_s();
            way->run(way, call);
            way->seconds = cnas_ctx_status(ctx) ? INFINITY : fmin(way->seconds, cn_clock_s() - before);
            least = fmin(least, way->seconds);
        }
    for (const struct cn_engine_conv_way *way = list; way; way = way->next)
        poor |= way->memory <= most && !isfinite(way->seconds);
    return poor;
}

struct cn_engine_conv_way *cn_engine_conv_best(struct cn_engine_conv_way *list)
{
    struct cn_engine_conv_way *best = NULL;
    double least = INFINITY;
    for (const struct cn_engine_conv_way *way = list; way; way = way->next)
        least = fmin(least, way->seconds);
    for (struct cn_engine_conv_way *way = list; way; way = way->next)
        if (margin * way->seconds <= least && (!best || way->memory / SAME < best->memory / SAME))
            best = way;
    return best;
}

enum cnas_status cn_engine_conv_measure(struct cn_engine_conv_way **best, int *poor, struct cn_engine_conv_way *list,
                                        const struct cn_engine_conv_site *site)
{
    const enum cn_engine_type type = site->want->type;
    const size_t w_floats = cn_engine_conv_w_floats(&site->want->shape), k = site->want->shape.k;
    const size_t most = limit(list, site);
    size_t room;
    void *x = numbers(cn_engine_conv_x_bytes(site), site->want->plain_x ? CN_ENGINE_F32 : type);
    void *y = numbers(cn_engine_conv_y_bytes(site), type), *scratch = scratch_for(&room, list, most);
    float *w = numbers(w_floats * sizeof *w, CN_ENGINE_F32), *bias = numbers(k * sizeof *bias, CN_ENGINE_F32);
    enum cnas_status status = CNAS_E_MEMORY;
    if (x && y && scratch && w && bias) {
        struct cn_engine_conv_call call = {.scratch = scratch, .x = x, .dy = y, .y = y, .dx = x, .dw = w, .dbias = bias};
        cn_engine_conv_packs_weights(site->packs, site->ctx, w, bias, k);
        status = cnas_ctx_status(site->ctx);
        if (!status && take_turns(list, most, room, site->ctx, &call))
            *poor = 1;
        *best = cn_engine_conv_best(list);
        if (!status && !isfinite((*best)->seconds))
            status = CNAS_E_MEMORY;
        cn_engine_conv_packs_weights(site->packs, site->ctx, NULL, NULL, 0);
    }
    cn_mem_free(x);
    cn_mem_free(y);
    cn_mem_free(w);
    cn_mem_free(bias);
    cn_mem_free(scratch);
    return status;
}
