/* The syntax tree of .cnas: what was written, nothing decided. Nodes are made by the parser through ast_* constructors, live
 * in one arena, and are const afterwards; what sema finds out about them it keeps in tables indexed by their ids. */
#ifndef COMPILER_AST_AST_H
#define COMPILER_AST_AST_H

#include "compiler/base/arena.h"
#include "compiler/base/source.h"
#include "compiler/base/text.h"
#include "compiler/base/vec.h"

#include <stdbool.h>

/* A level of nesting costs the parser, the printer and the evaluator some stack: no tree is deeper than this. Chains of
 * left-associative operators (a + b + c, x |> f |> g) are walked by loops and count as one level. */
#define AST_MAX_DEPTH 200

struct ast_name {
    const char *text; /* NULL: not written */
    struct span at;
};

/* A name that the surrounding construct gives a value to. id: unique in the module, as those of names that are read. */
struct ast_target {
    struct ast_name name;
    uint32_t id;
};

struct ast_expr;
struct ast_stmt;
struct ast_module;

struct ast_arg {
    struct ast_name name; /* text NULL: positional */
    struct ast_expr *value;
};

struct ast_exprs {
    struct ast_expr **at;
    size_t n, cap;
};
struct ast_args {
    struct ast_arg *at;
    size_t n, cap;
};
struct ast_targets {
    struct ast_target *at;
    size_t n, cap;
};

struct ast_annotation { /* @name or @name(args) */
    struct ast_name name;
    struct ast_args args;
    struct span at;
};
struct ast_annotations {
    struct ast_annotation *at;
    size_t n, cap;
};

struct ast_clause { /* of a comprehension: for targets in list, or if list */
    bool is_for;
    struct ast_targets targets;
    struct ast_expr *list;
};
struct ast_clauses {
    struct ast_clause *at;
    size_t n, cap;
};

enum ast_expr_kind {
    AST_INT,
    AST_REAL,
    AST_BOOL,
    AST_STRING,
    AST_LIST,          /* [a, b] */
    AST_COMPREHENSION, /* [a for x in xs if c] */
    AST_NAME,          /* x or module.x */
    AST_CALL,          /* f(a, k = b) */
    AST_INDEX,         /* a[i] */
    AST_UNARY,
    AST_BINARY,
    AST_PIPE,      /* a |> f(b) */
    AST_IF,        /* if c then a else b */
    AST_ANNOTATED, /* a @keep */
};

enum ast_operator {
    AST_OR, AST_AND, AST_NOT,
    AST_EQ, AST_NE, AST_LT, AST_LE, AST_GT, AST_GE, AST_IN,
    AST_RANGE, /* a .. b: a up to and without b */
    AST_ADD, AST_SUB, AST_MUL, AST_DIV, AST_MOD, AST_NEGATE, AST_POWER,
};

struct ast_expr {
    enum ast_expr_kind kind;
    int depth; /* levels of nesting below and including this one */
    struct span at;
    union {
        int64_t integer;
        double real;
        bool boolean;
        struct { /* bytes may hold anything but a NUL */
            const char *bytes;
            size_t n;
        } string;
        struct ast_exprs list;
        struct {
            struct ast_expr *element;
            struct ast_clauses clauses;
        } comprehension;
        struct {
            struct ast_name module, name; /* module.text NULL: not qualified */
            uint32_t id;
        } name;
        struct {
            struct ast_expr *callee;
            struct ast_args args;
        } call;
        struct {
            struct ast_expr *list, *index;
        } index;
        struct {
            enum ast_operator op;
            struct ast_expr *left, *right; /* unary: right only */
            struct span op_at;
        } binary;
        struct {
            struct ast_expr *left, *right;
        } pipe;
        struct {
            struct ast_expr *condition, *yes, *no;
        } branch;
        struct {
            struct ast_expr *inner;
            struct ast_annotation annotation;
        } annotated;
    };
};

struct ast_type { /* int, tensor, tensor[3, 32, 32], list[tensor] */
    struct ast_name name;
    bool has_args;
    struct ast_exprs args;
    struct span at;
};
struct ast_types {
    struct ast_type *at;
    size_t n, cap;
};

struct ast_param {
    struct ast_target target;
    struct ast_type type;         /* name.text NULL: any */
    struct ast_expr *value;       /* the default, or NULL */
    const char *doc;              /* NULL: none */
};
struct ast_params {
    struct ast_param *at;
    size_t n, cap;
};

struct ast_body {
    struct ast_stmt **at;
    size_t n, cap;
    struct span span; /* with the braces */
};

enum ast_stmt_kind {
    AST_ASSIGN,  /* x = e;  a, b = e; */
    AST_CONST,   /* const x = e; */
    AST_INPUT,   /* input x: tensor[...] @normalize(...); */
    AST_OUTPUT,  /* output x = e; */
    AST_FOR,
    AST_IF_STMT,
    AST_RETURN,
    AST_GROUP,   /* label: @relu_budget(10k) { ... } */
    AST_SECTION, /* train { key = e; }, private { key = e; } */
    AST_EVALUATE, /* e; */
};

