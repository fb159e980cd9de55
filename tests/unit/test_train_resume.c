/* Going on with a training: however it was interrupted, also by SIGKILL, a full disk or numbers that are not finite, the result is bit by
 * bit that of a training that never stopped. CNAS_SEED chooses where it is interrupted, CNAS_COUNT how often the tests of that repeat. */
#include <check.h>
#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cnas/train.h>

#include "tests/support/train_watch.h"

static struct cn_train_rng chance;
static int rounds;

static void setup(void)
{
    const char *seed = getenv("CNAS_SEED"), *count = getenv("CNAS_COUNT");
    watch_begin("test_train_resume");
    chance = cn_train_rng_make(seed ? strtoull(seed, NULL, 10) : 5, CN_TRAIN_INIT, 2000, 0);
    rounds = count ? atoi(count) : 1;
}

START_TEST(stopped_after_any_step)
{
    float whole[P_FLOATS], parts[P_FLOATS];
    struct watch w = {0};
    train_recipe(&options, _i);
    whole_run(whole, &w);
    for (int round = 0; round < 3 * rounds; round++) {
        struct watch v = {0};
        cnas_params_init(parts, &model, 1);
        for (int calls = 0; !v.finished; calls++) {
            v.steps = 0;
            v.loaders = cn_train_rng_below(&chance, 3);
            v.stop_at = 1 + (int)cn_train_rng_below(&chance, 40);
            ck_assert_int_lt(calls, EPOCHS * STEPS + 2);
            run(parts, 1 + cn_train_rng_below(&chance, 3), path, &v);
            ck_assert_int_eq(v.resumed, calls > 0);
            if (!v.finished)
                memset(parts, 0x55, sizeof parts); /* all must come from the file */
        }
        ck_assert_mem_eq(parts, whole, sizeof whole);
        ck_assert(v.best_accuracy == w.best_accuracy && v.best_epoch == w.best_epoch && v.epochs == EPOCHS);
        ck_assert_int_eq(unlink(path), 0);
    }
}
END_TEST

/* The child may die at any moment, so also while it writes a checkpoint, which it does all the time. */
static void child(unsigned threads)
{
    float params[P_FLOATS];
    struct cnas_error err;
    const struct cnas_train_control control = {.checkpoint = path, .checkpoint_s = 1e-6};
    cnas_params_init(params, &model, 1);
    _exit(train(params, &model, threads, control, &err) != CNAS_OK);
}

START_TEST(killed_at_any_moment)
{
    float whole[P_FLOATS], parts[P_FLOATS];
    struct watch w = {0}, v = {0};
    int kills = 0;
    for (int round = 0; round < rounds; round++) {
        for (int status = -1; status != 0;) {
            pid_t pid = fork();
            ck_assert_int_ge(pid, 0);
            if (!pid)
                child(1 + (unsigned)(kills & 1));
            usleep(500 + cn_train_rng_below(&chance, 40000));
            kill(pid, SIGKILL);
            ck_assert_int_eq(waitpid(pid, &status, 0), pid);
            ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
            kills += WIFSIGNALED(status);
        }
        v.finished = 0;
        memset(parts, 0x55, sizeof parts);
        run(parts, 2, path, &v);
        ck_assert_int_eq(v.finished, 1);
        if (!round)
            whole_run(whole, &w);
        ck_assert_mem_eq(parts, whole, sizeof whole);
        ck_assert_int_eq(unlink(path), 0);
    }
    ck_assert_int_gt(kills, 0);
    char leftovers[96];
    glob_t found;
    snprintf(leftovers, sizeof leftovers, "%s.tmp-*", path);
    ck_assert_int_eq(glob(leftovers, 0, NULL, &found), GLOB_NOMATCH);
    globfree(&found);
}
END_TEST

START_TEST(the_best_epoch_is_the_result)
{
    float params[P_FLOATS];
    struct watch w = {0};
    options.lr_max = 4; /* so much that it goes up and down */
    options.lr_min = 4;
    options.epochs = 12;
    cnas_params_init(params, &model, 1);
    run(params, 2, NULL, &w);
    ck_assert_uint_lt(w.best_epoch, 12);
    ck_assert_double_gt(w.best_accuracy, w.accuracy);
    ck_assert_mem_eq(params, w.best, sizeof params);
}
END_TEST

