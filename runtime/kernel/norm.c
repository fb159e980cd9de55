/* Batch normalisation over (N, HW) for each channel.
 * Source:  Ioffe & Szegedy 2015, algorithms 1 and 2.
 * Differs: the variance is summed around the mean (two passes), rows in float lanes, across rows in double.
 * A chunk is a channel: its values of the whole batch are read two or three times and stay in cache. */
#include <math.h>

#include <cnas/kernel.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/ctx.h"
#include "runtime/kernel/lanes.h"

struct job {
    double *sums, m; /* with peers, see there; m: numbers of a channel of them all */
    float *y, *dx, *dgamma, *dbeta, *save_mean, *save_invstd, *running_mean, *running_var;
    const float *x, *dy, *gamma, *beta, *mean, *invstd, *in_mean, *in_var;
    size_t n, c, hw;
    float epsilon, decay;
    int add_dx;
};

static void normalise(const struct job *j, size_t c, float mean, float invstd)
{
    float scale = j->gamma[c] * invstd, shift = j->beta[c] - mean * scale;
    for (size_t i = 0; i < j->n; i++) {
        const float *x = j->x + (i * j->c + c) * j->hw;
        float *y = j->y + (i * j->c + c) * j->hw;
        for (size_t p = 0; p < j->hw; p++)
            y[p] = x[p] * scale + shift;
    }
}

static void finish(const struct job *j, size_t c, float mean, double squares, double m)
{
    float invstd = (float)(1 / sqrt(squares / m + j->epsilon));
    j->save_mean[c] = mean;
    j->save_invstd[c] = invstd;
    j->running_mean[c] = j->decay * j->running_mean[c] + (1 - j->decay) * mean;
    j->running_var[c] = j->decay * j->running_var[c] + (1 - j->decay) * (float)(squares / (m > 1 ? m - 1 : 1));
    normalise(j, c, mean, invstd);
}

static void train_chunk(void *job, size_t c, float *own)
{
    const struct job *j = job;
    double m = (double)j->n * (double)j->hw, sum = 0, squares = 0;
    (void)own;
    for (size_t i = 0; i < j->n; i++)
        sum += cn_kernel_sum(j->x + (i * j->c + c) * j->hw, j->hw);
    float mean = (float)(sum / m);
    for (size_t i = 0; i < j->n; i++)
        squares += cn_kernel_sum_squares(j->x + (i * j->c + c) * j->hw, j->hw, mean);
    if (j->sums) {
        j->sums[c] = sum;
        j->sums[j->c + c] = squares + mean * (2 * sum - m * mean); /* around 0 */
    } else {
        finish(j, c, mean, squares, m);
    }
}

/* --- with peers: the sums of each channel go around between two loops, those of all channels at once ---
 * Forward: the sums of x and of x^2, which mean and variance follow from; in double that loses nothing that a float would keep.
 * Backward: the sums of dy and dy xhat; dgamma and dbeta stay those of the own samples, as all gradients of parameters. */

static int has_peers(const struct cnas_ctx *ctx)
{
    const struct cn_kernel_peers *peers = cn_kernel_peers(ctx);
    return peers && peers->sum;
}

static double *peer_sums(struct cnas_ctx *ctx, const struct job *j)
{
    float *sums = cn_kernel_scratch(ctx, 0, 2 * j->c * (sizeof(double) / sizeof(float)));
    if (!sums)
        cn_kernel_peers(ctx)->sum(cn_kernel_peers(ctx)->user, NULL, 0);
    return (double *)(void *)sums;
}

static void add_peers(const struct cnas_ctx *ctx, struct job *j)
{
    const struct cn_kernel_peers *peers = cn_kernel_peers(ctx);
    peers->sum(peers->user, j->sums, 2 * j->c);
    j->m = (double)peers->all * (double)j->hw;
}

static void train_peers_chunk(void *job, size_t c, float *own)
{
    const struct job *j = job;
    double m = j->m, mean = j->sums[c] / m, squares = j->sums[j->c + c] - m * mean * mean;
    (void)own;
    finish(j, c, (float)mean, squares < 0 ? 0 : squares, m); /* below 0 by rounding; a NaN stays */
}

