/* Kernels with parameters, of single elements, and of several inputs: forward against the oracle, backward against finite
 * differences. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "tests/support/layer.h"

static struct tensor x, w, b, y, g;

/* ---- linear ---- */
struct dense {
    size_t n, in, out;
};
static void linear_forward(double *out, double *const *in, const void *shape)
{
    const struct dense *s = shape;
    ref_linear(out, in[0], in[1], in[2], s->n, s->in, s->out);
}
START_TEST(linear)
{
    static const struct dense sizes[] = {{1, 1, 1}, {3, 7, 5}, {40, 3, 2}, {2, 3, 70}};
    const struct dense *s = &sizes[_i];
    struct grad_function f = {linear_forward, s, s->n * s->out};
    double *in[] = {x.d, w.d, b.d};
    fill(&x, s->n * s->in);
    fill(&w, s->in * s->out);
    fill(&b, s->out);
    fill(&y, s->n * s->out);
    fill(&g, s->n * s->out);
    linear_forward(y.d, in, s);
    cnas_linear_forward(ctx, y.f, x.f, w.f, b.f, s->n, s->in, s->out);
    ck_assert_double_lt(test_distance(y.f, y.d, y.n), 1e-6);
    cnas_linear_backward(ctx, x.df, 0, w.df, b.df, g.f, x.f, w.f, s->n, s->in, s->out);
    check_gradient(&x, &f, g.d, in, 0, 1e-5);
    check_gradient(&w, &f, g.d, in, 1, 1e-5);
    check_gradient(&b, &f, g.d, in, 2, 1e-5);
    cnas_linear_backward(ctx, x.df, 1, w.df, NULL, g.f, x.f, w.f, s->n, s->in, s->out);
    check_twice(&x);
    in[2] = NULL;
    linear_forward(y.d, in, s);
    cnas_linear_forward(ctx, y.f, x.f, w.f, NULL, s->n, s->in, s->out);
    ck_assert_double_lt(test_distance(y.f, y.d, y.n), 1e-6);
}
END_TEST

/* ---- batch norm ---- */
struct norm {
    size_t n, c, hw;
};
static const double epsilon = 1e-3;
static void norm_forward(double *out, double *const *in, const void *shape)
{
    const struct norm *s = shape;
    ref_batch_norm(out, NULL, NULL, in[0], in[1], in[2], s->n, s->c, s->hw, epsilon);
}
START_TEST(batch_norm)
{
    static const struct norm sizes[] = {{4, 3, 9}, {2, 1, 49}, {1, 2, 5}, {7, 5, 1}, {3, 2, 64}};
    const struct norm *s = &sizes[_i];
    struct grad_function f = {norm_forward, s, s->n * s->c * s->hw};
    double *in[] = {x.d, w.d, b.d}, mean[8], var[8], m = (double)(s->n * s->hw);
    float save_mean[8], save_invstd[8], running_mean[8], running_var[8];
    fill(&x, f.outputs);
    fill(&w, s->c);
    fill(&b, s->c);
    fill(&y, f.outputs);
    fill(&g, f.outputs);
    for (size_t k = 0; k < s->c; k++) {
        running_mean[k] = 0.5f;
        running_var[k] = 2;
    }
    ref_batch_norm(y.d, mean, var, x.d, w.d, b.d, s->n, s->c, s->hw, epsilon);
    cnas_batch_norm_train(ctx, y.f, save_mean, save_invstd, running_mean, running_var, x.f, w.f, b.f, s->n, s->c, s->hw,
                          (float)epsilon, 0.9f);
    ck_assert_double_lt(test_distance(y.f, y.d, y.n), 1e-5);
    ck_assert_double_lt(test_distance(save_mean, mean, s->c), 1e-5);
    for (size_t k = 0; k < s->c; k++) {
        ck_assert_double_eq_tol(save_invstd[k], 1 / sqrt(var[k] + epsilon), 1e-4 * save_invstd[k]);
        ck_assert_double_eq_tol(running_mean[k], 0.9 * 0.5 + 0.1 * mean[k], 1e-6);
        ck_assert_double_eq_tol(running_var[k], 0.9 * 2 + 0.1 * var[k] * m / (m - 1), 1e-5);
    }
    cnas_batch_norm_backward(ctx, x.df, 0, w.df, b.df, g.f, x.f, w.f, save_mean, save_invstd, s->n, s->c, s->hw);
    check_gradient(&x, &f, g.d, in, 0, 1e-4);
    check_gradient(&w, &f, g.d, in, 1, 1e-5);
    check_gradient(&b, &f, g.d, in, 2, 1e-5);
    cnas_batch_norm_backward(ctx, x.df, 1, w.df, b.df, g.f, x.f, w.f, save_mean, save_invstd, s->n, s->c, s->hw);
    for (size_t i = 0; i < x.n; i++)
        x.dd[i] *= 2;
    ck_assert_double_lt(test_distance(x.df, x.dd, x.n), 1e-4);
    cnas_batch_norm_backward(ctx, NULL, 0, w.df, b.df, g.f, x.f, w.f, save_mean, save_invstd, s->n, s->c, s->hw);
    check_gradient(&w, &f, g.d, in, 1, 1e-5);

    cnas_batch_norm_infer(ctx, y.f, x.f, w.f, b.f, running_mean, running_var, s->n, s->c, s->hw, (float)epsilon);
    for (size_t i = 0; i < y.n; i++) {
        size_t k = i / s->hw % s->c;
        y.d[i] = (x.d[i] - running_mean[k]) / sqrt(running_var[k] + epsilon) * w.d[k] + b.d[k];
    }
    ck_assert_double_lt(test_distance(y.f, y.d, y.n), 1e-5);
}
END_TEST

