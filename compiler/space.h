/* The search space of a network: what `cnasc check` says of it, and why `cnasc build` refuses a network with open choices. */
#ifndef COMPILER_SPACE_H
#define COMPILER_SPACE_H

#include "compiler/base/diag.h"
#include "compiler/base/text.h"
#include "compiler/pass/pass.h"
#include "compiler/sema/elab.h"

struct space {
    const struct ast_program *program;
    const struct elab_options *elab;
    const struct elab_found *found;
    const struct pass_settings *passes;
    const struct ir_graph *graph; /* after all passes, as elaborated with the picks so far */
};

/* Adds a table of the choices and the size of the space, if there are choices. Where that is cheap, every alternative of every open
 * choice is tried, the other choices being as they are: the table then shows the ReLUs, and an alternative that does not compile is an
 * error. False after one. */
bool space_report(struct text *out, struct diag *d, const struct space *s);

size_t space_open(const struct elab_found *found); /* choices that nobody has decided */
/* False after an error that names the open choices. */
bool space_check_pinned(struct arena *a, struct diag *d, const struct elab_found *found);

#endif
