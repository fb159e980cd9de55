/* Everything about one network's encrypted messages that follows from public data: the model and the fixed-point plan.
 * Both parties compute it for themselves, so every message has a length that the receiver knows beforehand. */
#ifndef RUNTIME_PARTY_LAYOUT_H
#define RUNTIME_PARTY_LAYOUT_H

#include "runtime/gc/gc.h"
#include "runtime/he/he.h"

#include <cnas/fixed.h>

/* The terms of one point whose products the server adds up under encryption and answers in one piece. */
struct cn_reply {
    uint32_t point;
    uint32_t first, n; /* in layout->reply_terms */
    size_t bytes;
};

struct cn_layout {
    const struct cnas_model *m; /* borrowed */
    unsigned ring_bits;
    struct cn_he_need need;
    const struct cn_he_params *params;
    /* per point */
    size_t *size;         /* values: c * h * w */
    bool *source;         /* some term reads it: it gets a mask */
    struct cn_he_map *map; /* of sources */
    size_t *map_bytes;
    uint32_t *first_reply; /* n_points + 1 */
    /* per term */
    struct cn_he_term_shape *shape;
    struct cn_reply *reply;
    uint32_t *reply_terms; /* each term once */
    size_t largest_message; /* of encrypted maps, replies, the masked input and the shared result */
    size_t largest_point;   /* values */
};

/* plan: only ring_bits and weight_bits are read; both must be in range. CNAS_E_RANGE: this network with this plan has no safe
 * encryption parameters. A model that breaks its own rules aborts: the compiler made it. */
CNAS_CHECKED enum cnas_status cn_layout_init(struct cn_layout *l, const struct cnas_model *m, const struct cnas_fixed_plan *plan,
                                             struct cnas_error *err);
void cn_layout_clear(struct cn_layout *l); /* of any initialised or zero layout */

static inline bool cn_is_activation(const struct cnas_point *p)
{
    return p->kind == CNAS_POINT_RELU || p->kind == CNAS_POINT_RESCALE;
}

/* The garbled layer at an activation point. */
struct cn_gc_spec cn_layout_spec(const struct cn_layout *l, const struct cnas_fixed_plan *plan, uint32_t point);

#endif
