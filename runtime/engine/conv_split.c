/* oneDNN's ways with all threads: the samples in parts, each by a kernel that works in one thread. oneDNN could use several threads itself,
 * but those are libgomp's: all of them must come to each of its loops and all must leave it, so that one whose core is busy with
 * something else holds up the others for a time slice, at every loop. Ours need not come (crew.h).
 *
 * Parts are made of sizes and the number of threads. Gradients of the weights are summed in the order of the parts. */
#include <string.h>

#include "runtime/base/mem.h"
#include "runtime/engine/conv_way.h"
#include "runtime/kernel/ctx.h"

enum {
    PART_MACS = 1 << 23, /* a part does so much, or */
    PART_BYTES = 1 << 20, /* moves so much, about a tenth of a millisecond, */
    PART_PIXELS = 512, /* and reads the weights for so many pixels, */
    GRADIENT_PIXELS = 2048, /* or writes and reads their gradient once more, */
    MOST_PARTS = 64,
    MOST_GRADIENTS = 16,
    GRADIENT_FLOATS = 5 << 19, /* which together stay in the last-level cache; but there is a part for every thread, if there are samples */
    SUM_FLOATS = 1 << 14 /* of a gradient, in a chunk of adding the parts' */
};

struct split_way {
    struct cn_engine_conv_way way;
    struct cnas_ctx *ctx;
    enum cn_engine_conv_pass pass;
    struct cn_engine_conv_way *inner[2]; /* for parts of n / parts samples, and of one more; NULL: there are none */
    size_t n, parts, x_sample, y_sample; /* bytes */
    size_t w_floats, k, room; /* floats of a gradient, and with that of the bias */
};

struct job {
    const struct split_way *w;
    const struct cn_engine_conv_call *call;
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t parts_of(const struct cn_engine_conv_site *site)
{
    const struct cnas_conv_shape *s = &site->want->shape;
    const int gradient = site->pass == CN_ENGINE_CONV_WEIGHTS;
    const size_t threads = cnas_ctx_threads(site->ctx), pixels = (size_t)s->oh * s->ow, wanted = gradient ? GRADIENT_PIXELS : PART_PIXELS;
    const size_t macs = pixels * cn_engine_channels(s->k) * (s->c / s->groups) * s->kh * s->kw;
    const size_t bytes = (cn_engine_conv_x_bytes(site) + cn_engine_conv_y_bytes(site)) / site->n;
    size_t samples = least(PART_MACS / macs, PART_BYTES / bytes) + 1;
    if (samples < (wanted + pixels - 1) / pixels)
        samples = (wanted + pixels - 1) / pixels;
    size_t parts = least(site->n / samples, gradient ? MOST_GRADIENTS : MOST_PARTS);
    if (gradient)
        parts = least(parts, GRADIENT_FLOATS / cn_engine_conv_w_floats(s));
    return parts < threads ? least(threads, site->n) : parts / threads * threads;
}

/* ---- running ---- */

/* Gradients of all parts but the first, which is written where the sum will be. */
static float *gradient(const struct split_way *w, const struct cn_engine_conv_call *call, size_t part)
{
    return part ? (float *)call->scratch + (part - 1) * w->room : call->dw;
}

static float *bias_gradient(const struct split_way *w, const struct cn_engine_conv_call *call, size_t part)
{
    return part && call->dbias ? gradient(w, call, part) + w->w_floats : call->dbias;
}

static void run_part(void *job, size_t part, float *own)
{
    const struct job *j = job;
    const struct split_way *w = j->w;
    const size_t first = cn_kernel_cut(w->n, w->parts, part), count = cn_kernel_cut(w->n, w->parts, part + 1) - first;
    struct cn_engine_conv_way *inner = w->inner[count - w->n / w->parts];
    struct cn_engine_conv_call call = {.scratch = own};
    if (w->pass != CN_ENGINE_CONV_DATA)
        call.x = (const char *)j->call->x + first * w->x_sample;
    if (w->pass == CN_ENGINE_CONV_FORWARD) {
        call.y = (char *)j->call->y + first * w->y_sample;
    } else {
        call.dy = (const char *)j->call->dy + first * w->y_sample;
    }
    if (w->pass == CN_ENGINE_CONV_DATA)
        call.dx = (char *)j->call->dx + first * w->x_sample;
    if (w->pass == CN_ENGINE_CONV_WEIGHTS) {
        call.dw = gradient(w, j->call, part);
        call.dbias = bias_gradient(w, j->call, part);
    }
    inner->run(inner, &call);
}

static void sum_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const size_t first = chunk * SUM_FLOATS, last = least(first + SUM_FLOATS, j->w->w_floats);
    float *dw = j->call->dw;
    (void)own;
    for (size_t part = 1; part < j->w->parts; part++) {
        const float *more = gradient(j->w, j->call, part);
        for (size_t i = first; i < last; i++)
            dw[i] += more[i];
    }
}

