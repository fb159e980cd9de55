/* Convolution: forward against the naive oracle, backward against finite differences of it, over a table of shapes. */
#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/kernel/conv.h"
#include "tests/support/grad.h"
#include "tests/support/kernel_ref.h"

/* c h w k kh kw stride pad_y pad_x dilation groups; n */
static const struct { uint32_t v[11]; size_t n; } shapes[] = {
    {{1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1}, 1},
    {{3, 5, 7, 4, 3, 3, 1, 1, 1, 1, 1}, 2},
    {{2, 5, 5, 3, 3, 3, 2, 1, 1, 1, 1}, 3},
    {{2, 7, 4, 3, 3, 3, 2, 0, 0, 1, 1}, 1},
    {{4, 6, 6, 4, 3, 3, 1, 1, 1, 1, 2}, 2},
    {{4, 5, 5, 4, 3, 3, 1, 1, 1, 1, 4}, 2},
    {{2, 2, 3, 3, 5, 5, 1, 2, 2, 1, 1}, 2}, /* kernel larger than the map */
    {{2, 1, 1, 2, 3, 3, 1, 1, 1, 1, 1}, 5}, /* 1x1 map in padding */
    {{2, 7, 7, 3, 3, 3, 1, 2, 2, 2, 1}, 2}, /* dilated */
    {{2, 7, 7, 2, 3, 3, 2, 2, 2, 2, 2}, 2},
    {{3, 4, 4, 8, 1, 1, 1, 0, 0, 1, 1}, 2}, /* the map is its own columns */
    {{3, 5, 5, 2, 1, 1, 2, 0, 0, 1, 1}, 2},
    {{2, 4, 4, 2, 1, 1, 1, 1, 1, 1, 1}, 2}, /* padded 1x1 */
    {{2, 3, 6, 2, 1, 3, 1, 0, 1, 1, 1}, 2}, /* one-dimensional kernel */
    {{2, 6, 3, 2, 3, 1, 1, 1, 0, 1, 1}, 2},
    {{1, 3, 3, 1, 2, 2, 3, 1, 1, 1, 1}, 2}, /* stride beyond the kernel: pixels that nothing reads */
    {{2, 3, 3, 2, 3, 3, 1, 3, 3, 1, 1}, 1}, /* windows wholly in the padding */
    {{7, 3, 3, 13, 3, 3, 1, 1, 1, 1, 1}, 18}, /* more samples than segments */
};

struct call {
    struct cnas_conv_shape s;
    size_t n;
};

static void forward(double *y, double *const *in, const void *shape)
{
    const struct call *c = shape;
    ref_conv2d(y, in[0], in[1], in[2], c->n, &c->s);
}

static struct call call_make(size_t i)
{
    const uint32_t *v = shapes[i].v;
    return (struct call){ref_shape(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10]), shapes[i].n};
}

static struct cnas_ctx *context(unsigned threads)
{
    struct cnas_ctx *ctx;
    ck_assert_int_eq(cnas_ctx_new(&ctx, threads), CNAS_OK);
    return ctx;
}

static float *floats(size_t n)
{
    float *p = malloc(n * sizeof *p);
    ck_assert_ptr_nonnull(p);
    return p;
}
static double *doubles(size_t n)
{
    double *p = malloc(n * sizeof *p);
    ck_assert_ptr_nonnull(p);
    return p;
}

