/* Average pooling, global average pooling, subsampling. A chunk is a few maps (one channel of one sample each). */
#include <string.h>

#include <cnas/kernel.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/ctx.h"
#include "runtime/kernel/lanes.h"

struct job {
    float *out;
    const float *in;
    size_t maps, per_chunk; /* in all; of one chunk */
    size_t h, w, oh, ow, stride, offset_y, offset_x;
    const struct cnas_conv_shape *s;
    int add;
};

/* One map: y from x forward, dx from dy backward. */
static void run(struct cnas_ctx *ctx, struct job *j, void (*body)(void *job, size_t chunk, float *own))
{
    enum { ELEMENTS = 16384 };
    size_t map = j->h * j->w > j->oh * j->ow ? j->h * j->w : j->oh * j->ow;
    j->per_chunk = map > ELEMENTS ? 1 : ELEMENTS / map;
    cn_kernel_run(ctx, (j->maps + j->per_chunk - 1) / j->per_chunk, body, j);
}
static size_t chunk_end(const struct job *j, size_t chunk)
{
    size_t end = (chunk + 1) * j->per_chunk;
    return end < j->maps ? end : j->maps;
}

/* Rows (or columns) of the window of output o that lie inside the map: first .. end-1. */
static void window(size_t *first, size_t *end, size_t o, size_t stride, size_t pad, size_t kernel, size_t size)
{
    size_t start = o * stride, stop = start + kernel;
    *first = start > pad ? start - pad : 0;
    *end = stop < pad ? 0 : stop - pad < size ? stop - pad : size;
}

static void avg_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const struct cnas_conv_shape *s = j->s;
    float scale = 1 / (float)(s->kh * s->kw);
    (void)own;
    for (size_t m = chunk * j->per_chunk; m < chunk_end(j, chunk); m++) {
        const float *x = j->in + m * j->h * j->w;
        float *y = j->out + m * j->oh * j->ow;
        for (size_t i = 0; i < j->oh; i++)
            for (size_t o = 0; o < j->ow; o++) {
                size_t y0, y1, x0, x1;
                float sum = 0;
                window(&y0, &y1, i, s->stride, s->pad_y, s->kh, j->h);
                window(&x0, &x1, o, s->stride, s->pad_x, s->kw, j->w);
                for (size_t r = y0; r < y1; r++)
                    for (size_t q = x0; q < x1; q++)
                        sum += x[r * j->w + q];
                *y++ = sum * scale;
            }
    }
}

static void avg_back_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const struct cnas_conv_shape *s = j->s;
    float scale = 1 / (float)(s->kh * s->kw);
    (void)own;
    for (size_t m = chunk * j->per_chunk; m < chunk_end(j, chunk); m++) {
        float *dx = j->out + m * j->h * j->w;
        const float *dy = j->in + m * j->oh * j->ow;
        if (!j->add)
            memset(dx, 0, j->h * j->w * sizeof *dx);
        for (size_t i = 0; i < j->oh; i++)
            for (size_t o = 0; o < j->ow; o++) {
                size_t y0, y1, x0, x1;
                float d = *dy++ * scale;
                window(&y0, &y1, i, s->stride, s->pad_y, s->kh, j->h);
                window(&x0, &x1, o, s->stride, s->pad_x, s->kw, j->w);
                for (size_t r = y0; r < y1; r++)
                    for (size_t q = x0; q < x1; q++)
                        dx[r * j->w + q] += d;
            }
    }
}

static struct job avg_job(float *out, const float *in, size_t n, const struct cnas_conv_shape *s, int add)
{
    cn_require(n && s->c && s->k == s->c && s->kh && s->kw && s->stride && s->dilation == 1);
    cn_require(s->h + 2 * (uint64_t)s->pad_y >= s->kh && s->w + 2 * (uint64_t)s->pad_x >= s->kw);
    cn_require((s->h + 2 * (uint64_t)s->pad_y - s->kh) / s->stride + 1 == s->oh);
    cn_require((s->w + 2 * (uint64_t)s->pad_x - s->kw) / s->stride + 1 == s->ow);
    return (struct job){.out = out, .in = in, .maps = n * s->c, .h = s->h, .w = s->w, .oh = s->oh, .ow = s->ow, .s = s, .add = add};
}

