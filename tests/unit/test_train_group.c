/* Training on several ranks, which are threads here: with synchronised batch norm the result is that of one rank up to rounding, whatever
 * the shares; without it, what the documentation says; failures end all ranks; a checkpoint fits any number of ranks. */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cnas/train.h>

#include "runtime/train/loader.h"
#include "tests/support/soft_file.h"
#include "tests/support/thread_group.h"
#include "tests/support/train_net.h"

static struct cnas_train_options options;
static char path[64];

static void setup(void)
{
    make_data();
    train_recipe(&options, 0);
    options.epochs = 2;
    snprintf(path, sizeof path, "test_train_group.%ld.checkpoint", (long)getpid());
    unlink(path);
}
static void teardown(void)
{
    unlink(path);
}

struct rank {
    struct cnas_train_control control;
    struct cnas_train_sets sets;
    struct cnas_train_options options;
    float params[P_FLOATS];
    enum cnas_status status;
    struct cnas_error err;
    int stop_at, steps, resumed; /* stop_at: this rank asks for it after so many steps; 0: never */
    double loss, validation_accuracy;
    pthread_t thread;
};

static int watch(void *user, const struct cnas_train_progress *p)
{
    struct rank *r = user;
    if (p->event == CNAS_TRAIN_START)
        r->resumed = p->resumed;
    if (p->event == CNAS_TRAIN_STEP) {
        r->steps++;
        r->loss = p->loss;
    }
    if (p->event == CNAS_TRAIN_EPOCH)
        r->validation_accuracy = p->validation_accuracy;
    return r->stop_at && r->steps >= r->stop_at;
}

static void *rank_main(void *argument)
{
    struct rank *r = argument;
    struct cnas_ctx *ctx = NULL;
    r->control.callback = watch;
    r->control.user = r;
    if (cnas_ctx_new(&ctx, 1))
        abort();
    r->status = cnas_train(r->params, ctx, &model, &r->sets, &r->options, &r->control, &r->err);
    cnas_ctx_free(&ctx);
    return NULL;
}

/* Ranks that are alike; only rank 0's parameters are right. */
static void prepare(struct rank *ranks, unsigned n, int sync)
{
    memset(ranks, 0, n * sizeof *ranks);
    for (unsigned i = 0; i < n; i++) {
        ranks[i].control = (struct cnas_train_control){.sync_batch_norm = sync};
        ranks[i].sets = (struct cnas_train_sets){.train = &data[0], .validation = &data[1]};
        ranks[i].options = options;
        cnas_params_init(ranks[i].params, &model, 1 + i);
    }
}

static void run_failing(struct rank *ranks, unsigned n, unsigned fail_rank, unsigned fail_at, unsigned *calls)
{
    struct thread_groups *all = thread_groups_new(n, fail_rank, fail_at);
    for (unsigned i = 0; i < n; i++) {
        ranks[i].control.group = thread_group(all, i);
        ck_assert_int_eq(pthread_create(&ranks[i].thread, NULL, rank_main, &ranks[i]), 0);
    }
    for (unsigned i = 0; i < n; i++)
        ck_assert_int_eq(pthread_join(ranks[i].thread, NULL), 0);
    *calls = thread_group_calls(all, 0);
    thread_groups_free(&all);
}

static void run(struct rank *ranks, unsigned n)
{
    unsigned calls;
    run_failing(ranks, n, 0, 0, &calls);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_msg(ranks[i].status == CNAS_OK, "rank %u: %s", i, ranks[i].err.text);
        ck_assert_mem_eq(ranks[i].params, ranks[0].params, sizeof ranks[0].params);
        ck_assert(ranks[i].loss == ranks[0].loss && ranks[i].validation_accuracy == ranks[0].validation_accuracy);
        ck_assert_int_eq(ranks[i].steps, ranks[0].steps);
    }
}

static void run_alone(struct rank *alone)
{
    prepare(alone, 1, 0);
    rank_main(alone);
    ck_assert_msg(alone->status == CNAS_OK, "%s", alone->err.text);
}

