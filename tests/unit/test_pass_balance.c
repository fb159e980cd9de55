/* relu-balance: what is tied together follows, budgets are met by the largest width, and what cannot be scaled is refused. */
#include "compiler/base/table.h"
#include "compiler/ir/verify.h"
#include "tests/support/balance.h"
#include "tests/unit/pass_text.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct ir_graph *balance(const struct ir_graph *g, const char *args)
{
    const struct ir_graph *h = balance_in(pass_arena, g, args);
    const char *why = h ? ir_verify(pass_arena, h, &(ir_id){0}) : NULL;
    ck_assert_msg(!why, "%s", why);
    return h;
}

static const char *refusal(const char *text, const char *args)
{
    char *bytes;
    size_t n;
    ck_assert_ptr_null(balance(pass_read(text), args));
    FILE *f = open_memstream(&bytes, &n);
    diag_print(balance_diag, f, false);
    fclose(f);
    const char *copy = arena_strndup(pass_arena, bytes, n);
    free(bytes);
    return copy;
}

/* "a 6x8x8 b 24x4x4": the shapes of all nodes that the words name. */
static const char *shapes(const struct ir_graph *g, const char *words)
{
    struct text t = text_new(pass_arena);
    ck_assert_ptr_nonnull(g);
    for (const char *at = words; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        for (ir_id id = 0; id < g->n_nodes; id++)
            if (strlen(g->nodes[id].name) == n && strncmp(g->nodes[id].name, at, n) == 0)
                text_add(&t, "%s%.*s %s", t.n ? " " : "", (int)n, at, ir_shape_text(pass_arena, g->nodes[id].shape));
        at += n;
    }
    return text_str(&t);
}

#define CHECK_SHAPES(text, args, names, expected) ck_assert_str_eq(shapes(balance(pass_read(text), args), names), expected)

/* Two layers, 8 x 64 and 16 x 16: 768 ReLUs, so 6 x 64 twice. */
#define HEAD "ir 1 network N %x = input 3x8x8 %a = conv %x channels=8 kh=3 kw=3 pad_y=1 pad_x=1 %ar = relu %a "
#define NEXT(from, channels) "%b = conv %" from " channels=" channels " kh=3 kw=3 stride=2 pad_y=1 pad_x=1 %br = relu %b "
#define TAIL(from) "%g = global_avg_pool %" from " %y = linear %g features=5 output y = %y end"
#define TAIL_BUDGETS(from, budgets) "%g = global_avg_pool %" from " %y = linear %g features=5 output y = %y " budgets " end"

START_TEST(chain)
{
    const char *text = HEAD "%n = batch_norm %ar " NEXT("n", "16") TAIL("br");
    CHECK_SHAPES(text, "", "x a ar n b br g y", "x 3x8x8 a 6x8x8 ar 6x8x8 n 6x8x8 b 24x4x4 br 24x4x4 g 24 y 5");
    ck_assert(remarked(REMARK_PASSED, "8x8 maps: the width of 1 ReLU layer becomes 6 instead of 8; that is 384 ReLUs in a layer"));
    ck_assert(remarked(REMARK_PASSED, "4x4 maps: the width of 1 ReLU layer becomes 24 instead of 16; that is 384 ReLUs in a layer"));
    CHECK_SHAPES(text, "flop", "a b", "a 8x8x8 b 16x4x4");
    CHECK_SHAPES(text, "channel", "a b", "a 9x8x8 b 9x4x4");
    CHECK_SHAPES(text, "width=5", "a b", "a 5x8x8 b 20x4x4");
    CHECK_SHAPES(text, "width=5,flop", "a b", "a 5x8x8 b 10x4x4");
    CHECK_SHAPES(text, "width=written", "a b", "a 8x8x8 b 32x4x4");
    const struct ir_graph *g = pass_read(text), *once = balance(g, "");
    ck_assert_ptr_eq(balance(once, ""), once); /* what is balanced is left alone */
    ck_assert_uint_eq(once->n_nodes, g->n_nodes);
}
END_TEST

/* Half of a map: 7 times the root of 2 is 9.9. */
START_TEST(flop_rounds_to_the_nearest)
{
    const char *text = HEAD "%h = slice %ar channels=8 rows=4 columns=8 %b = conv %h channels=8 kh=1 kw=1 %br = relu %b " TAIL("br");
    CHECK_SHAPES(text, "flop,width=7", "a h b", "a 7x8x8 h 7x4x8 b 10x4x8");
    CHECK_SHAPES(text, "flop,width=6", "a h b", "a 6x8x8 h 6x4x8 b 8x4x8"); /* 8.49 */
    CHECK_SHAPES(text, "relu,width=6", "a h b", "a 6x8x8 h 6x4x8 b 12x4x8");
}
END_TEST

