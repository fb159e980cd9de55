/* The syntax tree as canonical .cnas: one statement a line, four spaces for each level, the fewest parentheses. Comments are
 * not in the tree; doc comments are. */
#include "compiler/ast/ast.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How tightly an expression binds; parser.y's order. */
enum { LEVEL_IF, LEVEL_PIPE, LEVEL_OR, LEVEL_AND, LEVEL_NOT, LEVEL_COMPARE, LEVEL_RANGE, LEVEL_ADD, LEVEL_MUL, LEVEL_NEGATE, LEVEL_POWER,
       LEVEL_ANNOTATED, LEVEL_POSTFIX };

static int op_level(enum ast_operator op)
{
    switch (op) {
    case AST_OR:
        return LEVEL_OR;
    case AST_AND:
        return LEVEL_AND;
    case AST_NOT:
        return LEVEL_NOT;
    case AST_RANGE:
        return LEVEL_RANGE;
    case AST_ADD:
    case AST_SUB:
        return LEVEL_ADD;
    case AST_MUL:
    case AST_DIV:
    case AST_MOD:
        return LEVEL_MUL;
    case AST_NEGATE:
        return LEVEL_NEGATE;
    case AST_POWER:
        return LEVEL_POWER;
    default:
        return LEVEL_COMPARE;
    }
}

static int level_of(const struct ast_expr *e)
{
    switch (e->kind) {
    case AST_IF:
        return LEVEL_IF;
    case AST_PIPE:
        return LEVEL_PIPE;
    case AST_UNARY:
    case AST_BINARY:
        return op_level(e->binary.op);
    case AST_ANNOTATED:
        return LEVEL_ANNOTATED;
    default:
        return LEVEL_POSTFIX;
    }
}

static void print_at(struct text *t, const struct ast_expr *e, int least)
{
    if (level_of(e) >= least) {
        ast_print_expr(t, e);
        return;
    }
    text_add(t, "(");
    ast_print_expr(t, e);
    text_add(t, ")");
}

static void print_args(struct text *t, const struct ast_args *args)
{
    text_add(t, "(");
    for (size_t i = 0; i < args->n; i++) {
        text_add(t, "%s", i ? ", " : "");
        if (args->at[i].name.text)
            text_add(t, "%s = ", args->at[i].name.text);
        ast_print_expr(t, args->at[i].value);
    }
    text_add(t, ")");
}

static void print_annotation(struct text *t, const struct ast_annotation *a)
{
    text_add(t, "@%s", a->name.text);
    if (a->args.n)
        print_args(t, &a->args);
}

static void print_targets(struct text *t, const struct ast_targets *targets)
{
    for (size_t i = 0; i < targets->n; i++)
        text_add(t, "%s%s", i ? ", " : "", targets->at[i].name.text);
}

static void print_string(struct text *t, const char *bytes, size_t n)
{
    text_add(t, "\"");
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == '"' || bytes[i] == '\\')
            text_add(t, "\\%c", bytes[i]);
        else if (bytes[i] == '\n' || bytes[i] == '\t')
            text_add(t, bytes[i] == '\n' ? "\\n" : "\\t");
        else
            text_add_bytes(t, bytes + i, 1);
    text_add(t, "\"");
}

/* The shortest digits that read back as the same number, always with a point or an exponent. */
static void print_real(struct text *t, double x)
{
    char digits[40];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, x);
        if (strtod(digits, NULL) == x)
            break;
    }
    const char *exponent = strchr(digits, 'e');
    if (exponent && atoi(exponent + 1) > 0 && atoi(exponent + 1) < 15)
        snprintf(digits, sizeof digits, "%.0f", x); /* 100, not 1e+02: its digits are fewer than a double's */
    text_add(t, "%s%s", digits, strpbrk(digits, ".e") ? "" : ".0");
}

/* Chains go left for long: printed by a loop. */
static void print_chain(struct text *t, const struct ast_expr *e)
{
    VEC(const struct ast_expr *) chain = {0};
    const struct ast_expr *first = e;
    int level = level_of(e);
    bool chains = level != LEVEL_COMPARE && level != LEVEL_RANGE && level != LEVEL_POWER; /* the others do not associate to the left */
    do {
        vec_push(t->arena, &chain, first);
        first = first->kind == AST_PIPE ? first->pipe.left : first->binary.left;
    } while (chains && first->kind == e->kind && level_of(first) == level);
    print_at(t, first, chains ? level : level + 1);
    while (chain.n > 0) {
        const struct ast_expr *link = chain.at[--chain.n];
        if (link->kind == AST_PIPE) {
            text_add(t, " |> ");
            print_at(t, link->pipe.right, LEVEL_ANNOTATED);
        } else {
            text_add(t, " %s ", ast_operator_text(link->binary.op));
            print_at(t, link->binary.right, level == LEVEL_POWER ? level : level + 1);
        }
    }
}

