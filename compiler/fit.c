#include "compiler/fit.h"

#include "compiler/base/table.h"
#include "compiler/pass/budget.h"
#include "compiler/pass/schedule.h"

#include <inttypes.h>
#include <string.h>

enum {
    LARGEST = 1 << 20,
    SCAN = 64,    /* so many values are tried one by one where bisection meets only wrong networks */
    SHOWN = 16,   /* the value whose errors are shown when the network is wrong with every value */
    BEYOND = 4,   /* values above the first broken one that are tried */
};

enum verdict {
    WRONG, /* no network */
    MEETS,
    BREAKS,
};

struct search {
    struct arena *arena;
    const struct ast_program *program;
    const struct elab_options *options;
    const struct pass_settings *passes;
    int64_t low, high; /* the largest value known to meet all budgets, or 0; the least known to break one */
    const char *scope; /* of the budget that high breaks */
    int64_t limit;
    bool has_budget;
    int64_t steps; /* left for all tries together */
    bool balances; /* a pass chooses widths too */
};

#define ALL_STEPS (5 * ELAB_MAX_STEPS)

static bool balances(struct arena *a, const struct ir_graph *g, const struct pass_settings *passes)
{
    struct pass_schedule schedule;
    if (!pass_schedule(a, diag_new(a), g, passes, &schedule))
        return false;
    for (size_t i = 0; i < schedule.n; i++)
        if (schedule.items[i].pass == pass_find("relu-balance") && !pass_args_have(&schedule.items[i].args, "width"))
            return true;
    return false;
}

static enum verdict try_value(struct search *s, int64_t value)
{
    struct arena *scratch = arena_new();
    struct elab_options o = *s->options;
    struct pass_trace trace;
    struct diag *ignored = diag_new(scratch);
    enum verdict verdict = WRONG;
    o.automatic = value;
    o.steps = &s->steps;
    const struct ir_graph *g = s->steps > 0 ? elab_network(scratch, ignored, s->program, &o, NULL) : NULL;
    s->balances = s->balances || (g && balances(scratch, g, s->passes));
    g = g ? pass_all(scratch, ignored, g, s->passes, &trace) : NULL;
    if (g) {
        verdict = MEETS;
        s->has_budget = g->n_budgets > 0;
        for (uint32_t i = 0; verdict == MEETS && i < g->n_budgets; i++)
            if (budget_used(g, &g->budgets[i]) > g->budgets[i].limit) {
                verdict = BREAKS;
                if (!s->high || value < s->high) {
                    s->high = value;
                    s->scope = arena_strdup(s->arena, g->budgets[i].scope);
                    s->limit = g->budgets[i].limit;
                }
            }
    }
    if (verdict == MEETS && (!s->high || value < s->high))
        s->low = value;
    arena_free(&scratch);
    return verdict;
}

/* Some value near 2^k is a network, if any is: the power itself, one and a half of it, its neighbours. */
static bool try_near(struct search *s, int64_t power)
{
    const int64_t values[] = {power, power + power / 2, power - 1, power + 1};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (values[i] > s->low && try_value(s, values[i]) != WRONG)
            return true;
    return false;
}

/* Tries a network between low and high, near the middle, round numbers first. False: none was found there. */
static bool halve(struct search *s)
{
    int64_t low = s->low, high = s->high, middle = low + (high - low) / 2;
    for (int64_t step = 1, before = 0; step <= high; step *= 2) { /* middle without its lowest bits */
        int64_t value = middle - middle % step;
        if (value <= low)
            break;
        if (value != before && try_value(s, value) != WRONG)
            return true;
        before = value;
    }
    for (int64_t step = 2; step <= high; step *= 2) { /* and the next multiples above */
        int64_t value = middle - middle % step + step;
        if (value < high && try_value(s, value) != WRONG)
            return true;
    }
    for (int64_t value = middle - 1; value <= middle + 1; value++)
        if (value > low && value < high && try_value(s, value) != WRONG)
            return true;
    if (high - low <= SCAN)
        for (int64_t value = high - 1; value > low; value--)
            if (try_value(s, value) != WRONG)
                return true;
    return false;
}

static bool is_auto(const struct ast_param *param, const struct elab_options *o)
{
    const struct ast_expr *value = param->value;
    for (size_t i = 0; i < o->n_defines; i++)
        if (strcmp(o->defines[i].name.text, param->target.name.text) == 0)
            value = o->defines[i].value;
    return value && value->kind == AST_NAME && !value->name.module.text && strcmp(value->name.name.text, "auto") == 0;
}

/* The one parameter that is written as auto, in the text or with -D. NULL: none, or elaboration will find fault with it.
 * *several: there are more. */
