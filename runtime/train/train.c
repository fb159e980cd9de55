/* The training loop: shuffled epochs of steps; after every epoch what it has reached is measured, told and saved.
 * Every random choice is a function of seed, epoch and sample or step, so a run is repeatable and can go on from a checkpoint. */
#include <string.h>

#include <cnas/train.h>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/train/loader.h"
#include "runtime/train/options.h"
#include "runtime/train/trainer.h"

enum cnas_status cn_train_check_data(const struct cnas_dataset *d, const struct cnas_model *m, const char *part, struct cnas_error *err)
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

/* The network after the epoch that has just been measured becomes the best one if it is: more right answers, or as many and a smaller
 * loss. */
static void keep_best(struct cn_trainer *t, const struct cn_train_measure *now)
{
    struct cn_train_best *b = &t->at.best;
    if (b->epoch && (now->accuracy < b->accuracy || (now->accuracy == b->accuracy && !(now->loss < b->loss))))
        return;
    *b = (struct cn_train_best){t->at.place.epoch + 1, now->accuracy, now->loss};
    memcpy(t->at.best_params, cn_train_weights(t), t->m->params_floats * sizeof(float));
}

static void tell_best(struct cn_trainer *t)
{
    t->progress.best_epoch = (uint32_t)t->at.best.epoch;
    t->progress.best_accuracy = t->at.best.accuracy;
}

/* What rank 0 has is everyone's: what it began with or read, and after every epoch, should the processors of the ranks round otherwise. */
static enum cnas_status share_state(struct cn_trainer *t)
{
    CNAS_TRY(cn_train_broadcast(&t->together, t->at.params, t->m->params_floats * sizeof(float), t->err));
    return cn_train_broadcast(&t->together, t->at.memory, t->at.memory_floats * sizeof(float), t->err);
}

/* Measures, tells, and is done with an epoch whose steps are all taken. Telling comes before saving: who keeps a record of what was
 * told has all of it when the checkpoint says that the epoch is over. */
static enum cnas_status end_epoch(struct cn_trainer *t)
{
    struct cn_train_measure validation, test;
    const struct cnas_train_sets *s = t->sets;
    struct cnas_train_progress *p = &t->progress;
    CNAS_TRY(share_state(t));
    if (s->validation) {
        CNAS_TRY(cn_train_evaluate(t, s->validation, &validation));
        p->validation_loss = validation.loss;
        p->validation_accuracy = validation.accuracy;
        keep_best(t, &validation);
        tell_best(t);
    }
    if (s->test) {
        CNAS_TRY(cn_train_evaluate(t, s->test, &test));
        p->test_accuracy = test.accuracy;
    }
    p->weights = cn_train_weights(t);
    cn_train_notify(t, CNAS_TRAIN_EPOCH);
    p->weights = NULL;
    p->validation_loss = p->validation_accuracy = p->test_accuracy = -1;
    t->at.place = (struct cn_train_place){.epoch = t->at.place.epoch + 1};
    const enum cnas_status saved = cn_train_save(t, t->wish);
    t->stop = t->wish;
    return cn_train_agree(&t->together, saved, &t->stop, t->err);
}

static enum cnas_status run_epoch(struct cn_trainer *t)
{
    t->progress.epoch = (uint32_t)t->at.place.epoch + 1;
    t->epoch_first = t->at.place.step * t->o->batch;
    t->epoch_s = cn_clock_s();
    while (t->at.place.step < t->steps) {
        CNAS_TRY(cn_train_step(t));
        cn_train_notify(t, CNAS_TRAIN_STEP);
        if (t->at.place.step == t->steps)
            break;
        if (t->stop)
            return cn_train_save(t, 1);
        const enum cnas_status saved = cn_train_save_is_due(t) ? cn_train_save(t, 0) : CNAS_OK;
        if (saved) {
            cn_train_together_leave(&t->together);
            return saved;
        }
    }
    return end_epoch(t);
}