START_TEST(sums_are_tied)
{
    CHECK_SHAPES(HEAD "%a2 = conv %ar channels=8 kh=1 kw=1 %s = add %a %a2 %sr = relu %s "
                      "%p = conv %sr channels=16 kh=1 kw=1 stride=2 " NEXT("sr", "16") "%c = conv %br channels=16 kh=1 kw=1 %t = add %c %p %tr = relu %t " TAIL("tr"),
                 "", "a a2 s sr p b c t tr", "a 6x8x8 a2 6x8x8 s 6x8x8 sr 6x8x8 p 24x4x4 b 24x4x4 c 24x4x4 t 24x4x4 tr 24x4x4");
}
END_TEST

/* 4, 4 and 16 channels in each of two stages: the ratio stays, and the narrow layers, which are more, are made even. */
START_TEST(bottleneck_keeps_its_ratio)
{
    CHECK_SHAPES("ir 1 network N %x = input 3x8x8 %a = conv %x channels=4 kh=1 kw=1 %ar = relu %a %b = conv %ar channels=4 kh=1 kw=1 %br = relu %b "
                 "%c = conv %br channels=16 kh=1 kw=1 %cr = relu %c "
                 "%d = conv %cr channels=8 kh=1 kw=1 stride=2 %dr = relu %d %e = conv %dr channels=8 kh=1 kw=1 %er = relu %e "
                 "%f = conv %er channels=32 kh=1 kw=1 %fr = relu %f " TAIL("fr"),
                 "width=3", "ar br cr dr er fr", "ar 3x8x8 br 3x8x8 cr 12x8x8 dr 12x4x4 er 12x4x4 fr 48x4x4");
}
END_TEST

START_TEST(groups)
{
    const struct ir_graph *g = balance(pass_read(HEAD "%d = conv %ar channels=16 kh=3 kw=3 pad_y=1 pad_x=1 groups=8 %dr = relu %d "
                                                 "%e = conv %dr channels=16 kh=1 kw=1 stride=2 %er = relu %e "
                                                 "%f = conv %er channels=16 kh=3 kw=3 pad_y=1 pad_x=1 groups=4 %fr = relu %f " TAIL("fr")), "width=6");
    ck_assert_str_eq(shapes(g, "a d e f"), "a 6x8x8 d 12x8x8 e 24x4x4 f 24x4x4"); /* d has two channels for each of a */
    ck_assert_int_eq(g->nodes[3].conv.groups, 6);
    ck_assert_int_eq(g->nodes[7].conv.groups, 4);
}
END_TEST

START_TEST(groups_bound_the_width)
{
    const char *text = HEAD "%d = conv %ar channels=8 kh=3 kw=3 pad_y=1 pad_x=1 groups=4 %dr = relu %d " NEXT("dr", "16") TAIL("br");
    CHECK_SHAPES(text, "width=12", "a d b", "a 12x8x8 d 12x8x8 b 48x4x4");
    ck_assert_ptr_nonnull(strstr(refusal(text, "width=6"), "relu-balance: a width of 6 is no multiple of 4, as the groups of convolutions need it [E0823]"));
    CHECK_SHAPES(text, "", "a d b", "a 4x8x8 d 4x8x8 b 16x4x4"); /* 7 would be within 1,280 ReLUs, and is no multiple */
}
END_TEST

/* What the groups of a convolution make is not cut inside of a group: a slice of 6 of its 8 channels fixes them. */
START_TEST(groups_are_not_cut)
{
#define SLICED HEAD "%d = conv %ar channels=8 kh=3 kw=3 pad_y=1 pad_x=1 groups=4 %s = slice %d channels=6 rows=8 columns=8 "
    const struct ir_graph *g = pass_read(SLICED NEXT("s", "32") TAIL("br"));
    ck_assert_ptr_eq(balance(g, "width=written"), g);
    ck_assert_ptr_nonnull(strstr(refusal(SLICED "%sr = relu %s " NEXT("sr", "32") TAIL("br"), "width=4"),
                                 "a slice from 0 to 6 cuts what cannot be divided there [E0828]"));
}
END_TEST

