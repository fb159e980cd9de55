/* One step of training. */
#include <math.h>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/misuse.h"
#include "runtime/train/finite.h"
#include "runtime/train/loader.h"
#include "runtime/train/net.h"
#include "runtime/train/optimizer.h"
#include "runtime/train/rate.h"
#include "runtime/train/rng.h"
#include "runtime/train/trainer.h"

static enum cnas_status diverged(struct cn_trainer *t, const char *what, double rate)
{
    return cn_error(t->err, CNAS_E_DIVERGED, "the %s is not a finite number in epoch %u, step %zu of %zu, at learning rate %.3g: a lower one, a "
                    "longer warm-up or clipped gradients may help", what, (uint32_t)t->at.place.epoch + 1, (size_t)t->at.place.step + 1,
                    t->steps, rate);
}

/* To `part`: the time since *clock, which begins anew. */
static void spend(double *part, double *clock)
{
    const double now = cn_clock_s();
    *part += now - *clock;
    *clock = now;
}

/* Forward and backward on the own share; *loss and *correct are those of the whole batch, and so are the gradients. */
static enum cnas_status compute(struct cn_trainer *t, size_t all, uint64_t seed, double *loss, size_t *correct)
{
    const struct cnas_model *m = t->m;
    struct cn_train_together *g = &t->together;
    const struct cn_train_batch *b = &t->batch;
    double clock = cn_clock_s();
    t->batch.images = cn_train_net_images(t->net);
    const size_t n = cn_train_loader_next(t->loader, b, t->soft);
    cn_require(n);
    spend(&t->spent.batches_s, &clock);
    cn_train_together_step(g, all, t->grads);
    cn_train_net_weights(t->net, t->at.params);
    const float *logits = cn_train_net_forward(t->net, n, 1, seed);
    float *gradient = cn_train_net_logits_gradient(t->net);
    clock = cn_clock_s();
    *loss = cnas_mixed_cross_entropy(t->ctx, gradient, correct, logits, b->labels, b->others, b->shares, n, m->classes, (float)t->o->label_smoothing);
    if (t->sets->soft && t->o->distill_weight > 0)
        *loss = cnas_distillation(t->ctx, gradient, *loss, logits, t->soft, n, m->classes, (float)t->o->distill_weight,
                                  (float)t->o->temperature);
    cn_train_together_weigh(g, gradient, n * m->classes, t->at.params + m->params_trained, m->params_floats - m->params_trained);
    spend(&t->spent.loss_s, &clock);
    cn_train_net_backward(t->net, t->grads, g->group ? cn_train_together_ready : NULL, g);
    const enum cnas_status status = cnas_ctx_status(t->ctx) ? cn_error(t->err, CNAS_E_MEMORY, "no memory for a training step") : CNAS_OK;
    t->stop = t->wish;
    clock = cn_clock_s();
    const enum cnas_status all_well = cn_train_together_wait(g, loss, correct, status, &t->stop, t->err);
    if (g->group)
        spend(&t->spent.ranks_s, &clock);
    return all_well;
}

enum cnas_status cn_train_step(struct cn_trainer *t)
{
    const struct cnas_model *m = t->m;
    const struct cnas_train_options *o = t->o;
    uint32_t epoch = (uint32_t)t->at.place.epoch;
    const size_t at = t->at.place.step, first = at * o->batch, left = t->sets->train->n - first, n = left < o->batch ? left : o->batch;
    size_t correct;
    double loss;
    struct cn_train_rng dropout = cn_train_rng_make(o->seed, CN_TRAIN_DROPOUT, epoch, at);

    CNAS_TRY(compute(t, n, cn_train_rng_u64(&dropout), &loss, &correct));
    double clock = cn_clock_s();
    const double rate = cn_train_rate(o, epoch, at, t->steps);
    if (!isfinite(loss))
        return diverged(t, "loss", rate);
    if (!cn_train_finite(t->grads, m->params_trained))
        return diverged(t, "gradient", rate);
    cn_train_update(t->ctx, t->at.params, t->at.memory, t->grads, m, o, rate, t->at.place.epoch * t->steps + at);
    if (cnas_ctx_status(t->ctx)) {
        cn_train_together_leave(&t->together);
        return cn_error(t->err, CNAS_E_MEMORY, "no memory for a training step");
    }

    spend(&t->spent.update_s, &clock);
    t->at.place.step++;
    t->at.place.loss += loss * (double)n;
    t->at.place.correct += correct;
    struct cnas_train_progress *p = &t->progress;
    p->step = t->at.place.step;
    p->done = first + n;
    p->loss = t->at.place.loss / (double)p->done;
    p->accuracy = (double)t->at.place.correct / (double)p->done;
    p->lr = rate;
    p->images_per_s = (double)(p->done - t->epoch_first) / (cn_clock_s() - t->epoch_s);
    return CNAS_OK;
}

float *cn_train_weights(struct cn_trainer *t)
{
    return cn_train_result(t->at.memory, t->at.params, t->m, t->o);
}
