/* Constants of one ring. */
#include "runtime/he/scale.h"

#include "runtime/base/misuse.h"

void cn_he_ring_init(struct cn_he_ring *r, const struct cn_he_params *p, unsigned ring_bits)
{
    cn_require(ring_bits >= 1 && ring_bits <= 60);
    r->bits = ring_bits;
    r->mask = (UINT64_C(1) << ring_bits) - 1;
    r->q_mod_t = p->q_low & r->mask;
    for (unsigned i = 0; i < p->primes; i++) {
        uint64_t q = p->ntt[i]->mod.q, inverse = 1;
        for (unsigned b = 0; b < ring_bits; b++) /* halve: x/2 or (x+q)/2, whichever is whole */
            inverse = (inverse + (q & (0 - (inverse & 1)))) >> 1;
        r->inv_t[i] = cn_he_factor(inverse, q);
    }
}