/* A factorized reduction: two convolutions with half of the channels each. */
#define REDUCED(c) HEAD "%s = subsample %ar stride=2 %s1 = subsample %ar stride=2 offset_y=1 offset_x=1 %l = conv %s channels=" c " kh=1 kw=1 " \
                   "%r = conv %s1 channels=" c " kh=1 kw=1 %c = concat %l %r %n = batch_norm %c %br = relu %n "

START_TEST(halves)
{
    CHECK_SHAPES(REDUCED("8") TAIL("br"), "", "a l r c br", "a 6x8x8 l 12x4x4 r 12x4x4 c 24x4x4 br 24x4x4");
    /* an odd number is divided as evenly as it goes */
    CHECK_SHAPES(REDUCED("4") TAIL("br"), "channel,width=5", "a l r c", "a 5x8x8 l 3x4x4 r 2x4x4 c 5x4x4");
}
END_TEST

START_TEST(slices_cut)
{
    const struct ir_graph *g = balance(pass_read(HEAD "%l = slice %ar channel=0 channels=6 rows=8 columns=8 %r = slice %ar channel=6 channels=2 rows=8 columns=8 "
                                                 "%c = concat %r %l %s = add %c %a %sr = relu %s " NEXT("sr", "16") TAIL("br")), "width=16");
    ck_assert_str_eq(shapes(g, "a l r c b"), "a 16x8x8 l 12x8x8 r 4x8x8 c 16x8x8 b 64x4x4");
    ck_assert_int_eq(g->nodes[4].slice.channel, 12);
    g = balance(pass_read(HEAD "%l = slice %ar channel=0 channels=4 rows=8 columns=8 %r = slice %ar channel=4 channels=4 rows=8 columns=8 "
                          "%m = add %l %r " NEXT("m", "16") TAIL("br")), "width=6"); /* the halves are tied to each other */
    ck_assert_str_eq(shapes(g, "a l r m b"), "a 6x8x8 l 3x8x8 r 3x8x8 m 3x8x8 b 24x4x4");
}
END_TEST

/* The shortcut without weights of ResNet: zeros above and below, as many as are missing. */
START_TEST(zeros_fill)
{
    const struct ir_graph *g = balance(pass_read(HEAD "%u = subsample %ar stride=2 %p = pad %u bottom=4 %z = slice %p channels=4 row=4 rows=4 columns=4 "
                                                 "%z2 = slice %p channels=4 row=4 rows=4 columns=4 %w = concat %z %u %z2 " NEXT("ar", "16")
                                                 "%c = conv %br channels=16 kh=1 kw=1 %s = add %c %w %sr = relu %s " TAIL("sr")), "width=6");
    ck_assert_str_eq(shapes(g, "u w b c s z"), "u 6x4x4 w 24x4x4 b 24x4x4 c 24x4x4 s 24x4x4 z 6x4x4"); /* 9 zeros on each side: 6 and 3 */
    ck_assert_str_eq(pass_print(balance(g, "width=6")), pass_print(g));
}
END_TEST

START_TEST(flattened_maps_follow)
{
    CHECK_SHAPES(HEAD NEXT("ar", "16") "%f = flatten %br %fr = relu %f %h = linear %f features=20 %hr = relu %h %y = linear %hr features=5 output y = %y end",
                 "width=2", "a b f h y", "a 2x8x8 b 8x4x4 f 128 h 20 y 5");
    CHECK_SHAPES(HEAD NEXT("ar", "16") "%f = flatten %br %m = reshape %f c=16 h=4 w=4 %mr = relu %m " TAIL("mr"), "width=2", "b m", "b 8x4x4 m 8x4x4");
}
END_TEST

START_TEST(given_channels_stay)
{
    CHECK_SHAPES(HEAD NEXT("ar", "16") "output y = %br end", "width=2", "a b", "a 2x8x8 b 16x4x4");
    ck_assert(remarked(REMARK_MISSED, "ReLU `br` is not balanced, and has 256 ReLUs: it has channels of the network's input or output"));
    CHECK_SHAPES("ir 1 network N %x = input 3x8x8 %xr = relu %x " NEXT("xr", "16") TAIL("br"), "", "xr b", "xr 3x8x8 b 16x4x4");
    ck_assert(remarked(REMARK_MISSED, "ReLU `xr` is not balanced"));
    const struct ir_graph *vectors = pass_read("ir 1 network N %x = input 7 %a = linear %x features=9 %r = relu %a %y = linear %r features=2 output y = %y end");
    ck_assert_ptr_eq(balance(vectors, ""), vectors);
}
END_TEST