/* Where it begins. */
static void tell_place(struct cn_trainer *t, int found)
{
    const size_t batch = t->o->batch, n = t->sets->train->n;
    const int finished = t->at.place.epoch == t->o->epochs;
    struct cnas_train_progress *p = &t->progress;
    p->resumed = found;
    p->finished = finished;
    p->epoch = (uint32_t)t->at.place.epoch + !finished;
    p->epochs = t->o->epochs;
    p->steps = t->steps;
    p->step = finished ? t->steps : t->at.place.step;
    p->total = n;
    p->done = p->step * batch < n ? p->step * batch : n;
    p->validation_loss = p->validation_accuracy = p->test_accuracy = -1;
    tell_best(t);
}

/* The batches from at.place on. */
static enum cnas_status load(struct cn_trainer *t)
{
    const struct cnas_train_options *o = t->o;
    const struct cnas_group *g = t->together.group;
    const struct cn_train_load want = {
        .ctx = t->ctx, .d = t->sets->train, .levels = t->levels, .batch = o->batch, .rank = g ? g->rank : 0, .size = g ? g->size : 1,
        .epoch = t->at.place.epoch, .step = t->at.place.step,
        .epochs = o->epochs, .threads = t->control->loader_threads, .soft = t->sets->soft, .classes = t->m->classes, .seed = o->seed,
        .augment = t->sets->soft ? cn_train_soft_augment(t->sets->soft) : cn_train_augment_of(o)};
    return cn_train_loader_new(&t->loader, &want, t->err);
}

/* A teacher's answers are for the views that it has seen: options that augment otherwise would not be what is done. */
static enum cnas_status check_soft(const struct cn_trainer *t)
{
    struct cnas_train_options o = *t->o;
    if (!t->sets->soft)
        return CNAS_OK;
    cnas_soft_labels_augment(t->sets->soft, &o);
    if (!cn_train_soft_fit(t->sets->soft, t->sets->train->n, t->m->classes))
        return cn_error(t->err, CNAS_E_MISMATCH, "the soft labels are not for these training images and classes");
    if (o.flip != t->o->flip || o.padding != t->o->padding || o.crop != t->o->crop || o.cutout != t->o->cutout ||
        o.cutmix < t->o->cutmix || o.cutmix > t->o->cutmix)
        return cn_error(t->err, CNAS_E_MISMATCH, "the soft labels are for images that are augmented otherwise");
    return CNAS_OK;
}

/* What this rank does for itself before the first word with the others. */
static enum cnas_status prepare(struct cn_trainer *t)
{
    const struct cnas_train_sets *sets = t->sets;
    CNAS_TRY(cn_train_check_options(t->o, t->err));
    if (t->control->loader_threads > CN_TRAIN_LOADERS)
        return cn_error(t->err, CNAS_E_RANGE, "there can be at most %d loader threads", CN_TRAIN_LOADERS);
    CNAS_TRY(cn_train_check_data(sets->train, t->m, "training", t->err));
    CNAS_TRY(check_soft(t));
    if (sets->validation)
        CNAS_TRY(cn_train_check_data(sets->validation, t->m, "validation", t->err));
    if (sets->test)
        CNAS_TRY(cn_train_check_data(sets->test, t->m, "test", t->err));
    t->steps = (sets->train->n + t->o->batch - 1) / t->o->batch;
    CNAS_TRY(cn_train_allocate(t));
    cn_train_levels(t->levels, t->m);
    if (t->control->checkpoint || t->together.group)
        cn_train_identify(&t->id, t->m, t->sets, t->o);
    return CNAS_OK;
}

/* All compute as rank 0 does: what it has measured or read says which kernels. */
static enum cnas_status make_nets(struct cn_trainer *t)
{
    struct cn_train_together *g = &t->together;
    const int other = !cn_train_is_first(g);
    int stop = 0;
    CNAS_TRY(cn_train_agree(g, other ? CNAS_OK : cn_train_make_net(t), &stop, t->err));
    if (!g->group)
        return CNAS_OK;
    uint64_t size = other ? 0 : strlen(t->at.choices) + 1;
    enum cnas_status status = CNAS_OK;
    CNAS_TRY(cn_train_broadcast(g, &size, sizeof size, t->err));
    if (other && !(t->at.choices = cn_mem_alloc(size, 1)))
        status = cn_error(t->err, CNAS_E_MEMORY, "no memory to train");
    CNAS_TRY(cn_train_agree(g, status, &stop, t->err));
    CNAS_TRY(cn_train_broadcast(g, t->at.choices, size, t->err));
    return cn_train_agree(g, other ? cn_train_make_net(t) : CNAS_OK, &stop, t->err);
}

