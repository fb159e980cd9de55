/* Learning from soft labels: the student sees the images that the teacher has seen, follows it and not the labels, and goes on bit by bit
 * after any interruption. CNAS_SEED chooses where it is interrupted. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cnas/train.h>

#include "runtime/train/loader.h"
#include "tests/support/soft_file.h"
#include "tests/support/train_net.h"

static struct cnas_train_options options;
static struct cnas_train_sets sets;
static struct soft_file by_hand;
static struct cn_train_rng chance;
static char path[64], checkpoint[64];

static void setup(void)
{
    const char *seed = getenv("CNAS_SEED");
    make_data();
    train_recipe(&options, 0);
    sets = (struct cnas_train_sets){.train = &data[0], .validation = &data[1]};
    chance = cn_train_rng_make(seed ? strtoull(seed, NULL, 10) : 5, CN_TRAIN_INIT, 2001, 0);
    snprintf(path, sizeof path, "test_distill.%ld.soft", (long)getpid());
    snprintf(checkpoint, sizeof checkpoint, "test_distill.%ld.checkpoint", (long)getpid());
    unlink(path);
    unlink(checkpoint);
}
static void teardown(void)
{
    unlink(path);
    unlink(checkpoint);
}

static struct cnas_soft_labels *load(void)
{
    struct cnas_soft_labels *s;
    struct cnas_error err = {0};
    ck_assert_msg(!cnas_soft_labels_load(&s, path, &data[0], CLASSES, &err), "%s", err.text);
    return s;
}

struct watch {
    int steps, stop_at, finished; /* stop_at: after so many steps; 0: never */
    double loss;                  /* of the last epoch */
};
static int watch(void *user, const struct cnas_train_progress *p)
{
    struct watch *w = user;
    w->finished = p->event == CNAS_TRAIN_START ? p->finished : w->finished;
    w->steps += p->event == CNAS_TRAIN_STEP;
    w->loss = p->loss;
    return p->event != CNAS_TRAIN_START && w->stop_at && w->steps >= w->stop_at;
}

static enum cnas_status train(float *params, unsigned threads, const char *saved, uint32_t loaders, struct watch *w, struct cnas_error *err)
{
    struct cnas_ctx *ctx;
    const struct cnas_train_control control = {.checkpoint = saved, .callback = watch, .user = w, .loader_threads = loaders};
    ck_assert_int_eq(cnas_ctx_new(&ctx, threads), CNAS_OK);
    const enum cnas_status status = cnas_train(params, ctx, &model, &sets, &options, &control, err);
    cnas_ctx_free(&ctx);
    return status;
}

static void learn(float *params, struct watch *w)
{
    struct cnas_error err = {0};
    cnas_params_init(params, &model, 1);
    ck_assert_msg(!train(params, 2, NULL, 0, w, &err), "%s", err.text);
}

static void teach(const float *params, uint32_t views)
{
    struct cnas_ctx *ctx;
    struct cnas_error err = {0};
    uint32_t written;
    ck_assert_int_eq(cnas_ctx_new(&ctx, 2), CNAS_OK);
    ck_assert_msg(!cnas_soft_labels_write(&written, path, ctx, &model, params, &data[0], &options, views, NULL, NULL, &err), "%s", err.text);
    cnas_ctx_free(&ctx);
}

/* ---- batches ---- */

/* Logits that say which view and image they are for: each batch has those of its images, which are augmented as that view and by the file's
 * seed, in the order of the training's seed; the same for any number of threads, from any step on, for any share of a batch. */
