/* Nearest-neighbour upsampling by an integer factor. A chunk is one map (one channel of one sample). */
#include <string.h>

#include <cnas/kernel.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/ctx.h"

struct job {
    float *out;
    const float *in;
    size_t h, w, factor;
    int add;
};

static void forward_map(void *job, size_t map, float *own)
{
    const struct job *j = job;
    const size_t f = j->factor, ow = j->w * f;
    const float *x = j->in + map * j->h * j->w;
    float *y = j->out + map * j->h * f * ow;
    (void)own;
    for (size_t i = 0; i < j->h; i++, x += j->w) {
        for (size_t q = 0; q < ow; q++)
            y[q] = x[q / f];
        for (size_t r = 1; r < f; r++)
            memcpy(y + r * ow, y, ow * sizeof *y);
        y += f * ow;
    }
}

static void backward_map(void *job, size_t map, float *own)
{
    const struct job *j = job;
    const size_t f = j->factor, ow = j->w * f;
    const float *dy = j->in + map * j->h * f * ow;
    float *dx = j->out + map * j->h * j->w;
    (void)own;
    if (!j->add)
        memset(dx, 0, j->h * j->w * sizeof *dx);
    for (size_t i = 0; i < j->h * f; i++, dy += ow)
        for (size_t q = 0; q < ow; q++)
            dx[i / f * j->w + q / f] += dy[q];
}

void cnas_upsample_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, size_t c, size_t h, size_t w, size_t factor)
{
    cn_require(n && c && h && w && factor);
    struct job j = {.out = y, .in = x, .h = h, .w = w, .factor = factor};
    cn_kernel_run(ctx, n * c, forward_map, &j);
}

void cnas_upsample_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t n, size_t c, size_t h, size_t w,
                            size_t factor)
{
    cn_require(n && c && h && w && factor);
    struct job j = {.out = dx, .in = dy, .h = h, .w = w, .factor = factor, .add = add_dx};
    if (dx)
        cn_kernel_run(ctx, n * c, backward_map, &j);
}
