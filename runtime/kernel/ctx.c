/* A pool of POSIX threads that shares one loop at a time.
 *
 * The caller posts a job and works on it itself; workers that are awake join. Chunks are claimed from one counter. Workers wait
 * for the next job by watching the generation for a short while before they sleep, because the kernels of a network follow each
 * other within microseconds. A worker that wakes up late finds the job closed and joins nothing, so nobody waits for sleepers.
 * Once another library's threads are there (cn_kernel_use_team) they take the chunks and the workers end. */
#define _GNU_SOURCE
#include "runtime/kernel/ctx.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/kernel/blas.h"

struct cnas_ctx {
    unsigned threads; /* the caller included */
    atomic_bool out_of_memory;
    struct cn_kernel_team team; /* parallel is NULL: the workers below */
    const struct cn_kernel_peers *peers;
    float *shared, *own[CN_KERNEL_MAX_THREADS];
    size_t shared_floats, own_floats;

    pthread_t thread[CN_KERNEL_MAX_THREADS];
    unsigned started; /* threads that exist: 1 .. threads - 1 */
    pthread_mutex_t lock;
    pthread_cond_t posted, finished;
    /* written under the lock */
    void (*body)(void *job, size_t chunk, float *own);
    void *job;
    size_t chunks;
    bool open, stop;
    unsigned sleeping;
    atomic_uint generation; /* grows with every job and when the pool stops */
    atomic_uint active;     /* workers inside the job, the caller not counted */
    atomic_size_t next;     /* first chunk that nobody has claimed */
};

struct worker {
    struct cnas_ctx *ctx;
    unsigned index;
};

enum { SPINS = 2000 }; /* a few tens of microseconds: longer than a gap between kernels, shorter than a time slice */

static void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#else
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

static void work(struct cnas_ctx *ctx, unsigned index)
{
    for (;;) {
        size_t i = atomic_fetch_add_explicit(&ctx->next, 1, memory_order_relaxed);
        if (i >= ctx->chunks)
            return;
        ctx->body(ctx->job, i, ctx->own[index]);
    }
}

static void *worker_main(void *argument)
{
    struct worker me = *(struct worker *)argument;
    struct cnas_ctx *ctx = me.ctx;
    cn_mem_free(argument);

    for (unsigned seen = 0;;) {
        for (int i = 0; i < SPINS && atomic_load_explicit(&ctx->generation, memory_order_relaxed) == seen; i++)
            relax();
        pthread_mutex_lock(&ctx->lock);
        while (atomic_load(&ctx->generation) == seen) {
            ctx->sleeping++;
            pthread_cond_wait(&ctx->posted, &ctx->lock);
            ctx->sleeping--;
        }
        seen = atomic_load(&ctx->generation);
        if (ctx->stop) {
            pthread_mutex_unlock(&ctx->lock);
            return NULL;
        }
        bool join = ctx->open;
        if (join)
            atomic_fetch_add(&ctx->active, 1);
        pthread_mutex_unlock(&ctx->lock);
        if (!join)
            continue;
        work(ctx, me.index);
        pthread_mutex_lock(&ctx->lock);
        if (atomic_fetch_sub(&ctx->active, 1) == 1)
            pthread_cond_signal(&ctx->finished);
        pthread_mutex_unlock(&ctx->lock);
    }
}

static void team_member(void *data)
{
    struct cnas_ctx *ctx = data;
    work(ctx, (unsigned)ctx->team.member());
}

