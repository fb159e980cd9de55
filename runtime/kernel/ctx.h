/* The worker threads and scratch memory behind struct cnas_ctx, for the kernels alone.
 *
 * A kernel call is a loop over chunks. In the kernels of <cnas/kernel.h> what a chunk is depends on the shapes, never on the number of
 * threads, and a chunk's result does not depend on who runs it: that is why results are the same for any number of threads. The engine's
 * chunks of samples for oneDNN do depend on it (engine/conv_split.c): there results are the same for the same number. */
#ifndef RUNTIME_KERNEL_CTX_H
#define RUNTIME_KERNEL_CTX_H

#include <stddef.h>

#include <cnas/kernel.h>

enum { CN_KERNEL_MAX_THREADS = 64 };

/* Makes room: `own` floats for each worker and `shared` floats for the call, both aligned to 64 bytes, contents undefined, valid
 * until the next call. Returns the shared part, or NULL without memory: the context then remembers CNAS_E_MEMORY and the kernel
 * must return without work. */
float *cn_kernel_scratch(struct cnas_ctx *ctx, size_t own, size_t shared);

/* body(job, i, own scratch) for i = 0 .. chunks-1, in any order, in parallel (crew.h); back when all are done. The caller works
 * too. Not from a chunk. */
void cn_kernel_run(struct cnas_ctx *ctx, size_t chunks, void (*body)(void *job, size_t chunk, float *own), void *job);

/* Others that work on other samples of the same batch, each with a context of its own (training on several machines). */
struct cn_kernel_peers {
    size_t first; /* samples of the batch that are theirs and come before mine */
    size_t n;     /* mine, as many as the kernels are called with */
    size_t all;   /* of the whole batch */
    /* x[0 .. n) becomes the sum over all of us; called outside of loops. x NULL: there is no memory for it, the others must not wait.
     * sum NULL: batch norm keeps to the own samples. */
    void (*sum)(void *user, double *x, size_t n);
    void *user;
};
/* peers stay the caller's; NULL: there are none, which is so at the beginning. Kernels that mix samples (batch norm) or know their number
 * (dropout) heed them. */
void cn_kernel_set_peers(struct cnas_ctx *ctx, const struct cn_kernel_peers *peers);
const struct cn_kernel_peers *cn_kernel_peers(const struct cnas_ctx *ctx);

/* What a kernel does that finds no memory: cnas_ctx_status tells. Also inside a chunk. */
void cn_kernel_out_of_memory(struct cnas_ctx *ctx);

/* Chunk i of `total` things cut in `chunks` nearly equal parts starts here (and ends where i + 1 starts). */
static inline size_t cn_kernel_cut(size_t total, size_t chunks, size_t i)
{
    return total / chunks * i + (i < total % chunks ? i : total % chunks);
}

/* Floats rounded up so that what follows in a scratch area is aligned again. */
static inline size_t cn_kernel_round(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

#endif
