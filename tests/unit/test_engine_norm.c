/* Statistics of batch norm on blocked values against plain loops in double, with every vector unit that this CPU has, in float and
 * bfloat16. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "tests/support/norm_case.h"

static void expect_near(const char *what, double got, double want, double relative)
{
    if (!(fabs(got - want) <= relative * fabs(want)))
        ck_abort_msg("%s, %s: %.9g, should be %.9g", what, cn_engine_simd()->name, got, want);
}

START_TEST(statistics_match)
{
    struct norm_case f;
    if (!norm_case_begin(&f, _i))
        return;
    double *z = random_numbers(&f.rng, f.type, f.elements, 3);
    for (size_t i = 0; i < f.elements; i++)
        z[i] = rounded(f.type, z[i] + (double)(i / f.hw % f.c)); /* means that differ */
    struct guarded zb = blocked_new(f.type, z, f.n, f.c, f.hw);
    struct norm_layer l = norm_layer_new(&f);
    norm_layer_statistics(&f, &l, zb.p);
    for (size_t c = 0; c < f.c; c++) {
        double m = (double)(f.n * f.hw), mean = 0, squares = 0;
        for (size_t n = 0; n < f.n; n++)
            for (size_t p = 0; p < f.hw; p++)
                mean += z[(n * f.c + c) * f.hw + p] / m;
        for (size_t n = 0; n < f.n; n++)
            for (size_t p = 0; p < f.hw; p++)
                squares += pow(z[(n * f.c + c) * f.hw + p] - mean, 2);
        double invstd = 1 / sqrt(squares / m + (double)1e-5f), scale = l.gamma[c] * invstd;
        expect_near("mean", l.bn.mean[c], mean, 2e-7);
        expect_near("invstd", l.bn.invstd[c], invstd, 2e-7);
        expect_near("scale", l.bn.scale[c], scale, 2e-7);
        ck_assert(fabs(l.bn.shift[c] - (l.beta[c] - mean * scale)) <= 2e-7 * (fabs(l.beta[c]) + fabs(mean * scale)));
        expect_near("running mean", l.bn.running_mean[c], 0.75 * l.beta[c] + 0.25 * mean, 1e-6 + 1e-6 * fabs(mean));
        ck_assert(fabs(l.bn.running_var[c] - (0.75 * l.gamma[c] + 0.25 * squares / (m > 1 ? m - 1 : 1))) <= 2e-6 * (1 + squares / m));
    }
    for (size_t c = f.c; c < cn_engine_channels(f.map.c); c++)
        ck_assert(l.bn.mean[c] == 0 && l.bn.invstd[c] == 0 && l.bn.scale[c] == 0 && l.bn.shift[c] == 0);
    /* in parts */
    struct norm_layer k = norm_layer_new(&f);
    size_t doubles = 2 * cn_engine_channels(f.map.c), half = f.n / 2;
    struct guarded sums = guarded_new(2 * doubles * sizeof(double));
    cn_engine_bn_sums_range(sums.p, f.type, f.map, zb.p, 0, half);
    cn_engine_bn_sums_range((double *)sums.p + doubles, f.type, f.map, zb.p, half, f.n);
    cn_engine_bn_finish(f.ctx, &k.bn, f.map, sums.p, 2, f.n);
    for (size_t c = 0; c < f.c; c++) {
        expect_near("mean in parts", k.bn.mean[c], l.bn.mean[c], 1e-7);
        expect_near("invstd in parts", k.bn.invstd[c], l.bn.invstd[c], 1e-7);
    }
    /* inference */
    for (size_t c = 0; c < f.c; c++)
        l.bn.running_var[c] = fabsf(l.bn.running_var[c]);
    cn_engine_bn_inference(&l.bn, f.map.c);
    for (size_t c = 0; c < f.c; c++) {
        double scale = l.gamma[c] / sqrt((double)l.bn.running_var[c] + (double)1e-5f);
        expect_near("inference scale", l.bn.scale[c], scale, 4e-7);
        ck_assert(fabs(l.bn.shift[c] - (l.beta[c] - l.bn.running_mean[c] * scale)) <= 4e-7 * (fabs(l.beta[c]) + fabs(l.bn.running_mean[c] * scale)));
    }
    for (size_t c = f.c; c < cn_engine_channels(f.map.c); c++)
        ck_assert(l.bn.scale[c] == 0 && l.bn.shift[c] == 0);
    norm_layer_free(&l);
    norm_layer_free(&k);
    guarded_free(&sums);
    guarded_free(&zb);
    free(z);
    cnas_ctx_free(&f.ctx);
}
END_TEST

