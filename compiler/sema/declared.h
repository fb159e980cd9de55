/* What the names at the top of each module mean: its own declarations, and what it imports. */
#ifndef COMPILER_SEMA_DECLARED_H
#define COMPILER_SEMA_DECLARED_H

#include "compiler/ast/ast.h"
#include "compiler/base/diag.h"
#include "compiler/base/map.h"

/* A module-level name, as one module sees it. */
struct decl {
    const struct ast_constant *constant; /* one of the two is set */
    const struct ast_block *block;
    const struct ast_module *module; /* where it is declared */
    const struct ast_import *import; /* NULL: declared here */
    bool selected;                   /* by import ... { name } */
    bool used;
    const struct decl *rival;        /* another module's declaration of the same name: the plain name is ambiguous */
    struct span at;
};

struct names { /* of one module */
    struct map own;      /* name -> struct decl: declared here, or imported by { name } */
    struct map imported; /* name -> struct decl: from plain imports */
    struct map modules;  /* last part of the path, or alias -> struct ast_import */
};

/* names: one for each module, by its index. First declared_own for every module, then declared_imports. */
void declared_own(struct arena *a, struct diag *d, struct names *names, const struct ast_module *m);
void declared_imports(struct arena *a, struct diag *d, struct names *names, const struct ast_module *m);

/* What module m itself declares under that name, and lets others use: not what it imports. NULL: nothing. */
const struct decl *declared_export(const struct names *names, const struct ast_module *m, const char *name);

/* "cnet" of "std.cnet": how an import is called that has no alias. */
const char *declared_last_part(const char *path);

/* An error: module m declares no such name. qualifier: what suggestions begin with, such as "cnet."; or "". */
void declared_no_member(struct diag *d, const struct names *names, const struct ast_import *import, const struct ast_name *name,
                        const char *qualifier);

#endif
