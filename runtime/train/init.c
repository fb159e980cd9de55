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
        case CNAS_PARAM_BIAS:
        case CNAS_PARAM_BETA:
        case CNAS_PARAM_MEAN:
            constant(out, p->size, 0);
            break;
        }
    }
}
