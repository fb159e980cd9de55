/* Bit matrices, transposed. */
#ifndef RUNTIME_OT_TRANSPOSE_H
#define RUNTIME_OT_TRANSPOSE_H

#include "runtime/prg/block.h"

#include <stddef.h>

/* columns: 128 rows of `blocks` blocks, row j at columns + j * stride; out: 128 * blocks blocks.
 * Bit j of out[i] is bit i of row j. */
void cn_ot_transpose(cn_block *out, const cn_block *columns, size_t stride, size_t blocks);

#endif
