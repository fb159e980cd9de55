/* What segment.c and segment_value.c share. */
#ifndef COMPILER_IR_SEGMENT_INTERNAL_H
#define COMPILER_IR_SEGMENT_INTERNAL_H

#include "compiler/ir/segment.h"

enum segment_step { SEGMENT_DONE, SEGMENT_AGAIN, SEGMENT_REFUSED };

/* A point that `enters` flows into (NULL: an input). */
uint32_t segment_add_point(struct segments *s, ir_id node, enum segment_kind kind, struct affine_dims dims, const struct affine *enters);
/* The value of this node becomes a point, for `reader`; false if it is one. */
bool segment_force(struct segments *s, ir_id value, ir_id reader, enum segment_why why);
enum segment_step segment_refuse(struct segments *s, ir_id id, const char *why); /* why: for the user, behind "because" */

/* The value of an operator that is no point by nature. */
enum segment_step segment_value(struct segments *s, struct affine *y, ir_id id);

#endif
