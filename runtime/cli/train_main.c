/* NET-train: trains the network, tests it, and writes float and fixed-point weights. */
#include <cnas/cli.h>

#include "runtime/cli/args.h"
#include "runtime/cli/common.h"
#include "runtime/cli/paths.h"
#include "runtime/cli/progress.h"
#include "runtime/cli/signals.h"
#include "runtime/cli/soft_labels.h"
#include "runtime/cli/train_announce.h"
#include "runtime/cli/train_epochs.h"
#include "runtime/cli/train_page.h"
#include "runtime/cli/train_record.h"
#include "runtime/cli/train_watch.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_writable(const char *path)
{
    char name[PATH_MAX];
    return cn_folder(name, sizeof name, path) && !access(name, W_OK | X_OK);
}

/* A log or a page that is there already is looked at when it is read; a teacher's weights are not written. */
static int check_folders(const struct cn_train_cli *o)
{
    const int trains = !o->write_soft_labels;
    const char *const files[] = {trains ? o->out : NULL, trains ? o->fixed_out : NULL, o->write_soft_labels,
                                 o->log && access(o->log, F_OK) ? o->log : NULL, o->report && access(o->report, F_OK) ? o->report : NULL};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] && !is_writable(files[i]))
            return cn_fail(1, "%s: the folder does not exist or cannot be written", files[i]);
    return -1;
}

static int save_weights(const float *params, const struct cn_train_cli *o, const struct cnas_model *m)
{
    struct cnas_error err;
    if (cnas_params_save(params, m, o->out, &err))
        return cn_fail(1, "%s; the state of the training is in %s: the same command tries again", err.text, o->checkpoint);
    if (!o->quiet)
        printf("wrote %s\n", o->out);
    fflush(stdout);
    return -1;
}

/* Of a rank but the first: it stops where its user wants it to, and leaves everything else to the first. */
static int on_other_rank(void *user, const struct cnas_train_progress *p)
{
    (void)user;
    return p->event != CNAS_TRAIN_OPEN && cn_signals_caught(); /* there is no state to go on from yet */
}

static int run_other_rank(float *params, const struct cn_train_scene *s)
{
    struct cnas_error err = {0};
    const struct cn_train_cli *o = s->o;
    const struct cnas_group *group = s->ranks->group;
    const struct cnas_train_control control = {.group = group, .sync_batch_norm = o->sync_batch_norm, .callback = on_other_rank,
                                               .loader_threads = (uint32_t)o->loader_threads, .recompute = o->recompute};
    cn_signals_catch();
    enum cnas_status status = cnas_train(params, s->ctx, s->m, s->sets, &o->recipe, &control, &err);
    cn_signals_release();
    if (status == CNAS_E_DIVERGED) /* the first rank says so */
        return CN_DIVERGED;
    if (status == CNAS_E_CLOSED)
        return 1;
    return status ? cn_fail(1, "rank %u: %s", group->rank, err.text) : 0;
}

static int run_training(float *params, const struct cn_train_scene *s, struct cn_train_log *log, int *out_of_time)
{
    struct cnas_error err = {0};
    const struct cn_train_cli *o = s->o;
    struct cn_train_watch w = {.scene = s, .o = o, .log = log};
    const struct cnas_train_control control = {.group = s->ranks->group, .sync_batch_norm = o->sync_batch_norm,
                                               .checkpoint = o->checkpoint, .fresh = o->fresh, .checkpoint_s = o->checkpoint_every,
                                               .callback = cn_train_on_progress, .user = &w, .report_s = 0.2,
                                               .report_steps = o->log ? (uint32_t)o->log_steps : 0,
                                               .loader_threads = (uint32_t)o->loader_threads, .recompute = o->recompute};
    w.record = o->log ? cn_train_record_start(o, s->m, s->sets, s->test->n, s->ctx) : NULL;
    cn_signals_catch();
    cnas_params_init(params, s->m, o->recipe.seed);
    enum cnas_status status = cnas_train(params, s->ctx, s->m, s->sets, &o->recipe, &control, &err);
    cn_signals_release();
    cn_train_sum_up(&w, status, &err);
    if (w.failed)
        return w.failed;
    if (status == CNAS_E_MISMATCH || status == CNAS_E_FORMAT) /* of the checkpoint */
        return cn_fail(1, "%s; --fresh starts again, --out writes elsewhere", err.text);
    if (status == CNAS_E_BUSY)
        return cn_fail(1, "%s; --out writes elsewhere", err.text);
    if (status == CNAS_E_DIVERGED)
        return cn_fail(CN_DIVERGED, "%s; the last checkpoint stays as it was", err.text);
    if (status)
        return cn_fail(1, "%s", err.text);
    if (!w.complete && cn_signals_caught()) {
        if (!o->quiet && !(w.trained > 0))
            printf("interrupted before the first step\n");
        else if (!o->quiet)
            printf("interrupted; the state is in %s: the same command goes on from there, --fresh starts again\n", o->checkpoint);
        return 128 + cn_signals_caught();
    }
    if (!w.complete && !w.out_of_time) {
        if (!o->quiet)
            printf("interrupted on another rank; the state is in %s: the same command goes on from there\n", o->checkpoint);
        return 128 + SIGTERM;
    }
    *out_of_time = !w.complete;
    if (*out_of_time && !o->quiet)
        printf("the time budget is spent; the state is in %s: the same command goes on from there\n", o->checkpoint);
    const int result = save_weights(params, o, s->m);
    if (result < 0 && w.best_epoch && w.complete)
        unlink(o->best); /* --out holds these weights now */
    return result;
}

