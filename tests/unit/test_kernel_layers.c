/* Every other kernel: forward against the oracle, backward against finite differences, any number of threads. */
#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/grad.h"
#include "tests/support/kernel_ref.h"

enum { MOST = 512 }; /* elements of any tensor that is differentiated here */

static struct cnas_ctx *ctx;
static struct test_rng rng;

static void setup(void)
{
    rng = test_rng_make(5);
    ck_assert_int_eq(cnas_ctx_new(&ctx, 3), CNAS_OK);
}
static void teardown(void)
{
    ck_assert_int_eq(cnas_ctx_status(ctx), CNAS_OK);
    cnas_ctx_free(&ctx);
}

/* A tensor in both precisions and its gradient. */
struct tensor {
    float f[MOST], df[MOST];
    double d[MOST], dd[MOST];
    size_t n;
};
static void fill(struct tensor *t, size_t n)
{
    ck_assert_uint_le(n, MOST);
    t->n = n;
    test_rng_fill(&rng, t->f, t->d, n);
    test_rng_fill(&rng, t->df, NULL, n);
}

/* df must be d(sum g y)/d in[which]; twice as much after a second backward call that adds. */
static void check_gradient(struct tensor *t, const struct grad_function *f, const double *g, double *const *in, size_t which,
                           double tolerance)
{
    grad_by_difference(t->dd, f, g, in, which, t->n, 1e-4);
    ck_assert_double_lt(test_distance(t->df, t->dd, t->n), tolerance);
}
static void check_twice(struct tensor *t)
{
    for (size_t i = 0; i < t->n; i++)
        t->dd[i] *= 2;
    ck_assert_double_lt(test_distance(t->df, t->dd, t->n), 1e-5);
}

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

/* ---- pooling, subsampling ---- */
struct pool {
    struct cnas_conv_shape s;
    size_t n;
};
static void pool_forward(double *out, double *const *in, const void *shape)
{
    const struct pool *p = shape;
    ref_avg_pool(out, in[0], p->n, &p->s);
}
START_TEST(avg_pool)
{
    /* c h w kernel_h kernel_w stride pad_y pad_x */
    static const uint32_t sizes[][8] = {{1, 1, 1, 1, 1, 1, 0, 0}, {2, 4, 4, 2, 2, 2, 0, 0}, {3, 5, 7, 3, 3, 2, 1, 1},
                                        {2, 5, 4, 3, 2, 1, 1, 0}, {1, 2, 2, 5, 5, 1, 2, 2}, {1, 3, 3, 2, 2, 3, 2, 2}};
    const uint32_t *v = sizes[_i];
    struct pool p = {ref_shape(v[0], v[1], v[2], v[0], v[3], v[4], v[5], v[6], v[7], 1, 1), 2};
    struct grad_function f = {pool_forward, &p, p.n * p.s.c * p.s.oh * p.s.ow};
    double *in[] = {x.d};
    fill(&x, p.n * p.s.c * p.s.h * p.s.w);
    fill(&y, f.outputs);
    fill(&g, f.outputs);
    pool_forward(y.d, in, &p);
    cnas_avg_pool_forward(ctx, y.f, x.f, p.n, &p.s);
    ck_assert_double_lt(test_distance(y.f, y.d, y.n), 1e-6);
    cnas_avg_pool_backward(ctx, x.df, 0, g.f, p.n, &p.s);
    check_gradient(&x, &f, g.d, in, 0, 1e-5);
    cnas_avg_pool_backward(ctx, x.df, 1, g.f, p.n, &p.s);
    check_twice(&x);
}
END_TEST

START_TEST(global_avg_pool)
{
    /* The same as a pooling window of the whole map. */
    struct pool p = {ref_shape(5, 7, 3, 5, 7, 3, 1, 0, 0, 1, 1), 3};
    struct grad_function f = {pool_forward, &p, p.n * p.s.c};
    double *in[] = {x.d};
    fill(&x, p.n * p.s.c * 21);
    fill(&y, f.outputs);
    fill(&g, f.outputs);
    pool_forward(y.d, in, &p);
    cnas_global_avg_pool_forward(ctx, y.f, x.f, p.n, p.s.c, 21);
    ck_assert_double_lt(test_distance(y.f, y.d, y.n), 1e-6);
    cnas_global_avg_pool_backward(ctx, x.df, 0, g.f, p.n, p.s.c, 21);
    check_gradient(&x, &f, g.d, in, 0, 1e-5);
    cnas_global_avg_pool_backward(ctx, x.df, 1, g.f, p.n, p.s.c, 21);
    check_twice(&x);
}
END_TEST