/* A channel with a large mean and a small spread: one-pass variance would be lost. */
START_TEST(batch_norm_far_from_zero)
{
    float gamma = 1, beta = 0, mean, invstd, running_mean = 0, running_var = 1;
    double var;
    fill(&x, 400);
    for (size_t i = 0; i < x.n; i++)
        x.d[i] = x.f[i] = 1000 + 0.01f * x.f[i];
    double one = 1, zero = 0;
    ref_batch_norm(y.d, NULL, &var, x.d, &one, &zero, 4, 1, 100, 1e-6);
    cnas_batch_norm_train(ctx, y.f, &mean, &invstd, &running_mean, &running_var, x.f, &gamma, &beta, 4, 1, 100, 1e-6f, 0.5f);
    ck_assert_double_eq_tol(invstd, 1 / sqrt(var + 1e-6), 1e-2 * invstd);
}
END_TEST

/* ---- elementwise ---- */
START_TEST(relu)
{
    fill(&x, 300);
    fill(&g, 300);
    x.f[7] = 0;
    cnas_relu_forward(ctx, y.f, x.f, x.n);
    cnas_relu_backward(ctx, x.df, 0, g.f, y.f, x.n);
    for (size_t i = 0; i < x.n; i++) {
        ck_assert(y.f[i] == (x.f[i] > 0 ? x.f[i] : 0));
        ck_assert(x.df[i] == (x.f[i] > 0 ? g.f[i] : 0));
    }
    cnas_relu_backward(ctx, x.df, 1, g.f, y.f, x.n);
    for (size_t i = 0; i < x.n; i++)
        ck_assert(x.df[i] == (x.f[i] > 0 ? 2 * g.f[i] : 0));
    x.f[3] = NAN;
    cnas_relu_forward(ctx, y.f, x.f, x.n);
    ck_assert_float_nan(y.f[3]);
    cnas_relu_backward(ctx, NULL, 0, g.f, y.f, x.n);
}
END_TEST

/* Squares, and polynomials with coefficients of their own for each channel. */
struct poly {
    size_t n, c, hw;
};
static void square_forward(double *out, double *const *in, const void *shape)
{
    for (size_t i = 0; i < *(const size_t *)shape; i++)
        out[i] = in[0][i] * in[0][i];
}
static void poly2_forward(double *out, double *const *in, const void *shape)
{
    const struct poly *s = shape;
    for (size_t i = 0; i < s->n * s->c * s->hw; i++) {
        const double *at = in[1] + i / s->hw % s->c, v = in[0][i];
        out[i] = at[0] * v * v + at[s->c] * v + at[2 * s->c];
    }
}
START_TEST(square)
{
    const size_t n = 300;
    struct grad_function f = {square_forward, &n, n};
    double *in[] = {x.d};
    fill(&x, n);
    fill(&g, n);
    fill(&y, n);
    square_forward(y.d, in, &n);
    cnas_square_forward(ctx, y.f, x.f, n);
    ck_assert_double_lt(test_distance(y.f, y.d, n), 1e-6);
    cnas_square_backward(ctx, x.df, 0, g.f, x.f, n);
    check_gradient(&x, &f, g.d, in, 0, 1e-5);
    cnas_square_backward(ctx, x.df, 1, g.f, x.f, n);
    check_twice(&x);
}
END_TEST

START_TEST(poly2)
{
    static const struct poly sizes[] = {{1, 1, 1}, {3, 4, 7}, {2, 5, 1}};
    const struct poly *s = &sizes[_i];
    struct grad_function f = {poly2_forward, s, s->n * s->c * s->hw};
    double *in[] = {x.d, w.d};
    fill(&x, f.outputs);
    fill(&w, 3 * s->c);
    fill(&y, f.outputs);
    fill(&g, f.outputs);
    poly2_forward(y.d, in, s);
    cnas_poly2_forward(ctx, y.f, x.f, w.f, s->n, s->c, s->hw);
    ck_assert_double_lt(test_distance(y.f, y.d, y.n), 1e-5);
    cnas_poly2_backward(ctx, x.df, 0, w.df, g.f, x.f, w.f, s->n, s->c, s->hw);
    check_gradient(&x, &f, g.d, in, 0, 1e-5);
    check_gradient(&w, &f, g.d, in, 1, 1e-5);
    grad_by_difference(x.dd, &f, g.d, in, 0, x.n, 1e-4);
    cnas_poly2_backward(ctx, x.df, 1, w.df, g.f, x.f, w.f, s->n, s->c, s->hw);
    check_twice(&x);
    cnas_poly2_backward(ctx, NULL, 0, w.df, g.f, x.f, w.f, s->n, s->c, s->hw);
    ck_assert_double_lt(test_distance(w.df, w.dd, w.n), 1e-5);
}
END_TEST