START_TEST(matches_the_oracle)
{
    struct call c = call_make((size_t)_i);
    const struct cnas_conv_shape *s = &c.s;
    size_t nx = c.n * s->c * s->h * s->w, nw = (size_t)s->k * s->c / s->groups * s->kh * s->kw, nk = s->k;
    size_t ny = c.n * s->k * s->oh * s->ow;
    float *x = floats(nx), *w = floats(nw), *b = floats(nk), *y = floats(ny), *g = floats(ny);
    float *dx = floats(nx), *dw = floats(nw), *db = floats(nk);
    double *X = doubles(nx), *W = doubles(nw), *B = doubles(nk), *Y = doubles(ny), *G = doubles(ny), *D = doubles(nx + nw + nk);
    struct test_rng r = test_rng_make(11 + (uint64_t)_i);
    struct cnas_ctx *ctx = context(2);
    test_rng_fill(&r, x, X, nx);
    test_rng_fill(&r, w, W, nw);
    test_rng_fill(&r, b, B, nk);
    test_rng_fill(&r, g, G, ny);

    double *in[] = {X, W, B};
    forward(Y, in, &c);
    cnas_conv2d_forward(ctx, y, x, w, b, c.n, s);
    ck_assert_double_lt(test_distance(y, Y, ny), 2e-6);
    in[2] = NULL;
    forward(Y, in, &c);
    cnas_conv2d_forward(ctx, y, x, w, NULL, c.n, s);
    ck_assert_double_lt(test_distance(y, Y, ny), 2e-6);

    struct grad_function f = {forward, &c, ny};
    in[2] = B;
    cnas_conv2d_backward(ctx, dx, 0, dw, db, g, x, w, c.n, s);
    grad_by_difference(D, &f, G, in, 0, nx, 0.5); /* linear: any step is exact */
    ck_assert_double_lt(test_distance(dx, D, nx), 4e-6);
    float *alone = floats(nx);
    cnas_conv2d_backward(ctx, alone, 0, NULL, NULL, g, NULL, w, c.n, s);
    ck_assert_mem_eq(alone, dx, nx * sizeof *dx);
    for (size_t i = 0; i < nx; i++)
        D[i] += dx[i];
    cnas_conv2d_backward(ctx, dx, 1, dw, db, g, x, w, c.n, s);
    ck_assert_double_lt(test_distance(dx, D, nx), 4e-6);
    grad_by_difference(D, &f, G, in, 1, nw, 0.5);
    ck_assert_double_lt(test_distance(dw, D, nw), 4e-6);
    grad_by_difference(D, &f, G, in, 2, nk, 0.5);
    ck_assert_double_lt(test_distance(db, D, nk), 4e-6);

    float *again = floats(nw);
    cnas_conv2d_backward(ctx, NULL, 0, again, NULL, g, x, w, c.n, s);
    ck_assert_mem_eq(again, dw, nw * sizeof *dw);
    ck_assert_int_eq(cnas_ctx_status(ctx), CNAS_OK);
    cnas_ctx_free(&ctx);
    ck_assert_ptr_null(ctx);
    void *all[] = {x, w, b, y, g, dx, dw, db, X, W, B, Y, G, D, again, alone};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}
END_TEST

/* Shapes large enough for several samples in a product, several tiles of rows in a sample, and full vectors. */
static const struct { uint32_t v[11]; size_t n; } large[] = {
    {{6, 28, 28, 6, 3, 3, 1, 1, 1, 1, 1}, 21},  {{24, 14, 14, 24, 3, 3, 1, 1, 1, 1, 1}, 33},
    {{96, 7, 7, 96, 3, 3, 1, 1, 1, 1, 1}, 37},  {{3, 57, 61, 5, 5, 5, 2, 2, 2, 1, 1}, 3},
    {{16, 96, 96, 8, 3, 3, 1, 1, 1, 1, 1}, 2},  {{40, 7, 7, 33, 1, 1, 1, 0, 0, 1, 1}, 35},
    {{64, 4, 4, 64, 3, 3, 2, 1, 1, 1, 1}, 40},  {{20, 9, 9, 20, 3, 3, 1, 1, 1, 1, 20}, 17},
    {{9, 20, 20, 10, 3, 3, 1, 2, 2, 2, 1}, 5},
};

START_TEST(threads_do_not_matter)
{
    const uint32_t *v = large[_i].v;
    struct cnas_conv_shape s = ref_shape(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10]);
    size_t n = large[_i].n, nx = n * s.c * s.h * s.w, nw = (size_t)s.k * s.c / s.groups * s.kh * s.kw, nk = s.k;
    size_t ny = n * s.k * s.oh * s.ow, total = ny + nx + nw + nk;
    float *x = floats(nx), *w = floats(nw), *b = floats(nk), *g = floats(ny), *first = floats(total), *out = floats(total);
    double *X = doubles(nx), *W = doubles(nw), *B = doubles(nk), *Y = doubles(ny);
    struct test_rng r = test_rng_make(77);
    test_rng_fill(&r, x, X, nx);
    test_rng_fill(&r, w, W, nw);
    test_rng_fill(&r, b, B, nk);
    test_rng_fill(&r, g, NULL, ny);
    static const unsigned threads[] = {1, 2, 3, 7};
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        struct cnas_ctx *ctx = context(threads[t]);
        ck_assert_uint_eq(cnas_ctx_threads(ctx), threads[t]);
        cnas_conv2d_forward(ctx, out, x, w, b, n, &s);
        cnas_conv2d_backward(ctx, out + ny, 0, out + ny + nx, out + ny + nx + nw, g, x, w, n, &s);
        if (t == 0)
            memcpy(first, out, total * sizeof *out);
        ck_assert_mem_eq(out, first, total * sizeof *out);
        cnas_ctx_free(&ctx);
    }
    ref_conv2d(Y, X, W, B, n, &s);
    ck_assert_double_lt(test_distance(first, Y, ny), 3e-6);
    /* Two linear forms that must agree: <g, conv(x, w)> = <dx, x> = <dw, w>. */
    double gy = 0, dxx = 0, dww = 0, yy = 0, gg = 0;
    for (size_t i = 0; i < ny; i++) {
        gy += g[i] * (Y[i] - B[i / (s.oh * s.ow) % s.k]);
        yy += Y[i] * Y[i];
        gg += (double)g[i] * g[i];
    }
    for (size_t i = 0; i < nx; i++)
        dxx += first[ny + i] * X[i];
    for (size_t i = 0; i < nw; i++)
        dww += first[ny + nx + i] * W[i];
    ck_assert_double_eq_tol(dxx, gy, 1e-6 * sqrt(yy * gg));
    ck_assert_double_eq_tol(dww, gy, 1e-6 * sqrt(yy * gg));
    void *all[] = {x, w, b, g, first, out, X, W, B, Y};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}