static void max_forward(double *out, double *const *in, const void *shape)
{
    const struct pool *p = shape;
    ref_max_pool(out, in[0], p->n, &p->s);
}
START_TEST(max_pool)
{
    struct pool p = {ref_shape(3, 6, 5, 3, 2, 2, 2, 0, 0, 1, 1), 2};
    if (_i == 1)
        p = (struct pool){ref_shape(2, 7, 7, 2, 3, 3, 2, 1, 1, 1, 1), 1};
    else if (_i == 2)
        p = (struct pool){ref_shape(1, 5, 4, 1, 3, 2, 1, 2, 0, 1, 1), 2};
    else if (_i == 3)
        p = (struct pool){ref_shape(2, 3, 4, 2, 3, 4, 1, 0, 0, 1, 1), 2};
    struct grad_function f = {max_forward, &p, p.n * p.s.c * p.s.oh * p.s.ow};
    double *in[] = {x.d};
    fill(&x, p.n * p.s.c * p.s.h * p.s.w);
    fill(&y, f.outputs);
    fill(&g, f.outputs);
    max_forward(y.d, in, &p);
    cnas_max_pool_forward(ctx, y.f, x.f, p.n, &p.s);
    ck_assert_double_lt(test_distance(y.f, y.d, y.n), 1e-12);
    cnas_max_pool_backward(ctx, x.df, 0, g.f, x.f, p.n, &p.s);
    check_gradient(&x, &f, g.d, in, 0, 1e-5);
    cnas_max_pool_backward(ctx, x.df, 1, g.f, x.f, p.n, &p.s);
    check_twice(&x);
    cnas_max_pool_backward(ctx, NULL, 0, g.f, x.f, p.n, &p.s);
}
END_TEST

/* Of equal elements the first gets the gradient; a NaN is not lost. */
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

static void upsample_forward(double *out, double *const *in, const void *shape)
{
    const size_t *s = shape; /* maps, h, w, factor */
    for (size_t m = 0; m < s[0]; m++)
        for (size_t i = 0; i < s[1] * s[3]; i++)
            for (size_t j = 0; j < s[2] * s[3]; j++)
                *out++ = in[0][(m * s[1] + i / s[3]) * s[2] + j / s[3]];
}
START_TEST(upsample)
{
    static const size_t sizes[][4] = {{6, 3, 4, 2}, {6, 1, 5, 3}, {6, 5, 4, 1}};
    const size_t *s = sizes[_i];
    struct grad_function f = {upsample_forward, s, s[0] * s[1] * s[2] * s[3] * s[3]};
    double *in[] = {x.d};
    fill(&x, s[0] * s[1] * s[2]);
    fill(&y, f.outputs);
    fill(&g, f.outputs);
    upsample_forward(y.d, in, s);
    cnas_upsample_forward(ctx, y.f, x.f, 2, 3, s[1], s[2], s[3]);
    ck_assert_double_lt(test_distance(y.f, y.d, y.n), 1e-12);
    cnas_upsample_backward(ctx, x.df, 0, g.f, 2, 3, s[1], s[2], s[3]);
    check_gradient(&x, &f, g.d, in, 0, 1e-5);
    cnas_upsample_backward(ctx, x.df, 1, g.f, 2, 3, s[1], s[2], s[3]);
    check_twice(&x);
}
END_TEST

