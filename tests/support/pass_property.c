#include "tests/support/pass_property.h"

#include "compiler/ir/cost.h"
#include "compiler/ir/print.h"
#include "compiler/ir/rewrite.h"
#include "compiler/ir/verify.h"
#include "compiler/oracle/oracle.h"
#include "compiler/pass/budget.h"
#include "tests/support/random_dag.h"
#include "tests/support/shrink.h"

#include <cnas/fixed.h>

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IMAGES = 2 };

static const char *print(struct arena *a, const struct ir_graph *g)
{
    struct text t = text_new(a);
    ir_print(&t, g);
    return text_str(&t);
}

/* --- form --- */

static const char *check_form(struct arena *a, const struct ir_graph *g)
{
    ir_id node;
    const char *why = ir_verify(a, g, &node);
    if (why)
        return arena_printf(a, "the result breaks an invariant: %s", why);
    const char *text = print(a, g);
    struct ir_read_error e;
    const struct ir_graph *again = ir_read(a, text, strlen(text), &e);
    if (!again)
        return arena_printf(a, "the result cannot be read back: line %d: %s", e.line, e.why);
    return strcmp(print(a, again), text) ? "the result is another graph when it is read back" : NULL;
}

/* What no pass touches: name, outputs, sections, the limits. */
static const char *check_frame(const struct ir_graph *g, const struct ir_graph *h)
{
    if (strcmp(g->name, h->name) || g->n_outputs != h->n_outputs || g->n_budgets != h->n_budgets)
        return "the result has another name, or another number of outputs or budgets";
    for (uint32_t i = 0; i < g->n_outputs; i++)
        if (strcmp(g->outputs[i].name, h->outputs[i].name))
            return "an output has another name";
    for (uint32_t i = 0; i < g->n_budgets; i++)
        if (strcmp(g->budgets[i].scope, h->budgets[i].scope) || g->budgets[i].limit != h->budgets[i].limit ||
            !g->budgets[i].nodes != !h->budgets[i].nodes)
            return "a budget has another scope or limit";
    if (g->train.epochs != h->train.epochs || g->private.ring != h->private.ring)
        return "the train or the private section is lost";
    return NULL;
}

/* No pass changes a ReLU that is marked @keep. */
static const char *check_kept(struct arena *a, const struct ir_graph *g, const struct ir_graph *h)
{
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        bool found = n->op != IR_RELU || !n->keep;
        for (ir_id k = 0; k < h->n_nodes && !found; k++)
            found = h->nodes[k].op == IR_RELU && h->nodes[k].keep && !strcmp(h->nodes[k].name, n->name) && ir_shape_equal(h->nodes[k].shape, n->shape);
        if (!found)
            return arena_printf(a, "the ReLU %s is marked keep and is not there any more", n->name);
    }
    return NULL;
}

/* --- budgets --- */

static int64_t total(const struct ir_graph *g)
{
    int64_t sum = 0;
    for (ir_id id = 0; id < g->n_nodes; id++)
        sum += ir_cost_node(g, id).relu_equivalents;
    return sum;
}

/* A budget over every node covers every ReLU that the pass made of them. */
static const char *check_budgets(struct arena *a, const struct pass_property *p, const struct ir_graph *g, const struct ir_graph *h)
{
    for (uint32_t i = 0; i < g->n_budgets; i++) {
        const int64_t before = budget_used(g, &g->budgets[i]), after = budget_used(h, &h->budgets[i]);
        if (p->relus_never_rise && after > before)
            return arena_printf(a, "budget %" PRIu32 " has %" PRId64 " ReLUs, and had %" PRId64, i, after, before);
        if (g->budgets[i].nodes && before == total(g) && g->budgets[i].n_nodes == g->n_nodes && after != total(h))
            return arena_printf(a, "budget %" PRIu32 " covered all, and now %" PRId64 " of %" PRId64 " ReLUs", i, after, total(h));
    }
    if (p->relus_never_rise && total(h) > total(g))
        return arena_printf(a, "%" PRId64 " ReLUs, and there were %" PRId64, total(h), total(g));
    return NULL;
}

/* --- function --- */

static struct oracle *executor(void) /* one for all graphs: slabs grow to the largest */
{
    static struct cnas_ctx *ctx;
    static struct oracle *o;
    if (!o && (cnas_ctx_new(&ctx, 1) || oracle_new(&o, ctx, IMAGES)))
        bug("no memory for the executor");
    return o;
}

static const float *run(struct arena *a, const struct cnas_model *m, const float *params, const float *images)
{
    struct oracle *o = executor();
    if (oracle_load(o, m, false))
        bug("no memory for a network");
    memcpy(oracle_images(o), images, IMAGES * (size_t)m->c * m->h * m->w * sizeof *images);
    if (oracle_infer(o, params, IMAGES))
        bug("no memory to run a network");
    float *logits = ARENA_ARRAY(a, float, IMAGES * (size_t)m->classes);
    return memcpy(logits, oracle_logits(o), IMAGES * (size_t)m->classes * sizeof *logits);
}

