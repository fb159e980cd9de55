#include "tests/support/pass_claims.h"

#include "compiler/pass/pass.h"

#include <inttypes.h>
#include <string.h>

static const struct pass_claim claims[] = {
    {.pass = "dce"}, /* the graphs of these tests have nothing for it to leave out */
    {.pass = "maxpool-to-avgpool", .changed = 20, .remarks_add_up = true},
    {.pass = "relu-prune", .changed = 20, .remarks_add_up = true},
    {.pass = "relu-prune", .args = "skips", .changed = 5, .never_affine = true, .remarks_add_up = true},
    {.pass = "relu-prune", .args = "marked,skips", .changed = 20, .remarks_add_up = true},
    {.pass = "relu-prune", .args = "thin", .changed = 50, .repeats = true, .remarks_add_up = true},
    {.pass = "constant-fold", .changed = 20}, /* what it leaves unread goes without a word */
    {.pass = "cse", .changed = 5, .remarks_add_up = true},
    {.pass = "relu-shuffle", .changed = 40, .remarks_add_up = true},
    {.pass = "relu-balance", .changed = 20, .repeats = true, .may_add_relus = true, .refuses = true}, /* more in test_pass_balance.c */
    {.pass = "relu-balance", .args = "flop,width=6", .changed = 20, .repeats = true, .may_add_relus = true, .refuses = true},
    {.pass = "infer-ranges"}, /* changes nothing */
    {.pass = "fixed-point", .changed = 3}, /* most of these graphs have operators without a private form; more in test_fixed_point.c */
    {.pass = "fold-batch-norm", .changed = 20},
    {.pass = "collapse-linear", .changed = 40, .repeats = true},
};

const struct pass_claim *pass_claims(size_t *n)
{
    *n = sizeof claims / sizeof *claims;
    return claims;
}

static const struct ir_graph *run_with(struct arena *a, const struct pass_claim *c, const struct ir_graph *g, struct remarks *remarks)
{
    struct pass_args args = {0};
    struct diag *d = diag_new(a);
    const char *why;
    *remarks = (struct remarks){.arena = a};
    if (c->args && !pass_args_read(a, c->args, &args, &why))
        bug(why);
    struct pass_context context = {.arena = a, .args = &args, .remarks = remarks, .diag = d};
    const struct ir_graph *h = pass_find(c->pass)->run(&context, g);
    if (!h && (!c->refuses || !diag_errors(d)))
        bug("a pass that refuses a random graph");
    return h ? h : g;
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

static bool is_affine(struct arena *a, const struct ir_graph *g, const char *output)
{
    bool *affine = ARENA_ARRAY(a, bool, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        affine[id] = ir_op_is_linear(g->nodes[id].op);
        for (uint32_t k = 0; k < g->nodes[id].n_in; k++)
            affine[id] = affine[id] && affine[g->nodes[id].in[k]];
    }
    for (uint32_t i = 0; i < g->n_outputs; i++)
        if (strcmp(g->outputs[i].name, output) == 0)
            return affine[g->outputs[i].node];
    bug("an output is lost");
}

static const char *claims_law(void *context, struct arena *a, const struct ir_graph *before, const struct ir_graph *after)
{
    const struct pass_claim *c = context;
    for (uint32_t i = 0; i < before->n_outputs && c->never_affine; i++)
        if (!is_affine(a, before, before->outputs[i].name) && is_affine(a, after, before->outputs[i].name))
            return arena_printf(a, "output %s has become an affine function of the input", before->outputs[i].name);
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

struct pass_property pass_claim_property(const struct pass_claim *c)
{
    static const enum pass_function functions[] = {
        [PASS_EXACT] = FUNCTION_SAME, [PASS_MARKS] = FUNCTION_SAME, [PASS_CLOSE] = FUNCTION_CLOSE, [PASS_CHANGES] = FUNCTION_CHANGES};
    return (struct pass_property){
        .name = c->pass,
        .run = run_claim,
        .context = (void *)(uintptr_t)c,
        .function = functions[pass_find(c->pass)->kind],
        .tolerance = 1e-3,
        .idempotent = !c->repeats,
        .relus_never_rise = !c->may_add_relus,
        .maker = c->maker,
        .law = claims_law,
    };
}
