/* Watching a training. */
#include "runtime/cli/train_watch.h"

#include "runtime/cli/args.h"
#include "runtime/cli/signals.h"
#include "runtime/cli/train_page.h"
#include "runtime/cli/units.h"

#include <stdio.h>
#include <string.h>

static double samples_done(const struct cnas_train_progress *p)
{
    return (double)(p->epoch - 1) * (double)p->total + (double)p->done;
}

/* It can be trained: what is refused is refused before anything is said of it. */
static void on_open(struct cn_train_watch *w, const struct cnas_train_progress *p)
{
    const int status = cn_train_log_open(w->log, p, w->record);
    w->failed = status >= 0 ? status : 0;
    if (!w->failed)
        cn_train_announce(w->scene);
}

static void on_start(struct cn_train_watch *w, const struct cnas_train_progress *p)
{
    w->first = samples_done(p);
    w->complete = p->finished;
    w->started = cn_clock();
    cn_progress_start(&w->progress);
    if (w->record)
        json_object_set_new(json_object_get(w->record, "machine"), "engine", json_string(p->engine));
    const int status = cn_train_log_start(w->log, p, w->record);
    w->record = NULL;
    w->failed = status >= 0 ? status : 0;
    if (w->o->quiet || w->failed)
        return;
    printf("engine: %s\n", p->engine);
    printf("memory: %s planned for batches of %u images\n", cn_bytes_text(p->memory).c, w->o->recipe.batch);
    if (p->finished)
        printf("%s: this training is finished\n", w->o->checkpoint);
    else if (p->resumed)
        printf("going on from %s: epoch %u of %u, step %zu of %zu\n", w->o->checkpoint, p->epoch, p->epochs, p->step, p->steps);
    fflush(stdout);
}

/* Weights that can be used while the training goes on. */
static void keep_best(struct cn_train_watch *w, const float *weights)
{
    struct cnas_error err;
    if (cnas_params_save(weights, w->scene->m, w->o->best, &err))
        cn_fail(0, "warning: %s; the state of the training holds these weights too", err.text);
}

void cn_train_show_page(const struct cn_train_cli *o, const struct cn_train_log *log)
{
    if (o->report && log->lines && !log->complete && cn_train_page_write(o->report, log->lines) >= 0)
        cn_fail(0, "warning: the page could not be written; --report with --from-log makes it from the log");
}

static void on_epoch(struct cn_train_watch *w, const struct cnas_train_progress *p)
{
    char validation[48] = "", test[32] = "", took[16];
    const int is_best = p->best_epoch == p->epoch;
    cn_progress_clear(&w->progress);
    w->complete = p->epoch == p->epochs;
    cn_train_log_progress(w->log, p);
    cn_train_show_page(w->o, w->log);
    if (is_best)
        keep_best(w, p->weights);
    if (p->validation_accuracy >= 0)
        snprintf(validation, sizeof validation, "  validation %.2f %%%s", 100 * p->validation_accuracy, is_best ? " (best)" : "");
    if (p->test_accuracy >= 0)
        snprintf(test, sizeof test, "  test %.2f %%", 100 * p->test_accuracy);
    if (w->o->quiet)
        return;
    printf("epoch %u/%u  loss %.4f  train %.2f %%%s%s  rate %.4g  %.0f images/s  %s\n", p->epoch, p->epochs, p->loss, 100 * p->accuracy,
           validation, test, p->lr, p->images_per_s, cn_duration(took, sizeof took, cn_clock() - w->started));
    fflush(stdout);
}

/* Never quite done here: after the last sample the network is still measured. */
static void on_step(struct cn_train_watch *w, const struct cnas_train_progress *p)
{
    const double total = (double)p->epochs * (double)p->total - w->first, done = samples_done(p) - w->first;
    if (p->event == CNAS_TRAIN_STEP && w->o->log_steps && p->step % w->o->log_steps == 0)
        cn_train_log_progress(w->log, p);
    if (p->event == CNAS_TRAIN_MEASURE)
        cn_progress_show(&w->progress, done < total ? done : total - 1, total, "epoch %u/%u  measuring", p->epoch, p->epochs);
    else
        cn_progress_show(&w->progress, done < total ? done : total - 1, total, "epoch %u/%u  loss %.4f  train %.2f %%  rate %.4g  %.0f images/s",
                         p->epoch, p->epochs, p->loss, 100 * p->accuracy, p->lr, p->images_per_s);
}

