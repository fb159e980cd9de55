/* Counting: by hand for every operator; by the formulas of the paper's networks; and where the numbers end. */
#include "compiler/ir/cost.h"

#include "compiler/ir/print.h"

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

static void costs(const struct ir_graph *g, ir_id id, int64_t relus, int64_t macs, int64_t parameters)
{
    struct ir_cost c = ir_cost_node(g, id);
    ck_assert_int_eq(c.relus, relus);
    ck_assert_int_eq(c.relu_equivalents, relus);
    ck_assert_int_eq(c.macs, macs);
    ck_assert_int_eq(c.parameters, parameters);
}

START_TEST(every_operator)
{
    const struct ir_graph *g = read("ir 1 network N %x = input 6x8x8 "
                                    "%c = conv %x channels=4 kh=3 kw=5 stride=2 pad_y=1 pad_x=2 groups=2 bias=true " /* 4x4x4 */
                                    "%d = conv %x channels=4 kh=1 kw=1 stride=2 "
                                    "%b = batch_norm %c %r = relu %b %p = avg_pool %r kernel=2 stride=2 %s = subsample %r stride=2 "
                                    "%a = add %p %s %k = concat %a %p %g = global_avg_pool %k %f = flatten %d %o = dropout %f rate=0.5 "
                                    "%l = linear %o features=10 bias=true %m = linear %g features=10 %v = relu %m %z = add %l %v "
                                    "output y = %z end");
    costs(g, 0, 0, 0, 0);
    costs(g, 1, 0, 4 * 4 * 4 * (3 * 3 * 5), 4 * 3 * 3 * 5 + 4);
    costs(g, 2, 0, 4 * 4 * 4 * 6, 4 * 6);
    costs(g, 3, 0, 0, 8);
    costs(g, 4, 4 * 4 * 4, 0, 0);
    for (ir_id id = 5; id <= 11; id++)
        costs(g, id, 0, 0, 0);
    costs(g, 12, 0, 640, 650);
    costs(g, 13, 0, 80, 80);
    costs(g, 14, 10, 0, 0);
    struct ir_cost t;
    ck_assert(ir_cost_total(g, &t));
    ck_assert_int_eq(t.relus, 74);
    ck_assert_int_eq(t.macs, 64 * 45 + 64 * 6 + 720);
    ck_assert_int_eq(t.parameters, 184 + 24 + 8 + 650 + 80);
}
END_TEST

/* A maximum of n values: n - 1 comparisons. */
START_TEST(maxima)
{
    const struct ir_graph *g = read("ir 1 network N %x = input 3x8x8 %y = global_max_pool %x %s = reshape %y c=3 h=1 w=1 %p = pad %s top=2 "
                                    "%z = slice %p channels=2 rows=3 output y = %z end");
    ck_assert_int_eq(ir_cost_node(g, 1).relu_equivalents, 3 * 63);
    for (ir_id id = 2; id <= 4; id++)
        costs(g, id, 0, 0, 0);
    g = read("ir 1 network N %x = input 3x4x4 %y = poly2 %x %s = square %y %u = upsample %s factor=2 %f = flatten %u %p = softmax %f "
             "%a = argmax %f output p = %p output a = %a end");
    costs(g, 1, 0, 0, 9);
    for (ir_id id = 2; id <= 5; id++)
        costs(g, id, 0, 0, 0);
    ck_assert_int_eq(ir_cost_node(g, 6).relus, 0);
    ck_assert_int_eq(ir_cost_node(g, 6).relu_equivalents, 191);
    g = read("ir 1 network N %x = input 3x9x8 %y = max_pool %x kernel=3 stride=2 pad=1 output y = %y end");
    ck_assert_int_eq(ir_cost_node(g, 1).relus, 0);
    ck_assert_int_eq(ir_cost_node(g, 1).relu_equivalents, 3 * 5 * 4 * 8);
    /* the largest numbers that the shape rules allow */
    g = read("ir 1 network N %x = input 1x2147483647x1 %y = max_pool %x kernel=2147483647 stride=1 pad=1073741823 output y = %y end");
    ck_assert_int_eq(ir_cost_node(g, 1).relu_equivalents, INT64_MAX);
}
END_TEST

/* CryptoNAS CNet1 (released scripts): depth 6, width 14, three resolutions, channels x4 at each reduction. Its ReLU count is
 * 6 * 14 * 1024 = 86,016, the 84Ki budget. Convolutions alone, without skips, carry the count. */
