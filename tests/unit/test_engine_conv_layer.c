/* A convolution layer: its passes with weights and numbers of samples that change, or for inference alone, and what chooses among the
 * ways. */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/mem.h"
#include "runtime/engine/conv_packs.h"
#include "runtime/engine/conv_way.h"
#include "runtime/engine/dnnl.h"
#include "runtime/engine/wino.h"
#include "runtime/kernel/ctx.h"
#include "tests/support/conv_case.h"

static struct cn_engine_conv *layer(const struct conv_case *f, struct cn_engine_conv_want want, struct cn_engine_tuning *tuning)
{
    struct cn_engine_conv *conv;
    struct cnas_error err;
    want.shape = f->s;
    want.n = f->n;
    want.plain_x = f->shape->plain;
    want.bias = f->shape->bias;
    ck_assert_msg(cn_engine_conv_new(&conv, f->ctx, &want, tuning, &err) == CNAS_OK, "%s", err.text);
    return conv;
}

static struct cn_engine_tuning *no_tuning(void)
{
    struct cn_engine_tuning *t;
    ck_assert_int_eq(cn_engine_tuning_new(&t, NULL, NULL), CNAS_OK);
    return t;
}

/* Forward, both gradients, weights that change, and a number of samples that nobody announced. */
START_TEST(a_layer)
{
    static const size_t some[] = {0, 3, 8, 14, CONV_ODD, CONV_ODD + 2, CONV_ODD + 3};
    const unsigned threads = 1 + (unsigned)_i / 7;
    struct conv_case f = conv_begin(&conv_shapes[some[_i % 7]], CN_ENGINE_F32, threads);
    struct cn_engine_tuning *tuning = no_tuning();
    struct cn_engine_conv *conv = layer(&f, (struct cn_engine_conv_want){0}, tuning);
    struct guarded x = input_x(&f, CN_ENGINE_F32), g = to_blocks(f.y_map, CN_ENGINE_F32, f.g, f.n);
    struct guarded y = guarded_new(value_bytes(f.y_map, CN_ENGINE_F32, f.n)), dx = guarded_new(value_bytes(f.x_map, CN_ENGINE_F32, f.n));
    struct guarded scratch = guarded_new(cn_engine_conv_scratch(conv));
    float *out = floats(f.nx > f.ny ? f.nx : f.ny), *dw = floats(f.nw), *db = floats(f.s.k), *other = floats(f.nw);
    for (size_t i = 0; i < f.nw; i++)
        other[i] = 1;
    cn_engine_conv_weights(conv, other, f.shape->bias ? f.bias : NULL);
    cn_engine_conv_weights(conv, f.w, f.shape->bias ? f.bias : NULL);
    if (threads == 1) /* weights are packed in the scratch */
        ck_assert_uint_eq(cn_engine_conv_memory(conv), f.shape->bias ? cn_engine_channels(f.s.k) * sizeof(float) : 0);
    for (size_t n = f.n; n; n--) {
        guarded_fill(&y);
        cn_engine_conv_forward(conv, y.p, x.p, n, scratch.p);
        from_blocks(f.y_map, CN_ENGINE_F32, out, y.p, n);
        ck_assert_double_lt(distance(out, f.y, f.ny / f.n * n), WINOGRAD);
        guarded_check(&y, value_bytes(f.y_map, CN_ENGINE_F32, n));
        if (!f.shape->plain) {
            cn_engine_conv_backward_data(conv, dx.p, g.p, n, scratch.p);
            from_blocks(f.x_map, CN_ENGINE_F32, out, dx.p, n);
            ck_assert_double_lt(distance(out, f.dx, f.nx / f.n * n), WINOGRAD);
        }
        cnas_conv2d_backward(f.ctx, NULL, 0, f.dw, f.db, f.g, f.x, f.w, n, &f.s);
        cn_engine_conv_backward_weights(conv, dw, f.shape->bias ? db : NULL, g.p, x.p, n, scratch.p);
        ck_assert_double_lt(distance(dw, f.dw, f.nw), WINOGRAD);
        if (f.shape->bias)
            ck_assert_double_lt(distance(db, f.db, f.s.k), WINOGRAD);
    }
    cn_engine_conv_free(&conv);
    ck_assert_ptr_null(conv);
    cn_engine_tuning_free(&tuning);
    struct guarded *all[] = {&x, &g, &y, &dx, &scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        guarded_free(all[i]);
    free(out), free(dw), free(db), free(other);
    conv_end(&f);
}
END_TEST

/* A layer for inference: one pass, and no way for the others. */
START_TEST(inference)
{
    static const size_t some[] = {3, 8, 10, 14, CONV_ODD};
    const enum cn_engine_type type = _i < 5 ? CN_ENGINE_F32 : CN_ENGINE_BF16;
    struct conv_case f = conv_begin(&conv_shapes[some[_i % 5]], type, 2);
    struct cn_engine_tuning *tuning = no_tuning();
    struct cn_engine_conv *conv = layer(&f, (struct cn_engine_conv_want){.type = type, .forward_only = 1}, tuning);
    struct guarded x = input_x(&f, type), y = guarded_new(value_bytes(f.y_map, type, f.n));
    struct guarded scratch = guarded_new(cn_engine_conv_scratch(conv));
    float *out = floats(f.ny);
    ck_assert_ptr_null(cn_engine_conv_data_way(conv));
    ck_assert_ptr_null(cn_engine_conv_weights_way(conv));
    cn_engine_conv_weights(conv, f.w, f.shape->bias ? f.bias : NULL);
    if (strcmp(cn_engine_conv_forward_way(conv), "plain")) /* packed weights are kept */
        ck_assert_uint_ge(cn_engine_conv_memory(conv), f.nw * cn_engine_type_size(type));
    cn_engine_conv_forward(conv, y.p, x.p, f.n, scratch.p);
    from_blocks(f.y_map, type, out, y.p, f.n);
    ck_assert_double_lt(distance(out, f.y, f.ny), type == CN_ENGINE_F32 ? WINOGRAD : HALF);
    cn_engine_conv_free(&conv);
    cn_engine_tuning_free(&tuning);
    guarded_free(&x);
    guarded_free(&y);
    guarded_free(&scratch);
    free(out);
    conv_end(&f);
}
END_TEST

/* All questions of a tuning with other answers: `a` where the answer was a Winograd kernel, else b. Returns how many there are. */
enum { ANSWERS = 8192 };
static int other_answers(char out[ANSWERS], const struct cn_engine_tuning *tuning, const char *a, const char *b)
{
    char *text;
    int lines = 0;
    out[0] = '\0';
    ck_assert_int_eq(cn_engine_tuning_export(tuning, &text), CNAS_OK);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        const char *answer = strstr(line, " = ");
        ck_assert_ptr_nonnull(answer);
        const size_t used = strlen(out);
        snprintf(out + used, ANSWERS - used, "%.*s = %s\n", (int)(answer - line), line, strstr(answer, "wino") ? a : b);
    }
    cn_mem_free(text);
    return lines;
}

