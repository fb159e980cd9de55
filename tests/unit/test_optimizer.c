/* Optimizers, learning rates and the smoothed loss against PyTorch 1.13 in double precision (torch.optim.SGD, AdamW, the schedulers of
 * torch.optim.lr_scheduler, torch.nn.functional.cross_entropy; run once by hand, the numbers are below); the average of weights and
 * parameters over several chunks against their formulas; the same bits from any number of threads. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cnas/train.h>

#include "runtime/train/optimizer.h"
#include "runtime/train/options.h"
#include "runtime/train/rate.h"

/* ---- five steps of four weights and two biases ---- */
enum { WEIGHTS = 4, TRAINED = 6, ALL = 8, STEPS = 5 };

static const struct cnas_param small_params[] = {{"w", CNAS_PARAM_WEIGHT, 2, {2, 2}, 0, 4}, {"mean", CNAS_PARAM_MEAN, 1, {2}, 6, 2},
                                                 {"b", CNAS_PARAM_BETA, 1, {2}, 4, 2}};
static const struct cnas_model small = {.params = small_params, .n_params = 3, .params_floats = ALL, .params_trained = TRAINED};

static const struct {
    struct cnas_train_options o;
    double want[TRAINED];
} torch_runs[] = {
    {{.momentum = 0.9, .weight_decay = 0.1}, {0.305729414, -1.08737697, 1.87569577, 0.794661957, 0.204183753, -0.392380142}},
    {{.momentum = 0.9, .weight_decay = 0.1, .nesterov = 1, .decay_all = 1},
     {0.304392063, -1.01463265, 1.82782182, 0.758519044, 0.186056631, -0.313941011}},
    {{.momentum = 0.9, .weight_decay = 0.1, .nesterov = 1, .clip = 0.25},
     {0.360830551, -1.0221512, 1.76325875, 0.696270446, 0.238249933, -0.438571925}},
    {{.momentum = 0.9, .weight_decay = 0.1, .nesterov = 1, .bias_lr = 4},
     {0.304392063, -1.01463265, 1.82782182, 0.758519044, 0.126619963, -0.0472924741}},
    {{.momentum = 0.9, .weight_decay = 0.1, .nesterov = 1, .decoupled = 1},
     {0.352098935, -1.15990351, 2.0565344, 0.851420575, 0.219154991, -0.386823119}},
    {{.optimizer = CNAS_ADAMW, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3, .weight_decay = 0.1},
     {0.211983552, -1.26293187, 2.05309166, 0.997690036, 0.0791937953, -0.156950213}},
    {{.optimizer = CNAS_ADAMW, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3, .weight_decay = 0.1, .decay_all = 1},
     {0.211983552, -1.26293187, 2.05309166, 0.997690036, 0.0741870705, -0.141642963}},
    {{.optimizer = CNAS_ADAMW, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3, .weight_decay = 0.1, .decay_all = 1, .clip = 0.25, .bias_lr = 4},
     {0.212366122, -1.2490405, 2.05735707, 1.00034473, -0.315596209, 0.844270351}},
};

static struct cnas_ctx *context(unsigned threads)
{
    struct cnas_ctx *ctx;
    ck_assert_int_eq(cnas_ctx_new(&ctx, threads), CNAS_OK);
    return ctx;
}

static void gradients(float *g, int t)
{
    for (int i = 0; i < WEIGHTS; i++)
        g[i] = (float)(0.3 * sin(1 + t + i));
    for (int i = 0; i < TRAINED - WEIGHTS; i++)
        g[WEIGHTS + i] = (float)(0.2 * cos(t + 2 * i));
}

START_TEST(five_steps)
{
    const float first[ALL] = {0.5f, -1.25f, 2, 0.75f, 0.25f, -0.5f, 3, 4};
    struct cnas_ctx *ctx = context(2);
    for (int averaged = 0; averaged < 2; averaged++) {
        struct cnas_train_options o = torch_runs[_i].o;
        float w[ALL], g[TRAINED], memory[2 * TRAINED + ALL + 1];
        double average[ALL];
        o.ema = averaged ? 0.25 : 0;
        memcpy(w, first, sizeof w);
        const size_t floats = cn_train_memory_floats(&small, &o);
        ck_assert_uint_eq(floats, (o.optimizer ? 2 : 1) * TRAINED + (averaged ? ALL : 0));
        memset(memory, 0x55, sizeof memory);
        const float guard = memory[floats];
        cn_train_memory_start(memory, w, &small, &o);
        for (int i = 0; i < ALL; i++)
            average[i] = first[i];
        for (int t = 0; t < STEPS; t++) {
            gradients(g, t);
            w[TRAINED] = (float)t; /* as the forward pass of a batch norm would */
            cn_train_update(ctx, w, memory, g, &small, &o, 0.1, (uint64_t)t);
            const double decay = fmin(0.25, (1.0 + t) / (10 + t));
            for (int i = 0; i < ALL; i++)
                average[i] = decay * average[i] + (1 - decay) * w[i];
        }
        for (int i = 0; i < TRAINED; i++)
            ck_assert_double_eq_tol(w[i], torch_runs[_i].want[i], 4e-6);
        ck_assert(w[TRAINED] == STEPS - 1 && w[TRAINED + 1] == 4);
        const float *result = cn_train_result(memory, w, &small, &o);
        ck_assert(averaged == (result != w));
        for (int i = 0; averaged && i < ALL; i++)
            ck_assert_double_eq_tol(result[i], average[i], 2e-6);
        ck_assert(memcmp(&memory[floats], &guard, sizeof guard) == 0);
    }
    cnas_ctx_free(&ctx);
}
END_TEST

