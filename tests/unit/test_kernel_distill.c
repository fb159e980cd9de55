/* Distillation: against PyTorch, finite differences, its formula written in another way, and where weight, temperature and numbers are
 * extreme. */
#include <check.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include "tests/support/layer.h"

/* ---- PyTorch 1.13 in double precision:
 *
 * import torch, torch.nn.functional as F
 * z = torch.tensor([[1.5, -0.25, 0.75, 2], [-1, 3, 0.5, 0.125], [0, 0, 4, -8]], dtype=torch.float64, requires_grad=True)
 * t = torch.tensor([[0.5, 1, -2, 2.5], [6, -3, 0, 1.25], [1, -1, 9, 3]], dtype=torch.float64)
 * y = torch.tensor([3, 0, 1])
 * for w, T, s in [(1, 1, 0), (1, 4, 0), (0.9, 4, 0), (0.5, 2, 0.1), (0.25, 0.5, 0)]:
 *     z.grad = None
 *     loss = (1 - w) * F.cross_entropy(z, y, label_smoothing=s) + w * T * T * F.kl_div(F.log_softmax(z / T, 1), F.softmax(t / T, 1),
 *                                                                                     reduction='batchmean')
 *     loss.backward()
 *     print(w, T, s, loss.item(), z.grad.flatten()) */
enum { TORCH_N = 3, TORCH_CLASSES = 4, TORCH_ALL = TORCH_N * TORCH_CLASSES };
static const float torch_z[TORCH_ALL] = {1.5f, -0.25f, 0.75f, 2, -1, 3, 0.5f, 0.125f, 0, 0, 4, -8};
static const float torch_t[TORCH_ALL] = {0.5f, 1, -2, 2.5f, 6, -3, 0, 1.25f, 1, -1, 9, 3};
static const uint32_t torch_labels[TORCH_N] = {3, 0, 1};
static const struct {
    float weight, temperature, smoothing;
    double loss, gradient[TORCH_ALL];
} torch_runs[] = {
    {1, 1, 0, 1.47868786, {0.0682290987, -0.036726149, 0.0450844426, -0.0765873924, -0.324346197, 0.288106364, 0.0228354939, 0.0134043392,
                           0.00577793707, 0.00587434894, -0.010830367, -0.000821919017}},
    {1, 4, 0, 5.14922089, {0.0607198868, -0.111359221, 0.141067846, -0.0904285115, -0.611047658, 0.47173215, 0.116421845, 0.0228936634,
                           0.149446647, 0.198733626, -0.178835065, -0.169345207}},
    {0.9f, 4, 0, 4.93009942, {0.0647646604, -0.0984652697, 0.131739882, -0.0980392724, -0.582748466, 0.453373639, 0.107144915, 0.0222299114,
                              0.135090926, 0.146115874, -0.12879631, -0.152410489}},
    {0.5f, 2, 0.1f, 3.03367376, {0.0817723496, -0.0352922256, 0.0692865803, -0.115766704, -0.413214408, 0.33757832, 0.0508307217, 0.0248053657,
                                 0.0285311483, -0.117878338, 0.108304026, -0.0189568364}},
    {0.25f, 0.5f, 0, 2.39227093, {0.0856524362, 0.011560059, 0.0381772247, -0.13538972, -0.287691258, 0.257353945, 0.0180170538, 0.0123202588,
                                  0.00443104287, -0.245568953, 0.241136684, 1.22575936e-06}},
};

START_TEST(as_torch)
{
    float d[TORCH_ALL];
    const double labels = cnas_softmax_cross_entropy(ctx, d, NULL, torch_z, torch_labels, TORCH_N, TORCH_CLASSES, torch_runs[_i].smoothing);
    const double loss = cnas_distillation(ctx, d, labels, torch_z, torch_t, TORCH_N, TORCH_CLASSES, torch_runs[_i].weight,
                                          torch_runs[_i].temperature);
    ck_assert_double_eq_tol(loss, torch_runs[_i].loss, 3e-7); /* 0.9 and 0.1 are not quite the same in float */
    for (int i = 0; i < TORCH_ALL; i++)
        ck_assert_double_eq_tol((double)d[i], torch_runs[_i].gradient[i], 5e-8);
}
END_TEST

