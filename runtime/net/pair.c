/* Two ends of a channel in one process: two bounded rings, one lock. The bound makes a protocol in which both sides send bulk
 * at once fail here as it would on a socket. */
#include "runtime/net/kind.h"

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

enum { RING = 1 << 20 };

struct ring {
    size_t start, held;
    bool closed; /* by either end */
    unsigned char bytes[RING];
};

struct shared {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int ends; /* not yet freed */
    struct ring ring[2];
};

struct end {
    struct shared *shared;
    struct ring *out, *in;
    double deadline_s;
};

static struct timespec moment(double seconds)
{
    const int64_t ns = cn_clock_ns() + (int64_t)(fmin(seconds, 1e9) * 1e9); /* for ever is thirty years */
    return (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
}

/* With the lock held; false when the time is over. */
static bool sleep_until(struct shared *s, const struct timespec *until)
{
    return pthread_cond_timedwait(&s->changed, &s->lock, until) != ETIMEDOUT;
}

static enum cnas_status late(struct cnas_error *err)
{
    return cn_error(err, CNAS_E_TIMEOUT, "the peer did not answer within the deadline");
}

static enum cnas_status pair_send(void *self, const unsigned char *bytes, size_t n, struct cn_chan_counters *count,
                                  struct cnas_error *err)
{
    struct end *e = self;
    struct ring *r = e->out;
    enum cnas_status status = CNAS_OK;
    struct timespec until = moment(e->deadline_s);
    pthread_mutex_lock(&e->shared->lock);
    while (n && status == CNAS_OK) {
        if (r->closed) {
            status = cn_error(err, CNAS_E_CLOSED, "the peer hung up");
        } else if (r->held == RING) {
            if (!sleep_until(e->shared, &until))
                status = late(err);
        } else {
            size_t at = (r->start + r->held) % RING, part = RING - r->held;
            part = part < RING - at ? part : RING - at;
            part = part < n ? part : n;
            memcpy(r->bytes + at, bytes, part);
            r->held += part;
            bytes += part;
            n -= part;
            count->sent += part;
            until = moment(e->deadline_s);
            pthread_cond_broadcast(&e->shared->changed);
        }
    }
    pthread_mutex_unlock(&e->shared->lock);
    return status;
}

/* With the lock held, until something has come. */
static enum cnas_status filled(struct end *e, double seconds, struct cnas_error *err)
{
    struct timespec until = moment(seconds);
    while (!e->in->held) {
        if (e->in->closed)
            return cn_error(err, CNAS_E_CLOSED, "the peer hung up");
        if (!sleep_until(e->shared, &until))
            return late(err);
    }
    return CNAS_OK;
}

static enum cnas_status pair_receive(void *self, unsigned char *bytes, size_t n, size_t *got, struct cn_chan_counters *count,
                                     struct cnas_error *err)
{
    struct end *e = self;
    struct ring *r = e->in;
    pthread_mutex_lock(&e->shared->lock);
    enum cnas_status status = filled(e, e->deadline_s, err);
    if (status == CNAS_OK) {
        size_t part = r->held < RING - r->start ? r->held : RING - r->start;
        *got = part = part < n ? part : n;
        memcpy(bytes, r->bytes + r->start, part);
        r->start = (r->start + part) % RING;
        r->held -= part;
        count->received += part;
        pthread_cond_broadcast(&e->shared->changed);
    }
    pthread_mutex_unlock(&e->shared->lock);
    return status;
}

static enum cnas_status pair_wait(void *self, double seconds, struct cn_chan_counters *count, struct cnas_error *err)
{
    struct end *e = self;
    (void)count;
    pthread_mutex_lock(&e->shared->lock);
    enum cnas_status status = filled(e, seconds, err);
    pthread_mutex_unlock(&e->shared->lock);
    return status;
}

static void pair_close(void *self, bool cleanly)
{
    struct end *e = self;
    (void)cleanly;
    pthread_mutex_lock(&e->shared->lock);
    e->out->closed = e->in->closed = true;
    pthread_cond_broadcast(&e->shared->changed);
    pthread_mutex_unlock(&e->shared->lock);
}

static void pair_free(void *self)
{
    struct end *e = self;
    struct shared *s = e->shared;
    pthread_mutex_lock(&s->lock);
    bool last = --s->ends == 0;
    pthread_mutex_unlock(&s->lock);
    if (last) {
        pthread_cond_destroy(&s->changed);
        pthread_mutex_destroy(&s->lock);
        cn_mem_wipe_free(s, sizeof *s);
    }
    cn_mem_free(e);
}

static const struct cn_chan_kind pair_kind = {pair_send, pair_receive, pair_wait, pair_close, pair_free};

enum cnas_status cn_chan_pair(struct cn_chan **a, struct cn_chan **b, double deadline_s)
{
    *a = *b = NULL;
    struct shared *s = cn_mem_alloc(1, sizeof *s);
    struct end *e[2] = {cn_mem_alloc(1, sizeof **e), cn_mem_alloc(1, sizeof **e)};
    if (!s || !e[0] || !e[1]) {
        cn_mem_free(s);
        cn_mem_free(e[0]);
        cn_mem_free(e[1]);
        return CNAS_E_MEMORY;
    }
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&s->lock, NULL);
    s->ends = 2;
    for (int i = 0; i < 2; i++) {
        s->ring[i].start = s->ring[i].held = 0;
        s->ring[i].closed = false;
        *e[i] = (struct end){.shared = s, .out = &s->ring[i], .in = &s->ring[1 - i], .deadline_s = deadline_s};
    }
    const struct cn_chan_counters none = {0};
    enum cnas_status first = cn_chan_new(a, &pair_kind, e[0], &none, NULL);
    enum cnas_status second = cn_chan_new(b, &pair_kind, e[1], &none, NULL);
    if (first == CNAS_OK && second == CNAS_OK)
        return CNAS_OK;
    cn_chan_free(a);
    cn_chan_free(b);
    return CNAS_E_MEMORY;
}
