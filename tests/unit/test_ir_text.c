/* Textual IR: read(print(g)) is g; bad texts are refused with a place and a reason; no bytes at all make the reader fail otherwise. */
#include "compiler/ir/print.h"
#include "compiler/ir/verify.h"
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

static const char *print(const struct ir_graph *g)
{
    struct text t = text_new(arena);
    ir_print(&t, g);
    return text_str(&t);
}

static const struct ir_graph *read(const char *text)
{
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(arena, text, strlen(text), &e);
    ck_assert_msg(g, "%d:%d: %s\n%s", e.line, e.column, e.why, text);
    return g;
}

#define NODES "ir 1\nnetwork N\n%x = input 3x8x8\n"

static const char canonical[] =
    "ir 1\n"
    "network Fashion\n"
    "train lr_max=0.1 lr_min=0.001 momentum=0.9 weight_decay=0.0002 nesterov=true epochs=3 batch=64 restart_first=0 restart_factor=2 "
    "augment_flip=true augment_crop=2 augment_cutout=0\n"
    "%image = input 1x28x28 mean=[0.286] std=[0.353] at \"fashion.cnas\":5:5\n"
    "%stem = conv %image channels=16 kh=3 kw=5 stride=1 pad_y=1 pad_x=2 dilation=1 groups=1 bias=true -> 16x28x28 at \"fashion.cnas\":7:12\n"
    "%bn = batch_norm %stem epsilon=1e-05 decay=0.9 -> 16x28x28\n"
    "%relu = relu %bn keep prune -> 16x28x28 at \"block.cnas\":12:9 of \"basic\" in \"block.cnas\":3:1 of \"two \\\"words\\\"\" in \"fashion.cnas\":9:13\n"
    "%pool = avg_pool %relu kernel=2 stride=2 pad=0 -> 16x14x14\n"
    "%even = subsample %relu stride=2 offset_y=0 offset_x=1 -> 16x14x14\n"
    "%most = max_pool %pool kernel=3 stride=1 pad=1 -> 16x14x14\n"
    "%wide = pad %most top=0 bottom=-1 left=2 right=0 -> 16x13x16\n"
    "%part = slice %wide channel=2 channels=3 row=0 rows=13 column=1 columns=4 -> 3x13x4\n"
    "%other = reshape %part c=13 h=4 w=3 -> 13x4x3\n"
    "%vector = reshape %other c=156 h=0 w=0 -> 156\n"
    "%top = global_max_pool %other -> 13\n"
    "%sum = add %pool %even -> 16x14x14\n"
    "%cat = concat %sum %pool %even -> 48x14x14\n"
    "%gap = global_avg_pool %cat -> 48\n"
    "%flat = flatten %sum -> 3136\n"
    "%drop = dropout %gap rate=0.5 -> 48\n"
    "%fc = linear %drop features=10 bias=false -> 10\n"
    "output logits = %fc\n"
    "output features = %flat\n"
    "output v = %vector\n"
    "output top = %top\n"
    "budget \"network Fashion\" limit=84000 nodes=all at \"fashion.cnas\":3:1\n"
    "budget \"the \\\"stem\\\"\" limit=0 nodes=[%stem %relu]\n"
    "budget \"nothing\" limit=5 nodes=[]\n"
    "end\n";

START_TEST(canonical_text_is_stable)
{
    ck_assert_str_eq(print(read(canonical)), canonical);
}
END_TEST

START_TEST(what_is_read)
{
    const struct ir_graph *g = read(canonical);
    ck_assert_str_eq(g->name, "Fashion");
    ck_assert_double_eq(g->train.lr_max, 0.1);
    ck_assert_int_eq(g->train.augment_crop, 2);
    ck_assert_double_eq(g->nodes[0].input.std[0], 0.353);
    ck_assert_int_eq(g->nodes[1].conv.kw, 5);
    ck_assert(g->nodes[1].conv.bias);
    ck_assert(g->nodes[3].keep && g->nodes[3].prune);
    ck_assert_str_eq(g->nodes[3].site.from->from->file, "fashion.cnas");
    ck_assert_int_eq(g->nodes[3].site.from->from->line, 9);
    ck_assert_ptr_null(g->nodes[3].site.from->from->from);
    ck_assert_str_eq(g->nodes[3].site.block, "basic");
    ck_assert_str_eq(g->nodes[3].site.from->block, "two \"words\"");
    ck_assert_ptr_null(g->nodes[3].site.from->from->block);
    ck_assert_uint_eq(g->nodes[13].n_in, 3);
    ck_assert_int_eq(g->nodes[7].pad.bottom, -1);
    ck_assert_uint_eq(g->n_outputs, 4);
    ck_assert_ptr_null(g->budgets[0].nodes);
    ck_assert_str_eq(g->budgets[1].scope, "the \"stem\"");
    ck_assert_uint_eq(g->budgets[1].nodes[1], 3);
    ck_assert_ptr_nonnull(g->budgets[2].nodes);
}
END_TEST

