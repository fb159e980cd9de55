/* The builder: names, refusals that record nothing, budgets, and what finish drops. */
#include "compiler/ir/ir.h"
#include "compiler/ir/names.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static const struct site nowhere;
static const char *why;

static void setup(void)
{
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(&arena);
}

static struct ir_builder *new_with_input(ir_id *x)
{
    struct ir_builder *b = ir_builder_new(arena, "Net");
    *x = ir_build_input(b, "image", (struct ir_shape){3, 3, 8, 8}, NULL, nowhere, &why);
    ck_assert_uint_eq(*x, 0);
    return b;
}

static ir_id relu(struct ir_builder *b, const char *name, ir_id x)
{
    ir_id id = ir_build(b, IR_RELU, name, &x, 1, NULL, nowhere, &why);
    ck_assert_uint_ne(id, IR_NONE);
    return id;
}

static const char *name_of(const struct ir_builder *b, ir_id id)
{
    return ir_builder_node(b, id)->name;
}

START_TEST(names)
{
    ir_id x;
    struct ir_builder *b = new_with_input(&x);
    ck_assert_str_eq(name_of(b, x), "image");
    ck_assert_str_eq(name_of(b, relu(b, NULL, x)), "relu");
    ck_assert_str_eq(name_of(b, relu(b, "", x)), "relu_2");
    ck_assert_str_eq(name_of(b, relu(b, "ReLU", x)), "relu_3");
    ck_assert_str_eq(name_of(b, relu(b, "relu_4", x)), "relu_4");
    ck_assert_str_eq(name_of(b, relu(b, "relu", x)), "relu_5");
    ck_assert_str_eq(name_of(b, relu(b, "Stage[1].Conv-2", x)), "stage_1__conv_2");
    ck_assert_str_eq(name_of(b, relu(b, "3x3", x)), "n3x3");
    ck_assert_str_eq(name_of(b, relu(b, "__", x)), "relu_6");
    ck_assert_str_eq(name_of(b, relu(b, "double", x)), "double_2");
    ck_assert_str_eq(name_of(b, relu(b, "caf\xc3\xa9", x)), "caf");
    ck_assert_str_eq(name_of(b, relu(b, "kept_", x)), "kept_");
    char wish[200], first[IR_NAME_MAX + 1];
    memset(wish, 'a', sizeof wish - 1);
    wish[sizeof wish - 1] = '\0';
    memset(first, 'a', IR_NAME_MAX);
    first[IR_NAME_MAX] = '\0';
    ck_assert_str_eq(name_of(b, relu(b, wish, x)), first);
    memcpy(first + IR_NAME_MAX - 2, "_2", 2);
    ck_assert_str_eq(name_of(b, relu(b, wish, x)), first);
}
END_TEST

START_TEST(rename_releases)
{
    ir_id x;
    struct ir_builder *b = new_with_input(&x);
    ir_id first = relu(b, NULL, x), second = relu(b, NULL, x);
    ir_builder_rename(b, first, "stem");
    ck_assert_str_eq(name_of(b, first), "stem");
    ck_assert_str_eq(name_of(b, relu(b, NULL, x)), "relu");
    ir_builder_rename(b, second, "relu_2");
    ck_assert_str_eq(name_of(b, second), "relu_2");
    ir_builder_rename(b, second, "stem");
    ck_assert_str_eq(name_of(b, second), "stem_2");
    ir_builder_set_flags(b, second, true, false);
    ck_assert(ir_builder_node(b, second)->keep && !ir_builder_node(b, second)->prune);
}
END_TEST

START_TEST(many_names)
{
    ir_id x;
    struct ir_builder *b = new_with_input(&x);
    for (int i = 1; i <= 3000; i++) {
        char want[32];
        snprintf(want, sizeof want, i == 1 ? "relu" : "relu_%d", i);
        ck_assert_str_eq(name_of(b, relu(b, NULL, x)), want);
    }
}
END_TEST

