/* Random networks that can be compiled to programs: one input, one output, a chain with skips through all operators. */
#ifndef TESTS_SUPPORT_RANDOM_NET_H
#define TESTS_SUPPORT_RANDOM_NET_H

#include "tests/unit/random_ir.h"

/* Of about `length` nodes; attempts that do not fit are left out. */
const struct ir_graph *random_network(struct arena *arena, struct random *r, int length);

#endif