START_TEST(short_forms)
{
    const struct ir_graph *g = read("# a comment\nir 1 network N %x = input 3x8x8 %c = conv %x kh=1 channels=4 kw=1 # attributes in any order\n"
                                    "%d = relu %c output y = %d end");
    ck_assert_int_eq(g->nodes[1].conv.stride, 1);
    ck_assert_int_eq(g->nodes[1].conv.pad_y, 0);
    ck_assert_int_eq(g->train.epochs, ir_train_default.epochs);
    g = read("ir 1\r\nnetwork N\r\n\t%x = input 3\r\noutput y = %x\r\nend\r\n");
    ck_assert_uint_eq(g->n_nodes, 1);
    g = read(NODES "%unused = relu %x %y = batch_norm %x output y = %y end");
    ck_assert_uint_eq(g->n_nodes, 2);
    ck_assert_double_eq(g->nodes[1].batch_norm.epsilon, 1e-5);
}
END_TEST

START_TEST(random_graphs_come_back)
{
    uint64_t seed = random_seed();
    for (int i = 0; i < 300; i++, seed++) {
        const struct ir_graph *g = random_graph(arena, seed, 2 + i % 60);
        ir_id node;
        const char *why = ir_verify(arena, g, &node);
        ck_assert_msg(!why, "CNAS_SEED=%llu: %s", (unsigned long long)seed, why);
        const char *once = print(g);
        struct ir_read_error e;
        const struct ir_graph *back = ir_read(arena, once, strlen(once), &e);
        ck_assert_msg(back, "CNAS_SEED=%llu: %d:%d: %s\n%s", (unsigned long long)seed, e.line, e.column, e.why, once);
        ck_assert_msg(strcmp(print(back), once) == 0, "CNAS_SEED=%llu: changed in reading:\n%s\nbecame\n%s", (unsigned long long)seed, once, print(back));
    }
}
END_TEST

