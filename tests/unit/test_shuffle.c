/* ReLU shuffling, rule by rule: what it does, what it saves, and what it leaves alone. That it keeps the function is tested on
 * random graphs, in test_pass_property.c. A and B are maps of 2x4x4 = 32 numbers that may be negative. */
#include "compiler/pass/budget.h"
#include "compiler/pass/cut.h"
#include "compiler/pass/range.h"
#include "tests/unit/pass_text.h"
#include "tests/unit/random_ir.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "ir 1 network N %x = input 2x4x4 mean=[0.5 0.5] std=[1 1] "
#define A "%a = conv %x channels=2 kh=1 kw=1 "
#define B "%b = conv %x channels=2 kh=1 kw=1 "
#define SHUFFLE(text) pass_over(pass_shuffle, HEAD text " end", NULL)
#define GIVES(text, want) pass_gives(pass_shuffle, HEAD text " end", HEAD want " end")
#define LEAVES(text) pass_leaves(pass_shuffle, HEAD text " end")

/* --- merging --- */

START_TEST(merges_equal_and_repeated)
{
    GIVES(A "%r = relu %a %s = relu %a %t = relu %s %y = add %r %s %t output y = %y",
          A "%r = relu %a %y = add %r %r %r output y = %y");
}
END_TEST

START_TEST(drops_what_is_never_negative)
{
    GIVES(A "%r = relu %a %p = avg_pool %r kernel=2 stride=2 %s = relu %p output y = %s",
          A "%r = relu %a %p = avg_pool %r kernel=2 stride=2 output y = %p");
    GIVES(A B "%r = relu %a %q = square %b %s = add %r %q %t = relu %s output y = %t",
          A B "%r = relu %a %q = square %b %s = add %r %q output y = %s");
    GIVES(A "%r = relu %a %m = max_pool %r kernel=2 stride=1 pad=1 %s = relu %m output y = %s",
          A "%r = relu %a %m = max_pool %r kernel=2 stride=1 pad=1 output y = %m");
    GIVES(A "%r = relu %a keep %u = upsample %r factor=2 %p = pad %u top=1 %s = relu %p output y = %s",
          A "%r = relu %a keep %u = upsample %r factor=2 %p = pad %u top=1 output y = %p");
}
END_TEST

START_TEST(keeps_what_may_be_negative)
{
    LEAVES("%r = relu %x output y = %r");
    ck_assert_int_eq(pass_relus(SHUFFLE(A B "%r = relu %a %c = concat %b %r %s = relu %c output y = %s")), 64);
    LEAVES(A "%r = relu %a %s = add %r %a %t = relu %s output y = %t");
    LEAVES(A "%r = relu %a %n = batch_norm %r %t = relu %n output y = %t");
    LEAVES(A "%r = relu %a %n = poly2 %r %t = relu %n output y = %t");
    pass_leaves(pass_shuffle, "ir 1 network N %x = input 2 %r = relu %x output y = %r end"); /* not only of pixels */
}
END_TEST

START_TEST(ranges)
{
    const struct ir_graph *g = pass_read(
        "ir 1 network N %x = input 2x4x4 mean=[0.5 0.25] std=[0.5 0.25] %p = pad %x top=1 %s = square %x %a = add %s %x "
        "%r = relu %a %c = concat %r %x %v = conv %c channels=2 kh=1 kw=1 %q = square %v %m = avg_pool %q kernel=2 stride=2 "
        "%l = relu %v %f = flatten %l %g = argmax %f output y = %g output z = %p output w = %m end");
    const struct range *r = range_infer(pass_arena, g);
    const struct {
        const char *name;
        double low, high;
        bool never_negative;
    } want[] = {{"x", -1, 3, false},
                {"p", -1, 3, false},
                {"s", 0, 9, true},
                {"a", -1, 12, false},
                {"r", 0, 12, true},
                {"c", -1, 12, false},
                {"v", -INFINITY, INFINITY, false},
                {"q", 0, INFINITY, true},
                {"m", 0, INFINITY, true},
                {"l", 0, INFINITY, true},
                {"g", 0, 31, true}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const ir_id id = (ir_id)(pass_named(g, want[i].name) - g->nodes);
        ck_assert_msg(r[id].low == want[i].low && r[id].high == want[i].high && r[id].never_negative == want[i].never_negative,
                      "%s: %g..%g", want[i].name, r[id].low, r[id].high);
    }
    r = range_infer(pass_arena, pass_read("ir 1 network N %x = input 4 output y = %x end"));
    ck_assert(r[0].low == 0 && r[0].high == 1);
}
END_TEST

