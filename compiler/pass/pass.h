/* Passes: pure functions from graph to graph. The input is not touched, the result is new (or the input itself, when there is
 * nothing to do) and keeps every invariant of compiler/ir/verify.h. Ties are broken by node index. */
#ifndef COMPILER_PASS_PASS_H
#define COMPILER_PASS_PASS_H

#include "compiler/ir/cost.h"
#include "compiler/ir/ir.h"

#define PASS(name, function, what) const struct ir_graph *function(struct arena *a, const struct ir_graph *g);
#include "compiler/pass/pass.def"
#undef PASS

/* What one pass did. */
struct pass_step {
    const char *name, *what;
    const struct ir_graph *before, *after;
};

struct pass_trace {
    const struct pass_step *steps; /* in order */
    size_t n;
};

/* All passes over a verified graph. Verifies after each; a broken invariant is a bug of that pass. */
const struct ir_graph *pass_all(struct arena *a, const struct ir_graph *g, struct pass_trace *trace);

const char *const *pass_names(size_t *n); /* in order */

/* An error for every pass that the network asks for and there is not. Returns how many. */
struct diag;
size_t pass_check_wishes(struct diag *d, const struct ir_graph *g);

#endif