/* --profile */
static void show_parts(const struct cn_train_watch *w)
{
    double all = 0;
    for (size_t i = 0; i < w->n_parts; i++)
        all += w->parts[i].forward_s + w->parts[i].backward_s + w->parts[i].other_s;
    if (!w->n_parts)
        printf("profile: only the engine dnnl keeps one\n");
    for (size_t i = 0; i < w->n_parts; i++) {
        const struct cnas_train_part *p = &w->parts[i];
        const double share = 100 * (p->forward_s + p->backward_s + p->other_s) / all;
        if (p->other_s > 0)
            printf("%-28s %39.2f s  %5.1f %%\n", p->name, p->other_s, share);
        else
            printf("%-28s forward %9.2f s  backward %9.2f s  %5.1f %%\n", p->name, p->forward_s, p->backward_s, share);
    }
}

int cn_train_on_progress(void *user, const struct cnas_train_progress *p)
{
    struct cn_train_watch *w = user;
    w->n_parts = p->n_parts < CN_TRAIN_WATCH_PARTS ? p->n_parts : CN_TRAIN_WATCH_PARTS;
    memcpy(w->parts, p->parts, w->n_parts * sizeof *w->parts);
    switch (p->event) {
    case CNAS_TRAIN_OPEN:
        on_open(w, p);
        return w->failed;
    case CNAS_TRAIN_START:
        on_start(w, p);
        break;
    case CNAS_TRAIN_STEP:
    case CNAS_TRAIN_MEASURE:
        on_step(w, p);
        break;
    case CNAS_TRAIN_EPOCH:
        on_epoch(w, p);
        break;
    case CNAS_TRAIN_WARNING:
        cn_progress_clear(&w->progress);
        cn_fail(0, "warning: %s; the checkpoint before it stays, training goes on", p->warning);
        break;
    }
    w->trained = samples_done(p) - w->first;
    w->best_epoch = p->best_epoch;
    w->best_accuracy = p->best_accuracy;
    if (w->o->time_budget > 0 && cn_clock() - w->started >= w->o->time_budget)
        w->out_of_time = 1;
    return w->failed || w->out_of_time || cn_signals_caught();
}

static void log_end(struct cn_train_watch *w, enum cnas_status status, const struct cnas_error *err, double seconds)
{
    const char *reason = status == CNAS_E_DIVERGED ? "diverged" : status ? "failed" : w->complete ? "finished" : cn_signals_caught() ? "interrupted"
                                                                                                           : "time budget spent";
    json_t *line = json_pack("{s:s, s:s, s:f, s:I}", "type", "end", "reason", reason, "seconds", w->log->before_s + seconds, "peak_memory",
                             (json_int_t)cn_peak_memory());
    if (status)
        json_object_set_new(line, "error", json_string(err->text));
    if (w->trained > 0)
        json_object_set_new(line, "images_per_s", json_real(w->trained / seconds));
    if (w->best_epoch) {
        json_object_set_new(line, "best_epoch", json_integer(w->best_epoch));
        json_object_set_new(line, "best_accuracy", json_real(w->best_accuracy));
    }
    cn_train_log_add(w->log, line);
    cn_train_show_page(w->o, w->log);
}

void cn_train_sum_up(struct cn_train_watch *w, enum cnas_status status, const struct cnas_error *err)
{
    char took[16];
    const double seconds = cn_clock() - w->started;
    json_decref(w->record);
    w->record = NULL;
    if (!w->progress.started || w->failed)
        return; /* it never began */
    cn_progress_clear(&w->progress);
    if (w->log->path)
        log_end(w, status, err, seconds);
    if (w->o->quiet)
        return;
    if (w->best_epoch)
        printf("best on the validation set: %.2f %% after epoch %u\n", 100 * w->best_accuracy, w->best_epoch);
    if (w->trained > 0)
        printf("trained for %s, %.0f images/s with measuring and saving; peak memory %s\n", cn_duration(took, sizeof took, seconds),
               w->trained / seconds, cn_bytes_text(cn_peak_memory()).c);
    if (w->o->profile)
        show_parts(w);
    fflush(stdout);
}
