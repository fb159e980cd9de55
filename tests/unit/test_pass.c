/* Passes together: what holds of any order of them; budgets are counted and reported. */
#include "compiler/base/table.h"
#include "compiler/ir/print.h"
#include "compiler/ir/verify.h"
#include "compiler/pass/budget.h"
#include "compiler/pass/pass.h"
#include "tests/unit/random_ir.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static void setup(void)
{
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(&arena);
}

static const struct ir_graph *read(const char *text)
{
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(arena, text, strlen(text), &e);
    ck_assert_msg(g, "%d:%d: %s", e.line, e.column, e.why);
    return g;
}

static const char *print(const struct ir_graph *g)
{
    struct text t = text_new(arena);
    ir_print(&t, g);
    return text_str(&t);
}

/* All passes of -O1, whatever the graph asks for. */
static const struct ir_graph *all(const struct ir_graph *g)
{
    struct ir_graph *asks = ARENA_NEW(arena, struct ir_graph);
    struct pass_trace trace;
    *asks = g->whole ? *g->whole : *g;
    asks->n_wishes = 0;
    return pass_all(arena, diag_new(arena), asks, NULL, &trace);
}

START_TEST(pipeline_laws)
{
    uint64_t seed = random_seed();
    for (int i = 0; i < 200; i++, seed++) {
        const struct ir_graph *g = random_graph(arena, seed, 2 + i % 50);
        const char *before = print(g);
        const struct ir_graph *out = all(g);
        ck_assert_msg(strcmp(print(g), before) == 0, "CNAS_SEED=%llu: a pass changed its input", (unsigned long long)seed);
        ck_assert_msg(strcmp(print(all(g)), print(out)) == 0, "CNAS_SEED=%llu: two runs differ", (unsigned long long)seed);
        ck_assert_uint_eq(out->n_outputs, g->n_outputs);
        ck_assert_uint_eq(out->n_budgets, g->n_budgets);
        for (uint32_t k = 0; k < g->n_budgets; k++)
            ck_assert_int_le(budget_used(out, &out->budgets[k]), budget_used(g, &g->budgets[k]));
    }
}
END_TEST

static const char *diagnostics(const struct diag *d)
{
    char *bytes;
    size_t n;
    FILE *f = open_memstream(&bytes, &n);
    diag_print(d, f, false);
    fclose(f);
    const char *copy = arena_strndup(arena, bytes, n);
    free(bytes);
    return copy;
}

#define TWO_RELUS "ir 1 network N %x = input 2x4x4 %a = relu %x at \"n.cnas\":3:5 %n = batch_norm %a %b = relu %n at \"n.cnas\":4:5 output y = %b "

START_TEST(budgets_that_hold)
{
    struct diag *d = diag_new(arena);
    const struct ir_graph *g = read(TWO_RELUS "budget \"N\" limit=64 nodes=all budget \"a\" limit=32 nodes=[%a] budget \"none\" limit=0 nodes=[] end");
    ck_assert_uint_eq(budget_check(arena, d, g, NULL), 0);
    ck_assert_uint_eq(diag_errors(d), 0);
}
END_TEST

START_TEST(broken_budgets)
{
    struct diag *d = diag_new(arena);
    const struct ir_graph *g = read(TWO_RELUS "budget \"network N\" limit=63 nodes=all at \"n.cnas\":1:1 budget \"b\" limit=0 nodes=[%n %b] at \"n.cnas\":2:1 "
                                              "budget \"a\" limit=32 nodes=[%a] end");
    ck_assert_uint_eq(budget_check(arena, d, g, NULL), 2);
    ck_assert_uint_eq(diag_errors(d), 2);
    ck_assert_str_eq(diagnostics(d),
                     "n.cnas:1:1: error: network N needs 64 ReLUs, 1 more than its budget of 63 [E0807]\n"
                     "cnasc: note: the ReLUs of network N by layer:\n"
                     "        layer  result  ReLUs  written at\n"
                     "        a       2x4x4     32  n.cnas:3:5\n"
                     "        b       2x4x4     32  n.cnas:4:5\n"
                     "cnasc: note: the budget is 98.4 % of these ReLUs: channel counts cut to that share would meet it\n"
                     "n.cnas:3:5: note: without this ReLU alone, `a` (2x4x4), it would be met too\n"
                     "n.cnas:2:1: error: b needs 32 ReLUs, 32 more than its budget of 0 [E0807]\n"
                     "cnasc: note: the ReLUs of b by layer:\n"
                     "        layer  result  ReLUs  written at\n"
                     "        b       2x4x4     32  n.cnas:4:5\n"
                     "n.cnas:4:5: note: without this ReLU alone, `b` (2x4x4), it would be met too\n");
}
END_TEST

START_TEST(long_tables_are_cut)
{
    struct text t = text_new(arena);
    text_add(&t, "ir 1 network N %%x0 = input 1000\n");
    for (int i = 1; i <= 40; i++)
        text_add(&t, "%%b%d = batch_norm %%x%d %%x%d = relu %%b%d\n", i, i - 1, i, i);
    text_add(&t, "output y = %%x40 budget \"N\" limit=10 nodes=all end");
    struct diag *d = diag_new(arena);
    ck_assert_uint_eq(budget_check(arena, d, read(text_str(&t)), NULL), 1);
    const char *said = diagnostics(d);
    ck_assert_msg(strstr(said, "N needs 40,000 ReLUs, 39,990 more than its budget of 10"), "%s", said);
    ck_assert_msg(strstr(said, "and 8 more          8,000"), "%s", said);
    ck_assert_msg(!strstr(said, "without this ReLU alone"), "%s", said);
}
END_TEST

START_TEST(numbers)
{
    ck_assert_str_eq(table_number(arena, 0), "0");
    ck_assert_str_eq(table_number(arena, 999), "999");
    ck_assert_str_eq(table_number(arena, 1000), "1,000");
    ck_assert_str_eq(table_number(arena, -1234567), "-1,234,567");
    ck_assert_str_eq(table_number(arena, INT64_MIN), "-9,223,372,036,854,775,808");
    ck_assert_str_eq(table_shorten(arena, "abcdefghij", 10), "abcdefghij");
    ck_assert_str_eq(table_shorten(arena, "abcdefghijk", 10), "abcd..hijk");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pass");
    TCase *t = tcase_create("passes");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, pipeline_laws);
    tcase_add_test(t, budgets_that_hold);
    tcase_add_test(t, broken_budgets);
    tcase_add_test(t, long_tables_are_cut);
    tcase_add_test(t, numbers);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
