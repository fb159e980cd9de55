/* The shape rules: what an operator gives for given inputs, or a sentence saying why it fits none.
 * Attributes are checked here too, so a node that has a shape is a node that makes sense. */
#ifndef COMPILER_IR_SHAPE_H
#define COMPILER_IR_SHAPE_H

#include "compiler/ir/ir.h"

/* in: the n_in shapes of the inputs, each valid. attr: the attributes of op (for IR_INPUT also the shape); NULL only for an
 * operator without any. True: *out is the result's shape. False: *why is a sentence for the user, in arena a. */
bool ir_shape_infer(struct arena *a, enum ir_op op, const struct ir_shape *in, uint32_t n_in, const struct ir_node *attr,
                    struct ir_shape *out, const char **why);

/* "64x32x32" for a map, "10 features" for a vector: what a sentence calls a shape. */
const char *ir_shape_words(struct arena *a, struct ir_shape s);

#endif