/* g with one of its outputs alone, and without what that does not need. */
static const struct ir_graph *with_output(struct arena *a, const struct ir_graph *g, uint32_t i)
{
    struct ir_graph one = *g;
    one.n_outputs = 1;
    one.outputs = &g->outputs[i];
    const bool *needed = ir_needed(a, &one);
    struct ir_rewrite *r = ir_rewrite_new(a, &one);
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (needed[id])
            ir_rewrite_copy(r, id);
    return ir_rewrite_finish(r);
}

static const struct plan *lower(struct arena *a, const struct ir_graph *g, const char **why)
{
    struct plan_refusal refusal = {0};
    const struct plan *p = plan_lower(a, g, PLAN_CLEAR, &refusal);
    if (!p)
        *why = arena_printf(a, "it cannot be lowered: %s", refusal.text);
    return p;
}

static bool has_composed(const struct ir_graph *g)
{
    bool any = false;
    for (ir_id id = 0; id < g->n_nodes; id++)
        any |= g->nodes[id].composed != NULL;
    return any;
}

/* h with the weights of g: y (NULL on return: *why). Where weights are composed, h serves for g. */
static const struct cnas_model *after_pass(struct arena *a, const struct pass_property *p, const struct ir_graph *g, const struct plan *plan,
                                           const struct ir_graph *h, const float *x, float **y, const char **why)
{
    const struct cnas_model *m, *k;
    if (has_composed(h)) {
        struct plan_refusal refusal = {0};
        const struct plan_served *served = plan_serve(a, g, plan, h, &refusal);
        if (!served) {
            *why = arena_printf(a, "it cannot be lowered: %s", refusal.text);
            return NULL;
        }
        m = oracle_served(a, plan, served);
        *y = ARENA_ARRAY(a, float, m->served->params_floats);
        if (cnas_serve(*y, m, x))
            bug("no memory to compose weights");
        return m->served;
    }
    const struct plan *after = lower(a, h, why);
    if (!after)
        return NULL;
    m = oracle_model(a, plan);
    k = oracle_model(a, after);
    *y = ARENA_ARRAY(a, float, k->params_floats);
    const struct cnas_param *missing = oracle_weights_move(*y, k, (struct oracle_weights){m, x}, p->maker);
    if (missing)
        *why = arena_printf(a, "nothing says what the parameter `%s` is", missing->name);
    return missing ? NULL : k;
}

static float *random_images(struct arena *a, const struct cnas_model *m, uint64_t seed)
{
    const size_t n = IMAGES * (size_t)m->c * m->h * m->w;
    struct random r = {seed};
    float *images = ARENA_ARRAY(a, float, n);
    for (size_t i = 0; i < n; i++)
        images[i] = (float)(random_below(&r, 2001) - 1000) / 1000; /* zeros among them */
    return images;
}

static bool finite_all(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static const char *check_numbers(struct arena *a, const struct pass_property *p, const float *x, const float *y, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)x[i]));
    const double most = p->function == FUNCTION_SAME ? 0 : p->tolerance * largest + 1e-6;
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)x[i] - y[i]) <= most))
            return arena_printf(a, "logit %zu was %.9g and is %.9g", i, x[i], y[i]);
    return NULL;
}

static const char *check_output(struct arena *a, const struct pass_property *p, const struct ir_graph *g, const struct ir_graph *h, uint32_t output,
                                uint64_t seed, struct pass_seen *seen)
{
    const char *why = NULL;
    g = with_output(a, g, output);
    h = with_output(a, h, output);
    const struct plan *plan = lower(a, g, &why);
    seen->refused += !plan;
    if (!plan)
        return NULL;
    const struct cnas_model *m = oracle_model(a, plan);
    float *x = ARENA_ARRAY(a, float, m->params_floats), *y;
    random_weights(x, m, seed);
    const struct cnas_model *k = after_pass(a, p, g, plan, h, x, &y, &why);
    if (!k)
        return why;
    if (m->classes != k->classes || m->result != k->result || m->c != k->c || m->h != k->h || m->w != k->w)
        return "input or output has another shape";
    const float *images = random_images(a, m, seed), *before = run(a, m, x, images), *after = run(a, k, y, images);
    const size_t n = IMAGES * (size_t)m->classes;
    seen->overflowed += !finite_all(before, n);
    if (!finite_all(before, n))
        return NULL;
    seen->compared++;
    seen->telling += memcmp(before, before + m->classes, m->classes * sizeof *before) != 0;
    return check_numbers(a, p, before, after, n);
}

/* --- one graph --- */

