/* Dependency files for make: which sources a compilation read. */
#ifndef COMPILER_DEPEND_H
#define COMPILER_DEPEND_H

#include "compiler/ast/ast.h"
#include "compiler/base/text.h"

/* `targets: sources`, then an empty rule for each imported module, so that deleting one is no error for make. The standard library is
 * part of the compiler and is not named. program NULL: input alone. */
void depend_print(struct text *out, const char *const *targets, size_t n_targets, const char *input, const struct ast_program *program);

#endif