/* A convolution's channels are rectified before and after a pool: they belong to the larger maps. */
START_TEST(larger_maps_decide)
{
    CHECK_SHAPES(HEAD "%p = avg_pool %ar kernel=2 stride=2 %pn = batch_norm %p %pr = relu %pn %c = conv %pr channels=16 kh=1 kw=1 %cr = relu %c " TAIL("cr"),
                 "width=4", "a p c", "a 4x8x8 p 4x4x4 c 16x4x4");
    ck_assert(remarked(REMARK_MISSED, "ReLU `pr` is not balanced, and has 64 ReLUs: it has channels of larger maps"));
    /* what is concatenated to them makes up for it */
    CHECK_SHAPES(HEAD "%p = avg_pool %ar kernel=2 stride=2 %c = conv %p channels=8 kh=1 kw=1 %j = concat %p %c %jn = batch_norm %j %jr = relu %jn " TAIL("jr"),
                 "width=4", "a p c j", "a 4x8x8 p 4x4x4 c 12x4x4 j 16x4x4");
}
END_TEST

START_TEST(kept_relus_keep_their_size)
{
    const char *text = HEAD NEXT("ar", "16") "%k = relu %br keep %c = conv %k channels=16 kh=1 kw=1 %s = add %br %c %sr = relu %s %d = conv %sr channels=16 kh=1 kw=1 "
                       "%dr = relu %d " TAIL("dr");
    CHECK_SHAPES(text, "width=3", "a k sr d", "a 3x8x8 k 16x4x4 sr 16x4x4 d 12x4x4");
    ck_assert(remarked(REMARK_MISSED, "ReLU `k` is not balanced, and has 256 ReLUs: it has channels of a ReLU marked @keep"));
}
END_TEST

/* Layers with the width of the stage choose before others, which may have too many channels that are given. */
START_TEST(plain_layers_come_first)
{
    CHECK_SHAPES("ir 1 network N %x = input 3x8x8 %a = conv %x channels=8 kh=1 kw=1 %k = conv %x channels=8 kh=1 kw=1 %kr = relu %k keep "
                 "%j = concat %k %a %jr = relu %j %ar = relu %a %c = concat %jr %ar %kr " NEXT("c", "16") TAIL("br"),
                 "width=3", "a k j b", "a 3x8x8 k 8x8x8 j 11x8x8 b 12x4x4");
    ck_assert(remarked(REMARK_MISSED, "ReLU `jr` has 704 ReLUs, not 384: it has channels of a ReLU marked @keep"));
}
END_TEST

START_TEST(refusals)
{
    ck_assert_str_eq(refusal(HEAD "%b = conv %ar channels=16 kh=3 kw=3 stride=2 pad_y=1 pad_x=1 %m = reshape %b c=4 h=8 w=8 at \"n.cnas\":7:2 %mr = relu %m at \"n.cnas\":8:2 " TAIL("mr"), "width=2"),
                     "n.cnas:7:2: error: the network cannot be balanced: reshape to 4x8x8 does not follow the channels of 16x4x4 [E0828]\n"
                     "n.cnas:8:2: note: so the ReLU `mr` has 4 channels whatever its maps' size is\n");
    ck_assert_ptr_nonnull(strstr(refusal(HEAD NEXT("ar", "16") "%f = flatten %br %s = slice %f channel=8 channels=248 at \"n.cnas\":7:2 %y = linear %s features=3 output y = %y end", "width=2"),
                                 "n.cnas:7:2: error: the network cannot be balanced: a slice from 8 to 256 cuts what cannot be divided there [E0828]"));
    ck_assert_ptr_nonnull(strstr(refusal(HEAD "%c = conv %x channels=4 kh=3 kw=3 pad_y=1 pad_x=1 %j = concat %ar %c %jr = relu %j "
                                              "%d = conv %jr channels=6 kh=1 kw=1 groups=6 %dr = relu %d " NEXT("dr", "16") TAIL("br"), "width=12"),
                                 "the groups of this convolution begin inside a part of a concatenation [E0828]"));
    /* nothing is refused that need not change */
    const struct ir_graph *g = pass_read(HEAD NEXT("ar", "32") "%m = reshape %br c=8 h=4 w=16 %mr = relu %m " TAIL("mr"));
    ck_assert_ptr_eq(balance(g, "width=written"), g);
}
END_TEST