START_TEST(add_and_concat)
{
    enum { N = 3, HW = 7 };
    const float *parts[] = {x.f, w.f, b.f};
    const size_t c[] = {2, 1, 4};
    fill(&x, N * 2 * HW);
    fill(&w, N * 1 * HW);
    fill(&b, N * 4 * HW);
    fill(&g, N * 7 * HW);
    cnas_concat_forward(ctx, y.f, parts, c, 3, N, HW);
    cnas_concat_backward(ctx, x.df, 0, g.f, 0, 2, 7, N, HW);
    cnas_concat_backward(ctx, b.df, 0, g.f, 3, 4, 7, N, HW);
    cnas_concat_backward(ctx, b.df, 1, g.f, 3, 4, 7, N, HW);
    for (size_t n = 0; n < N; n++)
        for (size_t k = 0; k < 7; k++)
            for (size_t p = 0; p < HW; p++) {
                size_t i = (n * 7 + k) * HW + p;
                ck_assert(y.f[i] == (k < 2   ? x.f[(n * 2 + k) * HW + p]
                                     : k < 3 ? w.f[n * HW + p]
                                             : b.f[(n * 4 + k - 3) * HW + p]));
                if (k < 2)
                    ck_assert(x.df[(n * 2 + k) * HW + p] == g.f[i]);
                if (k >= 3)
                    ck_assert(b.df[(n * 4 + k - 3) * HW + p] == 2 * g.f[i]);
            }

    fill(&x, 50);
    fill(&w, 50);
    fill(&b, 50);
    cnas_add_forward(ctx, y.f, parts, 3, 50);
    cnas_add_backward(ctx, x.df, 0, g.f, 50);
    cnas_add_backward(ctx, x.df, 1, g.f, 50);
    for (size_t i = 0; i < 50; i++) {
        ck_assert(y.f[i] == x.f[i] + w.f[i] + b.f[i]);
        ck_assert(x.df[i] == 2 * g.f[i]);
    }
    cnas_add_forward(ctx, y.f, parts, 1, 50);
    ck_assert_mem_eq(y.f, x.f, 50 * sizeof(float));
}
END_TEST

START_TEST(dropout)
{
    enum { SIZE = 40000 };
    static float in[SIZE], out[SIZE], other[SIZE], back[SIZE];
    size_t kept = 0, differ = 0;
    for (size_t i = 0; i < SIZE; i++)
        in[i] = 1 + (float)i;
    cnas_dropout_train(ctx, out, in, SIZE, 0.25f, 9, 4);
    cnas_dropout_backward(ctx, back, 0, in, SIZE, 0.25f, 9, 4);
    ck_assert_mem_eq(out, back, sizeof out);
    for (size_t i = 0; i < SIZE; i++) {
        ck_assert(out[i] == 0 || out[i] == in[i] * (1 / 0.75f));
        kept += out[i] != 0;
    }
    ck_assert_uint_gt(kept, SIZE * 0.74); /* standard deviation: 0.002 */
    ck_assert_uint_lt(kept, SIZE * 0.76);
    cnas_dropout_train(ctx, other, in, SIZE, 0.25f, 9, 5);
    for (size_t i = 0; i < SIZE; i++)
        differ += (out[i] == 0) != (other[i] == 0);
    ck_assert_uint_gt(differ, SIZE * 0.36); /* 2 * 0.25 * 0.75 */
    cnas_dropout_train(ctx, other, in, SIZE, 0, 9, 5);
    ck_assert_mem_eq(other, in, sizeof in);
    cnas_dropout_backward(ctx, back, 1, in, SIZE, 0.25f, 9, 4);
    for (size_t i = 0; i < SIZE; i++)
        ck_assert(back[i] == 2 * out[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel/layers");
    TCase *t = tcase_create("layers");
    tcase_add_checked_fixture(t, layer_setup, layer_teardown);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, linear, 0, 4);
    tcase_add_loop_test(t, batch_norm, 0, 5);
    tcase_add_test(t, batch_norm_far_from_zero);
    tcase_add_test(t, relu);
    tcase_add_test(t, square);
    tcase_add_loop_test(t, poly2, 0, 3);
    tcase_add_test(t, add_and_concat);
    tcase_add_test(t, dropout);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
