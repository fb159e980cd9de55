#include "compiler/ir/export.h"

#include "compiler/base/json.h"
#include "compiler/ir/attr.h"
#include "compiler/ir/cost.h"

#include <inttypes.h>

/* --- dot --- */

void ir_print_dot(struct text *t, const struct ir_graph *g)
{
    text_add(t, "digraph \"%s\" {\n", g->name);
    text_add(t, "    node [shape=box, fontname=\"sans-serif\", fontsize=10];\n    edge [fontname=\"sans-serif\", fontsize=8];\n");
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        int64_t relus = ir_cost_node(g, id).relu_equivalents;
        text_add(t, "    \"%s\" [label=\"%s\\n%s\\n%s", n->name, n->name, ir_op_name(n->op), ir_shape_text(t->arena, n->shape));
        if (relus)
            text_add(t, "\\n%" PRId64 " ReLUs\", style=filled, fillcolor=\"#f4c7a1", relus);
        text_add(t, "\"];\n");
    }
    for (ir_id id = 0; id < g->n_nodes; id++)
        for (uint32_t i = 0; i < g->nodes[id].n_in; i++) {
            const struct ir_node *from = &g->nodes[g->nodes[id].in[i]];
            text_add(t, "    \"%s\" -> \"%s\" [label=\"%s\"];\n", from->name, g->nodes[id].name, ir_shape_text(t->arena, from->shape));
        }
    for (uint32_t i = 0; i < g->n_outputs; i++)
        text_add(t, "    \"output %s\" [shape=plaintext];\n    \"%s\" -> \"output %s\";\n", g->outputs[i].name, g->nodes[g->outputs[i].node].name,
                 g->outputs[i].name);
    text_add(t, "}\n");
}

/* --- JSON --- */

static void attribute(struct text *t, const struct ir_attr *a, const void *record, bool first)
{
    const void *at = (const char *)record + a->offset;
    text_add(t, "%s\"%s\": ", first ? "" : ", ", a->name);
    switch (a->kind) {
    case IR_ATTR_INT:
        text_add(t, "%" PRId64, *(const int64_t *)at);
        break;
    case IR_ATTR_BOOL:
        text_add(t, "%s", *(const bool *)at ? "true" : "false");
        break;
    case IR_ATTR_REAL:
        text_json_real(t, *(const double *)at);
        break;
    }
}

static void reals(struct text *t, const char *name, const double *values, int64_t n)
{
    text_add(t, "\"%s\": [", name);
    for (int64_t i = 0; i < n; i++) {
        text_add(t, i ? ", " : "");
        text_json_real(t, values[i]);
    }
    text_add(t, "]");
}

static void attributes(struct text *t, const struct ir_node *n)
{
    bool first = true;
    text_add(t, "\"attributes\": {");
    for (size_t i = 0; i < ir_n_attrs; i++)
        if (ir_attrs[i].op == n->op) {
            attribute(t, &ir_attrs[i], n, first);
            first = false;
        }
    if (n->op == IR_INPUT && n->input.mean) {
        reals(t, "mean", n->input.mean, n->shape.c);
        text_add(t, ", ");
        reals(t, "std", n->input.std, n->shape.c);
    }
    text_add(t, "}");
}

static void names(struct text *t, const struct ir_graph *g, const ir_id *nodes, uint32_t n)
{
    text_add(t, "[");
    for (uint32_t i = 0; i < n; i++)
        text_add(t, "%s\"%s\"", i ? ", " : "", g->nodes[nodes[i]].name);
    text_add(t, "]");
}

static void node(struct text *t, const struct ir_graph *g, ir_id id)
{
    const struct ir_node *n = &g->nodes[id];
    struct ir_cost c = ir_cost_node(g, id);
    text_add(t, "    {\"name\": \"%s\", \"op\": \"%s\", \"inputs\": ", n->name, ir_op_name(n->op));
    names(t, g, n->in, n->n_in);
    text_add(t, ", \"shape\": [%" PRId64, n->shape.c);
    if (n->shape.rank == 3)
        text_add(t, ", %" PRId64 ", %" PRId64, n->shape.h, n->shape.w);
    text_add(t, "], ");
    attributes(t, n);
    text_add(t, ", \"keep\": %s, \"prune\": %s, \"rescale\": %s, \"parameters\": %" PRId64 ", \"macs\": %" PRId64 ", \"relus\": %" PRId64
             ", \"relu_equivalents\": %" PRId64 ", ",
             n->keep ? "true" : "false", n->prune ? "true" : "false", n->rescale ? "true" : "false", c.parameters, c.macs, c.relus, c.relu_equivalents);
    text_add(t, "\"at\": ");
    text_json_site(t, &n->site);
    text_add(t, "}%s\n", id + 1 < g->n_nodes ? "," : "");
}

void ir_print_json(struct text *t, const struct ir_graph *g)
{
    text_add(t, "{\n  \"network\": \"%s\",\n  \"nodes\": [\n", g->name);
    for (ir_id id = 0; id < g->n_nodes; id++)
        node(t, g, id);
    text_add(t, "  ],\n  \"outputs\": [\n");
    for (uint32_t i = 0; i < g->n_outputs; i++)
        text_add(t, "    {\"name\": \"%s\", \"node\": \"%s\"}%s\n", g->outputs[i].name, g->nodes[g->outputs[i].node].name,
                 i + 1 < g->n_outputs ? "," : "");
    text_add(t, "  ],\n  \"budgets\": [\n");
    for (uint32_t i = 0; i < g->n_budgets; i++) {
        const struct ir_budget *b = &g->budgets[i];
        text_add(t, "    {\"scope\": ");
        text_json_string(t, b->scope);
        text_add(t, ", \"limit\": %" PRId64 ", \"nodes\": ", b->limit);
        if (b->nodes)
            names(t, g, b->nodes, b->n_nodes);
        else
            text_add(t, "null");
        text_add(t, ", ");
        text_add(t, "\"at\": ");
        text_json_site(t, &b->site);
        text_add(t, "}%s\n", i + 1 < g->n_budgets ? "," : "");
    }
    text_add(t, "  ],\n  \"train\": {");
    for (size_t i = 0; i < ir_n_train_attrs; i++)
        if (ir_train_attr_shown(&ir_train_attrs[i], &g->train))
            attribute(t, &ir_train_attrs[i], &g->train, i == 0);
    const struct ir_private *p = &g->private;
    text_add(t, "},\n  \"private\": {\"protocol\": \"%s\", \"network\": \"%s\", \"ring\": %" PRId64 ", \"fraction\": %" PRId64 "}\n}\n",
             ir_protocol_names[p->protocol], ir_network_names[p->network], p->ring, p->fraction);
}
