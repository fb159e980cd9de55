/* What a network costs, counted from shapes alone, for one sample. */
#ifndef COMPILER_IR_COST_H
#define COMPILER_IR_COST_H

#include "compiler/ir/ir.h"

struct ir_cost {
    int64_t relus;            /* scalar ReLU evaluations */
    int64_t relu_equivalents; /* plus comparisons of other operators, each worth one ReLU: what a budget limits */
    int64_t macs;             /* multiply-accumulates of convolutions and linear layers; batch norm folds into them at inference */
    int64_t parameters;       /* trainable: weights, biases, and batch norm's scale and offset */
};

struct ir_cost ir_cost_node(const struct ir_graph *g, ir_id id); /* of a verified graph; cannot overflow */

/* Adds b to *sum; false, and *sum unchanged, where a count would pass INT64_MAX. */
bool ir_cost_add(struct ir_cost *sum, struct ir_cost b);
bool ir_cost_total(const struct ir_graph *g, struct ir_cost *total); /* false: more than INT64_MAX of something */

/* The most bytes of float32 values of one sample that are alive at one time when the nodes run in their order: the input from the start
 * on, each result with the operands it is made of, until its last reader; outputs to the end. Results of flatten, reshape and dropout are
 * their operand's memory under another name. False: more than INT64_MAX. */
bool ir_cost_memory(struct arena *a, const struct ir_graph *g, int64_t *bytes);

#endif
