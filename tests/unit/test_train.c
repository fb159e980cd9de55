/* Training: its parts against their formulas, and a small network on made-up images: it learns, it repeats itself bit for bit with
 * any number of threads. Going on from checkpoints: test_train_resume.c. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cnas/train.h>

#include "runtime/train/batch.h"
#include "runtime/train/rng.h"
#include "tests/support/train_net.h"

static const struct cnas_train_sets both = {.train = &data[0], .test = &data[1]};

static struct cnas_ctx *context(unsigned threads)
{
    struct cnas_ctx *ctx;
    ck_assert_int_eq(cnas_ctx_new(&ctx, threads), CNAS_OK);
    return ctx;
}

/* ---- the loop ---- */
struct watch {
    int epochs;
    double loss, accuracy, test_accuracy;
    size_t memory;
};
static int watch(void *user, const struct cnas_train_progress *p)
{
    struct watch *w = user;
    w->memory = p->memory;
    if (p->event == CNAS_TRAIN_START)
        return 0;
    ck_assert_uint_ge(p->epoch, 1);
    ck_assert_uint_le(p->epoch, p->epochs);
    ck_assert_uint_le(p->done, p->total);
    if (p->event == CNAS_TRAIN_EPOCH) {
        w->epochs++;
        w->loss = p->loss;
        w->accuracy = p->accuracy;
        w->test_accuracy = p->test_accuracy;
        ck_assert_uint_eq(p->done, p->total);
        return 0;
    }
    ck_assert_double_eq(p->test_accuracy, -1);
    return 0;
}

static uint32_t loader_threads;
static void train(float *params, unsigned threads, const struct cnas_train_options *o, struct watch *w)
{
    struct cnas_ctx *ctx = context(threads);
    struct cnas_error err = {0};
    const struct cnas_train_control control = {.callback = watch, .user = w, .report_s = 0.2,
                                                .loader_threads = loader_threads};
    enum cnas_status status = cnas_train(params, ctx, &model, &both, o, &control, &err);
    ck_assert_msg(status == CNAS_OK, "%s", err.text);
    cnas_ctx_free(&ctx);
}

/* Batches of another size, call after call: the same logits. */
static void infer_again(const float *want, struct cnas_ctx *ctx, const float *params, const float *images)
{
    struct cnas_inference *f;
    float logits[50 * CLASSES];
    ck_assert_int_eq(cnas_inference_new(&f, ctx, &model, params, CNAS_ENGINE_PORTABLE, 32, NULL), CNAS_OK);
    ck_assert_str_eq(cnas_inference_engine(f), "portable, fp32");
    for (size_t i = 0; i + 50 <= N; i += 50) {
        ck_assert_int_eq(cnas_inference_run(f, logits, images + i * HW, 50), CNAS_OK);
        ck_assert_mem_eq(logits, want + i * CLASSES, sizeof logits);
    }
    cnas_inference_free(&f);
    ck_assert_int_eq(cnas_inference_new(&f, ctx, &model, params, CNAS_ENGINE_DNNL, 32, NULL), CNAS_E_RANGE); /* no layers as data */
    ck_assert_ptr_null(f);
}