const char *pass_property_one(struct arena *a, const struct pass_property *p, const struct ir_graph *g, uint64_t seed, struct pass_seen *seen)
{
    struct pass_seen nobody;
    seen = seen ? seen : &nobody;
    const char *text = print(a, g), *why;
    const struct ir_graph *h = p->run(p->context, a, g);
    if (strcmp(print(a, g), text))
        return "the pass changed the graph that it was given";
    if ((why = check_form(a, h)) || (why = check_frame(g, h)) || (why = check_kept(a, g, h)) ||
        (why = check_budgets(a, p, g, h)))
        return why;
    const char *result = print(a, h);
    if (strcmp(print(a, p->run(p->context, a, g)), result))
        return "two runs on the same graph differ";
    if (p->idempotent && strcmp(print(a, p->run(p->context, a, h)), result))
        return arena_printf(a, "not idempotent: once more gives\n%s", print(a, p->run(p->context, a, h)));
    if (p->law && (why = p->law(p->context, a, g, h)))
        return why;
    const bool runs = p->function != FUNCTION_CHANGES && !(p->skip_unchanged && strcmp(text, result) == 0);
    for (uint32_t i = 0; runs && i < g->n_outputs; i++)
        if ((why = check_output(a, p, g, h, i, seed, seen)))
            return arena_printf(a, "output %s: %s", g->outputs[i].name, why);
    seen->graphs++;
    seen->nodes += (int)g->n_nodes;
    seen->changed += strcmp(text, result) != 0;
    seen->relus_before += total(g);
    seen->relus_after += total(h);
    return NULL;
}

/* --- many --- */

/* A pass that breaks a contract, or does not end, stops the process: then at least its graph is written. */
static const int watched[] = {SIGABRT, SIGSEGV, SIGALRM};
enum { N_WATCHED = sizeof watched / sizeof *watched, PATIENCE_S = 60 };
static struct {
    const char *volatile graph;
    struct sigaction before[N_WATCHED];
} working_on;

static void unwatch(void)
{
    alarm(0);
    for (int i = 0; i < N_WATCHED; i++)
        sigaction(watched[i], &working_on.before[i], NULL);
}

static void say_graph(int signal)
{
    const char *s = working_on.graph;
    if (s && write(STDERR_FILENO, s, strlen(s)) < 0)
        _exit(3);
    unwatch();
    raise(signal);
}

static void watch(void)
{
    const struct sigaction say = {.sa_handler = say_graph};
    for (int i = 0; i < N_WATCHED; i++)
        sigaction(watched[i], &say, &working_on.before[i]);
}

struct failure {
    const struct pass_property *p;
    uint64_t seed;
};

static const char *on_copy(struct arena *a, const struct pass_property *p, const struct ir_graph *g, uint64_t seed) /* as it is read from text */
{
    const char *text = print(a, g);
    struct ir_read_error e;
    const struct ir_graph *copy = ir_read(a, text, strlen(text), &e);
    return copy ? pass_property_one(a, p, copy, seed, NULL) : e.why;
}

static bool still_fails(void *context, const struct ir_graph *g)
{
    const struct failure *f = context;
    struct arena *a = arena_new();
    const bool fails = on_copy(a, f->p, g, f->seed) != NULL;
    arena_free(&a);
    return fails;
}

static const char *report(struct arena *a, const struct pass_property *p, uint64_t seed, const struct ir_graph *g)
{
    struct failure f = {p, seed};
    alarm(PATIENCE_S);
    const struct ir_graph *small = shrink(a, g, still_fails, &f);
    const char *text = print(a, small), *why = on_copy(a, p, small, seed);
    return arena_printf(a, "%s, CNAS_SEED=%" PRIu64 " CNAS_COUNT=1: %s\nin %" PRIu32 " of %" PRIu32 " nodes:\n%sbecomes\n%s", p->name, seed,
                        why, small->n_nodes, g->n_nodes, text, print(a, p->run(p->context, a, small)));
}

const char *pass_property_run(struct arena *a, const struct pass_property *p, int count, struct pass_seen *seen)
{
    const char *wished = getenv("CNAS_COUNT"), *why = NULL;
    uint64_t seed = random_seed();
    watch();
    *seen = (struct pass_seen){0};
    if (wished)
        count = atoi(wished);
    for (int i = 0; i < count && !why; i++, seed++) {
        struct arena *scratch = arena_new();
        struct random r = {seed};
        const int nodes = 3 + (int)random_below(&r, 40);
        const struct ir_graph *g = random_dag(scratch, &r, nodes);
        working_on.graph = arena_printf(scratch, "%s, CNAS_SEED=%" PRIu64 " CNAS_COUNT=1, on\n%s", p->name, seed, print(scratch, g));
        alarm(PATIENCE_S);
        if (pass_property_one(scratch, p, g, seed, seen))
            why = report(a, p, seed, g);
        working_on.graph = NULL;
        arena_free(&scratch);
    }
    unwatch();
    return why;
}