START_TEST(steps_are_told_as_asked)
{
    float params[P_FLOATS];
    struct watch w = {0};
    struct cnas_error err;
    cnas_params_init(params, &model, 1);
    ck_assert_int_eq(train(params, &model, 1, (struct cnas_train_control){.callback = watch, .user = &w, .report_s = 1e9, .report_steps = 5}, &err),
                     CNAS_OK);
    ck_assert_int_eq(w.steps, EPOCHS * (STEPS / 5));
}
END_TEST

/* ---- other files in the place of the checkpoint ---- */
START_TEST(a_foreign_file_is_left_alone)
{
    float params[P_FLOATS];
    struct cnas_error err = {0};
    const struct cnas_train_control control = {.checkpoint = path};
    char back[16] = "";
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs("my diary", f);
    fclose(f);
    cnas_params_init(params, &model, 1);
    ck_assert_int_ne(train(params, &model, 1, control, &err), CNAS_OK);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    f = fopen(path, "r");
    ck_assert_ptr_nonnull(fgets(back, sizeof back, f));
    fclose(f);
    ck_assert_str_eq(back, "my diary");
    /* A weight file is safetensors too, but no checkpoint. */
    ck_assert_int_eq(cnas_params_save(params, &model, path, &err), CNAS_OK);
    ck_assert_int_eq(train(params, &model, 1, control, &err), CNAS_E_MISMATCH);
    ck_assert_int_eq(cnas_params_load(params, &model, path, &err), CNAS_OK);
}
END_TEST

START_TEST(another_training_is_not_lost)
{
    float params[P_FLOATS];
    struct cnas_error err = {0};
    struct watch w = {.stop_at = 20}, v = {0}, u = {0};
    cnas_params_init(params, &model, 1);
    run(params, 1, path, &w);
    options.weight_decay = 0.25;
    ck_assert_int_eq(train(params, &model, 1, (struct cnas_train_control){.checkpoint = path}, &err), CNAS_E_MISMATCH);
    ck_assert_msg(strstr(err.text, "after 1 of 4 epochs: weight_decay is 0.0001 there and 0.25 here"), "%s", err.text);
    options.weight_decay = 1e-4;
    labels[0][3] = (labels[0][3] + 1) % CLASSES;
    ck_assert_int_eq(train(params, &model, 1, (struct cnas_train_control){.checkpoint = path}, &err), CNAS_E_MISMATCH);
    ck_assert_msg(strstr(err.text, "its images or labels are not these"), "%s", err.text);
    labels[0][3] = (labels[0][3] + CLASSES - 1) % CLASSES;
    sets.validation = NULL;
    ck_assert_int_eq(train(params, &model, 1, (struct cnas_train_control){.checkpoint = path}, &err), CNAS_E_MISMATCH);
    ck_assert_msg(strstr(err.text, "validation_images is 500 there and 0 here"), "%s", err.text);
    sets.validation = &data[1];
    run(params, 1, path, &v);
    ck_assert(v.resumed && v.epochs == 3);
    /* It has ended: now another one may take its place. */
    options.weight_decay = 0.25;
    cnas_params_init(params, &model, 1);
    run(params, 1, path, &u);
    ck_assert(!u.resumed && u.epochs == 4);
}
END_TEST

/* ---- the world and the numbers fail ---- */
/* In a process of its own, because Check writes files too. Returns the line of what is wrong, or 0. */
static int without_room(const float *whole)
{
    float parts[P_FLOATS];
    struct watch full = {.stop_at = 20, .room = 100}, last = {.stop_at = 3};
    struct cnas_error err = {0};
    signal(SIGXFSZ, SIG_IGN);
    cnas_params_init(parts, &model, 1);
    if (train(parts, &model, 2, (struct cnas_train_control){.checkpoint = path, .callback = watch, .user = &full}, &err))
        return __LINE__;
    if (full.warnings != EPOCHS - 1 || full.named != full.warnings || memcmp(parts, whole, sizeof parts) != 0)
        return __LINE__; /* it went on to the end */
    /* Who stops must have a checkpoint. */
    if (train(parts, &model, 1, (struct cnas_train_control){.checkpoint = path, .callback = watch, .user = &last}, &err) != CNAS_E_IO)
        return __LINE__;
    return last.resumed ? 0 : __LINE__;
}

