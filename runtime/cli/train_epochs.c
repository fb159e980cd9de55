/* How long an epoch takes is learned by training on a few batches, with an epoch's end after every fourth: what steps, measuring and saving
 * take is told apart by the events between. The first such epoch does not count: it touches memory for the first time. Choosing kernels
 * is over when the first step begins. Which weights come of it does not matter. */
#include "runtime/cli/train_epochs.h"

#include "runtime/cli/args.h"
#include "runtime/cli/progress.h"
#include "runtime/cli/signals.h"
#include "runtime/cli/train_log.h"
#include "runtime/cli/train_recipe.h"
#include "runtime/cli/train_record.h"
#include "runtime/cli/units.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { BATCHES = 4, MEASURED_BATCHES = 2, MOST_EPOCHS = 100000 };
/* The rest of the budget is for what varies, and for files. */
static const double used_share = 0.95, trial_share = 0.02, trial_most_s = 20;

struct trial {
    double enough_s, started, marked; /* of cn_clock */
    double first_s, later_s, measure_s; /* first: saving the epoch before, and one step; later: the other steps */
    unsigned epochs;                    /* that count */
    int warm;
};

static int on_progress(void *user, const struct cnas_train_progress *p)
{
    struct trial *t = user;
    const double now = cn_clock();
    switch (p->event) {
    case CNAS_TRAIN_START:
        t->started = t->marked = now;
        break;
    case CNAS_TRAIN_STEP:
        *(p->step == 1 ? &t->first_s : &t->later_s) += t->warm ? now - t->marked : 0;
        t->marked = now;
        break;
    case CNAS_TRAIN_EPOCH:
        t->measure_s += t->warm ? now - t->marked : 0;
        t->epochs += t->warm != 0;
        t->warm = 1;
        t->marked = now;
        break;
    case CNAS_TRAIN_OPEN:
    case CNAS_TRAIN_MEASURE:
    case CNAS_TRAIN_WARNING:
        break;
    }
    return cn_signals_caught() || (t->epochs && now - t->started >= t->enough_s);
}

/* The first images of a set, at most n. NULL stays NULL. */
static const struct cnas_dataset *first_of(struct cnas_dataset *part, const struct cnas_dataset *d, size_t n)
{
    if (!d)
        return NULL;
    *part = *d;
    part->n = d->n < n ? d->n : n;
    return part;
}

static double images(const struct cnas_dataset *d)
{
    return d ? (double)d->n : 0;
}

/* What the events say of an epoch with all images. */
static double epoch_of(const struct trial *t, const struct cnas_train_sets *all, const struct cnas_train_sets *few, size_t batch)
{
    const double few_steps = ceil(images(few->train) / (double)batch), steps = ceil(images(all->train) / (double)batch);
    const double measured = images(few->validation) + images(few->test), to_measure = images(all->validation) + images(all->test);
    double seconds = t->first_s + t->later_s;
    if (few_steps > 1)
        seconds += t->later_s / (few_steps - 1) * (steps - few_steps);
    if (measured > 0)
        seconds += t->measure_s / measured * to_measure;
    return seconds / t->epochs;
}

/* *epoch_s: seconds that an epoch of the training will take. */
static int measure(double *epoch_s, float *params, const struct cn_train_scene *s)
{
    const struct cn_train_cli *o = s->o;
    const size_t batch = o->recipe.batch;
    struct cnas_error err = {0};
    struct cnas_dataset train, validation, test;
    struct trial t = {.enough_s = fmin(trial_share * o->time_budget, trial_most_s)};
    struct cnas_train_options recipe = o->recipe;
    const struct cnas_train_sets *all = s->sets, sets = {.train = first_of(&train, all->train, BATCHES * batch),
                                                         .validation = first_of(&validation, all->validation, MEASURED_BATCHES * batch),
                                                         .test = first_of(&test, all->test, MEASURED_BATCHES * batch)};
    char checkpoint[sizeof o->checkpoint + 8];
    const struct cnas_train_control control = {.group = s->ranks->group, .sync_batch_norm = o->sync_batch_norm, .checkpoint = checkpoint, .fresh = 1,
                                               .callback = on_progress, .user = &t, .loader_threads = (uint32_t)o->loader_threads, .recompute = o->recompute};
    recipe.epochs = MOST_EPOCHS;
    recipe.lr_max = recipe.lr_min = 0; /* a warm-up of so few steps would be none: nothing is learnt here, so nothing diverges */
    snprintf(checkpoint, sizeof checkpoint, "%s.trial", o->checkpoint);
    cn_signals_catch();
    cnas_params_init(params, s->m, recipe.seed);
    const enum cnas_status status = cnas_train(params, s->ctx, s->m, &sets, &recipe, &control, &err);
    cn_signals_release();
    if (cn_ranks_is_first(s->ranks))
        unlink(checkpoint);
    if (status && (cn_ranks_is_first(s->ranks) || (status != CNAS_E_CLOSED && status != CNAS_E_DIVERGED))) /* which the first rank says */
        cn_fail(1, "--epochs auto: %s", err.text);
    if (status)
        return status == CNAS_E_DIVERGED ? CN_DIVERGED : 1;
    if (cn_signals_caught())
        return cn_fail(128 + cn_signals_caught(), "interrupted before the training began");
    *epoch_s = epoch_of(&t, all, &sets, batch);
    return -1;
}

