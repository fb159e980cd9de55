/* The server's structures; server.c makes and frees them, server_run.c runs inferences with them. */
#ifndef RUNTIME_PARTY_SERVER_H
#define RUNTIME_PARTY_SERVER_H

#include "runtime/fixed/segment.h"
#include "runtime/party/layout.h"
#include "runtime/party/session.h"

struct cnas_server {
    const struct cnas_model *m; /* borrowed */
    const struct cnas_fixed *q; /* borrowed */
    struct cn_layout layout;
    struct cn_he_weights **weights; /* per term */
};

/* One inference's material on the server: made offline, taken out of the queue before its first use, used once. */
struct cn_server_item {
    uint64_t *share;                 /* secret: the server's shares s of all points but the input, one after the other */
    struct cn_gc_garbled **garbled;  /* per point; NULL where nothing is garbled */
};

struct cnas_server_session {
    struct cn_session s;
    const struct cnas_server *server; /* borrowed */
    enum cnas_request pending;        /* asked for and not yet begun; 0: nothing */
    struct cn_he_public *key;         /* the client's */
    struct cn_cot_sender *ot;
    struct cn_fixed_workspace *workspace;
    struct cn_server_item making, using; /* of the run under way */
    struct cn_server_item *queue;        /* max_queue, a ring */
    uint32_t queue_first, queue_held;
    struct cn_he_ciphers **ciphers; /* per point: the encrypted masks of the offline run under way */
    uint64_t *masked;               /* y - r of all points, one after the other */
    const uint64_t **values;        /* per point, into masked */
    size_t *share_at;               /* per point, into an item's share */
    uint64_t *sum;                  /* the largest point: z_s, or a part of s */
    unsigned char *message;         /* the largest */
    const struct cn_he_term_shape **shapes;     /* scratch for one reply */
    const struct cn_he_weights **weights;
    const struct cn_he_ciphers **term_ciphers;
};

size_t cn_server_shares(const struct cn_layout *l); /* values in an item's share */
void cn_server_item_clear(struct cn_server_item *item, const struct cn_layout *l); /* wipes */
void cn_server_drop_ciphers(struct cnas_server_session *c);

#endif
