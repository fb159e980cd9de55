/* oneDNN: our loops on its threads, and the environment left as it was. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/engine/dnnl.h"
#include "runtime/kernel/ctx.h"

struct marks {
    unsigned char *seen;
    struct cnas_ctx *ctx;
};

static void mark(void *job, size_t chunk, float *own)
{
    struct marks *m = job;
    m->seen[chunk]++;
    own[0] = (float)chunk; /* each thread has its own */
    ck_assert(own[0] == (float)chunk);
}

START_TEST(adopted_threads)
{
    const struct cn_engine_dnnl *d = cn_engine_dnnl(NULL);
    static const unsigned threads[] = {1, 2, 7};
    enum { CHUNKS = 1000 };
    unsigned char seen[CHUNKS];
    ck_assert_ptr_null(getenv("GOMP_SPINCOUNT")); /* the environment is left as it was */
    for (size_t t = 0; t < 3 && d; t++) {
        struct cnas_ctx *ctx;
        ck_assert_int_eq(cnas_ctx_new(&ctx, threads[t]), CNAS_OK);
        struct marks m = {seen, ctx};
        cn_engine_dnnl_adopt(d, ctx);
        cn_engine_dnnl_adopt(d, ctx);
        ck_assert_ptr_nonnull(cn_kernel_scratch(ctx, 16, 0));
        for (size_t chunks = 0; chunks <= CHUNKS; chunks = 2 * chunks + 1) {
            memset(seen, 0, sizeof seen);
            cn_kernel_run(ctx, chunks, mark, &m);
            for (size_t i = 0; i < CHUNKS; i++)
                ck_assert_int_eq(seen[i], i < chunks);
        }
        cnas_ctx_free(&ctx);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/dnnl");
    TCase *t = tcase_create("dnnl");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, adopted_threads);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
