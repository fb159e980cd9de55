#include "compiler/ir/attr.h"

#define NEEDED (-1) /* no attribute has this default */

const struct ir_attr ir_attrs[] = {
#define ATTR(op, field, name, kind, otherwise) {op, name, IR_ATTR_##kind, offsetof(struct ir_node, field), (otherwise) == NEEDED, otherwise},
#define TRAIN(field, kind)
#include "compiler/ir/attr.def"
#undef ATTR
#undef TRAIN
};
const size_t ir_n_attrs = sizeof ir_attrs / sizeof *ir_attrs;

const struct ir_attr ir_train_attrs[] = {
#define ATTR(op, field, name, kind, otherwise)
#define TRAIN(field, kind) {IR_OP_COUNT, #field, IR_ATTR_##kind, offsetof(struct ir_train, field), false, 0},
#include "compiler/ir/attr.def"
#undef ATTR
#undef TRAIN
};
const size_t ir_n_train_attrs = sizeof ir_train_attrs / sizeof *ir_train_attrs;
