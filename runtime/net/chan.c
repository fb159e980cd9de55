/* The part that all channels share: the send buffer, the sticky error, and the counting of flips. */
#include "runtime/net/kind.h"

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

#include <string.h>

enum { BUFFER = 65536 }; /* one record of the secure channel */

enum direction { IDLE, SENDING, RECEIVING };

struct cn_chan {
    const struct cn_chan_kind *kind;
    void *self;
    struct cn_chan_counters counters;
    enum direction direction;
    struct cnas_error error; /* the first failure; CNAS_OK while alive */
    size_t held;
    unsigned char buffer[BUFFER]; /* the first `held` bytes wait to be sent */
};

enum cnas_status cn_chan_new(struct cn_chan **out, const struct cn_chan_kind *kind, void *self,
                             const struct cn_chan_counters *start, struct cnas_error *err)
{
    struct cn_chan *c = *out = cn_mem_alloc(1, sizeof *c);
    if (!c) {
        kind->close(self, false);
        kind->free(self);
        return cn_error(err, CNAS_E_MEMORY, "no memory for a channel");
    }
    c->kind = kind;
    c->self = self;
    c->counters = *start;
    c->direction = IDLE;
    c->error = (struct cnas_error){.status = CNAS_OK};
    c->held = 0;
    return CNAS_OK;
}

/* Remembers the first failure. The peer should learn of it at once, so the connection is closed here, not in cn_chan_free.
 * A kind fills an error of its own and not c->error: a call that succeeds must leave that alone. */
static enum cnas_status keep(struct cn_chan *c, enum cnas_status status, const struct cnas_error *e)
{
    if (status == CNAS_OK || c->error.status != CNAS_OK)
        return status;
    c->error = *e;
    c->error.status = status;
    c->kind->close(c->self, false);
    return status;
}

static void turn(struct cn_chan *c, enum direction to)
{
    if (c->direction != IDLE && c->direction != to)
        c->counters.flips++;
    c->direction = to;
}

static enum cnas_status push(struct cn_chan *c, const unsigned char *bytes, size_t n)
{
    struct cnas_error e = {.status = CNAS_OK};
    return keep(c, c->kind->send(c->self, bytes, n, &c->counters, &e), &e);
}

enum cnas_status cn_chan_flush(struct cn_chan *c)
{
    if (c->error.status != CNAS_OK)
        return c->error.status;
    size_t n = c->held;
    c->held = 0;
    return n ? push(c, c->buffer, n) : CNAS_OK;
}

enum cnas_status cn_chan_send(struct cn_chan *c, const void *bytes, size_t n)
{
    const unsigned char *from = bytes;
    if (c->error.status != CNAS_OK)
        return c->error.status;
    if (n == 0)
        return CNAS_OK;
    turn(c, SENDING);
    while (n) {
        if (c->held == 0 && n >= BUFFER) { /* no copy; whole records */
            size_t whole = n / BUFFER * BUFFER;
            enum cnas_status status = push(c, from, whole);
            if (status != CNAS_OK)
                return status;
            from += whole;
            n -= whole;
            continue;
        }
        size_t part = BUFFER - c->held < n ? BUFFER - c->held : n;
        memcpy(c->buffer + c->held, from, part);
        c->held += part;
        from += part;
        n -= part;
        if (c->held == BUFFER) {
            enum cnas_status status = cn_chan_flush(c);
            if (status != CNAS_OK)
                return status;
        }
    }
    return CNAS_OK;
}

enum cnas_status cn_chan_recv(struct cn_chan *c, void *bytes, size_t n)
{
    unsigned char *to = bytes;
    enum cnas_status status = cn_chan_flush(c);
    if (n && status == CNAS_OK)
        turn(c, RECEIVING);
    for (size_t done = 0, got = 0; done < n && status == CNAS_OK; done += got) {
        struct cnas_error e = {.status = CNAS_OK};
        status = keep(c, c->kind->receive(c->self, to + done, n - done, &got, &c->counters, &e), &e);
        cn_require(status != CNAS_OK || (got > 0 && got <= n - done));
    }
    if (status != CNAS_OK)
        cn_mem_wipe(bytes, n);
    return status;
}

enum cnas_status cn_chan_wait(struct cn_chan *c, double seconds)
{
    enum cnas_status status = cn_chan_flush(c);
    if (status != CNAS_OK)
        return status;
    struct cnas_error e = {.status = CNAS_OK};
    status = c->kind->wait(c->self, seconds, &c->counters, &e);
    return status == CNAS_E_TIMEOUT ? status : keep(c, status, &e);
}

struct cn_chan_counters cn_chan_counters(const struct cn_chan *c)
{
    return c->counters;
}

const struct cnas_error *cn_chan_error(const struct cn_chan *c)
{
    return &c->error;
}

enum cnas_status cn_chan_violation(struct cn_chan *c, const char *what)
{
    struct cnas_error e;
    return keep(c, cn_error(&e, CNAS_E_PROTOCOL, "the peer broke the protocol: %s", what), &e);
}

void cn_chan_free(struct cn_chan **c)
{
    struct cn_chan *old = *c;
    *c = NULL;
    if (!old)
        return;
    if (old->error.status == CNAS_OK)
        old->kind->close(old->self, true);
    old->kind->free(old->self);
    cn_mem_wipe_free(old, sizeof *old);
}
