/* The training loop: shuffled epochs of steps; after every epoch what it has reached is measured, told and saved.
 * Every random choice is a function of seed, epoch and sample or step, so a run is repeatable and can go on from a checkpoint. */
#include <cnas/train.h>

#include "runtime/base/error.h"
#include "runtime/train/loader.h"
#include "runtime/train/options.h"
#include "runtime/train/trainer.h"

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

static enum cnas_status save(struct cn_trainer *t)
{
    if (!t->o->checkpoint)
        return CNAS_OK;
    return cn_train_checkpoint_save(t->o->checkpoint, t->params, t->velocity, t->m, t->digest, &t->place, t->err);
}

/* Measures, tells, and is done with an epoch whose steps are all taken. Telling comes before saving: who keeps a record of what was
 * told has all of it when the checkpoint says that the epoch is over. */
static enum cnas_status end_epoch(struct cn_trainer *t)
{
    struct cn_train_measure validation, test;
    const struct cnas_train_sets *s = t->sets;
    if (s->validation) {
        CNAS_TRY(cn_train_evaluate(t, s->validation, &validation));
        t->progress.validation_loss = validation.loss;
        t->progress.validation_accuracy = validation.accuracy;
    }
    if (s->test) {
        CNAS_TRY(cn_train_evaluate(t, s->test, &test));
        t->progress.test_accuracy = test.accuracy;
    }
    cn_train_notify(t, CNAS_TRAIN_EPOCH);
    t->progress.validation_loss = t->progress.validation_accuracy = t->progress.test_accuracy = -1;
    t->place = (struct cn_train_place){.epoch = t->place.epoch + 1};
    return save(t);
}

static enum cnas_status run_epoch(struct cn_trainer *t)
{
    t->progress.epoch = (uint32_t)t->place.epoch + 1;
    t->epoch_first = t->place.step * t->o->batch;
    t->epoch_s = cn_train_now_s();
    while (t->place.step < t->steps) {
        CNAS_TRY(cn_train_step(t));
        cn_train_notify(t, CNAS_TRAIN_STEP);
        if (t->stop && t->place.step < t->steps)
            return save(t);
    }
    return end_epoch(t);
}

static enum cnas_status resume(struct cn_trainer *t, int *found)
{
    *found = 0;
    if (!t->o->checkpoint)
        return CNAS_OK;
    cn_train_digest(t->digest, t->m, t->sets->train, t->o);
    CNAS_TRY(cn_train_checkpoint_load(found, t->o->checkpoint, t->params, t->velocity, t->m, t->digest, &t->place, t->err));
    if (*found && (t->place.epoch > t->o->epochs || t->place.step >= t->steps))
        return cn_error(t->err, CNAS_E_FORMAT, "%.200s: the checkpoint is beyond the end of its own training", t->o->checkpoint);
    return CNAS_OK;
}

/* The batches from t->place on. */
static enum cnas_status load(struct cn_trainer *t)
{
    const struct cnas_train_options *o = t->o;
    const struct cn_train_load want = {
        .ctx = t->ctx, .d = t->sets->train, .levels = t->levels, .batch = o->batch, .epoch = t->place.epoch, .step = t->place.step,
        .epochs = o->epochs, .threads = o->loader_threads,
        .augment = {.seed = o->seed, .crop = o->crop, .cutout = o->cutout, .flip = o->flip}};
    return cn_train_loader_new(&t->loader, &want, t->err);
}

static enum cnas_status run(struct cn_trainer *t)
{
    size_t batch = t->o->batch, n = t->sets->train->n;
    int found = 0;
    t->steps = (n + batch - 1) / batch;
    CNAS_TRY(cn_train_allocate(t));
    cn_train_levels(t->levels, t->m);
    CNAS_TRY(resume(t, &found));
    const int ended = t->place.epoch == t->o->epochs;
    t->progress = (struct cnas_train_progress){.epoch = (uint32_t)t->place.epoch + !ended, .epochs = t->o->epochs, .total = n,
                                               .step = ended ? t->steps : t->place.step, .steps = t->steps, .validation_loss = -1,
                                               .validation_accuracy = -1, .test_accuracy = -1};
    t->progress.done = ended || t->place.step * batch > n ? n : t->place.step * batch;
    cn_train_notify(t, CNAS_TRAIN_START);
    if (!found) /* a path that cannot be written shows now, not after an epoch */
        CNAS_TRY(save(t));
    CNAS_TRY(load(t));
    while (t->place.epoch < t->o->epochs && !t->stop)
        CNAS_TRY(run_epoch(t));
    return CNAS_OK;
}

enum cnas_status cnas_train(float *params, struct cnas_ctx *ctx, const struct cnas_model *m, const struct cnas_train_sets *sets,
                            const struct cnas_train_options *o, cnas_train_callback *callback, void *user, struct cnas_error *err)
{
    struct cn_trainer t = {.ctx = ctx, .m = m, .sets = sets, .o = o, .callback = callback, .user = user, .err = err, .params = params};
    CNAS_TRY(cn_train_check_options(o, err));
    CNAS_TRY(check_data(sets->train, m, "training", err));
    if (sets->validation)
        CNAS_TRY(check_data(sets->validation, m, "validation", err));
    if (sets->test)
        CNAS_TRY(check_data(sets->test, m, "test", err));
    enum cnas_status status = run(&t);
    cn_train_release(&t);
    return status;
}
