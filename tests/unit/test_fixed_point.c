/* fixed-point: which values it marks, for each reason; that its marks are enough for lowering and never dearer than a truncation right
 * where one is needed; and, on small networks, that no other marks are cheaper. */
#include "compiler/ir/segment.h"
#include "compiler/ir/verify.h"
#include "compiler/lower/plan.h"
#include "tests/support/random_net.h"
#include "tests/unit/pass_text.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "ir 1 network N %image = input 2x8x8 "
#define PADDED(y, x) "%" y " = conv %" x " channels=4 kh=3 kw=3 pad_y=1 pad_x=1 "
#define END(x) "output logits = %" x " end"

/* The marked values, in the order of the nodes. */
static const char *marked(const struct ir_graph *g)
{
    struct text t = text_new(pass_arena);
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (g->nodes[id].rescale)
            text_add(&t, "%s%s", t.n ? " " : "", g->nodes[id].name);
    return text_str(&t);
}

static const struct {
    const char *text, *marks;
} cases[] = {
    /* nothing: a ReLU in between; zeros that are there anyway; nothing padded */
    {HEAD PADDED("a", "image") "%r = relu %a " PADDED("b", "r") END("b"), ""},
    {HEAD "%p = avg_pool %image kernel=2 stride=2 %c = conv %p channels=8 kh=1 kw=1 " PADDED("b", "c") END("b"), ""},
    {HEAD PADDED("a", "image") "%n = batch_norm %a %c = conv %n channels=3 kh=3 kw=3 %g = global_avg_pool %c %l = linear %g features=5 " END("l"), ""},
    /* a kernel that reaches over the edge; a bias; a batch norm */
    {HEAD PADDED("a", "image") PADDED("b", "a") END("b"), "a"},
    {HEAD "%a = conv %image channels=4 kh=1 kw=1 bias=true " PADDED("b", "a") END("b"), "a"},
    {HEAD "%n = batch_norm %image " PADDED("b", "n") END("b"), "n"},
    /* only one axis is padded */
    {HEAD "%a = conv %image channels=4 kh=3 kw=1 pad_y=1 %b = conv %a channels=4 kh=1 kw=3 pad_x=1 " END("b"), ""},
    {HEAD "%a = conv %image channels=4 kh=3 kw=1 pad_y=1 %b = conv %a channels=4 kh=3 kw=1 pad_y=1 " END("b"), "a"},
    /* other operators that pad */
    {HEAD "%n = batch_norm %image %p = avg_pool %n kernel=3 stride=1 pad=1 " END("p"), "n"},
    {HEAD "%n = batch_norm %image %p = pad %n bottom=1 " END("p"), "n"},
    {HEAD "%r = relu %image %a = avg_pool %r kernel=3 stride=1 pad=1 %p = max_pool %a kernel=3 stride=2 pad=1 " END("p"), "a"},
    /* where the fewest numbers are: before a 1x1 convolution that widens, of the parts of a concatenation the one that leaks, after a pool */
    {HEAD "%n = batch_norm %image %c = conv %n channels=8 kh=1 kw=1 " PADDED("b", "c") END("b"), "n"},
    {HEAD "%n = batch_norm %image %c = conv %n channels=8 kh=1 kw=1 bias=true " PADDED("b", "c") END("b"), "c"},
    {HEAD "%r = relu %image %n = batch_norm %r %c = concat %r %n %image " PADDED("b", "c") END("b"), "n"},
    {HEAD "%n = batch_norm %image %p = avg_pool %n kernel=2 stride=2 " PADDED("b", "p") END("b"), "p"},
    {HEAD "%n = batch_norm %image %s = slice %n channels=1 rows=8 columns=8 " PADDED("b", "s") END("b"), "s"},
    /* one value that is padded in two places, and two that come from one */
    {HEAD "%n = batch_norm %image " PADDED("b", "n") PADDED("c", "n") "%s = add %b %c " END("s"), "n"},
    {HEAD "%n = batch_norm %image %u = conv %n channels=2 kh=1 kw=1 %v = conv %n channels=2 kh=1 kw=1 " PADDED("b", "u") PADDED("c", "v") "%s = add %b %c " END("s"), "n"},
    {HEAD "%n = batch_norm %image %u = conv %n channels=1 kh=1 kw=1 bias=true %v = conv %n channels=3 kh=1 kw=1 " PADDED("b", "u") PADDED("c", "v") "%s = add %b %c " END("s"), "n u"},
    /* equally many numbers: as late as possible, which leaves the fewest terms */
    {HEAD "%r = relu %image %n = batch_norm %r %s = add %n %image " PADDED("b", "s") END("b"), "s"},
    {HEAD "%m = batch_norm %image %r = relu %image %n = batch_norm %r %s = add %n %m " PADDED("b", "s") END("b"), "s"},
    /* a maximum is made of ReLUs, but is none itself */
    {HEAD "%r = relu %image %p = max_pool %r kernel=3 stride=1 " PADDED("b", "p") END("b"), "p"},
    /* dropout and a concatenation of one are the value they are of */
    {HEAD "%n = batch_norm %image %d = dropout %n rate=0.5 %c = concat %d " PADDED("b", "c") END("b"), "n"},
    {HEAD "%n = batch_norm %image %d = dropout %n rate=0.5 %c = conv %d channels=8 kh=1 kw=1 " PADDED("b", "c") END("b"), "n"},
    /* one point at two strides */
    {HEAD "%s = subsample %image stride=2 %t = slice %image channels=2 rows=4 columns=4 %a = add %s %t " END("a"), "t"},
    {HEAD "%n = batch_norm %image %v = slice %n channels=2 rows=4 columns=4 %s = subsample %n stride=2 %t = add %s %v %r = relu %t "
          "%q = conv %r channels=1 kh=1 kw=1 bias=true %w = concat %v %q " PADDED("b", "w") END("b"), "v q"},
    /* the same in a network where the cut pays elsewhere: the last of equals, and no dropout instead of what it is of */
    {HEAD "%n = batch_norm %image %c = conv %n channels=8 kh=1 kw=1 " PADDED("b", "c") "%r = relu %b %m = batch_norm %r %s = add %m %r " PADDED("f", "s") END("f"), "n s"},
    {HEAD "%n = batch_norm %image %c = conv %n channels=8 kh=1 kw=1 " PADDED("b", "c") "%r = relu %b %m = batch_norm %r %d = dropout %m rate=0.5 "
          "%e = conv %d channels=3 kh=1 kw=1 " PADDED("f", "e") END("f"), "n e"},
    /* through few features, where the composition has 25 million weights; not where it has 10 million, or a ReLU is in between */
    {"ir 1 network N %x = input 5000 %a = linear %x features=10 %b = linear %a features=5000 %r = relu %b %c = linear %r features=2 " END("c"), "a"},
    {"ir 1 network N %x = input 5000 %a = linear %x features=10 %b = linear %a features=2000 %r = relu %b %c = linear %r features=2 " END("c"), ""},
    {"ir 1 network N %x = input 5000 %a = linear %x features=10 %s = relu %a %b = linear %s features=5000 %r = relu %b %c = linear %r features=2 " END("c"), ""},
    {"ir 1 network N %x = input 5000 %a = linear %x features=10 %b = linear %a features=10 %d = linear %b features=5000 %r = relu %d %c = linear %r features=2 " END("c"), "b"},
    {"ir 1 network N %x = input 5000 %a = linear %x features=2000 %b = linear %a features=5000 %r = relu %b %c = linear %r features=2 " END("c"), ""},
    {"ir 1 network N %x = input 5000 %k = slice %x channels=100 %l = relu %k %m = linear %l features=5000 %a = linear %x features=10 %b = linear %a features=5000 "
     "%s = add %b %m %r = relu %s %c = linear %r features=2 " END("c"), "a"},
    /* the narrowest of a chain; sums and batch norms are looked through */
    {"ir 1 network N %x = input 5000 %a = linear %x features=9 %b = linear %a features=20 %d = linear %b features=5000 %n = batch_norm %d %s = add %n %n %r = relu %s "
     "%c = linear %r features=2 " END("c"), "a"},
    /* the end of a classifier: 23 million weights between points, but few at the output; and 282 million, too many even in between */
    {"ir 1 network N %x = input 600x8x8 %r = relu %x %a = conv %r channels=600 kh=1 kw=1 %g = global_avg_pool %a %c = linear %g features=2 " END("c"), ""},
    {"ir 1 network N %x = input 2100x8x8 %r = relu %x %a = conv %r channels=2100 kh=1 kw=1 %g = global_avg_pool %a %c = linear %g features=2 " END("c"), "a"},
    /* two outputs */
    {HEAD PADDED("a", "image") PADDED("b", "a") "output first = %b output second = %a end", "a"},
    /* marks that were there are decided anew */
    {HEAD "%a = conv %image channels=4 kh=3 kw=3 rescale %r = relu %a " END("r"), ""},
    /* no private form */
    {HEAD PADDED("a", "image") PADDED("b", "a") "%q = square %b " END("q"), ""},
    {"ir 1 network N %x = input 1x70000x1 %a = conv %x channels=1 kh=3 kw=1 pad_y=1 %b = conv %a channels=1 kh=3 kw=1 pad_y=1 " END("b"), ""},
};

