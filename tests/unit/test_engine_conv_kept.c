/* What is kept of the choice of a layer's kernels: all of it, but for want of memory, when what could not be tried is left out for this time. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/mem.h"
#include "runtime/engine/conv.h"
#include "runtime/engine/dnnl.h"
#include "runtime/engine/tuning.h"
#include "tests/support/conv_case.h"

void *__real_cn_mem_alloc(size_t count, size_t size);
void *__wrap_cn_mem_alloc(size_t count, size_t size);

static size_t calls, refused; /* the call that finds no memory, counted from 1 */

void *__wrap_cn_mem_alloc(size_t count, size_t size)
{
    return ++calls == refused ? NULL : __real_cn_mem_alloc(count, size);
}

/* Of the answers that a layer took, how many are in the file, and how many are not. */
struct kept {
    size_t in, out;
};

static enum cnas_status choose(struct kept *kept, const struct conv_case *f, enum cn_engine_type type, size_t refuse)
{
    const struct cn_engine_conv_want want = {.shape = f->s, .type = type, .n = f->n, .plain_x = f->shape->plain, .bias = f->shape->bias};
    char folder[] = "/tmp/test_engine_conv_kept.XXXXXX", command[64], *text, *rest;
    struct cn_engine_tuning *tuning, *next;
    struct cn_engine_conv *conv;
    *kept = (struct kept){0};
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    ck_assert_int_eq(cn_engine_tuning_new(&tuning, NULL, NULL), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_new(&next, NULL, NULL), CNAS_OK);
    calls = 0;
    refused = refuse;
    const enum cnas_status status = cn_engine_conv_new(&conv, f->ctx, &want, tuning, NULL);
    refused = 0;
    cn_engine_conv_free(&conv);
    ck_assert_int_eq(cn_engine_tuning_save(tuning, NULL), CNAS_OK);
    cn_engine_tuning_load(next);
    ck_assert_int_eq(cn_engine_tuning_export(tuning, &text), CNAS_OK);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *middle = strstr(line, " = ");
        ck_assert_ptr_nonnull(middle);
        *middle = '\0';
        const char *answer = cn_engine_tuning_lookup(next, line);
        *(answer ? &kept->in : &kept->out) += 1;
        if (answer)
            ck_assert_str_eq(answer, middle + 3);
    }
    cn_mem_free(text);
    cn_engine_tuning_free(&tuning);
    cn_engine_tuning_free(&next);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    return status;
}

/* With memory enough, whatever oneDNN cannot do: for the next training to make the same choices. */
START_TEST(choices_are_kept)
{
    static const size_t some[] = {0, 3, 8, 10, CONV_ODD, CONV_ODD + 2, CONV_ODD + 3};
    const enum cn_engine_type type = _i % 2 ? CN_ENGINE_BF16 : CN_ENGINE_F32;
    struct conv_case f = conv_begin(&conv_shapes[some[_i / 4]], type, 1 + (unsigned)_i / 2 % 2);
    struct kept kept;
    ck_assert_int_eq(choose(&kept, &f, type, 0), CNAS_OK);
    ck_assert_uint_eq(kept.out, 0);
    ck_assert_uint_ge(kept.in, f.shape->plain ? 2 : 3);
    conv_end(&f);
}
END_TEST

/* Each allocation fails once: the layer is made all the same, or there is no memory for it. */
START_TEST(one_allocation_fails)
{
    struct conv_case f = conv_begin(&conv_shapes[0], CN_ENGINE_F32, 1);
    struct kept kept;
    size_t made = 0, not_kept = 0, all = 0;
    ck_assert_int_eq(choose(&kept, &f, CN_ENGINE_F32, 0), CNAS_OK);
    ck_assert(kept.in == 3 && !kept.out);
    for (size_t refuse = 1; refuse <= calls || refuse <= all; refuse++) {
        const enum cnas_status status = choose(&kept, &f, CN_ENGINE_F32, refuse);
        ck_assert_msg(status == CNAS_OK || status == CNAS_E_MEMORY, "%d", status);
        if (calls < refuse)
            break;
        all = calls;
        made += status == CNAS_OK;
        not_kept += status == CNAS_OK && kept.out;
        ck_assert_uint_le(kept.in + kept.out, 3);
    }
    printf("%zu allocations: in %zu cases the layer was made, in %zu of these a choice was not kept\n", all, made, not_kept);
    ck_assert_uint_gt(made, 0);
    ck_assert(not_kept || !cn_engine_dnnl(NULL)); /* else there is one way, or none */
    conv_end(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/kept choices");
    TCase *t = tcase_create("engine/kept choices");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, choices_are_kept, 0, 28);
    tcase_add_test(t, one_allocation_fails);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
