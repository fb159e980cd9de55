/* A training of the small network of train_net.h, watched, stopped and gone on with: for the tests of checkpoints. */
#ifndef TESTS_SUPPORT_TRAIN_WATCH_H
#define TESTS_SUPPORT_TRAIN_WATCH_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cnas/train.h>

#include "tests/support/train_net.h"

enum { EPOCHS = 4, STEPS = 16 };
static struct cnas_train_sets sets;
static struct cnas_train_options options;
static char path[64];

/* The checkpoint of each process that tests has its own name. */
static void watch_begin(const char *test)
{
    make_data();
    sets = (struct cnas_train_sets){.train = &data[0], .validation = &data[1]};
    cnas_train_defaults(&options, &model);
    snprintf(path, sizeof path, "%s.%ld.checkpoint", test, (long)getpid());
    unlink(path);
}
static void watch_end(void)
{
    unlink(path);
}

struct watch {
    int opened, steps, epochs, warnings, named, resumed, finished;
    uint32_t loaders;
    int stop_at; /* after so many steps; 0: never */
    int refuse;  /* 1: when all has been found right; 2: when the kernels are chosen */
    double accuracy, best_accuracy;
    uint32_t best_epoch;
    float best[P_FLOATS];
    rlim_t room; /* a limit on the size of files from stop_at on */
};
static void limit(rlim_t room)
{
    const struct rlimit l = {room, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &l))
        abort();
}

static int watch(void *user, const struct cnas_train_progress *p)
{
    struct watch *w = user;
    switch (p->event) {
    case CNAS_TRAIN_OPEN:
        w->opened++;
        return w->refuse == 1;
    case CNAS_TRAIN_START:
        ck_assert_int_eq(w->opened--, 1);
        ck_assert_ptr_nonnull(p->engine);
        w->resumed = p->resumed;
        w->finished = p->finished;
        return w->refuse == 2;
    case CNAS_TRAIN_STEP:
        w->steps++;
        break;
    case CNAS_TRAIN_MEASURE:
        return 0;
    case CNAS_TRAIN_WARNING:
        w->warnings++;
        w->named += strstr(p->warning, path) != NULL;
        break;
    case CNAS_TRAIN_EPOCH:
        w->epochs++;
        w->accuracy = p->validation_accuracy;
        w->best_accuracy = p->best_accuracy;
        w->best_epoch = p->best_epoch;
        if (p->best_epoch == p->epoch)
            memcpy(w->best, p->weights, sizeof w->best);
        break;
    }
    if (w->room && w->steps == w->stop_at)
        limit(w->room);
    return !w->room && p->event != CNAS_TRAIN_START && w->stop_at && w->steps >= w->stop_at;
}

static enum cnas_status train(float *params, const struct cnas_model *m, unsigned threads, struct cnas_train_control control,
                              struct cnas_error *err)
{
    struct cnas_ctx *ctx;
    ck_assert_int_eq(cnas_ctx_new(&ctx, threads), CNAS_OK);
    enum cnas_status status = cnas_train(params, ctx, m, &sets, &options, &control, err);
    cnas_ctx_free(&ctx);
    return status;
}

static void run(float *params, unsigned threads, const char *checkpoint, struct watch *w)
{
    struct cnas_error err = {0};
    const struct cnas_train_control control = {.checkpoint = checkpoint, .callback = watch, .user = w, .loader_threads = w->loaders};
    enum cnas_status status = train(params, &model, threads, control, &err);
    ck_assert_msg(status == CNAS_OK, "%s", err.text);
}

static void whole_run(float *params, struct watch *w)
{
    cnas_params_init(params, &model, 1);
    run(params, 2, NULL, w);
    ck_assert_int_eq(w->epochs, EPOCHS);
    ck_assert_int_eq(w->steps, EPOCHS * STEPS);
}

#endif
