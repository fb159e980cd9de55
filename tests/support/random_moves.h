/* The moves by which random_dag.c makes a graph, one operator or a few at a time. */
#ifndef TESTS_SUPPORT_RANDOM_MOVES_H
#define TESTS_SUPPORT_RANDOM_MOVES_H

#include "tests/unit/random_ir.h"

struct dag { /* as it grows */
    struct arena *a;
    struct random *r;
    struct ir_builder *b;
    int squares; /* so far: not too many, so that values stay near 1 */
};

int64_t dag_below(struct dag *d, int64_t n); /* 0..n-1 */
bool dag_one_in(struct dag *d, int64_t n);
struct ir_shape dag_shape(struct dag *d, ir_id id);

/* IR_NONE: the operator does not take these inputs, or one of them is IR_NONE. */
ir_id dag_make(struct dag *d, enum ir_op op, const ir_id *in, uint32_t n_in, const struct ir_node *attr);
ir_id dag_make_one(struct dag *d, enum ir_op op, ir_id x, struct ir_node attr);
ir_id dag_relu(struct dag *d, ir_id x); /* with flags, now and then */

void random_move(struct dag *d); /* adds something, or nothing */

#endif