START_TEST(too_large)
{
    const char *said = refusal(HEAD NEXT("ar", "16") TAIL("br"), "width=1000000");
    ck_assert_msg(strstr(said, "the network cannot be balanced: with a width of 1,000,000, weights of 4000000x1000000x3x3 are more than 2147483648 numbers [E0828]"), "%s", said);
}
END_TEST

/* --- budgets --- */

START_TEST(nested_budgets)
{
    CHECK_SHAPES(HEAD NEXT("ar", "16") TAIL_BUDGETS("br", "budget \"N\" limit=1300 nodes=all"), "", "a b", "a 10x8x8 b 40x4x4"); /* 1,280 */
    CHECK_SHAPES(HEAD NEXT("ar", "16") TAIL_BUDGETS("br", "budget \"N\" limit=1300 nodes=all budget \"late\" limit=639 nodes=[%b %br]"), "", "a b", "a 9x8x8 b 36x4x4");
    CHECK_SHAPES(HEAD NEXT("ar", "16") TAIL_BUDGETS("br", "budget \"N\" limit=1300 nodes=all budget \"early\" limit=64 nodes=[%ar]"), "", "a b", "a 1x8x8 b 4x4x4");
    ck_assert(!remarked(REMARK_MISSED, "no width meets every budget"));
    CHECK_SHAPES(HEAD NEXT("ar", "16") TAIL_BUDGETS("br", "budget \"early\" limit=63 nodes=[%ar]"), "", "a b", "a 1x8x8 b 4x4x4");
    ck_assert(remarked(REMARK_MISSED, "no width meets every budget"));
    /* a budget that bounds no layer: then the present total does */
    CHECK_SHAPES(HEAD NEXT("ar", "16") TAIL_BUDGETS("br", "budget \"none\" limit=5 nodes=[%b]"), "", "a b", "a 6x8x8 b 24x4x4");
}
END_TEST

/* The next width breaks a budget: every budget from that of the least network on. */
START_TEST(the_largest_width)
{
    for (int64_t limit = 200; limit < 2000; limit += 13)
        for (int rule = 0; rule < 3; rule++) {
            static const char *const rules[] = {"relu", "flop", "channel"};
            const struct ir_graph *g = pass_read(arena_printf(pass_arena, "%s budget \"N\" limit=%" PRId64 " nodes=all budget \"late\" limit=%" PRId64 " nodes=[%%br] end",
                                                         HEAD NEXT("ar", "16") "%g = global_avg_pool %br %y = linear %g features=5 output y = %y",
                                                         limit, limit / 3));
            const struct ir_graph *h = balance(g, rules[rule]);
            const int64_t width = h->nodes[1].shape.c;
            const struct ir_graph *more = balance(g, arena_printf(pass_arena, "%s,width=%" PRId64, rules[rule], width + 1));
            ck_assert_msg(holds(h) && !holds(more), "limit %" PRId64 ": %s of width %" PRId64, limit, rules[rule], width);
            ck_assert_str_eq(pass_print(balance(h, rules[rule])), pass_print(h));
        }
}
END_TEST

/* --- arguments --- */

START_TEST(arguments)
{
    static const char *const wrong[] = {"relus", "relu,flop", "width", "width=0", "width=x", "flop=2", "width=3,width=4"};
    struct pass_args args;
    const char *why;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert(pass_args_read(pass_arena, wrong[i], &args, &why));
        ck_assert_msg(pass_balance_check(pass_arena, &args), "%s", wrong[i]);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pass_balance");
    TCase *t = tcase_create("balance");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, pass_setup, pass_teardown);
    tcase_add_test(t, chain);
    tcase_add_test(t, flop_rounds_to_the_nearest);
    tcase_add_test(t, sums_are_tied);
    tcase_add_test(t, bottleneck_keeps_its_ratio);
    tcase_add_test(t, groups);
    tcase_add_test(t, groups_bound_the_width);
    tcase_add_test(t, groups_are_not_cut);
    tcase_add_test(t, halves);
    tcase_add_test(t, slices_cut);
    tcase_add_test(t, zeros_fill);
    tcase_add_test(t, flattened_maps_follow);
    tcase_add_test(t, given_channels_stay);
    tcase_add_test(t, larger_maps_decide);
    tcase_add_test(t, kept_relus_keep_their_size);
    tcase_add_test(t, plain_layers_come_first);
    tcase_add_test(t, refusals);
    tcase_add_test(t, too_large);
    tcase_add_test(t, nested_budgets);
    tcase_add_test(t, the_largest_width);
    tcase_add_test(t, arguments);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