START_TEST(it_learns_and_repeats)
{
    float first[P_FLOATS], again[P_FLOATS], other[P_FLOATS];
    struct cnas_train_options o;
    struct watch w = {0};
    train_recipe(&o, _i);
    cnas_params_init(first, &model, 1);
    train(first, 2, &o, &w);
    ck_assert_int_eq(w.epochs, 4);
    ck_assert_double_lt(w.loss, _i ? 0.7 : 0.5); /* a smoothed loss stays above 0.39 */
    ck_assert_double_gt(w.test_accuracy, 0.95);

    cnas_params_init(again, &model, 1);
    train(again, 1, &o, &w);
    ck_assert_mem_eq(first, again, sizeof first);
    for (loader_threads = 1; loader_threads < 4; loader_threads += 2) {
        cnas_params_init(again, &model, 1);
        train(again, 2, &o, &w);
        ck_assert_mem_eq(first, again, sizeof first);
    }
    o.seed = 2;
    cnas_params_init(other, &model, 1);
    train(other, 3, &o, &w);
    ck_assert(memcmp(first, other, sizeof first) != 0);

    /* The same accuracy through cnas_normalize and cnas_infer. */
    float *images = malloc(sizeof(float) * N * HW), *logits = malloc(sizeof(float) * N * CLASSES);
    struct cnas_ctx *ctx = context(2);
    size_t right = 0;
    ck_assert(images && logits);
    cnas_normalize(images, pixels[1], N, &model);
    ck_assert_float_eq(images[7], ((float)pixels[1][7] / 255 - 0.5f) / 0.25f);
    ck_assert_int_eq(cnas_infer(logits, ctx, &model, other, images, N), CNAS_OK);
    ck_assert_int_eq(cnas_infer(logits, ctx, &model, other, images, 0), CNAS_OK);
    infer_again(logits, ctx, other, images);
    for (size_t i = 0; i < N; i++) {
        uint32_t best = 0;
        for (uint32_t c = 1; c < CLASSES; c++)
            if (logits[i * CLASSES + c] > logits[i * CLASSES + best])
                best = c;
        right += best == labels[1][i];
    }
    ck_assert_double_eq((double)right / N, w.test_accuracy);
    cnas_ctx_free(&ctx);
    free(images);
    free(logits);
}
END_TEST

/* What the options say of augmentation reaches the batches: each other choice is another training. */
START_TEST(augmentation_counts)
{
    static const struct {
        int flip, padding;
    } choice[] = {{CNAS_FLIP_NONE, 0}, {CNAS_FLIP_RANDOM, 0}, {CNAS_FLIP_ALTERNATE, 0}, {CNAS_FLIP_ALTERNATE, CNAS_PADDING_REFLECT}};
    float params[4][P_FLOATS];
    struct cnas_train_options o;
    struct watch w = {0};
    cnas_train_defaults(&o, &model);
    o.epochs = 1;
    o.crop = 2;
    for (int i = 0; i < 4; i++) {
        o.flip = choice[i].flip;
        o.padding = choice[i].padding;
        cnas_params_init(params[i], &model, 1);
        train(params[i], 2, &o, &w);
        for (int k = 0; k < i; k++)
            ck_assert(memcmp(params[i], params[k], sizeof params[i]) != 0);
    }
}
END_TEST

/* A batch larger than the set is the set, in memory too. */
START_TEST(a_batch_of_everything)
{
    float whole[P_FLOATS], more[P_FLOATS];
    struct cnas_train_options o;
    struct watch w = {0};
    cnas_train_defaults(&o, &model);
    o.epochs = 2;
    o.batch = N;
    cnas_params_init(whole, &model, 1);
    train(whole, 2, &o, &w);
    const size_t memory = w.memory;
    o.batch = UINT32_MAX;
    cnas_params_init(more, &model, 1);
    train(more, 2, &o, &w);
    ck_assert_mem_eq(whole, more, sizeof whole);
    ck_assert_uint_eq(w.memory, memory);
}
END_TEST

START_TEST(bad_input_is_refused)
{
    float params[P_FLOATS];
    struct cnas_train_options good, o;
    struct cnas_error err;
    struct cnas_ctx *ctx = context(1);
    struct cnas_dataset d = data[0];
    const struct cnas_train_sets sets = {.train = &d};
    struct cnas_train_control c = {0};
    cnas_train_defaults(&good, &model);
#define REFUSED(set, want)                                                                          \
    do {                                                                                            \
        o = good;                                                                                   \
        d = data[0];                                                                                \
        err.text[0] = 0;                                                                            \
        cnas_params_init(params, &model, 1);                                                        \
        set;                                                                                        \
        ck_assert_int_eq(cnas_train(params, ctx, &model, &sets, &o, &c, &err), want);            \
        ck_assert_int_eq(err.status, want);                                                         \
        ck_assert(err.text[0]);                                                                     \
    } while (0)
    REFUSED(o.batch = 0, CNAS_E_RANGE);
    REFUSED(o.epochs = 0, CNAS_E_RANGE);
    REFUSED(o.lr_max = NAN, CNAS_E_RANGE);
    REFUSED(o.momentum = 1, CNAS_E_RANGE);
    REFUSED(o.restart_first = 1, CNAS_E_RANGE);
    REFUSED(o.crop = UINT32_MAX, CNAS_E_RANGE);
    REFUSED(o.flip = 3, CNAS_E_RANGE);
    REFUSED(o.flip = -1, CNAS_E_RANGE);
    REFUSED(o.padding = 2, CNAS_E_RANGE);
    REFUSED(c.loader_threads = 17, CNAS_E_RANGE);
    c.loader_threads = 0;
    REFUSED(d.h = 9, CNAS_E_MISMATCH);
    REFUSED(d.n = 0, CNAS_E_RANGE);
    REFUSED(c.checkpoint = "/nonexistent/checkpoint", CNAS_E_IO);
    c.checkpoint = NULL;
    labels[0][77] = CLASSES;
    REFUSED((void)0, CNAS_E_RANGE);
    ck_assert_ptr_nonnull(strstr(err.text, "77"));
    cnas_ctx_free(&ctx);
}
END_TEST

