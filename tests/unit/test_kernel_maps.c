/* Kernels that pool the elements of a map or move them: forward against the oracle, backward against finite differences. */
#include <check.h>
#include <math.h>

#include "tests/support/layer.h"

static struct tensor x, y, g;

/* ---- pooling ---- */
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

/* ---- elements that move ---- */
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

int main(void)
{
    Suite *suite = suite_create("kernel/maps");
    TCase *t = tcase_create("maps");
    tcase_add_checked_fixture(t, layer_setup, layer_teardown);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, avg_pool, 0, 6);
    tcase_add_test(t, global_avg_pool);
    tcase_add_loop_test(t, max_pool, 0, 4);
    tcase_add_test(t, max_pool_ties);
    tcase_add_loop_test(t, upsample, 0, 3);
    tcase_add_loop_test(t, slice, 0, 6);
    tcase_add_loop_test(t, subsample, 0, 5);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