START_TEST(batches_of_a_view)
{
    enum { VIEWS = 3, EPOCHS = 7, BATCH = 96, STEPS = (N + BATCH - 1) / BATCH };
    static float levels[256], images[BATCH * HW], want[BATCH * HW], plain[BATCH * HW], soft[BATCH * CLASSES];
    static uint32_t own[BATCH], other[BATCH], partners[2][BATCH], samples[BATCH];
    static float shares[2][BATCH];
    const struct cn_train_batch got = {images, own, partners[0], shares[0]}, expected = {want, other, partners[1], shares[1]},
                                alone = {plain, other, partners[1], shares[1]};
    struct cnas_ctx *ctx;
    soft_file_make(&by_hand, &data[0], CLASSES, VIEWS, "flip 1 padding 0 crop 2 cutout 0 cutmix 0.5 seed 77");
    for (size_t v = 0; v < VIEWS; v++)
        for (size_t i = 0; i < N; i++) {
            soft_file_set(&by_hand, v, i, 0, (float)v);
            soft_file_set(&by_hand, v, i, 1, (float)(i / 100));
            soft_file_set(&by_hand, v, i, 2, (float)(i % 100));
        }
    soft_file_write(&by_hand, path);
    struct cnas_soft_labels *s = load();
    ck_assert_int_eq(cnas_ctx_new(&ctx, 2), CNAS_OK);
    cn_train_levels(levels, &model);
    for (unsigned threads = 0; threads < 5; threads += 1 + threads)
        for (unsigned size = 1; size < 4; size += 2)
            for (size_t start = 0; start < EPOCHS * STEPS; start += 11) {
                struct cn_train_loader *l, *without;
                struct cn_train_load load = {.ctx = ctx, .d = &data[0], .levels = levels, .soft = s, .classes = CLASSES, .seed = 5,
                                             .augment = cn_train_soft_augment(s), .batch = BATCH, .rank = size - 1, .size = size,
                                             .epoch = start / STEPS, .step = start % STEPS, .epochs = EPOCHS, .threads = threads};
                ck_assert_int_eq(cn_train_loader_new(&l, &load, NULL), CNAS_OK);
                load.soft = NULL;
                load.threads = 0;
                ck_assert_int_eq(cn_train_loader_new(&without, &load, NULL), CNAS_OK);
                for (size_t at = start; at < EPOCHS * STEPS; at++) {
                    struct cn_train_augment a = {.seed = 77, .flip = CNAS_FLIP_RANDOM, .crop = 2, .cutmix = 0.5, .epoch = (uint32_t)(at / STEPS % VIEWS)};
                    const size_t n = cn_train_loader_next(l, &got, soft);
                    ck_assert_uint_eq(cn_train_loader_next(without, &alone, NULL), n);
                    ck_assert_mem_eq(own, other, n * sizeof *own); /* a teacher changes nothing in the order */
                    for (size_t i = 0; i < n; i++) {
                        ck_assert_uint_eq((uint32_t)soft[i * CLASSES], a.epoch);
                        samples[i] = 100 * (uint32_t)soft[i * CLASSES + 1] + (uint32_t)soft[i * CLASSES + 2];
                    }
                    cn_train_batch(NULL, &expected, &data[0], levels, samples, 0, n, &a);
                    ck_assert_mem_eq(own, other, n * sizeof *own);
                    ck_assert_mem_eq(images, want, n * HW * sizeof *images);
                    ck_assert_mem_eq(partners[0], partners[1], n * sizeof *partners[0]);
                    ck_assert_mem_eq(shares[0], shares[1], n * sizeof *shares[0]);
                }
                ck_assert_uint_eq(cn_train_loader_next(l, &got, soft), 0);
                cn_train_loader_free(&l);
                cn_train_loader_free(&without);
            }
    cnas_ctx_free(&ctx);
    cnas_soft_labels_free(&s);
    soft_file_free(&by_hand);
}
END_TEST

/* ---- what is learnt ---- */

static size_t agree(const float *a, const float *b)
{
    static float images[N * HW], of_a[N * CLASSES], of_b[N * CLASSES];
    struct cnas_ctx *ctx;
    size_t same = 0;
    ck_assert_int_eq(cnas_ctx_new(&ctx, 2), CNAS_OK);
    cnas_normalize(images, pixels[1], N, &model);
    ck_assert_int_eq(cnas_infer(of_a, ctx, &model, a, images, N), CNAS_OK);
    ck_assert_int_eq(cnas_infer(of_b, ctx, &model, b, images, N), CNAS_OK);
    for (size_t i = 0; i < N; i++) {
        size_t best[2] = {0, 0};
        for (size_t c = 1; c < CLASSES; c++) {
            best[0] = of_a[i * CLASSES + c] > of_a[i * CLASSES + best[0]] ? c : best[0];
            best[1] = of_b[i * CLASSES + c] > of_b[i * CLASSES + best[1]] ? c : best[1];
        }
        same += best[0] == best[1];
    }
    cnas_ctx_free(&ctx);
    return same;
}

/* A teacher that knows other names for the classes: who follows it answers as it does, who follows the labels does not. */
START_TEST(it_follows_its_teacher)
{
    static uint32_t renamed[N];
    float teacher[P_FLOATS], student[P_FLOATS], pupil[P_FLOATS];
    struct watch w = {0};
    for (int i = 0; i < N; i++)
        renamed[i] = (labels[0][i] + 1) % CLASSES;
    sets = (struct cnas_train_sets){.train = &data[0]};
    data[0].labels = renamed;
    learn(teacher, &w);
    data[0].labels = labels[0];
    teach(teacher, 4);
    struct cnas_soft_labels *s = load();
    sets.soft = s;
    options.distill_weight = 1;
    options.epochs = 12;
    options.seed = 2;
    learn(student, &w);
    ck_assert_double_lt(w.loss, 0.4); /* T^2 KL; dropout keeps it above 0 */
    ck_assert_uint_ge(agree(teacher, student), N * 97 / 100);
    options.distill_weight = 0;
    learn(pupil, &w);
    ck_assert_uint_le(agree(teacher, pupil), N * 3 / 100);
    cnas_soft_labels_free(&s);
}
END_TEST

