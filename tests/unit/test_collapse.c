/* collapse-linear and fold-batch-norm on networks that random graphs seldom are: what they make of each, and that the executor gives the
 * same numbers. */
#include "compiler/base/arena.h"
#include "compiler/ir/cost.h"
#include "compiler/ir/print.h"
#include "compiler/pass/pass.h"
#include "tests/support/pass_claims.h"

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

static int64_t macs(const struct ir_graph *g)
{
    int64_t sum = 0;
    for (ir_id id = 0; id < g->n_nodes; id++)
        sum += ir_cost_node(g, id).macs;
    return sum;
}

/* The pass keeps its laws on this graph, runs it, and leaves so many multiply-accumulates. */
static const struct ir_graph *gives(const char *pass, const char *text, int64_t before, int64_t after)
{
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(arena, text, strlen(text), &e);
    ck_assert_msg(g, "line %d: %s", e.line, e.why);
    ck_assert_int_eq(macs(g), before);
    size_t n, i = 0;
    const struct pass_claim *c = pass_claims(&n);
    while (i < n && strcmp(c[i].pass, pass) != 0)
        i++;
    ck_assert_uint_lt(i, n);
    const struct pass_property p = pass_claim_property(&c[i]);
    struct pass_seen seen = {0};
    const char *wrong = pass_property_one(arena, &p, g, 7, &seen);
    ck_assert_msg(!wrong, "%s", wrong);
    const struct ir_graph *h = p.run(p.context, arena, g);
    ck_assert_int_eq(macs(h), after);
    if (h != g)
        ck_assert_int_eq(seen.telling, (int)g->n_outputs);
    return h;
}

#define X "ir 1 network N %x = input 1x12x12 "

/* A sum of maps is on the way to a vector: both of its operands are sums over one source, with windows that move by one and by two. */
START_TEST(one_source_at_two_strides)
{
    gives("collapse-linear",
          X "%a = conv %x channels=3 kh=8 kw=8 %b = conv %x channels=3 kh=4 kw=4 stride=2 bias=true %s = add %a %b %f = flatten %s "
            "%l = linear %f features=4 output y = %l end",
          3 * 25 * 64 + 3 * 25 * 16 + 4 * 75, 4 * 144);
}
END_TEST

/* Zero padding of a value with a bias is not that value continued: nothing goes through it. */
START_TEST(padding_is_a_border)
{
    const char *padded = X "%a = conv %x channels=2 kh=1 kw=1 bias=true %b = conv %a channels=2 kh=3 kw=3 pad_y=1 pad_x=1 output y = %b end";
    gives("collapse-linear", padded, 288 + 144 * 36, 288 + 144 * 36);
    gives("collapse-linear", X "%a = conv %x channels=9 kh=1 kw=1 bias=true %b = conv %a channels=2 kh=3 kw=3 output y = %b end",
          9 * 144 + 100 * 162, 100 * 18);
}
END_TEST

/* Two parts of one value that are padded on one side only, each in its own way. */
START_TEST(two_padded_parts)
{
    const struct ir_graph *g =
        gives("collapse-linear",
              X "%u = conv %x channels=2 kh=1 kw=1 %r = relu %u %p = pad %r top=1 bottom=0 left=0 right=2 %q = pad %x top=0 bottom=1 left=2 "
                "right=0 %c = conv %p channels=6 kh=2 kw=3 %d = conv %q channels=6 kh=2 kw=3 bias=true %s = add %c %d %n = batch_norm %s "
                "%e = conv %n channels=2 kh=1 kw=1 bias=true output y = %e end",
              288 + 144 * 72 + 144 * 36 + 144 * 12, 288 + 144 * 24 + 144 * 12);
    int pads = 0;
    for (ir_id id = 0; id < g->n_nodes; id++)
        pads += g->nodes[id].op == IR_PAD;
    ck_assert_int_eq(pads, 2);
}
END_TEST

/* The kernel keeps its form, and its numbers are scaled row by row. */
START_TEST(groups_and_dilation_stay)
{
    const char *text = "ir 1 network N %x = input 4x9x9 %a = conv %x channels=6 kh=3 kw=2 dilation=2 groups=2 pad_y=1 bias=true "
                       "%n = batch_norm %a %r = relu %n %f = flatten %r output y = %f end";
    const struct ir_graph *g = gives("fold-batch-norm", text, 6 * 7 * 7 * 12, 6 * 7 * 7 * 12);
    const struct ir_node *n = &g->nodes[1];
    ck_assert_int_eq(n->op, IR_CONV);
    ck_assert_str_eq(n->name, "n");
    ck_assert_int_eq(n->conv.groups, 2);
    ck_assert_int_eq(n->conv.dilation, 2);
    ck_assert(n->conv.bias);
    gives("collapse-linear", text, 6 * 7 * 7 * 12, 6 * 7 * 7 * 12);
}
END_TEST

/* Convolutions over one source, of which the second reaches further, are one; so are those one after another with as many channels. */
START_TEST(kernels_grow)
{
    gives("collapse-linear",
          X "%a = conv %x channels=3 kh=1 kw=1 %b = conv %x channels=3 kh=3 kw=5 pad_y=1 pad_x=2 bias=true %s = add %a %b %n = batch_norm %s "
            "output y = %n end",
          144 * 3 + 144 * 45, 144 * 45);
    gives("collapse-linear", X "%a = conv %x channels=9 kh=3 kw=3 %b = conv %a channels=9 kh=1 kw=1 bias=true output y = %b end",
          100 * 81 + 100 * 81, 100 * 81);
}
END_TEST

/* A linear layer reads all of its map, so a vector of part of one is not composed of that map: the cost of the part would be taken for it. */
START_TEST(vectors_read_all_of_a_map)
{
    gives("collapse-linear",
          "ir 1 network N %x = input 4x6x6 %r = relu %x %c = conv %r channels=16 kh=1 kw=1 %s = slice %c channels=16 rows=1 columns=6 %f = flatten %s "
          "%l = linear %f features=100 output y = %l end",
          36 * 64 + 100 * 96, 6 * 64 + 100 * 96);
}
END_TEST

/* What another operator or an output reads is made anyway; a value is composed from it, not from what is before it. */
START_TEST(shared_values_are_sources)
{
    gives("collapse-linear",
          X "%a = conv %x channels=9 kh=1 kw=1 %b = conv %a channels=2 kh=3 kw=3 %f = flatten %b %l = linear %f features=3 output y = %l output z = %a end",
          9 * 144 + 100 * 162 + 600, 9 * 144 + 3 * 9 * 144);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("collapse");
    TCase *t = tcase_create("networks");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, one_source_at_two_strides);
    tcase_add_test(t, padding_is_a_border);
    tcase_add_test(t, two_padded_parts);
    tcase_add_test(t, groups_and_dilation_stay);
    tcase_add_test(t, kernels_grow);
    tcase_add_test(t, vectors_read_all_of_a_map);
    tcase_add_test(t, shared_values_are_sources);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    SRunner *r = srunner_create(suite());
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
