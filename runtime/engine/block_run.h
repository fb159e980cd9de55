/* How kernels on blocked values share their work among threads. */
#ifndef RUNTIME_ENGINE_BLOCK_RUN_H
#define RUNTIME_ENGINE_BLOCK_RUN_H

#include "runtime/engine/block_simd.h"

/* body(job, first, last) over 0 .. units-1 in parallel, in pieces of moderate size; a unit moves about `bytes`. For kernels that
 * compute every element alone. */
void cn_engine_share(struct cnas_ctx *ctx, void (*body)(const void *job, size_t first, size_t last), const void *job, size_t units,
                     size_t bytes);

/* Whether an output of so many bytes has left the caches before the next kernel reads it, so that it may as well not enter them. */
int cn_engine_streams(size_t bytes);

static inline size_t cn_engine_blocks(uint32_t c)
{
    return cn_engine_channels(c) / cn_engine_block();
}

/* Bytes of a run: the pixels of one block of channels. */
static inline size_t cn_engine_run_bytes(enum cn_engine_type type, struct cn_engine_map map)
{
    return (size_t)map.h * map.w * cn_engine_block() * cn_engine_type_size(type);
}

#endif
