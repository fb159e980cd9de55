/* Softmax, and its mean cross-entropy:  L = 1/n sum_i (log sum_c exp z_ic - sum_c y_ic z_ic),   dL/dz = (softmax(z) - y) / n,  where
 * y_i, the target, is 1 for the label; with smoothing s it is 1 - s + s / C for the label and s / C for the other classes (Szegedy et
 * al., CVPR 2016, section 7; torch.nn.CrossEntropyLoss's label_smoothing). Of an image that is mixed of two, each label has its share of
 * the target (Yun et al., "CutMix", ICCV 2019).
 * The largest logit is subtracted before exp, so nothing overflows. */
#include <math.h>

#include <cnas/kernel.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/ctx.h"

enum { SAMPLES = 64 }; /* of one chunk */

struct part {
    double loss;
    size_t correct;
};

struct job {
    float *dlogits;
    struct part *parts;
    const float *logits;
    const uint32_t *labels, *others;
    const float *shares;
    size_t n, classes;
    double smoothing;
};

static void loss_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t end = j->n - chunk * SAMPLES < SAMPLES ? j->n : (chunk + 1) * SAMPLES;
    const double every = j->smoothing / (double)j->classes, rest = 1 - j->smoothing; /* of a target: what each class has; what is left */
    struct part part = {0, 0};
    (void)own;
    for (size_t i = chunk * SAMPLES; i < end; i++) {
        const float *z = j->logits + i * j->classes;
        const size_t label = j->labels[i], second = j->shares ? j->others[i] : label;
        const double share = j->shares ? (double)j->shares[i] : 0;
        size_t best = 0;
        double sum = 0, spread = 0;
        cn_require(label < j->classes && second < j->classes && share >= 0 && share <= 1);
        for (size_t c = 1; c < j->classes; c++)
            if (z[c] > z[best])
                best = c;
        for (size_t c = 0; c < j->classes; c++)
            sum += exp((double)z[c] - (double)z[best]);
        for (size_t c = 0; j->smoothing > 0 && c < j->classes; c++)
            spread += (double)z[c] - (double)z[best];
        part.loss += log(sum) - rest * ((1 - share) * ((double)z[label] - (double)z[best]) + share * ((double)z[second] - (double)z[best])) - every * spread;
        part.correct += best == (share > 0.5 ? second : label);
        for (size_t c = 0; j->dlogits && c < j->classes; c++) {
            const double target = every + (c == label ? rest * (1 - share) : 0) + (c == second ? rest * share : 0);
            j->dlogits[i * j->classes + c] = (float)((exp((double)z[c] - (double)z[best]) / sum - target) / (double)j->n);
        }
    }
    j->parts[chunk] = part;
}

double cnas_softmax_cross_entropy(struct cnas_ctx *ctx, float *dlogits, size_t *correct, const float *logits,
                                  const uint32_t *labels, size_t n, size_t classes, float smoothing)
{
    return cnas_mixed_cross_entropy(ctx, dlogits, correct, logits, labels, NULL, NULL, n, classes, smoothing);
}

double cnas_mixed_cross_entropy(struct cnas_ctx *ctx, float *dlogits, size_t *correct, const float *logits, const uint32_t *labels,
                                const uint32_t *others, const float *shares, size_t n, size_t classes, float smoothing)
{
    cn_require(n && classes && smoothing >= 0 && smoothing < 1);
    size_t chunks = (n + SAMPLES - 1) / SAMPLES, right = 0;
    struct job j = {dlogits, NULL, logits, labels, others, shares, n, classes, smoothing};
    double loss = 0;
    j.parts = (struct part *)(void *)cn_kernel_scratch(ctx, 0, chunks * (sizeof(struct part) / sizeof(float)));
    if (correct)
        *correct = 0;
    if (!j.parts)
        return NAN;
    cn_kernel_run(ctx, chunks, loss_chunk, &j);
    for (size_t i = 0; i < chunks; i++) {
        loss += j.parts[i].loss;
        right += j.parts[i].correct;
    }
    if (correct)
        *correct = right;
    return loss / (double)n;
}

struct softmax_job {
    float *logits;
    size_t n, classes;
};

static void softmax_chunk(void *job, size_t chunk, float *own)
{
    const struct softmax_job *j = job;
    size_t end = j->n - chunk * SAMPLES < SAMPLES ? j->n : (chunk + 1) * SAMPLES;
    (void)own;
    for (size_t i = chunk * SAMPLES; i < end; i++) {
        float *z = j->logits + i * j->classes, most = z[0];
        double sum = 0;
        for (size_t c = 1; c < j->classes; c++)
            most = z[c] > most ? z[c] : most;
        for (size_t c = 0; c < j->classes; c++)
            sum += exp((double)z[c] - (double)most);
        for (size_t c = 0; c < j->classes; c++)
            z[c] = (float)(exp((double)z[c] - (double)most) / sum);
    }
}

void cnas_softmax(struct cnas_ctx *ctx, float *logits, size_t n, size_t classes)
{
    cn_require(n && classes);
    struct softmax_job j = {logits, n, classes};
    cn_kernel_run(ctx, (n + SAMPLES - 1) / SAMPLES, softmax_chunk, &j);
}
