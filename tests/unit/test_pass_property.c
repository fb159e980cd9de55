/* The laws of passes on random graphs, for every pass of pass.def; and that the harness which checks them notices passes that break
 * them. */
#include "compiler/ir/print.h"
#include "compiler/ir/rewrite.h"
#include "compiler/pass/pass.h"
#include "tests/support/pass_property.h"

#include <check.h>
#include <inttypes.h>
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
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(&arena);
}

/* --- the passes --- */

/* A pass, what it is given, and what it claims beyond its kind in pass.def. */
struct claim {
    const char *pass, *args;
    const struct oracle_maker *maker;
    int changed;            /* percent of the graphs that it changes, at least */
    bool repeats;           /* is not idempotent */
    bool may_add_relus;
    bool remarks_add_up;    /* its remarks account for each ReLU saved */
};

static const struct claim claims[] = {
    {.pass = "dce"}, /* has a test of its own */
    {.pass = "relu-shuffle", .changed = 40, .remarks_add_up = true},
};
enum { N_CLAIMS = sizeof claims / sizeof *claims };

static const struct ir_graph *run_with(struct arena *a, const struct claim *c, const struct ir_graph *g, struct remarks *remarks)
{
    struct pass_args args = {0};
    struct diag *d = diag_new(a);
    const char *why;
    *remarks = (struct remarks){.arena = a};
    if (c->args && !pass_args_read(a, c->args, &args, &why))
        bug(why);
    struct pass_context context = {.arena = a, .args = &args, .remarks = remarks, .diag = d};
    const struct ir_graph *h = pass_find(c->pass)->run(&context, g);
    if (!h)
        bug("a pass that refuses a random graph");
    return h;
}

static const struct ir_graph *run_claim(void *context, struct arena *a, const struct ir_graph *g)
{
    struct remarks remarks;
    return run_with(a, context, g, &remarks);
}

static int64_t relu_equivalents(const struct ir_graph *g)
{
    struct ir_cost cost;
    if (!ir_cost_total(g, &cost))
        bug("a small graph with more ReLUs than can be counted");
    return cost.relu_equivalents;
}

static const char *remarks_law(void *context, struct arena *a, const struct ir_graph *before, const struct ir_graph *after)
{
    const struct claim *c = context;
    const int64_t saved = relu_equivalents(before) - relu_equivalents(after);
    struct remarks remarks;
    int64_t said = 0;
    run_with(a, c, before, &remarks);
    for (size_t i = 0; i < remarks.list.n; i++)
        if (remarks.list.at[i].kind == REMARK_PASSED)
            said += remarks.list.at[i].relus;
    if (c->remarks_add_up && said != saved)
        return arena_printf(a, "its remarks speak of %" PRId64 " ReLUs saved, and %" PRId64 " were", said, saved);
    return NULL;
}

static void say(const char *name, const struct pass_seen *seen)
{
    printf("%s: %d graphs of %d nodes, %d changed, %d outputs compared, %d of them telling, %" PRId64 " of %" PRId64 " ReLUs left\n", name,
           seen->graphs, seen->nodes / seen->graphs, seen->changed, seen->compared, seen->telling, seen->relus_after, seen->relus_before);
}

/* Enough cases, with outputs that say something of the images. */
static void expect_cases(const struct pass_property *p, const struct pass_seen *seen)
{
    ck_assert_int_eq(seen->refused, 0);
    if (p->function == FUNCTION_CHANGES || seen->graphs < FEW)
        return;
    ck_assert_int_gt(10 * seen->telling, 8 * seen->compared);
    ck_assert_int_gt(seen->compared, 50 * seen->overflowed);
}

START_TEST(every_pass_keeps_its_laws)
{
    static const enum pass_function functions[] = {
        [PASS_EXACT] = FUNCTION_SAME, [PASS_CLOSE] = FUNCTION_CLOSE, [PASS_CHANGES] = FUNCTION_CHANGES};
    const struct claim *c = &claims[_i];
    const struct pass_property p = {
        .name = c->pass,
        .run = run_claim,
        .context = (void *)(uintptr_t)c,
        .function = functions[pass_find(c->pass)->kind],
        .tolerance = 1e-3,
        .idempotent = !c->repeats,
        .relus_never_rise = !c->may_add_relus,
        .maker = c->maker,
        .law = remarks_law,
    };
    struct pass_seen seen;
    const char *wrong = pass_property_run(arena, &p, MANY, &seen);
    ck_assert_msg(!wrong, "%s", wrong);
    say(c->pass, &seen);
    expect_cases(&p, &seen);
    ck_assert(100 * seen.changed >= c->changed * seen.graphs || seen.graphs < FEW);
}
END_TEST

