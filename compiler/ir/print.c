#include "compiler/ir/print.h"

#include "compiler/ir/attr.h"

#include <inttypes.h>

static void print_string(struct text *t, const char *s)
{
    text_add(t, "\"");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            text_add(t, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            text_add(t, "\\x%02x", c);
        else
            text_add_bytes(t, s, 1);
    }
    text_add(t, "\"");
}

static void print_attr(struct text *t, const struct ir_attr *attr, const void *record)
{
    const void *at = (const char *)record + attr->offset;
    text_add(t, " %s=", attr->name);
    switch (attr->kind) {
    case IR_ATTR_INT:
        text_add(t, "%" PRId64, *(const int64_t *)at);
        break;
    case IR_ATTR_BOOL:
        text_add(t, "%s", *(const bool *)at ? "true" : "false");
        break;
    case IR_ATTR_REAL:
        text_real(t, *(const double *)at);
        break;
    }
}

static void print_reals(struct text *t, const char *name, const double *values, int64_t n)
{
    text_add(t, " %s=[", name);
    for (int64_t i = 0; i < n; i++) {
        text_add(t, i ? " " : "");
        text_real(t, values[i]);
    }
    text_add(t, "]");
}

static void print_site(struct text *t, const struct site *s)
{
    const char *word = "at";
    for (; s && s->file; s = s->from) {
        text_add(t, " %s ", word);
        print_string(t, s->file);
        text_add(t, ":%d:%d", s->line, s->column);
        if (s->block) {
            text_add(t, " of ");
            print_string(t, s->block);
        }
        word = "in";
    }
}

static void print_node(struct text *t, const struct ir_graph *g, const struct ir_node *n)
{
    text_add(t, "%%%s = %s", n->name, ir_op_name(n->op));
    for (uint32_t i = 0; i < n->n_in; i++)
        text_add(t, " %%%s", g->nodes[n->in[i]].name);
    if (n->op == IR_INPUT)
        text_add(t, " %s", ir_shape_text(t->arena, n->shape));
    if (n->op == IR_INPUT && n->input.mean) {
        print_reals(t, "mean", n->input.mean, n->shape.c);
        print_reals(t, "std", n->input.std, n->shape.c);
    }
    for (size_t i = 0; i < ir_n_attrs; i++)
        if (ir_attrs[i].op == n->op)
            print_attr(t, &ir_attrs[i], n);
    text_add(t, "%s%s%s", n->keep ? " keep" : "", n->prune ? " prune" : "", n->rescale ? " rescale" : "");
    if (n->composed) {
        text_add(t, " composed ");
        print_string(t, n->composed->value);
        text_add(t, " ");
        print_string(t, n->composed->source);
    }
    if (n->op != IR_INPUT)
        text_add(t, " -> %s", ir_shape_text(t->arena, n->shape));
    print_site(t, &n->site);
    text_add(t, "\n");
}

static void print_budget(struct text *t, const struct ir_graph *g, const struct ir_budget *b)
{
    text_add(t, "budget ");
    print_string(t, b->scope);
    text_add(t, " limit=%" PRId64 " nodes=%s", b->limit, b->nodes ? "[" : "all");
    for (uint32_t i = 0; i < b->n_nodes; i++)
        text_add(t, "%s%%%s", i ? " " : "", g->nodes[b->nodes[i]].name);
    text_add(t, b->nodes ? "]" : "");
    print_site(t, &b->site);
    text_add(t, "\n");
}

static void print_private(struct text *t, const struct ir_private *p)
{
    if (p->protocol || p->network || p->ring || p->fraction)
        text_add(t, "private protocol=%s network=%s ring=%" PRId64 " fraction=%" PRId64 "\n", ir_protocol_names[p->protocol],
                 ir_network_names[p->network], p->ring, p->fraction);
}

void ir_print(struct text *t, const struct ir_graph *g)
{
    text_add(t, "ir %d\nnetwork %s\ntrain", IR_TEXT_VERSION, g->name);
    for (size_t i = 0; i < ir_n_train_attrs; i++)
        if (ir_train_attr_shown(&ir_train_attrs[i], &g->train))
            print_attr(t, &ir_train_attrs[i], &g->train);
    text_add(t, "\n");
    print_private(t, &g->private);
    for (uint32_t i = 0; i < g->n_wishes; i++) {
        text_add(t, "pass %s", g->wishes[i].pass);
        if (*g->wishes[i].args) {
            text_add(t, " ");
            print_string(t, g->wishes[i].args);
        }
        print_site(t, &g->wishes[i].site);
        text_add(t, "\n");
    }
    for (ir_id id = 0; id < g->n_nodes; id++)
        print_node(t, g, &g->nodes[id]);
    for (uint32_t i = 0; i < g->n_outputs; i++)
        text_add(t, "output %s = %%%s\n", g->outputs[i].name, g->nodes[g->outputs[i].node].name);
    for (uint32_t i = 0; i < g->n_budgets; i++)
        print_budget(t, g, &g->budgets[i]);
    text_add(t, "end\n");
}
