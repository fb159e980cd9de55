/* Max pooling. A chunk is a few maps (one channel of one sample each). */
#include <string.h>

#include <cnas/kernel.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/ctx.h"

struct job {
    float *out;
    const float *dy, *x;
    size_t maps, per_chunk;
    const struct cnas_conv_shape *s;
    int add;
};

/* Rows (or columns) of the window of output o that lie inside the map: first .. end-1. */
static void window(size_t *first, size_t *end, size_t o, size_t stride, size_t pad, size_t kernel, size_t size)
{
    size_t start = o * stride, stop = start + kernel;
    *first = start > pad ? start - pad : 0;
    *end = stop - pad < size ? stop - pad : size;
}

/* Where the first largest element of the window of output (i, o) is in this map. */
static size_t largest(const struct cnas_conv_shape *s, const float *x, size_t i, size_t o)
{
    size_t y0, y1, x0, x1;
    window(&y0, &y1, i, s->stride, s->pad_y, s->kh, s->h);
    window(&x0, &x1, o, s->stride, s->pad_x, s->kw, s->w);
    size_t best = y0 * s->w + x0;
    for (size_t r = y0; r < y1; r++)
        for (size_t q = r * s->w + x0; q < r * s->w + x1; q++)
            if (!(x[q] <= x[best]) && x[best] == x[best]) /* a NaN wins, and stays */
                best = q;
    return best;
}

static size_t chunk_end(const struct job *j, size_t chunk)
{
    size_t end = (chunk + 1) * j->per_chunk;
    return end < j->maps ? end : j->maps;
}

static void forward_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const struct cnas_conv_shape *s = j->s;
    (void)own;
    for (size_t m = chunk * j->per_chunk; m < chunk_end(j, chunk); m++) {
        const float *x = j->x + m * s->h * s->w;
        float *y = j->out + m * s->oh * s->ow;
        for (size_t i = 0; i < s->oh; i++)
            for (size_t o = 0; o < s->ow; o++)
                *y++ = x[largest(s, x, i, o)];
    }
}

static void backward_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const struct cnas_conv_shape *s = j->s;
    (void)own;
    for (size_t m = chunk * j->per_chunk; m < chunk_end(j, chunk); m++) {
        const float *x = j->x + m * s->h * s->w, *dy = j->dy + m * s->oh * s->ow;
        float *dx = j->out + m * s->h * s->w;
        if (!j->add)
            memset(dx, 0, (size_t)s->h * s->w * sizeof *dx);
        for (size_t i = 0; i < s->oh; i++)
            for (size_t o = 0; o < s->ow; o++)
                dx[largest(s, x, i, o)] += *dy++;
    }
}

static void run(struct cnas_ctx *ctx, struct job *j, size_t n, void (*body)(void *job, size_t chunk, float *own))
{
    enum { ELEMENTS = 16384 };
    const struct cnas_conv_shape *s = j->s;
    cn_require(n && s->c && s->k == s->c && s->kh && s->kw && s->stride && s->dilation == 1 && s->pad_y < s->kh && s->pad_x < s->kw);
    cn_require(s->h + 2 * (uint64_t)s->pad_y >= s->kh && s->w + 2 * (uint64_t)s->pad_x >= s->kw);
    cn_require((s->h + 2 * (uint64_t)s->pad_y - s->kh) / s->stride + 1 == s->oh);
    cn_require((s->w + 2 * (uint64_t)s->pad_x - s->kw) / s->stride + 1 == s->ow);
    const size_t in = (size_t)s->h * s->w, out = (size_t)s->oh * s->ow, map = in > out ? in : out;
    j->maps = n * s->c;
    j->per_chunk = map > ELEMENTS ? 1 : ELEMENTS / map;
    cn_kernel_run(ctx, (j->maps + j->per_chunk - 1) / j->per_chunk, body, j);
}

void cnas_max_pool_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, const struct cnas_conv_shape *s)
{
    struct job j = {.out = y, .x = x, .s = s};
    run(ctx, &j, n, forward_chunk);
}

void cnas_max_pool_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, const float *x, size_t n,
                            const struct cnas_conv_shape *s)
{
    struct job j = {.out = dx, .dy = dy, .x = x, .s = s, .add = add_dx};
    if (dx)
        run(ctx, &j, n, backward_chunk);
}