/* Sure that all ranks do the same training, they go on from where rank 0 is. */
static enum cnas_status take_places(struct cn_trainer *t, int *found)
{
    struct cn_train_together *g = &t->together;
    char digest[CN_TRAIN_DIGEST];
    struct {
        struct cn_train_place place;
        struct cn_train_best best;
        int found;
    } at;
    int stop = 0;
    memcpy(digest, t->id.digest, sizeof digest);
    CNAS_TRY(cn_train_broadcast(g, digest, sizeof digest, t->err));
    enum cnas_status status = CNAS_OK;
    if (memcmp(digest, t->id.digest, sizeof digest))
        status = cn_error(t->err, CNAS_E_MISMATCH, "rank %u has another network, recipe or data set than rank 0", g->group->rank);
    CNAS_TRY(cn_train_agree(g, status, &stop, t->err));
    CNAS_TRY(cn_train_agree(g, cn_train_resume(t, found), &stop, t->err));
    memset(&at, 0, sizeof at);
    at.place = t->at.place;
    at.best = t->at.best;
    at.found = *found;
    CNAS_TRY(cn_train_broadcast(g, &at, sizeof at, t->err));
    t->at.place = at.place;
    t->at.best = at.best;
    *found = at.found;
    if (t->at.best_params)
        CNAS_TRY(cn_train_broadcast(g, t->at.best_params, t->m->params_floats * sizeof(float), t->err));
    return share_state(t);
}

/* Everything that can be refused is, before kernels are measured, which takes seconds, and a first checkpoint is written. */
static enum cnas_status begin(struct cn_trainer *t)
{
    int found = 0, stop = 0;
    CNAS_TRY(cn_train_agree(&t->together, prepare(t), &stop, t->err));
    CNAS_TRY(take_places(t, &found));
    tell_place(t, found);
    cn_train_notify(t, CNAS_TRAIN_OPEN);
    t->stop = t->wish;
    CNAS_TRY(cn_train_agree(&t->together, CNAS_OK, &t->stop, t->err));
    if (t->stop)
        return CNAS_OK;
    CNAS_TRY(make_nets(t));
    cn_train_notify(t, CNAS_TRAIN_START);
    t->stop = t->wish;
    CNAS_TRY(cn_train_agree(&t->together, load(t), &t->stop, t->err));
    if (t->stop)
        return CNAS_OK;
    const enum cnas_status status = found ? CNAS_OK : cn_train_save(t, 1); /* a path that cannot be written shows now, not after an epoch */
    return cn_train_agree(&t->together, status, &stop, t->err);
}

static enum cnas_status run(struct cn_trainer *t)
{
    CNAS_TRY(begin(t));
    t->saved_s = cn_clock_s();
    while (t->at.place.epoch < t->o->epochs && !t->stop)
        CNAS_TRY(run_epoch(t));
    memmove(t->at.params, t->at.best.epoch ? t->at.best_params : cn_train_weights(t), t->m->params_floats * sizeof(float));
    return CNAS_OK;
}

enum cnas_status cnas_train(float *params, struct cnas_ctx *ctx, const struct cnas_model *m, const struct cnas_train_sets *sets,
                            const struct cnas_train_options *o, const struct cnas_train_control *control, struct cnas_error *err)
{
    static const struct cnas_train_control none;
    struct cn_trainer t = {.ctx = ctx, .m = m, .sets = sets, .o = o, .control = control ? control : &none, .err = err,
                           .at = {.params = params}};
    cn_train_together_start(&t.together, ctx, t.control, sets->train->n);
    enum cnas_status status = run(&t);
    cn_train_release(&t);
    return cn_train_together_end(&t.together, status, err);
}
