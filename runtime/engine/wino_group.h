/* How a Winograd convolution is cut: rows of tiles, taken in groups that stay in cache. For wino.c, wino_run.c and wino_gradient.c. */
#ifndef RUNTIME_ENGINE_WINO_GROUP_H
#define RUNTIME_ENGINE_WINO_GROUP_H

#include "runtime/engine/wino_simd.h"

struct cn_engine_wino_plan {
    const struct cn_engine_wino_simd *simd;
    size_t lanes, in_blocks, out_blocks;
    size_t tall, wide; /* tiles of an image */
    size_t span;       /* output blocks, an even number or all, whose results wait for their transform together */
    size_t slice;      /* output blocks, the same, whose weights are packed at a time where they are packed for one run */
    size_t rows;       /* rows of tiles in a group */
    size_t some;       /* floats of v for CN_ENGINE_WINO_TILES tiles */
    size_t block;      /* and for a block of channels, of a group */
    size_t line;       /* floats of room for a row of pixels, of input or output, and whatever its tiles need */
};

struct cn_engine_wino_plan cn_engine_wino_plan(const struct cnas_conv_shape *);

/* Packed weights and their gradients: for each pair of output blocks (the last may be alone) and each of the 36, (input channels, blocks
 * of the pair, lanes). Where the pair of output block `block` starts, and how far apart the 36 are. */
size_t cn_engine_wino_packed(const struct cn_engine_wino_plan *, size_t block);
size_t cn_engine_wino_apart(const struct cn_engine_wino_plan *, size_t pair);

/* A part of a run: samples first .. last-1, output blocks k_first (even) .. k_last-1 (even, or the last); packed: theirs alone. scratch: so many
 * floats, aligned to 64 bytes. */
size_t cn_engine_wino_scratch(const struct cnas_conv_shape *s);
void cn_engine_wino_run_blocks(const struct cn_engine_wino_write *, const struct cn_engine_wino_read *, const float *packed,
                               const struct cnas_conv_shape *, size_t first, size_t last, size_t k_first, size_t k_last, float *scratch);

/* v of all input blocks for rows of tiles `unit` .. unit + count - 1, counted over images from sample `first`.
 * lines: room for 7 rows, tmp: for 6. */
void cn_engine_wino_take(const struct cn_engine_wino_plan *, float *v, const struct cn_engine_wino_read *, const struct cnas_conv_shape *,
                         size_t first, size_t unit, size_t count, float *lines, float *tmp);

#endif