/* Each image has one bright side, its mirror image the other. The teacher's answers say which side is bright in the view, which nothing but
 * the view tells: they can be learnt if and only if the student sees the same views. */
START_TEST(it_sees_what_its_teacher_saw)
{
    enum { VIEWS = 3 };
    static float levels[256], images[N * HW];
    static uint32_t drawn[N];
    const struct cn_train_batch batch = {.images = images, .labels = drawn};
    float student[P_FLOATS];
    struct watch w = {0};
    cn_train_levels(levels, &model);
    for (int i = 0; i < N * HW; i++)
        pixels[0][i] = (uint8_t)((i % 8 < 4 ? 150 : 20) + (int)cn_train_rng_below(&chance, 80));
    soft_file_make(&by_hand, &data[0], CLASSES, VIEWS, "flip 1 padding 0 crop 0 cutout 0 seed 77");
    for (uint32_t v = 0; v < VIEWS; v++) {
        const struct cn_train_augment a = {.seed = 77, .flip = CNAS_FLIP_RANDOM, .epoch = v};
        cn_train_batch(NULL, &batch, &data[0], levels, NULL, 0, N, &a);
        for (size_t i = 0; i < N; i++)
            soft_file_set(&by_hand, v, i, images[i * HW] > images[i * HW + 7] ? 1 : 2, 8);
    }
    if (_i == 1) /* the control: other views than those that were answered for */
        by_hand.about[CN_TRAIN_SOFT_AUGMENT] = "flip 1 padding 0 crop 0 cutout 0 seed 78";
    soft_file_write(&by_hand, path);
    struct cnas_soft_labels *s = load();
    sets = (struct cnas_train_sets){.train = &data[0], .soft = s};
    cnas_soft_labels_augment(s, &options);
    options.distill_weight = 1;
    options.temperature = 1;
    options.epochs = 15;
    learn(student, &w);
    if (_i == 1)
        ck_assert_msg(w.loss > 0.5, "%g: learnt what cannot be known", w.loss);
    else
        ck_assert_msg(w.loss < 0.2, "%g: not learnt", w.loss);
    cnas_soft_labels_free(&s);
    soft_file_free(&by_hand);
}
END_TEST

/* ---- the training ---- */

static void teach_something(float *teacher)
{
    struct watch w = {0};
    learn(teacher, &w);
    teach(teacher, 3);
}

/* Stopped after any step, with any number of threads: the bits of one that was not. */
START_TEST(stopped_and_gone_on_with)
{
    float teacher[P_FLOATS], whole[P_FLOATS], parts[P_FLOATS];
    struct cnas_error err = {0};
    struct watch w = {0};
    train_recipe(&options, _i);
    teach_something(teacher);
    struct cnas_soft_labels *s = load();
    sets.soft = s;
    learn(whole, &w);
    ck_assert(memcmp(whole, teacher, sizeof whole) != 0);
    for (int round = 0; round < 3; round++) {
        struct watch v = {0};
        cnas_params_init(parts, &model, 1);
        for (int calls = 0; !v.finished; calls++) {
            v.steps = 0;
            v.stop_at = 1 + (int)cn_train_rng_below(&chance, 30);
            ck_assert_int_lt(calls, 80);
            ck_assert_msg(!train(parts, 1 + cn_train_rng_below(&chance, 3), checkpoint, cn_train_rng_below(&chance, 3), &v, &err), "%s", err.text);
            cnas_soft_labels_free(&s);
            sets.soft = s = load();
            if (!v.finished)
                memset(parts, 0x55, sizeof parts);
        }
        ck_assert_mem_eq(parts, whole, sizeof whole);
        ck_assert_int_eq(unlink(checkpoint), 0);
    }
    cnas_soft_labels_free(&s);
}
END_TEST

