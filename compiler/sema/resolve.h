/* Names: which declaration each use means. Done once for the text, before anything is evaluated, so that a misspelt name is
 * found in code that this network happens not to run, and so that evaluation looks nothing up. */
#ifndef COMPILER_SEMA_RESOLVE_H
#define COMPILER_SEMA_RESOLVE_H

#include "compiler/ast/ast.h"
#include "compiler/base/diag.h"
#include "compiler/sema/builtin.h"
#include "compiler/sema/declared.h"

enum ref_kind {
    REF_NONE,     /* unknown; said so already */
    REF_LOCAL,    /* a variable, parameter or loop variable: a slot of the frame */
    REF_CONSTANT, /* a const of a module */
    REF_BLOCK,
    REF_BUILTIN,
};

struct ref {
    enum ref_kind kind;
    union {
        uint32_t slot;
        struct {
            const struct ast_constant *decl;
            const struct ast_module *module;
        } constant;
        struct {
            const struct ast_block *decl;
            const struct ast_module *module;
        } block;
        const struct builtin *builtin;
    };
};

struct resolve_warning {
    enum diag_code code;
    struct span at, other; /* other: what a name hides */
    const char *name;
};

struct resolved {
    const struct resolve_warning *warnings; /* by place; none of the standard library */
    size_t n_warnings;
    const struct ref *const *refs; /* [module->index][id] */
    const struct names *names;     /* [module->index] */
};

/* A block's or network's number of slots is kept at its own id. */
uint32_t resolved_frame_size(const struct resolved *r, const struct ast_module *m, const struct ast_block *b);

/* Errors go to d. */
const struct resolved *resolve_program(struct arena *a, struct diag *d, const struct ast_program *p);

void resolve_warn(struct diag *d, const struct resolved *r); /* reports the warnings: when there is no error, which may be their cause */

/* Resolves the value of a -D: only literals, operators and builtins can be used there. refs has one entry per id. */
const struct ref *resolve_define(struct arena *a, struct diag *d, const struct ast_expr *value, uint32_t n_ids);

#endif