START_TEST(marks)
{
    const char *said;
    ck_assert_str_eq(marked(pass_over(pass_fixed_point, cases[_i].text, &said)), cases[_i].marks);
}
END_TEST

/* A concatenation of points is as large as what follows it: a point there would help nobody. */
START_TEST(concatenations_are_no_reason)
{
    struct text t = text_new(pass_arena);
    text_add(&t, "ir 1 network N %%x = input 5000x1x1\n");
    for (int i = 0; i < 20; i++)
        text_add(&t, "%%s%d = slice %%x channel=%d channels=250 %%p%d = relu %%s%d\n", i, 250 * i, i, i);
    text_add(&t, "%%all = concat");
    for (int i = 0; i < 20; i++)
        text_add(&t, " %%p%d", i);
    text_add(&t, " %%c = conv %%all channels=5000 kh=1 kw=1 groups=5000 %%r = relu %%c %%g = global_avg_pool %%r %%l = linear %%g features=2 output y = %%l end");
    pass_leaves(pass_fixed_point, text_str(&t));
}
END_TEST

START_TEST(what_is_said)
{
    const char *said;
    pass_over(pass_fixed_point, HEAD "%n = batch_norm %image %c = conv %n channels=8 kh=1 kw=1 " PADDED("b", "c") "%r = relu %b " PADDED("d", "r") END("d"), &said);
    ck_assert_str_eq(said, "pass-analysis 0 `n` (2x8x8) is truncated by itself, 128 numbers, each as dear as a ReLU: `b` pads `c` with zeros, which "
                           "continued beyond its map is not zero; here fewer numbers are truncated than there\n"
                           "pass 0 1 value is truncated where no ReLU does it: 128 numbers, beside 256 ReLUs\n"
                           "pass-analysis 0 `image` needs 1 bit before the binary point and a sign, whatever the weights are: it is from 0 to 1\n"
                           "pass-analysis 0 weights decide the range of 2 of 3 points: their scales, and a ring of 16 to 60 bits, are found on training "
                           "images when the trained network is exported\n");
    /* the padding behind a ReLU is no reason for what is truncated before it, though the ReLU reads that last */
    pass_over(pass_fixed_point, HEAD "%n = batch_norm %image %c = conv %n channels=8 kh=1 kw=1 " PADDED("b", "c") "%r = relu %n %m = batch_norm %r %k = concat %m %r " PADDED("f", "k")
              "%s = add %b %f " END("s"), &said);
    ck_assert_ptr_nonnull(strstr(said, "`n` (2x8x8) is truncated by itself, 128 numbers, each as dear as a ReLU: `b` pads `c` with zeros"));
    ck_assert_ptr_nonnull(strstr(said, "`m` (2x8x8) is truncated by itself, 128 numbers, each as dear as a ReLU: `f` pads `k` with zeros"));
    pass_over(pass_fixed_point, "ir 1 network N private protocol=auto network=lan ring=41 fraction=0 %x = input 4 %y = square %x " END("y"), &said);
    ck_assert_str_eq(said, "pass-missed 0 nothing is truncated: `square` is not available in private inference, because there is no protocol for "
                           "products of two secrets yet: use relu\n");
    pass_over(pass_fixed_point, "ir 1 network N private protocol=auto network=lan ring=41 fraction=0 %x = input 4 %y = relu %x " END("y"), &said);
    ck_assert_str_eq(said, "pass-analysis 0 `x` needs 1 bit before the binary point and a sign, whatever the weights are: it is from 0 to 1\n"
                           "pass-analysis 0 `y` needs 1 bit before the binary point and a sign, whatever the weights are: it is from 0 to 1\n"
                           "pass-analysis 0 weights decide the range of 0 of 2 points: their scales are found on training images when the trained "
                           "network is exported\n");
}
END_TEST

