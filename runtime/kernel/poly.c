/* Polynomial activations: x^2, and a x^2 + b x + c with trained coefficients for each channel.
 * Source: Mishra, Lehmkuhl, Srinivasan, Zheng, Popa, "Delphi", USENIX Security 2020 (quadratic activations for private inference);
 *         Park, Kim, Jung, Ahn, "AESPA", 2022 (coefficients by Hermite expansion; runtime/train/init.c starts from them).
 * A chunk of square is a stretch of elements, one of poly2 a channel, over the whole batch. */
#include <cnas/kernel.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/ctx.h"

enum { ELEMENTS = 16384 };

struct job {
    float *out, *dw;
    const float *x, *dy, *w;
    size_t size, n, c, hw;
    int add;
};

static void square_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t begin = chunk * ELEMENTS, n = j->size - begin < ELEMENTS ? j->size - begin : ELEMENTS;
    const float *restrict x = j->x + begin;
    float *restrict out = j->out + begin;
    (void)own;
    if (!j->dy) {
        for (size_t i = 0; i < n; i++)
            out[i] = x[i] * x[i];
        return;
    }
    const float *restrict dy = j->dy + begin;
    for (size_t i = 0; i < n; i++) {
        float d = 2 * x[i] * dy[i];
        out[i] = j->add ? out[i] + d : d;
    }
}

void cnas_square_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t size)
{
    struct job j = {.out = y, .x = x, .size = size};
    cn_kernel_run(ctx, (size + ELEMENTS - 1) / ELEMENTS, square_chunk, &j);
}

void cnas_square_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, const float *x, size_t size)
{
    struct job j = {.out = dx, .x = x, .dy = dy, .size = size, .add = add_dx};
    if (dx)
        cn_kernel_run(ctx, (size + ELEMENTS - 1) / ELEMENTS, square_chunk, &j);
}

static void poly2_chunk(void *job, size_t c, float *own)
{
    const struct job *j = job;
    const float a = j->w[c], b = j->w[j->c + c], d = j->w[2 * j->c + c];
    (void)own;
    for (size_t i = 0; i < j->n; i++) {
        const float *restrict x = j->x + (i * j->c + c) * j->hw;
        float *restrict y = j->out + (i * j->c + c) * j->hw;
        for (size_t p = 0; p < j->hw; p++)
            y[p] = (a * x[p] + b) * x[p] + d;
    }
}

/* dx = dy (2 a x + b);  da = sum dy x^2,  db = sum dy x,  dc = sum dy. */
static void poly2_back_chunk(void *job, size_t c, float *own)
{
    const struct job *j = job;
    const float a = j->w[c], b = j->w[j->c + c];
    double da = 0, db = 0, dc = 0;
    (void)own;
    for (size_t i = 0; i < j->n; i++) {
        const size_t at = (i * j->c + c) * j->hw;
        const float *x = j->x + at, *dy = j->dy + at;
        for (size_t p = 0; p < j->hw; p++) {
            const double d = dy[p], v = x[p];
            da += d * v * v;
            db += d * v;
            dc += d;
        }
        for (size_t p = 0; j->out && p < j->hw; p++) {
            const float d = dy[p] * (2 * a * x[p] + b);
            j->out[at + p] = j->add ? j->out[at + p] + d : d;
        }
    }
    j->dw[c] = (float)da;
    j->dw[j->c + c] = (float)db;
    j->dw[2 * j->c + c] = (float)dc;
}

void cnas_poly2_forward(struct cnas_ctx *ctx, float *y, const float *x, const float *w, size_t n, size_t c, size_t hw)
{
    cn_require(n && c && hw);
    struct job j = {.out = y, .x = x, .w = w, .n = n, .c = c, .hw = hw};
    cn_kernel_run(ctx, c, poly2_chunk, &j);
}

void cnas_poly2_backward(struct cnas_ctx *ctx, float *dx, int add_dx, float *dw, const float *dy, const float *x, const float *w,
                         size_t n, size_t c, size_t hw)
{
    cn_require(n && c && hw);
    struct job j = {.out = dx, .dw = dw, .x = x, .dy = dy, .w = w, .n = n, .c = c, .hw = hw, .add = add_dx};
    cn_kernel_run(ctx, c, poly2_back_chunk, &j);
}