/* --- up --- */

START_TEST(moves_above_concat)
{
    /* a's ReLU is there already: 32 + 64 become 32 + 32 */
    GIVES(A B "%r = relu %a %c = concat %a %b %s = relu %c %d = conv %r channels=4 kh=1 kw=1 %y = add %d %s output y = %y",
          A "%r = relu %a " B "%s = relu %b %c = concat %r %s %d = conv %r channels=4 kh=1 kw=1 %y = add %d %c output y = %y");
    /* a third reader */
    const struct ir_graph *g =
        SHUFFLE(A B "%c = concat %a %b %r = relu %c %d = concat %b %a %s = relu %d %y = add %r %s output y = %y");
    ck_assert_int_eq(pass_relus(g), 64);
}
END_TEST

START_TEST(moves_above_what_copies)
{
    static const char *const clear[] = {
        "flatten %a",
        "reshape %a c=4 h=4 w=2",
        "pad %a top=1",
        "upsample %a factor=2",
        "dropout %a rate=0.5",
        "concat %a",
        "subsample %a stride=2",
        "max_pool %a kernel=2 stride=2",
        "global_max_pool %a",
        "slice %a channels=1 rows=4 columns=4",
    };
    for (size_t i = 0; i < sizeof clear / sizeof *clear; i++) {
        const char *text = arena_printf(pass_arena, "%s %%c = %s %%r = relu %%a %%s = relu %%c output y = %%r output z = %%s end",
                                        HEAD A, clear[i]);
        const struct ir_graph *g = pass_over(pass_shuffle, text, NULL);
        const struct ir_node *c = pass_named(g, "c");
        ck_assert_msg(c && c->in[0] == g->outputs[0].node && g->nodes[c->in[0]].op == IR_RELU && !pass_named(g, "s"), "%s",
                      pass_print(g));
    }
}
END_TEST

START_TEST(does_not_move_above_what_computes)
{
    static const char *const opaque[] = {
        "add %a %a", "avg_pool %a kernel=2 stride=2",       "global_avg_pool %a", "conv %a channels=2 kh=1 kw=1", "batch_norm %a",
        "poly2 %a",  "max_pool %a kernel=2 stride=1 pad=1",
    };
    for (size_t i = 0; i < sizeof opaque / sizeof *opaque; i++) {
        const char *text = arena_printf(pass_arena, "%s %%c = %s %%r = relu %%a %%s = relu %%c output y = %%r output z = %%s end",
                                        HEAD A, opaque[i]);
        pass_leaves(pass_shuffle, text);
    }
}
END_TEST

START_TEST(leaves_what_would_not_get_cheaper)
{
    LEAVES(A B "%c = concat %a %b %r = relu %c output y = %r");
    LEAVES(A "%c = flatten %a %r = relu %c output y = %r");
    LEAVES(A "%c = slice %a channels=1 rows=4 columns=4 %r = relu %c output y = %r");
    LEAVES(A "%c = slice %a channels=1 rows=4 columns=4 %r = relu %c %d = slice %a channel=1 channels=1 rows=4 columns=4 %s = "
             "relu %d output y = %r output z = %s");
    LEAVES(A "%c = concat %a %a %f = flatten %c %r = relu %f keep output y = %r");
}
END_TEST

START_TEST(many_parts_pay_for_the_whole)
{
    /* Two rows of three, of four: 16 + 24 more than the whole 32. */
    const struct ir_graph *g = SHUFFLE(
        A "%c = slice %a channels=2 rows=2 columns=4 %r = relu %c %d = slice %a channels=2 row=1 rows=3 columns=4 %s = relu %d "
          "output y = %r output z = %s");
    ck_assert_int_eq(pass_relus(g), 32);
    ck_assert_str_eq(g->nodes[g->outputs[0].node].name, "c");
    ck_assert_str_eq(g->nodes[g->outputs[1].node].name, "d");
}
END_TEST

/* --- down --- */

