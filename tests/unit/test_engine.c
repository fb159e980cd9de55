/* The engine computes what the model's own functions compute: on random graphs and on the golden ones, in both precisions, with values kept
 * and made again, for full and partial batches, in blocks of 16 channels and of 8. */
#include "compiler/ir/print.h"
#include "compiler/ir/rewrite.h"
#include "compiler/oracle/oracle.h"
#include "runtime/engine/tuning.h"
#include "runtime/train/net.h"
#include "tests/support/blocked.h"
#include "tests/support/engine_check.h"
#include "tests/support/random_dag.h"

#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { GRAPHS = 400, GRAPHS_AGAIN = 100 };

/* fp32: rounding and other orders of sums, some digits more where a graph is ill-conditioned (batch norm over few numbers). */
static const double CLOSE = 2e-3;
/* bf16 has 8 bits, and a gradient changes by whole terms where a value near 0 falls on the other side of a ReLU: most graphs are this close. */
static const double CLOSE_BF16 = 0.2;

static struct arena *arena;
static struct cn_engine_tuning *tuning;
static int most_graphs = GRAPHS;

static void narrow(void)
{
    blocks_of_8();
    most_graphs = GRAPHS_AGAIN;
}

static void setup(void)
{
    arena = arena_new();
    ck_assert_int_eq(cn_engine_tuning_new(&tuning, NULL, NULL), CNAS_OK);
}

static void teardown(void)
{
    cn_engine_tuning_free(&tuning);
    arena_free(&arena);
}

static const struct ir_graph *with_output(struct arena *a, const struct ir_graph *g, uint32_t i)
{
    struct ir_graph one = *g;
    one.n_outputs = 1;
    one.outputs = &g->outputs[i];
    const bool *needed = ir_needed(a, &one);
    struct ir_rewrite *r = ir_rewrite_new(a, &one);
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (needed[id])
            ir_rewrite_copy(r, id);
    return ir_rewrite_finish(r);
}

static double worst(const struct engine_gap *gap)
{
    return fmax(fmax(gap->logits, gap->inference), fmax(gap->statistics, gap->gradients));
}

/* A random network for one output of a random graph, and a case for it. */
static const struct cnas_model *random_case(struct engine_case *c, int i, enum cn_engine_type type)
{
    const uint64_t seed = random_seed();
    struct random r = {seed + (uint64_t)i * 7919};
    const struct ir_graph *g = random_dag(arena, &r, 4 + (int)random_below(&r, 30));
    const uint32_t output = (uint32_t)random_below(&r, g->n_outputs);
    struct plan_refusal why;
    const struct plan *p = plan_lower(arena, with_output(arena, g, output), PLAN_CLEAR, &why);
    ck_assert_msg(p != NULL, "graph %d: %s", i, p ? "" : why.text);
    const size_t capacity = 1 + (size_t)random_below(&r, 6);
    *c = (struct engine_case){.type = type, .remake = i % 2, .threads = 1 + (unsigned)(i % 3 == 0), .capacity = capacity,
                              .n = 1 + (size_t)random_below(&r, (int64_t)capacity), .seed = seed + (uint64_t)i, .tuning = tuning};
    return oracle_model(arena, p);
}

static int graphs(void)
{
    const char *count = getenv("CNAS_COUNT");
    return count ? atoi(count) : most_graphs;
}

static void next_arena(void)
{
    arena_free(&arena);
    arena = arena_new();
}

/* ReLU has a kink: a value within a rounding of 0 sends its gradient, or does not. That is chance, so such a case gets other images. */
START_TEST(fp32)
{
    for (int i = 0; i < graphs(); i++) {
        struct engine_case c;
        struct engine_gap gap = {0};
        next_arena();
        const struct cnas_model *m = random_case(&c, i, CN_ENGINE_F32);
        for (int attempt = 0; attempt < 3; attempt++, c.seed += 1000003) {
            const char *wrong = engine_check(arena, m, &c, &gap);
            ck_assert_msg(!wrong, "CNAS_SEED=%" PRIu64 ", graph %d: %s", random_seed(), i, wrong);
            if (worst(&gap) < CLOSE)
                break;
        }
        ck_assert_msg(worst(&gap) < CLOSE, "CNAS_SEED=%" PRIu64 ", graph %d, %zu of %zu images: logits %.1e inference %.1e statistics %.1e gradients %.1e (%s)",
                      random_seed(), i, c.n, c.capacity, gap.logits, gap.inference, gap.statistics, gap.gradients, gap.gradient_of);
    }
}
END_TEST

START_TEST(bf16)
{
    int close = 0;
    for (int i = 0; i < graphs(); i++) {
        struct engine_case c;
        struct engine_gap gap = {0};
        next_arena();
        const char *wrong = engine_check(arena, random_case(&c, i, CN_ENGINE_BF16), &c, &gap);
        ck_assert_msg(!wrong, "CNAS_SEED=%" PRIu64 ", graph %d: %s", random_seed(), i, wrong);
        close += worst(&gap) < CLOSE_BF16;
    }
    printf("bf16: %d of %d graphs within %g\n", close, graphs(), CLOSE_BF16);
    ck_assert_int_ge(100 * close, 90 * graphs());
}
END_TEST

