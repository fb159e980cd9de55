/* The inner loops of Winograd convolution, of each vector unit, against naive loops in double precision. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/engine/wino_simd.h"
#include "tests/support/wino_ref.h"

/* The loops of each vector unit that this CPU has: a block of input channels, a pair of blocks of output channels, one row of tiles that
 * leaves CN_ENGINE_WINO_TILES, no padding: y (4,72) from x (6,74). */
START_TEST(vector_units)
{
    const struct cn_engine_wino_simd *v = _i ? cn_engine_wino_avx512() : cn_engine_wino_avx2();
    if (!v)
        return;
    enum { TILES = 18, ROW = 4 * TILES, ROW_X = ROW + 2 };
    size_t lanes = v->lanes, some = CN_ENGINE_WINO_VECTORS * lanes, apart = some / CN_ENGINE_WINO_POINTS, k_all = 2 * lanes;
    struct cnas_conv_shape s = ref_shape((uint32_t)lanes, 6, ROW_X, (uint32_t)k_all, 3, 3, 1, 0, 0, 1, 1);
    size_t nx = lanes * 6 * ROW_X, ny = k_all * 4 * ROW, nw = k_all * lanes * 9;
    double *X = malloc(nx * 8), *W = malloc(nw * 8), *Y = malloc(ny * 8), *DY = malloc(ny * 8), *DX = malloc(nx * 8), *DW = malloc(nw * 8);
    double B[32];
    float *t = aligned(2 * some * 4), *d = aligned(4 * some * 4), *m = aligned(4 * some * 4), *u = aligned(36 * lanes * k_all * 4);
    float *x = aligned(nx * 4), *y = aligned(ny * 4), *g = aligned(9 * lanes * 4), *tmp = aligned(6 * ROW_X * lanes * 4);
    const float *row[6];
    struct test_rng r = test_rng_make(7);
    test_rng_fill(&r, NULL, X, nx), test_rng_fill(&r, NULL, W, nw), test_rng_fill(&r, NULL, DY, ny);
    ref_conv2d(Y, X, W, NULL, 1, &s);
    ref_back(DX, DW, B, DY, X, W, 1, &s);
    for (size_t i = 0; i < nx; i++)
        x[i % (6 * ROW_X) * lanes + i / (6 * ROW_X)] = (float)X[i];
    for (size_t i = 0; i < 6; i++)
        row[i] = x + i * ROW_X * lanes;
    memset(t, 0, 2 * some * 4);
    v->take(t, row, ROW_X, 0, 0, TILES, tmp);

    for (size_t pair = 1; pair <= 2; pair++) { /* one block after the other, then both together */
        for (size_t c = 0; c < lanes; c++)
            for (size_t k = 0; k < k_all; k += lanes) {
                for (size_t i = 0; i < 9 * lanes; i++)
                    g[i] = (float)W[((k + i % lanes) * lanes + c) * 9 + i / lanes];
                v->pack(pair == 2 ? u + c * k_all + k : u + k * 36 * lanes + c * lanes, pair * lanes * lanes, g);
            }
        memset(m, 0, 4 * some * 4);
        for (size_t b = 0; b < 2; b += pair)
            for (size_t i = 0; i < 36; i++) {
                const float *w = u + b * 36 * lanes * lanes + i * pair * lanes * lanes;
                v->multiply[pair](m + b * 2 * some + i * apart, 2 * some, t + i * apart, 0, w, 1, 16);
                v->multiply[pair](m + b * 2 * some + some + i * apart, 2 * some, t + some + i * apart, 0, w, 1, TILES - 16);
            }
        for (size_t b = 0; b < 2; b++)
            v->give(y + b * 4 * ROW * lanes, ROW * lanes, m + b * 2 * some, 0, TILES);
        for (size_t i = 0; i < ny; i++) {
            size_t k = i / (4 * ROW);
            ck_assert_double_le(fabs(y[(k / lanes * 4 * ROW + i % (4 * ROW)) * lanes + k % lanes] - Y[i]), 1e-4);
        }
    }

    for (size_t i = 0; i < ny; i++) {
        size_t k = i / (4 * ROW);
        y[(k / lanes * 4 * ROW + i % (4 * ROW)) * lanes + k % lanes] = (float)DY[i];
    }
    for (size_t b = 0; b < 2; b++) {
        for (size_t i = 0; i < 4; i++)
            row[i] = y + (b * 4 + i) * ROW * lanes;
        v->spread(d + b * 2 * some, row, ROW, 0, TILES, tmp);
    }
    for (size_t pair = 1; pair <= 2; pair++) {
        for (size_t b = 0; b < 2; b += pair)
            for (size_t i = 0; i < 36; i++) {
                float *to = u + b * 36 * lanes * lanes + i * pair * lanes * lanes;
                const float *from = d + b * 2 * some + i * apart;
                v->collect[pair](to, 0, t + i * apart, from, 2 * some, 16);
                v->collect[pair](to, 1, t + some + i * apart, from + some, 2 * some, TILES - 16);
            }
        for (size_t c = 0; c < lanes; c++)
            for (size_t k = 0; k < k_all; k += lanes) {
                v->finish(g, pair == 2 ? u + c * k_all + k : u + k * 36 * lanes + c * lanes, pair * lanes * lanes, 1, 0);
                for (size_t i = 0; i < 9 * lanes; i++)
                    ck_assert_double_le(fabs(g[i] - DW[((k + i % lanes) * lanes + c) * 9 + i / lanes]), 1e-4);
            }
    }
    void *all[] = {X, W, Y, DY, DX, DW, t, d, m, u, x, y, g, tmp};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++)
        free(all[j]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/wino_simd");
    TCase *t = tcase_create("loops");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, vector_units, 0, 2);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
