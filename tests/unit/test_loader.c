/* The loader gives the batches of the synchronous path, bit by bit, from any step on and for any number of threads. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/train/batch.h"
#include "runtime/train/loader.h"
#include "runtime/train/rng.h"

enum { N = 53, C = 3, SIDE = 6, IMAGE = C * SIDE * SIDE, EPOCHS = 3, SEED = 9 };

static uint8_t pixels[N * IMAGE];
static uint32_t numbers[N], order[EPOCHS][N];
static float levels[C * 256], got[N * IMAGE], want[N * IMAGE];
static struct cnas_dataset d = {C, SIDE, SIDE, N, N, pixels, numbers};
static const struct cn_train_augment augment = {.seed = SEED, .crop = 2, .cutout = 3, .cutmix = 0.5, .flip = CNAS_FLIP_RANDOM};

/* Fisher & Yates, as every training of this library has shuffled. */
static void setup(void)
{
    srand(3);
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)rand();
    for (uint32_t i = 0; i < N; i++)
        numbers[i] = i;
    for (int i = 0; i < C * 256; i++)
        levels[i] = (float)rand();
    for (uint32_t e = 0; e < EPOCHS; e++) {
        struct cn_train_rng r = cn_train_rng_make(SEED, CN_TRAIN_SHUFFLE, e, 0);
        memcpy(order[e], numbers, sizeof numbers);
        for (uint32_t i = N; i > 1; i--) {
            const uint32_t j = cn_train_rng_below(&r, i), swap = order[e][i - 1];
            order[e][i - 1] = order[e][j];
            order[e][j] = swap;
        }
    }
}

static struct cn_train_loader *make(struct cnas_ctx *ctx, size_t batch, uint64_t epoch, uint64_t step, unsigned threads)
{
    struct cn_train_loader *l;
    struct cnas_error err;
    const struct cn_train_load load = {.ctx = ctx, .d = &d, .levels = levels, .seed = SEED, .augment = augment, .batch = batch, .epoch = epoch,
                                       .step = step, .epochs = EPOCHS, .threads = threads};
    ck_assert_msg(!cn_train_loader_new(&l, &load, &err), "%s", err.text);
    return l;
}

START_TEST(the_same_bits)
{
    static const size_t batches[] = {1, 7, N - 1, N, N + 5};
    static const unsigned threads[] = {0, 1, 2, 5, CN_TRAIN_LOADERS};
    uint32_t labels[N], others[N], drawn[N], other[N];
    float shares[N], share[N];
    const struct cn_train_batch batch = {got, labels, others, shares}, expected = {want, drawn, other, share};
    struct cnas_ctx *ctx;
    ck_assert(!cnas_ctx_new(&ctx, 2));
    for (size_t b = 0; b < 5; b++)
        for (size_t t = 0; t < 5; t++) {
            const size_t steps = (N + batches[b] - 1) / batches[b];
            for (size_t start = 0; start < EPOCHS * steps; start += 1 + start / 2) {
                struct cn_train_loader *l = make(ctx, batches[b], start / steps, start % steps, threads[t]);
                for (size_t at = start; at < EPOCHS * steps; at++) {
                    const uint32_t epoch = (uint32_t)(at / steps);
                    const size_t first = at % steps * batches[b], n = N - first < batches[b] ? N - first : batches[b];
                    struct cn_train_augment a = augment;
                    a.epoch = epoch;
                    cn_train_batch(NULL, &expected, &d, levels, order[epoch], first, n, &a);
                    ck_assert_uint_eq(cn_train_loader_next(l, &batch, NULL), n);
                    ck_assert(!memcmp(labels, order[epoch] + first, n * sizeof *labels));
                    ck_assert(!memcmp(others, other, n * sizeof *others));
                    ck_assert(!memcmp(shares, share, n * sizeof *shares));
                    ck_assert(!memcmp(got, want, n * IMAGE * sizeof *got));
                }
                for (int i = 0; i < 3; i++)
                    ck_assert_uint_eq(cn_train_loader_next(l, &batch, NULL), 0);
                cn_train_loader_free(&l);
                ck_assert_ptr_null(l);
            }
        }
    cnas_ctx_free(&ctx);
}
END_TEST

/* After any number of batches, while threads work, wait, or have ended. */
START_TEST(it_stops_at_any_moment)
{
    uint32_t labels[N], others[N];
    float shares[N];
    const struct cn_train_batch batch = {got, labels, others, shares};
    for (unsigned round = 0; round < 300; round++) {
        struct cn_train_loader *l = make(NULL, 4, 0, 0, 1 + round % 6);
        for (unsigned i = 0; i < round % 50; i++)
            cn_train_loader_next(l, &batch, NULL);
        cn_train_loader_free(&l);
    }
    struct cn_train_loader *none = NULL;
    cn_train_loader_free(&none);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("loader");
    TCase *t = tcase_create("loader");
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_same_bits);
    tcase_add_test(t, it_stops_at_any_moment);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
