/* The update. Chunks are slices of the whole parameter block, so that a network of many small parameters is one job list; each array
 * is read and written once, the average included. */
#include "runtime/train/optimizer.h"

#include <math.h>
#include <string.h>

#include "runtime/kernel/ctx.h"

enum { FLOATS = 16384 }; /* of one chunk */
enum { LANES = 16 };     /* sums of squares side by side, so that they are computed in vectors */

struct job {
    const struct cnas_model *m;
    const struct cnas_train_options *o;
    float *w, *v, *second, *average;
    const float *g;
    double *squares; /* of each chunk */
    double rate, scale;  /* scale: of the gradient, from clipping */
    double first_bias, second_bias; /* adamw: 1 - beta^t */
    float keep;          /* 1 - decay of the average */
};

/* n parameters that are treated alike. */
struct slice {
    float *restrict w, *restrict v, *restrict second, *restrict average;
    const float *restrict g;
    size_t n;
    float rate, scale, decay; /* decay: of the gradient */
    float shrink;             /* of the weight: 1 - rate * decay where the decay is decoupled */
    float momentum, beta1, beta2, epsilon, first, second_root, keep;
};

__attribute__((always_inline)) static inline void sgd(const struct slice *s, int nesterov, int averaged)
{
    const float rate = s->rate, scale = s->scale, decay = s->decay, shrink = s->shrink, momentum = s->momentum, keep = s->keep;
    float *restrict w = s->w, *restrict v = s->v, *restrict average = s->average;
    const float *restrict grad = s->g;
    for (size_t i = 0; i < s->n; i++) {
        const float g = scale * grad[i] + decay * w[i];
        v[i] = momentum * v[i] + g;
        w[i] = shrink * w[i] - rate * (nesterov ? g + momentum * v[i] : v[i]);
        if (averaged)
            average[i] += keep * (w[i] - average[i]);
    }
}

__attribute__((always_inline)) static inline void adamw(const struct slice *s, int averaged)
{
    const float rate = s->rate, scale = s->scale, shrink = s->shrink, keep = s->keep;
    const float beta1 = s->beta1, beta2 = s->beta2, epsilon = s->epsilon, first = s->first, root = s->second_root;
    float *restrict w = s->w, *restrict m = s->v, *restrict v = s->second, *restrict average = s->average;
    const float *restrict grad = s->g;
    for (size_t i = 0; i < s->n; i++) {
        const float g = scale * grad[i];
        m[i] = beta1 * m[i] + (1 - beta1) * g;
        v[i] = beta2 * v[i] + (1 - beta2) * g * g;
        w[i] = shrink * w[i] - rate * (m[i] * first / (sqrtf(v[i]) * root + epsilon));
        if (averaged)
            average[i] += keep * (w[i] - average[i]);
    }
}

static void update_slice(const struct job *j, const struct cnas_param *p, size_t first, size_t n)
{
    const struct cnas_train_options *o = j->o;
    const int bias = p->kind == CNAS_PARAM_BIAS || p->kind == CNAS_PARAM_BETA;
    const int decoupled = o->decoupled || o->optimizer == CNAS_ADAMW;
    const double decay = o->decay_all || p->kind == CNAS_PARAM_WEIGHT ? o->weight_decay : 0;
    const double rate = bias && o->bias_lr > 0 ? j->rate * o->bias_lr : j->rate;
    const struct slice s = {
        .w = j->w + first, .v = j->v + first, .second = j->second ? j->second + first : NULL,
        .average = j->average ? j->average + first : NULL, .g = j->g + first, .n = n,
        .rate = (float)rate, .scale = (float)j->scale, .decay = decoupled ? 0 : (float)decay,
        .shrink = decoupled ? (float)(1 - rate * decay) : 1, .momentum = (float)o->momentum, .beta1 = (float)o->beta1,
        .beta2 = (float)o->beta2, .epsilon = (float)o->epsilon, .first = (float)(1 / j->first_bias),
        .second_root = (float)(1 / sqrt(j->second_bias)), .keep = j->keep};
    if (o->optimizer == CNAS_ADAMW) {
        if (s.average)
            adamw(&s, 1);
        else
            adamw(&s, 0);
    } else if (o->nesterov) {
        if (s.average)
            sgd(&s, 1, 1);
        else
            sgd(&s, 1, 0);
    } else {
        if (s.average)
            sgd(&s, 0, 1);
        else
            sgd(&s, 0, 0);
    }
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void update_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const struct cnas_model *m = j->m;
    const size_t start = chunk * FLOATS, end = start + FLOATS;
    (void)own;
    for (size_t i = 0; i < m->n_params; i++) {
        const struct cnas_param *p = &m->params[i];
        const size_t first = larger(start, p->offset), last = smaller(end, p->offset + p->size);
        if (first >= last)
            continue;
        if (p->offset < m->params_trained)
            update_slice(j, p, first, last - first);
        else
            for (size_t k = first; j->average && k < last; k++)
                j->average[k] += j->keep * (j->w[k] - j->average[k]);
    }
}

