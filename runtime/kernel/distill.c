/* Distillation (Hinton, Vinyals & Dean 2015, arXiv 1503.02531, section 2). With student's logits z, teacher's t, temperature T,
 *
 *     L = (1 - weight) L' + weight T^2 1/n sum_i KL(p_i || q_i),   p = softmax(t / T), q = softmax(z / T),
 *     dL/dz = (1 - weight) dL'/dz + weight T (q - p) / n,
 *
 * where L' is another loss. T^2 keeps the gradient's size when T changes. The divergence is 0 where the answers are equal, as in
 * torch.nn.functional.kl_div; the cross-entropy of the paper has the entropy of p more, which has no gradient.
 * The largest logit is subtracted before exp, so nothing overflows. */
#include <math.h>

#include <cnas/kernel.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/ctx.h"

enum { SAMPLES = 64 }; /* of one chunk */

struct job {
    float *dlogits;
    double *divergence; /* of each sample */
    const float *logits, *teacher;
    size_t n, classes;
    double weight, temperature;
};

/* What is to be taken from z / T to have log softmax(z / T). */
static double softened(const float *z, size_t classes, double temperature)
{
    double most = (double)z[0], sum = 0;
    for (size_t c = 1; c < classes; c++)
        most = (double)z[c] > most ? (double)z[c] : most;
    for (size_t c = 0; c < classes; c++)
        sum += exp(((double)z[c] - most) / temperature);
    return most / temperature + log(sum);
}

static void chunk_of(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const size_t end = j->n - chunk * SAMPLES < SAMPLES ? j->n : (chunk + 1) * SAMPLES;
    (void)own;
    for (size_t i = chunk * SAMPLES; i < end; i++) {
        const float *z = j->logits + i * j->classes, *t = j->teacher + i * j->classes;
        float *d = j->dlogits + i * j->classes;
        const double of_z = softened(z, j->classes, j->temperature), of_t = softened(t, j->classes, j->temperature);
        double divergence = 0;
        for (size_t c = 0; c < j->classes; c++) {
            const double log_z = (double)z[c] / j->temperature - of_z, log_t = (double)t[c] / j->temperature - of_t, p = exp(log_t);
            divergence += p * (log_t - log_z);
            d[c] = (float)((1 - j->weight) * (double)d[c] + j->weight * j->temperature * (exp(log_z) - p) / (double)j->n);
        }
        j->divergence[i] = divergence;
    }
}

double cnas_distillation(struct cnas_ctx *ctx, float *dlogits, double loss, const float *logits, const float *teacher, size_t n,
                         size_t classes, float weight, float temperature)
{
    cn_require(n && classes && weight >= 0 && weight <= 1 && temperature > 0);
    struct job j = {dlogits, NULL, logits, teacher, n, classes, (double)weight, (double)temperature};
    double sum = 0;
    j.divergence = (double *)(void *)cn_kernel_scratch(ctx, 0, n * (sizeof(double) / sizeof(float)));
    if (!j.divergence)
        return NAN;
    cn_kernel_run(ctx, (n + SAMPLES - 1) / SAMPLES, chunk_of, &j);
    for (size_t i = 0; i < n; i++)
        sum += j.divergence[i];
    return (1 - j.weight) * loss + j.weight * j.temperature * j.temperature * sum / (double)n;
}