void cnas_avg_pool_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, const struct cnas_conv_shape *s)
{
    struct job j = avg_job(y, x, n, s, 0);
    run(ctx, &j, avg_chunk);
}

void cnas_avg_pool_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t n,
                            const struct cnas_conv_shape *s)
{
    struct job j = avg_job(dx, dy, n, s, add_dx);
    if (dx)
        run(ctx, &j, avg_back_chunk);
}

static void global_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t hw = j->h * j->w;
    (void)own;
    for (size_t m = chunk * j->per_chunk; m < chunk_end(j, chunk); m++)
        j->out[m] = (float)(cn_kernel_sum(j->in + m * hw, hw) / (double)hw);
}

static void global_back_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t hw = j->h * j->w;
    (void)own;
    for (size_t m = chunk * j->per_chunk; m < chunk_end(j, chunk); m++) {
        float *dx = j->out + m * hw, d = j->in[m] / (float)hw;
        for (size_t p = 0; p < hw; p++)
            dx[p] = j->add ? dx[p] + d : d;
    }
}

void cnas_global_avg_pool_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, size_t c, size_t hw)
{
    cn_require(hw);
    struct job j = {.out = y, .in = x, .maps = n * c, .h = 1, .w = hw, .oh = 1, .ow = 1};
    run(ctx, &j, global_chunk);
}

void cnas_global_avg_pool_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t n, size_t c, size_t hw)
{
    cn_require(hw);
    struct job j = {.out = dx, .in = dy, .maps = n * c, .h = 1, .w = hw, .oh = 1, .ow = 1, .add = add_dx};
    if (dx)
        run(ctx, &j, global_back_chunk);
}

static void subsample_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    (void)own;
    for (size_t m = chunk * j->per_chunk; m < chunk_end(j, chunk); m++) {
        float *y = j->out + m * j->oh * j->ow;
        for (size_t i = 0; i < j->oh; i++) {
            const float *x = j->in + (m * j->h + i * j->stride + j->offset_y) * j->w + j->offset_x;
            for (size_t o = 0; o < j->ow; o++)
                *y++ = x[o * j->stride];
        }
    }
}

static void subsample_back_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    (void)own;
    for (size_t m = chunk * j->per_chunk; m < chunk_end(j, chunk); m++) {
        const float *dy = j->in + m * j->oh * j->ow;
        if (!j->add)
            memset(j->out + m * j->h * j->w, 0, j->h * j->w * sizeof(float));
        for (size_t i = 0; i < j->oh; i++) {
            float *dx = j->out + (m * j->h + i * j->stride + j->offset_y) * j->w + j->offset_x;
            for (size_t o = 0; o < j->ow; o++)
                dx[o * j->stride] += *dy++;
        }
    }
}

static struct job subsample_job(float *out, const float *in, size_t maps, size_t h, size_t w, size_t oh, size_t ow, size_t stride,
                                size_t offset_y, size_t offset_x, int add)
{
    cn_require(oh && ow && stride && (oh - 1) * stride + offset_y < h && (ow - 1) * stride + offset_x < w);
    return (struct job){.out = out, .in = in, .maps = maps, .h = h, .w = w, .oh = oh, .ow = ow, .stride = stride,
                        .offset_y = offset_y, .offset_x = offset_x, .add = add};
}

void cnas_subsample_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, size_t c, size_t h, size_t w, size_t oh,
                            size_t ow, size_t stride, size_t offset_y, size_t offset_x)
{
    struct job j = subsample_job(y, x, n * c, h, w, oh, ow, stride, offset_y, offset_x, 0);
    run(ctx, &j, subsample_chunk);
}

void cnas_subsample_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t n, size_t c, size_t h, size_t w,
                             size_t oh, size_t ow, size_t stride, size_t offset_y, size_t offset_x)
{
    struct job j = subsample_job(dx, dy, n * c, h, w, oh, ow, stride, offset_y, offset_x, add_dx);
    if (dx)
        run(ctx, &j, subsample_back_chunk);
}