/* --- random networks --- */

static int64_t numbers(const struct segments *s)
{
    int64_t sum = 0;
    for (size_t i = 0; i < s->points.n; i++)
        if (s->points.at[i].kind == SEGMENT_RESCALE)
            sum += (int64_t)s->points.at[i].dims.c * s->points.at[i].dims.h * s->points.at[i].dims.w;
    return sum;
}

/* Of all marks with which nothing is in conflict, the cheapest; -1: too many to try. */
static int64_t best(const struct ir_graph *g, const struct segments *s)
{
    ir_id may[10];
    uint32_t n = 0;
    int64_t least = INT64_MAX;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        if (g->nodes[id].op == IR_INPUT || g->nodes[id].op == IR_RELU || s->root[id] != id)
            continue;
        if (n == sizeof may / sizeof *may)
            return -1;
        may[n++] = id;
    }
    bool *try = ARENA_ARRAY(pass_arena, bool, g->n_nodes);
    for (uint32_t set = 0; set < 1u << n; set++) {
        for (uint32_t i = 0; i < n; i++)
            try[may[i]] = set >> i & 1;
        const struct segments *t = segments_new(pass_arena, g, try);
        if (t->conflicts.n == 0 && numbers(t) < least)
            least = numbers(t);
    }
    return least;
}

