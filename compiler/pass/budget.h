/* ReLU budgets: what a part of the network uses, and the errors for budgets that are broken. Budgets nest and overlap freely; each is
 * checked on its own. What counts is ReLU-equivalents (compiler/ir/cost.h). */
#ifndef COMPILER_PASS_BUDGET_H
#define COMPILER_PASS_BUDGET_H

#include "compiler/base/diag.h"
#include "compiler/ir/ir.h"

/* Cannot overflow: a node has at most 2^31, and there are fewer than 2^32 of them. */
int64_t budget_used(const struct ir_graph *g, const struct ir_budget *b);

/* Called once after the first broken budget's error, to add notes to it. */
struct budget_advice {
    void (*add)(void *context, struct diag *d, const struct ir_graph *g);
    void *context;
};
/* One error for each budget that is broken, with its ReLUs by layer and what would meet it. advice may be NULL.
 * Returns how many are broken. */
size_t budget_check(struct arena *a, struct diag *d, const struct ir_graph *g, const struct budget_advice *advice);

#endif
