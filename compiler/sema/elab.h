/* Elaboration: runs the network's description at compile time and records the tensors it makes as a graph of the IR.
 * A pure function of the syntax trees: no file is opened, nothing is printed, the trees are not changed. */
#ifndef COMPILER_SEMA_ELAB_H
#define COMPILER_SEMA_ELAB_H

#include "compiler/ast/ast.h"
#include "compiler/base/diag.h"
#include "compiler/ir/ir.h"

struct elab_options {
    const char *network;               /* --network; NULL: the only one in the file */
    const struct ast_define *defines;  /* -D, values for the network's parameters; a later one wins */
    size_t n_defines;
};

/* o may be NULL. Returns NULL when diag_errors(d) is not zero afterwards (also when it was not zero before). */
const struct ir_graph *elab_network(struct arena *a, struct diag *d, const struct ast_program *p, const struct elab_options *o);

#endif