START_TEST(moves_to_where_less_is_left)
{
    GIVES(A "%r = relu %a %m = max_pool %r kernel=2 stride=2 output y = %m",
          A "%m = max_pool %a kernel=2 stride=2 %r = relu %m output y = %r");
    GIVES(A "%r = relu %a %m = global_max_pool %r output y = %m", A "%m = global_max_pool %a %r = relu %m output y = %r");
    GIVES(A "%r = relu %a %m = subsample %r stride=2 output y = %m", A "%m = subsample %a stride=2 %r = relu %m output y = %r");
    GIVES(A "%r = relu %a %m = pad %r top=-1 output y = %m", A "%m = pad %a top=-1 %r = relu %m output y = %r");
    GIVES(A "%r = relu %a %m = slice %r channels=1 rows=4 columns=4 output y = %m",
          A "%m = slice %a channels=1 rows=4 columns=4 %r = relu %m output y = %r");
    GIVES(A "%u = upsample %a factor=3 %r = relu %u output y = %r", A "%r = relu %a %u = upsample %r factor=3 output y = %u");
    GIVES(A "%u = pad %a left=1 %r = relu %u output y = %r", A "%r = relu %a %u = pad %r left=1 output y = %u");
    GIVES(A "%u = pad %a left=4 %m = max_pool %u kernel=2 stride=2 %r = relu %m output y = %r",
          A "%u = pad %a left=4 %m = max_pool %u kernel=2 stride=2 %r = relu %m output y = %r");
    LEAVES(A "%r = relu %a %m = max_pool %r kernel=2 stride=1 pad=1 output y = %m"); /* private inference needs it there */
    LEAVES(A "%r = relu %a %m = max_pool %r kernel=2 stride=2 output y = %m output z = %r"); /* needed there too */
}
END_TEST

START_TEST(one_maximum_of_two)
{
    const char *text = HEAD A
        "%r = relu %a %m = max_pool %r kernel=2 stride=2 %n = max_pool %a kernel=2 stride=2 output y = %m output z = %n end";
    const struct ir_graph *g = pass_over(pass_shuffle, text, NULL);
    ck_assert_int_eq(pass_relus(pass_read(text)), 32 + 2 * 8 * 3);
    ck_assert_int_eq(pass_relus(g), 8 + 8 * 3);
    /* Never a second one for the sake of a ReLU that costs less. */
    LEAVES(A "%m = max_pool %a kernel=2 stride=2 %r = relu %a %s = relu %m output y = %m output z = %s output w = %r");
}
END_TEST

START_TEST(dropout_chooses_once)
{
    LEAVES(A "%d = dropout %a rate=0.5 %r = relu %a %s = relu %d output y = %d output z = %s output w = %r");
    /* two that look alike choose differently, of one ReLU */
    GIVES(A "%d = dropout %a rate=0.5 %e = dropout %a rate=0.5 %r = relu %d %s = relu %e output y = %r output z = %s",
          A "%r = relu %a %d = dropout %r rate=0.5 %e = dropout %r rate=0.5 output y = %d output z = %e");
    GIVES(A "%d = dropout %a rate=0.5 %r = relu %a %s = relu %d output z = %s output w = %r",
          A "%r = relu %a %d = dropout %r rate=0.5 output z = %d output w = %r");
}
END_TEST

START_TEST(best_of_all_at_once)
{
    /* ReLUs of concat(a, b), of concat(b, c) and of b: three of them, and no greedy step alone makes it so. */
    const struct ir_graph *g = SHUFFLE(
        A B "%c = conv %x channels=2 kh=1 kw=1 %d = concat %a %b %e = concat %b %c %r = relu %d %s = relu %e %t = relu %b "
            "output y = %r output z = %s output w = %t");
    ck_assert_int_eq(pass_relus(g), 96);
    /* One row of each of two maps, of their concat, and the concat itself. */
    g = SHUFFLE(A B "%d = concat %a %b %e = slice %d channels=4 rows=1 columns=4 %f = slice %e channel=1 channels=2 columns=4 %r "
                    "= relu %f %s = relu %e "
                    "output y = %r output z = %s");
    ck_assert_int_eq(pass_relus(g), 16);
}
END_TEST

/* --- marks and budgets --- */