/* The choice is an answer of the tuning: forced there, it is taken; measured, it is recorded, and asked for again it is the same.
 */
START_TEST(the_tuning_decides)
{
    struct conv_case f = conv_begin(&conv_shapes[10], CN_ENGINE_F32, 2);
    struct cn_engine_tuning *tuning = no_tuning(), *again = no_tuning();
    struct cn_engine_conv *conv = layer(&f, (struct cn_engine_conv_want){0}, tuning);
    char forced[ANSWERS]; /* what is there, but what was not chosen */
    ck_assert_int_eq(other_answers(forced, tuning, "jit:avx512_core", "jit_wino_4x3:avx512_core"), 3);
    if (cn_engine_dnnl(NULL) && strstr(cn_engine_dnnl_version(cn_engine_dnnl(NULL)), "avx512")) {
        ck_assert_int_eq(cn_engine_tuning_import(again, forced, strlen(forced), NULL), CNAS_OK);
        struct cn_engine_conv *other = layer(&f, (struct cn_engine_conv_want){0}, again);
        ck_assert_str_ne(cn_engine_conv_forward_way(conv), cn_engine_conv_forward_way(other));
        ck_assert_str_ne(cn_engine_conv_data_way(conv), cn_engine_conv_data_way(other));
        ck_assert_str_ne(cn_engine_conv_weights_way(conv), cn_engine_conv_weights_way(other));
        cn_engine_conv_free(&other);
    }
    cn_engine_conv_free(&conv);
    cn_engine_tuning_free(&tuning);
    cn_engine_tuning_free(&again);
    conv_end(&f);
}
END_TEST