static void expect_another(const char *text)
{
    float params[P_FLOATS];
    struct cnas_error err = {0};
    struct watch w = {0};
    cnas_params_init(params, &model, 1);
    ck_assert_int_eq(train(params, 1, checkpoint, 0, &w, &err), CNAS_E_MISMATCH);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

/* Other soft labels, none, another weight or temperature: another training, whose state is not overwritten. */
START_TEST(checkpoints_know_the_teacher)
{
    float teacher[P_FLOATS], params[P_FLOATS];
    struct cnas_error err = {0};
    struct watch w = {.stop_at = 5};
    teach_something(teacher);
    struct cnas_soft_labels *s = load(), *more;
    sets.soft = s;
    cnas_params_init(params, &model, 1);
    ck_assert_int_eq(train(params, 1, checkpoint, 0, &w, &err), CNAS_OK);
    teach(teacher, 4);
    sets.soft = more = load();
    expect_another("soft_labels is ");
    sets.soft = NULL;
    expect_another("the recipes have not the same options");
    sets.soft = s;
    options.distill_weight = 0.8;
    expect_another("distill_weight is 0.9 there and 0.8 here");
    options.distill_weight = 0.9;
    options.temperature = 5;
    expect_another("temperature is 4 there and 5 here");
    cnas_soft_labels_free(&s);
    cnas_soft_labels_free(&more);
}
END_TEST

/* Without soft labels weight and temperature are nothing, also to a checkpoint; weight 0 is a training with the labels alone. */
START_TEST(without_a_teacher)
{
    float alone[P_FLOATS], params[P_FLOATS];
    struct cnas_error err = {0};
    struct watch w = {.stop_at = 5}, v = {0};
    options.flip = CNAS_FLIP_NONE;
    options.crop = 0;
    cnas_params_init(alone, &model, 1);
    ck_assert_int_eq(train(alone, 1, checkpoint, 0, &w, &err), CNAS_OK);
    options.distill_weight = 0.25;
    options.temperature = 20;
    ck_assert_msg(!train(alone, 1, checkpoint, 0, &v, &err), "%s", err.text);
    teach(alone, 2);
    struct cnas_soft_labels *s = load();
    sets.soft = s;
    options.distill_weight = 0;
    options.temperature = 0;
    learn(params, &v);
    ck_assert_mem_eq(params, alone, sizeof params);
    options.distill_weight = 0.5;
    options.temperature = 2;
    learn(params, &v);
    ck_assert(memcmp(params, alone, sizeof params) != 0);
    cnas_soft_labels_free(&s);
}
END_TEST

static void refuse(enum cnas_status want, const char *text)
{
    float params[P_FLOATS];
    struct cnas_error err = {0};
    struct watch w = {0};
    ck_assert_int_eq(train(params, 1, NULL, 0, &w, &err), (int)want);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

START_TEST(what_does_not_fit)
{
    const struct cnas_train_options right = options;
    struct cnas_dataset few = data[0];
    soft_file_make(&by_hand, &data[0], CLASSES, 1, "flip 1 padding 0 crop 1 cutout 0 seed 1");
    soft_file_write(&by_hand, path);
    struct cnas_soft_labels *s = load();
    sets.soft = s;
    few.n--;
    sets.train = &few;
    refuse(CNAS_E_MISMATCH, "not for these training images");
    sets.train = &data[0];
    options.crop = 2;
    refuse(CNAS_E_MISMATCH, "augmented otherwise");
    options = right;
    options.flip = CNAS_FLIP_NONE;
    refuse(CNAS_E_MISMATCH, "augmented otherwise");
    options = right;
    options.cutout = 2;
    refuse(CNAS_E_MISMATCH, "augmented otherwise");
    options = right;
    options.padding = CNAS_PADDING_REFLECT;
    refuse(CNAS_E_MISMATCH, "augmented otherwise");
    options = right;
    options.cutmix = 0.5;
    refuse(CNAS_E_MISMATCH, "augmented otherwise");
    static const double weights[] = {-0.1, 1.1, NAN}, temperatures[] = {0, 1e-9, 1001, INFINITY, NAN};
    for (size_t i = 0; i < 3; i++) {
        options = right;
        options.distill_weight = weights[i];
        refuse(CNAS_E_RANGE, "must be in [0, 1]");
    }
    for (size_t i = 0; i < 5; i++) {
        options = right;
        options.temperature = temperatures[i];
        refuse(CNAS_E_RANGE, "the temperature in [0.01, 1000]");
    }
    cnas_soft_labels_free(&s);
    soft_file_free(&by_hand);
}
END_TEST

/* A recipe by name says nothing of teachers. */
START_TEST(presets)
{
    const char *name;
    struct cnas_train_options o, defaults;
    cnas_train_defaults(&defaults, &model);
    for (size_t i = 0; (name = cnas_train_preset_name(i, NULL)); i++) {
        o = defaults;
        ck_assert_int_eq(cnas_train_preset(&o, name), CNAS_OK);
        ck_assert(o.distill_weight == defaults.distill_weight && o.temperature == defaults.temperature && o.temperature > 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("distill");
    TCase *t = tcase_create("distill");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, batches_of_a_view);
    tcase_add_test(t, it_follows_its_teacher);
    tcase_add_loop_test(t, it_sees_what_its_teacher_saw, 0, 2);
    tcase_add_loop_test(t, stopped_and_gone_on_with, 0, TRAIN_RECIPES);
    tcase_add_test(t, checkpoints_know_the_teacher);
    tcase_add_test(t, without_a_teacher);
    tcase_add_test(t, what_does_not_fit);
    tcase_add_test(t, presets);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