/* Whoever finds something wrong when the training has not yet begun leaves no trace. */
START_TEST(refused_by_the_caller)
{
    float params[P_FLOATS];
    struct watch w = {.refuse = 1};
    cnas_params_init(params, &model, 1);
    run(params, 1, path, &w);
    ck_assert(w.opened == 1 && w.steps == 0);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* A fresh start leaves what is there until it has a state of its own, whatever it is. */
START_TEST(a_fresh_start)
{
    float whole[P_FLOATS], params[P_FLOATS];
    struct cnas_error err = {0};
    struct watch half = {.stop_at = 20}, refused = {.refuse = 1}, w = {0}, v = {0};
    struct cnas_train_control control = {.checkpoint = path, .fresh = 1, .callback = watch, .user = &refused};
    FILE *f;
    whole_run(whole, &w);
    if (_i == 0) { /* this training, half of it */
        cnas_params_init(params, &model, 1);
        run(params, 1, path, &half);
    } else if (_i == 1) { /* another one */
        options.weight_decay = 0.25;
        cnas_params_init(params, &model, 1);
        run(params, 1, path, &half);
        options.weight_decay = 1e-4;
    } else {
        ck_assert_ptr_nonnull(f = fopen(path, "w"));
        fputs("my diary", f);
        fclose(f);
    }
    struct stat before, after;
    ck_assert_int_eq(stat(path, &before), 0);
    for (refused.refuse = 1; refused.refuse <= 2; refused.refuse++) {
        refused.opened = 0;
        cnas_params_init(params, &model, 1);
        ck_assert_int_eq(train(params, &model, 1, control, &err), CNAS_OK);
        ck_assert_int_eq(refused.opened, refused.refuse == 1);
        ck_assert_int_eq(refused.steps, 0);
        ck_assert_int_eq(stat(path, &after), 0);
        ck_assert(after.st_ino == before.st_ino && after.st_size == before.st_size && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
    }
    cnas_params_init(params, &model, 1);
    control.user = &v;
    ck_assert_msg(train(params, &model, 2, control, &err) == CNAS_OK, "%s", err.text);
    ck_assert(!v.resumed && v.epochs == EPOCHS);
    ck_assert_mem_eq(params, whole, sizeof whole);
    v.steps = v.epochs = 0;
    control.fresh = 0;
    ck_assert_int_eq(train(params, &model, 2, control, &err), CNAS_OK);
    ck_assert(v.resumed && v.finished && !v.steps);
}
END_TEST

START_TEST(a_full_disk)
{
    float whole[P_FLOATS], parts[P_FLOATS];
    struct watch w = {0}, v = {0};
    int status;
    whole_run(whole, &w);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid) {
        int line = without_room(whole);
        if (line)
            fprintf(stderr, "%s:%d: does not hold without room\n", __FILE__, line);
        _exit(line ? 1 : 0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    memset(parts, 0x55, sizeof parts);
    run(parts, 2, path, &v); /* from what was written when there was room */
    ck_assert(v.resumed && v.epochs == EPOCHS - 1);
    ck_assert_mem_eq(parts, whole, sizeof whole);
}
END_TEST

static int poison_at; /* the backward pass from which on a gradient is not a number; 0: none */
static float poison;
static void poisoned_backward(const struct cnas_run *r)
{
    net_backward(r);
    if (poison_at && --poison_at == 0)
        r->grads[P_FC + 3] = poison;
}

START_TEST(numbers_that_are_not_finite)
{
    float whole[P_FLOATS], parts[P_FLOATS];
    struct cnas_model bad = model;
    struct cnas_error err = {0};
    struct watch w = {0}, v = {0};
    whole_run(whole, &w);
    bad.backward = poisoned_backward;
    poison = _i ? INFINITY : NAN;
    poison_at = STEPS + 7;
    cnas_params_init(parts, &model, 1);
    ck_assert_int_eq(train(parts, &bad, 1, (struct cnas_train_control){.checkpoint = path}, &err), CNAS_E_DIVERGED);
    ck_assert_msg(strstr(err.text, "the gradient is not a finite number in epoch 2, step 7 of 16, at learning rate 0.0"), "%s", err.text);
    memset(parts, 0x55, sizeof parts);
    run(parts, 2, path, &v); /* the checkpoint of the first epoch is there */
    ck_assert(v.resumed && v.epochs == EPOCHS - 1);
    ck_assert_mem_eq(parts, whole, sizeof whole);

    options.lr_max = 1e30; /* the first update is too large for the second step */
    cnas_params_init(parts, &model, 1);
    ck_assert_int_eq(train(parts, &model, 1, (struct cnas_train_control){0}, &err), CNAS_E_DIVERGED);
    ck_assert_msg(strstr(err.text, "the loss is not a finite number in epoch 1, step 2 of 16"), "%s", err.text);
    options.lr_max = 3e38; /* too large for the checkpoint itself */
    options.batch = N;
    unlink(path);
    cnas_params_init(parts, &model, 1);
    for (int i = 0; i < P_FLOATS; i++)
        parts[i] *= 1e20f;
    ck_assert_int_eq(train(parts, &model, 1, (struct cnas_train_control){.checkpoint = path}, &err), CNAS_E_DIVERGED);
}
END_TEST

START_TEST(describing_options)
{
    char text[1024], other[1024], cut[20];
    struct cnas_train_options o = options;
    size_t length = cnas_train_describe(text, sizeof text, &options);
    ck_assert_uint_eq(length, strlen(text));
    ck_assert_ptr_nonnull(strstr(text, "lr_max 0.1 "));
#define TELLS(field, value)                                 \
    do {                                                     \
        o = options;                                         \
        o.field = value;                                     \
        cnas_train_describe(other, sizeof other, &o);        \
        ck_assert_str_ne(text, other);                       \
    } while (0)
    TELLS(lr_max, nextafter(o.lr_max, 1));
    TELLS(optimizer, CNAS_ADAMW);
    TELLS(momentum, 0);
    TELLS(nesterov, 0);
    TELLS(beta1, 0.5);
    TELLS(beta2, 0.5);
    TELLS(epsilon, 0.5);
    TELLS(weight_decay, 0.5);
    TELLS(decoupled, 1);
    TELLS(decay_all, 1);
    TELLS(bias_lr, 2);
    TELLS(schedule, CNAS_STEPS);
    TELLS(lr_min, 0);
    TELLS(warmup, 1);
    TELLS(restart_first, 3);
    TELLS(restart_factor, 3);
    TELLS(by_epoch, 1);
    TELLS(cycle_up, 0.5);
    TELLS(cycle_start, 0.5);
    TELLS(cycle_cosine, 1);
    TELLS(step_factor, 0.5);
    TELLS(n_milestones, 2);
    TELLS(label_smoothing, 0.5);
    TELLS(ema, 0.5);
    TELLS(clip, 0.5);
    TELLS(distill_weight, 0.5);
    TELLS(distill_weight, 0);
    TELLS(temperature, 5);
    TELLS(epochs, 77);
    TELLS(batch, 77);
    TELLS(flip, 0);
    TELLS(padding, CNAS_PADDING_REFLECT);
    TELLS(crop, 3);
    TELLS(cutout, 3);
    TELLS(cutmix, 0.5);
    TELLS(seed, 77);
    ck_assert_uint_eq(cnas_train_describe(cut, sizeof cut, &options), length);
    ck_assert(strlen(cut) == sizeof cut - 1 && !strncmp(cut, text, sizeof cut - 1));
    ck_assert_uint_eq(cnas_train_describe(NULL, 0, &options), length);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train resume");
    TCase *t = tcase_create("train resume");
    tcase_add_checked_fixture(t, setup, watch_end);
    tcase_set_timeout(t, 3600);
    tcase_add_loop_test(t, stopped_after_any_step, 0, TRAIN_RECIPES);
    tcase_add_test(t, killed_at_any_moment);
    tcase_add_test(t, the_best_epoch_is_the_result);
    tcase_add_test(t, steps_are_told_as_asked);
    tcase_add_test(t, a_foreign_file_is_left_alone);
    tcase_add_test(t, another_training_is_not_lost);
    tcase_add_test(t, refused_by_the_caller);
    tcase_add_loop_test(t, a_fresh_start, 0, 3);
    tcase_add_test(t, a_full_disk);
    tcase_add_loop_test(t, numbers_that_are_not_finite, 0, 2);
    tcase_add_test(t, describing_options);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