/* An answer that means nothing here is measured anew. */
START_TEST(an_unknown_answer_is_replaced)
{
    struct conv_case f = conv_begin(&conv_shapes[0], CN_ENGINE_F32, 2);
    struct cn_engine_tuning *tuning = no_tuning(), *again = no_tuning();
    struct cn_engine_conv *conv = layer(&f, (struct cn_engine_conv_want){0}, tuning);
    char *text, forced[ANSWERS];
    other_answers(forced, tuning, "abacus", "abacus");
    cn_engine_conv_free(&conv);
    ck_assert_int_eq(cn_engine_tuning_import(again, forced, strlen(forced), NULL), CNAS_OK);
    conv = layer(&f, (struct cn_engine_conv_want){0}, again);
    ck_assert_str_ne(cn_engine_conv_forward_way(conv), "abacus");
    ck_assert_uint_eq(cn_engine_tuning_lost(again), 3);
    ck_assert_uint_eq(cn_engine_tuning_lost(tuning), 0);
    cn_engine_conv_free(&conv);
    ck_assert_int_eq(cn_engine_tuning_export(again, &text), CNAS_OK);
    ck_assert_ptr_null(strstr(text, "abacus"));
    cn_mem_free(text);
    cn_engine_tuning_free(&tuning);
    cn_engine_tuning_free(&again);
    conv_end(&f);
}
END_TEST

/* Time, but memory among those that take nearly as long, and of these the first. */
START_TEST(which_is_best)
{
    enum { MIB = 1 << 20 };
    static const struct { double seconds; size_t memory; } all[][4] = {
        {{1, 0}, {0.96, 0}, {2, 0}, {INFINITY, 0}},                          /* within 5 %: the first */
        {{1, 0}, {0.94, 160 * (size_t)MIB}, {2, 0}, {2, 0}},                 /* faster, as far as memory was allowed */
        {{1, 100 * MIB}, {1.04, 20 * MIB}, {1.06, 0}, {1, 200 * MIB}},       /* nearly as fast with less */
        {{1, 23 * MIB}, {1, 21 * MIB}, {1.04, 19 * MIB}, {1, 19 * MIB + 1}}, /* the same, to 4 MiB */
    };
    static const size_t best[] = {0, 1, 1, 2};
    struct cn_engine_conv_way ways[4] = {0};
    for (size_t i = 0; i < 4; i++) {
        ways[i] = (struct cn_engine_conv_way){.seconds = all[_i][i].seconds, .memory = all[_i][i].memory, .next = i < 3 ? &ways[i + 1] : NULL};
        snprintf(ways[i].name, sizeof ways[i].name, "%zu", i);
    }
    ck_assert_uint_eq((size_t)(cn_engine_conv_best(ways) - ways), best[_i]);
}
END_TEST

struct made_up {
    struct cn_engine_conv_way way;
    struct cnas_ctx *poor; /* what it finds no memory in; NULL: it does */
    int runs;
};

static void count_run(struct cn_engine_conv_way *way, const struct cn_engine_conv_call *call)
{
    (void)call;
    struct made_up *m = (struct made_up *)(void *)way;
    m->runs++;
    if (m->poor)
        cn_kernel_out_of_memory(m->poor);
}

/* What takes too much is not even tried, unless all do: then the least of them is. */
START_TEST(too_much_memory)
{
    struct conv_case f = conv_begin(&conv_shapes[0], CN_ENGINE_F32, 2);
    const struct cn_engine_conv_want want = {.shape = f.s, .n = f.n, .bias = f.shape->bias};
    struct cn_engine_conv_packs *packs;
    struct cn_engine_conv_way *best;
    int poor = 0;
    ck_assert_int_eq(cn_engine_conv_packs_new(&packs, cn_engine_channels(f.s.k)), CNAS_OK);
    struct cn_engine_conv_site site = {.ctx = f.ctx, .want = &want, .n = f.n, .pass = CN_ENGINE_CONV_FORWARD, .packs = packs};
    struct made_up b = {.way = {.run = count_run, .memory = (size_t)1 << 20}};
    struct made_up a = {.way = {.run = count_run, .memory = (size_t)1 << 30, .next = &b.way}};
    ck_assert_int_eq(cn_engine_conv_measure(&best, &poor, &a.way, &site), CNAS_OK);
    ck_assert_ptr_eq(best, &b.way);
    ck_assert(!a.runs && b.runs);
    b.way.memory = a.way.memory + 1;
    b.runs = 0;
    ck_assert_int_eq(cn_engine_conv_measure(&best, &poor, &a.way, &site), CNAS_OK);
    ck_assert_ptr_eq(best, &a.way);
    ck_assert(a.runs && !b.runs && !poor);
    cn_engine_conv_packs_free(&packs);
    conv_end(&f);
}
END_TEST