/* ---- a block of several chunks: parameters of odd sizes, one larger than a chunk; statistics at the end ---- */
enum { BIG_A = 3, BIG_B = 40001, BIG_C = 77, BIG_D = 16384, BIG_STAT = 20000, BIG_T = BIG_A + BIG_B + BIG_C + BIG_D };
static const struct cnas_param big_params[] = {
    {"a", CNAS_PARAM_GAMMA, 1, {BIG_A}, 0, BIG_A},
    {"b", CNAS_PARAM_WEIGHT, 2, {1, BIG_B}, BIG_A, BIG_B},
    {"s", CNAS_PARAM_VAR, 1, {BIG_STAT}, BIG_T, BIG_STAT},
    {"c", CNAS_PARAM_BIAS, 1, {BIG_C}, BIG_A + BIG_B, BIG_C},
    {"d", CNAS_PARAM_WEIGHT, 2, {1, BIG_D}, BIG_A + BIG_B + BIG_C, BIG_D},
};
static const struct cnas_model big = {.params = big_params, .n_params = 5, .params_floats = BIG_T + BIG_STAT, .params_trained = BIG_T};

START_TEST(many_chunks_and_threads)
{
    const struct cnas_train_options o = {.momentum = 0.5, .nesterov = 1, .weight_decay = 0.01, .bias_lr = 2, .clip = 1, .ema = 0.9};
    const size_t floats = cn_train_memory_floats(&big, &o);
    static float w[3][BIG_T + BIG_STAT], g[BIG_T];
    float *memory[3];
    double squares = 0;
    for (int i = 0; i < BIG_T; i++) {
        g[i] = (float)sin(i) * 0.05f;
        squares += (double)g[i] * g[i];
    }
    ck_assert_double_gt(squares, 1.01); /* it is clipped */
    for (unsigned k = 0; k < 3; k++) {
        struct cnas_ctx *ctx = context(k + 1);
        memory[k] = malloc(floats * sizeof(float));
        ck_assert_ptr_nonnull(memory[k]);
        for (int i = 0; i < BIG_T + BIG_STAT; i++)
            w[k][i] = (float)cos(i);
        cn_train_memory_start(memory[k], w[k], &big, &o);
        for (int t = 0; t < 2; t++)
            cn_train_update(ctx, w[k], memory[k], g, &big, &o, 0.1, (uint64_t)t);
        cnas_ctx_free(&ctx);
        ck_assert_mem_eq(w[k], w[0], sizeof w[0]);
        ck_assert_mem_eq(memory[k], memory[0], floats * sizeof(float));
    }
    for (int i = 0; i < BIG_T + BIG_STAT; i++) {
        const int is_bias = i >= BIG_A + BIG_B && i < BIG_A + BIG_B + BIG_C, is_weight = i >= BIG_A && i < BIG_T && !is_bias;
        double want = (float)cos(i), v = 0, average = want;
        for (int t = 0; t < 2; t++) {
            if (i < BIG_T) {
                const double grad = (double)g[i] / sqrt(squares) + (is_weight ? 0.01 * want : 0);
                v = 0.5 * v + grad;
                want -= (is_bias ? 0.2 : 0.1) * (grad + 0.5 * v);
            }
            const double decay = (1.0 + t) / (10 + t);
            average = decay * average + (1 - decay) * want;
        }
        ck_assert_double_eq_tol(w[0][i], want, 1e-6);
        ck_assert_double_eq_tol(cn_train_result(memory[0], w[0], &big, &o)[i], average, 1e-6);
    }
    for (int k = 0; k < 3; k++)
        free(memory[k]);
}
END_TEST

