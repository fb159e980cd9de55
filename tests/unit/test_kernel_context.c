/* What a context does for every kernel: results that do not depend on the number of threads, no job missed or repeated, and the
 * core that OpenBLAS took itself for. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/layer.h"

static struct tensor w, b;

START_TEST(threads_do_not_matter)
{
    enum { N = 70, C = 9, H = 31, HW = H * H, SIZE = N * C * HW };
    static const unsigned threads[] = {1, 2, 5};
    float *in = malloc(SIZE * sizeof(float)), *grad = malloc(SIZE * sizeof(float)), *first = NULL;
    struct cnas_conv_shape s = ref_shape(C, H, H, C, 3, 3, 2, 1, 1, 1, 1);
    enum { OUT = 5 * SIZE + 8 * C + 10 * N };
    float *out = calloc(OUT, sizeof(float));
    ck_assert(in && grad && out);
    test_rng_fill(&rng, in, NULL, SIZE);
    test_rng_fill(&rng, grad, NULL, SIZE);
    fill(&w, C);
    fill(&b, C);
    uint32_t labels[N];
    for (size_t i = 0; i < N; i++)
        labels[i] = (uint32_t)(i % 10);
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        struct cnas_ctx *own;
        ck_assert_int_eq(cnas_ctx_new(&own, threads[t]), CNAS_OK);
        float *o = out, *mean = out + 5 * SIZE, *invstd = mean + C, *rm = invstd + C, *rv = rm + C, *dg = rv + C, *db = dg + C;
        for (size_t k = 0; k < 4 * C; k++)
            mean[k] = 1;
        cnas_batch_norm_train(own, o, mean, invstd, rm, rv, in, w.f, b.f, N, C, HW, 1e-5f, 0.9f);
        cnas_batch_norm_backward(own, o + SIZE, 0, dg, db, grad, in, w.f, mean, invstd, N, C, HW);
        cnas_relu_forward(own, o + 2 * (size_t)SIZE, o, SIZE);
        cnas_avg_pool_forward(own, o + 3 * (size_t)SIZE, in, N, &s);
        cnas_avg_pool_backward(own, o + 4 * (size_t)SIZE, 0, grad, N, &s);
        db[C] = (float)cnas_softmax_cross_entropy(own, db + 2 * C, NULL, in, labels, N, 10, 0);
        if (!first) {
            first = malloc(OUT * sizeof(float));
            ck_assert_ptr_nonnull(first);
            memcpy(first, out, OUT * sizeof(float));
        }
        ck_assert(!memcmp(first, out, OUT * sizeof(float)));
        cnas_ctx_free(&own);
    }
    free(in);
    free(grad);
    free(first);
    free(out);
}
END_TEST

START_TEST(many_small_jobs)
{
    /* Late and sleeping workers must neither miss nor repeat a job. */
    struct cnas_ctx *own;
    enum { SIZE = 5 * 16384 };
    float *acc = calloc(SIZE, sizeof(float)), *one = malloc(SIZE * sizeof(float));
    ck_assert(acc && one);
    for (size_t i = 0; i < SIZE; i++)
        one[i] = 1;
    ck_assert_int_eq(cnas_ctx_new(&own, 6), CNAS_OK);
    for (int i = 0; i < 500; i++)
        cnas_add_backward(own, acc, 1, one, SIZE);
    for (size_t i = 0; i < SIZE; i++)
        ck_assert(acc[i] == 500);
    cnas_ctx_free(&own);
    cnas_ctx_free(&own);
    free(acc);
    free(one);
}
END_TEST

START_TEST(blas_core)
{
    char advice[200] = "old";
    ck_assert_uint_gt(strlen(cnas_blas_core()), 0);
    unsetenv("OPENBLAS_CORETYPE");
    ck_assert_int_eq(cnas_blas_core_is_slow(advice, sizeof advice), 0);
    ck_assert_str_eq(advice, "");
    ck_assert_int_eq(cnas_blas_core_is_slow(NULL, 0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel/context");
    TCase *t = tcase_create("context");
    tcase_add_checked_fixture(t, layer_setup, layer_teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, threads_do_not_matter);
    tcase_add_test(t, many_small_jobs);
    tcase_add_test(t, blas_core);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