struct ast_stmt {
    enum ast_stmt_kind kind;
    int depth;
    struct span at;
    struct ast_targets targets; /* assign, const, input, output, for */
    struct ast_expr *value;     /* assign, const, output, for (the list), if (the condition), evaluate */
    struct ast_exprs values;    /* return */
    struct ast_type type;       /* input */
    struct ast_name label;      /* group; section: its keyword */
    struct ast_annotations annotations; /* input, group */
    struct ast_body body;       /* for, if, group */
    struct ast_body otherwise;  /* if: at NULL and n 0 when absent */
    struct ast_args settings;   /* section: all named */
};

/* A block or a network. */
struct ast_block {
    bool is_network;
    struct ast_target target; /* its name; the id is that of a declaration */
    struct ast_params params;
    bool has_returns;
    struct ast_types returns;
    struct ast_body body;
    struct ast_annotations annotations;
    const char *doc; /* NULL: none */
    struct span at;  /* without the body */
};

struct ast_constant {
    struct ast_target target;
    struct ast_expr *value;
    const char *doc;
};

struct ast_import {
    struct ast_name path;           /* "std.cnet" */
    struct ast_name alias;          /* as NAME; text NULL: none, and then all names are also visible unqualified */
    bool selective;                 /* { a, b } was written */
    struct ast_targets names;
    const struct ast_module *module; /* set by the loader; NULL if it was not found */
    struct span at;
};

struct ast_blocks {
    struct ast_block **at;
    size_t n, cap;
};
struct ast_constants {
    struct ast_constant **at;
    size_t n, cap;
};
struct ast_imports {
    struct ast_import **at;
    size_t n, cap;
};

struct ast_module {
    const struct source *source;
    const char *name; /* "std.cnet"; the file that was asked for has "" */
    struct ast_imports imports;
    struct ast_constants constants;
    struct ast_blocks blocks; /* and networks, in the order of the text */
    const char *doc;          /* the module's opening //! lines, or NULL */
    uint32_t n_ids;           /* ids run from 0 */
    uint32_t index;           /* in its program */
};

struct ast_program {
    struct ast_module *const *modules; /* what a module imports comes before it; the file that was asked for is the last */
    size_t n_modules;
};

struct ast_define { /* -D name=value */
    struct ast_name name;
    const struct ast_expr *value;
    uint32_t n_ids; /* as in struct ast_module */
};

/* --- constructors; at is the whole construct --- */

struct ast_expr *ast_int(struct arena *a, struct span at, int64_t value);
struct ast_expr *ast_real(struct arena *a, struct span at, double value);
struct ast_expr *ast_bool(struct arena *a, struct span at, bool value);
struct ast_expr *ast_string(struct arena *a, struct span at, const char *bytes, size_t n);
struct ast_expr *ast_list(struct arena *a, struct span at, struct ast_exprs items);
struct ast_expr *ast_comprehension(struct arena *a, struct span at, struct ast_expr *element, struct ast_clauses clauses);
struct ast_expr *ast_name_expr(struct arena *a, struct span at, struct ast_name module, struct ast_name name, uint32_t id);
struct ast_expr *ast_call(struct arena *a, struct span at, struct ast_expr *callee, struct ast_args args);
struct ast_expr *ast_index(struct arena *a, struct span at, struct ast_expr *list, struct ast_expr *index);
struct ast_expr *ast_unary(struct arena *a, struct span at, enum ast_operator op, struct span op_at, struct ast_expr *right);
struct ast_expr *ast_binary(struct arena *a, struct span at, enum ast_operator op, struct span op_at, struct ast_expr *left,
                            struct ast_expr *right);
struct ast_expr *ast_pipe(struct arena *a, struct span at, struct ast_expr *left, struct ast_expr *right);
struct ast_expr *ast_if(struct arena *a, struct span at, struct ast_expr *condition, struct ast_expr *yes, struct ast_expr *no);
struct ast_expr *ast_annotated(struct arena *a, struct span at, struct ast_expr *inner, struct ast_annotation annotation);

/* kind and at are set, depth is 1: the caller fills in its parts, then calls ast_stmt_depth. */
struct ast_stmt *ast_stmt(struct arena *a, enum ast_stmt_kind kind, struct span at);
int ast_stmt_depth(struct ast_stmt *s); /* sets and returns s->depth from its parts */

const char *ast_operator_text(enum ast_operator op);

/* --- ast_print.c: the module as canonical .cnas, without comments; parsing it again gives an equal tree --- */
void ast_print_module(struct text *t, const struct ast_module *m);
void ast_print_expr(struct text *t, const struct ast_expr *e);
void ast_print_constant(struct text *t, const struct ast_constant *c); /* const x = e */
void ast_print_signature(struct text *t, const struct ast_block *b);   /* block f(x: tensor, n: int = 3) -> tensor */

#endif