static void print_list(struct text *t, const struct ast_exprs *items)
{
    for (size_t i = 0; i < items->n; i++) {
        text_add(t, "%s", i ? ", " : "");
        ast_print_expr(t, items->at[i]);
    }
}

static void print_comprehension(struct text *t, const struct ast_expr *e)
{
    text_add(t, "[");
    ast_print_expr(t, e->comprehension.element);
    for (size_t i = 0; i < e->comprehension.clauses.n; i++) {
        const struct ast_clause *c = &e->comprehension.clauses.at[i];
        text_add(t, c->is_for ? " for " : " if ");
        if (c->is_for) {
            print_targets(t, &c->targets);
            text_add(t, " in ");
        }
        ast_print_expr(t, c->list);
    }
    text_add(t, "]");
}

void ast_print_expr(struct text *t, const struct ast_expr *e)
{
    switch (e->kind) {
    case AST_INT:
        text_add(t, "%" PRId64, e->integer);
        break;
    case AST_REAL:
        print_real(t, e->real);
        break;
    case AST_BOOL:
        text_add(t, e->boolean ? "true" : "false");
        break;
    case AST_STRING:
        print_string(t, e->string.bytes, e->string.n);
        break;
    case AST_LIST:
        text_add(t, "[");
        print_list(t, &e->list);
        text_add(t, "]");
        break;
    case AST_COMPREHENSION:
        print_comprehension(t, e);
        break;
    case AST_NAME:
        text_add(t, "%s%s%s", e->name.module.text ? e->name.module.text : "", e->name.module.text ? "." : "", e->name.name.text);
        break;
    case AST_CALL:
        print_at(t, e->call.callee, LEVEL_POSTFIX);
        print_args(t, &e->call.args);
        break;
    case AST_INDEX:
        print_at(t, e->index.list, LEVEL_POSTFIX);
        text_add(t, "[");
        ast_print_expr(t, e->index.index);
        text_add(t, "]");
        break;
    case AST_UNARY:
        text_add(t, e->binary.op == AST_NOT ? "not " : "-");
        print_at(t, e->binary.right, op_level(e->binary.op));
        break;
    case AST_BINARY:
    case AST_PIPE:
        print_chain(t, e);
        break;
    case AST_IF:
        text_add(t, "if ");
        ast_print_expr(t, e->branch.condition);
        text_add(t, " then ");
        ast_print_expr(t, e->branch.yes);
        text_add(t, " else ");
        ast_print_expr(t, e->branch.no);
        break;
    case AST_ANNOTATED:
        print_at(t, e->annotated.inner, LEVEL_ANNOTATED);
        text_add(t, " ");
        print_annotation(t, &e->annotated.annotation);
        break;
    }
}

static void print_type(struct text *t, const struct ast_type *type)
{
    text_add(t, "%s", type->name.text);
    if (!type->has_args)
        return;
    text_add(t, "[");
    print_list(t, &type->args);
    text_add(t, "]");
}

static void indent(struct text *t)
{
    for (int i = 0; i < t->indent; i++)
        text_add(t, "    ");
}

static void print_doc(struct text *t, const char *doc, const char *mark)
{
    while (doc && *doc) {
        size_t n = strcspn(doc, "\n");
        text_line(t, "%s%s%.*s", mark, n ? " " : "", (int)n, doc);
        doc += n + (doc[n] == '\n');
    }
}

static void print_stmt(struct text *t, const struct ast_stmt *s);

static void print_body(struct text *t, const struct ast_body *b)
{
    text_add(t, "{\n");
    t->indent++;
    for (size_t i = 0; i < b->n; i++)
        print_stmt(t, b->at[i]);
    t->indent--;
    indent(t);
    text_add(t, "}");
}

/* `else if` stays on one line, and is walked by a loop. */
static void print_if(struct text *t, const struct ast_stmt *s)
{
    for (;;) {
        text_add(t, "if ");
        ast_print_expr(t, s->value);
        text_add(t, " ");
        print_body(t, &s->body);
        if (!s->otherwise.span.source)
            break;
        text_add(t, " else ");
        bool chained = s->otherwise.n == 1 && s->otherwise.at[0]->kind == AST_IF_STMT && s->otherwise.at[0]->at.from == s->otherwise.span.from;
        if (!chained) {
            print_body(t, &s->otherwise);
            break;
        }
        s = s->otherwise.at[0];
    }
    text_add(t, "\n");
}

