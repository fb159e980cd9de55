/* Winograd convolution by all threads: weights are packed, samples are shared out, sums are added in order. */
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/misuse.h"
#include "runtime/engine/wino_group.h"
#include "runtime/kernel/ctx.h"

enum { MOST_CHUNKS = 64 }; /* of a batch */

/* ---- weights ---- */

struct pack_job {
    float *packed; /* of output blocks first .. last-1 alone */
    const struct cn_engine_wino_filter *f;
    const struct cnas_conv_shape *s;
    size_t first, last;
};

static void pack_chunk(void *job, size_t i, float *own)
{
    struct pack_job *j = job;
    size_t first = j->first + 2 * i;
    (void)own;
    cn_engine_wino_pack_range(j->packed, j->f->w, j->f->mirrored, j->s, j->first, first, first + 2 < j->last ? first + 2 : j->last);
}

static void pack(struct cnas_ctx *ctx, float *packed, const struct cn_engine_wino_filter *f, const struct cnas_conv_shape *s, size_t first,
                 size_t last)
{
    cn_kernel_run(ctx, (last - first + 1) / 2, pack_chunk, &(struct pack_job){packed, f, s, first, last});
}

void cn_engine_wino_pack(struct cnas_ctx *ctx, float *packed, const float *w, int mirrored, const struct cnas_conv_shape *s)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    pack(ctx, packed, &(struct cn_engine_wino_filter){.w = w, .mirrored = mirrored}, s, 0, p.out_blocks);
}

/* ---- the convolution ---- */

struct job {
    const struct cn_engine_wino_write *y;
    const struct cn_engine_wino_read *x;
    const float *packed;
    const struct cnas_conv_shape *s;
    size_t n, chunks, k_first, k_last;
    size_t each;  /* doubles of sums of a chunk: 2 padded */
    double *sums; /* per chunk; NULL: none are wanted */
};

static void run_chunk(void *job, size_t i, float *own)
{
    const struct job *j = job;
    struct cn_engine_wino_write y = *j->y;
    if (j->sums) {
        y.sums = j->sums + i * j->each;
        y.products = y.sums + j->each / 2;
    }
    cn_engine_wino_run_blocks(&y, j->x, j->packed, j->s, cn_kernel_cut(j->n, j->chunks, i), cn_kernel_cut(j->n, j->chunks, i + 1), j->k_first,
                              j->k_last, own);
}

/* How many chunks, and what a run takes of the context's memory, in floats. */
struct needs {
    size_t chunks, own, packed, sums;
};

static struct needs needs_of(const struct cn_engine_wino_plan *p, const struct cnas_conv_shape *s, size_t n, int packs, int sums)
{
    size_t groups = (n * p->tall + p->rows - 1) / p->rows, chunks = groups < MOST_CHUNKS ? groups : MOST_CHUNKS;
    struct needs d = {.chunks = chunks < n ? chunks : n, .own = cn_kernel_round(cn_engine_wino_scratch(s))};
    d.packed = packs ? cn_kernel_round(p->slice < p->out_blocks ? cn_engine_wino_packed(p, p->slice) : cn_engine_wino_weights(s)) : 0;
    d.sums = sums ? d.chunks * 2 * p->out_blocks * p->lanes * (sizeof(double) / sizeof(float)) : 0;
    return d;
}

size_t cn_engine_wino_run_bytes(const struct cnas_ctx *ctx, const struct cnas_conv_shape *s, size_t n)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    const struct needs d = needs_of(&p, s, n, 1, 1);
    return (d.own * cnas_ctx_threads(ctx) + d.packed + d.sums) * sizeof(float);
}

void cn_engine_wino_run(struct cnas_ctx *ctx, const struct cn_engine_wino_write *y, const struct cn_engine_wino_read *x,
                        const struct cn_engine_wino_filter *f, const struct cnas_conv_shape *s, size_t n, double *sums)
{
    cn_require(!y->sums);
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    const struct needs d = needs_of(&p, s, n, !f->packed, sums != NULL);
    float *packed = cn_kernel_scratch(ctx, d.own, d.packed + d.sums);
    struct job j = {y, x, f->packed, s, n, d.chunks, 0, p.out_blocks, 2 * p.out_blocks * p.lanes, NULL};
    if (!packed)
        return;
    if (sums) {
        j.sums = (double *)(void *)(packed + d.packed);
        memset(j.sums, 0, j.chunks * j.each * sizeof *j.sums);
    }
    const size_t step = f->packed ? p.out_blocks : p.slice;
    for (; j.k_first < p.out_blocks; j.k_first = j.k_last) {
        j.k_last = j.k_first + step < p.out_blocks ? j.k_first + step : p.out_blocks;
        if (!f->packed) {
            const double before = cn_clock_s();
            pack(ctx, packed, f, s, j.k_first, j.k_last);
            if (f->pack_s)
                *f->pack_s += cn_clock_s() - before;
            j.packed = packed;
        }
        cn_kernel_run(ctx, j.chunks, run_chunk, &j);
    }
    if (!sums)
        return;
    memcpy(sums, j.sums, j.each * sizeof *sums);
    for (size_t c = 1; c < j.chunks; c++)
        for (size_t i = 0; i < j.each; i++)
            sums[i] += j.sums[c * j.each + i];
}