/* ---- the parts ---- */
/* The first quadratic leaves nothing of ReLU that 1, x or x^2 could explain, under the normal distribution. */
START_TEST(init_of_a_quadratic)
{
    enum { C = 3 };
    float w[3 * C];
    const struct cnas_param p = {"q", CNAS_PARAM_COEFFICIENTS, 2, {3, C}, 0, 3 * C};
    const struct cnas_model m = {.params = &p, .n_params = 1};
    cnas_params_init(w, &m, 7);
    for (int c = 0; c < C; c++) {
        const double step = 1e-3;
        double moment[3] = {0, 0, 0};
        for (double x = -9; x < 9; x += step) {
            const double rest = fmax(x, 0) - ((double)w[c] * x * x + (double)w[C + c] * x + (double)w[2 * C + c]);
            for (int k = 0; k < 3; k++)
                moment[k] += rest * pow(x, k) * exp(-x * x / 2) / sqrt(2 * acos(-1)) * step;
        }
        for (int k = 0; k < 3; k++)
            ck_assert_double_eq_tol(moment[k], 0, 1e-6);
    }
}
END_TEST

START_TEST(init)
{
    enum { K = 64, C = 50 };
    static float w[K * C * 9 + K], again[K * C * 9 + K];
    const struct cnas_param p[] = {{"a", CNAS_PARAM_WEIGHT, 4, {K, C, 3, 3}, 0, K * C * 9}, {"v", CNAS_PARAM_VAR, 1, {K}, K * C * 9, K}};
    struct cnas_model m = {.params = p, .n_params = 2};
    double sum = 0, squares = 0, far = 0, n = K * C * 9, std = sqrt(2.0 / (C * 9));
    cnas_params_init(w, &m, 7);
    cnas_params_init(again, &m, 7);
    ck_assert_mem_eq(w, again, sizeof w);
    for (size_t i = 0; i < K * C * 9; i++) {
        sum += w[i];
        squares += (double)w[i] * w[i];
        far += fabs(w[i]) > 2 * std;
    }
    ck_assert_double_eq_tol(sum / n, 0, 5 * std / sqrt(n));
    ck_assert_double_eq_tol(sqrt(squares / n) / std, 1, 5 / sqrt(2 * n));
    ck_assert_double_eq_tol(far / n, 0.0455, 5 * sqrt(0.0455 / n)); /* two sigma of a normal distribution */
    ck_assert(w[K * C * 9] == 1 && w[K * C * 9 + K - 1] == 1);
    cnas_params_init(again, &m, 8);
    ck_assert(memcmp(w, again, sizeof w) != 0);
}
END_TEST

