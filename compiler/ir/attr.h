/* attr.def as arrays. */
#ifndef COMPILER_IR_ATTR_H
#define COMPILER_IR_ATTR_H

#include "compiler/ir/ir.h"

enum ir_attr_kind {
    IR_ATTR_INT,  /* int64_t */
    IR_ATTR_BOOL, /* bool */
    IR_ATTR_REAL, /* double, finite */
};

struct ir_attr {
    enum ir_op op; /* IR_OP_COUNT: a training attribute */
    const char *name;
    enum ir_attr_kind kind;
    size_t offset; /* in struct ir_node, or in struct ir_train */
    bool needed;      /* in a text; of training's, those that this program writes always */
    double otherwise; /* of an operator's, when it is left out of a text */
};

extern const struct ir_attr ir_attrs[];  /* of all operators */
extern const size_t ir_n_attrs;
extern const struct ir_attr ir_train_attrs[];
extern const size_t ir_n_train_attrs;
bool ir_train_attr_shown(const struct ir_attr *attr, const struct ir_train *t); /* in a text: it is needed, or differs from the default */

#endif
