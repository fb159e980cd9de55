#include "compiler/pass/budget.h"

#include "compiler/base/table.h"
#include "compiler/ir/cost.h"

#include <inttypes.h>

enum { MOST_ROWS = 32 };

/* The i-th node that b covers, in order; their number is covered_count. */
static uint32_t covered_count(const struct ir_graph *g, const struct ir_budget *b)
{
    return b->nodes ? b->n_nodes : g->n_nodes;
}

static ir_id covered(const struct ir_budget *b, uint32_t i)
{
    return b->nodes ? b->nodes[i] : i;
}

int64_t budget_used(const struct ir_graph *g, const struct ir_budget *b)
{
    int64_t used = 0;
    for (uint32_t i = 0; i < covered_count(g, b); i++)
        used += ir_cost_node(g, covered(b, i)).relu_equivalents;
    return used;
}

static const char *layer_table(struct arena *a, const struct ir_graph *g, const struct ir_budget *b)
{
    struct table t = table_new(a, "lrrl");
    uint32_t more = 0;
    int64_t rest = 0;
    table_row(&t, (const char *[]){"layer", "result", "ReLUs", "written at"});
    for (uint32_t i = 0; i < covered_count(g, b); i++) {
        const struct ir_node *n = &g->nodes[covered(b, i)];
        int64_t cost = ir_cost_node(g, covered(b, i)).relu_equivalents;
        if (cost == 0)
            continue;
        if (t.rows.n > MOST_ROWS) {
            more++;
            rest += cost;
            continue;
        }
        const char *place = n->site.file ? arena_printf(a, "%s:%d:%d", n->site.file, n->site.line, n->site.column) : "";
        table_row(&t, (const char *[]){n->name, ir_shape_text(a, n->shape), table_number(a, cost), place});
    }
    if (more)
        table_row(&t, (const char *[]){arena_printf(a, "and %" PRIu32 " more", more), "", table_number(a, rest), ""});
    struct text out = text_new(a);
    out.indent = 2;
    table_fit(&t, 92);
    table_print(&out, &t);
    return arena_strndup(a, out.bytes, out.n - 1); /* the last newline is the note's */
}

/* The cheapest single layer without which the budget would hold; NULL: one is not enough. */
static const struct ir_node *one_too_many(const struct ir_graph *g, const struct ir_budget *b, int64_t excess)
{
    ir_id best = IR_NONE;
    int64_t best_cost = INT64_MAX;
    for (uint32_t i = 0; i < covered_count(g, b); i++) {
        int64_t cost = ir_cost_node(g, covered(b, i)).relu_equivalents;
        if (cost >= excess && cost < best_cost && !g->nodes[covered(b, i)].keep) {
            best = covered(b, i);
            best_cost = cost;
        }
    }
    return best == IR_NONE ? NULL : &g->nodes[best];
}

static void report(struct arena *a, struct diag *d, const struct ir_graph *g, const struct ir_budget *b, int64_t used)
{
    diag_error_at(d, &b->site, E_OVER_BUDGET, "%s needs %s ReLUs, %s more than its budget of %s", b->scope, table_number(a, used),
                  table_number(a, used - b->limit), table_number(a, b->limit));
    diag_note(d, (struct span){0}, "the ReLUs of %s by layer:\n%s", b->scope, layer_table(a, g, b));
    int64_t permille = (int64_t)((__int128)b->limit * 1000 / used);
    if (permille > 0)
        diag_note(d, (struct span){0}, "the budget is %" PRId64 ".%" PRId64 " %% of these ReLUs: channel counts cut to that share would meet it",
                  permille / 10, permille % 10);
    const struct ir_node *n = one_too_many(g, b, used - b->limit);
    if (n)
        diag_note_at(d, &n->site, "without this ReLU alone, `%s` (%s), it would be met too", n->name, ir_shape_text(a, n->shape));
}

size_t budget_check(struct arena *a, struct diag *d, const struct ir_graph *g, const struct budget_advice *advice)
{
    size_t broken = 0;
    for (uint32_t i = 0; i < g->n_budgets; i++) {
        const struct ir_budget *b = &g->budgets[i];
        int64_t used = budget_used(g, b);
        if (used <= b->limit)
            continue;
        report(a, d, g, b, used);
        if (advice && broken == 0)
            advice->add(advice->context, d, g);
        broken++;
    }
    return broken;
}