START_TEST(a_small_gradient_is_not_clipped)
{
    struct cnas_train_options o = {.momentum = 0.9, .nesterov = 1};
    struct cnas_ctx *ctx = context(1);
    float w[2][ALL] = {{1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1}}, memory[TRAINED] = {0}, g[TRAINED];
    gradients(g, 0);
    cn_train_update(ctx, w[0], memory, g, &small, &o, 0.1, 0);
    memset(memory, 0, sizeof memory);
    o.clip = 10;
    cn_train_update(ctx, w[1], memory, g, &small, &o, 0.1, 0);
    ck_assert_mem_eq(w[0], w[1], sizeof w[0]);
    cnas_ctx_free(&ctx);
}
END_TEST

/* ---- rates: 20 steps as one epoch of 20, and as 10 epochs of 2 ---- */
enum { RATES = 20 };
static const double one_cycle_linear[RATES] = {0.016, 0.0928, 0.1696, 0.2464, 0.3232, 0.4, 0.3715, 0.343, 0.3145, 0.286,
                                               0.2575, 0.229, 0.2005, 0.172, 0.1435, 0.115, 0.0865, 0.058, 0.0295, 0.001};
static const double one_cycle_cosine[RATES] = {0.016, 0.0928, 0.1696, 0.2464, 0.3232, /* torch goes up along a cosine too, we along a line */
                                               0.4, 0.394998118, 0.380243289, 0.356475381, 0.324886215, 0.287059806, 0.244892926, 0.2005,
                                               0.156107074, 0.113940194, 0.0761137845, 0.0445246192, 0.0207567109, 0.00600188152, 0.001};
static const double cosine[RATES] = {0.4, 0.397543824, 0.390235775, 0.378255802, 0.36189889, 0.341567803, 0.317763158, 0.291071105,
                                     0.26214889, 0.231708676, 0.2005, 0.169291324, 0.13885111, 0.109928895, 0.0832368422, 0.0594321972,
                                     0.0391011096, 0.0227441984, 0.010764225, 0.00345617605};
static const double restarts[RATES] = {0.4, 0.341567803, 0.2005, 0.0594321972, 0.4, 0.384813967, 0.341567803, 0.276845345, 0.2005,
                                       0.124154655, 0.0594321972, 0.0161860333, 0.4, 0.396166663, 0.384813967, 0.366378188, 0.341567803,
                                       0.311336261, 0.276845345, 0.239420519};

static void check_rates(const struct cnas_train_options *o, size_t per_epoch, const double *want)
{
    for (size_t t = 0; t < RATES; t++)
        ck_assert_double_eq_tol(cn_train_rate(o, (uint32_t)(t / per_epoch), t % per_epoch, per_epoch), want[t], 1e-9);
}

START_TEST(rates)
{
    struct cnas_train_options o = {.schedule = CNAS_ONE_CYCLE, .lr_max = 0.4, .lr_min = 0.001, .cycle_up = 0.3, .cycle_start = 0.04,
                                   .epochs = 10, .restart_factor = 2};
    double want[RATES];
    check_rates(&o, 2, one_cycle_linear);
    o.cycle_cosine = 1;
    check_rates(&o, 2, one_cycle_cosine);
    o.epochs = 1;
    check_rates(&o, 20, one_cycle_cosine);
    o.schedule = CNAS_COSINE;
    check_rates(&o, 20, cosine);
    o.epochs = 10;
    check_rates(&o, 2, cosine);
    o.restart_first = 2;
    check_rates(&o, 2, restarts);
    o.by_epoch = 1; /* two steps an epoch: the rate of the first */
    for (int t = 0; t < RATES; t++)
        want[t] = restarts[t / 2 * 2];
    check_rates(&o, 2, want);
    o.schedule = CNAS_STEPS;
    o.lr_min = 0;
    o.n_milestones = 2;
    o.milestones[0] = 4;
    o.milestones[1] = 8;
    o.step_factor = 0.1;
    for (int t = 0; t < RATES; t++)
        want[t] = t < 8 ? 0.4 : t < 16 ? 0.04 : 0.004;
    check_rates(&o, 2, want);
    o.lr_min = 0.01;
    for (int t = 16; t < RATES; t++)
        want[t] = 0.01;
    check_rates(&o, 2, want);
    o.schedule = CNAS_CONSTANT; /* with torch's LinearLR(start_factor = 1 / 6, total_iters = 5) */
    o.warmup = 3;
    for (int t = 0; t < RATES; t++)
        want[t] = t < 5 ? 0.4 * (t + 1) / 6 : 0.4;
    check_rates(&o, 2, want);
    o.schedule = CNAS_COSINE;
    o.by_epoch = 0;
    o.restart_first = 0;
    o.lr_min = 0.001;
    for (int t = 0; t < RATES; t++)
        want[t] = cosine[t] * (t < 5 ? (t + 1) / 6.0 : 1);
    check_rates(&o, 2, want);
}
END_TEST