/* *epochs: of the checkpoint, where there is one that will be gone on from or refused, or that is this training's and finished; else 0. */
static int recall(uint32_t *epochs, const struct cn_train_scene *s)
{
    const struct cn_train_cli *o = s->o;
    struct cnas_train_options recipe = o->recipe;
    struct cnas_train_saved saved;
    struct cnas_error err;
    *epochs = 0;
    if (o->fresh || !cn_ranks_is_first(s->ranks))
        return -1;
    enum cnas_status status = cnas_train_look(&saved, o->checkpoint, s->m, s->sets, &recipe, &err);
    if (!status && saved.epochs && saved.over >= saved.epochs) {
        cn_recipe_set_epochs(&recipe, saved.epochs);
        status = cnas_train_look(&saved, o->checkpoint, s->m, s->sets, &recipe, &err);
    }
    if (status)
        return cn_fail(1, "%s; --fresh starts again, --out writes elsewhere", err.text);
    *epochs = saved.same || saved.over < saved.epochs ? saved.epochs : 0;
    return -1;
}

/* What will be refused when the number is known is refused before the trial, as far as that can be said without it. */
static int check_log(const struct cn_train_scene *s)
{
    if (!s->o->log || !cn_ranks_is_first(s->ranks))
        return -1;
    json_t *first = cn_train_record_start(s->o, s->m, s->sets, s->test->n, s->ctx);
    const int status = cn_train_log_may_write(s->o->log, first);
    json_decref(first);
    return status;
}

uint32_t cn_train_whole_epochs(const struct cnas_train_options *o, double fit)
{
    const uint32_t most = fit < 1 ? 1 : fit > MOST_EPOCHS ? MOST_EPOCHS : (uint32_t)fit;
    uint64_t period = o->restart_first, end = period;
    if (o->schedule != CNAS_COSINE || !period || end > most)
        return most;
    while (end + period * o->restart_factor <= most) {
        period *= o->restart_factor;
        end += period;
    }
    return (uint32_t)end;
}

static void say(const struct cn_train_cli *o, double epoch_s, double fit)
{
    const uint32_t epochs = o->recipe.epochs, most = fit < 1 ? 1 : fit < MOST_EPOCHS ? (uint32_t)fit : MOST_EPOCHS;
    const struct cn_text each = cn_seconds_text(epoch_s);
    char budget[16];
    cn_duration(budget, sizeof budget, o->time_budget);
    if (fit < 1)
        printf("epochs: 1, of about %s: longer than the %s of --time-budget\n", each.c, budget);
    else if (epochs < most)
        printf("epochs: %u of about %s each, after which the rate's last period ends; %u fit into the %s of --time-budget\n", epochs, each.c, most, budget);
    else
        printf("epochs: %u of about %s each fit into the %s of --time-budget\n", epochs, each.c, budget);
    fflush(stdout);
}

int cn_train_choose_epochs(struct cn_train_cli *o, float *params, const struct cn_train_scene *s)
{
    const double began = cn_clock();
    double epoch_s = 0;
    uint32_t epochs;
    int status = cn_ranks_agree(s->ranks, recall(&epochs, s));
    if (status < 0)
        status = cn_ranks_share(s->ranks, &epochs, sizeof epochs);
    if (status < 0 && !epochs) {
        status = cn_ranks_agree(s->ranks, check_log(s));
        if (status < 0)
            status = cn_ranks_agree(s->ranks, measure(&epoch_s, params, s));
        const double fit = status < 0 ? (used_share * o->time_budget - (cn_clock() - began)) / epoch_s : 0;
        epochs = cn_train_whole_epochs(&o->recipe, fit);
        if (status < 0)
            status = cn_ranks_share(s->ranks, &epochs, sizeof epochs);
        cn_recipe_set_epochs(&o->recipe, epochs);
        if (status < 0 && !o->quiet && cn_ranks_is_first(s->ranks))
            say(o, epoch_s, fit);
    } else if (status < 0) {
        cn_recipe_set_epochs(&o->recipe, epochs);
    }
    return status;
}
