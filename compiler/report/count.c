#include "compiler/report/count.h"

#include "compiler/base/table.h"
#include "compiler/report/budgets.h"
#include "compiler/report/measure.h"
#include "compiler/report/words.h"

#include <string.h>

enum { LINE = 130 };

struct states {
    struct measure written, *after; /* after[i]: of the i-th pass */
    struct measure result;
};

static bool measure_all(struct arena *a, const struct pass_trace *passes, struct states *s)
{
    s->after = ARENA_ARRAY(a, struct measure, passes->n);
    if (!measure_graph(a, measure_written(passes), &s->written))
        return false;
    s->result = s->written;
    for (size_t i = 0; i < passes->n; i++) {
        if (!measure_graph(a, passes->steps[i].after, &s->after[i]))
            return false;
        s->result = s->after[i];
    }
    return true;
}

/* --- text --- */

/* The column of equivalents only where it says more than the one before. */
static void state_row(struct table *t, bool both, const char *name, struct measure m)
{
    struct arena *a = t->arena;
    const char *cells[] = {name, table_number(a, m.cost.relus), table_number(a, m.cost.relu_equivalents), table_number(a, m.layers),
                           table_number(a, m.cost.parameters), table_number(a, m.cost.macs), table_number(a, m.bytes)};
    if (!both)
        memmove(&cells[2], &cells[3], 4 * sizeof *cells);
    table_row(t, cells);
}

static void states_table(struct text *out, const struct pass_trace *passes, const struct states *s)
{
    struct arena *a = out->arena;
    const bool both = s->written.cost.relus != s->written.cost.relu_equivalents || s->result.cost.relus != s->result.cost.relu_equivalents;
    struct table t = table_new(a, both ? "lrrrrrr" : "lrrrrr");
    table_row(&t, both ? (const char *[]){"", "ReLUs", "ReLU-equivalents", "layers", "parameters", "MACs", "activation bytes"}
                       : (const char *[]){"", "ReLUs", "layers", "parameters", "MACs", "activation bytes"});
    table_rule(&t);
    state_row(&t, both, "as written", s->written);
    for (size_t i = 0; i < passes->n; i++)
        state_row(&t, both, arena_printf(a, "after %s", passes->steps[i].pass->name), s->after[i]);
    table_rule(&t);
    const struct measure *w = &s->written, *r = &s->result;
    const struct measure change = {.layers = r->layers - w->layers,
                                   .cost = {r->cost.relus - w->cost.relus, r->cost.relu_equivalents - w->cost.relu_equivalents,
                                            r->cost.macs - w->cost.macs, r->cost.parameters - w->cost.parameters},
                                   .bytes = r->bytes - w->bytes};
    state_row(&t, both, "change", change);
    table_fit(&t, LINE);
    table_print(out, &t);
}

static void stages_table(struct text *out, const struct ir_graph *written, const struct ir_graph *g)
{
    struct arena *a = out->arena;
    struct table t = table_new(a, "lrrrrr");
    const struct measure_stages stages = measure_stages(a, written, g);
    table_row(&t, (const char *[]){"stage", "ReLUs as written", "now", "layers", "parameters", "MACs"});
    table_rule(&t);
    for (size_t i = 0; i < stages.n; i++) {
        const struct measure_stage *s = &stages.at[i];
        table_row(&t, (const char *[]){s->name, table_number(a, s->written.relu_equivalents), table_number(a, s->now.relu_equivalents),
                                       table_number(a, s->layers), table_number(a, s->now.parameters), table_number(a, s->now.macs)});
    }
    table_fit(&t, LINE);
    table_print(out, &t);
}

/* Blank: nothing; a dash: there is no such layer. */
static const char *number_if(struct arena *a, bool there, int64_t value)
{
    return !there ? "-" : value ? table_number(a, value) : "";
}

static void layers_table(struct text *out, const struct ir_graph *written, const struct ir_graph *g)
{
    struct arena *a = out->arena;
    struct table t = table_new(a, "llrrrrr");
    const struct measure_layers layers = measure_layers(a, written, g);
    table_row(&t, (const char *[]){"layer", "operator", "result", "ReLUs as written", "now", "parameters", "MACs"});
    table_rule(&t);
    for (size_t i = 0; i < layers.n; i++) {
        const struct measure_layer *l = &layers.at[i];
        table_row(&t, (const char *[]){l->node->name, words_operator(a, l->node), ir_shape_text(a, l->node->shape),
                                       number_if(a, l->was, l->written.relu_equivalents), number_if(a, l->is, l->now.relu_equivalents),
                                       number_if(a, l->is, l->now.parameters), number_if(a, l->is, l->now.macs)});
    }
    table_fit(&t, LINE);
    table_print(out, &t);
}

bool count_text(struct text *out, const struct count *c)
{
    const struct ir_graph *written = measure_written(c->passes);
    struct states s;
    if (!measure_all(out->arena, c->passes, &s))
        return false;
    text_add(out, "network %s\n%s\n", c->graph->name, c->about);
    states_table(out, c->passes, &s);
    if (c->passes->served)
        text_add(out, "fold-batch-norm and collapse-linear are for inference in the clear: what is trained is the row before them\n");
    if (c->by != COUNT_TOTAL)
        text_add(out, "\n");
    if (c->by == COUNT_STAGE)
        stages_table(out, written, c->graph);
    if (c->by == COUNT_LAYER)
        layers_table(out, written, c->graph);
    text_add(out, "\n");
    budgets_table(out, c->graph);
    return true;
}
