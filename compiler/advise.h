/* Advice for a broken budget, computed: passes that nobody asked for are run, and smaller values for the network's parameters tried, until
 * every budget holds. Only what was tried is named. */
#ifndef COMPILER_ADVISE_H
#define COMPILER_ADVISE_H

#include "compiler/pass/budget.h"
#include "compiler/pass/pass.h"
#include "compiler/sema/elab.h"

struct advise {
    struct arena *arena;
    const struct ast_program *program;  /* NULL: from IR, which has no parameters */
    const struct elab_options *elab;
    const struct pass_settings *passes;
    const struct ir_graph *elaborated; /* before all passes */
};

struct budget_advice advise_budget(struct advise *a); /* a: alive while it is used */

/* Notes for passes. g: after all that run. */
void advise_passes(const struct advise *a, struct diag *d, const struct ir_graph *g);

#endif
