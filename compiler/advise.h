/* Advice for a broken budget: tries smaller values for the network's parameters until one meets every budget. */
#ifndef COMPILER_ADVISE_H
#define COMPILER_ADVISE_H

#include "compiler/pass/budget.h"
#include "compiler/pass/pass.h"
#include "compiler/sema/elab.h"

struct advise {
    const struct ast_program *program;
    const struct elab_options *elab;
    const struct pass_settings *passes;
};

struct budget_advice advise_budget(struct advise *a); /* a: alive while it is used */

#endif
