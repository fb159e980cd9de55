/* Fully connected layer. Forward and dx are cut by samples, dw by outputs, so no partial sums are needed. */
#include <cnas/kernel.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/blas.h"
#include "runtime/kernel/ctx.h"

enum { SAMPLES = 32, OUTPUTS = 64 }; /* of one chunk */

struct job {
    float *y, *dx, *dw, *dbias;
    const float *x, *w, *bias, *dy;
    size_t n, in, out;
    int add_dx;
};

static size_t length(size_t total, size_t first, size_t most)
{
    return total - first < most ? total - first : most;
}

static void forward_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t first = chunk * SAMPLES, rows = length(j->n, first, SAMPLES);
    float *y = j->y + first * j->out;
    (void)own;
    for (size_t i = 0; j->bias && i < rows; i++)
        for (size_t o = 0; o < j->out; o++)
            y[i * j->out + o] = j->bias[o];
    cn_kernel_gemm(0, 1, rows, j->out, j->in, j->x + first * j->in, j->in, j->w, j->in, j->bias ? 1 : 0, y, j->out);
}

void cnas_linear_forward(struct cnas_ctx *ctx, float *y, const float *x, const float *w, const float *bias, size_t n, size_t in,
                         size_t out)
{
    cn_require(n && in && out);
    struct job j = {.y = y, .x = x, .w = w, .bias = bias, .n = n, .in = in, .out = out};
    cn_kernel_run(ctx, (n + SAMPLES - 1) / SAMPLES, forward_chunk, &j);
}

static void dx_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t first = chunk * SAMPLES, rows = length(j->n, first, SAMPLES);
    (void)own;
    cn_kernel_gemm(0, 0, rows, j->in, j->out, j->dy + first * j->out, j->out, j->w, j->in, j->add_dx ? 1 : 0,
                   j->dx + first * j->in, j->in);
}

static void dw_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t first = chunk * OUTPUTS, outputs = length(j->out, first, OUTPUTS);
    (void)own;
    cn_kernel_gemm(1, 0, outputs, j->in, j->n, j->dy + first, j->out, j->x, j->in, 0, j->dw + first * j->in, j->in);
    for (size_t o = first; j->dbias && o < first + outputs; o++) {
        double sum = 0;
        for (size_t i = 0; i < j->n; i++)
            sum += j->dy[i * j->out + o];
        j->dbias[o] = (float)sum;
    }
}

void cnas_linear_backward(struct cnas_ctx *ctx, float *dx, int add_dx, float *dw, float *dbias, const float *dy, const float *x,
                          const float *w, size_t n, size_t in, size_t out)
{
    cn_require(n && in && out);
    struct job j = {.dx = dx, .dw = dw, .dbias = dbias, .x = x, .w = w, .dy = dy, .n = n, .in = in, .out = out, .add_dx = add_dx};
    if (dx)
        cn_kernel_run(ctx, (n + SAMPLES - 1) / SAMPLES, dx_chunk, &j);
    cn_kernel_run(ctx, (out + OUTPUTS - 1) / OUTPUTS, dw_chunk, &j);
}