START_TEST(cnet1)
{
    struct text t = text_new(arena);
    text_add(&t, "ir 1 network CNet1 %%image = input 3x32x32 %%y0 = conv %%image channels=14 kh=3 kw=3 pad_y=1 pad_x=1\n");
    int c = 14;
    for (int i = 0; i < 6; i++) {
        bool reduce = i == 2 || i == 4;
        c *= reduce ? 4 : 1;
        if (reduce)
            text_add(&t, "%%s%d = subsample %%y%d stride=2 %%q%d = conv %%s%d channels=%d kh=1 kw=1\n", i, i, i, i, c);
        text_add(&t, "%%r%d = relu %%%s%d %%y%d = conv %%r%d channels=%d kh=3 kw=3 pad_y=1 pad_x=1\n", i, reduce ? "q" : "y", i, i + 1, i, c);
    }
    text_add(&t, "%%gap = global_avg_pool %%y6 %%fc = linear %%gap features=10 output logits = %%fc end");
    struct ir_cost total;
    ck_assert(ir_cost_total(read(text_str(&t)), &total));
    ck_assert_int_eq(total.relus, 86016);
    ck_assert_int_eq(total.relu_equivalents, 86016);
}
END_TEST

START_TEST(sums_stop_at_the_end)
{
    struct ir_cost near = {.macs = INT64_MAX - 1}, before = near;
    ck_assert(ir_cost_add(&near, (struct ir_cost){.macs = 1}));
    ck_assert_int_eq(near.macs, INT64_MAX);
    near = before;
    ck_assert(!ir_cost_add(&near, (struct ir_cost){.macs = 2, .relus = 5}));
    ck_assert_int_eq(near.macs, before.macs);
    ck_assert_int_eq(near.relus, 0);
}
END_TEST

/* n depthwise layers, each of 2^31 results and 1025 * 1023 = 2^20 - 1 products for each: nearly 2^51 */
static const struct ir_graph *huge(int n)
{
    struct text t = text_new(arena);
    text_add(&t, "ir 1 network N %%c0 = input 2048x1024x1024\n");
    for (int i = 1; i <= n; i++)
        text_add(&t, "%%c%d = conv %%c%d channels=2048 kh=1025 kw=1023 pad_y=512 pad_x=511 groups=2048\n", i, i - 1);
    text_add(&t, "output y = %%c%d end", n);
    return read(text_str(&t));
}

static int64_t memory(const struct ir_graph *g)
{
    int64_t bytes;
    ck_assert(ir_cost_memory(arena, g, &bytes));
    return bytes;
}

/* By hand: what is alive while each operator runs. */
START_TEST(memory_by_hand)
{
    ck_assert_int_eq(memory(read("ir 1 network N %x = input 3x4x4 output y = %x end")), 4 * 48);
    /* x dies after a, a after b: a and b, 4 * (96 + 32) bytes, is more than x and a */
    ck_assert_int_eq(memory(read("ir 1 network N %x = input 1x4x4 %a = conv %x channels=6 kh=1 kw=1 %b = conv %a channels=2 kh=1 kw=1 "
                                 "output y = %b end")), 4 * (96 + 32));
    /* a skip keeps x alive until the sum, whose result lies beside both */
    ck_assert_int_eq(memory(read("ir 1 network N %x = input 2x4x4 %a = relu %x %b = relu %a %z = add %x %b output y = %z end")), 4 * 3 * 32);
    /* other names for the same memory: the vector keeps the map alive */
    ck_assert_int_eq(memory(read("ir 1 network N %x = input 2x4x4 %f = flatten %x %d = dropout %f rate=0.5 %l = linear %d features=3 "
                                 "output y = %l end")), 4 * (32 + 3));
    /* an output stays to the end, and the second input is there from the start */
    ck_assert_int_eq(memory(read("ir 1 network N %x = input 8 %a = relu %x %b = linear %a features=16 %c = linear %b features=2 "
                                 "output p = %a output q = %c end")), 4 * (8 + 16 + 2));
}
END_TEST

START_TEST(memory_beyond_32_bits)
{
    struct text t = text_new(arena); /* nothing dies before the sum */
    int64_t bytes;
    text_add(&t, "ir 1 network N %%c0 = input 2048x1024x1024 ");
    for (int i = 1; i <= 200; i++)
        text_add(&t, "%%c%d = relu %%c0 ", i);
    text_add(&t, "%%z = add");
    for (int i = 0; i <= 200; i++)
        text_add(&t, " %%c%d", i);
    text_add(&t, " output y = %%z end");
    ck_assert(ir_cost_memory(arena, read(text_str(&t)), &bytes));
    ck_assert_int_eq(bytes, ((int64_t)4 << 31) * 202);
}
END_TEST

START_TEST(total_overflow_is_noticed)
{
    struct ir_cost total;
    const int64_t one = ((int64_t)1 << 31) * 1025 * 1023;
    ck_assert(ir_cost_total(huge(4096), &total));
    ck_assert_int_eq(total.macs, 4096 * one);
    ck_assert(!ir_cost_total(huge(4097), &total));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ir_cost");
    TCase *t = tcase_create("cost");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, every_operator);
    tcase_add_test(t, maxima);
    tcase_add_test(t, cnet1);
    tcase_add_test(t, sums_stop_at_the_end);
    tcase_add_test(t, memory_by_hand);
    tcase_add_test(t, memory_beyond_32_bits);
    tcase_add_test(t, total_overflow_is_noticed);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