/* CN_CALIBRATION_IMAGES images at even distances over the training set. */
static int make_fixed(struct cnas_fixed **q, const float *params, struct cnas_ctx *ctx, const struct cn_train_cli *o, const struct cnas_model *m,
                      const struct cnas_dataset *train)
{
    const size_t n = train->n < CN_CALIBRATION_IMAGES ? train->n : CN_CALIBRATION_IMAGES, pixels = (size_t)m->c * m->h * m->w;
    const struct cnas_fixed_options choice = {.activation_bits = (uint32_t)o->activation_bits, .weight_bits = (uint32_t)o->weight_bits,
                                              .ring_bits = (uint32_t)o->ring_bits};
    struct cnas_error err = {0};
    float *images = malloc(n * pixels * sizeof *images);
    if (!images)
        return cn_fail(1, "no memory for %zu calibration images", n);
    if (!o->quiet)
        printf("choosing scales and the ring on %zu training images\n", n);
    fflush(stdout);
    for (size_t i = 0; i < n; i++)
        cnas_normalize(images + i * pixels, train->pixels + train->n * i / n * pixels, 1, m);
    enum cnas_status status = cnas_fixed_make(q, ctx, m, params, images, n, &choice, &err);
    free(images);
    if (!status)
        status = cnas_fixed_save(*q, m, o->fixed_out, &err);
    if (status)
        return cn_fail(1, "%s%s", err.text, o->quantize ? "" : "; the float weights are written: --quantize tries again");
    const struct cnas_fixed_plan *plan = cnas_fixed_plan(*q);
    if (!o->quiet)
        printf("wrote %s: ring of %u bits, weights of %u bits\n", o->fixed_out, plan->ring_bits, plan->weight_bits);
    fflush(stdout);
    return -1;
}

static int run(const struct cn_train_scene *s, struct cn_train_log *log, float **params, struct cnas_fixed **q)
{
    const struct cn_train_cli *o = s->o;
    const struct cnas_model *m = s->m;
    struct cn_score score;
    int status, out_of_time = 0;
    if (!cn_ranks_is_first(s->ranks)) {
        status = o->quantize ? 0 : run_other_rank(*params, s);
    } else if (o->quantize) {
        cn_train_announce(s);
        status = cn_load_params(params, m, o->out);
    } else {
        status = run_training(*params, s, log, &out_of_time);
    }
    cn_ranks_close(s->ranks, status < 0 ? 0 : status);
    if (status < 0 && m->n_points)
        status = make_fixed(q, *params, s->ctx, o, m, s->sets->train);
    if (status >= 0)
        return status;
    status = cn_score_data(&score, s->ctx, m, (struct cn_float){m, *params, o->recipe.engine}, *q, s->test);
    if (status >= 0)
        return status;
    cn_train_log_add(log, cn_train_record_test(&score, *q != NULL));
    cn_train_show_page(o, log);
    if (!*q) {
        printf("test accuracy: float %.2f %%\n", 100.0 * (double)score.float_right / (double)score.n);
        if (!o->quiet)
            printf("no fixed-point network: %s was compiled for the clear alone (cnasc build --targets)\n", m->name);
        return out_of_time ? CN_OUT_OF_TIME : 0;
    }
    printf("test accuracy: float %.2f %%, fixed point %.2f %%; same answer on %zu of %zu images\n",
           100.0 * (double)score.float_right / (double)score.n, 100.0 * (double)score.fixed_right / (double)score.n, score.agree, score.n);
    return out_of_time ? CN_OUT_OF_TIME : 0;
}

/* The same images whatever --seed is: trainings that are compared are compared on these. */
static int hold_out(struct cnas_dataset *validation, struct cnas_dataset *train, const struct cn_train_cli *o)
{
    struct cnas_error err;
    const size_t n = cn_held_out_of(&o->validation, train->n);
    if (!n)
        return -1;
    return cnas_dataset_split(train, validation, n, 1, &err) ? cn_fail(1, "--validation: %s", err.text) : -1;
}

