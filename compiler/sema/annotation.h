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

struct annotation_kind {
    const char *name;
    unsigned places;
    size_t least, most; /* arguments */
    const char *usage;
    bool later; /* recognised, not available yet */
};

/* NULL after an error: unknown, misplaced, wrong number of arguments, or not available yet. */
const struct annotation_kind *annotation_check(struct diag *d, const struct ast_annotation *a, enum annotation_place place);

/* The same question without a report. */
bool annotation_good(const struct ast_annotation *a, enum annotation_place place);

bool annotation_is(const struct ast_annotation *a, const char *name);

#endif