void cnas_batch_norm_train(struct cnas_ctx *ctx, float *y, float *save_mean, float *save_invstd, float *running_mean,
                           float *running_var, const float *x, const float *gamma, const float *beta, size_t n, size_t c,
                           size_t hw, float epsilon, float decay)
{
    cn_require(n && c && hw && epsilon > 0);
    struct job j = {.y = y, .save_mean = save_mean, .save_invstd = save_invstd, .running_mean = running_mean,
                    .running_var = running_var, .x = x, .gamma = gamma, .beta = beta, .n = n, .c = c, .hw = hw,
                    .epsilon = epsilon, .decay = decay};
    if (has_peers(ctx) && !(j.sums = peer_sums(ctx, &j)))
        return;
    cn_kernel_run(ctx, c, train_chunk, &j);
    if (j.sums) {
        add_peers(ctx, &j);
        cn_kernel_run(ctx, c, train_peers_chunk, &j);
    }
}

static void infer_chunk(void *job, size_t c, float *own)
{
    const struct job *j = job;
    (void)own;
    normalise(j, c, j->in_mean[c], 1 / sqrtf(j->in_var[c] + j->epsilon));
}

void cnas_batch_norm_infer(struct cnas_ctx *ctx, float *y, const float *x, const float *gamma, const float *beta,
                           const float *running_mean, const float *running_var, size_t n, size_t c, size_t hw, float epsilon)
{
    cn_require(n && c && hw && epsilon > 0);
    struct job j = {.y = y, .x = x, .gamma = gamma, .beta = beta, .in_mean = running_mean, .in_var = running_var, .n = n,
                    .c = c, .hw = hw, .epsilon = epsilon};
    cn_kernel_run(ctx, c, infer_chunk, &j);
}

/* With xhat = (x - mean) invstd and m = N HW:
 *   dbeta = sum dy,   dgamma = sum dy xhat,   dx = gamma invstd (dy - dbeta/m - xhat dgamma/m).
 * dx is affine in dy and x:  dx = a dy + b x + d  with  a = gamma invstd,  b = -a invstd dgamma/m,  d = -a dbeta/m - b mean. */
static void backward_dx(const struct job *j, size_t c, double sum, double product, double m)
{
    float mean = j->mean[c], invstd = j->invstd[c];
    double da = (double)j->gamma[c] * invstd, db = -da * invstd * product / m;
    float a = (float)da, b = (float)db, d = (float)(-da * sum / m - db * mean);
    for (size_t i = 0; i < j->n; i++) {
        size_t at = (i * j->c + c) * j->hw;
        const float *dy = j->dy + at, *x = j->x + at;
        float *dx = j->dx + at;
        if (j->add_dx)
            for (size_t p = 0; p < j->hw; p++)
                dx[p] += a * dy[p] + (b * x[p] + d);
        else
            for (size_t p = 0; p < j->hw; p++)
                dx[p] = a * dy[p] + (b * x[p] + d);
    }
}

static void backward_chunk(void *job, size_t c, float *own)
{
    const struct job *j = job;
    double sum = 0, product = 0;
    float mean = j->mean[c], invstd = j->invstd[c];
    (void)own;
    for (size_t i = 0; i < j->n; i++) {
        size_t at = (i * j->c + c) * j->hw;
        sum += cn_kernel_sum(j->dy + at, j->hw);
        product += cn_kernel_sum_products(j->dy + at, j->x + at, j->hw, mean);
    }
    product *= invstd;
    j->dbeta[c] = (float)sum;
    j->dgamma[c] = (float)product;
    if (j->sums) {
        j->sums[c] = sum;
        j->sums[j->c + c] = product;
    } else if (j->dx) {
        backward_dx(j, c, sum, product, (double)j->n * (double)j->hw);
    }
}

static void backward_peers_chunk(void *job, size_t c, float *own)
{
    const struct job *j = job;
    (void)own;
    backward_dx(j, c, j->sums[c], j->sums[j->c + c], j->m);
}

void cnas_batch_norm_backward(struct cnas_ctx *ctx, float *dx, int add_dx, float *dgamma, float *dbeta, const float *dy,
                              const float *x, const float *gamma, const float *save_mean, const float *save_invstd, size_t n,
                              size_t c, size_t hw)
{
    cn_require(n && c && hw);
    struct job j = {.dx = dx, .add_dx = add_dx, .dgamma = dgamma, .dbeta = dbeta, .dy = dy, .x = x, .gamma = gamma,
                    .mean = save_mean, .invstd = save_invstd, .n = n, .c = c, .hw = hw};
    if (dx && has_peers(ctx) && !(j.sums = peer_sums(ctx, &j)))
        return;
    cn_kernel_run(ctx, c, backward_chunk, &j);
    if (j.sums) {
        add_peers(ctx, &j);
        cn_kernel_run(ctx, c, backward_peers_chunk, &j);
    }
}
