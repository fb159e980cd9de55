/* The training loop: shuffled epochs of batches, forward, loss, backward, update; a test and a checkpoint after every epoch.
 * Every random choice is a function of seed, epoch and sample or step, so a run is repeatable and can go on from a checkpoint. */
#include <math.h>
#include <time.h>

#include <cnas/train.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/train/batch.h"
#include "runtime/train/checkpoint.h"
#include "runtime/train/rate.h"
#include "runtime/train/rng.h"
#include "runtime/train/sgd.h"

static const double REPORT_S = 0.2; /* the callback hears from us after the first step that ends later than this */

void cnas_train_defaults(struct cnas_train_options *o, const struct cnas_model *m)
{
    *o = (struct cnas_train_options){
        .lr_max = m->train.lr_max, .lr_min = m->train.lr_min, .momentum = m->train.momentum, .weight_decay = m->train.weight_decay,
        .nesterov = m->train.nesterov, .flip = m->train.flip, .epochs = m->train.epochs, .batch = m->train.batch,
        .restart_first = m->train.restart_first, .restart_factor = m->train.restart_factor, .crop = m->train.crop,
        .cutout = m->train.cutout, .seed = 1};
}

struct trainer {
    struct cnas_ctx *ctx;
    const struct cnas_model *m;
    const struct cnas_dataset *train, *test;
    const struct cnas_train_options *o;
    cnas_train_callback *callback;
    void *user;
    struct cnas_error *err;
    float *params, *grads, *velocity, *act, *dact, *state, *levels;
    uint32_t *order, *labels;
    char digest[CN_TRAIN_DIGEST];
    struct cn_train_place place;
    struct cnas_train_progress progress;
    double reported_s, epoch_s; /* times of the last report and of this epoch's first step */
    size_t epoch_first;         /* samples done before that step (a resumed epoch starts in the middle) */
    int stop;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void report(struct trainer *t, int always)
{
    double now = now_s();
    if (!always && now - t->reported_s < REPORT_S)
        return;
    t->reported_s = now;
    if (t->callback && t->callback(t->user, &t->progress))
        t->stop = 1;
}

static enum cnas_status check_data(const struct cnas_dataset *d, const struct cnas_model *m, const char *part, struct cnas_error *err)
{
    if (d->c != m->c || d->h != m->h || d->w != m->w)
        return cn_error(err, CNAS_E_MISMATCH, "the %s images are %ux%ux%u, but network %s reads %ux%ux%u", part, d->c, d->h, d->w,
                        m->name, m->c, m->h, m->w);
    if (!d->n || d->n > UINT32_MAX)
        return cn_error(err, CNAS_E_RANGE, "the %s set has %zu images", part, d->n);
    for (size_t i = 0; i < d->n; i++)
        if (d->labels[i] >= m->classes)
            return cn_error(err, CNAS_E_RANGE, "%s image %zu has label %u, but network %s has %u classes", part, i, d->labels[i],
                            m->name, m->classes);
    return CNAS_OK;
}

static enum cnas_status check_options(const struct cnas_train_options *o, struct cnas_error *err)
{
    if (!o->epochs || !o->batch)
        return cn_error(err, CNAS_E_RANGE, "training needs at least one epoch and one image in a batch");
    if (!(o->lr_max >= 0 && o->lr_min >= 0 && isfinite(o->lr_max) && isfinite(o->lr_min)))
        return cn_error(err, CNAS_E_RANGE, "learning rates must be finite and not negative");
    if (!(o->momentum >= 0 && o->momentum < 1) || !(o->weight_decay >= 0 && isfinite(o->weight_decay)))
        return cn_error(err, CNAS_E_RANGE, "momentum must be in [0, 1) and weight decay finite and not negative");
    if (o->restart_first && !o->restart_factor)
        return cn_error(err, CNAS_E_RANGE, "the factor of warm restarts must be at least 1");
    if (o->crop > 1024 || o->cutout > 4096)
        return cn_error(err, CNAS_E_RANGE, "crop must be at most 1024 and cutout at most 4096 pixels");
    return CNAS_OK;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static enum cnas_status allocate(struct trainer *t)
{
    const struct cnas_model *m = t->m;
    size_t batch = t->o->batch;
    t->grads = cn_mem_zalloc(m->params_trained, sizeof(float));
    t->velocity = cn_mem_zalloc(m->params_trained, sizeof(float));
    t->act = cn_mem_alloc(larger(m->train_floats, m->infer_floats) * batch, sizeof(float));
    t->dact = cn_mem_alloc(m->grad_floats * batch, sizeof(float));
    t->state = cn_mem_alloc(m->state_floats, sizeof(float));
    t->levels = cn_mem_alloc((size_t)m->c * 256, sizeof(float));
    t->order = cn_mem_alloc(t->train->n, sizeof *t->order);
    t->labels = cn_mem_alloc(batch, sizeof *t->labels);
    if (t->grads && t->velocity && t->act && t->dact && t->state && t->levels && t->order && t->labels)
        return CNAS_OK;
    return cn_error(t->err, CNAS_E_MEMORY, "no memory to train with batches of %zu images: try a smaller batch", batch);
}

static void release(struct trainer *t)
{
    void *all[] = {t->grads, t->velocity, t->act, t->dact, t->state, t->levels, t->order, t->labels};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cn_mem_free(all[i]);
}

/* Fisher & Yates. */
static void shuffle(uint32_t *order, size_t n, uint64_t seed, uint64_t epoch)
{
    struct cn_train_rng r = cn_train_rng_make(seed, CN_TRAIN_SHUFFLE, epoch, 0);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        uint32_t j = cn_train_rng_below(&r, (uint32_t)i), swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

static enum cnas_status step(struct trainer *t, size_t steps)
{
    const struct cnas_model *m = t->m;
    const struct cnas_train_options *o = t->o;
    uint32_t epoch = (uint32_t)t->place.epoch;
    size_t at = t->place.step, first = at * o->batch, capacity = o->batch, correct;
    size_t n = t->train->n - first < capacity ? t->train->n - first : capacity;
    struct cn_train_augment augment = {o->seed, epoch, o->crop, o->cutout, o->flip};
    struct cn_train_rng dropout = cn_train_rng_make(o->seed, CN_TRAIN_DROPOUT, epoch, at);
    struct cnas_run r = {.model = m, .ctx = t->ctx, .params = t->params, .grads = t->grads, .act = t->act, .dact = t->dact,
                         .state = t->state, .n = n, .capacity = capacity, .seed = cn_train_rng_u64(&dropout)};

    cn_train_batch(t->ctx, t->act + m->input_offset * capacity, t->labels, t->train, t->levels, t->order, first, n, &augment);
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
    double rate = cn_train_rate(o, epoch, at, steps);
    cn_train_sgd(t->ctx, t->params, t->velocity, t->grads, m, o, rate);

    t->place.step++;
    t->place.loss += loss * (double)n;
    t->place.correct += correct;
    struct cnas_train_progress *p = &t->progress;
    p->done = first + n;
    p->loss = t->place.loss / (double)p->done;
    p->accuracy = (double)t->place.correct / (double)p->done;
    p->lr = rate;
    p->images_per_s = (double)(p->done - t->epoch_first) / (now_s() - t->epoch_s);
    return CNAS_OK;
}

/* Share of the test set that the network in inference mode gets right; stop requests wait for the end of the epoch. */
static enum cnas_status evaluate(struct trainer *t, double *accuracy)
{
    const struct cnas_model *m = t->m;
    size_t capacity = t->o->batch, right = 0;
    for (size_t i = 0; i < t->test->n; i += capacity) {
        size_t n = t->test->n - i < capacity ? t->test->n - i : capacity, correct;
        struct cnas_run r = {.model = m, .ctx = t->ctx, .params = t->params, .act = t->act, .n = n, .capacity = capacity};
        cn_train_batch(t->ctx, t->act + m->input_offset * capacity, t->labels, t->test, t->levels, NULL, i, n, NULL);
        m->infer(&r);
        cnas_softmax_cross_entropy(t->ctx, NULL, &correct, t->act + m->infer_logits_offset * capacity, t->labels, n, m->classes);
        if (cnas_ctx_status(t->ctx))
            return cn_error(t->err, CNAS_E_MEMORY, "no memory to test the network");
        right += correct;
        report(t, 0);
    }
    *accuracy = (double)right / (double)t->test->n;
    return CNAS_OK;
}

static enum cnas_status save(struct trainer *t)
{
    if (!t->o->checkpoint)
        return CNAS_OK;
    return cn_train_checkpoint_save(t->o->checkpoint, t->params, t->velocity, t->m, t->digest, &t->place, t->err);
}

/* Tests, tells, and is done with epoch place.epoch - 1. */
static enum cnas_status end_epoch(struct trainer *t)
{
    enum cnas_status status = t->test ? evaluate(t, &t->progress.test_accuracy) : CNAS_OK;
    if (status)
        return status;
    t->progress.epoch_ended = 1;
    report(t, 1);
    t->progress.epoch_ended = 0;
    t->progress.test_accuracy = -1;
    return CNAS_OK;
}

static enum cnas_status run_epoch(struct trainer *t, size_t steps)
{
    enum cnas_status status;
    shuffle(t->order, t->train->n, t->o->seed, t->place.epoch);
    t->progress.epoch = (uint32_t)t->place.epoch + 1;
    t->epoch_first = t->place.step * t->o->batch;
    t->epoch_s = now_s();
    while (t->place.step < steps) {
        if ((status = step(t, steps)))
            return status;
        report(t, 0);
        if (t->stop && t->place.step < steps)
            return save(t);
    }
    t->place = (struct cn_train_place){.epoch = t->place.epoch + 1};
    if ((status = save(t)))
        return status;
    return end_epoch(t);
}

static enum cnas_status run(struct trainer *t)
{
    size_t batch = t->o->batch, steps = (t->train->n + batch - 1) / batch;
    enum cnas_status status;
    int found = 0;
    if ((status = allocate(t)))
        return status;
    cn_train_levels(t->levels, t->m);
    t->progress = (struct cnas_train_progress){.epochs = t->o->epochs, .total = t->train->n, .test_accuracy = -1};
    if (t->o->checkpoint) {
        cn_train_digest(t->digest, t->m, t->train, t->o);
        status = cn_train_checkpoint_load(&found, t->o->checkpoint, t->params, t->velocity, t->m, t->digest, &t->place, t->err);
        if (status)
            return status;
        if (found && (t->place.epoch > t->o->epochs || t->place.step >= steps))
            return cn_error(t->err, CNAS_E_FORMAT, "%.200s: the checkpoint is beyond the end of its own training", t->o->checkpoint);
    }
    if (found && t->place.epoch == t->o->epochs) { /* nothing left to do but to tell how good it is */
        t->progress.epoch = t->o->epochs;
        t->progress.done = t->train->n;
        return end_epoch(t);
    }
    if (!found && (status = save(t))) /* a path that cannot be written shows now, not after an epoch */
        return status;
    while (t->place.epoch < t->o->epochs && !t->stop)
        if ((status = run_epoch(t, steps)))
            return status;
    return CNAS_OK;
}

enum cnas_status cnas_train(float *params, struct cnas_ctx *ctx, const struct cnas_model *m, const struct cnas_dataset *train,
                            const struct cnas_dataset *test, const struct cnas_train_options *o, cnas_train_callback *callback,
                            void *user, struct cnas_error *err)
{
    struct trainer t = {.ctx = ctx, .m = m, .train = train, .test = test, .o = o, .callback = callback, .user = user, .err = err,
                        .params = params};
    enum cnas_status status = check_options(o, err);
    if (!status)
        status = check_data(train, m, "training", err);
    if (!status && test)
        status = check_data(test, m, "test", err);
    if (!status)
        status = run(&t);
    release(&t);
    return status;
}
