/* The harness of tests/support/pass_property.h notices passes that break a law, and finds nothing wrong with what is right. */
#include "compiler/ir/rewrite.h"
#include "tests/support/pass_property.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 2000, FEW = 300 };

static struct arena *arena;

static void setup(void)
{
    unsetenv("CNAS_COUNT"); /* what is expected here depends on how many graphs there are */
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(&arena);
}

/* --- passes that break a law --- */

/* Copies g; of(g, id) is the old node that stands for id, or IR_NONE: a copy of it. */
static const struct ir_graph *replaced(struct arena *a, const struct ir_graph *g, ir_id (*of)(const struct ir_graph *g, ir_id id))
{
    struct ir_rewrite *r = ir_rewrite_new(a, g);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const ir_id other = of(g, id);
        if (other == IR_NONE)
            ir_rewrite_copy(r, id);
        else
            ir_rewrite_replace(r, id, ir_rewrite_of(r, other));
    }
    return ir_rewrite_finish(r);
}

static ir_id nothing(const struct ir_graph *g, ir_id id)
{
    (void)g;
    (void)id;
    return IR_NONE;
}

static ir_id relu_of_sum(const struct ir_graph *g, ir_id id)
{
    const struct ir_node *n = &g->nodes[id];
    return n->op == IR_RELU && !n->keep && g->nodes[n->in[0]].op == IR_ADD ? n->in[0] : IR_NONE;
}

/* A ReLU of a ReLU is one, but of any two ReLUs in a row only one is noticed here: the third needs another run. */
static ir_id second_relu(const struct ir_graph *g, ir_id id)
{
    const struct ir_node *n = &g->nodes[id];
    if (n->op != IR_RELU || n->keep || g->nodes[n->in[0]].op != IR_RELU || second_relu(g, n->in[0]) != IR_NONE)
        return IR_NONE;
    return n->in[0];
}

static const struct ir_graph *run_copy(void *context, struct arena *a, const struct ir_graph *g)
{
    (void)context;
    return replaced(a, g, nothing);
}

static const struct ir_graph *run_unrectified(void *context, struct arena *a, const struct ir_graph *g)
{
    (void)context;
    return replaced(a, g, relu_of_sum);
}

/* A ReLU of a ReLU, kept or not. */
static ir_id idle_relu(const struct ir_graph *g, ir_id id)
{
    const struct ir_node *n = &g->nodes[id];
    return n->op == IR_RELU && g->nodes[n->in[0]].op == IR_RELU ? n->in[0] : IR_NONE;
}

static const struct ir_graph *run_deaf(void *context, struct arena *a, const struct ir_graph *g)
{
    (void)context;
    return replaced(a, g, idle_relu);
}

static const struct ir_graph *run_lazy(void *context, struct arena *a, const struct ir_graph *g)
{
    (void)context;
    return replaced(a, g, second_relu);
}

/* Empties the budgets. */
static const struct ir_graph *run_forgetful(void *context, struct arena *a, const struct ir_graph *g)
{
    struct ir_budget *budgets = ARENA_ARRAY(a, struct ir_budget, g->n_budgets);
    struct ir_graph *h = ARENA_NEW(a, struct ir_graph);
    (void)context;
    *h = *g;
    h->budgets = budgets;
    for (uint32_t i = 0; i < g->n_budgets; i++) {
        budgets[i] = g->budgets[i];
        budgets[i].n_nodes = 0;
    }
    return h;
}

/* Alters the graph that it is given. */
static const struct ir_graph *run_careless(void *context, struct arena *a, const struct ir_graph *g)
{
    struct ir_node *n = (struct ir_node *)(uintptr_t)&g->nodes[g->n_nodes - 1];
    (void)context;
    (void)a;
    n->prune = true;
    return g;
}

/* Rectifies twice. */
static const struct ir_graph *run_doubled(void *context, struct arena *a, const struct ir_graph *g)
{
    struct ir_rewrite *r = ir_rewrite_new(a, g);
    (void)context;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        if (n->op != IR_RELU || n->keep) {
            ir_rewrite_copy(r, id);
            continue;
        }
        ir_id x = ir_rewrite_of(r, n->in[0]);
        for (int i = 0; i < 2; i++)
            x = ir_rewrite_make(r, n, &x, 1, id);
        ir_rewrite_replace(r, id, x);
    }
    return ir_rewrite_finish(r);
}

static const struct {
    const char *says;
    const struct ir_graph *(*run)(void *context, struct arena *a, const struct ir_graph *g);
    int nodes; /* of the shrunk graph, at most */
} broken[] = {
    {"logit ", run_unrectified, 4},
    {"not idempotent", run_lazy, 5},
    {"marked keep", run_deaf, 4},
    {"covered all", run_forgetful, 3},
    {"changed the graph", run_careless, 1},
    {"ReLUs, and ", run_doubled, 3},
};

