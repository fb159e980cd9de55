/* Random valid graphs for laws: every operator, every attribute, flags, places, several outputs, budgets, training. */
#ifndef TESTS_UNIT_RANDOM_IR_H
#define TESTS_UNIT_RANDOM_IR_H

#include "compiler/ir/ir.h"

/* From CNAS_SEED, or a fixed one; say it in every failure. */
uint64_t random_seed(void);

struct random {
    uint64_t state;
};
uint64_t random_next(struct random *r);
int64_t random_below(struct random *r, int64_t n); /* 0..n-1 */
const struct ir_graph *random_graph(struct arena *a, uint64_t seed, int wished_nodes);

#endif