static const struct ast_param *find_auto(const struct ast_program *p, const struct elab_options *o, bool *several)
{
    const struct ast_module *m = p->modules[p->n_modules - 1];
    const struct ast_param *found = NULL;
    size_t networks = 0, autos = 0;
    for (size_t i = 0; i < m->blocks.n; i++) {
        const struct ast_block *net = m->blocks.at[i];
        if (!net->is_network || (o->network && strcmp(o->network, net->target.name.text) != 0))
            continue;
        networks++;
        for (size_t k = 0; k < net->params.n; k++)
            if (is_auto(&net->params.at[k], o)) {
                found = &net->params.at[k];
                autos++;
            }
    }
    *several = autos > 1;
    return networks == 1 && autos == 1 && (!found->type.name.text || strcmp(found->type.name.text, "int") == 0) ? found : NULL;
}

static void refuse(struct diag *d, const struct ast_name *name, bool has_budget)
{
    if (has_budget)
        diag_error(d, name->at, E_AUTO, "no ReLU budget bounds `%s = auto`: %s = %d meets them all", name->text, name->text, LARGEST);
    else
        diag_error(d, name->at, E_AUTO, "`%s = auto` is the largest value that meets every ReLU budget, but there is none", name->text);
    diag_note(d, name->at, "%sgive a number with -D %s=...", has_budget ? "" : "write @relu_budget(84Ki) above the network, or ", name->text);
}

static void give_up(struct diag *d, const struct ast_name *name)
{
    diag_error(d, name->at, E_STEPS, "finding `%s = auto` takes more than 50,000,000 steps at compile time; give a number with -D %s=...",
               name->text, name->text);
}

/* Sets s->low and s->high; false after an error. */
static bool search(struct search *s, struct diag *d, const struct ast_name *name, struct elab_found *found)
{
    bool network = false;
    for (int64_t value = 1; value <= LARGEST && !s->high && !s->balances; value *= 2)
        network = try_near(s, value) || network;
    if (s->steps <= 0) {
        give_up(d, name);
        return false;
    }
    if (s->balances) {
        diag_error(d, name->at, E_AUTO, "both `%s = auto` and relu-balance choose the width", name->text);
        diag_note(d, name->at, "relu-balance with width=written keeps the width of the largest maps, so that `%s` decides; or give `%s` a number",
                  name->text, name->text);
        return false;
    }
    if (!network) {
        struct elab_options o = *s->options;
        o.automatic = SHOWN;
        struct pass_trace trace;
        const struct ir_graph *g = elab_network(s->arena, d, s->program, &o, found); /* again, to hear why not */
        if (g)
            pass_all(s->arena, d, g, s->passes, &trace);
        diag_note(d, name->at, "for `%s = auto` powers of 2 up to %d and values near them were tried; this is what is wrong with %d", name->text, LARGEST, SHOWN);
        return false;
    }
    if (!s->high) {
        refuse(d, name, s->has_budget);
        return false;
    }
    while (s->high - s->low > 1 && halve(s))
        continue;
    if (s->steps <= 0)
        give_up(d, name);
    return s->steps > 0;
}

static void look_beyond(struct search *s, struct diag *d, const struct ast_name *name)
{
    int64_t low = s->low, high = s->high;
    for (int64_t value = high + 1; value <= high + BEYOND; value++)
        if (try_value(s, value) == MEETS) {
            diag_warning(d, name->at, W_AUTO, "`%s = auto` is %" PRId64 ", because %" PRId64 " breaks a ReLU budget; but %" PRId64 " meets them all",
                         name->text, low, high, value);
            return;
        }
}

const struct ir_graph *fit_network(struct arena *a, struct diag *d, const struct ast_program *p, struct elab_options *o,
                                   struct elab_found *found, const struct pass_settings *passes, struct fit *fit)
{
    bool several = false;
    const struct ast_param *param = diag_errors(d) || p->n_modules == 0 ? NULL : find_auto(p, o, &several);
    *fit = (struct fit){0};
    if (param) {
        const struct ast_name *name = &param->target.name;
        struct search s = {.arena = a, .program = p, .options = o, .passes = passes, .steps = o->steps ? *o->steps : ALL_STEPS};
        if (!search(&s, d, name, found))
            return NULL;
        *fit = (struct fit){name->text, s.low ? s.low : s.high, s.low > 0, s.high, s.scope, s.limit};
        look_beyond(&s, d, name);
        o->automatic = fit->value;
    } else if (several) {
        o->automatic = 1; /* the first may have it; the next is the error */
    }
    return elab_network(a, d, p, o, found);
}

void fit_report(struct text *out, const struct fit *fit)
{
    if (fit->parameter && fit->meets)
        text_add(out, "\n%s = %" PRId64 " (auto: the largest that meets every ReLU budget; %" PRId64 " breaks that of %s, %s)\n", fit->parameter,
                 fit->value, fit->next, fit->scope, table_number(out->arena, fit->limit));
    else if (fit->parameter)
        text_add(out, "\n%s = %" PRId64 " (auto: no value meets every ReLU budget)\n", fit->parameter, fit->value);
}