/* A mean a thousand times the deviation: as exact as cnas_batch_norm_train, which takes two passes. */
START_TEST(statistics_survive_a_large_mean)
{
    const struct cn_engine_simd *simd = variant(_i);
    if (!simd)
        return;
    cn_engine_simd_use(simd);
    enum { N = 16, C = 24, HW = 64 };
    struct cn_engine_map map = {C, 8, 8};
    struct cnas_ctx *ctx;
    ck_assert_int_eq(cnas_ctx_new(&ctx, 2), CNAS_OK);
    struct test_rng r = test_rng_make(5);
    float *x = malloc(sizeof(float) * N * C * HW), *y = malloc(sizeof(float) * N * C * HW);
    ck_assert(x && y);
    for (size_t i = 0; i < N * C * HW; i++)
        x[i] = 1000 + (float)test_rng_normal(&r);
    struct guarded z = guarded_new(N * cn_engine_elements(map) * sizeof(float)), v = guarded_new(4 * 32 * sizeof(float));
    cn_engine_pack(ctx, CN_ENGINE_F32, map, z.p, x, N);
    float gamma[C], beta[C], mean[C], invstd[C], rm[2][C] = {{0}}, rv[2][C] = {{0}}, *vectors = v.p;
    for (size_t c = 0; c < C; c++)
        gamma[c] = beta[c] = 1;
    struct cn_engine_bn bn = {.gamma = gamma, .beta = beta, .running_mean = rm[0], .running_var = rv[0], .epsilon = 1e-5f, .decay = 0.9f,
                              .mean = vectors, .invstd = vectors + 32, .scale = vectors + 64, .shift = vectors + 96};
    cn_engine_bn_statistics(ctx, &bn, CN_ENGINE_F32, map, z.p, N);
    cnas_batch_norm_train(ctx, y, mean, invstd, rm[1], rv[1], x, gamma, beta, N, C, HW, 1e-5f, 0.9f);
    for (size_t c = 0; c < C; c++) {
        double m = 0, squares = 0;
        for (size_t n = 0; n < N; n++)
            for (size_t p = 0; p < HW; p++)
                m += (double)x[(n * C + c) * HW + p] / (N * HW);
        for (size_t n = 0; n < N; n++)
            for (size_t p = 0; p < HW; p++)
                squares += pow((double)x[(n * C + c) * HW + p] - m, 2);
        expect_near("mean", bn.mean[c], m, 1e-7);
        expect_near("invstd", bn.invstd[c], 1 / sqrt(squares / (N * HW) + (double)1e-5f), 2e-7);
        expect_near("mean of the two passes", bn.mean[c], mean[c], 2e-7);
        expect_near("invstd of the two passes", bn.invstd[c], invstd[c], 1e-6);
        expect_near("running variance of the two passes", rv[0][c], rv[1][c], 1e-6);
    }
    guarded_free(&z);
    guarded_free(&v);
    free(x);
    free(y);
    cnas_ctx_free(&ctx);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: statistics of batch norm");
    TCase *t = tcase_create("norm");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, statistics_match, 0, NORM_CASES);
    tcase_add_loop_test(t, statistics_survive_a_large_mean, 0, VARIANTS);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
