/* The same for programs. docs/report.md describes it; members are added, never renamed. */
#include "compiler/base/json.h"
#include "compiler/pass/budget.h"
#include "compiler/report/count.h"
#include "compiler/report/measure.h"
#include "compiler/report/words.h"

#include <inttypes.h>

static void cost(struct text *t, struct ir_cost c)
{
    text_add(t, "\"relus\": %" PRId64 ", \"relu_equivalents\": %" PRId64 ", \"parameters\": %" PRId64 ", \"macs\": %" PRId64, c.relus,
             c.relu_equivalents, c.parameters, c.macs);
}

static void state(struct text *t, const char *name, struct measure m)
{
    text_add(t, "\"%s\": {\"layers\": %" PRId64 ", ", name, m.layers);
    cost(t, m.cost);
    text_add(t, ", \"activation_bytes\": %" PRId64 "}", m.bytes);
}

static void cost_or_null(struct text *t, const char *name, bool there, struct ir_cost c)
{
    text_add(t, ", \"%s\": ", name);
    if (there) {
        text_add(t, "{");
        cost(t, c);
        text_add(t, "}");
    } else {
        text_add(t, "null");
    }
}

static bool passes_array(struct text *t, const struct pass_trace *passes)
{
    struct measure before, after;
    if (!measure_graph(t->arena, measure_written(passes), &before))
        return false;
    text_add(t, "  ");
    state(t, "written", before);
    text_add(t, ",\n  \"passes\": [");
    for (size_t i = 0; i < passes->n; i++, before = after) {
        const struct pass_step *s = &passes->steps[i];
        if (!measure_graph(t->arena, s->after, &after))
            return false;
        text_add(t, "%s\n    {\"pass\": \"%s\", \"function\": \"%s\", ", i ? "," : "", s->pass->name, words_kind(s->pass->kind));
        state(t, "before", before);
        text_add(t, ", ");
        state(t, "after", after);
        text_add(t, ", \"remarks\": %zu}", s->n_remarks);
    }
    text_add(t, "%s],\n  ", passes->n ? "\n  " : "");
    state(t, "result", before);
    return true;
}

static void budgets_array(struct text *t, const struct ir_graph *g)
{
    text_add(t, ",\n  \"budgets\": [");
    for (uint32_t i = 0; i < g->n_budgets; i++) {
        const struct ir_budget *b = &g->budgets[i];
        const int64_t used = budget_used(g, b);
        text_add(t, "%s\n    {\"scope\": ", i ? "," : "");
        text_json_string(t, b->scope);
        text_add(t, ", \"limit\": %" PRId64 ", \"used\": %" PRId64 ", \"holds\": %s, \"at\": ", b->limit, used, used > b->limit ? "false" : "true");
        text_json_site(t, &b->site);
        text_add(t, "}");
    }
    text_add(t, "%s]", g->n_budgets ? "\n  " : "");
}

static void stages_array(struct text *t, const struct ir_graph *written, const struct ir_graph *g)
{
    const struct measure_stages stages = measure_stages(t->arena, written, g);
    text_add(t, ",\n  \"stages\": [");
    for (size_t i = 0; i < stages.n; i++) {
        const struct measure_stage *s = &stages.at[i];
        text_add(t, "%s\n    {\"stage\": \"%s\", \"layers\": %" PRId64, i ? "," : "", s->name, s->layers);
        cost_or_null(t, "written", true, s->written);
        cost_or_null(t, "result", true, s->now);
        text_add(t, "}");
    }
    text_add(t, "%s]", stages.n ? "\n  " : "");
}

static void layers_array(struct text *t, const struct ir_graph *written, const struct ir_graph *g)
{
    const struct measure_layers layers = measure_layers(t->arena, written, g);
    text_add(t, ",\n  \"layers\": [");
    for (size_t i = 0; i < layers.n; i++) {
        const struct measure_layer *l = &layers.at[i];
        const struct ir_shape s = l->node->shape;
        text_add(t, "%s\n    {\"layer\": \"%s\", \"op\": \"%s\", \"shape\": [%" PRId64, i ? "," : "", l->node->name, ir_op_name(l->node->op), s.c);
        if (s.rank == 3)
            text_add(t, ", %" PRId64 ", %" PRId64, s.h, s.w);
        text_add(t, "]");
        cost_or_null(t, "written", l->was, l->written);
        cost_or_null(t, "result", l->is, l->now);
        text_add(t, ", \"at\": ");
        text_json_site(t, &l->node->site);
        text_add(t, "}");
    }
    text_add(t, "%s]", layers.n ? "\n  " : "");
}

bool count_json(struct text *t, const struct count *c)
{
    text_add(t, "{\n  \"format\": 1,\n  \"network\": \"%s\",\n  \"open_choices\": %zu,\n", c->graph->name, c->open_choices);
    if (!passes_array(t, c->passes))
        return false;
    budgets_array(t, c->graph);
    if (c->by == COUNT_STAGE)
        stages_array(t, measure_written(c->passes), c->graph);
    if (c->by == COUNT_LAYER)
        layers_array(t, measure_written(c->passes), c->graph);
    text_add(t, "\n}\n");
    return true;
}
