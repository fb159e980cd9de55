/* Kernels that touch each element once: ReLU, sums, concatenation, dropout. */
#include <string.h>

#include <cnas/kernel.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/ctx.h"
#include "runtime/kernel/mix.h"

enum { ELEMENTS = 16384 }; /* of one chunk: two such arrays stay in the second-level cache */

struct job {
    float *out;
    const float *a, *b;
    const float *const *parts_in;
    const size_t *c;
    size_t size, parts, n, hw, first, own_c, total;
    uint64_t key, before; /* elements of samples that peers have */
    float rate;
    int add;
};

static void run(struct cnas_ctx *ctx, struct job *j, void (*body)(void *job, size_t chunk, float *own))
{
    cn_kernel_run(ctx, (j->size + ELEMENTS - 1) / ELEMENTS, body, j);
}
static size_t chunk_end(const struct job *j, size_t chunk)
{
    return j->size - chunk * ELEMENTS < ELEMENTS ? j->size : (chunk + 1) * ELEMENTS;
}

/* Written so that a NaN stays a NaN: a diverged network must not look healthy. */
static void relu_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t begin = chunk * ELEMENTS, n = chunk_end(j, chunk) - begin;
    const float *restrict x = j->a + begin;
    float *restrict y = j->out + begin;
    (void)own;
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

void cnas_relu_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t size)
{
    struct job j = {.out = y, .a = x, .size = size};
    run(ctx, &j, relu_chunk);
}

static void relu_back_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t begin = chunk * ELEMENTS, n = chunk_end(j, chunk) - begin;
    const float *restrict dy = j->a + begin, *restrict y = j->b + begin;
    float *restrict dx = j->out + begin;
    (void)own;
    if (j->add)
        for (size_t i = 0; i < n; i++) {
            float d = dy[i];
            dx[i] += y[i] > 0 ? d : 0;
        }
    else
        for (size_t i = 0; i < n; i++) {
            float d = dy[i];
            dx[i] = y[i] > 0 ? d : 0;
        }
}

void cnas_relu_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, const float *y, size_t size)
{
    struct job j = {.out = dx, .a = dy, .b = y, .size = size, .add = add_dx};
    if (dx)
        run(ctx, &j, relu_back_chunk);
}

static void add_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t begin = chunk * ELEMENTS, end = chunk_end(j, chunk);
    (void)own;
    memcpy(j->out + begin, j->parts_in[0] + begin, (end - begin) * sizeof(float));
    for (size_t p = 1; p < j->parts; p++) {
        const float *x = j->parts_in[p];
        for (size_t i = begin; i < end; i++)
            j->out[i] += x[i];
    }
}

void cnas_add_forward(struct cnas_ctx *ctx, float *y, const float *const *x, size_t parts, size_t size)
{
    cn_require(parts);
    struct job j = {.out = y, .parts_in = x, .parts = parts, .size = size};
    run(ctx, &j, add_chunk);
}

static void pass_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t begin = chunk * ELEMENTS, end = chunk_end(j, chunk);
    (void)own;
    if (j->add)
        for (size_t i = begin; i < end; i++)
            j->out[i] += j->a[i];
    else
        memcpy(j->out + begin, j->a + begin, (end - begin) * sizeof(float));
}

void cnas_add_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t size)
{
    struct job j = {.out = dx, .a = dy, .size = size, .add = add_dx};
    if (dx)
        run(ctx, &j, pass_chunk);
}

/* A chunk is a sample. */
static void concat_chunk(void *job, size_t i, float *own)
{
    const struct job *j = job;
    float *y = j->out + i * j->total * j->hw;
    (void)own;
    for (size_t p = 0; p < j->parts; p++) {
        size_t floats = j->c[p] * j->hw;
        memcpy(y, j->parts_in[p] + i * floats, floats * sizeof *y);
        y += floats;
    }
}

void cnas_concat_forward(struct cnas_ctx *ctx, float *y, const float *const *x, const size_t *c, size_t parts, size_t n, size_t hw)
{
    struct job j = {.out = y, .parts_in = x, .c = c, .parts = parts, .n = n, .hw = hw};
    cn_require(parts);
    for (size_t p = 0; p < parts; p++)
        j.total += c[p];
    cn_kernel_run(ctx, n, concat_chunk, &j);
}

static void concat_back_chunk(void *job, size_t i, float *own)
{
    const struct job *j = job;
    const float *dy = j->a + (i * j->total + j->first) * j->hw;
    size_t floats = j->own_c * j->hw;
    float *dx = j->out + i * floats;
    (void)own;
    if (j->add)
        for (size_t p = 0; p < floats; p++)
            dx[p] += dy[p];
    else
        memcpy(dx, dy, floats * sizeof *dx);
}

void cnas_concat_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t first, size_t c, size_t total,
                          size_t n, size_t hw)
{
    cn_require(first + c <= total);
    struct job j = {.out = dx, .a = dy, .first = first, .own_c = c, .total = total, .n = n, .hw = hw, .add = add_dx};
    if (dx)
        cn_kernel_run(ctx, n, concat_back_chunk, &j);
}

/* Element i is kept when the top 24 bits of mix(key + i * golden), as a fraction, are not below the rate. */
static void dropout_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t end = chunk_end(j, chunk);
    float scale = 1 / (1 - j->rate);
    (void)own;
    for (size_t i = chunk * ELEMENTS; i < end; i++) {
        float u = (float)(cn_kernel_mix(j->key + (j->before + i + 1) * CN_KERNEL_GOLDEN) >> 40) * 0x1p-24f;
        float v = u >= j->rate ? j->a[i] * scale : 0;
        j->out[i] = j->add ? j->out[i] + v : v;
    }
}

static struct job dropout_job(const struct cnas_ctx *ctx, float *out, const float *a, size_t size, float rate, uint64_t seed,
                              uint32_t layer, int add)
{
    const struct cn_kernel_peers *peers = cn_kernel_peers(ctx);
    cn_require(rate >= 0 && rate < 1);
    return (struct job){.out = out, .a = a, .size = size, .rate = rate, .add = add, .before = peers ? size / peers->n * peers->first : 0,
                        .key = cn_kernel_mix(cn_kernel_mix(seed) ^ ((uint64_t)layer + 1) * CN_KERNEL_GOLDEN)};
}

void cnas_dropout_train(struct cnas_ctx *ctx, float *y, const float *x, size_t size, float rate, uint64_t seed, uint32_t layer)
{
    struct job j = dropout_job(ctx, y, x, size, rate, seed, layer, 0);
    run(ctx, &j, dropout_chunk);
}

void cnas_dropout_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t size, float rate, uint64_t seed,
                           uint32_t layer)
{
    struct job j = dropout_job(ctx, dx, dy, size, rate, seed, layer, add_dx);
    if (dx)
        run(ctx, &j, dropout_chunk);
}