static const struct {
    const char *text;
    int line, column;
    const char *why;
} bad[] = {
    {"", 1, 1, "expected ir, found the end of the text"},
    {"network N", 1, 1, "expected ir, found network"},
    {"ir 2\n", 1, 4, "this text is of version 2, but version 1 is understood"},
    {"ir 1\nnetwork \"N\" end", 2, 9, "expected the network's name, found N"},
    {"ir 1 network N", 1, 15, "the text ends before its last word, end"},
    {"ir 1 network N end", 1, 16, "the network has no output"},
    {"ir 1 network 9a %x = input 3 output x = %x end", 1, 44, "the network has the invalid name '9a'"},
    {"ir 1 network N $", 1, 16, "unexpected character '$'"},
    {"ir 1 network N \xff", 1, 16, "unexpected byte 0xff"},
    {NODES "hello", 4, 1, "expected a node, output, budget, train, pass, private or end, found hello"},
    {NODES "%x = relu %x", 4, 1, "a node named %x stands above already"},
    {NODES "%Y = relu %x", 4, 1, "'Y' is no name for a node: lower-case letters, digits and _, at most 64, and not a word of C"},
    {NODES "%y = relu %x composed \"y\" \"x\"", 4, 23, "relu has no weights that could be composed"},
    {NODES "%y = linear %x features=2 composed \"y\" 3", 4, 40, "expected the name of a node in quotes, found 3"},
    {NODES "%int = relu %x", 4, 1, "'int' is no name for a node: lower-case letters, digits and _, at most 64, and not a word of C"},
    {NODES "%y relu %x", 4, 4, "expected =, found relu"},
    {NODES "%y = gelu %x", 4, 6, "'gelu' is not an operator"},
    {NODES "%y = relu %z", 4, 11, "no node before this place is named %z"},
    {NODES "%y = relu %y", 4, 11, "no node before this place is named %y"},
    {NODES "%y = relu\n", 4, 1, "relu takes 1 input, not 0"},
    {NODES "%y = linear %x features=3\n", 4, 1, "linear needs a vector, but its input is 3x8x8: flatten or pool it first"},
    {NODES "%y = relu %x -> 3x8x9\n", 4, 1, "the text says that %y is 3x8x9, but relu gives 3x8x8"},
    {NODES "%y = relu %x -> 3x8\n", 4, 17, "expected a shape such as 16x28x28 or 10, found 3x8"},
    {NODES "%y = relu %x -> 3x8x8x\n", 4, 17, "expected a shape such as 16x28x28 or 10, found 3x8x8x"},
    {NODES "%y = relu %x -> 3x0x8\n", 4, 17, "expected a shape such as 16x28x28 or 10, found 3x0x8"},
    {NODES "%y = relu %x -> 99999999999999999999\n", 4, 17, "expected a shape such as 16x28x28 or 10, found 99999999999999999999"},
    {NODES "%y = conv %x kh=1 kw=1\n", 5, 1, "conv needs channels="},
    {NODES "%y = conv %x kh=1 kh=1\n", 4, 19, "kh is given twice"},
    {NODES "%y = conv %x kh=1.5\n", 4, 17, "expected a whole number, found 1.5"},
    {NODES "%y = conv %x kh=99999999999999999999\n", 4, 17, "expected a whole number, found 99999999999999999999"},
    {NODES "%y = conv %x channels=1 kh=9 kw=9\n", 4, 1, "kernel 9x9 is larger than the padded input 8x8"},
    {NODES "%y = conv %x bias=yes\n", 4, 19, "expected true or false, found yes"},
    {NODES "%y = dropout %x rate=nan\n", 4, 22, "expected a number, found nan"},
    {NODES "%y = dropout %x rate=0x1\n", 4, 22, "expected a number, found 0x1"},
    {NODES "%y = dropout %x rate=1e999\n", 4, 22, "expected a number, found 1e999"},
    {NODES "%y = dropout %x rate=1\n", 4, 1, "the dropout rate must be at least 0 and less than 1, not 1"},
    {NODES "%y = input 3 mean=[1 2 3]\n", 5, 1, "mean and std need 3 numbers each, one for each channel, not 3 and 0"},
    {NODES "%y = input 2147483648x1x1 mean=[1] std=[1]\n", 5, 1, "mean and std need 2147483648 numbers each, one for each channel, not 1 and 1"},
    {NODES "%y = input 3 mean=[] std=[]\n", 4, 20, "expected a number, found ]"},
    {NODES "%y = relu %x at 5:5\n", 4, 17, "expected a file name in quotes, found 5"},
    {NODES "%y = relu %x at \"f\":-1:5\n", 4, 21, "-1 is not a line or column"},
    {NODES "%y = relu %x at \"f\":1:1 of basic\n", 4, 28, "expected the name of a block in quotes, found basic"},
    {NODES "%y = relu %x at \"f", 4, 17, "a string does not end"},
    {NODES "%y = relu %x at \"f\\q\":1:1", 4, 17, "a string has an unknown escape"},
    {NODES "%y = relu %x at \"f\\x00\":1:1", 4, 17, "a string has \\x without two hexadecimal digits, or \\x00"},
    {NODES "output X = %x", 4, 8, "'X' is no name for an output"},
    {NODES "output y = %x output y = %x", 4, 22, "two outputs are named y"},
    {NODES "output y = %z", 4, 12, "no node before this place is named %z"},
    {NODES "output y = %x end end", 4, 19, "end after the end"},
    {NODES "budget b limit=1 nodes=all", 4, 8, "expected the scope of the budget in quotes, found b"},
    {NODES "budget \"b\" limit=-1 nodes=all", 4, 21, "the limit of a budget is at least 0, not -1"},
    {NODES "budget \"b\" limit=1 nodes=[%z]", 4, 27, "no node before this place is named %z"},
    {NODES "%y = relu %this_name_is_longer_than_what_a_message_shows_of_it", 4, 11,
     "no node before this place is named %this_name_is_longer_than_what_a_message_..."},
    {NODES "output y = \"\\x1b[31m\"", 4, 12, "expected a node such as %conv, found ?[31m"},
    {NODES "train epochs=0", 4, 7, "epochs must be 1 to 1000000, not 0"},
    {NODES "train lr_max=0.1 lr_min=0.2", 4, 7, "lr_min 0.2 is larger than lr_max 0.1"},
};