void cn_kernel_run(struct cnas_ctx *ctx, size_t chunks, void (*body)(void *job, size_t chunk, float *own), void *job)
{
    if (chunks <= 1 || ctx->threads == 1) {
        for (size_t i = 0; i < chunks; i++)
            body(job, i, ctx->own[0]);
        return;
    }
    if (ctx->team.parallel) {
        ctx->body = body;
        ctx->job = job;
        ctx->chunks = chunks;
        atomic_store(&ctx->next, 0);
        ctx->team.parallel(team_member, ctx, chunks < ctx->threads ? (unsigned)chunks : ctx->threads, 0);
        return;
    }
    pthread_mutex_lock(&ctx->lock);
    ctx->body = body;
    ctx->job = job;
    ctx->chunks = chunks;
    atomic_store(&ctx->next, 0);
    ctx->open = true;
    atomic_fetch_add(&ctx->generation, 1);
    if (ctx->sleeping)
        pthread_cond_broadcast(&ctx->posted);
    pthread_mutex_unlock(&ctx->lock);

    work(ctx, 0);

    pthread_mutex_lock(&ctx->lock);
    ctx->open = false;
    pthread_mutex_unlock(&ctx->lock);
    for (int i = 0; i < SPINS && atomic_load(&ctx->active); i++)
        relax();
    if (atomic_load(&ctx->active)) {
        pthread_mutex_lock(&ctx->lock);
        while (atomic_load(&ctx->active))
            pthread_cond_wait(&ctx->finished, &ctx->lock);
        pthread_mutex_unlock(&ctx->lock);
    }
}

static bool grow(float **buffer, size_t floats)
{
    cn_mem_free(*buffer);
    *buffer = cn_mem_alloc(floats, sizeof(float));
    return *buffer != NULL;
}

float *cn_kernel_scratch(struct cnas_ctx *ctx, size_t own, size_t shared)
{
    if (own > ctx->own_floats) {
        ctx->own_floats = 0;
        for (unsigned i = 0; i < ctx->threads; i++)
            if (!grow(&ctx->own[i], own))
                goto out;
        ctx->own_floats = own;
    }
    if (shared > ctx->shared_floats || !ctx->shared) {
        ctx->shared_floats = 0;
        if (!grow(&ctx->shared, shared))
            goto out;
        ctx->shared_floats = shared;
    }
    return ctx->shared;
out:
    cn_kernel_out_of_memory(ctx);
    return NULL;
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
    *out = NULL;
    struct cnas_ctx *ctx = cn_mem_zalloc(1, sizeof *ctx);
    if (!ctx)
        return CNAS_E_MEMORY;
    ctx->threads = !threads ? available_cores() : threads > CN_KERNEL_MAX_THREADS ? CN_KERNEL_MAX_THREADS : threads;
    if (pthread_mutex_init(&ctx->lock, NULL)) {
        cn_mem_free(ctx);
        return CNAS_E_MEMORY;
    }
    pthread_cond_init(&ctx->posted, NULL);
    pthread_cond_init(&ctx->finished, NULL);
    cn_kernel_blas_init();
    for (unsigned i = 1; i < ctx->threads; i++) {
        struct worker *w = cn_mem_alloc(1, sizeof *w);
        if (w)
            *w = (struct worker){ctx, i};
        if (!w || pthread_create(&ctx->thread[i], NULL, worker_main, w)) {
            cn_mem_free(w);
            cnas_ctx_free(&ctx);
            return CNAS_E_MEMORY;
        }
        ctx->started = i;
    }
    *out = ctx;
    return CNAS_OK;
}

static void stop_workers(struct cnas_ctx *ctx)
{
    pthread_mutex_lock(&ctx->lock);
    ctx->stop = true;
    atomic_fetch_add(&ctx->generation, 1);
    pthread_cond_broadcast(&ctx->posted);
    pthread_mutex_unlock(&ctx->lock);
    for (unsigned i = 1; i <= ctx->started; i++)
        pthread_join(ctx->thread[i], NULL);
    ctx->started = 0;
}

void cn_kernel_use_team(struct cnas_ctx *ctx, const struct cn_kernel_team *team)
{
    stop_workers(ctx);
    ctx->team = *team;
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
    stop_workers(ctx);
    pthread_cond_destroy(&ctx->finished);
    pthread_cond_destroy(&ctx->posted);
    pthread_mutex_destroy(&ctx->lock);
    for (unsigned i = 0; i < ctx->threads; i++)
        cn_mem_free(ctx->own[i]);
    cn_mem_free(ctx->shared);
    cn_mem_free(ctx);
    *context = NULL;
}

unsigned cnas_ctx_threads(const struct cnas_ctx *ctx)
{
    return ctx->threads;
}

enum cnas_status cnas_ctx_status(struct cnas_ctx *ctx)
{
    return atomic_exchange(&ctx->out_of_memory, false) ? CNAS_E_MEMORY : CNAS_OK;
}
