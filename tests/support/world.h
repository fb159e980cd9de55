/* A private session for tests: a network, its server in a thread of this process, a client, and the clear network to compare with. */
#ifndef TESTS_SUPPORT_WORLD_H
#define TESTS_SUPPORT_WORLD_H

#include <pthread.h>

#include "runtime/party/client.h"
#include "runtime/party/session.h"
#include "tests/support/tiny.h"

/* The server's side, which serves one client until that leaves. */
struct server_side {
    const struct tiny *t;
    const struct cnas_server *server;
    struct cn_chan *chan; /* or, where NULL: */
    int fd;
    const unsigned char *secret;
    struct cnas_private_options options;
    pthread_t thread;
    enum cnas_status status;
    struct cnas_error error;
    struct cnas_private_stats stats;
};
void side_start(struct server_side *s);
void side_join(struct server_side *s); /* status, error and stats are there after it */

struct world {
    struct tiny t;
    struct cnas_server *server;
    struct server_side side;
    struct cnas_client *client;
    float image[11 * 23 * 31];
    int64_t want[10], got[10];
};

void world_init(struct world *w, enum tiny_kind kind, unsigned ring, unsigned weights);
/* A session over an in-memory pair. wrap, not NULL: what the client's end is put into. */
void world_connect(struct world *w, const struct cnas_private_options *o, struct cn_chan *(*wrap)(struct cn_chan *));
void world_leave(struct world *w); /* a goodbye that the server takes for one */
void world_clear(struct world *w);

/* A phase of the client; online also compares what it gets with the clear network's logits. */
void offline(struct world *w);
void online(struct world *w, uint64_t seed);

#endif