START_TEST(kept_relus_stay)
{
    LEAVES(A "%r = relu %a keep %m = max_pool %r kernel=2 stride=2 output y = %m");
    LEAVES(A B "%r = relu %a keep %c = concat %a %b %s = relu %c keep output y = %r output z = %s");
    LEAVES(A "%r = relu %a keep %s = relu %r keep output y = %s");
    GIVES(A "%r = relu %a %s = relu %a keep %y = add %r %s output y = %y", A "%s = relu %a keep %y = add %s %s output y = %y");
    GIVES(A B "%r = relu %a %c = concat %r %b %s = relu %c keep %t = relu %c %y = add %s %t output y = %y output z = %r",
          A "%r = relu %a " B "%c = concat %r %b %s = relu %c keep %y = add %s %s output y = %y output z = %r");
}
END_TEST

START_TEST(equal_places_stay_as_written)
{
    /* s goes; t might as well stand behind flatten, and does not move though its part of the network changes. */
    const struct ir_graph *g =
        SHUFFLE(A B "%e = conv %x channels=2 kh=1 kw=1 %r = relu %a %c = concat %a %b %s = relu %c %t = relu %e "
                    "%f = flatten %t %h = concat %a %e output y = %r output z = %s output w = %f output v = %h");
    ck_assert_int_eq(pass_relus(g), 32 + 32 + 32);
    const struct ir_node *f = pass_named(g, "f");
    ck_assert(f && f->op == IR_FLATTEN && g->nodes[f->in[0]].op == IR_RELU);
    ck_assert_str_eq(g->nodes[f->in[0]].name, "t");
}
END_TEST

START_TEST(maxima_that_turn_out_twice)
{
    /* Of n, one number is wanted next to one of d. Its ReLU is cheapest there, but then the maximum is there without ReLU, and so
     * should not be there with it: its ReLU behind it costs 8, another maximum 24. */
    const struct ir_graph *g =
        SHUFFLE(A "%d = conv %x channels=20 kh=3 kw=3 stride=1 %d2 = conv %d channels=20 kh=1 kw=1 %r = relu %a "
                  "%m = max_pool %r kernel=2 stride=2 %n = max_pool %a kernel=2 stride=2 %c = concat %n %d2 "
                  "%p = slice %c channel=1 channels=2 rows=1 columns=1 %s = relu %p output y = %m output z = %s output w = %r");
    ck_assert_int_eq(pass_relus(g), 32 + 24 + 8 + 2);
}
END_TEST

START_TEST(kept_relus_make_others_bare)
{
    /* Once r is k, the concat is no mixture any more, and the maximum need not be there with and without ReLU. */
    const struct ir_graph *g = SHUFFLE(
        A "%k = relu %a keep %v = conv %k channels=4 kh=1 kw=1 %r = relu %a %c = concat %r %v %m = max_pool %c kernel=1 stride=1 "
          "%s = relu %m %y = add %m %s output y = %y");
    ck_assert_int_eq(pass_relus(g), 32 + 64);
}
END_TEST

START_TEST(prune_needs_all)
{
    ck_assert(!pass_named(SHUFFLE(A "%r = relu %a prune %s = relu %a %y = add %r %s output y = %y"), "r")->prune);
    ck_assert(pass_named(SHUFFLE(A "%r = relu %a prune %s = relu %a prune %y = add %r %s output y = %y"), "r")->prune);
    const struct ir_graph *g = SHUFFLE(
        A B "%r = relu %a %c = concat %a %b %s = relu %c prune %y = conv %s channels=2 kh=1 kw=1 %z = add %r %y output y = %z");
    ck_assert(!pass_named(g, "r")->prune);
    ck_assert(pass_named(g, "s")->prune);
    g = SHUFFLE(A B "%r = relu %a prune %s = relu %b %c = concat %r %s %m = max_pool %c kernel=2 stride=2 output y = %m");
    for (ir_id id = 0; id < g->n_nodes; id++)
        ck_assert(!g->nodes[id].prune);
    g = SHUFFLE(A B "%r = relu %a %c = concat %r %b %s = relu %c prune output y = %s");
    ck_assert(!pass_named(g, "r") && !pass_named(g, "s")->prune); /* s is r as well, which may not */
}
END_TEST