static double distance(const float *a, const float *b)
{
    double sum = 0, size = 0;
    for (int i = 0; i < P_FLOATS; i++) {
        sum += pow((double)a[i] - (double)b[i], 2);
        size += pow((double)b[i], 2);
    }
    return sqrt(sum / size);
}

/* A step on equal batches, rounded otherwise, again and again: the recipes are smooth enough for that to stay small. */
static const double CLOSE = 2e-4;

/* Batches of 32 among 2 to 7 ranks, mostly uneven; the last one of an epoch has 500 - 15 * 32 = 20 samples, that of batch 31 has 4, so
 * that some of 7 ranks have none. All recipes, dropout included. */
START_TEST(equals_one_rank)
{
    static const struct {
        unsigned ranks;
        uint32_t batch;
    } shapes[] = {{2, 32}, {3, 32}, {7, 31}, {2, 499}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct rank alone, ranks[7];
        train_recipe(&options, _i);
        options.epochs = 2;
        options.batch = shapes[s].batch;
        run_alone(&alone);
        prepare(ranks, shapes[s].ranks, 1);
        run(ranks, shapes[s].ranks);
        const double gap = distance(ranks[0].params, alone.params);
        ck_assert_msg(gap < CLOSE, "%u ranks, batch %u: %g away", shapes[s].ranks, shapes[s].batch, gap);
        ck_assert(fabs(ranks[0].loss - alone.loss) < CLOSE && ranks[0].steps == alone.steps);
        ck_assert(fabs(ranks[0].validation_accuracy - alone.validation_accuracy) <= 2.0 / N);
    }
}
END_TEST

/* Answers that nobody would guess, so that those of another sample are seen. */
static struct cnas_soft_labels *random_teacher(uint64_t seed)
{
    struct soft_file f;
    struct cnas_soft_labels *s;
    struct cnas_error err = {0};
    struct cn_train_rng r = cn_train_rng_make(seed, CN_TRAIN_INIT, 3000, 0);
    soft_file_make(&f, &data[0], CLASSES, 2, "flip 1 padding 0 crop 1 cutout 0 seed 6");
    for (size_t i = 0; i < 2 * N * CLASSES; i++)
        soft_file_set(&f, 0, 0, i, (float)cn_train_rng_below(&r, 80) / 10); /* all in a row */
    soft_file_write(&f, path);
    ck_assert_msg(!cnas_soft_labels_load(&s, path, &data[0], CLASSES, &err), "%s", err.text);
    ck_assert_int_eq(unlink(path), 0);
    soft_file_free(&f);
    return s;
}

/* Each rank has the answers for its share, and all the same teacher. */
START_TEST(with_a_teacher)
{
    struct cnas_soft_labels *s = random_teacher(1), *other = random_teacher(2);
    struct rank alone, ranks[3];
    unsigned calls;
    train_recipe(&options, _i);
    options.epochs = 3;
    prepare(&alone, 1, 0);
    alone.sets.soft = s;
    rank_main(&alone);
    ck_assert_msg(alone.status == CNAS_OK, "%s", alone.err.text);
    for (unsigned n = 2; n < 4; n++) {
        prepare(ranks, n, 1);
        for (unsigned i = 0; i < n; i++)
            ranks[i].sets.soft = s;
        run(ranks, n);
        const double gap = distance(ranks[0].params, alone.params);
        ck_assert_msg(gap < CLOSE, "%u ranks: %g away", n, gap);
        ck_assert(fabs(ranks[0].loss - alone.loss) < CLOSE && ranks[0].steps == alone.steps);
    }
    prepare(ranks, 2, 1);
    ranks[0].sets.soft = s;
    ranks[1].sets.soft = other;
    run_failing(ranks, 2, 0, 0, &calls);
    ck_assert_int_eq(ranks[0].status, CNAS_E_CLOSED);
    ck_assert_int_eq(ranks[1].status, CNAS_E_MISMATCH);
    cnas_soft_labels_free(&s);
    cnas_soft_labels_free(&other);
}
END_TEST

