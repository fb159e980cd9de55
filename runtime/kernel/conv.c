/* Convolution: checks the shape, chooses the way, sums weight gradients. */
#include "runtime/kernel/conv.h"

#include <stdint.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/ctx.h"
#include "runtime/kernel/lanes.h"

static size_t output_size(uint32_t in, uint32_t pad, uint32_t kernel, uint32_t stride, uint32_t dilation)
{
    uint64_t reach = (uint64_t)dilation * (kernel - 1) + 1, padded = (uint64_t)in + 2 * (uint64_t)pad;
    return padded < reach ? 0 : (padded - reach) / stride + 1;
}

static void check(size_t n, const struct cnas_conv_shape *s)
{
    cn_require(n && s->c && s->h && s->w && s->k && s->oh && s->ow && s->kh && s->kw && s->stride && s->dilation && s->groups);
    cn_require(s->c % s->groups == 0 && s->k % s->groups == 0);
    cn_require(output_size(s->h, s->pad_y, s->kh, s->stride, s->dilation) == s->oh);
    cn_require(output_size(s->w, s->pad_x, s->kw, s->stride, s->dilation) == s->ow);
}

/* The widest vector unit for direct convolution; NULL without one: then OpenBLAS is faster. */
static const struct cn_kernel_simd *unit(const struct cnas_conv_shape *s)
{
    const struct cn_kernel_simd *wide = cn_kernel_simd_avx512();
    return !cn_kernel_conv_direct_fits(s) ? NULL : wide ? wide : cn_kernel_simd_avx2();
}

void cnas_conv2d_forward(struct cnas_ctx *ctx, float *y, const float *x, const float *w, const float *bias, size_t n,
                         const struct cnas_conv_shape *s)
{
    check(n, s);
    const struct cn_kernel_simd *simd = unit(s);
    if (simd)
        cn_kernel_conv_direct_forward(ctx, simd, y, x, w, bias, n, s);
    else
        cn_kernel_conv_gemm_forward(ctx, y, x, w, bias, n, s);
}

void cnas_conv2d_backward(struct cnas_ctx *ctx, float *dx, int add_dx, float *dw, float *dbias, const float *dy, const float *x,
                          const float *w, size_t n, const struct cnas_conv_shape *s)
{
    check(n, s);
    cn_require(dw || (dx && !dbias));
    const struct cn_kernel_simd *simd = unit(s);
    if (simd)
        cn_kernel_conv_direct_backward(ctx, simd, dx, add_dx, dw, dbias, dy, x, w, n, s);
    else
        cn_kernel_conv_gemm_backward(ctx, dx, add_dx, dw, dbias, dy, x, w, n, s);
}

size_t cn_kernel_conv_segments(size_t n, size_t floats)
{
    enum { MOST = 16, ROOM = 16 << 20 }; /* at most 16 parts, and at most 64 MiB of them, but never fewer than two */
    size_t fit = ROOM / floats < 2 ? 2 : ROOM / floats;
    size_t segments = n < MOST ? n : MOST;
    return segments < fit ? segments : fit;
}

void cn_kernel_conv_bias_sums(float *sums, const float *dy, size_t samples, size_t k, size_t map)
{
    for (size_t c = 0; c < k; c++) {
        double sum = 0;
        for (size_t a = 0; a < samples; a++)
            sum += cn_kernel_sum(dy + (a * k + c) * map, map);
        sums[c] = (float)sum;
    }
}

struct sum_job {
    float *dw, *dbias;
    const float *parts;
    size_t segments, stride, weights, k, chunks;
};

static void add_up(float *out, const float *parts, size_t segments, size_t stride, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        out[i] = parts[i];
    for (size_t s = 1; s < segments; s++)
        for (size_t i = first; i < end; i++)
            out[i] += parts[s * stride + i];
}

static void sum_chunk(void *job, size_t chunk, float *own)
{
    const struct sum_job *j = job;
    (void)own;
    add_up(j->dw, j->parts, j->segments, j->stride, cn_kernel_cut(j->weights, j->chunks, chunk),
           cn_kernel_cut(j->weights, j->chunks, chunk + 1));
    if (chunk == 0 && j->dbias)
        add_up(j->dbias, j->parts + j->weights, j->segments, j->stride, 0, j->k);
}

void cn_kernel_conv_sum(struct cnas_ctx *ctx, float *dw, float *dbias, const float *parts, size_t segments, size_t stride,
                        size_t weights, size_t k)
{
    struct sum_job j = {dw, dbias, parts, segments, stride, weights, k, (weights + 4095) / 4096};
    cn_kernel_run(ctx, j.chunks, sum_chunk, &j);
}