END_TEST

static void as_doubles(double *out, const float *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = in[i];
}

/* Columns and each vector unit's direct loops, on every shape that both can do; the CPU may lack some units. */
START_TEST(both_ways_agree)
{
    size_t i = (size_t)_i, few = sizeof shapes / sizeof *shapes;
    const uint32_t *v = i < few ? shapes[i].v : large[i - few].v;
    size_t n = i < few ? shapes[i].n : large[i - few].n;
    struct cnas_conv_shape s = ref_shape(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10]);
    const struct cn_kernel_simd *units[] = {cn_kernel_simd_portable(), cn_kernel_simd_avx2(), cn_kernel_simd_avx512()};
    if (!cn_kernel_conv_direct_fits(&s))
        return;
    size_t nx = n * s.c * s.h * s.w, nw = (size_t)s.k * s.c * s.kh * s.kw, nk = s.k, ny = n * s.k * s.oh * s.ow, total = ny + nx + nw + nk;
    float *x = floats(nx), *w = floats(nw), *b = floats(nk), *g = floats(ny), *out = floats(total);
    double *want = doubles(total), *twice = doubles(nx);
    struct test_rng r = test_rng_make(99);
    struct cnas_ctx *ctx = context(2);
    test_rng_fill(&r, x, NULL, nx);
    test_rng_fill(&r, w, NULL, nw);
    test_rng_fill(&r, b, NULL, nk);
    test_rng_fill(&r, g, NULL, ny);
    cn_kernel_conv_gemm_forward(ctx, out, x, w, b, n, &s);
    cn_kernel_conv_gemm_backward(ctx, out + ny, 0, out + ny + nx, out + ny + nx + nw, g, x, w, n, &s);
    as_doubles(want, out, total);
    for (size_t j = 0; j < nx; j++)
        twice[j] = 2 * want[ny + j];
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        if (!units[u])
            continue;
        cn_kernel_conv_direct_forward(ctx, units[u], out, x, w, b, n, &s);
        cn_kernel_conv_direct_backward(ctx, units[u], out + ny, 0, out + ny + nx, out + ny + nx + nw, g, x, w, n, &s);
        ck_assert_msg(test_distance(out, want, ny) < 3e-6, "%s forward", units[u]->name);
        ck_assert_msg(test_distance(out + ny, want + ny, nx) < 5e-6, "%s dx", units[u]->name);
        ck_assert_msg(test_distance(out + ny + nx, want + ny + nx, nw) < 5e-6, "%s dw", units[u]->name);
        ck_assert_msg(test_distance(out + ny + nx + nw, want + ny + nx + nw, nk) < 5e-6, "%s dbias", units[u]->name);
        cn_kernel_conv_direct_backward(ctx, units[u], out + ny, 1, out + ny + nx, NULL, g, x, w, n, &s);
        ck_assert_msg(test_distance(out + ny, twice, nx) < 5e-6, "%s added dx", units[u]->name);
    }
    cnas_ctx_free(&ctx);
    void *all[] = {x, w, b, g, out, want, twice};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++)
        free(all[j]);
}
END_TEST

START_TEST(a_wrong_shape_aborts)
{
    struct cnas_conv_shape s = ref_shape(1, 4, 4, 1, 3, 3, 1, 1, 1, 1, 1);
    struct cnas_ctx *ctx = context(1);
    float x[16] = {0}, w[9] = {0}, y[25];
    s.oh = 5;
    cnas_conv2d_forward(ctx, y, x, w, NULL, 1, &s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel/conv");
    TCase *t = tcase_create("conv");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, matches_the_oracle, 0, sizeof shapes / sizeof *shapes);
    tcase_add_loop_test(t, threads_do_not_matter, 0, sizeof large / sizeof *large);
    tcase_add_loop_test(t, both_ways_agree, 0, sizeof shapes / sizeof *shapes + sizeof large / sizeof *large);
    tcase_add_test_raise_signal(t, a_wrong_shape_aborts, SIGABRT);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
