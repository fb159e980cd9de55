/* The update of the parameters, one chunk a slice of one parameter. */
#include "runtime/train/sgd.h"

#include "runtime/kernel/ctx.h"

enum { FLOATS = 16384 }; /* of one chunk */

struct job {
    float *w, *v;
    const float *g;
    size_t n;
    float rate, momentum, decay;
    int nesterov;
};

static void update_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t first = chunk * FLOATS, n = j->n - first < FLOATS ? j->n - first : FLOATS;
    float *restrict w = j->w + first, *restrict v = j->v + first;
    const float *restrict grad = j->g + first;
    float rate = j->rate, momentum = j->momentum, decay = j->decay;
    (void)own;
    if (j->nesterov)
        for (size_t i = 0; i < n; i++) {
            float g = grad[i] + decay * w[i];
            v[i] = momentum * v[i] + g;
            w[i] -= rate * (g + momentum * v[i]);
        }
    else
        for (size_t i = 0; i < n; i++) {
            v[i] = momentum * v[i] + (grad[i] + decay * w[i]);
            w[i] -= rate * v[i];
        }
}

void cn_train_sgd(struct cnas_ctx *ctx, float *params, float *velocity, const float *grads, const struct cnas_model *m,
                  const struct cnas_train_options *o, double rate)
{
    for (size_t i = 0; i < m->n_params; i++) {
        const struct cnas_param *p = &m->params[i];
        if (p->kind == CNAS_PARAM_MEAN || p->kind == CNAS_PARAM_VAR)
            continue;
        struct job j = {params + p->offset, velocity + p->offset, grads + p->offset, p->size, (float)rate, (float)o->momentum,
                        p->kind == CNAS_PARAM_WEIGHT ? (float)o->weight_decay : 0, o->nesterov};
        cn_kernel_run(ctx, (p->size + FLOATS - 1) / FLOATS, update_chunk, &j);
    }
}
