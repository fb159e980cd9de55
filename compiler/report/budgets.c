#include "compiler/report/budgets.h"

#include "compiler/base/table.h"
#include "compiler/pass/budget.h"

enum { LINE = 130 };

void budgets_table(struct text *out, const struct ir_graph *g)
{
    if (!g->n_budgets) {
        text_add(out, "no ReLU budget\n");
        return;
    }
    struct arena *a = out->arena;
    struct table t = table_new(a, "lrrrl");
    table_row(&t, (const char *[]){"ReLU budget", "limit", "used", "left", ""});
    table_rule(&t);
    for (uint32_t i = 0; i < g->n_budgets; i++) {
        const struct ir_budget *b = &g->budgets[i];
        int64_t used = budget_used(g, b);
        table_row(&t, (const char *[]){b->scope, table_number(a, b->limit), table_number(a, used),
                                       table_number(a, b->limit - used), used > b->limit ? "broken" : "ok"});
    }
    table_fit(&t, LINE);
    table_print(out, &t);
}