START_TEST(budgets_follow)
{
    const struct ir_graph *g = SHUFFLE(
        A B "%r = relu %a %c = concat %a %b %s = relu %c %d = conv %r channels=4 kh=1 kw=1 %y = add %d %s output y = %y "
            "budget \"first\" limit=99 nodes=[%a %r] budget \"second\" limit=99 nodes=[%c %s] budget \"all\" limit=99 nodes=all");
    ck_assert_int_eq(budget_used(g, &g->budgets[0]), 32);
    ck_assert_int_eq(budget_used(g, &g->budgets[1]), 32);
    ck_assert_int_eq(budget_used(g, &g->budgets[2]), 64);
}
END_TEST

START_TEST(no_budget_has_more)
{
    /* The whole of 32 instead of 16 and 24 would count where the 24 did. */
    LEAVES(A "%c = slice %a channels=2 rows=2 columns=4 %r = relu %c %d = slice %a channels=2 row=1 rows=3 columns=4 %s = relu "
             "%d output y = %r output z = %s "
             "budget \"some\" limit=24 nodes=[%d %s]");
}
END_TEST

/* --- remarks --- */

START_TEST(tells)
{
    const char *said;
    pass_over(pass_shuffle,
              HEAD A B "%r = relu %a %c = concat %a %b at \"n.cnas\":7:3 %s = relu %c %d = conv %r channels=4 kh=1 kw=1 %y = add "
                       "%d %s output y = %y end",
              &said);
    ck_assert_str_eq(said,
                     "pass 32 moved ReLU `s` above concat at n.cnas:7:3: 32 ReLUs saved, now evaluated once for 2 readers\n");
    pass_over(pass_shuffle, HEAD A "%r = relu %a %s = relu %a %t = relu %s %y = add %r %t output y = %y end", &said);
    ck_assert_str_eq(said, "pass 32 ReLU `s` is `r`, which is evaluated once for both: 32 ReLUs saved\n"
                           "pass 32 ReLU `t` is `r`, which is evaluated once for both: 32 ReLUs saved\n");
    pass_over(
        pass_shuffle,
        HEAD A
        "%r = relu %a %m = max_pool %r kernel=2 stride=2 %n = max_pool %a kernel=2 stride=2 output y = %m output z = %n end",
        &said);
    ck_assert_str_eq(said, "pass 24 moved ReLU `r` below max_pool: 24 ReLUs saved\n"
                           "pass 24 max_pool `n` is computed once for `m` too: 24 comparisons saved\n");
    pass_over(pass_shuffle,
              HEAD A "%r = relu %a %m = max_pool %r kernel=2 stride=2 at \"n.cnas\":2:1 %s = relu %m output y = %s end", &said);
    ck_assert_str_eq(said, "pass 32 dropped ReLU `r`, since its readers have their own: 32 ReLUs saved\n");
    pass_over(pass_shuffle, HEAD A "%r = relu %a keep %p = avg_pool %r kernel=2 stride=2 %s = relu %p output y = %s end", &said);
    ck_assert_str_eq(said, "pass 8 dropped ReLU `s`, since its input is never negative: 8 ReLUs saved\n");
}
END_TEST

START_TEST(tells_why_not)
{
    const char *said;
    pass_over(pass_shuffle,
              HEAD A B "%c = concat %a %b %r = relu %c %d = add %a %b %s = relu %d %t = relu %c keep %u = flatten %r output y = "
                       "%u output z = %s "
                       "output w = %t end",
              &said);
    ck_assert_str_eq(said, "pass 64 ReLU `r` is `t`, which is evaluated once for both: 64 ReLUs saved\n"
                           "pass-missed 0 ReLU `t` stays: it is marked @keep\n"
                           "pass-missed 0 ReLU `s` not moved above add: the ReLU of a sum is not the sum of ReLUs\n");
    pass_over(pass_shuffle, HEAD A B "%c = concat %a %b at \"n.cnas\":1:2 %r = relu %c output y = %r end", &said);
    ck_assert_str_eq(said, "pass-missed 0 ReLU `r` not moved above concat at n.cnas:1:2: that would save none\n");
    pass_over(pass_shuffle,
              HEAD A "%c = slice %a channels=2 rows=2 columns=4 %r = relu %c %d = slice %a channels=2 row=1 rows=3 columns=4 %s "
                     "= relu %d output y = %r "
                     "output z = %s budget \"block b\" limit=24 nodes=[%d %s] end",
              &said);
    ck_assert_str_eq(
        said, "pass-missed 0 ReLU `r` stays: shared with others, it would count in block b, which has a budget of its own\n"
              "pass-missed 0 ReLU `s` stays: shared with others, it would count in block b, which has a budget of its own\n");
}
END_TEST

