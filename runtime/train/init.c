/* First values of the parameters: weights normal with variance 2 / fan_in, the rest constants.
 * Source: He, Zhang, Ren, Sun 2015, equation 10 (fan_in: inputs of one output, C/groups * KH * KW or IN).
 * Each parameter has its own stream, named by the seed and its place in the model. */
#include <math.h>

#include <cnas/train.h>

#include "runtime/train/rng.h"

static void normal(float *out, size_t n, double std, struct cn_train_rng r)
{
    double pair[2];
    for (size_t i = 0; i < n; i++) {
        if (i % 2 == 0)
            cn_train_rng_normal2(&r, pair);
        out[i] = (float)(std * pair[i % 2]);
    }
}

static void constant(float *out, size_t n, float value)
{
    for (size_t i = 0; i < n; i++)
        out[i] = value;
}

/* The quadratic p with the least E[(max(x, 0) - p(x))^2] for standard normal x, what follows a batch norm. In the basis 1, x,
 * (x^2 - 1) / sqrt(2), orthonormal under that weight, ReLU has the coefficients 1 / sqrt(2 pi), 1 / 2, 1 / sqrt(4 pi); so
 * p(x) = t x^2 + x / 2 + t  with  t = 1 / (2 sqrt(2 pi)).
 * Source: Park, Kim, Jung, Ahn, "AESPA: Accuracy Preserving Low-degree Polynomial Activation for Fast Private Inference", 2022.
 * Differs: the three coefficients are trained, and are for x itself; AESPA keeps them and normalises each basis polynomial. */
static void nearest_to_relu(float *out, size_t channels)
{
    const float t = 0.199471140f; /* 1 / (2 sqrt(2 pi)) */
    constant(out, channels, t);
    constant(out + channels, channels, 0.5f);
    constant(out + 2 * channels, channels, t);
}

void cnas_params_init(float *params, const struct cnas_model *m, uint64_t seed)
{
    for (size_t i = 0; i < m->n_params; i++) {
        const struct cnas_param *p = &m->params[i];
        float *out = params + p->offset;
        switch (p->kind) {
        case CNAS_PARAM_WEIGHT:
            normal(out, p->size, sqrt(2.0 * p->dim[0] / (double)p->size), cn_train_rng_make(seed, CN_TRAIN_INIT, i, 0));
            break;
        case CNAS_PARAM_GAMMA:
        case CNAS_PARAM_VAR:
            constant(out, p->size, 1);
            break;
        case CNAS_PARAM_COEFFICIENTS:
            nearest_to_relu(out, p->size / 3);
            break;
        case CNAS_PARAM_BIAS:
        case CNAS_PARAM_BETA:
        case CNAS_PARAM_MEAN:
            constant(out, p->size, 0);
            break;
        }
    }
}