/* A pass that is in pass.def and not in claims would go untested. */
START_TEST(every_pass_has_claims)
{
    for (size_t i = 0; i < pass_count(); i++) {
        bool found = false;
        for (size_t k = 0; k < N_CLAIMS; k++)
            found = found || strcmp(claims[k].pass, pass_at(i)->name) == 0;
        ck_assert_msg(found, "tests/unit/test_pass_property.c does not say what %s claims", pass_at(i)->name);
    }
}
END_TEST

/* All passes that run by themselves, on the graph with everything that no output needs. */
static const struct ir_graph *run_pipeline(void *context, struct arena *a, const struct ir_graph *g)
{
    const struct pass_settings settings = {.level_given = true, .level = *(const int *)context};
    struct diag *d = diag_new(a);
    struct pass_trace trace;
    const struct ir_graph *h = pass_all(a, d, g->whole ? g->whole : g, &settings, &trace);
    if (!h)
        bug("the passes refuse a random graph");
    return h;
}

START_TEST(pipelines)
{
    int level = _i;
    struct pass_property p = {.name = "-O", .run = run_pipeline, .context = &level, .function = FUNCTION_SAME, .idempotent = true, .relus_never_rise = true};
    struct pass_seen seen;
    for (size_t i = 0; i < pass_count(); i++)
        ck_assert_msg(pass_at(i)->level > level || pass_at(i)->kind == PASS_EXACT, "%s changes numbers", pass_at(i)->name);
    const char *wrong = pass_property_run(arena, &p, MANY, &seen);
    ck_assert_msg(!wrong, "%s", wrong);
    say("pipeline", &seen);
    expect_cases(&p, &seen);
}
END_TEST

/* What no output needs goes, and nothing else: what is left is the graph that the builder leaves. */
static const struct ir_graph *run_dce(void *context, struct arena *a, const struct ir_graph *g)
{
    static const struct claim dce = {.pass = "dce"};
    struct remarks remarks;
    *(int *)context += g->whole != NULL;
    return run_with(a, &dce, g->whole ? g->whole : g, &remarks);
}

START_TEST(dce_leaves_out_what_no_output_needs)
{
    int dead = 0;
    const struct pass_property p = {.name = "dce", .run = run_dce, .context = &dead, .function = FUNCTION_SAME, .idempotent = true, .relus_never_rise = true};
    struct pass_seen seen;
    const char *wrong = pass_property_run(arena, &p, FEW, &seen);
    ck_assert_msg(!wrong, "%s", wrong);
    ck_assert_int_eq(seen.changed, 0);
    ck_assert_int_gt(dead, seen.graphs / 10);
}
END_TEST

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
    {"logit ", run_unrectified, 3},
    {"not idempotent", run_lazy, 4},
    {"marked keep", run_deaf, 3},
    {"covered all", run_forgetful, 2},
    {"changed the graph", run_careless, 1},
    {"ReLUs, and ", run_doubled, 2},
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

START_TEST(an_abort_says_its_graph)
{
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const struct pass_property p = {.name = "fragile", .run = run_abort};
        struct pass_seen seen;
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
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    ck_assert_msg(strstr(said, "more than twenty nodes") && strstr(said, "fragile, CNAS_SEED=") && strstr(said, "ir 1\nnetwork Random"), "%s", said);
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
    Suite *s = suite_create("pass_property");
    TCase *t = tcase_create("laws");
    tcase_set_timeout(t, 7200);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, every_pass_keeps_its_laws, 0, N_CLAIMS);
    tcase_add_test(t, every_pass_has_claims);
    tcase_add_loop_test(t, pipelines, 0, 2);
    suite_add_tcase(s, t);
    if (!getenv("CNAS_COUNT")) { /* these are about their own number of graphs */
        t = tcase_create("harness");
        tcase_set_timeout(t, 300);
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, dce_leaves_out_what_no_output_needs);
        tcase_add_loop_test(t, broken_passes_are_noticed, 0, sizeof broken / sizeof *broken);
        tcase_add_test(t, wrong_moves_are_noticed);
        tcase_add_test(t, right_moves_are_fine);
        tcase_add_test(t, an_abort_says_its_graph);
        tcase_add_test(t, a_copy_is_fine);
        tcase_add_test(t, composed_parameters);
        suite_add_tcase(s, t);
    }
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
