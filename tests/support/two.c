/* See two.h. Recording is one more kind of channel. */
#include "tests/support/two.h"

#include "runtime/net/kind.h"

#include <check.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct recorder {
    struct cn_chan *inner;
    struct record *record;
};

static enum cnas_status failed(struct recorder *r, enum cnas_status status, struct cnas_error *err)
{
    if (status != CNAS_OK)
        *err = *cn_chan_error(r->inner);
    return status;
}

static enum cnas_status record_send(void *self, const unsigned char *bytes, size_t n, struct cn_chan_counters *count,
                                    struct cnas_error *err)
{
    struct recorder *r = self;
    struct record *to = r->record;
    while (to->room < to->n + n) {
        to->room = 2 * to->room + 4096;
        to->bytes = realloc(to->bytes, to->room);
        ck_assert_ptr_nonnull(to->bytes);
    }
    memcpy(to->bytes + to->n, bytes, n);
    to->n += n;
    count->sent += n;
    enum cnas_status status = cn_chan_send(r->inner, bytes, n);
    return failed(r, status == CNAS_OK ? cn_chan_flush(r->inner) : status, err);
}

static enum cnas_status record_receive(void *self, unsigned char *bytes, size_t n, size_t *got, struct cn_chan_counters *count,
                                       struct cnas_error *err)
{
    struct recorder *r = self;
    *got = n;
    count->received += n;
    return failed(r, cn_chan_recv(r->inner, bytes, n), err);
}

static enum cnas_status record_wait(void *self, double seconds, struct cn_chan_counters *count, struct cnas_error *err)
{
    struct recorder *r = self;
    (void)count;
    return failed(r, cn_chan_wait(r->inner, seconds), err);
}

static void record_close(void *self, bool cleanly)
{
    struct recorder *r = self;
    (void)cleanly;
    cn_chan_free(&r->inner);
}

static struct cn_chan *recording(struct cn_chan *inner, struct record *record)
{
    static const struct cn_chan_kind kind = {record_send, record_receive, record_wait, record_close, free};
    const struct cn_chan_counters none = {0};
    struct recorder *r = malloc(sizeof *r);
    ck_assert_ptr_nonnull(r);
    r->inner = inner;
    r->record = record;
    *record = (struct record){NULL, 0, 0};
    struct cn_chan *out;
    ck_assert_int_eq(cn_chan_new(&out, &kind, r, &none, NULL), CNAS_OK);
    return out;
}

struct two two_new(double deadline_s)
{
    struct two t = {NULL, NULL, {NULL, NULL}};
    ck_assert_int_eq(cn_chan_pair(&t.a, &t.b, deadline_s), CNAS_OK);
    return t;
}

void two_digest(char hex[65], const struct record *r)
{
    unsigned char digest[32];
    crypto_generichash(digest, sizeof digest, r->bytes, r->n, NULL, 0);
    sodium_bin2hex(hex, 65, digest, sizeof digest);
}

struct call {
    party_function *function;
    void *self;
    struct cn_chan *chan;
    enum cnas_status status;
};

static void *run(void *arg)
{
    struct call *c = arg;
    c->status = c->function(c->self, c->chan);
    if (c->status == CNAS_OK)
        c->status = cn_chan_flush(c->chan);
    if (c->status != CNAS_OK)
        cn_chan_free(&c->chan);
    return NULL;
}

void two_run(struct two *t, enum cnas_status status[2], party_function *f, void *f_self, party_function *g, void *g_self)
{
    if (t->sent[0])
        t->a = recording(t->a, t->sent[0]);
    if (t->sent[1])
        t->b = recording(t->b, t->sent[1]);
    struct call a = {f, f_self, t->a, CNAS_OK}, b = {g, g_self, t->b, CNAS_OK};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, run, &b), 0);
    run(&a);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    status[0] = a.status;
    status[1] = b.status;
    cn_chan_free(&a.chan);
    cn_chan_free(&b.chan);
    t->a = t->b = NULL;
}