START_TEST(below_is_uniform)
{
    struct cn_train_rng r = cn_train_rng_make(1, CN_TRAIN_SHUFFLE, 0, 0);
    int count[7] = {0};
    for (int i = 0; i < 70000; i++)
        count[cn_train_rng_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        ck_assert_int_lt(abs(count[i] - 10000), 5 * 93); /* five standard deviations */
    ck_assert_uint_eq(cn_train_rng_below(&r, 1), 0);
}
END_TEST

/* One bright pixel tells where everything went. */
START_TEST(augmentation)
{
    enum { H = 5, W = 7, SIZE = H * W, ROUNDS = 3000 };
    static const float mean[] = {0}, std[] = {1};
    struct cnas_model m = {.c = 1, .h = H, .w = W, .mean = mean, .std = std};
    uint8_t image[SIZE];
    uint32_t label = 0, got;
    float levels[256], out[SIZE];
    struct cnas_dataset d = {1, H, W, 1, 1, image, &label};
    const struct cn_train_batch batch = {.images = out, .labels = &got};
    struct cnas_ctx *ctx = context(1);
    int seen[5][5] = {{0}}, mirrored = 0, lost = 0;
    for (int i = 0; i < SIZE; i++)
        image[i] = (uint8_t)(i + 1);
    cn_train_levels(levels, &m);
    cn_train_batch(ctx, &batch, &d, levels, NULL, 0, 1, NULL);
    for (int i = 0; i < SIZE; i++)
        ck_assert_float_eq(out[i], (float)(i + 1) / 255);

    for (uint32_t e = 0; e < ROUNDS; e++) {
        struct cn_train_augment a = {.seed = 4, .epoch = e, .crop = 2, .flip = 1};
        cn_train_batch(ctx, &batch, &d, levels, NULL, 0, 1, &a);
        /* The middle pixel stays inside for every crop of two. */
        int at = -1;
        for (int i = 0; i < SIZE; i++)
            if (out[i] == levels[image[2 * W + 3]])
                at = i;
        ck_assert_int_ge(at, 0);
        int y = at / W, x = at % W, flip = -1;
        /* A neighbour to the right tells the direction. */
        if (x + 1 < W && out[at + 1] == levels[image[2 * W + 4]])
            flip = 0;
        if (x > 0 && out[at - 1] == levels[image[2 * W + 4]])
            flip = 1;
        ck_assert_int_ge(flip, 0);
        mirrored += flip;
        seen[y][x - 1]++;
        /* Every pixel: the original's, or zero from the padding. */
        for (int i = 0; i < SIZE; i++) {
            int sx = flip ? W - 1 - i % W : i % W, mid = flip ? W - 1 - x : x;
            int oy = i / W - y + 2, ox = sx - mid + 3;
            float want = oy >= 0 && oy < H && ox >= 0 && ox < W ? levels[image[oy * W + ox]] : 0;
            ck_assert_float_eq(out[i], want);
        }
    }
    ck_assert_int_lt(abs(mirrored - ROUNDS / 2), 150); /* five standard deviations */
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 5; x++)
            ck_assert_int_lt(abs(seen[y][x] - ROUNDS / 25), 60);

    /* A crop may be larger than the image: then most of what is cut out is padding. Nothing is written beyond the sample. */
    for (uint32_t e = 0; e < ROUNDS; e++) {
        struct cn_train_augment a = {.seed = 4, .epoch = e, .crop = 20, .flip = e % 2};
        float wide[3 * SIZE];
        for (int i = 0; i < 3 * SIZE; i++)
            wide[i] = -1;
        cn_train_batch(ctx, &(struct cn_train_batch){.images = wide + SIZE, .labels = &got}, &d, levels, NULL, 0, 1, &a);
        for (int i = 0; i < 3 * SIZE; i++)
            ck_assert(i >= SIZE && i < 2 * SIZE ? wide[i] >= 0 : wide[i] == -1);
    }

    for (uint32_t e = 0; e < ROUNDS; e++) {
        struct cn_train_augment a = {.seed = 4, .epoch = e, .cutout = 3};
        int zeros = 0;
        cn_train_batch(ctx, &batch, &d, levels, NULL, 0, 1, &a);
        for (int i = 0; i < SIZE; i++) {
            zeros += out[i] == 0;
            ck_assert(out[i] == 0 || out[i] == levels[image[i]]);
        }
        ck_assert(zeros == 9 || zeros == 6 || zeros == 4); /* whole, at an edge, in a corner */
        lost += out[0] == 0;
    }
    ck_assert_int_lt(abs(lost - ROUNDS * 4 / SIZE), 90);
    cnas_ctx_free(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train");
    TCase *t = tcase_create("train");
    tcase_add_checked_fixture(t, make_data, NULL);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, it_learns_and_repeats, 0, TRAIN_RECIPES);
    tcase_add_test(t, augmentation_counts);
    tcase_add_test(t, a_batch_of_everything);
    tcase_add_test(t, bad_input_is_refused);
    tcase_add_test(t, init_of_a_quadratic);
    tcase_add_test(t, init);
    tcase_add_test(t, below_is_uniform);
    tcase_add_test(t, augmentation);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
