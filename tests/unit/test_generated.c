/* A generated network, compiled and linked here: NET is its name. Its gradients against finite differences of the loss, its
 * batches against single images, its float inference against the integer network that its fold makes. */
#include <cnas/cnas.h>

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASTE(a, b) a##b
#define MODEL_OF(net) PASTE(net, _model)
#define MODEL MODEL_OF(NET)
extern const struct cnas_model MODEL;

enum { BATCH = 5, SPARE = 3 };

static uint64_t random_state;

static uint64_t random_next(void) /* splitmix64 */
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static float random_unit(void) /* -1..1 */
{
    return (float)(random_next() >> 40) / (float)(1 << 23) - 1;
}

static float *floats(size_t n)
{
    float *x = calloc(n + 1, sizeof *x);
    ck_assert_ptr_nonnull(x);
    return x;
}

static struct cnas_run run;
static float *images;
static uint32_t labels[BATCH];
static size_t image_floats;

static void setup(void)
{
    const char *seed = getenv("CNAS_SEED");
    random_state = seed ? strtoull(seed, NULL, 0) : 4711;
    printf("CNAS_SEED=%llu\n", (unsigned long long)random_state);
    image_floats = (size_t)MODEL.c * MODEL.h * MODEL.w;
    run = (struct cnas_run){.n = BATCH, .capacity = BATCH + SPARE, .seed = 99};
    ck_assert_int_eq(cnas_ctx_new(&run.ctx, 2), CNAS_OK);
    run.params = floats(MODEL.params_floats);
    run.grads = floats(MODEL.params_trained);
    run.act = floats((MODEL.infer_floats > MODEL.train_floats ? MODEL.infer_floats : MODEL.train_floats) * run.capacity);
    run.dact = floats(MODEL.grad_floats * run.capacity);
    run.state = floats(MODEL.state_floats);
    cnas_params_init(run.params, &MODEL, random_next());
    for (size_t i = 0; i < MODEL.n_params;
         i++) /* away from the special initial values: biases, scales and statistics count too */
        for (size_t k = 0; k < MODEL.params[i].size; k++) {
            float *p = run.params + MODEL.params[i].offset + k;
            *p += MODEL.params[i].kind == CNAS_PARAM_WEIGHT ? 0 : 0.3f * random_unit();
        }
    images = floats(BATCH * image_floats);
    for (size_t i = 0; i < BATCH * image_floats; i++)
        images[i] = random_unit();
    for (size_t i = 0; i < BATCH; i++)
        labels[i] = (uint32_t)(random_next() % MODEL.classes);
}

static void teardown(void)
{
    cnas_ctx_free(&run.ctx);
    free(run.params);
    free(run.grads);
    free(run.act);
    free(run.dact);
    free(run.state);
    free(images);
}

static double loss(float *dlogits)
{
    memcpy(cnas_act(&run, MODEL.input_offset), images, BATCH * image_floats * sizeof *images);
    MODEL.forward(&run);
    return cnas_softmax_cross_entropy(run.ctx, dlogits, NULL, cnas_act(&run, MODEL.train_logits_offset), labels, BATCH,
                                      MODEL.classes, 0);
}

/* (L(p + h d) - L(p - h d)) / 2h along d within one parameter tensor; for large h kinks of ReLUs lie between the two, for small h
 * rounding shows: the one nearest to `expected` of several counts. */
static double slope(const struct cnas_param *p, const float *d, double expected)
{
    float *at = run.params + p->offset, *kept = floats(p->size);
    double best = INFINITY;
    memcpy(kept, at, p->size * sizeof *kept);
    for (float h = 0.01f; h > 0.00005f; h /= 2) {
        for (size_t k = 0; k < p->size; k++)
            at[k] = kept[k] + h * d[k];
        const double up = loss(NULL);
        for (size_t k = 0; k < p->size; k++)
            at[k] = kept[k] - h * d[k];
        const double s = (up - loss(NULL)) / (2 * (double)h);
        if (fabs(s - expected) < fabs(best - expected))
            best = s;
    }
    memcpy(at, kept, p->size * sizeof *kept);
    free(kept);
    return best;
}

