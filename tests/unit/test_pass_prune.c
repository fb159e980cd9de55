/* relu-prune and maxpool-to-avgpool, rule by rule: what goes, and what stays. tests/unit/test_pass_property.c has the laws on random graphs,
 * tests/prune_paper.sh the networks of papers. */
#include "compiler/base/table.h"
#include "compiler/ir/print.h"
#include "compiler/ir/verify.h"
#include "compiler/pass/budget.h"
#include "compiler/pass/pass.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static struct diag *diag;
static struct remarks remarks;

static void setup(void)
{
    arena = arena_new();
    diag = diag_new(arena);
}

static void teardown(void)
{
    arena_free(&arena);
}

/* body: nodes and outputs. The input %x is 4x8x8. */
static const struct ir_graph *read(const char *body)
{
    struct ir_read_error e;
    const char *text = arena_printf(arena, "ir 1 network N %%x = input 4x8x8 %s end", body);
    const struct ir_graph *g = ir_read(arena, text, strlen(text), &e);
    ck_assert_msg(g, "%d:%d: %s", e.line, e.column, e.why);
    return g;
}

static const struct ir_graph *run(const char *pass, const struct ir_graph *g, const char *args)
{
    const struct pass_info *p = pass_find(pass);
    struct pass_args read_args;
    const char *why;
    ir_id node;
    ck_assert(pass_args_read(arena, args, &read_args, &why));
    ck_assert(!p->check || !p->check(arena, &read_args));
    remarks = (struct remarks){.arena = arena};
    struct pass_context c = {.arena = arena, .args = &read_args, .remarks = &remarks, .diag = diag};
    const struct ir_graph *after = p->run(&c, g);
    if (after) {
        why = ir_verify(arena, after, &node);
        ck_assert_msg(!why, "%s", why);
    }
    return after;
}

static const struct ir_graph *prune(const char *args, const char *body)
{
    const struct ir_graph *g = run("prune", read(body), args);
    ck_assert_ptr_nonnull(g);
    return g;
}

/* The names of the ReLUs, in the order of the graph: "a b c". */
static const char *relus(const struct ir_graph *g)
{
    struct text t = text_new(arena);
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (g->nodes[id].op == IR_RELU)
            text_add(&t, "%s%s", t.n ? " " : "", g->nodes[id].name);
    return text_str(&t);
}

static const struct ir_node *named(const struct ir_graph *g, const char *name)
{
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (strcmp(g->nodes[id].name, name) == 0)
            return &g->nodes[id];
    ck_abort_msg("there is no %s", name);
}

static const char *input_of(const struct ir_graph *g, const char *name, uint32_t i)
{
    return g->nodes[named(g, name)->in[i]].name;
}

static bool said(enum remark_kind kind, const char *text)
{
    for (size_t i = 0; i < remarks.list.n; i++)
        if (remarks.list.at[i].kind == kind && strstr(remarks.list.at[i].text, text))
            return true;
    return false;
}

static const char *diagnostics(void)
{
    char *bytes;
    size_t n;
    FILE *f = open_memstream(&bytes, &n);
    diag_print(diag, f, false);
    fclose(f);
    const char *copy = arena_strndup(arena, bytes, n);
    free(bytes);
    return copy;
}

#define CONV(to, from) "%" to " = conv %" from " channels=4 kh=3 kw=3 pad_y=1 pad_x=1 "
#define CONV1(to, from) "%" to " = conv %" from " channels=4 kh=1 kw=1 "
#define HALVE(to, from) "%" to " = conv %" from " channels=4 kh=2 kw=2 stride=2 "
#define BN(to, from) "%" to " = batch_norm %" from " "
#define RELU(to, from) "%" to " = relu %" from " "

/* --- by name, mark and stage --- */

#define CHAIN CONV("c1", "x") RELU("r1", "c1") "prune " CONV("c2", "r1") RELU("r2", "c2") CONV("c3", "r2") RELU("r3", "c3") "keep " \
              HALVE("c4", "r3") RELU("r4", "c4") CONV("c5", "r4") RELU("r5", "c5") "%f = flatten %r5 %l = linear %f features=3 " \
              RELU("r6", "l") "output y = %r6 "

