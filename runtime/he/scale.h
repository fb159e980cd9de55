/* Between Z_t and Z_q, and from Z_q to a power of two: the three roundings of the scheme. t = 2^l. */
#ifndef RUNTIME_HE_SCALE_H
#define RUNTIME_HE_SCALE_H

#include "runtime/he/params.h"

/* Constants of one ring. */
struct cn_he_ring {
    unsigned bits;                               /* l */
    uint64_t mask, q_mod_t;                      /* t - 1 */
    struct cn_he_factor inv_t[CN_HE_MAX_PRIMES]; /* t^-1 mod q_i */
};
void cn_he_ring_init(struct cn_he_ring *r, const struct cn_he_params *p, unsigned ring_bits);

/* round(q m / t) modulo prime i.
 * With u = (q m + t/2) mod t the rounded value is exactly (q m + t/2 - u) / t, and q vanishes modulo q_i:
 * it is (t/2 - u) / t = (3t/2 - u) / t - 1, where 3t/2 - u is positive and below 2^62. */
static inline uint64_t cn_he_encode(uint64_t m, const struct cn_he_ring *r, const struct cn_he_params *p, unsigned i)
{
    uint64_t half = (r->mask >> 1) + 1, q = p->ntt[i]->mod.q;
    uint64_t u = (r->q_mod_t * m + half) & r->mask;
    return cn_he_sub(cn_he_mul_const(r->mask + 1 + half - u, r->inv_t[i], q), 1, q);
}

/* x / q modulo 1 as a fraction of 128 bits, from x's residues: x / q = sum_i y_i / q_i mod 1, y_i = x (q / q_i)^-1 mod q_i (CRT).
 * Each y_i / q_i is taken with 192 bits and cut to 128; the sum is low by less than primes * 2 units of 2^-128. */
static inline unsigned __int128 cn_he_fraction(const uint64_t x[], const struct cn_he_params *p)
{
    unsigned __int128 sum = 0;
    for (unsigned i = 0; i < p->primes; i++) {
        uint64_t y = cn_he_mul_const(x[i], p->crt[i], p->ntt[i]->mod.q);
        const uint64_t *r = p->recip[i];
        sum += (unsigned __int128)y * r[1] + cn_he_mulhi(y, r[0]) + ((unsigned __int128)(y * r[2]) << 64);
    }
    return sum;
}

/* round(2^bits * fraction) mod 2^bits, bits < 128. */
static inline unsigned __int128 cn_he_round(unsigned __int128 fraction, unsigned bits)
{
    return (fraction + ((unsigned __int128)1 << (127 - bits))) >> (128 - bits);
}

#endif
