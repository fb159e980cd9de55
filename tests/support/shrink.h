/* The smallest graph found that still shows a failure: outputs moved towards the input, operators left out, budgets and flags dropped,
 * as long as it fails. */
#ifndef TESTS_SUPPORT_SHRINK_H
#define TESTS_SUPPORT_SHRINK_H

#include "compiler/ir/ir.h"

/* g fails. The result fails too, and no single step makes it smaller; in arena a. */
const struct ir_graph *shrink(struct arena *a, const struct ir_graph *g, bool (*fails)(void *context, const struct ir_graph *g), void *context);

#endif