/* Large logits neither overflow nor lose the sum of one. */
START_TEST(softmax)
{
    float z[2 * 3] = {1, 2, 3, 1e4f, -1e4f, 1e4f};
    const double sum = exp(-2) + exp(-1) + 1;
    cnas_softmax(ctx, z, 2, 3);
    ck_assert_float_eq_tol(z[0], (float)(exp(-2) / sum), 1e-6f);
    ck_assert_float_eq_tol(z[1], (float)(exp(-1) / sum), 1e-6f);
    ck_assert_float_eq_tol(z[2], (float)(1 / sum), 1e-6f);
    ck_assert(z[3] == 0.5f && z[4] == 0 && z[5] == 0.5f);
}
END_TEST

START_TEST(max_pool_ties)
{
    const struct cnas_conv_shape s = ref_shape(1, 2, 4, 1, 2, 2, 2, 0, 0, 1, 1);
    static const float in[8] = {1, 3, NAN, 9, 3, 2, 9, NAN}, dy[2] = {5, 7};
    float out[2], dx[8];
    cnas_max_pool_forward(ctx, out, in, 1, &s);
    ck_assert(out[0] == 3 && isnan(out[1]));
    cnas_max_pool_backward(ctx, dx, 0, dy, in, 1, &s);
    for (int i = 0; i < 8; i++)
        ck_assert(dx[i] == (i == 1 ? 5 : i == 2 ? 7 : 0));
}
END_TEST

static void slice_forward(double *out, double *const *in, const void *shape)
{
    ref_slice(out, in[0], 2, shape);
}
START_TEST(slice)
{
    static const struct cnas_slice_shape sizes[] = {{5, 4, 3, 2, 4, 3, 1, 0, 0},   {5, 4, 3, 5, 2, 2, 0, 1, 1}, {2, 4, 3, 2, 7, 8, 0, -1, -3},
                                                    {2, 4, 3, 1, 3, 5, 1, 2, -1}, {9, 1, 1, 4, 1, 1, 5, 0, 0}, {2, 3, 3, 2, 2, 2, 0, 5, -4}};
    const struct cnas_slice_shape *s = &sizes[_i];
    struct grad_function f = {slice_forward, s, 2 * (size_t)s->oc * s->oh * s->ow};
    double *in[] = {x.d};
    fill(&x, 2 * (size_t)s->c * s->h * s->w);
    fill(&y, f.outputs);
    fill(&g, f.outputs);
    slice_forward(y.d, in, s);
    cnas_slice_forward(ctx, y.f, x.f, 2, s);
    ck_assert_double_lt(test_distance(y.f, y.d, y.n), 1e-12);
    cnas_slice_backward(ctx, x.df, 0, g.f, 2, s);
    check_gradient(&x, &f, g.d, in, 0, 1e-5);
    cnas_slice_backward(ctx, x.df, 1, g.f, 2, s);
    check_twice(&x);
}
END_TEST

