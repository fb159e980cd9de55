/* oneDNN works in our threads alone: libgomp starts none, and a program's own use of OpenMP is left as it was. */
#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/engine/conv.h"
#include "runtime/engine/dnnl.h"
#include "tests/support/conv_case.h"

static int threads_of_this_process(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = -2; /* . and .. */
    ck_assert_ptr_nonnull(tasks);
    while (readdir(tasks))
        count++;
    closedir(tasks);
    return count;
}

#ifdef HAVE_DNNL
static const int of_the_program = 3; /* threads that it wants OpenMP to use */

static void program_wants_threads(void)
{
    if (cn_engine_dnnl(NULL))
        cn_engine_dnnl(NULL)->set_num_threads(of_the_program);
}

static int program_gets_threads(void)
{
    return !cn_engine_dnnl(NULL) || cn_engine_dnnl(NULL)->get_max_threads() == of_the_program;
}
#else
static void program_wants_threads(void)
{
}

static int program_gets_threads(void)
{
    return 1;
}
#endif

/* A 1x1 convolution, which is oneDNN's, in all directions. */
START_TEST(no_threads_of_others)
{
    struct cnas_conv_shape s = ref_shape(48, 9, 9, 32, 1, 1, 1, 0, 0, 1, 1);
    enum { N = 64, X = 48 * 81, Y = 32 * 81, W = 48 * 32 };
    struct cnas_ctx *ctx;
    struct cn_engine_conv *conv;
    program_wants_threads();
    ck_assert_int_eq(cnas_ctx_new(&ctx, 4), CNAS_OK);
    const int before = threads_of_this_process();
    ck_assert_int_ge(before, 4);
    const struct cn_engine_conv_want want = {.shape = s, .n = N, .type = CN_ENGINE_F32};
    ck_assert_int_eq(cn_engine_conv_new(&conv, ctx, &want, NULL, NULL), CNAS_OK);
    struct guarded x = guarded_new(N * X * sizeof(float)), y = guarded_new(N * Y * sizeof(float));
    struct guarded scratch = guarded_new(cn_engine_conv_scratch(conv));
    float *w = floats(W), *dw = floats(W);
    memset(x.p, 0, N * X * sizeof(float));
    memset(w, 0, W * sizeof *w);
    cn_engine_conv_weights(conv, w, NULL);
    cn_engine_conv_forward(conv, y.p, x.p, N, scratch.p);
    cn_engine_conv_backward_weights(conv, dw, NULL, y.p, x.p, N, scratch.p);
    cn_engine_conv_backward_data(conv, x.p, y.p, N, scratch.p);
    ck_assert_int_eq(cnas_ctx_status(ctx), CNAS_OK);
    ck_assert_int_eq(threads_of_this_process(), before);
    ck_assert(program_gets_threads());
    guarded_free(&x);
    guarded_free(&y);
    guarded_free(&scratch);
    free(w);
    free(dw);
    cn_engine_conv_free(&conv);
    cnas_ctx_free(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/dnnl");
    TCase *t = tcase_create("dnnl");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, no_threads_of_others);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