/* Along several random directions in each parameter tensor; together, because a kink can spoil a single one. */
START_TEST(gradients)
{
    /* what backward overwrites must not depend on what was there */
    memset(run.dact, 0xff, MODEL.grad_floats * run.capacity * sizeof *run.dact);
    memset(run.grads, 0xff, MODEL.params_trained * sizeof *run.grads);
    loss(cnas_dact(&run, MODEL.logits_grad_offset));
    MODEL.backward(&run);
    for (size_t i = 0; i < MODEL.n_params; i++) {
        const struct cnas_param *p = &MODEL.params[i];
        if (p->offset >= MODEL.params_trained)
            continue;
        float *d = floats(p->size);
        double off = 0, all = 0;
        for (int trial = 0; trial < 8; trial++) {
            double expected = 0;
            for (size_t k = 0; k < p->size; k++) {
                d[k] = random_unit();
                expected += (double)d[k] * run.grads[p->offset + k];
            }
            const double error = slope(p, d, expected) - expected;
            off += error * error;
            all += expected * expected;
        }
        ck_assert_msg(sqrt(off) <= 0.03 * sqrt(all) + 1e-3, "%s: off by %g of %g", p->name, sqrt(off), sqrt(all));
        free(d);
    }
}
END_TEST

/* A slab with room for more, a batch of one, and cnas_infer's own batches all give the same logits. */
START_TEST(batches)
{
    float *all = floats(BATCH * MODEL.classes);
    ck_assert_int_eq(cnas_infer(all, run.ctx, &MODEL, run.params, images, BATCH), CNAS_OK);
    memcpy(cnas_act(&run, MODEL.input_offset), images, BATCH * image_floats * sizeof *images);
    MODEL.infer(&run);
    for (size_t i = 0; i < BATCH * MODEL.classes; i++)
        ck_assert_float_eq_tol(cnas_act(&run, MODEL.infer_logits_offset)[i], all[i], 1e-4f);
    for (size_t image = 0; image < BATCH; image++) {
        run.n = 1;
        memcpy(cnas_act(&run, MODEL.input_offset), images + image * image_floats, image_floats * sizeof *images);
        MODEL.infer(&run);
        for (size_t k = 0; k < MODEL.classes; k++)
            ck_assert_float_eq_tol(cnas_act(&run, MODEL.infer_logits_offset)[k], all[image * MODEL.classes + k], 1e-4f);
    }
    free(all);
}
END_TEST

/* The fold composes exactly what inference computes: in a ring with room for them, the quantised network is as near to it as its fraction
 * bits promise. */
START_TEST(fixed_point)
{
    struct cnas_fixed *q;
    struct cnas_error err = {0};
    const struct cnas_fixed_options options = {.ring_bits = 44, .weight_bits = 16};
    ck_assert_msg(cnas_fixed_make(&q, run.ctx, &MODEL, run.params, images, BATCH, &options, &err) == CNAS_OK, "%s", err.text);
    const struct cnas_fixed_plan *plan = cnas_fixed_plan(q);
    float *want = floats(BATCH * MODEL.classes);
    uint64_t *input = calloc(BATCH * image_floats, sizeof *input);
    int64_t *got = calloc(BATCH * MODEL.classes, sizeof *got);
    ck_assert_int_eq(cnas_infer(want, run.ctx, &MODEL, run.params, images, BATCH), CNAS_OK);
    for (size_t i = 0; i < BATCH; i++)
        cnas_fixed_input(input + i * image_floats, images + i * image_floats, &MODEL, plan);
    ck_assert_int_eq(cnas_fixed_infer(q, &MODEL, run.ctx, got, input, BATCH), CNAS_OK);
    float largest = 0;
    for (size_t i = 0; i < BATCH * MODEL.classes; i++)
        largest = fmaxf(largest, fabsf(want[i]));
#ifndef RANDOM_NET /* a random network may be dead; the golden ones say something */
    ck_assert_float_gt(largest, 0.01f);
#endif
    for (size_t i = 0; i < BATCH * MODEL.classes; i++) {
        const double logit = ldexp((double)got[i], -plan->frac[plan->n_points - 1]);
        ck_assert_msg(fabs(logit - want[i]) < 0.01 * largest + 0.001, "logit %zu: %g, on integers %g", i, want[i], logit);
    }
    free(want);
    free(input);
    free(got);
    cnas_fixed_free(&q);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("generated");
    TCase *c = tcase_create("generated");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, gradients);
    tcase_add_test(c, batches);
    if (MODEL.n_points)
        tcase_add_test(c, fixed_point);
    tcase_set_timeout(c, 60);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