START_TEST(random_networks)
{
    uint64_t seed = random_seed();
    const char *wished = getenv("CNAS_COUNT");
    const int count = wished ? atoi(wished) : 2000;
    int private = 0, needed = 0, cheaper = 0, tried = 0, dearer = 0;
    for (int i = 0; i < count; i++, seed++) {
        struct random r = {seed};
        pass_teardown();
        pass_setup();
        const struct ir_graph *g = random_network(pass_arena, &r, 4 + i % 40);
        const struct pass_args none = {0};
        struct remarks remarks = {.arena = pass_arena};
        struct pass_context c = {.arena = pass_arena, .args = &none, .remarks = &remarks, .diag = diag_new(pass_arena)};
        const struct ir_graph *h = pass_fixed_point(&c, g);
        const struct segments *plain = segments_new(pass_arena, g, segment_marks(pass_arena, g)), *s = segments_new(pass_arena, h, segment_marks(pass_arena, h));
        struct plan_refusal why;
        const struct plan *p = plan_lower(pass_arena, h, PLAN_PRIVATE, &why);
        ck_assert_msg(!p == (s->refused != IR_NONE), "CNAS_SEED=%" PRIu64, seed);
        if (!p) {
            ck_assert_str_eq(marked(h), "");
            continue;
        }
        private++;
        const char *wrong = plan_verify(pass_arena, p);
        wrong = wrong ? wrong : plan_verify_marks(pass_arena, p, h);
        ck_assert_msg(!wrong && s->conflicts.n == 0, "CNAS_SEED=%" PRIu64 ": %s\n%s", seed, wrong ? wrong : "not enough marks", pass_print(h));
        ck_assert_msg(numbers(s) <= numbers(plain), "CNAS_SEED=%" PRIu64 ": dearer\n%s", seed, pass_print(h));
        needed += plain->conflicts.n > 0;
        cheaper += numbers(s) < numbers(plain);
        const int64_t least = plain->conflicts.n ? best(g, plain) : -1;
        if (least < 0)
            continue;
        tried++;
        dearer += numbers(s) > least;
        if (numbers(s) > least && getenv("CNAS_SHOW"))
            printf("CNAS_SEED=%" PRIu64 ": %" PRId64 " numbers, %" PRId64 " at best\n%s", seed, numbers(s), least, pass_print(h));
    }
    printf("%d private networks, %d need marks, %d cheaper marks than plain ones; of %d small ones %d could be cheaper\n", private, needed, cheaper, tried, dearer);
    if (count < 2000)
        return;
    ck_assert_int_gt(private, 500);
    ck_assert_int_gt(cheaper, 50);
    ck_assert_int_gt(tried, 50);
    ck_assert_int_le(20 * dearer, tried);
}
END_TEST