START_TEST(broken_passes_are_noticed)
{
    const struct pass_property p = {.name = "broken", .run = broken[_i].run, .function = FUNCTION_SAME, .idempotent = true, .relus_never_rise = true};
    struct pass_seen seen;
    const char *wrong = pass_property_run(arena, &p, FEW, &seen);
    ck_assert_msg(wrong, "nobody noticed");
    ck_assert_msg(strstr(wrong, broken[_i].says), "%s", wrong);
    const char *nodes = strstr(wrong, "\nin ");
    ck_assert_msg(nodes && atoi(nodes + 4) <= broken[_i].nodes, "%s", wrong);
    ck_assert_msg(strstr(wrong, "ir 1\n"), "%s", wrong);
}
END_TEST

/* relu(op(x, ...)) becomes op(relu(x), ...), for one operator. */
static const struct ir_graph *run_hoist(void *context, struct arena *a, const struct ir_graph *g)
{
    const enum ir_op op = *(const enum ir_op *)context;
    struct ir_rewrite *r = ir_rewrite_new(a, g);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        if (n->op != IR_RELU || n->keep || g->nodes[n->in[0]].op != op) {
            ir_rewrite_copy(r, id);
            continue;
        }
        const struct ir_node *below = &g->nodes[n->in[0]];
        ir_id *in = ARENA_ARRAY(a, ir_id, below->n_in);
        for (uint32_t i = 0; i < below->n_in; i++) {
            const ir_id x = ir_rewrite_of(r, below->in[i]);
            in[i] = ir_rewrite_make(r, n, &x, 1, id);
        }
        ir_rewrite_replace(r, id, ir_rewrite_make(r, below, in, below->n_in, id));
    }
    return ir_rewrite_finish(r);
}

/* A copy of a layer that stays is called conv_2, and its parameters are those of conv. */
static enum oracle_made make_of_original(void *context, float *out, const struct cnas_param *q, struct oracle_weights from)
{
    (void)context;
    const char *dot = strchr(q->name, '.'), *end = dot;
    while (end > q->name && *end != '_')
        end--;
    if (oracle_param(from.model, q->name))
        return ORACLE_SAME;
    const struct cnas_param *p = oracle_param(from.model, arena_printf(arena, "%.*s%s", (int)(end - q->name), q->name, dot));
    if (!p)
        return ORACLE_CANNOT;
    memcpy(out, from.params + p->offset, q->size * sizeof *out);
    return ORACLE_MADE;
}

static struct pass_property hoist(enum ir_op *op)
{
    static const struct oracle_maker maker = {.make = make_of_original};
    return (struct pass_property){.name = ir_op_name(*op), .run = run_hoist, .context = op, .function = FUNCTION_SAME, .maker = &maker};
}

/* Each rule that shuffling must not have is seen to be wrong, so the graphs have its cases; the seeds are those of every run. */
START_TEST(wrong_moves_are_noticed)
{
    static const enum ir_op ops[] = {IR_ADD,      IR_CONV,            IR_LINEAR, IR_BATCH_NORM,
                                     IR_AVG_POOL, IR_GLOBAL_AVG_POOL, IR_SQUARE, IR_POLY2};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        enum ir_op op = ops[i];
        const struct pass_property p = hoist(&op);
        struct pass_seen seen;
        const char *wrong = pass_property_run(arena, &p, MANY, &seen);
        ck_assert_msg(wrong && strstr(wrong, "logit "), "%s: %s", ir_op_name(op), wrong ? wrong : "nobody noticed");
        printf("a ReLU across %s is wrong in graph %d\n", ir_op_name(op), seen.graphs + 1);
    }
}
END_TEST

START_TEST(right_moves_are_fine)
{
    static const enum ir_op ops[] = {IR_CONCAT,  IR_SLICE,    IR_PAD,       IR_RESHAPE,         IR_FLATTEN,
                                     IR_UPSAMPLE, IR_MAX_POOL, IR_SUBSAMPLE, IR_GLOBAL_MAX_POOL, IR_DROPOUT};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        enum ir_op op = ops[i];
        const struct pass_property p = hoist(&op);
        struct pass_seen seen;
        const char *wrong = pass_property_run(arena, &p, FEW, &seen);
        ck_assert_msg(!wrong, "%s", wrong);
        ck_assert_msg(seen.changed > 2, "%s: changed %d graphs", ir_op_name(op), seen.changed);
        printf("a ReLU across %s: %d graphs changed\n", ir_op_name(op), seen.changed);
    }
}
END_TEST

