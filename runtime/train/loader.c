/* A ring of batches. Threads take the next ticket (a step of the training), wait until its slot is free, and fill it; the caller takes the
 * tickets in order. Nothing but the order of the samples is shared, and that is copied while the lock is held. */
#include "runtime/train/loader.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/kernel/ctx.h"
#include "runtime/train/rng.h"

struct slot {
    struct cn_train_batch batch;
    float *soft;
    uint32_t *samples;
    size_t n;
    uint32_t epoch;
    int ready;
};

struct cn_train_loader {
    struct cn_train_load load;
    size_t steps, image; /* of an epoch; floats */
    uint32_t *order;     /* of the epoch of the next ticket */
    uint64_t epoch, step; /* of the next ticket */
    struct slot slot[CN_TRAIN_LOADERS + 1]; /* one more than threads: the caller reads one */
    unsigned slots;
    uint64_t tickets, taken; /* given to threads; taken by the caller */
    int stop;
    pthread_mutex_t lock;
    pthread_cond_t filled, freed;
    pthread_t thread[CN_TRAIN_LOADERS];
    unsigned started;
};

/* Fisher & Yates. */
static void shuffle(uint32_t *order, size_t n, uint64_t seed, uint64_t epoch)
{
    struct cn_train_rng r = cn_train_rng_make(seed, CN_TRAIN_SHUFFLE, epoch, 0);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        uint32_t j = cn_train_rng_below(&r, (uint32_t)i), swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

/* The next ticket's samples; *n = 0 at the end. */
static const uint32_t *next_samples(struct cn_train_loader *l, size_t *n, uint32_t *epoch)
{
    const size_t first = l->step * l->load.batch, left = l->load.d->n - first;
    *n = 0;
    if (l->epoch >= l->load.epochs)
        return NULL;
    const size_t all = left < l->load.batch ? left : l->load.batch, size = l->load.size ? l->load.size : 1;
    const size_t start = cn_kernel_cut(all, size, l->load.rank), end = cn_kernel_cut(all, size, l->load.rank + 1);
    *n = end > start ? end - start : 1;
    *epoch = (uint32_t)l->epoch;
    return l->order + first + (end > start ? start : 0);
}

static void advance(struct cn_train_loader *l)
{
    if (++l->step < l->steps)
        return;
    l->step = 0;
    if (++l->epoch < l->load.epochs)
        shuffle(l->order, l->load.d->n, l->load.seed, l->epoch);
}

static void fill(const struct cn_train_loader *l, struct cnas_ctx *ctx, const struct cn_train_batch *b, float *soft, const uint32_t *samples, size_t n,
                 uint32_t epoch)
{
    struct cn_train_augment augment = l->load.augment;
    augment.epoch = l->load.soft ? cn_train_soft_view(l->load.soft, epoch) : epoch;
    if (l->load.soft)
        cn_train_soft_read(l->load.soft, soft, augment.epoch, samples, n);
    cn_train_batch(ctx, b, l->load.d, l->load.levels, samples, 0, n, &augment);
}

static void *thread_main(void *argument)
{
    struct cn_train_loader *l = argument;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        size_t n;
        uint32_t epoch = 0;
        while (!l->stop && l->tickets - l->taken >= l->slots)
            pthread_cond_wait(&l->freed, &l->lock);
        const uint32_t *samples = l->stop ? NULL : next_samples(l, &n, &epoch);
        if (!samples)
            break;
        struct slot *s = &l->slot[l->tickets++ % l->slots];
        memcpy(s->samples, samples, n * sizeof *samples);
        s->n = n;
        s->epoch = epoch;
        advance(l);
        pthread_mutex_unlock(&l->lock);
        fill(l, NULL, &s->batch, s->soft, s->samples, s->n, s->epoch);
        pthread_mutex_lock(&l->lock);
        s->ready = 1;
        pthread_cond_signal(&l->filled);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

size_t cn_train_loader_next(struct cn_train_loader *l, const struct cn_train_batch *b, float *soft)
{
    size_t n;
    uint32_t epoch = 0;
    if (!l->load.threads) {
        const uint32_t *samples = next_samples(l, &n, &epoch);
        if (samples) {
            fill(l, l->load.ctx, b, soft, samples, n, epoch);
            advance(l);
        }
        return n;
    }
    pthread_mutex_lock(&l->lock);
    struct slot *s = &l->slot[l->taken % l->slots];
    while (!s->ready && (l->taken < l->tickets || next_samples(l, &n, &epoch)))
        pthread_cond_wait(&l->filled, &l->lock);
    n = s->ready ? s->n : 0;
    pthread_mutex_unlock(&l->lock);
    if (!n)
        return 0;
    memcpy(b->images, s->batch.images, n * l->image * sizeof *b->images);
    memcpy(b->labels, s->batch.labels, n * sizeof *b->labels);
    memcpy(b->others, s->batch.others, n * sizeof *b->others);
    memcpy(b->shares, s->batch.shares, n * sizeof *b->shares);
    if (l->load.soft)
        memcpy(soft, s->soft, n * l->load.classes * sizeof *soft);
    pthread_mutex_lock(&l->lock);
    s->ready = 0;
    l->taken++;
    pthread_cond_signal(&l->freed);
    pthread_mutex_unlock(&l->lock);
    return n;
}

static enum cnas_status reserve(struct cn_train_loader *l)
{
    const size_t all = l->load.batch < l->load.d->n ? l->load.batch : l->load.d->n, size = l->load.size ? l->load.size : 1;
    const size_t batch = (all + size - 1) / size;
    int whole = (l->order = cn_mem_alloc(l->load.d->n, sizeof *l->order)) != NULL;
    for (unsigned i = 0; i < l->slots && whole; i++) {
        struct slot *s = &l->slot[i];
        struct cn_train_batch *b = &s->batch;
        b->images = cn_mem_alloc(batch * l->image, sizeof *b->images);
        b->labels = cn_mem_alloc(batch, sizeof *b->labels);
        b->others = cn_mem_alloc(batch, sizeof *b->others);
        b->shares = cn_mem_alloc(batch, sizeof *b->shares);
        s->samples = cn_mem_alloc(batch, sizeof *s->samples);
        s->soft = cn_mem_alloc(l->load.soft ? batch : 0, l->load.classes * sizeof *s->soft);
        whole = b->images && b->labels && b->others && b->shares && s->samples && s->soft;
    }
    return whole ? CNAS_OK : CNAS_E_MEMORY;
}

/* Signals go to the caller's threads: a loader is never the one that is interrupted. */
static enum cnas_status start(struct cn_train_loader *l)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (l->started < l->load.threads && !pthread_create(&l->thread[l->started], NULL, thread_main, l))
        l->started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return l->started == l->load.threads ? CNAS_OK : CNAS_E_MEMORY;
}

enum cnas_status cn_train_loader_new(struct cn_train_loader **out, const struct cn_train_load *load, struct cnas_error *err)
{
    struct cn_train_loader *l = cn_mem_zalloc(1, sizeof *l);
    cn_require(load->batch && load->d->n && load->threads <= CN_TRAIN_LOADERS);
    *out = NULL;
    if (!l)
        return cn_error(err, CNAS_E_MEMORY, "no memory to load batches");
    l->load = *load;
    l->epoch = load->epoch;
    l->step = load->step;
    l->steps = (load->d->n + load->batch - 1) / load->batch;
    l->image = (size_t)load->d->c * load->d->h * load->d->w;
    l->slots = load->threads ? load->threads + 1 : 0;
    cn_require(l->step < l->steps);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->filled, NULL);
    pthread_cond_init(&l->freed, NULL);
    enum cnas_status status = reserve(l);
    if (!status) {
        shuffle(l->order, load->d->n, load->seed, l->epoch);
        status = start(l);
    }
    if (status) {
        cn_train_loader_free(&l);
        return cn_error(err, status, "no memory to load batches of %zu images with %u threads", load->batch, load->threads);
    }
    *out = l;
    return CNAS_OK;
}

void cn_train_loader_free(struct cn_train_loader **loader)
{
    struct cn_train_loader *l = *loader;
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = 1;
    pthread_cond_broadcast(&l->freed);
    pthread_mutex_unlock(&l->lock);
    for (unsigned i = 0; i < l->started; i++)
        pthread_join(l->thread[i], NULL);
    for (unsigned i = 0; i < l->slots; i++) {
        struct slot *s = &l->slot[i];
        void *all[] = {s->batch.images, s->batch.labels, s->batch.others, s->batch.shares, s->soft, s->samples};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            cn_mem_free(all[k]);
    }
    pthread_cond_destroy(&l->freed);
    pthread_cond_destroy(&l->filled);
    pthread_mutex_destroy(&l->lock);
    cn_mem_free(l->order);
    cn_mem_free(l);
    *loader = NULL;
}
