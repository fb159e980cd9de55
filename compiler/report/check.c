#include "compiler/report/check.h"

#include "compiler/base/table.h"
#include "compiler/ir/cost.h"
#include "compiler/report/budgets.h"
#include "compiler/report/words.h"

enum { LINE = 130 };

static const char *or_blank(struct arena *a, int64_t value)
{
    return value ? table_number(a, value) : "";
}

static void row(struct table *t, const char *name, const char *op, const char *shape, struct ir_cost c)
{
    struct arena *a = t->arena;
    table_row(t, (const char *[]){name, op, shape, or_blank(a, c.parameters), or_blank(a, c.macs), or_blank(a, c.relus),
                                  or_blank(a, c.relu_equivalents)});
}

static void layers(struct text *out, const struct ir_graph *g, struct ir_cost total)
{
    struct arena *a = out->arena;
    /* the last column only where it says more than the one before */
    struct table t = table_new(a, total.relus == total.relu_equivalents ? "llrrrr" : "llrrrrr");
    table_row(&t, (const char *[]){"layer", "operator", "result", "parameters", "MACs", "ReLUs", "ReLU-equivalents"});
    table_rule(&t);
    for (ir_id id = 0; id < g->n_nodes; id++)
        row(&t, g->nodes[id].name, words_operator(a, &g->nodes[id]), ir_shape_text(a, g->nodes[id].shape), ir_cost_node(g, id));
    table_rule(&t);
    table_row(&t, (const char *[]){"total", "", "", table_number(a, total.parameters), table_number(a, total.macs),
                                   table_number(a, total.relus), table_number(a, total.relu_equivalents)});
    table_fit(&t, LINE);
    table_print(out, &t);
}

/* What the network's text makes and no output needs: it is not built, and counts nowhere else. */
static bool left_out(struct text *out, const struct ir_graph *whole)
{
    struct arena *a = out->arena;
    const bool *needed = ir_needed(a, whole);
    struct ir_cost sum = {0};
    struct table t = table_new(a, "llrrrr");
    table_row(&t, (const char *[]){"left out: no output needs it", "operator", "result", "parameters", "MACs", "ReLUs"});
    table_rule(&t);
    for (ir_id id = 0; id < whole->n_nodes; id++) {
        if (needed[id])
            continue;
        const struct ir_node *n = &whole->nodes[id];
        struct ir_cost cost = ir_cost_node(whole, id);
        row(&t, n->name, words_operator(a, n), ir_shape_text(a, n->shape), cost);
        if (!ir_cost_add(&sum, cost))
            return false;
    }
    table_rule(&t);
    table_row(&t, (const char *[]){"total", "", "", table_number(a, sum.parameters), table_number(a, sum.macs),
                                   table_number(a, sum.relu_equivalents)});
    table_fit(&t, LINE);
    table_print(out, &t);
    text_add(out, "\n");
    return true;
}

static bool passes_text(struct text *out, const struct pass_trace *passes)
{
    struct arena *a = out->arena;
    struct table t = table_new(a, "lrrl");
    table_row(&t, (const char *[]){"pass", "ReLUs before", "after", "what it does"});
    table_rule(&t);
    for (size_t i = 0; i < passes->n; i++) {
        const struct pass_step *s = &passes->steps[i];
        struct ir_cost before, after;
        if (!ir_cost_total(s->before, &before) || !ir_cost_total(s->after, &after))
            return false;
        table_row(&t, (const char *[]){s->pass->name, table_number(a, before.relu_equivalents), table_number(a, after.relu_equivalents),
                                       s->pass->what});
    }
    table_fit(&t, LINE);
    table_print(out, &t);
    for (size_t i = 0; i < passes->n; i++)
        if (passes->steps[i].pass->kind == PASS_CHANGES && passes->steps[i].after != passes->steps[i].before)
            text_add(out, "%s changes what the network computes: weights that were trained without it do not fit\n", passes->steps[i].pass->name);
    for (size_t i = 0; i < passes->n; i++)
        if (*passes->steps[i].shown)
            text_add(out, "\n%s", passes->steps[i].shown);
    return true;
}

bool report_check(struct text *out, const struct ir_graph *g, const struct pass_trace *passes)
{
    struct ir_cost total;
    if (!ir_cost_total(g, &total))
        return false;
    text_add(out, "network %s\n\n", g->name);
    layers(out, g, total);
    text_add(out, "\n");
    const struct ir_graph *whole = passes->elaborated->whole; /* as the user wrote it */
    if (whole && !left_out(out, whole))
        return false;
    if (!passes_text(out, passes))
        return false;
    text_add(out, "\n");
    budgets_table(out, g);
    return true;
}
