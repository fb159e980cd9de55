/* The annotations of the language: their names, where each may stand, and what it takes. */
#ifndef COMPILER_SEMA_ANNOTATION_H
#define COMPILER_SEMA_ANNOTATION_H

#include "compiler/ast/ast.h"
#include "compiler/base/diag.h"

#include <stdbool.h>

enum annotation_place {
    ON_NETWORK = 1,
    ON_BLOCK = 2,
    ON_GROUP = 4,
    ON_INPUT = 8,
    ON_EXPRESSION = 16,
};

/* False after an error: unknown, misplaced, not available yet, or with other arguments than it takes. */
bool annotation_check(struct arena *arena, struct diag *d, const struct ast_annotation *a, enum annotation_place place);

/* The same question without a report. */
bool annotation_good(const struct ast_annotation *a, enum annotation_place place);

/* Which of its arguments the one number i is, for a good annotation whose arguments have names. */
size_t annotation_argument(const struct ast_annotation *a, size_t i);

bool annotation_is(const struct ast_annotation *a, const char *name);

#endif