/* ---- random numbers, more of them than one chunk has ---- */
enum { N = 130, CLASSES = 3, ALL = N * CLASSES };
static struct tensor z, t;
static double temperature;

/* sum p log (p / q) straight from its definition. */
static void divergence(double *out, double *const *in, const void *nothing)
{
    (void)nothing;
    *out = 0;
    for (int i = 0; i < N; i++) {
        double sum_p = 0, sum_q = 0;
        for (int c = 0; c < CLASSES; c++) {
            sum_p += exp(in[1][i * CLASSES + c] / temperature);
            sum_q += exp(in[0][i * CLASSES + c] / temperature);
        }
        for (int c = 0; c < CLASSES; c++) {
            const double p = exp(in[1][i * CLASSES + c] / temperature) / sum_p, q = exp(in[0][i * CLASSES + c] / temperature) / sum_q;
            *out += p * log(p / q) / N;
        }
    }
}

static double of_teacher(float weight)
{
    return cnas_distillation(ctx, z.df, 0, z.f, t.f, N, CLASSES, weight, (float)temperature);
}

static void random_answers(void)
{
    fill(&z, ALL);
    fill(&t, ALL);
    memset(z.df, 0, sizeof z.df);
}

START_TEST(definition_and_differences)
{
    static const double temperatures[] = {0.25, 1, 4, 50};
    const struct grad_function f = {divergence, NULL, 1};
    double *const in[] = {z.d, t.d};
    random_answers();
    temperature = temperatures[_i];
    const double square = temperature * temperature;
    double want;
    divergence(&want, in, NULL);
    ck_assert_double_eq_tol(of_teacher(1), square * want, 1e-10 * square);
    check_gradient(&z, &f, &square, in, 0, 1e-4);
}
END_TEST

/* Equal answers, also up to a constant, are no loss; every other answer is one. */
START_TEST(the_least)
{
    random_answers();
    temperature = 4;
    ck_assert_double_gt(of_teacher(1), 0.1);
    for (int i = 0; i < ALL; i++)
        t.f[i] = z.f[i] + (float)(i / CLASSES % 5);
    ck_assert_double_eq_tol(of_teacher(1), 0, 1e-9);
    for (int i = 0; i < ALL; i++)
        ck_assert_float_eq_tol(z.df[i], 0, 1e-8f);
}
END_TEST

/* Weight 0 leaves loss and gradient as they were, bit for bit; 1 forgets them; between, they are mixed. */
START_TEST(weights)
{
    float before[ALL], teacher[ALL];
    random_answers();
    temperature = 2;
    const double alone = of_teacher(1);
    memcpy(teacher, z.df, sizeof teacher);
    for (int i = 0; i < ALL; i++)
        before[i] = z.df[i] = 1.0f / (float)(i + 3);
    ck_assert(cnas_distillation(ctx, z.df, 7.25, z.f, t.f, N, CLASSES, 0, 2) == 7.25);
    ck_assert_mem_eq(z.df, before, sizeof before);
    ck_assert_double_eq_tol(cnas_distillation(ctx, z.df, 7.25, z.f, t.f, N, CLASSES, 0.75f, 2), 0.25 * 7.25 + 0.75 * alone, 1e-12);
    for (int i = 0; i < ALL; i++)
        ck_assert_float_eq_tol(z.df[i], 0.25f * before[i] + 0.75f * teacher[i], 1e-7f);
    ck_assert(cnas_distillation(ctx, z.df, 7.25, z.f, t.f, N, CLASSES, 1, 2) == alone);
    ck_assert_mem_eq(z.df, teacher, sizeof teacher);
}
END_TEST

/* Hinton et al., equation 4: in the limit of high temperatures it is the square of the difference of the centred logits over 2 C; of low
 * ones, the teacher's first class is a label. */
