/* The evaluator: runs blocks and networks at compile time. Shared by the files of this room; the entry is elab.h.
 *
 * Errors are reported and give VALUE_ERROR, which makes every expression that meets it an error too, silently: one mistake is
 * reported once, and the rest of the network is still checked. What could run away is bounded: steps, nested expressions,
 * nested blocks, nodes. Passing such a bound sets `halted`, and everything returns at once. */
#ifndef COMPILER_SEMA_EVAL_H
#define COMPILER_SEMA_EVAL_H

#include "compiler/base/diag.h"
#include "compiler/base/map.h"
#include "compiler/ir/ir.h"
#include "compiler/sema/resolve.h"
#include "compiler/sema/value.h"

enum {
    EVAL_MAX_DEPTH = 1000, /* expressions within expressions, through all blocks that are running */
    EVAL_MAX_CALLS = 100,  /* blocks within blocks */
    EVAL_MAX_NODES = 1000000,
};

/* Where in the network we are, for the names of nodes: innermost first. */
struct path {
    const struct path *up;
    const char *word;  /* NULL: the index belongs to the word before it */
    int64_t index;     /* -1: none */
};

struct frame { /* a block or network that is running */
    const struct ast_module *module;
    const struct ref *refs;   /* of the module, by id */
    struct value *slots;
    const char *block;        /* its name; NULL in a network and for constants */
    const struct site *from;  /* where it was instantiated; NULL in a network */
    const struct ast_block *decl; /* NULL for constants */
    bool returned;
    struct value result;
};

struct eval {
    struct arena *arena;
    struct diag *diag;
    const struct resolved *resolved;
    struct map constants;       /* "module.id" of the declaration -> struct constant_state */
    struct value **constant_slots; /* [module->index]; NULL until needed */
    const struct ast_module *network_module; /* where the network is declared */
    struct ir_builder *builder; /* NULL while there is no network */
    struct frame *frame;
    const struct path *path;
    uint32_t call_start;        /* number of nodes before the call that was evaluated last made its own */
    int64_t steps, max_steps;
    int depth, calls;
    bool halted;
    size_t n_inputs, n_outputs;
    struct span train_at, private_at; /* the sections; source NULL: none yet */
    struct map outputs;         /* name -> the span of the first, to find names that are given twice */
    struct choices *choices;
    struct choice *call_choice; /* what the call that was evaluated last chose; NULL: it was no choose() */
};

/* ---- errors (eval.c) ---- */

/* Error, then the stack of instantiations as notes; returns VALUE_ERROR. To put other notes before the stack: diag_error,
 * diag_note..., then eval_stack. */
struct value eval_fail(struct eval *e, struct span at, enum diag_code code, const char *format, ...) __attribute__((format(printf, 4, 5)));
void eval_stack(struct eval *e);
bool eval_step(struct eval *e, struct span at, size_t steps); /* false once halted */
void eval_halt(struct eval *e, struct span at, enum diag_code code, const char *why); /* reports why, unless halted before */

/* "a tensor 64x32x32", "the integer 7": what a value is, for messages. */
const char *eval_describe(struct eval *e, const struct value *v);

/* ---- expressions (expr.c) ---- */
struct value eval_expr(struct eval *e, const struct ast_expr *x);
bool eval_bool(struct eval *e, const struct ast_expr *x, const char *what, bool *out);
struct value eval_constant(struct eval *e, const struct ast_constant *c, const struct ast_module *m);
struct value eval_apply_annotations(struct eval *e, const struct ast_annotation *a, struct value v, uint32_t start, struct span at);

/* ---- operators on values (arith.c) ---- */
struct value eval_binary(struct eval *e, const struct ast_expr *x, struct value left, struct value right);
struct value eval_unary(struct eval *e, const struct ast_expr *x, struct value right);
struct value eval_range(struct eval *e, struct span at, int64_t from, int64_t to, int64_t step);

/* ---- calls (apply.c) ---- */

struct piped { /* what `|>` puts before the first argument; at.source NULL: nothing */
    struct value value;
    struct span at;
};
struct value eval_call(struct eval *e, struct value callee, const struct ast_expr *x, const struct ast_expr *callee_expr,
                       const struct ast_args *args, struct piped piped);
bool eval_has_kind(struct value *v, unsigned kinds); /* turns an integer into a real number where only that is wanted */

/* ---- statements (stmt.c) ---- */
void eval_body(struct eval *e, const struct ast_body *b);
bool eval_targets(struct eval *e, const struct ast_targets *targets, struct value v, struct span at);
bool eval_shape(struct eval *e, const struct ast_type *t, struct ir_shape *out);
void eval_train(struct eval *e, const struct ast_stmt *s);   /* train.c */
void eval_private(struct eval *e, const struct ast_stmt *s); /* private.c */

/* ---- nodes (node.c) ---- */
struct site eval_site(struct eval *e, struct span at);
const char *eval_node_name(struct eval *e, const char *op); /* from the path */
struct value eval_node(struct eval *e, enum ir_op op, const struct call *c, const ir_id *in, const struct span *in_at, uint32_t n_in,
                       const struct ir_node *attr);
bool eval_relu_budget(struct eval *e, const struct ast_annotation *a, const char *scope, int64_t *limit);
void eval_add_budget(struct eval *e, const struct ast_annotation *a, const char *scope, int64_t limit, uint32_t first_node);

/* ---- choices (choice.c) ---- */
struct elab_options;
struct elab_found;
struct choices *choices_new(struct eval *e, const struct elab_options *o);
void choices_network_picks(struct eval *e, const struct ast_annotation *a); /* @pick(name = value, ...) of the network */
bool choice_is_call(const struct eval *e, const struct ast_expr *x);        /* choose(...), perhaps with @pick */
struct value choice_pick(struct eval *e, const struct ast_annotation *a, struct value v); /* @pick(value) after the call */
void choices_finish(struct eval *e, struct elab_found *found); /* complains of picks without a choice; found may be NULL */

#endif