static void print_section(struct text *t, const struct ast_stmt *s)
{
    text_add(t, "%s {\n", s->label.text);
    t->indent++;
    for (size_t i = 0; i < s->settings.n; i++) {
        indent(t);
        text_add(t, "%s = ", s->settings.at[i].name.text);
        ast_print_expr(t, s->settings.at[i].value);
        text_add(t, ";\n");
    }
    t->indent--;
    text_line(t, "}");
}

static void print_stmt(struct text *t, const struct ast_stmt *s)
{
    indent(t);
    switch (s->kind) {
    case AST_ASSIGN:
    case AST_CONST:
    case AST_OUTPUT:
        text_add(t, s->kind == AST_CONST ? "const " : s->kind == AST_OUTPUT ? "output " : "");
        print_targets(t, &s->targets);
        text_add(t, " = ");
        ast_print_expr(t, s->value);
        text_add(t, ";\n");
        break;
    case AST_INPUT:
        text_add(t, "input %s: ", s->targets.at[0].name.text);
        print_type(t, &s->type);
        for (size_t i = 0; i < s->annotations.n; i++) {
            text_add(t, " ");
            print_annotation(t, &s->annotations.at[i]);
        }
        text_add(t, ";\n");
        break;
    case AST_FOR:
        text_add(t, "for ");
        print_targets(t, &s->targets);
        text_add(t, " in ");
        ast_print_expr(t, s->value);
        text_add(t, " ");
        print_body(t, &s->body);
        text_add(t, "\n");
        break;
    case AST_IF_STMT:
        print_if(t, s);
        break;
    case AST_RETURN:
        text_add(t, "return ");
        print_list(t, &s->values);
        text_add(t, ";\n");
        break;
    case AST_GROUP:
        text_add(t, "%s: ", s->label.text);
        for (size_t i = 0; i < s->annotations.n; i++) {
            print_annotation(t, &s->annotations.at[i]);
            text_add(t, " ");
        }
        print_body(t, &s->body);
        text_add(t, "\n");
        break;
    case AST_SECTION:
        print_section(t, s);
        break;
    case AST_EVALUATE:
        ast_print_expr(t, s->value);
        text_add(t, ";\n");
        break;
    }
}

static void print_params(struct text *t, const struct ast_params *params)
{
    if (!params->n)
        return;
    text_add(t, "(");
    for (size_t i = 0; i < params->n; i++) {
        const struct ast_param *p = &params->at[i];
        text_add(t, "%s%s", i ? ", " : "", p->target.name.text);
        if (p->type.name.text) {
            text_add(t, ": ");
            print_type(t, &p->type);
        }
        if (p->value) {
            text_add(t, " = ");
            ast_print_expr(t, p->value);
        }
    }
    text_add(t, ")");
}

void ast_print_constant(struct text *t, const struct ast_constant *c)
{
    text_add(t, "const %s = ", c->target.name.text);
    ast_print_expr(t, c->value);
}

void ast_print_signature(struct text *t, const struct ast_block *b)
{
    text_add(t, "%s %s", b->is_network ? "network" : "block", b->target.name.text);
    print_params(t, &b->params);
    for (size_t i = 0; i < b->returns.n; i++) {
        text_add(t, i ? ", " : b->returns.n > 1 ? " -> (" : " -> ");
        print_type(t, &b->returns.at[i]);
    }
    text_add(t, b->returns.n > 1 ? ")" : "");
}

static void print_block(struct text *t, const struct ast_block *b)
{
    print_doc(t, b->doc, "///");
    for (size_t i = 0; i < b->annotations.n; i++) {
        print_annotation(t, &b->annotations.at[i]);
        text_add(t, "\n");
    }
    ast_print_signature(t, b);
    text_add(t, " ");
    print_body(t, &b->body);
    text_add(t, "\n");
}

static void print_import(struct text *t, const struct ast_import *i)
{
    text_add(t, "import %s", i->path.text);
    if (i->alias.text)
        text_add(t, " as %s", i->alias.text);
    if (i->selective) {
        text_add(t, " { ");
        print_targets(t, &i->names);
        text_add(t, " }");
    }
    text_add(t, ";\n");
}

void ast_print_module(struct text *t, const struct ast_module *m)
{
    print_doc(t, m->doc, "//!");
    for (size_t i = 0; i < m->imports.n; i++)
        print_import(t, m->imports.at[i]);
    for (size_t i = 0; i < m->constants.n; i++) {
        print_doc(t, m->constants.at[i]->doc, "///");
        ast_print_constant(t, m->constants.at[i]);
        text_add(t, ";\n");
    }
    for (size_t i = 0; i < m->blocks.n; i++) {
        if (t->n)
            text_add(t, "\n");
        print_block(t, m->blocks.at[i]);
    }
}
