/* What both parties' sessions have in common: the channel, the order of calls, the first error, the statistics.
 * A session is READY, or inside one offline or online run, or DEAD after its first failure. */
#ifndef RUNTIME_PARTY_SESSION_H
#define RUNTIME_PARTY_SESSION_H

#include "runtime/net/chan.h"
#include "runtime/prg/prg.h"

#include <cnas/private.h>
#include <stdbool.h>

enum cn_state { CN_READY, CN_OFFLINE, CN_ONLINE, CN_DEAD };
enum cn_step { CN_LINEAR, CN_ACTIVATE, CN_REVEAL, CN_END };

struct cn_session {
    const struct cnas_model *m; /* borrowed */
    struct cn_chan *chan;       /* owned */
    struct cn_prg prg;          /* owned, secret */
    uint32_t max_queue;
    uint64_t max_queries; /* 0: no limit */
    enum cn_state state;
    bool online_linear;  /* this party has linear calls in the online phase: the server */
    uint32_t point;      /* the next call is for this point ... */
    enum cn_step step;   /* ... and is this one */
    struct cnas_error error;
    struct cnas_private_stats stats;
    struct cn_chan_counters mark; /* at the end of the last phase */
    double started;               /* when this phase began */
};

/* Takes chan over; draws the generator's seed from the operating system. */
void cn_session_start(struct cn_session *s, const struct cnas_model *m, struct cn_chan *chan, bool online_linear, double started);
void cn_session_clear(struct cn_session *s);

/* Defaults for NULL and for fields that are zero. */
struct cnas_private_options cn_session_options(const struct cnas_private_options *o);

/* Public calls open with one of these: they return the session's failure if it is dead and abort if the call is out of order. */
CNAS_CHECKED enum cnas_status cn_session_begin(struct cn_session *s, enum cn_state phase);
CNAS_CHECKED enum cnas_status cn_session_step(struct cn_session *s, enum cn_state phase, enum cn_step step, uint32_t point);
CNAS_CHECKED enum cnas_status cn_session_ready(struct cn_session *s);
/* ... and close with this one: passes the status on; a failure ends the session and is remembered with the channel's words,
 * or with text where the channel has none. */
enum cnas_status cn_session_leave(struct cn_session *s, enum cnas_status status, const char *text);
/* The run is over: counts it and its statistics. */
void cn_session_finish(struct cn_session *s, struct cnas_phase_stats *phase);

const struct cnas_error *cn_session_error(const struct cn_session *s);

/* n uniform values of `bits` bits. */
void cn_session_draw(struct cn_prg *g, uint64_t *values, size_t n, unsigned bits);

/* Sessions over any channel, for tests and benchmarks without sockets. They take chan over. */
struct cnas_server_session;
struct cnas_server;
struct cnas_client;
CNAS_CHECKED enum cnas_status cn_server_session_over(struct cnas_server_session **out, const struct cnas_server *s,
                                                     struct cn_chan *chan, const struct cnas_private_options *o,
                                                     struct cnas_error *err);
CNAS_CHECKED enum cnas_status cn_client_over(struct cnas_client **out, const struct cnas_model *m, struct cn_chan *chan,
                                             const struct cnas_private_options *o, struct cnas_error *err);

#endif