/* Without synchronised statistics it is another training, which all ranks share and which learns as well; repeated, the same bits. */
START_TEST(own_statistics)
{
    struct rank alone, ranks[3], again[3];
    options.epochs = 4;
    run_alone(&alone);
    prepare(ranks, 3, 0);
    run(ranks, 3);
    prepare(again, 3, 0);
    run(again, 3);
    ck_assert_mem_eq(again[0].params, ranks[0].params, sizeof ranks[0].params);
    ck_assert(distance(ranks[0].params, alone.params) > CLOSE);
    ck_assert(ranks[0].validation_accuracy > 0.9);
}
END_TEST

/* A step by hand: the running statistics are the means of the ranks', weighted by samples: 31 samples are 11, 10 and 10. */
START_TEST(own_statistics_are_averaged)
{
    static struct cnas_dataset few;
    static float images[31 * HW], maps[31 * CH * HW], normal[31 * CH * HW], levels[256];
    float first[P_FLOATS], saved[2 * CH], expected[2 * CH] = {0};
    struct rank ranks[3];
    struct cnas_ctx *ctx;
    uint32_t own_labels[31];
    few = data[0];
    few.n = 31;
    options.epochs = 1;
    prepare(ranks, 3, 0);
    for (int i = 0; i < 3; i++)
        ranks[i].sets = (struct cnas_train_sets){.train = &few};
    memcpy(first, ranks[0].params, sizeof first);
    run(ranks, 3);
    ck_assert_int_eq(ranks[0].steps, 1);
    ck_assert_int_eq(cnas_ctx_new(&ctx, 1), CNAS_OK);
    cn_train_levels(levels, &model);
    for (unsigned i = 0; i < 3; i++) {
        struct cn_train_loader *l;
        const struct cn_train_load want = {.ctx = ctx, .d = &few, .levels = levels, .batch = options.batch, .rank = i, .size = 3, .epochs = 1, .seed = options.seed,
                                           .augment = {.seed = options.seed, .crop = options.crop, .flip = options.flip}};
        float moved[2 * CH], shares[31];
        uint32_t others[31];
        const struct cn_train_batch batch = {images, own_labels, others, shares};
        ck_assert_int_eq(cn_train_loader_new(&l, &want, NULL), CNAS_OK);
        const size_t n = cn_train_loader_next(l, &batch, NULL);
        ck_assert_uint_eq(n, i ? 10 : 11);
        cn_train_loader_free(&l);
        memcpy(moved, first + P_MEAN, sizeof moved);
        cnas_conv2d_forward(ctx, maps, images, first + P_CONV, NULL, n, &shape);
        cnas_batch_norm_train(ctx, normal, saved, saved + CH, moved, moved + CH, maps, first + P_GAMMA, first + P_BETA, n, CH, HW, 1e-5f, 0.9f);
        for (int c = 0; c < 2 * CH; c++)
            expected[c] += (float)n / 31 * moved[c];
    }
    for (int c = 0; c < 2 * CH; c++)
        ck_assert_float_eq_tol(ranks[0].params[P_MEAN + c], expected[c], 1e-6f);
    cnas_ctx_free(&ctx);
}
END_TEST

START_TEST(stops_together)
{
    for (unsigned who = 0; who < 3; who++) {
        struct rank ranks[3];
        prepare(ranks, 3, 1);
        ranks[who].stop_at = 5;
        run(ranks, 3); /* all after the same number of steps */
        ck_assert_int_ge(ranks[0].steps, 5);
        ck_assert_int_le(ranks[0].steps, 6);
    }
}
END_TEST

/* Three ranks until somewhere in the second epoch, then two, then one: with synchronised batch norm, the result of one. */
START_TEST(resumes_with_other_ranks)
{
    struct rank alone, ranks[3];
    run_alone(&alone);
    prepare(ranks, 3, 1);
    ranks[0].control.checkpoint = path;
    ranks[1].stop_at = 9;
    run(ranks, 3);
    prepare(ranks, 2, 1);
    ranks[0].control.checkpoint = path;
    ranks[1].control.checkpoint = "/nowhere/at/all"; /* rank 0's counts */
    ranks[1].stop_at = 13;
    run(ranks, 2);
    ck_assert_int_eq(ranks[0].resumed, 1);
    ck_assert_int_eq(ranks[1].resumed, 1);
    prepare(ranks, 1, 0);
    ranks[0].control.checkpoint = path;
    rank_main(&ranks[0]);
    ck_assert_msg(ranks[0].status == CNAS_OK, "%s", ranks[0].err.text);
    ck_assert_int_eq(ranks[0].resumed, 1);
    const double gap = distance(ranks[0].params, alone.params);
    ck_assert_msg(gap < CLOSE, "%g away", gap);
}
END_TEST