static const struct ir_graph *run_abort(void *context, struct arena *a, const struct ir_graph *g)
{
    (void)context;
    (void)a;
    if (g->n_nodes > 20)
        bug("more than twenty nodes");
    return g;
}

/* Does not end; the harness would wait longer. */
static const struct ir_graph *run_forever(void *context, struct arena *a, const struct ir_graph *g)
{
    (void)context;
    (void)a;
    for (alarm(1); g->n_nodes > 20;)
        pause();
    return g;
}

static const struct {
    const struct ir_graph *(*run)(void *context, struct arena *a, const struct ir_graph *g);
    int signal;
} fatal[] = {{run_abort, SIGABRT}, {run_forever, SIGALRM}};

START_TEST(an_end_says_its_graph)
{
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const struct pass_property p = {.name = "fragile", .run = fatal[_i].run};
        struct pass_seen seen;
        signal(SIGALRM, SIG_DFL); /* Check's handler would kill this test */
        dup2(ends[1], STDERR_FILENO);
        pass_property_run(arena, &p, FEW, &seen);
        _exit(0);
    }
    close(ends[1]);
    FILE *f = fdopen(ends[0], "r");
    char *said = arena_alloc(arena, 1 << 16);
    said[fread(said, 1, (1 << 16) - 1, f)] = '\0';
    fclose(f);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == fatal[_i].signal);
    ck_assert_msg(strstr(said, "fragile, CNAS_SEED=") && strstr(said, "ir 1\nnetwork Random"), "%s", said);
}
END_TEST

START_TEST(a_copy_is_fine)
{
    const struct pass_property p = {.name = "copy", .run = run_copy, .function = FUNCTION_SAME, .idempotent = true, .relus_never_rise = true};
    struct pass_seen seen;
    const char *wrong = pass_property_run(arena, &p, FEW, &seen);
    ck_assert_msg(!wrong, "%s", wrong);
    ck_assert_int_eq(seen.changed, 0);
}
END_TEST

/* --- parameters that a pass composes --- */

/* Every linear layer gets another name. */
static const struct ir_graph *run_renamed(void *context, struct arena *a, const struct ir_graph *g)
{
    struct ir_node *nodes = ARENA_ARRAY(a, struct ir_node, g->n_nodes);
    struct ir_graph *h = ARENA_NEW(a, struct ir_graph);
    (void)context;
    *h = *g;
    h->nodes = nodes;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        nodes[id] = g->nodes[id];
        if (nodes[id].op == IR_LINEAR && strncmp(nodes[id].name, "new_", 4))
            nodes[id].name = arena_printf(a, "new_%s", nodes[id].name);
    }
    return h;
}

static enum oracle_made make_renamed(void *context, float *out, const struct cnas_param *q, struct oracle_weights from)
{
    const float scale = *(const float *)context;
    if (strncmp(q->name, "new_", 4))
        return ORACLE_SAME;
    const struct cnas_param *p = oracle_param(from.model, q->name + 4);
    for (size_t i = 0; p && i < q->size; i++)
        out[i] = scale * from.params[p->offset + i];
    return p ? ORACLE_MADE : ORACLE_CANNOT;
}

START_TEST(composed_parameters)
{
    float scale = 1;
    const struct oracle_maker maker = {make_renamed, &scale};
    struct pass_property p = {.name = "renamed", .run = run_renamed, .function = FUNCTION_CLOSE, .tolerance = 1e-4, .idempotent = true, .maker = &maker};
    struct pass_seen seen;
    const char *wrong = pass_property_run(arena, &p, FEW, &seen);
    ck_assert_msg(!wrong, "%s", wrong);
    ck_assert_int_gt(seen.changed, FEW / 3);
    scale = 1.00001f; /* within the tolerance */
    wrong = pass_property_run(arena, &p, FEW, &seen);
    ck_assert_msg(!wrong, "%s", wrong);
    scale = 1.01f;
    ck_assert_msg((wrong = pass_property_run(arena, &p, FEW, &seen)) && strstr(wrong, "logit "), "%s", wrong);
    p.maker = NULL;
    ck_assert_msg((wrong = pass_property_run(arena, &p, FEW, &seen)) && strstr(wrong, "nothing says what the parameter `new_"), "%s", wrong);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pass_harness");
    TCase *t = tcase_create("harness");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, broken_passes_are_noticed, 0, sizeof broken / sizeof *broken);
    tcase_add_test(t, wrong_moves_are_noticed);
    tcase_add_test(t, right_moves_are_fine);
    tcase_add_loop_test(t, an_end_says_its_graph, 0, sizeof fatal / sizeof *fatal);
    tcase_add_test(t, a_copy_is_fine);
    tcase_add_test(t, composed_parameters);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