START_TEST(temperatures)
{
    double squares = 0;
    random_answers();
    for (int i = 0; i < N; i++) {
        double mean = 0;
        for (int c = 0; c < CLASSES; c++)
            mean += (z.d[i * CLASSES + c] - t.d[i * CLASSES + c]) / CLASSES;
        for (int c = 0; c < CLASSES; c++)
            squares += pow(z.d[i * CLASSES + c] - t.d[i * CLASSES + c] - mean, 2) / (2 * CLASSES) / N;
    }
    temperature = 1000;
    ck_assert_double_eq_tol(of_teacher(1), squares, 2e-3 * squares);
    const float cold[] = {2, 1, 1.5f}, student[] = {0, 1, 3};
    float d[3];
    const double loss = cnas_distillation(ctx, d, 0, student, cold, 1, 3, 1, 0.01f);
    ck_assert_double_eq_tol(loss, 0.01 * 3, 1e-6); /* T^2 (3 - 0) / T */
    ck_assert(fabsf(d[0] + 0.01f) < 1e-8f && fabsf(d[1]) < 1e-8f && fabsf(d[2] - 0.01f) < 1e-8f);
}
END_TEST

START_TEST(huge_logits)
{
    const float student[] = {1e6f, -1e6f, 0}, teacher[] = {1e6f, 1e6f, -1e6f}, largest[] = {3e38f, -3e38f, 0}, other[] = {-3e38f, 3e38f, 3e38f};
    float d[3] = {0, 0, 0};
    ck_assert_double_eq_tol(cnas_distillation(ctx, d, 0, student, teacher, 1, 3, 1, 1), 1e6 - log(2), 1e-3); /* exp(log p) has ten digits here */
    ck_assert(fabsf(d[0] - 0.5f) < 1e-6f && fabsf(d[1] + 0.5f) < 1e-6f && d[2] == 0);
    ck_assert(isfinite(cnas_distillation(ctx, d, 0, largest, other, 1, 3, 1, 1)));
    ck_assert(isfinite(d[0]) && isfinite(d[1]) && isfinite(d[2]));
    const float nan_student[] = {NAN, 0, 0};
    ck_assert(isnan(cnas_distillation(ctx, d, 0, nan_student, teacher, 1, 3, 1, 1))); /* is seen */
}
END_TEST

/* One thread, or three: the same bits. */
START_TEST(threads)
{
    float first[ALL];
    struct cnas_ctx *three = ctx;
    random_answers();
    temperature = 3;
    const double loss = of_teacher(1);
    memcpy(first, z.df, sizeof first);
    ck_assert_int_eq(cnas_ctx_new(&ctx, 1), CNAS_OK);
    ck_assert(of_teacher(1) == loss);
    ck_assert_mem_eq(z.df, first, sizeof first);
    cnas_ctx_free(&ctx);
    ctx = three;
}
END_TEST

START_TEST(a_wrong_temperature_aborts)
{
    float d[2] = {0, 0};
    cnas_distillation(ctx, d, 0, torch_z, torch_t, 1, 2, 1, 0);
}
END_TEST

START_TEST(a_wrong_weight_aborts)
{
    float d[2] = {0, 0};
    cnas_distillation(ctx, d, 0, torch_z, torch_t, 1, 2, 1.5f, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel/distill");
    TCase *c = tcase_create("distill");
    tcase_add_checked_fixture(c, layer_setup, layer_teardown);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, as_torch, 0, sizeof torch_runs / sizeof *torch_runs);
    tcase_add_loop_test(c, definition_and_differences, 0, 4);
    tcase_add_test(c, the_least);
    tcase_add_test(c, weights);
    tcase_add_test(c, temperatures);
    tcase_add_test(c, huge_logits);
    tcase_add_test(c, threads);
    tcase_add_test_raise_signal(c, a_wrong_temperature_aborts, SIGABRT);
    tcase_add_test_raise_signal(c, a_wrong_weight_aborts, SIGABRT);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