/* A plan of other marks than the graph's is noticed, in both directions. */
START_TEST(plans_follow_marks)
{
    const struct ir_graph *g = pass_read(HEAD PADDED("a", "image") PADDED("b", "a") END("b")), *h = pass_over(pass_fixed_point, pass_print(g), NULL);
    struct plan_refusal why;
    const struct plan *p = plan_lower(pass_arena, h, PLAN_PRIVATE, &why), *clear = plan_lower(pass_arena, h, PLAN_CLEAR, &why);
    const struct plan *none = plan_lower(pass_arena, pass_read(HEAD PADDED("a", "image") END("a")), PLAN_PRIVATE, &why);
    ck_assert_pstr_eq(plan_verify_marks(pass_arena, p, h), NULL);
    ck_assert_pstr_eq(plan_verify_marks(pass_arena, clear, h), NULL);
    ck_assert_pstr_eq(plan_verify_marks(pass_arena, p, g), "a is rescaled, and not marked");
    ck_assert_pstr_eq(plan_verify_marks(pass_arena, none, h), "a is marked, and not the next value that is rescaled");
    /* a mark that nothing needs is obeyed */
    const struct ir_graph *more = pass_read(HEAD "%a = conv %image channels=4 kh=3 kw=3 rescale %r = relu %a " END("r"));
    p = plan_lower(pass_arena, more, PLAN_PRIVATE, &why);
    ck_assert_uint_eq(p->n_points, 4);
    ck_assert_int_eq(p->points[1].kind, PLAN_POINT_RESCALE);
    ck_assert_pstr_eq(plan_verify(pass_arena, p), NULL);
    ck_assert_pstr_eq(plan_verify_marks(pass_arena, p, more), NULL);
}
END_TEST

/* Marks of a text: on a dropout it is one on what is dropped from; on a ReLU there is none. */
START_TEST(marks_by_hand)
{
    const struct ir_graph *g = pass_read(HEAD "%a = conv %image channels=4 kh=3 kw=3 %d = dropout %a rate=0.5 rescale %r = relu %d " END("r"));
    const struct segments *s = segments_new(pass_arena, g, segment_marks(pass_arena, g));
    ck_assert_int_eq(s->points.at[1].kind, SEGMENT_RESCALE);
    ck_assert_str_eq(g->nodes[s->points.at[1].node].name, "a");
    struct ir_node *nodes = ARENA_ARRAY(pass_arena, struct ir_node, g->n_nodes);
    struct ir_graph wrong = *g;
    ir_id node;
    memcpy(nodes, g->nodes, g->n_nodes * sizeof *nodes);
    wrong.nodes = nodes;
    ck_assert_pstr_eq(ir_verify(pass_arena, &wrong, &node), NULL);
    nodes[3].rescale = true;
    ck_assert_str_eq(ir_verify(pass_arena, &wrong, &node), "r is rescaled, and relu is no operator whose result could be");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fixed_point");
    TCase *t = tcase_create("marks");
    tcase_set_timeout(t, 600);
    tcase_add_checked_fixture(t, pass_setup, pass_teardown);
    tcase_add_loop_test(t, marks, 0, sizeof cases / sizeof *cases);
    tcase_add_test(t, concatenations_are_no_reason);
    tcase_add_test(t, what_is_said);
    tcase_add_test(t, random_networks);
    tcase_add_test(t, plans_follow_marks);
    tcase_add_test(t, marks_by_hand);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
