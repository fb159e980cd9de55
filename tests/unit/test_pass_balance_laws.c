/* relu-balance on random networks: it never adds ReLUs or breaks a budget, equal layers stay equal, and once more changes nothing. */
#include "compiler/ir/verify.h"
#include "tests/support/balance.h"
#include "tests/unit/pass_text.h"
#include "tests/unit/random_ir.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A network as people write them: stages of layers with what ties channels, widths that are multiples of 8, so that balancing rounds
 * little. Layers of one stage have one of two widths. */
static const struct ir_graph *random_network(struct arena *a, struct random *r)
{
    struct ir_builder *b = ir_builder_new(a, "Random");
    const char *why;
    const struct site here = {0};
    ir_id x = ir_build_input(b, "x", (struct ir_shape){3, 3, 32, 32}, NULL, here, &why);
    int64_t stages = 1 + random_below(r, 4), budgets = random_below(r, 3);
    struct ir_node attr = {0};
#define BUILD(operator, ...) (ir_build(b, operator, "", (ir_id[]){__VA_ARGS__}, sizeof((ir_id[]){__VA_ARGS__}) / sizeof(ir_id), &attr, here, &why))
    for (int64_t s = 0; s < stages; s++) {
        int64_t width = 8 * (1 + random_below(r, 4)), stride = s ? 1 + random_below(r, 2) : 1;
        attr.conv = (struct ir_conv){width, 3, 3, stride, 1, 1, 1, 1, false};
        x = BUILD(IR_CONV, x);
        for (int64_t l = 1 + random_below(r, 3); l > 0; l--) {
            ir_id y = BUILD(IR_RELU, x), z;
            attr.conv = (struct ir_conv){width, 1, 1, 1, 0, 0, 1, 1, false};
            switch (random_below(r, 6)) {
            case 0: /* residual */
                z = BUILD(IR_CONV, y);
                x = BUILD(IR_ADD, x, z);
                break;
            case 1: /* wide in the middle */
                attr.conv.channels = 4 * width;
                z = BUILD(IR_CONV, y);
                z = BUILD(IR_RELU, z);
                attr.conv.channels = width;
                x = BUILD(IR_CONV, z);
                break;
            case 2: /* depthwise */
                attr.conv.groups = width;
                z = BUILD(IR_CONV, y);
                attr.conv.groups = 1;
                x = BUILD(IR_CONV, z);
                break;
            case 3: /* groups */
                attr.conv.groups = 4;
                x = BUILD(IR_CONV, y);
                break;
            case 4: /* halves, joined again */
                attr.conv.channels = width / 2;
                z = BUILD(IR_CONV, y);
                y = BUILD(IR_CONV, y);
                x = BUILD(IR_CONCAT, z, y);
                break;
            default: /* the halves changed, and tied to the whole */
                attr.slice = (struct ir_slice){0, width / 2, 0, ir_builder_node(b, y)->shape.h, 0, ir_builder_node(b, y)->shape.w};
                z = BUILD(IR_SLICE, y);
                attr.slice.channel = width / 2;
                y = BUILD(IR_SLICE, y);
                z = BUILD(IR_CONCAT, y, z);
                x = BUILD(IR_ADD, x, z);
                break;
            }
        }
    }
#undef BUILD
    x = ir_build(b, IR_RELU, "", &x, 1, NULL, here, &why);
    x = ir_build(b, IR_GLOBAL_AVG_POOL, "", &x, 1, NULL, here, &why);
    attr.linear = (struct ir_linear){10, true};
    ir_builder_output(b, "logits", ir_build(b, IR_LINEAR, "", &x, 1, &attr, here, &why));
    for (int64_t i = 0; i < budgets; i++) {
        ir_id *nodes = ARENA_ARRAY(a, ir_id, ir_builder_count(b));
        uint32_t n = 0;
        for (ir_id id = 0; id < ir_builder_count(b); id++)
            if (i == 0 || random_below(r, 2))
                nodes[n++] = id;
        ir_builder_budget(b, (struct ir_budget){.scope = "part", .limit = 20000 + random_below(r, 200000), .nodes = nodes, .n_nodes = n});
    }
    return ir_builder_finish(b, NULL);
}

/* Layers of maps of one size that had equally many channels still have. */
static bool equal_stay_equal(const struct ir_graph *g, const struct ir_graph *h)
{
    for (ir_id i = 0; i < g->n_nodes; i++)
        for (ir_id k = 0; k < i; k++)
            if (g->nodes[i].op == IR_RELU && g->nodes[k].op == IR_RELU && ir_shape_equal(g->nodes[i].shape, g->nodes[k].shape) &&
                !ir_shape_equal(h->nodes[i].shape, h->nodes[k].shape))
                return false;
    return true;
}

/* Convolutions with one channel in each group: a grouped one that got so small counts as depthwise from then on. */
static int small_groups(const struct ir_graph *g)
{
    int n = 0;
    for (ir_id id = 0; id < g->n_nodes; id++)
        n += g->nodes[id].op == IR_CONV && g->nodes[id].conv.groups == g->nodes[g->nodes[id].in[0]].shape.c;
    return n;
}

/* Graphs are too long for Check's messages. */
#define LAW(holds, what)                                                        \
    do {                                                                        \
        if (!(holds)) {                                                         \
            fprintf(stderr, "%s\nbecame\n%s\n", before, h ? pass_print(h) : "nothing"); \
            ck_abort_msg("CNAS_SEED=%" PRIu64 ": %s", seed, what);              \
        }                                                                       \
    } while (0)

START_TEST(laws)
{
    uint64_t seed = random_seed();
    int changed = 0, bounded = 0, even = 0;
    for (int i = 0; i < 1000; i++, seed++) {
        struct random r = {seed};
        struct arena *a = arena_new();
        const struct ir_graph *g = random_network(a, &r);
        const char *before = pass_print(g);
        const struct ir_graph *h = balance_in(a, g, "");
        ir_id node;
        LAW(h && !ir_verify(a, h, &node), "refused or wrong");
        LAW(strcmp(pass_print(g), before) == 0, "the input was changed");
        bool none = remarked(REMARK_MISSED, "no width meets every budget"), stays = remarked(REMARK_MISSED, "more ReLUs with any width");
        int missed = 0;
        for (size_t k = 0; k < balance_remarks.list.n; k++)
            missed += balance_remarks.list.at[k].kind == REMARK_MISSED;
        LAW(none || stays || holds(h), "a budget is broken");
        LAW(g->n_budgets || pass_relus(h) <= pass_relus(g), "more ReLUs");
        if (!stays && !missed) { /* nothing was rounded and nothing is foreign: the rule holds to the last ReLU */
            LAW(equal_stay_equal(g, h), "layers that were equal are not");
            LAW(small_groups(h) != small_groups(g) || strcmp(pass_print(balance_in(a, h, "")), pass_print(h)) == 0, "not idempotent");
            even++;
        }
        changed += h != g;
        bounded += g->n_budgets > 0 && !none;
        arena_free(&a);
    }
    printf("balance: %d of 1000 networks changed, %d under budgets, %d exactly even\n", changed, bounded, even);
    ck_assert(changed > 600 && bounded > 300 && even > 300);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pass_balance: laws");
    TCase *t = tcase_create("balance");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, pass_setup, pass_teardown);
    tcase_add_test(t, laws);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
