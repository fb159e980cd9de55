/* Which vector unit the kernels on blocked values use, and how their work is shared out. */
#include "runtime/engine/block_simd.h"

#include <stdatomic.h>
#include <unistd.h>

#include "runtime/engine/block_run.h"
#include "runtime/kernel/ctx.h"

static _Atomic(const struct cn_engine_simd *) chosen;

static const struct cn_engine_simd *best(void)
{
    const struct cn_engine_simd *simd = cn_engine_simd_avx512_bf16();
    if (!simd)
        simd = cn_engine_simd_avx512();
    if (!simd)
        simd = cn_engine_simd_avx2();
    return simd ? simd : cn_engine_simd_portable();
}

void cn_engine_simd_use(const struct cn_engine_simd *simd)
{
    atomic_store_explicit(&chosen, simd ? simd : best(), memory_order_relaxed);
}

const struct cn_engine_simd *cn_engine_simd(void)
{
    const struct cn_engine_simd *simd = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (!simd)
        atomic_store_explicit(&chosen, simd = best(), memory_order_relaxed);
    return simd;
}

struct shared {
    void (*body)(const void *job, size_t first, size_t last);
    const void *job;
    size_t units, chunks;
};

static void shared_chunk(void *job, size_t i, float *own)
{
    const struct shared *s = job;
    (void)own;
    s->body(s->job, cn_kernel_cut(s->units, s->chunks, i), cn_kernel_cut(s->units, s->chunks, i + 1));
}

void cn_engine_share(struct cnas_ctx *ctx, void (*body)(const void *job, size_t first, size_t last), const void *job, size_t units,
                     size_t bytes)
{
    enum { CHUNK = 1 << 17 }; /* bytes: long enough for the prefetcher, short enough that threads end together */
    size_t chunks = units * bytes / CHUNK + 1;
    struct shared s = {body, job, units, chunks < units ? chunks : units};
    cn_kernel_run(ctx, s.chunks, shared_chunk, &s);
}

int cn_engine_streams(size_t bytes)
{
    long cache = 0;
#ifdef _SC_LEVEL3_CACHE_SIZE
    cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
    const size_t most = cache > 0 ? (size_t)cache : (size_t)32 << 20;
    return bytes >= most / 4 * 3; /* the inputs went through it as well */
}
