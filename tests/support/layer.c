#include "tests/support/layer.h"

#include <check.h>

struct cnas_ctx *ctx;
struct test_rng rng;

void layer_setup(void)
{
    rng = test_rng_make(5);
    ck_assert_int_eq(cnas_ctx_new(&ctx, 3), CNAS_OK);
}

void layer_teardown(void)
{
    ck_assert_int_eq(cnas_ctx_status(ctx), CNAS_OK);
    cnas_ctx_free(&ctx);
}

void fill(struct tensor *t, size_t n)
{
    ck_assert_uint_le(n, TENSOR_MOST);
    t->n = n;
    test_rng_fill(&rng, t->f, t->d, n);
    test_rng_fill(&rng, t->df, NULL, n);
}

void check_gradient(struct tensor *t, const struct grad_function *f, const double *g, double *const *in, size_t which, double tolerance)
{
    grad_by_difference(t->dd, f, g, in, which, t->n, 1e-4);
    ck_assert_double_lt(test_distance(t->df, t->dd, t->n), tolerance);
}

void check_twice(struct tensor *t)
{
    for (size_t i = 0; i < t->n; i++)
        t->dd[i] *= 2;
    ck_assert_double_lt(test_distance(t->df, t->dd, t->n), 1e-5);
}