/* Floats of scratch for each thread. */
static size_t own_floats(const struct split_way *w)
{
    size_t own = 0;
    for (int i = 0; i < 2; i++)
        if (w->inner[i] && w->inner[i]->scratch > own)
            own = w->inner[i]->scratch;
    return cn_kernel_round(own / sizeof(float) + 1);
}

static void run(struct cn_engine_conv_way *way, const struct cn_engine_conv_call *call)
{
    const struct split_way *w = (const struct split_way *)way;
    struct job j = {w, call};
    if (!cn_kernel_scratch(w->ctx, own_floats(w), 0))
        return;
    cn_kernel_run(w->ctx, w->parts, run_part, &j);
    if (w->pass != CN_ENGINE_CONV_WEIGHTS || w->parts == 1)
        return;
    cn_kernel_run(w->ctx, (w->w_floats + SUM_FLOATS - 1) / SUM_FLOATS, sum_chunk, &j);
    for (size_t part = 1; part < w->parts && call->dbias; part++)
        for (size_t i = 0; i < w->k; i++)
            call->dbias[i] += bias_gradient(w, call, part)[i];
}

/* ---- making ---- */

static void free_way(struct cn_engine_conv_way *way)
{
    struct split_way *w = (struct split_way *)way;
    for (int i = 0; i < 2; i++)
        cn_engine_conv_free_ways(&w->inner[i]);
    cn_mem_free(w);
}

/* The other size of parts, where there is one, by the same kernel. CNAS_E_RANGE: that does not take it. */
static enum cnas_status complete(struct split_way *w, struct cn_engine_conv_site inside)
{
    struct cn_engine_conv_way *list = NULL;
    if (w->n % w->parts == 0)
        return CNAS_OK;
    inside.n = w->n / w->parts + 1;
    inside.only = w->inner[0]->name;
    const enum cnas_status status = cn_engine_conv_dnnl_ways(&list, &inside);
    if ((w->inner[1] = list)) {
        list = list->next;
        w->inner[1]->next = NULL;
    }
    cn_engine_conv_free_ways(&list);
    return w->inner[1] ? CNAS_OK : status ? status : CNAS_E_RANGE;
}

enum cnas_status cn_engine_conv_split_ways(struct cn_engine_conv_way **list, const struct cn_engine_conv_site *site)
{
    const struct cnas_conv_shape *s = &site->want->shape;
    struct cn_engine_conv_site inside = *site;
    struct cn_engine_conv_way *inner = NULL;
    const size_t parts = parts_of(site);
    inside.chunked = 1;
    inside.n = site->n / parts;
    enum cnas_status status = cn_engine_conv_dnnl_ways(&inner, &inside);
    while (inner) {
        struct split_way *w = cn_mem_zalloc(1, sizeof *w);
        if (!w) {
            status = CNAS_E_MEMORY;
            break;
        }
        *w = (struct split_way){.way = {.run = run, .free = free_way},
                                .ctx = site->ctx,
                                .pass = site->pass,
                                .inner = {inner},
                                .n = site->n,
                                .parts = parts,
                                .x_sample = cn_engine_conv_x_bytes(site) / site->n,
                                .y_sample = cn_engine_conv_y_bytes(site) / site->n,
                                .w_floats = cn_engine_conv_w_floats(s),
                                .k = s->k};
        memcpy(w->way.name, inner->name, sizeof w->way.name);
        inner = inner->next;
        w->inner[0]->next = NULL;
        w->room = cn_kernel_round(w->w_floats + s->k);
        if (site->pass == CN_ENGINE_CONV_WEIGHTS)
            w->way.scratch = cn_engine_conv_round((parts - 1) * w->room * sizeof(float));
        const enum cnas_status made = complete(w, inside);
        w->way.memory = w->way.scratch + own_floats(w) * cnas_ctx_threads(site->ctx) * sizeof(float);
        if (!made)
            cn_engine_conv_append(list, &w->way);
        else
            free_way(&w->way);
        if (made == CNAS_E_MEMORY)
            status = made;
    }
    cn_engine_conv_free_ways(&inner);
    return status;
}