struct sub {
    size_t n, c, h, w, oh, ow, stride, offset_y, offset_x;
};
static void sub_forward(double *out, double *const *in, const void *shape)
{
    const struct sub *s = shape;
    ref_subsample(out, in[0], s->n, s->c, s->h, s->w, s->oh, s->ow, s->stride, s->offset_y, s->offset_x);
}
START_TEST(subsample)
{
    static const struct sub sizes[] = {{1, 1, 1, 1, 1, 1, 1, 0, 0}, {2, 3, 6, 6, 3, 3, 2, 0, 0}, {2, 3, 6, 6, 3, 3, 2, 1, 1},
                                       {1, 2, 7, 5, 4, 2, 2, 0, 1}, {2, 2, 5, 9, 1, 2, 4, 3, 2}};
    const struct sub *s = &sizes[_i];
    struct grad_function f = {sub_forward, s, s->n * s->c * s->oh * s->ow};
    double *in[] = {x.d};
    fill(&x, s->n * s->c * s->h * s->w);
    fill(&y, f.outputs);
    fill(&g, f.outputs);
    sub_forward(y.d, in, s);
    cnas_subsample_forward(ctx, y.f, x.f, s->n, s->c, s->h, s->w, s->oh, s->ow, s->stride, s->offset_y, s->offset_x);
    ck_assert_double_lt(test_distance(y.f, y.d, y.n), 1e-12);
    cnas_subsample_backward(ctx, x.df, 0, g.f, s->n, s->c, s->h, s->w, s->oh, s->ow, s->stride, s->offset_y, s->offset_x);
    check_gradient(&x, &f, g.d, in, 0, 1e-5);
    cnas_subsample_backward(ctx, x.df, 1, g.f, s->n, s->c, s->h, s->w, s->oh, s->ow, s->stride, s->offset_y, s->offset_x);
    check_twice(&x);
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

/* ---- loss ---- */
struct loss {
    size_t n, classes;
    uint32_t labels[130];
};
static void loss_forward(double *out, double *const *in, const void *shape)
{
    const struct loss *s = shape;
    *out = ref_cross_entropy(in[0], s->labels, s->n, s->classes);
}
START_TEST(cross_entropy)
{
    static struct loss s;
    static const size_t sizes[][2] = {{1, 1}, {5, 10}, {130, 3}};
    s.n = sizes[_i][0];
    s.classes = sizes[_i][1];
    struct grad_function f = {loss_forward, &s, 1};
    double *in[] = {x.d}, one = 1;
    size_t correct, want = 0;
    fill(&x, s.n * s.classes);
    for (size_t i = 0; i < s.n; i++) {
        size_t best = 0;
        s.labels[i] = (uint32_t)(test_rng_u64(&rng) % s.classes);
        for (size_t c = 1; c < s.classes; c++)
            if (x.f[i * s.classes + c] > x.f[i * s.classes + best])
                best = c;
        want += best == s.labels[i];
    }
    double loss = cnas_softmax_cross_entropy(ctx, x.df, &correct, x.f, s.labels, s.n, s.classes, 0);
    ck_assert_double_eq_tol(loss, ref_cross_entropy(x.d, s.labels, s.n, s.classes), 1e-12);
    ck_assert_uint_eq(correct, want);
    check_gradient(&x, &f, &one, in, 0, 1e-5);
    ck_assert_double_eq(cnas_softmax_cross_entropy(ctx, NULL, NULL, x.f, s.labels, s.n, s.classes, 0), loss);
}
END_TEST

START_TEST(cross_entropy_of_huge_logits)
{
    const float z[] = {3e38f, -3e38f, 0, 5, 5, 1};
    const uint32_t labels[] = {1, 1};
    float dz[6];
    size_t correct;
    double loss = cnas_softmax_cross_entropy(ctx, dz, &correct, z, labels, 2, 3, 0);
    ck_assert_double_eq_tol(loss, 3e38, 1e32);
    ck_assert_uint_eq(correct, 0); /* on a tie the first logit wins */
    ck_assert(dz[0] == 0.5f && dz[1] == -0.5f && dz[2] == 0);
}
END_TEST

START_TEST(a_wrong_label_aborts)
{
    const float z[] = {0, 1};
    const uint32_t label = 2;
    cnas_softmax_cross_entropy(ctx, NULL, NULL, z, &label, 1, 2, 0);
}
END_TEST

/* ---- threads ---- */
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
    Suite *suite = suite_create("kernel/layers");
    TCase *t = tcase_create("layers");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, linear, 0, 4);
    tcase_add_loop_test(t, batch_norm, 0, 5);
    tcase_add_test(t, batch_norm_far_from_zero);
    tcase_add_loop_test(t, avg_pool, 0, 6);
    tcase_add_test(t, global_avg_pool);
    tcase_add_loop_test(t, max_pool, 0, 4);
    tcase_add_test(t, square);
    tcase_add_loop_test(t, poly2, 0, 3);
    tcase_add_loop_test(t, upsample, 0, 3);
    tcase_add_test(t, softmax);
    tcase_add_test(t, max_pool_ties);
    tcase_add_loop_test(t, slice, 0, 6);
    tcase_add_loop_test(t, subsample, 0, 5);
    tcase_add_test(t, relu);
    tcase_add_test(t, add_and_concat);
    tcase_add_test(t, dropout);
    tcase_add_loop_test(t, cross_entropy, 0, 3);
    tcase_add_test(t, cross_entropy_of_huge_logits);
    tcase_add_test_raise_signal(t, a_wrong_label_aborts, SIGABRT);
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