/* One cycle at its ends: no way up, nothing but up, a single step. */
START_TEST(one_cycle_at_its_ends)
{
    struct cnas_train_options o = {.schedule = CNAS_ONE_CYCLE, .lr_max = 1, .lr_min = 0.5, .epochs = 1};
    ck_assert(cn_train_rate(&o, 0, 0, 3) == 1 && cn_train_rate(&o, 0, 1, 3) == 0.75 && cn_train_rate(&o, 0, 2, 3) == 0.5);
    ck_assert(cn_train_rate(&o, 0, 0, 1) == 1);
    o.cycle_up = 1;
    ck_assert(cn_train_rate(&o, 0, 0, 3) == 0 && cn_train_rate(&o, 0, 1, 3) == 0.5 && cn_train_rate(&o, 0, 2, 3) == 1);
    ck_assert(cn_train_rate(&o, 0, 0, 1) == 1);
}
END_TEST

START_TEST(smoothed_loss)
{
    static const float z[] = {1, 2, 0.5f, -1, 0, 0, 3, -2, 0.1f, 0.2f, 0.3f, 0.4f};
    static const uint32_t y[] = {1, 3, 0};
    static const double want[] = {0.0622359393, -0.0926799875, 0.0328296386, -0.00238559048, 0.00250091132, 0.00250091132, 0.288801358,
                                  -0.293803181, -0.224553927, 0.0662759274, 0.0745608641, 0.0837171351};
    struct cnas_ctx *ctx = context(1);
    float dz[12];
    size_t correct;
    ck_assert_double_eq_tol(cnas_softmax_cross_entropy(ctx, dz, &correct, z, y, 3, 4, 0.15f), 2.32833315, 1e-7);
    ck_assert_uint_eq(correct, 1);
    for (int i = 0; i < 12; i++)
        ck_assert_double_eq_tol(dz[i], want[i], 1e-7);
    cnas_ctx_free(&ctx);
}
END_TEST

START_TEST(options_are_checked)
{
    const struct cnas_train_options good = {.lr_max = 1, .momentum = 0.9, .epochs = 1, .batch = 1};
    struct cnas_train_options o = good;
    struct cnas_error err;
    ck_assert_int_eq(cn_train_check_options(&o, &err), CNAS_OK);
#define REFUSED(set, word)                                                 \
    do {                                                                   \
        o = good;                                                          \
        set;                                                               \
        err.text[0] = 0;                                                   \
        ck_assert_int_eq(cn_train_check_options(&o, &err), CNAS_E_RANGE);  \
        ck_assert_msg(strstr(err.text, word) != NULL, "%s", err.text);     \
    } while (0)
    REFUSED(o.optimizer = (enum cnas_optimizer)7, "optimizer 7");
    REFUSED(o.schedule = (enum cnas_schedule)9, "schedule 9");
    REFUSED(o.momentum = NAN, "momentum");
    REFUSED(o.weight_decay = -1, "weight decay");
    REFUSED(o.optimizer = CNAS_ADAMW, "epsilon");
    REFUSED((o.optimizer = CNAS_ADAMW, o.epsilon = 1, o.beta2 = 1), "beta2");
    REFUSED(o.bias_lr = INFINITY, "biases");
    REFUSED(o.clip = -1, "norm");
    REFUSED(o.ema = 1, "average");
    REFUSED(o.label_smoothing = 1, "smoothing");
    REFUSED(o.warmup = NAN, "warm-up");
    REFUSED((o.schedule = CNAS_ONE_CYCLE, o.cycle_up = 1.5), "one cycle");
    REFUSED((o.schedule = CNAS_STEPS, o.n_milestones = 9), "at most 8");
    REFUSED((o.schedule = CNAS_STEPS, o.n_milestones = 2, o.milestones[0] = 5, o.milestones[1] = 5), "ascend");
    REFUSED((o.schedule = CNAS_STEPS, o.step_factor = -1), "factor");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optimizer");
    TCase *t = tcase_create("optimizer");
    tcase_add_loop_test(t, five_steps, 0, sizeof torch_runs / sizeof *torch_runs);
    tcase_add_test(t, many_chunks_and_threads);
    tcase_add_test(t, a_small_gradient_is_not_clipped);
    tcase_add_test(t, rates);
    tcase_add_test(t, one_cycle_at_its_ends);
    tcase_add_test(t, smoothed_loss);
    tcase_add_test(t, options_are_checked);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
