/* Parameter files: what was saved is loaded, and nothing is loaded that does not fit the network. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cnas/train.h>

#include "runtime/data/safetensors.h"
#include "tests/support/folder.h"

static char path[128];

static void setup(void)
{
    folder_make();
    snprintf(path, sizeof path, "%s/file", dir);
}

static void teardown(void)
{
    unlink(path);
    folder_remove_empty();
}

static const struct cnas_param params[] = {
    {"conv_1.weight", CNAS_PARAM_WEIGHT, 4, {2, 1, 2, 2}, 0, 8},
    {"conv_1.bias", CNAS_PARAM_BIAS, 1, {2}, 8, 2},
    {"norm.var", CNAS_PARAM_VAR, 1, {2}, 10, 2},
};
static const struct cnas_model model = {.name = "net", .digest = "d1", .clear_digest = "d1", .params = params, .n_params = 3, .params_floats = 12,
                                        .params_trained = 10};

START_TEST(params_round_trip)
{
    float p[12], q[12] = {0};
    for (int i = 0; i < 12; i++)
        p[i] = 0.1f * (float)i;
    ck_assert_int_eq(cnas_params_save(p, &model, path, &err), CNAS_OK);
    ck_assert_msg(!cnas_params_load(q, &model, path, &err), "%s", err.text);
    ck_assert_mem_eq(p, q, sizeof p);
    struct cn_safetensors *s;
    ck_assert_int_eq(cn_safetensors_load(&s, path, 4096, &err), CNAS_OK);
    ck_assert_str_eq(cn_safetensors_metadata(s, "network"), "net");
    ck_assert_str_eq(cn_safetensors_metadata(s, "digest"), "d1");
    cn_safetensors_free(&s);
    fails(cnas_params_save(p, &model, "/nonexistent/p", &err), CNAS_E_IO, "/nonexistent");
}
END_TEST

START_TEST(params_refused)
{
    static const float zeros[16];
    static const struct cn_tensor w = {"conv_1.weight", CN_F32, 4, {2, 1, 2, 2}, zeros, 32}, b = {"conv_1.bias", CN_F32, 1, {2}, zeros, 8},
                                  v = {"norm.var", CN_F32, 1, {2}, zeros, 8};
    static const float infinite[2] = {0, INFINITY}, nan_value[2] = {NAN, 0}, negative[2] = {1, -1};
    const struct {
        struct cn_tensor t[4];
        size_t n;
        enum cnas_status status;
        const char *words;
    } cases[] = {
        {{b, v}, 2, CNAS_E_MISMATCH, "tensor `conv_1.weight` is missing"},
        {{{"conv_1.weight", CN_F32, 4, {2, 1, 1, 4}, zeros, 32}, b, v}, 3, CNAS_E_MISMATCH,
         "tensor `conv_1.weight` has shape 2x1x1x4, this network needs 2x1x2x2"},
        {{{"conv_1.weight", CN_F32, 3, {2, 2, 2}, zeros, 32}, b, v}, 3, CNAS_E_MISMATCH, "has shape 2x2x2, this"},
        {{{"conv_1.weight", CN_F16, 4, {2, 1, 2, 2}, zeros, 16}, b, v}, 3, CNAS_E_MISMATCH, "has type F16, this network needs F32"},
        {{w, b, v, {"other", CN_F32, 1, {2}, zeros, 8}}, 4, CNAS_E_MISMATCH, "tensor `other` is not part of this network"},
        {{w, {"conv_1.bias", CN_F32, 1, {2}, infinite, 8}, v}, 3, CNAS_E_RANGE, "`conv_1.bias` holds an infinity at element 1"},
        {{w, {"conv_1.bias", CN_F32, 1, {2}, nan_value, 8}, v}, 3, CNAS_E_RANGE, "`conv_1.bias` holds NaN at element 0"},
        {{w, b, {"norm.var", CN_F32, 1, {2}, negative, 8}}, 3, CNAS_E_RANGE, "variance"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float p[12];
        for (int j = 0; j < 12; j++)
            p[j] = 7;
        ck_assert_int_eq(cn_safetensors_save(path, cases[i].t, cases[i].n, NULL, 0, &err), CNAS_OK);
        fails(cnas_params_load(p, &model, path, &err), cases[i].status, cases[i].words);
        for (int j = 0; j < 12; j++)
            ck_assert(p[j] == 7); /* a refused file changes nothing */
    }
    const struct cn_tensor plain[] = {w, b, v}; /* no metadata: another program wrote it */
    float p[12];
    ck_assert_int_eq(cn_safetensors_save(path, plain, 3, NULL, 0, &err), CNAS_OK);
    ck_assert_int_eq(cnas_params_load(p, &model, path, &err), CNAS_OK);
    fails(cnas_params_load(p, &model, "/nonexistent", &err), CNAS_E_IO, "nonexistent");
    struct cnas_model strided = model; /* the same names and shapes */
    strided.clear_digest = "d2";
    ck_assert_int_eq(cnas_params_save(p, &model, path, &err), CNAS_OK);
    fails(cnas_params_load(p, &strided, path, &err), CNAS_E_MISMATCH, "another build of network `net` (d1, this one is d2)");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("params");
    TCase *t = tcase_create("params");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, params_round_trip);
    tcase_add_test(t, params_refused);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