/* --- the cheapest cut --- */

/* Every way from a source to a sink is cut, and no tolls are counted. */
static bool is_cut(uint32_t n, const bool *edge, const bool *source, const bool *sink, unsigned set)
{
    unsigned reached = 0;
    for (uint32_t v = 0; v < n; v++) { /* edges lead to larger numbers */
        bool here = source[v];
        for (uint32_t w = 0; w < v; w++)
            here |= edge[w * n + v] && (reached >> w & 1);
        if (here && !(set >> v & 1)) {
            if (sink[v])
                return false;
            reached |= 1u << v;
        }
    }
    return true;
}

START_TEST(cheapest_cut)
{
    enum { MOST = 9 };
    struct random r = {random_seed()};
    for (int round = 0; round < 300; round++) {
        const uint32_t n = 2 + (uint32_t)random_below(&r, MOST - 1);
        bool edge[MOST * MOST] = {0}, source[MOST], sink[MOST];
        int64_t cost[MOST], best = INT64_MAX, got = 0;
        struct cut *c = cut_new(pass_arena, n);
        for (uint32_t v = 0; v < n; v++) {
            cut_cost(c, v, cost[v] = 1 + random_below(&r, 20));
            if ((source[v] = random_below(&r, 3) == 0))
                cut_source(c, v);
            if ((sink[v] = random_below(&r, 3) == 0))
                cut_sink(c, v);
            for (uint32_t w = v + 1; w < n; w++)
                if ((edge[v * n + w] = random_below(&r, 3) == 0))
                    cut_edge(c, v, w);
        }
        const bool *chosen = cut_solve(c);
        unsigned set = 0;
        for (uint32_t v = 0; v < n; v++) {
            set |= (unsigned)chosen[v] << v;
            got += chosen[v] ? cost[v] : 0;
        }
        ck_assert(is_cut(n, edge, source, sink, set));
        for (unsigned other = 0; other < 1u << n; other++) {
            int64_t sum = 0;
            for (uint32_t v = 0; v < n; v++)
                sum += other >> v & 1 ? cost[v] : 0;
            if (sum < best && is_cut(n, edge, source, sink, other))
                best = sum;
        }
        ck_assert_int_eq(got, best);
    }
}
END_TEST

START_TEST(cut_with_a_toll)
{
    for (int64_t price = 1; price < 6; price++) { /* 0 costs 5, 1 behind it costs 2 */
        struct cut *c = cut_new(pass_arena, 2);
        cut_cost(c, 0, 5);
        cut_cost(c, 1, 2);
        cut_source(c, 0);
        cut_edge(c, 0, 1);
        cut_sink(c, 1);
        cut_toll(c, 0, price);
        const bool *chosen = cut_solve(c);
        ck_assert(chosen[0] == (price >= 3) && chosen[1] == (price < 3));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shuffle");
    TCase *t = tcase_create("shuffle");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, pass_setup, pass_teardown);
    tcase_add_test(t, merges_equal_and_repeated);
    tcase_add_test(t, drops_what_is_never_negative);
    tcase_add_test(t, keeps_what_may_be_negative);
    tcase_add_test(t, ranges);
    tcase_add_test(t, moves_above_concat);
    tcase_add_test(t, moves_above_what_copies);
    tcase_add_test(t, does_not_move_above_what_computes);
    tcase_add_test(t, leaves_what_would_not_get_cheaper);
    tcase_add_test(t, many_parts_pay_for_the_whole);
    tcase_add_test(t, moves_to_where_less_is_left);
    tcase_add_test(t, one_maximum_of_two);
    tcase_add_test(t, dropout_chooses_once);
    tcase_add_test(t, best_of_all_at_once);
    tcase_add_test(t, kept_relus_stay);
    tcase_add_test(t, equal_places_stay_as_written);
    tcase_add_test(t, maxima_that_turn_out_twice);
    tcase_add_test(t, kept_relus_make_others_bare);
    tcase_add_test(t, prune_needs_all);
    tcase_add_test(t, budgets_follow);
    tcase_add_test(t, no_budget_has_more);
    tcase_add_test(t, tells);
    tcase_add_test(t, tells_why_not);
    tcase_add_test(t, cheapest_cut);
    tcase_add_test(t, cut_with_a_toll);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
