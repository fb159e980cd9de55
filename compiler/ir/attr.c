#include "compiler/ir/attr.h"

#include <string.h>

#define NEEDED (-1) /* no attribute has this default */

const struct ir_attr ir_attrs[] = {
#define ATTR(op, field, name, kind, otherwise) {op, name, IR_ATTR_##kind, offsetof(struct ir_node, field), (otherwise) == NEEDED, otherwise},
#define TRAIN(field, kind)
#define MORE(field, name, kind)
#include "compiler/ir/attr.def"
#undef ATTR
#undef TRAIN
#undef MORE
};
const size_t ir_n_attrs = sizeof ir_attrs / sizeof *ir_attrs;

const struct ir_attr ir_train_attrs[] = {
#define ATTR(op, field, name, kind, otherwise)
#define TRAIN(field, kind) {IR_OP_COUNT, #field, IR_ATTR_##kind, offsetof(struct ir_train, field), true, 0},
#define MORE(field, name, kind) {IR_OP_COUNT, name, IR_ATTR_##kind, offsetof(struct ir_train, field), false, 0},
#include "compiler/ir/attr.def"
#undef ATTR
#undef TRAIN
#undef MORE
};
const size_t ir_n_train_attrs = sizeof ir_train_attrs / sizeof *ir_train_attrs;

bool ir_train_attr_shown(const struct ir_attr *attr, const struct ir_train *t)
{
    static const size_t sizes[] = {[IR_ATTR_INT] = sizeof(int64_t), [IR_ATTR_BOOL] = sizeof(bool), [IR_ATTR_REAL] = sizeof(double)};
    return attr->needed || memcmp((const char *)t + attr->offset, (const char *)&ir_train_default + attr->offset, sizes[attr->kind]) != 0;
}
