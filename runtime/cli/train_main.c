/* NET-train: trains the network, tests it, and writes float and fixed-point weights. */
#include <cnas/cli.h>

#include "runtime/cli/args.h"
#include "runtime/cli/common.h"
#include "runtime/cli/progress.h"
#include "runtime/cli/train_options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* The first SIGINT or SIGTERM asks for an orderly end, the second one kills. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

struct watch {
    struct cn_progress progress;
    const char *checkpoint;
    double first; /* samples that were done when we started */
};

static double samples_done(const struct cnas_train_progress *p)
{
    return (double)(p->epoch - 1) * (double)p->total + (double)p->done;
}

static int on_progress(void *user, const struct cnas_train_progress *p)
{
    struct watch *w = user;
    if (p->event == CNAS_TRAIN_START) {
        w->first = samples_done(p);
        cn_progress_start(&w->progress);
        if (p->resumed)
            printf("going on from %s: epoch %u of %u, step %zu of %zu\n", w->checkpoint, p->epoch, p->epochs, p->step, p->steps);
    } else if (p->event == CNAS_TRAIN_WARNING) {
        cn_progress_clear(&w->progress);
        cn_fail(0, "warning: %s; the checkpoint before it stays, training goes on", p->warning);
    } else if (p->event == CNAS_TRAIN_EPOCH) {
        char test[32] = "";
        cn_progress_clear(&w->progress);
        if (p->test_accuracy >= 0)
            snprintf(test, sizeof test, "  test %.2f %%", 100 * p->test_accuracy);
        printf("epoch %u/%u  loss %.4f  train %.2f %%%s  rate %.4g  %.0f images/s\n", p->epoch, p->epochs, p->loss, 100 * p->accuracy,
               test, p->lr, p->images_per_s);
        fflush(stdout);
    } else {
        /* never quite done here: after the last sample the network is still tested */
        const double total = (double)p->epochs * (double)p->total - w->first, done = samples_done(p) - w->first;
        cn_progress_show(&w->progress, done < total ? done : total - 1, total,
                         "epoch %u/%u  loss %.4f  train %.2f %%  %.0f images/s", p->epoch, p->epochs, p->loss, 100 * p->accuracy,
                         p->images_per_s);
    }
    return interrupted;
}

static int is_writable(const char *path)
{
    char dir[CN_PATH + 16];
    const char *slash = strrchr(path, '/');
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    return !access(dir, W_OK | X_OK);
}

static void announce(const struct cnas_model *m, const struct cnas_dataset *train, const struct cnas_dataset *test,
                     const struct cnas_ctx *ctx)
{
    printf("network %s: %zu parameters, %llu ReLUs, %.2f million multiplications an image\n", m->name, m->params_trained,
           (unsigned long long)m->relus, (double)m->macs * 1e-6);
    printf("data: %zu training and %zu test images of %ux%ux%u\n", train->n, test->n, m->c, m->h, m->w);
    cn_print_machine(ctx);
    fflush(stdout);
}

