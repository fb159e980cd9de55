/* Scratch memory and a crew of threads. */
#define _GNU_SOURCE
#include "runtime/kernel/ctx.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "runtime/base/mem.h"
#include "runtime/kernel/blas.h"
#include "runtime/kernel/crew.h"

struct cnas_ctx {
    struct cn_kernel_crew *crew;
    atomic_bool out_of_memory;
    const struct cn_kernel_peers *peers;
    float *scratch; /* the shared part, then each worker's own */
    size_t scratch_floats;
    float *own[CN_KERNEL_MAX_THREADS];
};

struct run {
    struct cnas_ctx *ctx;
    void (*body)(void *job, size_t chunk, float *own);
    void *job;
};

static void run_chunk(void *job, size_t chunk, unsigned member)
{
    const struct run *r = job;
    r->body(r->job, chunk, r->ctx->own[member]);
}

void cn_kernel_run(struct cnas_ctx *ctx, size_t chunks, void (*body)(void *job, size_t chunk, float *own), void *job)
{
    cn_kernel_crew_run(ctx->crew, chunks, run_chunk, &(struct run){ctx, body, job});
}

float *cn_kernel_scratch(struct cnas_ctx *ctx, size_t own, size_t shared)
{
    const unsigned threads = cnas_ctx_threads(ctx);
    own = cn_kernel_round(own);
    shared = cn_kernel_round(shared);
    const size_t floats = shared + own * threads;
    if (floats > ctx->scratch_floats || !ctx->scratch) {
        cn_mem_free(ctx->scratch);
        ctx->scratch = cn_mem_alloc(floats, sizeof(float));
        ctx->scratch_floats = ctx->scratch ? floats : 0;
    }
    for (unsigned i = 0; i < threads; i++)
        ctx->own[i] = ctx->scratch ? ctx->scratch + shared + i * own : NULL;
    if (!ctx->scratch)
        cn_kernel_out_of_memory(ctx);
    return ctx->scratch;
}

static unsigned available_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : n > CN_KERNEL_MAX_THREADS ? CN_KERNEL_MAX_THREADS : (unsigned)n;
}

enum cnas_status cnas_ctx_new(struct cnas_ctx **out, unsigned threads)
{
    struct cnas_ctx *ctx = *out = cn_mem_zalloc(1, sizeof *ctx);
    if (!ctx)
        return CNAS_E_MEMORY;
    cn_kernel_blas_init();
    if (!threads)
        threads = available_cores();
    if (cn_kernel_crew_new(&ctx->crew, threads > CN_KERNEL_MAX_THREADS ? CN_KERNEL_MAX_THREADS : threads))
        cnas_ctx_free(out);
    return *out ? CNAS_OK : CNAS_E_MEMORY;
}

void cn_kernel_set_peers(struct cnas_ctx *ctx, const struct cn_kernel_peers *peers)
{
    ctx->peers = peers;
}

const struct cn_kernel_peers *cn_kernel_peers(const struct cnas_ctx *ctx)
{
    return ctx->peers;
}

void cn_kernel_out_of_memory(struct cnas_ctx *ctx)
{
    atomic_store(&ctx->out_of_memory, true);
}

void cnas_ctx_free(struct cnas_ctx **context)
{
    struct cnas_ctx *ctx = *context;
    if (!ctx)
        return;
    cn_kernel_crew_free(&ctx->crew);
    cn_mem_free(ctx->scratch);
    cn_mem_free(ctx);
    *context = NULL;
}

unsigned cnas_ctx_threads(const struct cnas_ctx *ctx)
{
    return cn_kernel_crew_members(ctx->crew);
}

enum cnas_status cnas_ctx_status(struct cnas_ctx *ctx)
{
    return atomic_exchange(&ctx->out_of_memory, false) ? CNAS_E_MEMORY : CNAS_OK;
}