static int page_from_log(const struct cn_train_cli *o)
{
    json_t *lines;
    int status = cn_train_page_may_write(o->report);
    if (status < 0)
        status = cn_train_log_read(&lines, o->from_log);
    if (status >= 0)
        return status;
    status = cn_train_page_write(o->report, lines);
    json_decref(lines);
    return status < 0 ? 0 : status;
}

static int load_sets(struct cnas_dataset *train, struct cnas_dataset *validation, struct cnas_dataset *test, const struct cn_train_cli *o,
                     const struct cnas_model *m)
{
    int status = cn_load_data(train, o->data, "train", m, o->resize);
    if (status < 0)
        status = cn_load_data(test, o->data, "test", m, o->resize);
    return status < 0 ? hold_out(validation, train, o) : status;
}

/* Of the ranks on one machine the first loads alone: where images have to be decoded, the others then read what it has kept. */
static int load_in_turns(struct cnas_dataset *train, struct cnas_dataset *validation, struct cnas_dataset *test, const struct cn_train_cli *o,
                         const struct cnas_model *m, struct cn_ranks *ranks)
{
    int status = -1;
    for (int turn = 0; turn < (ranks->group ? 2 : 1) && status < 0; turn++) {
        if ((ranks->local_rank != 0) == turn)
            status = load_sets(train, validation, test, o, m);
        status = cn_ranks_agree(ranks, status);
    }
    return status;
}

static int start(struct cnas_ctx **ctx, float **params, const struct cn_train_cli *o, const struct cnas_model *m, struct cn_ranks *ranks)
{
    int status = -1;
    if (cnas_ctx_new(ctx, o->threads ? (unsigned)o->threads : cn_ranks_threads(ranks)))
        status = cn_fail(1, "cannot start %s", o->threads ? "that many threads" : "threads");
    else if (!o->quantize && !o->write_soft_labels && !(*params = calloc(m->params_floats + 1, sizeof **params)))
        status = cn_fail(1, "no memory for the network's %zu parameters", m->params_floats);
    return cn_ranks_agree(ranks, status);
}

int cnas_train_main(int argc, char **argv, const struct cnas_model *m)
{
    struct cn_train_cli o = {0};
    struct cnas_dataset train = {0}, validation = {0}, test = {0};
    struct cnas_train_sets sets = {.train = &train};
    struct cnas_ctx *ctx = NULL;
    struct cnas_fixed *q = NULL;
    struct cnas_soft_labels *soft = NULL;
    struct cn_train_log log = {.fd = -1};
    float *params = NULL;
    struct cn_ranks ranks = {0};
    cn_fail_silently(cn_ranks_announced() != 0); /* all have the same command */
    int status = cn_train_parse(&o, argc, argv, m);
    cn_fail_silently(0);
    if (status < 0)
        status = cn_ranks_open(&ranks);
    if (status >= 0)
        return status;
    if (o.from_log) {
        status = cn_ranks_is_first(&ranks) ? page_from_log(&o) : 0;
        cn_ranks_close(&ranks, status);
        return status;
    }
    log.path = o.quantize ? NULL : o.log;
    if (o.quiet)
        cn_progress_be_quiet();
    if (cn_ranks_is_first(&ranks))
        status = o.write_soft_labels && ranks.group ? cn_fail(1, "--write-soft-labels is for one process, without mpirun") : check_folders(&o);
    if (status < 0 && o.report && cn_ranks_is_first(&ranks))
        status = cn_train_page_may_write(o.report);
    status = cn_ranks_agree(&ranks, status);
    if (status < 0)
        status = load_in_turns(&train, &validation, &test, &o, m, &ranks);
    if (validation.n)
        sets.validation = &validation;
    if (o.test_every_epoch)
        sets.test = &test;
    if (status < 0)
        status = cn_ranks_agree(&ranks, cn_soft_labels_take(&soft, &o, &train, m));
    sets.soft = soft;
    if (status < 0)
        status = start(&ctx, &params, &o, m, &ranks);
    const struct cn_train_scene scene = {&o, m, ctx, &sets, &test, &ranks};
    if (status < 0 && o.write_soft_labels)
        status = cn_soft_labels_make(&scene);
    if (status < 0 && o.auto_epochs && !o.quantize)
        status = cn_train_choose_epochs(&o, params, &scene);
    if (status < 0)
        status = run(&scene, &log, &params, &q);
    cn_ranks_close(&ranks, status);
    cn_train_log_close(&log);
    cnas_fixed_free(&q);
    free(params);
    cnas_ctx_free(&ctx);
    cnas_soft_labels_free(&soft);
    cnas_dataset_clear(&train);
    cnas_dataset_clear(&validation);
    cnas_dataset_clear(&test);
    if (fflush(stdout) && !status)
        status = cn_fail(1, "cannot write to standard output: %s", strerror(errno));
    return status;
}