START_TEST(by_arguments)
{
    static const struct {
        const char *args, *left;
    } cases[] = {
        {"", "r2 r3 r4 r5 r6"}, {"marked", "r2 r3 r4 r5 r6"}, {"cull=1", "r3 r4 r5 r6"}, {"cull=8x8", "r3 r4 r5 r6"},
        {"cull=2", "r1 r2 r3 r6"}, {"cull=vectors", "r1 r2 r3 r4 r5"}, {"cull=1,cull=3", "r3 r4 r5"}, {"thin", "r1 r3 r4 r6"},
        {"thin=1", "r1 r3 r4 r5 r6"}, {"thin=4x4", "r1 r2 r3 r4 r6"}, {"marked,thin=2", "r2 r3 r4 r6"}, {"drop=r4", "r1 r2 r3 r5 r6"},
        {"drop=r1,drop=r6", "r2 r3 r4 r5"}, {"keep=r2", "r2 r3"}, {"keep=r1,keep=r6", "r1 r3 r6"}, {"skips", "r1 r2 r3 r4 r5 r6"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(strcmp(relus(prune(cases[i].args, CHAIN)), cases[i].left) == 0, "%s leaves %s, not %s", cases[i].args,
                      relus(prune(cases[i].args, CHAIN)), cases[i].left);
}
END_TEST

START_TEST(what_is_kept_stays)
{
    const struct ir_graph *g = prune("drop=r3", CHAIN);
    ck_assert_str_eq(relus(g), "r1 r2 r3 r4 r5 r6");
    ck_assert(said(REMARK_MISSED, "ReLU `r3` (4x8x8) stays: it is marked @keep"));
    prune("cull=1", CHAIN);
    ck_assert(said(REMARK_MISSED, "ReLU `r3`") && said(REMARK_PASSED, "dropped ReLU `r1` (4x8x8), as all of stage 1 (8x8): 256 ReLUs saved"));
}
END_TEST

START_TEST(a_second_run)
{
    static const char *const same[] = {"", "cull=2", "cull=1,cull=vectors", "keep=r2", "skips"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const struct ir_graph *once = prune(same[i], CHAIN);
        ck_assert_msg(run("prune", once, same[i]) == once, "%s: not idempotent", same[i]);
    }
    run("prune", prune("cull=2", CHAIN), "cull=2");
    ck_assert(said(REMARK_MISSED, "stage 2 (4x4) has no ReLUs"));
    ck_assert_str_eq(relus(run("prune", prune("thin=1", CHAIN), "thin=1")), "r1 r3 r4 r5 r6");
    ck_assert_str_eq(relus(run("prune", prune("thin=2", CHAIN), "thin=2")), "r1 r2 r3 r4 r6");
}
END_TEST

/* Pooled maps have no weights of their own, and so no number. */
START_TEST(stages_without_weights)
{
    static const char *const body = CONV("c1", "x") "%p = avg_pool %c1 kernel=2 stride=2 pad=0 " RELU("r1", "p") "%u = upsample %r1 factor=2 "
                                    CONV("c2", "u") "%q = avg_pool %c2 kernel=8 stride=8 pad=0 " CONV1("c3", "q") RELU("r2", "c3") "output y = %r2 ";
    ck_assert_str_eq(relus(prune("cull=2", body)), "r1");
    ck_assert_str_eq(relus(prune("cull=4x4", body)), "r2");
    ck_assert_ptr_null(run("prune", read(body), "cull=3"));
    ck_assert_ptr_null(run("prune", read("%p = avg_pool %x kernel=2 stride=2 pad=0 " RELU("r", "p") "output y = %r "), "cull=8x8")); /* the input is in none */
    ck_assert_str_eq(diagnostics(), "cnasc: error: relu-prune: network N has no stage 3 [E0823]\n"
                                    "cnasc: note: it has stage 1 (8x8, ReLU layers: 0), stage (4x4, ReLU layers: 1), stage 2 (1x1, ReLU layers: 1)\n"
                                    "cnasc: error: relu-prune: network N has no stage 8x8 [E0823]\n"
                                    "cnasc: note: it has stage (4x4, ReLU layers: 1)\n");
}
END_TEST

START_TEST(wrong_names)
{
    ck_assert_ptr_null(run("prune", read(CHAIN), "drop=c1,drop=nothing_like_it,drop=r1,cull=12x12"));
    ck_assert_ptr_null(run("prune", read(CHAIN), "keep=r1,keep=rr2"));
    ck_assert_str_eq(diagnostics(),
                     "cnasc: error: relu-prune: network N has no ReLU `c1` [E0823]\n"
                     "cnasc: note: `c1` is of operator conv\n"
                     "cnasc: error: relu-prune: network N has no ReLU `nothing_like_it` [E0823]\n"
                     "cnasc: note: its ReLUs are: r1, r2, r3, r4, r5, r6\n"
                     "cnasc: error: relu-prune: network N has no stage 12x12 [E0823]\n"
                     "cnasc: note: it has stage 1 (8x8, ReLU layers: 3), stage 2 (4x4, ReLU layers: 2), stage 3 (vectors, ReLU layers: 1)\n"
                     "cnasc: error: relu-prune: network N has no ReLU `rr2` [E0823]\n"
                     "cnasc: note: did you mean `r2`?\n");
}
END_TEST

START_TEST(budgets_lose_what_goes)
{
    const struct ir_graph *g = prune("cull=1", CHAIN "budget \"all\" limit=9 nodes=all budget \"some\" limit=9 nodes=[%c1 %r1 %r3 %r4] ");
    ck_assert_int_eq(budget_used(g, &g->budgets[0]), 256 + 64 + 64 + 3);
    ck_assert_int_eq(budget_used(g, &g->budgets[1]), 256 + 64);
    ck_assert_str_eq(input_of(g, "c2", 0), "c1");
}
END_TEST

/* --- skips: residual sums --- */

#define WAY(to, from) RELU(to "_r", from) CONV(to, to "_r") /* the core's way, with a ReLU of its own */

START_TEST(a_shortcut_is_linear)
{
    const struct ir_graph *g = prune("skips", CONV("s", "x") WAY("w", "s") RELU("skip", "s") "%a = add %skip %w " RELU("end", "a") "output y = %end ");
    ck_assert_str_eq(relus(g), "w_r end"); /* the ReLU of the sum stays */
    ck_assert_str_eq(input_of(g, "a", 0), "s");
    ck_assert(said(REMARK_PASSED, "dropped ReLU `skip` (4x8x8): what `a` joins with a skip stays linear: 256 ReLUs saved"));
}
END_TEST

START_TEST(a_relu_with_other_readers_stays)
{
    const struct ir_graph *g = prune("skips", CONV("s", "x") RELU("r", "s") CONV("c", "r") RELU("r2", "c") CONV("w", "r2") "%a = add %r %w output y = %a ");
    ck_assert_str_eq(relus(g), "r r2"); /* He et al. have it so */
    ck_assert_str_eq(input_of(g, "a", 0), "r");
    ck_assert(said(REMARK_MISSED, "ReLU `r` (4x8x8) stays before `a`: others read it too, so that no ReLU would be saved"));
    g = prune("skips", CONV("s", "x") WAY("w", "s") RELU("skip", "s") "%a = add %skip %w output y = %a output z = %skip ");
    ck_assert_str_eq(relus(g), "w_r skip");
}
END_TEST

START_TEST(the_core_of_a_sum_stays)
{
    const struct ir_graph *g = prune("skips", CONV("s", "x") WAY("w", "s") RELU("m", "w") "%a = add %s %m output y = %a ");
    ck_assert_str_eq(relus(g), "w_r m");
}
END_TEST

/* Round a convolution without ReLU: it would leave nothing but affine operators. */
START_TEST(a_way_round_nothing_is_no_skip)
{
    const struct ir_graph *g = prune("skips", CONV("s", "x") RELU("r", "s") CONV("w", "s") "%a = add %r %w output y = %a ");
    ck_assert_str_eq(relus(g), "r");
    g = prune("skips", CONV("s", "x") RELU("r", "s") "%p = avg_pool %s kernel=3 stride=1 pad=1 " BN("w", "p") WAY("v", "w") "%a = add %r %w %v output y = %a ");
    ck_assert_str_eq(relus(g), "v_r"); /* round v; w is a skip as well */
}
END_TEST

/* The ReLU of a sum's core counts: it stays. */
START_TEST(the_core_of_another_sum)
{
    ck_assert_str_eq(relus(prune("skips", CONV("z", "x") WAY("b", "z") CONV("c", "b") RELU("m", "c") "%a = add %z %m " CONV("v", "a") RELU("skip", "b")
                                          "%d = add %skip %v output y = %d ")), "b_r m");
}
END_TEST

START_TEST(equal_operands_are_no_skips)
{
    ck_assert_str_eq(relus(prune("skips", CONV("s", "x") RELU("r", "s") RELU("q", "s") "%a = add %s %r %q output y = %a ")), "r q");
}
END_TEST

START_TEST(joins_have_to_agree)
{
    static const char *const both = CONV("s", "x") WAY("w", "s") RELU("skip", "s") "%a = add %skip %w " WAY("v", "a") "%b = add %skip %v output y = %b ";
    static const char *const one = CONV("s", "x") WAY("w", "s") RELU("skip", "s") "%a = add %skip %w " WAY("v", "a") "%b = add %skip %v "
                                   CONV("c", "skip") "%d = add %c %b output y = %d ";
    const struct ir_graph *g = prune("skips", both);
    ck_assert_str_eq(relus(g), "w_r v_r");
    ck_assert_str_eq(input_of(g, "a", 0), "s");
    ck_assert_str_eq(input_of(g, "b", 0), "s");
    g = prune("skips", one);
    ck_assert_str_eq(relus(g), "w_r skip v_r");
    ck_assert_str_eq(input_of(g, "a", 0), "skip"); /* all of it, or nothing */
}
END_TEST

START_TEST(operators_on_the_way_are_made_again)
{
    const struct ir_graph *g = prune("skips", CONV("s", "x") WAY("w", "s") RELU("skip", "s") "%d = dropout %skip rate=0.5 "
                                              "%p = pad %d top=1 bottom=0 left=0 right=0 " RELU("again", "p") "%q = slice %again channel=0 channels=4 row=1 rows=8 column=0 columns=8 "
                                              "%a = add %q %w output y = %a ");
    ck_assert_str_eq(relus(g), "w_r");
    ck_assert_str_eq(input_of(g, "a", 0), "q");
    ck_assert_str_eq(input_of(g, "q", 0), "p");
    ck_assert_str_eq(input_of(g, "p", 0), "d");
    ck_assert_str_eq(input_of(g, "d", 0), "s");
    g = prune("skips", CONV("s", "x") WAY("w", "s") "%p = pad %s top=1 bottom=1 left=1 right=1 " RELU("skip", "p") "%q = slice %skip channel=0 channels=4 row=1 rows=8 column=1 columns=8 "
                                      "%a = add %q %w " CONV("c", "p") "%e = global_avg_pool %c output y = %a output z = %e ");
    ck_assert_str_eq(relus(g), "w_r");
    ck_assert_str_eq(input_of(g, "c", 0), "p"); /* what else reads it is not touched */
    ck_assert_str_eq(input_of(g, "q", 0), "p_2");
}
END_TEST

START_TEST(kept_on_a_skip)
{
    const struct ir_graph *g = prune("skips", CONV("s", "x") WAY("w", "s") RELU("skip", "s") "keep %a = add %skip %w output y = %a ");
    ck_assert_str_eq(relus(g), "w_r skip");
    ck_assert(said(REMARK_MISSED, "ReLU `skip` (4x8x8) stays before `a`: it is marked @keep"));
    g = prune("skips", CONV("t0", "x") WAY("o", "t0") RELU("r0", "t0") RELU("ro", "o") "%cat = concat %r0 %ro " RELU("over", "cat") "keep " CONV1("j", "over") "output y = %j ");
    ck_assert_str_eq(relus(g), "o_r ro over"); /* then it joins nothing: only its skip is linear */
    ck_assert(said(REMARK_MISSED, "ReLU `over` (8x8x8) stays before `j`: it is marked @keep"));
}
END_TEST

/* --- skips: a concat, and a 1x1 convolution that joins it --- */

#define STEM CONV("t0", "x") WAY("t1", "t0") WAY("o", "t1")
#define JOIN "%cat = concat %t0 %o " RELU("over", "cat") CONV1("j", "over") RELU("next", "j") "output y = %next "

START_TEST(a_join_is_linear)
{
    const struct ir_graph *g = prune("skips", STEM JOIN); /* (b) of the paper's figure */
    ck_assert_str_eq(relus(g), "t1_r o_r next");
    ck_assert_str_eq(input_of(g, "j", 0), "cat");
    ck_assert(said(REMARK_PASSED, "dropped ReLU `over` (8x8x8)"));
    /* (c): above the concat. That of the core goes too, and that of the skip is read by the core only. */
    g = prune("skips", CONV("t0", "x") RELU("r0", "t0") CONV("t1", "r0") WAY("o", "t1") RELU("ro", "o") "%cat = concat %r0 %ro " CONV1("j", "cat") "output y = %j ");
    ck_assert_str_eq(relus(g), "r0 o_r");
    ck_assert_str_eq(input_of(g, "cat", 0), "t0");
    ck_assert_str_eq(input_of(g, "cat", 1), "o");
    ck_assert_str_eq(relus(prune("skips", STEM "%cat = concat %t0 %o " RELU("over", "cat") "%d = dropout %over rate=0.5 " RELU("two", "d") CONV1("j", "two") "output y = %j ")), "t1_r o_r");
}
END_TEST

START_TEST(no_join)
{
    static const struct {
        const char *what, *body, *left;
    } cases[] = {
        {"a 3x3 convolution after it", STEM "%cat = concat %t0 %o " RELU("over", "cat") CONV("j", "over") "output y = %j ", "t1_r o_r over"},
        {"a 3x3 convolution without padding", STEM "%cat = concat %t0 %o " RELU("over", "cat") "%j = conv %over channels=4 kh=3 kw=3 output y = %j ", "t1_r o_r over"},
        {"batch norm between", STEM "%cat = concat %t0 %o " BN("n", "cat") RELU("over", "n") CONV1("j", "over") "output y = %j ", "t1_r o_r over"},
        {"the concat has another reader", STEM "%cat = concat %t0 %o " RELU("over", "cat") CONV1("j", "over") CONV1("k", "cat") "%a = add %j %k output y = %a ", "t1_r o_r over"},
        {"the ReLU has another reader", STEM "%cat = concat %t0 %o " RELU("over", "cat") CONV1("j", "over") CONV1("k", "over") "%a = add %j %k output y = %a ", "t1_r o_r over"},
        {"the ReLU is an output", STEM JOIN "output z = %over ", "t1_r o_r over next"},
        {"other channels", STEM "%cat = concat %t0 %o " RELU("over", "cat") "%j = conv %over channels=8 kh=1 kw=1 output y = %j ", "t1_r o_r over"},
        {"a stride", STEM "%cat = concat %t0 %o " RELU("over", "cat") "%j = conv %over channels=4 kh=1 kw=1 stride=2 output y = %j ", "t1_r o_r over"},
        {"a ReLU that is kept", STEM "%cat = concat %t0 %o " RELU("over", "cat") "keep " CONV1("j", "over") "output y = %j ", "t1_r o_r over"},
        {"no skip", CONV("s", "x") WAY("a", "s") WAY("b", "s") "%cat = concat %a %b " RELU("over", "cat") CONV1("j", "over") "output y = %j ", "a_r b_r over"},
        {"a fire module", CONV1("s", "x") RELU("q", "s") CONV1("e1", "q") RELU("r1", "e1") CONV("e3", "q") RELU("r3", "e3") "%cat = concat %r1 %r3 " CONV1("j", "cat") "output y = %j ", "q r1 r3"},
        {"an Inception module", CONV("s", "x") CONV1("b1", "s") RELU("r1", "b1") CONV1("b2", "s") WAY("b3", "b2") RELU("r3", "b3") "%cat = concat %r1 %r3 " CONV1("j", "cat") "output y = %j ", "r1 b3_r r3"},
        {"the only ReLUs are those over joins", CONV("t0", "x") CONV("o1", "t0") "%c1 = concat %t0 %o1 " RELU("r1", "c1") CONV1("t1", "r1") CONV("o2", "t1") "%c2 = concat %t0 %t1 %o2 " RELU("r2", "c2") CONV1("j", "r2") "output y = %j ", "r1 r2"},
        {"the first join's ReLU goes, and then the second layer's only one is over its join", CONV("t0", "x") WAY("o", "t0") "%c1 = concat %t0 %o " RELU("r1", "c1") CONV1("t1", "r1") CONV("p", "t1") "%c2 = concat %t0 %p " RELU("r2", "c2") CONV1("j", "r2") "output y = %j ", "o_r r2"},
        {"the same, with ReLUs below the first join", CONV("t0", "x") RELU("r0", "t0") CONV("o", "r0") RELU("ro", "o") "%c1 = concat %r0 %ro " CONV1("t1", "c1") CONV("p", "t1") "%c2 = concat %t0 %p " RELU("r2", "c2") CONV1("j", "r2") "output y = %j ", "r0 r2"},
        {"DenseNet", CONV("a", "x") RELU("r1", "a") CONV("b", "r1") "%c1 = concat %a %b " RELU("r2", "c1") CONV("d", "r2") "%c2 = concat %c1 %d " RELU("r3", "c2") CONV("e", "r3") "output y = %e ", "r1 r2 r3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(strcmp(relus(prune("skips", cases[i].body)), cases[i].left) == 0, "%s: %s is left, not %s", cases[i].what,
                      relus(prune("skips", cases[i].body)), cases[i].left);
}
END_TEST

START_TEST(a_core_that_would_be_linear)
{
    /* t1 is a function of t0 by a ReLU, but o is an affine one of t1: the ReLU over the concat is o's layer's */
    const struct ir_graph *g = prune("skips", CONV("t0", "x") WAY("t1", "t0") CONV("o", "t1") "%cat = concat %t0 %t1 %o " RELU("over", "cat") CONV1("j", "over") "output y = %j ");
    ck_assert_str_eq(relus(g), "t1_r over");
    ck_assert(said(REMARK_MISSED, "the ReLUs of what `cat` joins stay: without them a layer would be linear"));
}
END_TEST

#define REDUCED(from) CONV("t0", "x") WAY("t1", "t0") HALVE("h0", from) HALVE("h1", "t1") WAY("o", "h1") \
                      "%cat = concat %h0 %o " RELU("over", "cat") CONV1("j", "over") "output y = %j "

START_TEST(across_a_reduction)
{
    ck_assert_str_eq(relus(prune("skips", REDUCED("t0"))), "t1_r o_r");
    ck_assert_str_eq(relus(prune("skips", REDUCED("t1"))), "t1_r o_r"); /* o sees t1 by a ReLU only */
    /* no reduction */
    ck_assert_str_eq(relus(prune("skips", CONV("t0", "x") WAY("t1", "t0") CONV("h0", "t0") CONV("h1", "t1") WAY("o", "h1") "%cat = concat %h0 %o "
                                          RELU("over", "cat") CONV1("j", "over") "output y = %j ")), "t1_r o_r over");
    /* of another map, which o does not depend on */
    ck_assert_str_eq(relus(prune("skips", CONV("t0", "x") WAY("t1", "t0") WAY("u", "t0") HALVE("h0", "u") HALVE("h1", "t1") WAY("o", "h1") "%cat = concat %h0 %o "
                                          RELU("over", "cat") CONV1("j", "over") "output y = %j ")), "t1_r u_r o_r over");
    /* o is an affine function of t0 */
    ck_assert_str_eq(relus(prune("skips", CONV("t0", "x") HALVE("h0", "t0") HALVE("h1", "t0") CONV("o", "h1") "%cat = concat %h0 %o "
                                          RELU("over", "cat") CONV1("j", "over") "output y = %j ")), "over");
}
END_TEST

/* --- maxpool-to-avgpool, and what is said when the function changes --- */

START_TEST(maxima_become_averages)
{
    const struct ir_graph *g = run("avgpool", read(CONV("c", "x") "%p = max_pool %c kernel=3 stride=2 pad=1 %q = global_max_pool %p %a = avg_pool %c kernel=2 stride=2 pad=0 "
                                                   "output y = %q output z = %a budget \"p\" limit=999 nodes=[%p] "), "");
    const struct ir_node *p = named(g, "p"), *q = named(g, "q");
    ck_assert(p->op == IR_AVG_POOL && p->avg_pool.kernel == 3 && p->avg_pool.stride == 2 && p->avg_pool.pad == 1 && p->shape.h == 4);
    ck_assert(q->op == IR_GLOBAL_AVG_POOL && q->shape.c == 4);
    ck_assert(said(REMARK_PASSED, "`p` (4x4x4) takes the average instead of the maximum: 512 ReLU-equivalents saved"));
    ck_assert(said(REMARK_PASSED, "`q` (4) takes the average instead of the maximum: 60 ReLU-equivalents saved"));
    ck_assert_int_eq(budget_used(g, &g->budgets[0]), 0);
    ck_assert_ptr_eq(run("avgpool", g, ""), g);
    ck_assert_uint_eq(remarks.list.n, 0);
}
END_TEST

static const struct ir_graph *pipeline(const char *pass, const char *args, const struct ir_graph *g, struct pass_trace *trace)
{
    struct pass_switch s = {pass_find(pass), true, args};
    struct pass_settings settings = {.switches = &s, .n_switches = 1};
    return pass_all(arena, diag, g, &settings, trace);
}

START_TEST(an_affine_network_is_warned_of)
{
    struct pass_trace trace;
    ck_assert_ptr_nonnull(pipeline("prune", "", read(CONV("c", "x") RELU("r", "c") "prune output y = %r "), &trace));
    ck_assert_ptr_nonnull(pipeline("avgpool", "", read(CONV("c", "x") "%p = max_pool %c kernel=2 stride=2 pad=0 output y = %p "), &trace));
    ck_assert_str_eq(diagnostics(),
                     "cnasc: warning: relu-prune leaves network N no nonlinearity: its output is an affine function of its input [W0008, -Waffine-network]\n"
                     "cnasc: warning: maxpool-to-avgpool leaves network N no nonlinearity: its output is an affine function of its input [W0008, -Waffine-network]\n");
}
END_TEST

START_TEST(a_changed_function_is_said)
{
    struct pass_trace trace;
    ck_assert_ptr_nonnull(pipeline("prune", "marked", read(CHAIN), &trace));
    ck_assert_uint_eq(diag_warnings(diag), 0);
    size_t i = 0;
    while (strcmp(trace.steps[i].pass->name, "relu-prune") != 0)
        i++;
    ck_assert_uint_eq(trace.steps[i].n_remarks, 2);
    ck_assert_str_eq(trace.steps[i].remarks[1].text, "network N computes another function now: train it after this pass, not before");
    ck_assert(i + 1 < trace.n && trace.steps[i + 1].pass > trace.steps[i].pass); /* in the place of pass.def: before relu-shuffle */
    ck_assert_ptr_nonnull(pipeline("prune", "skips", read(CHAIN), &trace));
    ck_assert_uint_eq(trace.steps[i].n_remarks, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pass_prune");
    TCase *t = tcase_create("rules");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, by_arguments);
    tcase_add_test(t, what_is_kept_stays);
    tcase_add_test(t, a_second_run);
    tcase_add_test(t, stages_without_weights);
    tcase_add_test(t, wrong_names);
    tcase_add_test(t, budgets_lose_what_goes);
    tcase_add_test(t, a_shortcut_is_linear);
    tcase_add_test(t, a_relu_with_other_readers_stays);
    tcase_add_test(t, the_core_of_a_sum_stays);
    tcase_add_test(t, a_way_round_nothing_is_no_skip);
    tcase_add_test(t, the_core_of_another_sum);
    tcase_add_test(t, equal_operands_are_no_skips);
    tcase_add_test(t, joins_have_to_agree);
    tcase_add_test(t, operators_on_the_way_are_made_again);
    tcase_add_test(t, kept_on_a_skip);
    tcase_add_test(t, a_join_is_linear);
    tcase_add_test(t, no_join);
    tcase_add_test(t, a_core_that_would_be_linear);
    tcase_add_test(t, across_a_reduction);
    tcase_add_test(t, maxima_become_averages);
    tcase_add_test(t, an_affine_network_is_warned_of);
    tcase_add_test(t, a_changed_function_is_said);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
