/* Constructors of the syntax tree. They only record, and keep count of the depth. */
#include "compiler/ast/ast.h"

static int deeper(int depth, const struct ast_expr *e)
{
    return e && e->depth > depth ? e->depth : depth;
}

static struct ast_expr *expr(struct arena *a, enum ast_expr_kind kind, struct span at)
{
    struct ast_expr *e = ARENA_NEW(a, struct ast_expr);
    e->kind = kind;
    e->at = at;
    e->depth = 1;
    return e;
}

static int args_depth(int depth, struct ast_args args)
{
    for (size_t i = 0; i < args.n; i++)
        depth = deeper(depth, args.at[i].value);
    return depth;
}

struct ast_expr *ast_int(struct arena *a, struct span at, int64_t value)
{
    struct ast_expr *e = expr(a, AST_INT, at);
    e->integer = value;
    return e;
}

struct ast_expr *ast_real(struct arena *a, struct span at, double value)
{
    struct ast_expr *e = expr(a, AST_REAL, at);
    e->real = value;
    return e;
}

struct ast_expr *ast_bool(struct arena *a, struct span at, bool value)
{
    struct ast_expr *e = expr(a, AST_BOOL, at);
    e->boolean = value;
    return e;
}

struct ast_expr *ast_string(struct arena *a, struct span at, const char *bytes, size_t n)
{
    struct ast_expr *e = expr(a, AST_STRING, at);
    e->string.bytes = bytes;
    e->string.n = n;
    return e;
}

struct ast_expr *ast_list(struct arena *a, struct span at, struct ast_exprs items)
{
    struct ast_expr *e = expr(a, AST_LIST, at);
    e->list = items;
    int depth = 0;
    for (size_t i = 0; i < items.n; i++)
        depth = deeper(depth, items.at[i]);
    e->depth = depth + 1;
    return e;
}

struct ast_expr *ast_comprehension(struct arena *a, struct span at, struct ast_expr *element, struct ast_clauses clauses)
{
    struct ast_expr *e = expr(a, AST_COMPREHENSION, at);
    e->comprehension.element = element;
    e->comprehension.clauses = clauses;
    int depth = deeper(0, element);
    for (size_t i = 0; i < clauses.n; i++)
        depth = deeper(depth, clauses.at[i].list);
    /* Each clause is a level: the evaluator goes into them one by one. */
    e->depth = depth + 1 + (int)(clauses.n < AST_MAX_DEPTH ? clauses.n : AST_MAX_DEPTH);
    return e;
}

struct ast_expr *ast_name_expr(struct arena *a, struct span at, struct ast_name module, struct ast_name name, uint32_t id)
{
    struct ast_expr *e = expr(a, AST_NAME, at);
    e->name.module = module;
    e->name.name = name;
    e->name.id = id;
    return e;
}

struct ast_expr *ast_call(struct arena *a, struct span at, struct ast_expr *callee, struct ast_args args)
{
    struct ast_expr *e = expr(a, AST_CALL, at);
    e->call.callee = callee;
    e->call.args = args;
    e->depth = args_depth(deeper(0, callee), args) + 1;
    return e;
}

struct ast_expr *ast_index(struct arena *a, struct span at, struct ast_expr *list, struct ast_expr *index)
{
    struct ast_expr *e = expr(a, AST_INDEX, at);
    e->index.list = list;
    e->index.index = index;
    e->depth = deeper(deeper(0, list), index) + 1;
    return e;
}

struct ast_expr *ast_unary(struct arena *a, struct span at, enum ast_operator op, struct span op_at, struct ast_expr *right)
{
    struct ast_expr *e = expr(a, AST_UNARY, at);
    e->binary.op = op;
    e->binary.op_at = op_at;
    e->binary.right = right;
    e->depth = right->depth + 1;
    return e;
}

struct ast_expr *ast_binary(struct arena *a, struct span at, enum ast_operator op, struct span op_at, struct ast_expr *left,
                            struct ast_expr *right)
{
    struct ast_expr *e = expr(a, AST_BINARY, at);
    e->binary.op = op;
    e->binary.op_at = op_at;
    e->binary.left = left;
    e->binary.right = right;
    int left_depth = left->depth + (left->kind != AST_BINARY);
    e->depth = left_depth > right->depth + 1 ? left_depth : right->depth + 1;
    return e;
}

struct ast_expr *ast_pipe(struct arena *a, struct span at, struct ast_expr *left, struct ast_expr *right)
{
    struct ast_expr *e = expr(a, AST_PIPE, at);
    e->pipe.left = left;
    e->pipe.right = right;
    int left_depth = left->depth + (left->kind != AST_PIPE);
    e->depth = left_depth > right->depth + 1 ? left_depth : right->depth + 1;
    return e;
}

struct ast_expr *ast_if(struct arena *a, struct span at, struct ast_expr *condition, struct ast_expr *yes, struct ast_expr *no)
{
    struct ast_expr *e = expr(a, AST_IF, at);
    e->branch.condition = condition;
    e->branch.yes = yes;
    e->branch.no = no;
    e->depth = deeper(deeper(deeper(0, condition), yes), no) + 1;
    return e;
}

struct ast_expr *ast_annotated(struct arena *a, struct span at, struct ast_expr *inner, struct ast_annotation annotation)
{
    struct ast_expr *e = expr(a, AST_ANNOTATED, at);
    e->annotated.inner = inner;
    e->annotated.annotation = annotation;
    e->depth = args_depth(deeper(0, inner), annotation.args) + 1;
    return e;
}

struct ast_stmt *ast_stmt(struct arena *a, enum ast_stmt_kind kind, struct span at)
{
    struct ast_stmt *s = ARENA_NEW(a, struct ast_stmt);
    s->kind = kind;
    s->at = at;
    s->depth = 1;
    return s;
}

static int body_depth(int depth, const struct ast_body *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->at[i]->depth > depth)
            depth = b->at[i]->depth;
    return depth;
}

int ast_stmt_depth(struct ast_stmt *s)
{
    int depth = deeper(0, s->value);
    for (size_t i = 0; i < s->values.n; i++)
        depth = deeper(depth, s->values.at[i]);
    for (size_t i = 0; i < s->annotations.n; i++)
        depth = args_depth(depth, s->annotations.at[i].args);
    depth = args_depth(depth, s->settings);
    depth = body_depth(body_depth(depth, &s->body), &s->otherwise);
    return s->depth = depth + 1;
}

const char *ast_operator_text(enum ast_operator op)
{
    static const char *const text[] = {
        [AST_OR] = "or",   [AST_AND] = "and", [AST_NOT] = "not", [AST_EQ] = "==",    [AST_NE] = "!=",    [AST_LT] = "<",
        [AST_LE] = "<=",   [AST_GT] = ">",    [AST_GE] = ">=",   [AST_IN] = "in",    [AST_RANGE] = "..", [AST_ADD] = "+",
        [AST_SUB] = "-",   [AST_MUL] = "*",   [AST_DIV] = "/",   [AST_MOD] = "%",    [AST_NEGATE] = "-", [AST_POWER] = "**",
    };
    return text[op];
}
