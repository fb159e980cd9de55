/* Types, as parameters and inputs write them. */
#ifndef COMPILER_SEMA_TYPE_H
#define COMPILER_SEMA_TYPE_H

#include "compiler/ast/ast.h"
#include "compiler/base/diag.h"
#include "compiler/sema/value.h"

/* int, real, bool, string, list, tensor, block, any; 0: no type's name. Types int and real accept the words auto, balanced. */
unsigned type_kinds(const char *name);

/* Complains of what is no type. True: what stands in its brackets are expressions, and may be walked. */
bool type_check(struct diag *d, const struct ast_type *t);

#endif
