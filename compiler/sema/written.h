/* A compile-time value as an expression of the source text: what a pick or a parameter became, to be written down. */
#ifndef COMPILER_SEMA_WRITTEN_H
#define COMPILER_SEMA_WRITTEN_H

#include "compiler/sema/declared.h"
#include "compiler/sema/value.h"

struct written {
    const char *text; /* NULL: no expression of the module has this value */
    bool literal;     /* no names stand in it: it means the same everywhere */
};

/* names: those of all modules; m: the module at whose top level the expression is to stand. */
struct written written_value(struct arena *a, const struct names *names, const struct ast_module *m, const struct value *v);

const char *written_string(struct arena *a, const char *bytes); /* in quotes */

#endif
