/* A parameter that is an int with a known value (its default, or -D) is a knob: the largest smaller value under which the network still
 * elaborates and meets all its budgets is found by bisection, and only a value that was tried is ever named. */
#include "compiler/advise.h"

#include <inttypes.h>
#include <string.h>

static const struct ast_block *network_of(const struct advise *a, const char *name)
{
    const struct ast_module *m = a->program->modules[a->program->n_modules - 1];
    for (size_t i = 0; i < m->blocks.n; i++)
        if (m->blocks.at[i]->is_network && strcmp(m->blocks.at[i]->target.name.text, name) == 0)
            return m->blocks.at[i];
    return NULL;
}

/* The parameter's value in this compilation, if it is written as an integer; 0: not a knob. */
static int64_t knob_value(const struct advise *a, const struct ast_param *p)
{
    const struct ast_expr *value = p->value;
    for (size_t i = 0; i < a->elab->n_defines; i++)
        if (strcmp(a->elab->defines[i].name.text, p->target.name.text) == 0)
            value = a->elab->defines[i].value;
    return value && value->kind == AST_INT ? value->integer : 0;
}

/* False too when the steps that all tries share are used up. */
static bool meets(const struct advise *a, const char *network, struct ast_name knob, int64_t value, int64_t *steps)
{
    struct arena *scratch = arena_new();
    struct diag *d = diag_new(scratch);
    struct ast_define *defines = ARENA_ARRAY(scratch, struct ast_define, a->elab->n_defines + 1);
    for (size_t i = 0; i < a->elab->n_defines; i++)
        defines[i] = a->elab->defines[i];
    defines[a->elab->n_defines] =
        (struct ast_define){.name = {.text = knob.text}, .value = ast_int(scratch, (struct span){0}, value)};
    struct elab_options o = *a->elab;
    o.network = network;
    o.defines = defines;
    o.n_defines++;
    o.steps = steps;
    const struct ir_graph *g = *steps > 0 ? elab_network(scratch, d, a->program, &o, NULL) : NULL;
    struct pass_trace trace;
    g = g ? pass_all(scratch, d, g, a->passes, &trace) : NULL;
    bool ok = g != NULL;
    for (uint32_t i = 0; ok && i < g->n_budgets; i++)
        ok = budget_used(g, &g->budgets[i]) <= g->budgets[i].limit;
    arena_free(&scratch);
    return ok;
}

static int64_t largest_that_meets(const struct advise *a, const char *network, struct ast_name knob, int64_t present, int64_t *steps)
{
    int64_t good = 0, bad = present; /* good meets the budgets, or is 0 */
    while (bad - good > 1) {
        int64_t middle = good + (bad - good) / 2;
        if (meets(a, network, knob, middle, steps))
            good = middle;
        else
            bad = middle;
    }
    return good;
}

static void add(void *context, struct diag *d, const struct ir_graph *g)
{
    const struct advise *a = context;
    advise_passes(a, d, g);
    if (!a->program)
        return;
    const struct ast_block *block = network_of(a, g->name);
    int64_t steps = a->elab->steps ? *a->elab->steps : ELAB_MAX_STEPS;
    for (size_t i = 0; block && i < block->params.n; i++) {
        const struct ast_param *p = &block->params.at[i];
        int64_t present = knob_value(a, p), value = largest_that_meets(a, g->name, p->target.name, present, &steps);
        if (value > 0)
            diag_note(d, p->target.name.at, "with %s = %" PRId64 " instead of %" PRId64 " every budget holds (-D %s=%" PRId64 ")",
                      p->target.name.text, value, present, p->target.name.text, value);
    }
}

struct budget_advice advise_budget(struct advise *a)
{
    return (struct budget_advice){add, a};
}
