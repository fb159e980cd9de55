/* The encoded weights of one term. */
#ifndef RUNTIME_HE_WEIGHTS_H
#define RUNTIME_HE_WEIGHTS_H

#include "runtime/he/he.h"
#include "runtime/he/params.h"

struct cn_he_weights {
    const struct cn_he_params *p;
    struct cn_he_term_shape shape;
    uint32_t groups;
    uint32_t magnitude; /* secret: the bitwise or of all |w| */
    uint64_t *w;        /* (groups, polys, primes, n), NTT form */
};

static inline const uint64_t *cn_he_weights_poly(const struct cn_he_weights *w, uint32_t group, uint32_t poly, unsigned prime)
{
    return w->w + (((size_t)group * w->shape.map.polys + poly) * w->p->primes + prime) * w->p->n;
}

#endif
