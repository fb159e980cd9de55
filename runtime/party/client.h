/* The client's structures; client.c makes and frees them, client_run.c runs inferences with them. */
#ifndef RUNTIME_PARTY_CLIENT_H
#define RUNTIME_PARTY_CLIENT_H

#include "runtime/party/layout.h"
#include "runtime/party/session.h"

/* One inference's material on the client: made offline, taken out of the queue before its first use, used once. */
struct cn_client_item {
    uint64_t *input_mask;               /* secret: r of point 0 */
    uint64_t *output_share;             /* z_c of the last point */
    struct cn_gc_evaluable **evaluable; /* per point; NULL where nothing is garbled */
};

struct cnas_client {
    struct cn_session s;
    struct cnas_fixed_plan plan; /* owned arrays */
    struct cn_layout layout;
    struct cn_he_secret *secret;
    struct cn_cot_receiver *ot;
    struct cn_client_item making, using; /* of the run under way */
    struct cn_client_item *queue;        /* max_queue, a ring */
    uint32_t queue_first, queue_held;
    uint64_t *masks;        /* secret: r of all sources of the offline run under way, one after the other */
    size_t *mask_at;        /* per point, into masks */
    size_t mask_values;
    uint64_t *share;        /* secret: z_c of the point under way; the largest point */
    uint64_t *part;         /* the largest point */
    unsigned char *message; /* the largest */
};

void cn_client_item_clear(struct cn_client_item *item, const struct cn_layout *l); /* wipes */

#endif
