/* The verifier: a good graph passes, and each broken invariant is named with the node that breaks it. */
#include "compiler/ir/verify.h"

#include "compiler/ir/print.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static struct ir_graph g; /* a good one, free to be broken: image, conv, relu, pool, fc */
static struct ir_node *nodes;
static struct ir_output *outputs;
static struct ir_budget *budgets;

static void setup(void)
{
    static const char text[] = "ir 1 network N %image = input 3x8x8 %conv = conv %image channels=4 kh=3 kw=3 %relu = relu %conv "
                               "%pool = global_avg_pool %relu %fc = linear %pool features=10 output logits = %fc output features = %relu "
                               "budget \"all\" limit=1 nodes=all budget \"part\" limit=1 nodes=[%conv %relu] end";
    struct ir_read_error e;
    arena = arena_new();
    const struct ir_graph *good = ir_read(arena, text, strlen(text), &e);
    ck_assert_msg(good, "%d:%d: %s", e.line, e.column, e.why);
    g = *good;
    nodes = ARENA_ARRAY(arena, struct ir_node, g.n_nodes);
    memcpy(nodes, g.nodes, g.n_nodes * sizeof *nodes);
    g.nodes = nodes;
    outputs = ARENA_ARRAY(arena, struct ir_output, g.n_outputs);
    memcpy(outputs, g.outputs, g.n_outputs * sizeof *outputs);
    g.outputs = outputs;
    budgets = ARENA_ARRAY(arena, struct ir_budget, g.n_budgets);
    memcpy(budgets, g.budgets, g.n_budgets * sizeof *budgets);
    g.budgets = budgets;
}

static void teardown(void)
{
    arena_free(&arena);
}

static void says(const char *want, ir_id at)
{
    ir_id node;
    const char *why = ir_verify(arena, &g, &node);
    ck_assert_msg(why != NULL, "not noticed: %s", want);
    ck_assert_str_eq(why, want);
    ck_assert_uint_eq(node, at);
}

START_TEST(good)
{
    ir_id node;
    ck_assert_ptr_null(ir_verify(arena, &g, &node));
}
END_TEST

START_TEST(order)
{
    nodes[2].in = (ir_id[]){2};
    says("relu is node 2 and uses node 2, which does not come before it", 2);
    nodes[2].in = (ir_id[]){99};
    says("relu is node 2 and uses node 99, which does not come before it", 2);
}
END_TEST

START_TEST(shapes)
{
    nodes[2].shape.w = 7;
    says("relu has shape 4x6x7, but relu gives 4x6x6", 2);
    nodes[2].shape.w = 6;
    nodes[1].conv.kh = 9;
    says("conv: kernel 9x3 is larger than the padded input 8x8", 1);
    nodes[1].conv.kh = 3;
    nodes[1].conv.stride = 0;
    says("conv: stride must be at least 1, not 0", 1);
    nodes[1].conv.stride = 1;
    nodes[0].shape.c = 0;
    says("image: the number of channels must be at least 1, not 0", 0);
}
END_TEST

START_TEST(arity_and_operator)
{
    nodes[2].n_in = 0;
    says("relu: relu takes 1 input, not 0", 2);
    nodes[2].op = IR_OP_COUNT;
    says(arena_printf(arena, "relu has the unknown operator %d", IR_OP_COUNT), 2);
}
END_TEST

START_TEST(names)
{
    nodes[2].name = "conv";
    says("nodes 1 and 2 are both named conv", 2);
    nodes[2].name = "Relu";
    says("node 2 has the invalid name 'Relu'", 2);
    nodes[2].name = NULL;
    says("node 2 has the invalid name ''", 2);
    nodes[2].name = "relu";
    g.name = "a b";
    says("the network has the invalid name 'a b'", IR_NONE);
}
END_TEST

START_TEST(outputs_and_use)
{
    outputs[0].node = 5;
    says("output logits is node 5 of 5", IR_NONE);
    outputs[0].node = 3;
    says("no output needs fc", 4);
    outputs[0].name = "features";
    says("two outputs are named features", IR_NONE);
    outputs[0].name = "x y";
    says("output 0 has the invalid name 'x y'", IR_NONE);
    g.n_outputs = 0;
    says("the network has no output", IR_NONE);
}
END_TEST

START_TEST(budget)
{
    budgets[1].nodes = (ir_id[]){2, 1};
    says("the nodes that the budget of part covers are not ascending", IR_NONE);
    budgets[1].nodes = (ir_id[]){2, 2};
    says("the nodes that the budget of part covers are not ascending", IR_NONE);
    budgets[1].nodes = (ir_id[]){2, 5};
    says("the budget of part covers node 5 of 5", IR_NONE);
    budgets[1].nodes = NULL;
    says("the budget of part has a count of nodes, but no nodes", IR_NONE);
    budgets[0].limit = -1;
    says("the budget of all is negative", IR_NONE);
    budgets[0].scope = NULL;
    says("a budget has no scope", IR_NONE);
}
END_TEST

#define TRAIN_SAYS(field, value, want)    \
    do {                                  \
        g.train = ir_train_default;       \
        g.train.field = (value);          \
        says(want, IR_NONE);              \
    } while (0)

START_TEST(train)
{
    TRAIN_SAYS(lr_max, 0, "lr_max must be positive, not 0");
    TRAIN_SAYS(lr_max, INFINITY, "lr_max must be positive, not inf");
    TRAIN_SAYS(lr_min, -1, "lr_min must be at least 0, not -1");
    TRAIN_SAYS(lr_min, 0.06, "lr_min 0.06 is larger than lr_max 0.05");
    TRAIN_SAYS(augment_cutmix, 1.5, "augment_cutmix must be 0 to 1, not 1.5");
    TRAIN_SAYS(distill_weight, -0.1, "distill_weight must be 0 to 1, not -0.1");
    TRAIN_SAYS(distill_weight, NAN, "distill_weight must be 0 to 1, not nan");
    TRAIN_SAYS(distill_weight, 0.5, "distill_weight 0.5 has no temperature");
    TRAIN_SAYS(temperature, 0.001, "temperature must be 0.01 to 1000, or 0, not 0.001");
    TRAIN_SAYS(temperature, -1, "temperature must be 0.01 to 1000, or 0, not -1");
    TRAIN_SAYS(momentum, 1, "momentum must be at least 0 and less than 1, not 1");
    TRAIN_SAYS(weight_decay, -1, "weight_decay must be at least 0, not -1");
    TRAIN_SAYS(epochs, 0, "epochs must be 1 to 1000000, not 0");
    TRAIN_SAYS(batch, 0, "batch must be 1 to 1000000, not 0");
    TRAIN_SAYS(restart_first, -1, "restart_first must be 0 to 1000000, not -1");
    TRAIN_SAYS(restart_factor, 0, "restart_factor must be 1 to 1000000, not 0");
    TRAIN_SAYS(augment_crop, -1, "augment_crop must be 0 to 1024, not -1");
    TRAIN_SAYS(augment_cutout, 65537, "augment_cutout must be 0 to 4096, not 65537");
    g.train = ir_train_default;
    g.train.momentum = NAN;
    ir_id node;
    ck_assert_ptr_nonnull(ir_verify(arena, &g, &node));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ir_verify");
    TCase *t = tcase_create("invariants");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, good);
    tcase_add_test(t, order);
    tcase_add_test(t, shapes);
    tcase_add_test(t, arity_and_operator);
    tcase_add_test(t, names);
    tcase_add_test(t, outputs_and_use);
    tcase_add_test(t, budget);
    tcase_add_test(t, train);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
