/* The state of one walk through all modules' names, for the files that share the work: resolve.c walks, use.c looks names up, unused.c
 * warns. The entry is resolve.h. */
#ifndef COMPILER_SEMA_RESOLVER_H
#define COMPILER_SEMA_RESOLVER_H

#include "compiler/sema/declared.h"
#include "compiler/sema/resolve.h"
#include "compiler/sema/scope.h"

struct resolver {
    struct arena *arena;
    struct diag *diag;
    const struct ast_module *module;
    struct names *names; /* [module->index] */
    struct ref **refs;
    struct scope scope;
    bool *used_imports;  /* of the module */
    VEC(struct resolve_warning) warnings;
    const char *section; /* whose settings are walked; NULL: none */
};

static inline struct ref *resolver_ref(struct resolver *r, uint32_t id)
{
    return &r->refs[r->module->index][id];
}

void resolver_use(struct resolver *r, const struct ast_expr *e); /* e is a name */

/* Warnings are collected, and never of the standard library. */
void resolver_warn(struct resolver *r, enum diag_code code, struct span at, const char *name, struct span other);
void resolver_warn_locals(struct resolver *r);  /* of the innermost scope, which is about to end */
void resolver_warn_imports(struct resolver *r); /* of the module, at its end */
void resolver_sort_warnings(struct resolver *r);

#endif