START_TEST(bad_texts)
{
    struct ir_read_error e;
    ck_assert_msg(!ir_read(arena, bad[_i].text, strlen(bad[_i].text), &e), "accepted:\n%s", bad[_i].text);
    ck_assert_msg(e.line == bad[_i].line && e.column == bad[_i].column && strcmp(e.why, bad[_i].why) == 0,
                  "%d:%d: %s\nfor\n%s", e.line, e.column, e.why, bad[_i].text);
}
END_TEST

/* A copy without a NUL behind it, so that a sanitizer sees any read past the end. */
static const struct ir_graph *read_exactly(const char *text, size_t n, struct ir_read_error *e)
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    struct arena *a = arena_new();
    const struct ir_graph *g = ir_read(a, copy, n, e);
    ck_assert(g || e->why);
    free(copy);
    arena_free(&a);
    return g;
}

START_TEST(every_truncation_is_refused)
{
    struct ir_read_error e;
    size_t n = strlen(canonical) - 1; /* without the last newline it is still complete */
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(!read_exactly(canonical, i, &e), "%zu of %zu bytes were accepted", i, n);
    ck_assert(read_exactly(canonical, n, &e));
}
END_TEST

START_TEST(any_bytes_are_survived)
{
    uint64_t seed = random_seed();
    struct random r = {seed};
    struct ir_read_error e;
    char text[sizeof canonical];
    for (int i = 0; i < 4000; i++) { /* a valid text with a few bytes changed, or parts copied elsewhere */
        memcpy(text, canonical, sizeof text);
        for (int64_t k = 1 + random_below(&r, 4); k > 0; k--) {
            size_t at = (size_t)random_below(&r, sizeof text - 1), from = (size_t)random_below(&r, sizeof text - 1);
            size_t longest = sizeof text - 1 - (at > from ? at : from), n = (size_t)random_below(&r, 30);
            if (random_below(&r, 2))
                text[at] = (char)random_next(&r);
            else
                memmove(text + at, text + from, n < longest ? n : longest);
        }
        read_exactly(text, sizeof text - 1, &e);
    }
    for (int i = 0; i < 300; i++) {
        for (size_t k = 0; k < sizeof text; k++)
            text[k] = (char)random_next(&r);
        ck_assert(!read_exactly(text, sizeof text, &e));
    }
}
END_TEST

START_TEST(deep_and_long)
{
    struct text t = text_new(arena);
    struct ir_read_error e;
    text_add(&t, "%s%%y = relu %%x at \"f\":1:1", NODES);
    for (int i = 0; i < 999; i++)
        text_add(&t, " in \"f\":1:1");
    const char *deepest = arena_printf(arena, "%s output y = %%y end", text_str(&t));
    ck_assert_uint_eq(read(deepest)->n_nodes, 2);
    deepest = arena_printf(arena, "%s in \"f\":1:1 output y = %%y end", text_str(&t));
    ck_assert(!ir_read(arena, deepest, strlen(deepest), &e));
    ck_assert_str_eq(e.why, "more than 1000 places inside one another");

    struct text chain = text_new(arena);
    text_add(&chain, "%s%%y0 = relu %%x\n", NODES);
    for (int i = 1; i < 20000; i++)
        text_add(&chain, "%%y%d = relu %%y%d\n", i, i - 1);
    text_add(&chain, "output y = %%y19999 end");
    ck_assert_uint_eq(read(text_str(&chain))->n_nodes, 20001);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ir_text");
    TCase *t = tcase_create("text");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, canonical_text_is_stable);
    tcase_add_test(t, what_is_read);
    tcase_add_test(t, short_forms);
    tcase_add_test(t, random_graphs_come_back);
    tcase_add_loop_test(t, bad_texts, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, every_truncation_is_refused);
    tcase_add_test(t, any_bytes_are_survived);
    tcase_add_test(t, deep_and_long);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