static size_t chunks_of(size_t floats)
{
    return (floats + FLOATS - 1) / FLOATS;
}

static void squares_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const size_t first = chunk * FLOATS, n = smaller(FLOATS, j->m->params_trained - first);
    const float *g = j->g + first;
    double sum[LANES] = {0}, all = 0;
    size_t i = 0;
    (void)own;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            sum[k] += (double)g[i + k] * (double)g[i + k];
    for (; i < n; i++)
        sum[i % LANES] += (double)g[i] * (double)g[i];
    for (size_t k = 0; k < LANES; k++)
        all += sum[k];
    j->squares[chunk] = all;
}

/* False without memory. The order of the sum is that of the chunks, whoever computed them. */
static int clip(struct cnas_ctx *ctx, struct job *j)
{
    const size_t chunks = chunks_of(j->m->params_trained);
    double sum = 0;
    j->squares = (double *)(void *)cn_kernel_scratch(ctx, 0, chunks * (sizeof(double) / sizeof(float)));
    if (!j->squares)
        return 0;
    cn_kernel_run(ctx, chunks, squares_chunk, j);
    for (size_t i = 0; i < chunks; i++)
        sum += j->squares[i];
    const double norm = sqrt(sum);
    if (norm > j->o->clip)
        j->scale = j->o->clip / norm;
    return 1;
}

void cn_train_update(struct cnas_ctx *ctx, float *params, float *memory, const float *grads, const struct cnas_model *m,
                     const struct cnas_train_options *o, double rate, uint64_t step)
{
    float *average = cn_train_result(memory, params, m, o);
    const double t = (double)step;
    struct job j = {.m = m, .o = o, .w = params, .v = memory, .second = o->optimizer == CNAS_ADAMW ? memory + m->params_trained : NULL,
                    .average = average == params ? NULL : average, .g = grads, .rate = rate, .scale = 1,
                    .first_bias = 1 - pow(o->beta1, t + 1), .second_bias = 1 - pow(o->beta2, t + 1),
                    .keep = (float)(1 - fmin(o->ema, (1 + t) / (10 + t)))};
    if (o->clip > 0 && !clip(ctx, &j))
        return;
    cn_kernel_run(ctx, chunks_of(j.average ? m->params_floats : m->params_trained), update_chunk, &j);
}

static size_t moments(const struct cnas_model *m, const struct cnas_train_options *o)
{
    return o->optimizer == CNAS_ADAMW ? 2 * m->params_trained : m->params_trained;
}

size_t cn_train_memory_floats(const struct cnas_model *m, const struct cnas_train_options *o)
{
    return moments(m, o) + (o->ema > 0 ? m->params_floats : 0);
}

void cn_train_memory_start(float *memory, const float *params, const struct cnas_model *m, const struct cnas_train_options *o)
{
    memset(memory, 0, moments(m, o) * sizeof *memory);
    if (o->ema > 0)
        memcpy(memory + moments(m, o), params, m->params_floats * sizeof *params);
}

float *cn_train_result(float *memory, float *params, const struct cnas_model *m, const struct cnas_train_options *o)
{
    return o->ema > 0 ? memory + moments(m, o) : params;
}
