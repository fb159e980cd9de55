/* Geometry of terms: how linear operators compose. The rules, in words, are in plan.h. */
#ifndef COMPILER_IR_TERM_H
#define COMPILER_IR_TERM_H

#include <stdbool.h>
#include <stdint.h>

/* One axis of a kernel over a source: position i of the value reads source positions i*stride - pad .. i*stride - pad + k-1. */
struct term_axis {
    int64_t k, stride, pad;
};

/* A conv (or pool, or subsample) with kernel k, stride, padding, dilation over a value with this axis. */
struct term_axis term_compose(struct term_axis inner, int64_t k, int64_t stride, int64_t pad, int64_t dilation);

/* Drops outer rows of the kernel that lie outside the source (of `source` rows) for every one of `rows` positions;
 * if all do, one stays. */
struct term_axis term_crop(struct term_axis t, int64_t source, int64_t rows);

/* Whether positions -1, -2, ... and rows, rows + 1, ... read only outside the source. */
bool term_zero_outside(struct term_axis t, int64_t source, int64_t rows);

/* The smallest axis that covers both. Strides must be equal. */
struct term_axis term_union(struct term_axis s, struct term_axis t);

#endif
