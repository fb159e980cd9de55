/* Memory for batches, kept from one network to the next; one batch of inference, one of training. */
#include "compiler/oracle/oracle.h"

#include <cnas/train.h>

#include <stdlib.h>
#include <string.h>

struct slab {
    float *at;
    size_t floats;
};

struct oracle {
    struct cnas_ctx *ctx;
    size_t capacity;
    const struct cnas_model *m;
    bool trains;
    struct slab act, dact, state;
    const float *logits;
};

enum cnas_status oracle_new(struct oracle **out, struct cnas_ctx *ctx, size_t capacity)
{
    if (!capacity)
        bug("an executor for batches of nothing");
    *out = calloc(1, sizeof **out);
    if (!*out)
        return CNAS_E_MEMORY;
    (*out)->ctx = ctx;
    (*out)->capacity = capacity;
    return CNAS_OK;
}

void oracle_free(struct oracle **o)
{
    if (!*o)
        return;
    free((*o)->act.at);
    free((*o)->dact.at);
    free((*o)->state.at);
    free(*o);
    *o = NULL;
}

/* What was in it is not kept. */
static enum cnas_status grow(struct slab *s, size_t floats, size_t times)
{
    enum { LINE = 64 };
    size_t total, bytes;
    if (__builtin_mul_overflow(floats, times, &total) || __builtin_mul_overflow(total, sizeof(float), &bytes) || bytes > SIZE_MAX - LINE)
        return CNAS_E_MEMORY;
    if (s->at && total <= s->floats)
        return CNAS_OK;
    free(s->at);
    s->floats = 0;
    s->at = aligned_alloc(LINE, (bytes / LINE + 1) * LINE);
    if (!s->at)
        return CNAS_E_MEMORY;
    s->floats = total;
    return CNAS_OK;
}

enum cnas_status oracle_load(struct oracle *o, const struct cnas_model *m, bool train)
{
    o->m = NULL;
    o->logits = NULL;
    CNAS_TRY(grow(&o->act, train && m->train_floats > m->infer_floats ? m->train_floats : m->infer_floats, o->capacity));
    if (train) {
        CNAS_TRY(grow(&o->dact, m->grad_floats, o->capacity));
        CNAS_TRY(grow(&o->state, m->state_floats, 1));
    }
    o->m = m;
    o->trains = train;
    return CNAS_OK;
}

float *oracle_images(struct oracle *o)
{
    if (!o->m)
        bug("an executor without a network");
    return o->act.at + o->m->input_offset * o->capacity;
}

const float *oracle_logits(const struct oracle *o)
{
    if (!o->logits)
        bug("logits before a network has run");
    return o->logits;
}

static struct cnas_run run_of(const struct oracle *o, float *params, size_t n)
{
    if (!o->m || n < 1 || n > o->capacity)
        bug("a batch without a network or of a size that the executor was not made for");
    return (struct cnas_run){.model = o->m, .ctx = o->ctx, .params = params, .act = o->act.at, .n = n, .capacity = o->capacity};
}

enum cnas_status oracle_infer(struct oracle *o, const float *params, size_t n)
{
    const struct cnas_run r = run_of(o, (float *)(uintptr_t)params, n); /* infer reads them only */
    o->m->infer(&r);
    o->logits = cnas_act(&r, o->m->infer_logits_offset);
    return cnas_ctx_status(o->ctx);
}

enum cnas_status oracle_step(struct oracle *o, float *params, float *grads, const uint32_t *labels, size_t n, uint64_t seed, double *loss,
                             size_t *correct)
{
    struct cnas_run r = run_of(o, params, n);
    if (!o->trains)
        bug("a training step of a network that was loaded for inference");
    r.grads = grads;
    r.dact = o->dact.at;
    r.state = o->state.at;
    r.seed = seed;
    o->m->forward(&r);
    o->logits = cnas_act(&r, o->m->train_logits_offset);
    *loss = cnas_softmax_cross_entropy(o->ctx, grads ? cnas_dact(&r, o->m->logits_grad_offset) : NULL, correct, o->logits, labels, n,
                                       o->m->classes, 0);
    if (grads)
        o->m->backward(&r);
    return cnas_ctx_status(o->ctx);
}