static int run_training(float *params, struct cnas_ctx *ctx, const struct cn_train_cli *o, const struct cnas_model *m,
                        const struct cnas_dataset *train, const struct cnas_dataset *test)
{
    struct cnas_train_options t;
    struct cnas_error err = {0};
    struct watch w = {.checkpoint = o->checkpoint};
    const struct cnas_train_sets sets = {.train = train, .test = test};
    const struct cnas_train_control control = {.checkpoint = o->checkpoint, .callback = on_progress, .user = &w, .report_s = 0.2,
                                                .loader_threads = (uint32_t)o->loader_threads};
    cn_train_recipe(&t, o, m);
    if (o->fresh && unlink(o->checkpoint) && errno != ENOENT)
        return cn_fail(1, "%s: cannot remove the checkpoint: %s", o->checkpoint, strerror(errno));
    catch_signals();
    cnas_params_init(params, m, t.seed);
    enum cnas_status status = cnas_train(params, ctx, m, &sets, &t, &control, &err);
    cn_progress_clear(&w.progress);
    if (status == CNAS_E_MISMATCH)
        return cn_fail(1, "%s; --fresh starts again, --out writes elsewhere", err.text);
    if (status == CNAS_E_DIVERGED)
        return cn_fail(3, "%s (the last checkpoint stays as it was)", err.text);
    if (status)
        return cn_fail(1, "%s", err.text);
    if (interrupted) {
        printf("interrupted; the state is in %s: the same command goes on from there, --fresh starts again\n", o->checkpoint);
        return 130;
    }
    status = cnas_params_save(params, m, o->out, &err);
    if (status)
        return cn_fail(1, "%s", err.text);
    printf("wrote %s\n", o->out);
    fflush(stdout);
    return -1;
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
    printf("choosing scales and the ring on %zu training images\n", n);
    fflush(stdout);
    for (size_t i = 0; i < n; i++)
        cnas_normalize(images + i * pixels, train->pixels + train->n * i / n * pixels, 1, m);
    enum cnas_status status = cnas_fixed_make(q, ctx, m, params, images, n, &choice, &err);
    free(images);
    if (!status)
        status = cnas_fixed_save(*q, m, o->fixed_out, &err);
    if (status)
        return cn_fail(1, "%s", err.text);
    const struct cnas_fixed_plan *plan = cnas_fixed_plan(*q);
    printf("wrote %s: ring of %u bits, weights of %u bits\n", o->fixed_out, plan->ring_bits, plan->weight_bits);
    fflush(stdout);
    return -1;
}

static int run(const struct cn_train_cli *o, const struct cnas_model *m, struct cnas_ctx *ctx, const struct cnas_dataset *train,
               const struct cnas_dataset *test, float **params, struct cnas_fixed **q)
{
    struct cn_score score;
    int status;
    announce(m, train, test, ctx);
    if (o->quantize) {
        status = cn_load_params(params, m, o->out);
    } else {
        *params = calloc(m->params_floats + 1, sizeof **params);
        status = *params ? run_training(*params, ctx, o, m, train, test)
                         : cn_fail(1, "no memory for the network's %zu parameters", m->params_floats);
    }
    if (status < 0 && m->n_points)
        status = make_fixed(q, *params, ctx, o, m, train);
    if (status >= 0)
        return status;
    if (cn_score_data(&score, ctx, m, (struct cn_float){m, *params}, *q, test))
        return cn_fail(1, "no memory to test the network");
    if (!*q) {
        printf("test accuracy: float %.2f %%; no fixed-point network: %s was compiled for the clear alone (cnasc --targets)\n",
               100.0 * (double)score.float_right / (double)score.n, m->name);
        return 0;
    }
    printf("test accuracy: float %.2f %%, fixed point %.2f %%; same answer on %zu of %zu images\n",
           100.0 * (double)score.float_right / (double)score.n, 100.0 * (double)score.fixed_right / (double)score.n, score.agree, score.n);
    return 0;
}

int cnas_train_main(int argc, char **argv, const struct cnas_model *m)
{
    struct cn_train_cli o = {0};
    struct cnas_dataset train = {0}, test = {0};
    struct cnas_ctx *ctx = NULL;
    struct cnas_fixed *q = NULL;
    float *params = NULL;
    int status = cn_train_parse(&o, argc, argv, m);
    if (status >= 0)
        return status;
    if (!is_writable(o.out) || !is_writable(o.fixed_out))
        return cn_fail(1, "%s: the folder does not exist or cannot be written", is_writable(o.out) ? o.fixed_out : o.out);
    status = cn_load_data(&train, o.data, "train", m, o.resize);
    if (status < 0)
        status = cn_load_data(&test, o.data, "test", m, o.resize);
    if (status < 0 && cnas_ctx_new(&ctx, (unsigned)o.threads))
        status = cn_fail(1, "cannot start %s", o.threads ? "that many threads" : "threads");
    if (status < 0)
        status = run(&o, m, ctx, &train, &test, &params, &q);
    cnas_fixed_free(&q);
    free(params);
    cnas_ctx_free(&ctx);
    cnas_dataset_clear(&train);
    cnas_dataset_clear(&test);
    if (fflush(stdout) && !status)
        status = cn_fail(1, "cannot write to standard output: %s", strerror(errno));
    return status;
}