START_TEST(valid_names)
{
    const char *good[] = {"a", "a1_", "int8", "relu_2"}, *bad[] = {"", "_a", "1a", "A", "a-b", "int", "main", "a b", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(ir_name_valid(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!ir_name_valid(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(refusal_records_nothing)
{
    ir_id x;
    struct ir_builder *b = new_with_input(&x);
    struct ir_node attr = {.linear = {10, true}};
    ck_assert_uint_eq(ir_build(b, IR_LINEAR, "fc", &x, 1, &attr, nowhere, &why), IR_NONE);
    ck_assert_str_eq(why, "linear needs a vector, but its input is 3x8x8: flatten or pool it first");
    ck_assert_uint_eq(ir_builder_count(b), 1);
    ir_id f = ir_build(b, IR_FLATTEN, NULL, &x, 1, NULL, nowhere, &why);
    ck_assert_str_eq(name_of(b, ir_build(b, IR_LINEAR, "fc", &f, 1, &attr, nowhere, &why)), "fc");
}
END_TEST

START_TEST(attributes_are_copied)
{
    struct ir_builder *b = ir_builder_new(arena, "Net");
    double mean[] = {0.5, 0.25}, std[] = {1, 2};
    ir_id x = ir_build_input(b, "x", (struct ir_shape){1, 2, 1, 1}, &(struct ir_input){mean, std}, nowhere, &why);
    mean[1] = 9;
    std[1] = 9;
    ck_assert_double_eq(ir_builder_node(b, x)->input.mean[1], 0.25);
    ck_assert_double_eq(ir_builder_node(b, x)->input.std[1], 2);
    ir_id r = ir_build(b, IR_RELU, NULL, &x, 1, &(struct ir_node){.keep = true, .name = "ignored", .n_in = 7}, nowhere, &why);
    ck_assert(ir_builder_node(b, r)->keep);
    ck_assert_str_eq(name_of(b, r), "relu");
    ck_assert_uint_eq(ir_builder_node(b, r)->n_in, 1);
}
END_TEST

START_TEST(finish_drops_the_unneeded)
{
    ir_id x;
    struct ir_builder *b = new_with_input(&x);
    ir_id dead = relu(b, "dead", x), used = relu(b, "used", x), deader = relu(b, "deader", dead);
    ir_id pair[] = {used, x};
    ir_id sum = ir_build(b, IR_ADD, NULL, pair, 2, NULL, nowhere, &why);
    ir_builder_output(b, "Logits", sum);
    ir_builder_output(b, "logits", used);
    ir_builder_budget(b, (struct ir_budget){"part", 7, (ir_id[]){sum, deader, used, sum}, 4, nowhere});
    ir_builder_budget(b, (struct ir_budget){"gone", 7, &dead, 1, nowhere});
    ir_builder_budget(b, (struct ir_budget){"all", 7, NULL, 0, nowhere});
    uint32_t dropped;
    const struct ir_graph *g = ir_builder_finish(b, &dropped);
    ck_assert_uint_eq(dropped, 2);
    ck_assert_uint_eq(g->n_nodes, 3);
    ck_assert_str_eq(g->nodes[0].name, "image");
    ck_assert_str_eq(g->nodes[1].name, "used");
    ck_assert_str_eq(g->nodes[2].name, "add");
    ck_assert_uint_eq(g->nodes[2].in[0], 1);
    ck_assert_uint_eq(g->nodes[2].in[1], 0);
    ck_assert_uint_eq(g->outputs[0].node, 2);
    ck_assert_str_eq(g->outputs[0].name, "logits");
    ck_assert_str_eq(g->outputs[1].name, "logits_2");
    ck_assert_uint_eq(g->budgets[0].n_nodes, 2);
    ck_assert_uint_eq(g->budgets[0].nodes[0], 1);
    ck_assert_uint_eq(g->budgets[0].nodes[1], 2);
    ck_assert_ptr_nonnull(g->budgets[1].nodes); /* covers nothing now: not the whole graph */
    ck_assert_uint_eq(g->budgets[1].n_nodes, 0);
    ck_assert_ptr_null(g->budgets[2].nodes);
    ck_assert_int_eq(g->train.epochs, ir_train_default.epochs);
    ck_assert_uint_eq(g->whole->n_nodes, 5); /* with the nodes as they were */
    ck_assert_str_eq(g->whole->nodes[3].name, "deader");
    ck_assert_uint_eq(g->whole->nodes[3].in[0], dead);
    ck_assert_uint_eq(g->whole->outputs[0].node, sum);
    const bool *needed = ir_needed(arena, g->whole);
    ck_assert(needed[x] && needed[used] && needed[sum] && !needed[dead] && !needed[deader]);
}
END_TEST

START_TEST(foreign_node_is_a_bug)
{
    struct ir_builder *b = ir_builder_new(arena, "Net");
    ir_build(b, IR_RELU, NULL, (ir_id[]){0}, 1, NULL, nowhere, &why);
}
END_TEST

START_TEST(facts)
{
    enum ir_op op;
    for (int i = 0; i < IR_OP_COUNT; i++) {
        ck_assert(ir_op_from_name(ir_op_name((enum ir_op)i), &op));
        ck_assert_int_eq(op, i);
    }
    ck_assert(!ir_op_from_name("convolution", &op));
    ck_assert(ir_op_is_linear(IR_CONV) && !ir_op_is_linear(IR_RELU));
    ck_assert_str_eq(ir_shape_text(arena, (struct ir_shape){3, 64, 32, 16}), "64x32x16");
    ck_assert_str_eq(ir_shape_text(arena, (struct ir_shape){1, 10, 1, 1}), "10");
    ck_assert_int_eq(ir_elements((struct ir_shape){3, 64, 32, 16}), 32768);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ir_build");
    TCase *t = tcase_create("builder");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, names);
    tcase_add_test(t, rename_releases);
    tcase_add_test(t, many_names);
    tcase_add_test(t, valid_names);
    tcase_add_test(t, refusal_records_nothing);
    tcase_add_test(t, attributes_are_copied);
    tcase_add_test(t, finish_drops_the_unneeded);
    tcase_add_test_raise_signal(t, foreign_node_is_a_bug, SIGABRT);
    tcase_add_test(t, facts);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
