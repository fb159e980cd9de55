/* What is known of the numbers in a tensor before any weight is: their range, from the input's pixels through operators without
 * weights. */
#ifndef COMPILER_PASS_RANGE_H
#define COMPILER_PASS_RANGE_H

#include "compiler/ir/ir.h"

struct range {
    double low, high;    /* at inference, up to the rounding of floats; infinite where weights decide */
    bool never_negative; /* exact, in training too: no element is ever below 0, whatever is rounded and whatever the input is */
};

/* One for each node. Pixels are scaled to 0..1 before they are normalised. */
const struct range *range_infer(struct arena *a, const struct ir_graph *g);

#endif