/* Whichever call of the group fails, on whichever rank: all return, that one with the group's error. */
START_TEST(failing_group)
{
    struct rank ranks[3];
    unsigned calls, ignored;
    options.epochs = 1;
    options.batch = 250;
    prepare(ranks, 3, 1);
    run_failing(ranks, 3, 0, 0, &calls);
    ck_assert_uint_gt(calls, 20);
    for (unsigned at = 1; at <= calls; at++) {
        const unsigned who = at % 3;
        prepare(ranks, 3, 1);
        ranks[0].control.checkpoint = path;
        run_failing(ranks, 3, who, at, &ignored);
        for (unsigned i = 0; i < 3; i++) {
            ck_assert_int_eq(ranks[i].status, i == who ? CNAS_E_IO : CNAS_E_CLOSED);
            ck_assert_int_eq(ranks[i].err.status, ranks[i].status);
        }
        ck_assert_ptr_nonnull(strstr(ranks[who].err.text, "cable"));
        unlink(path);
    }
}
END_TEST

static void expect_failure(struct rank *ranks, unsigned n, unsigned who, enum cnas_status status, const char *text)
{
    unsigned calls;
    run_failing(ranks, n, 0, 0, &calls);
    for (unsigned i = 0; i < n; i++)
        ck_assert_int_eq(ranks[i].status, i == who ? status : CNAS_E_CLOSED);
    ck_assert_msg(strstr(ranks[who].err.text, text) != NULL, "%s", ranks[who].err.text);
}

/* What only one rank finds wrong ends all of them, and says so on that one. */
START_TEST(failing_rank)
{
    static struct cnas_dataset other;
    static uint32_t bad_labels[N];
    struct rank ranks[3];
    other = data[0];
    other.n--;
    prepare(ranks, 3, 1);
    ranks[2].sets.train = &other;
    expect_failure(ranks, 3, 2, CNAS_E_MISMATCH, "rank 2 has another network, recipe or data set");
    prepare(ranks, 2, 1);
    ranks[1].options.lr_max = 0.2;
    expect_failure(ranks, 2, 1, CNAS_E_MISMATCH, "another network, recipe or data set");
    memcpy(bad_labels, labels[0], sizeof bad_labels);
    bad_labels[7] = CLASSES;
    other = data[0];
    other.labels = bad_labels;
    prepare(ranks, 2, 1);
    ranks[1].sets.train = &other;
    expect_failure(ranks, 2, 1, CNAS_E_RANGE, "label");
    prepare(ranks, 2, 0);
    ranks[0].control.checkpoint = "/nowhere/at/all";
    expect_failure(ranks, 2, 0, CNAS_E_IO, "/nowhere");
}
END_TEST

/* Numbers that are not finite are seen by all. */
START_TEST(diverges_together)
{
    struct rank ranks[2];
    unsigned calls;
    options.lr_max = 1e30;
    options.epochs = 3;
    for (int sync = 0; sync < 2; sync++) {
        prepare(ranks, 2, sync);
        run_failing(ranks, 2, 0, 0, &calls);
        ck_assert_int_eq(ranks[0].status, CNAS_E_DIVERGED);
        ck_assert_int_eq(ranks[1].status, CNAS_E_DIVERGED);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("train_group");
    TCase *t = tcase_create("group");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, equals_one_rank, 0, TRAIN_RECIPES);
    tcase_add_loop_test(t, with_a_teacher, 0, TRAIN_RECIPES);
    tcase_add_test(t, own_statistics);
    tcase_add_test(t, own_statistics_are_averaged);
    tcase_add_test(t, stops_together);
    tcase_add_test(t, resumes_with_other_ranks);
    tcase_add_test(t, failing_group);
    tcase_add_test(t, failing_rank);
    tcase_add_test(t, diverges_together);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
