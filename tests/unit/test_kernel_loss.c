/* Softmax and cross entropy: against the oracle and finite differences, and where the numbers are extreme. */
#include <check.h>
#include <math.h>
#include <signal.h>

#include "tests/support/layer.h"

static struct tensor x;

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

/* The loss of a mixed sample is the mean of the two labels' losses by their shares, and so is its gradient. */
START_TEST(mixed)
{
    enum { N = 67, C = 7 };
    static float dz[3][N * C], shares[N];
    uint32_t labels[2][N];
    double losses[2][N], expected = 0;
    size_t correct, right = 0;
    fill(&x, N * C);
    for (size_t i = 0; i < N; i++) {
        size_t best = 0;
        labels[0][i] = (uint32_t)(test_rng_u64(&rng) % C);
        labels[1][i] = (uint32_t)(test_rng_u64(&rng) % C);
        shares[i] = (float)(test_rng_u64(&rng) % 5) / 4;
        for (size_t c = 1; c < C; c++)
            if (x.f[i * C + c] > x.f[i * C + best])
                best = c;
        right += best == labels[shares[i] > 0.5f][i];
        for (int k = 0; k < 2; k++) {
            losses[k][i] = cnas_softmax_cross_entropy(ctx, dz[k] + i * C, NULL, x.f + i * C, &labels[k][i], 1, C, 0.1f);
            expected += (double)(k ? shares[i] : 1 - shares[i]) * losses[k][i] / N;
        }
    }
    ck_assert_double_eq_tol(cnas_mixed_cross_entropy(ctx, dz[2], &correct, x.f, labels[0], labels[1], shares, N, C, 0.1f), expected, 1e-12);
    ck_assert_uint_eq(correct, right);
    for (size_t i = 0; i < N * C; i++)
        ck_assert_float_eq_tol(dz[2][i], ((1 - shares[i / C]) * dz[0][i] + shares[i / C] * dz[1][i]) / N, 1e-8f);
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

int main(void)
{
    Suite *suite = suite_create("kernel/loss");
    TCase *t = tcase_create("loss");
    tcase_add_checked_fixture(t, layer_setup, layer_teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, softmax);
    tcase_add_test(t, mixed);
    tcase_add_loop_test(t, cross_entropy, 0, 3);
    tcase_add_test(t, cross_entropy_of_huge_logits);
    tcase_add_test_raise_signal(t, a_wrong_label_aborts, SIGABRT);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