/* Nor is what no memory can be had for, neither beforehand nor in a run, unless there is nothing else. */
START_TEST(no_memory)
{
    struct conv_case f = conv_begin(&conv_shapes[0], CN_ENGINE_F32, 2);
    const struct cn_engine_conv_want want = {.shape = f.s, .n = f.n, .bias = f.shape->bias};
    struct cn_engine_conv_packs *packs;
    struct cn_engine_conv_way *best;
    int poor = 0;
    ck_assert_int_eq(cn_engine_conv_packs_new(&packs, cn_engine_channels(f.s.k)), CNAS_OK);
    struct cn_engine_conv_site site = {.ctx = f.ctx, .want = &want, .n = f.n, .pass = CN_ENGINE_CONV_FORWARD, .packs = packs};
    struct made_up c = {.way = {.run = count_run, .scratch = SIZE_MAX / 2}};
    struct made_up b = {.way = {.run = count_run, .scratch = 100, .next = &c.way}};
    struct made_up a = {.way = {.run = count_run, .next = &b.way}, .poor = f.ctx};
    ck_assert_int_eq(cn_engine_conv_measure(&best, &poor, &a.way, &site), CNAS_OK);
    ck_assert_ptr_eq(best, &b.way);
    ck_assert(a.runs == 1 && b.runs > 1 && !c.runs && poor);
    ck_assert_int_eq(cnas_ctx_status(f.ctx), CNAS_OK);
    b.poor = f.ctx;
    ck_assert_int_eq(cn_engine_conv_measure(&best, &poor, &a.way, &site), CNAS_E_MEMORY);
    ck_assert_int_eq(cnas_ctx_status(f.ctx), CNAS_OK);
    a.way.next = NULL;
    a.way.scratch = SIZE_MAX / 2;
    ck_assert_int_eq(cn_engine_conv_measure(&best, &poor, &a.way, &site), CNAS_E_MEMORY);
    cn_engine_conv_packs_free(&packs);
    conv_end(&f);
}
END_TEST

/* A provider that finds no memory for a way leaves it out, says so, and spoils nothing that is there. */
START_TEST(no_memory_to_make_a_way)
{
    struct conv_case f = conv_begin(&conv_shapes[0], CN_ENGINE_F32, 1);
    struct cn_engine_conv_want want = {.shape = {.c = 1 << 28, .h = 4, .w = 4, .k = 1 << 28, .oh = 4, .ow = 4, .kh = 3, .kw = 3, .stride = 1,
                                                 .pad_y = 1, .pad_x = 1, .dilation = 1, .groups = 1}, .n = 1, .forward_only = 1};
    struct made_up there = {.way = {.run = count_run}};
    struct cn_engine_conv_way *list = &there.way;
    struct cn_engine_conv_packs *packs;
    if (!cn_engine_wino_fits(&want.shape))
        return;
    ck_assert_int_eq(cn_engine_conv_packs_new(&packs, 0), CNAS_OK);
    const struct cn_engine_conv_site site = {.ctx = f.ctx, .want = &want, .n = 1, .pass = CN_ENGINE_CONV_FORWARD, .packs = packs};
    ck_assert_int_eq(cn_engine_conv_wino_ways(&list, &site), CNAS_E_MEMORY);
    ck_assert_ptr_eq(list, &there.way);
    ck_assert_ptr_null(list->next);
    ck_assert_uint_eq(cn_engine_conv_packs_bytes(packs), 0);
    cn_engine_conv_packs_free(&packs);
    conv_end(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/conv layer");
    TCase *t = tcase_create("layer");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, a_layer, 0, 14);
    tcase_add_loop_test(t, inference, 0, 10);
    tcase_add_test(t, the_tuning_decides);
    tcase_add_test(t, an_unknown_answer_is_replaced);
    tcase_add_loop_test(t, which_is_best, 0, 4);
    tcase_add_test(t, too_much_memory);
    tcase_add_test(t, no_memory);
    tcase_add_test(t, no_memory_to_make_a_way);
    suite_add_tcase(suite, t);
    if (cn_engine_block() == 16 && cn_engine_simd_avx2()) {
        t = tcase_create("blocks of 8");
        tcase_set_timeout(t, 60);
        tcase_add_checked_fixture(t, blocks_of_8, NULL);
        tcase_add_loop_test(t, a_layer, 0, 14);
        tcase_add_loop_test(t, inference, 0, 10);
            suite_add_tcase(suite, t);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