/* Maps of more tiles than one group of the Winograd kernels, so that a convolution reads rows again which it wrote before: blocks in which
 * the convolution's operand is the residual too, whose gradient both add to. */
START_TEST(large_maps)
{
    static const size_t size[][3] = {{3, 24, 32}, {17, 33, 29}, {16, 40, 13}};
    const size_t c = size[_i][0], h = size[_i][1], w = size[_i][2];
    struct ir_read_error error;
    struct plan_refusal why;
    struct text t = text_new(arena);
    char map[64], conv[192];
    snprintf(map, sizeof map, "-> %zux%zux%zu", c, h, w);
    snprintf(conv, sizeof conv, "channels=%zu kh=3 kw=3 stride=1 pad_y=1 pad_x=1 dilation=1 groups=1 bias=false %s", c, map);
    text_add(&t, "ir 1\nnetwork R\n%%x = input 2x%zux%zu\n%%a = conv %%x %s\n", h, w, conv);
    text_add(&t, "%%b = batch_norm %%a epsilon=1e-05 decay=0.9 %s\n%%c = relu %%b %s\n", map, map);
    text_add(&t, "%%d = conv %%c %s\n%%e = batch_norm %%d epsilon=1e-05 decay=0.9 %s\n", conv, map);
    text_add(&t, "%%f = add %%c %%e %s\n%%g = relu %%f %s\n", map, map);
    text_add(&t, "%%h = global_avg_pool %%g -> %zu\n%%i = linear %%h features=3 bias=true -> 3\noutput logits = %%i\nend\n", c);
    const struct ir_graph *g = ir_read(arena, text_str(&t), t.n, &error);
    ck_assert_msg(g != NULL, "line %d: %s", g ? 0 : error.line, g ? "" : error.why);
    const struct plan *p = plan_lower(arena, g, PLAN_CLEAR, &why);
    ck_assert_msg(p != NULL, "%s", p ? "" : why.text);
    const struct cnas_model *m = oracle_model(arena, p);
    for (int remake = 0; remake < 2; remake++) {
        struct engine_case k = {.type = CN_ENGINE_F32, .remake = remake, .threads = 2, .capacity = 3, .n = 3, .seed = 1, .tuning = tuning};
        struct engine_gap gap = {0};
        for (; k.seed <= 3; k.seed++) {
            const char *wrong = engine_check(arena, m, &k, &gap);
            ck_assert_msg(!wrong, "%s", wrong);
            if (worst(&gap) < CLOSE)
                break;
        }
        ck_assert_msg(worst(&gap) < CLOSE, "logits %.1e inference %.1e statistics %.1e gradients %.1e (%s)", gap.logits, gap.inference,
                      gap.statistics, gap.gradients, gap.gradient_of);
    }
}
END_TEST

/* What one run chose another one takes over, whatever this machine remembers or would measure. */
START_TEST(choices)
{
    struct cnas_ctx *ctx;
    struct engine_case c;
    struct cnas_error err;
    struct cn_train_net *one, *two;
    struct cn_train_net_want want = {.engine = CNAS_ENGINE_DNNL, .training = 1, .batch = 2};
    const struct cnas_model *m = random_case(&c, 3, CN_ENGINE_F32);
    ck_assert_int_eq(cnas_ctx_new(&ctx, 1), CNAS_OK);
    const enum cnas_status status = cn_train_net_new(&one, ctx, m, &want, &err);
    if (status == CNAS_E_RANGE) { /* no oneDNN here: said, and nothing else happens */
        ck_assert_str_ne(err.text, "");
    } else {
        ck_assert_int_eq(status, CNAS_OK);
        want.choices = cn_train_net_choices(one);
        want.engine = CNAS_ENGINE_AUTO;
        ck_assert_int_eq(cn_train_net_new(&two, ctx, m, &want, &err), CNAS_OK);
        ck_assert_str_eq(cn_train_net_choices(two), cn_train_net_choices(one));
        ck_assert(cn_train_net_is_engine(two));
        cn_train_net_free(&two);
    }
    cn_train_net_free(&one);
    want.choices = "portable\n";
    want.engine = CNAS_ENGINE_AUTO;
    ck_assert_int_eq(cn_train_net_new(&two, ctx, m, &want, &err), CNAS_OK);
    ck_assert(!cn_train_net_is_engine(two));
    cn_train_net_free(&two);
    want.choices = "steam\n";
    ck_assert_int_eq(cn_train_net_new(&two, ctx, m, &want, &err), CNAS_E_FORMAT);
    cnas_ctx_free(&ctx);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine");
    TCase *t = tcase_create("random graphs");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 600);
    tcase_add_test(t, fp32);
    tcase_add_test(t, bf16);
    tcase_add_loop_test(t, large_maps, 0, 3);
    tcase_add_test(t, choices);
    suite_add_tcase(s, t);
    if (cn_engine_block() == 16 && cn_engine_simd_avx2()) {
        t = tcase_create("blocks of 8");
        tcase_add_checked_fixture(t, narrow, NULL);
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 600);
        tcase_add_test(t, fp32);
        tcase_add_test(t, bf16);
        tcase_add_loop_test(t, large_maps, 0, 3);
        suite_add_tcase(s, t);
    }
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
