/* What a kind of channel (secure socket, in-memory pair, a test's faulty one) gives to the common part in chan.c.
 * Each function reports its own failure in *err and returns it; chan.c remembers the first and never calls again but close
 * and free. *count: add what went over the wire. */
#ifndef RUNTIME_NET_KIND_H
#define RUNTIME_NET_KIND_H

#include "runtime/net/chan.h"

#include <stdbool.h>

struct cn_chan_kind {
    /* Sends all n > 0 bytes, or fails. */
    enum cnas_status (*send)(void *self, const unsigned char *bytes, size_t n, struct cn_chan_counters *count,
                             struct cnas_error *err);
    /* Waits for at least one byte, gives at most n > 0. */
    enum cnas_status (*receive)(void *self, unsigned char *bytes, size_t n, size_t *got, struct cn_chan_counters *count,
                                struct cnas_error *err);
    /* Waits until receive would not wait. CNAS_E_TIMEOUT must leave the channel as usable as before. */
    enum cnas_status (*wait)(void *self, double seconds, struct cn_chan_counters *count, struct cnas_error *err);
    /* Hangs up. cleanly: nothing went wrong, so the peer may be told that this is the end. Called at most once. */
    void (*close)(void *self, bool cleanly);
    void (*free)(void *self); /* after close */
};

/* Takes self over in any case. start: bytes that setting up has already cost. */
CNAS_CHECKED enum cnas_status cn_chan_new(struct cn_chan **out, const struct cn_chan_kind *kind, void *self,
                                          const struct cn_chan_counters *start, struct cnas_error *err);

#endif
