/* Random graphs for passes: every operator with a clear kernel, values with several consumers, skips and joins over rectified and
 * unrectified values, ReLUs above and below everything that they may or may not be moved across, repeated and empty operators, flags,
 * budgets. Small: thousands of them run in seconds. tests/support/random_net.h makes chains for programs, tests/unit/random_ir.h makes
 * graphs for the text form. */
#ifndef TESTS_SUPPORT_RANDOM_DAG_H
#define TESTS_SUPPORT_RANDOM_DAG_H

#include "tests/unit/random_ir.h"

#include <cnas/model.h>

/* One input, one output or a few, about `nodes` nodes; the last budget covers each of them by number. Each output alone makes a graph
 * that can be lowered. */
const struct ir_graph *random_dag(struct arena *a, struct random *r, int nodes);

/* Values for all parameters: functions of the seed and the parameter's name. Scales of both signs, statistics as of trained networks,
 * sizes that keep values near 1. */
void random_weights(float *params, const struct cnas_model *m, uint64_t seed);

#endif
