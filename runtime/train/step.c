/* One step of training. */
#include <math.h>

#include "runtime/base/error.h"
#include "runtime/base/misuse.h"
#include "runtime/train/loader.h"
#include "runtime/train/rate.h"
#include "runtime/train/rng.h"
#include "runtime/train/sgd.h"
#include "runtime/train/trainer.h"

enum cnas_status cn_train_step(struct cn_trainer *t)
{
    const struct cnas_model *m = t->m;
    const struct cnas_train_options *o = t->o;
    uint32_t epoch = (uint32_t)t->place.epoch;
    size_t at = t->place.step, first = at * o->batch, capacity = o->batch, correct;
    size_t n = cn_train_loader_next(t->loader, t->act + m->input_offset * capacity, t->labels);
    struct cn_train_rng dropout = cn_train_rng_make(o->seed, CN_TRAIN_DROPOUT, epoch, at);
    struct cnas_run r = {.model = m, .ctx = t->ctx, .params = t->params, .grads = t->grads, .act = t->act, .dact = t->dact,
                         .state = t->state, .n = n, .capacity = capacity, .seed = cn_train_rng_u64(&dropout)};

    cn_require(n);
    m->forward(&r);
    double loss = cnas_softmax_cross_entropy(t->ctx, t->dact + m->logits_grad_offset * capacity, &correct,
                                             t->act + m->train_logits_offset * capacity, t->labels, n, m->classes);
    if (cnas_ctx_status(t->ctx))
        return cn_error(t->err, CNAS_E_MEMORY, "no memory for a training step");
    if (!isfinite(loss))
        return cn_error(t->err, CNAS_E_RANGE, "the loss is no longer a number in epoch %u, step %zu: the learning rate is too high",
                        epoch + 1, at + 1);
    m->backward(&r);
    if (cnas_ctx_status(t->ctx))
        return cn_error(t->err, CNAS_E_MEMORY, "no memory for a training step");
    double rate = cn_train_rate(o, epoch, at, t->steps);
    cn_train_sgd(t->ctx, t->params, t->velocity, t->grads, m, o, rate);

    t->place.step++;
    t->place.loss += loss * (double)n;
    t->place.correct += correct;
    struct cnas_train_progress *p = &t->progress;
    p->step = t->place.step;
    p->done = first + n;
    p->loss = t->place.loss / (double)p->done;
    p->accuracy = (double)t->place.correct / (double)p->done;
    p->lr = rate;
    p->images_per_s = (double)(p->done - t->epoch_first) / (cn_train_now_s() - t->epoch_s);
    return CNAS_OK;
}
