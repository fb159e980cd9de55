#include "tests/support/engine_check.h"

#include "compiler/oracle/oracle.h"
#include "tests/support/random_dag.h"

#include <cnas/train.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What one step gives. */
struct outcome {
    float *params, *grads, *logits, *inference; /* params: with moved statistics */
    double loss;
};

static struct outcome outcome_new(struct arena *a, const struct cnas_model *m, const struct engine_case *c, const float *params)
{
    const size_t logits = c->n * m->classes;
    struct outcome o = {ARENA_ARRAY(a, float, m->params_floats + 1), ARENA_ARRAY(a, float, m->params_trained + 1), ARENA_ARRAY(a, float, logits),
                        ARENA_ARRAY(a, float, logits), 0};
    memcpy(o.params, params, m->params_floats * sizeof *params);
    for (size_t i = 0; i < m->params_trained; i++)
        o.grads[i] = NAN; /* each must be written */
    return o;
}

static void portable(struct outcome *o, struct cnas_ctx *ctx, const struct cnas_model *m, const struct engine_case *c, const float *images,
                     const uint32_t *labels)
{
    struct oracle *e;
    const size_t size = c->n * (size_t)m->c * m->h * m->w * sizeof *images;
    if (oracle_new(&e, ctx, c->capacity) || oracle_load(e, m, true))
        bug("no memory for the executor");
    memcpy(oracle_images(e), images, size);
    if (oracle_step(e, o->params, o->grads, labels, c->n, c->seed, &o->loss, NULL))
        bug("no memory for a step");
    memcpy(o->logits, oracle_logits(e), c->n * m->classes * sizeof(float));
    memcpy(oracle_images(e), images, size);
    if (oracle_infer(e, o->params, c->n))
        bug("no memory for inference");
    memcpy(o->inference, oracle_logits(e), c->n * m->classes * sizeof(float));
    oracle_free(&e);
}

static void engine_step(struct outcome *o, struct cn_engine *e, struct cnas_ctx *ctx, const struct cnas_model *m, const struct engine_case *c,
                        const float *images, const uint32_t *labels)
{
    const size_t logits = c->n * m->classes * sizeof(float);
    cn_engine_weights(e, o->params);
    const float *y = cn_engine_forward(e, images, c->n, 1, c->seed);
    memcpy(o->logits, y, logits);
    o->loss = cnas_softmax_cross_entropy(ctx, cn_engine_logits_gradient(e), NULL, y, labels, c->n, m->classes, 0);
    if (cn_engine_logits_gradient(e))
        cn_engine_backward(e, o->grads, NULL, NULL);
    cn_engine_weights(e, o->params);
    memcpy(o->inference, cn_engine_forward(e, images, c->n, 0, 0), logits);
}

static double norm(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sqrt(sum);
}

static double distance(const float *x, const float *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ((double)x[i] - y[i]) * ((double)x[i] - y[i]);
    return sqrt(sum);
}

static double relative(double distance, double size)
{
    return distance == 0 ? 0 : distance / size;
}

static void measure(struct engine_gap *gap, const struct cnas_model *m, const struct engine_case *c, const struct outcome *x,
                    const struct outcome *y)
{
    const size_t logits = c->n * m->classes, statistics = m->params_floats - m->params_trained;
    double largest = 0;
    *gap = (struct engine_gap){.gradient_of = ""};
    gap->logits = relative(distance(x->logits, y->logits, logits), norm(y->logits, logits));
    gap->inference = relative(distance(x->inference, y->inference, logits), norm(y->inference, logits));
    gap->statistics = relative(distance(x->params + m->params_trained, y->params + m->params_trained, statistics),
                               norm(y->params + m->params_trained, statistics));
    gap->loss = fabs(x->loss - y->loss);
    for (size_t i = 0; i < m->n_params; i++)
        if (m->params[i].offset < m->params_trained)
            largest = fmax(largest, norm(y->grads + m->params[i].offset, m->params[i].size));
    for (size_t i = 0; i < m->n_params; i++) {
        const struct cnas_param *p = &m->params[i];
        if (p->offset >= m->params_trained)
            continue;
        const double size = fmax(norm(y->grads + p->offset, p->size), 0.01 * largest);
        const double g = relative(distance(x->grads + p->offset, y->grads + p->offset, p->size), size);
        if (!(g <= gap->gradients)) {
            gap->gradients = g;
            gap->gradient_of = p->name;
        }
    }
}

static int same(const struct outcome *x, const struct outcome *y, const struct cnas_model *m, const struct engine_case *c)
{
    const size_t logits = c->n * m->classes * sizeof(float);
    return !memcmp(x->params, y->params, m->params_floats * sizeof(float)) && !memcmp(x->logits, y->logits, logits) &&
           !memcmp(x->inference, y->inference, logits) && !memcmp(x->grads, y->grads, m->params_trained * sizeof(float)) && x->loss == y->loss;
}

const char *engine_check(struct arena *a, const struct cnas_model *m, const struct engine_case *c, struct engine_gap *gap)
{
    const size_t pixels = c->n * (size_t)m->c * m->h * m->w;
    float *params = ARENA_ARRAY(a, float, m->params_floats + 1), *images = aligned_alloc(64, (pixels * sizeof *images / 64 + 1) * 64);
    uint32_t *labels = ARENA_ARRAY(a, uint32_t, c->n);
    struct random r = {c->seed};
    struct cnas_ctx *ctx;
    struct cn_engine *e = NULL;
    struct cnas_error err = {0};
    if (!images || cnas_ctx_new(&ctx, c->threads))
        bug("no memory");
    random_weights(params, m, c->seed);
    for (size_t i = 0; i < pixels; i++)
        images[i] = (float)(ldexp((double)(random_next(&r) >> 11), -51) - 2);
    for (size_t i = 0; i < c->n; i++)
        labels[i] = (uint32_t)random_below(&r, m->classes);
    struct outcome x = outcome_new(a, m, c, params), again = outcome_new(a, m, c, params), y = outcome_new(a, m, c, params);
    portable(&y, ctx, m, c, images, labels);
    const struct cn_engine_options o = {.type = c->type, .training = 1, .batch = c->capacity, .remake = c->remake, .tuning = c->tuning};
    const char *wrong = NULL;
    if (cn_engine_new(&e, ctx, m, &o, &err)) {
        wrong = arena_printf(a, "no engine: %s", err.text);
    } else {
        engine_step(&x, e, ctx, m, c, images, labels);
        engine_step(&again, e, ctx, m, c, images, labels);
        measure(gap, m, c, &x, &y);
        if (!same(&x, &again, m, c))
            wrong = "the same step again gives other bits";
        if (cnas_ctx_status(ctx))
            wrong = "no memory";
    }
    cn_engine_free(&e);
    cnas_ctx_free(&ctx);
    free(images);
    return wrong;
}
