/* The negacyclic number-theoretic transform of Z_q[X]/(X^N + 1), q = 1 mod 2N prime: a polynomial to its values at the odd
 * powers of psi, a primitive 2N-th root of one, so that products are pointwise. Order: value i is at psi^(2 brv(i) + 1). */
#ifndef RUNTIME_HE_NTT_H
#define RUNTIME_HE_NTT_H

#include "runtime/he/mod.h"

#include <stdbool.h>
#include <stddef.h>

enum { CN_HE_MAX_DEGREE = 8192 };

struct cn_he_ntt {
    struct cn_he_mod mod;
    unsigned log_n;
    size_t n;
    uint64_t psi;
    struct cn_he_factors {
        uint64_t w[CN_HE_MAX_DEGREE], shoup[CN_HE_MAX_DEGREE];
    } power, inverse;                      /* psi^brv(i), psi^-brv(i) */
    struct cn_he_factor n_inv, n_inv_last; /* 1/N; inverse[1] / N, for the last level of the inverse */
    struct cn_he_factor two52;             /* 2^52 */
    bool ifma;                             /* use the functions of ntt_ifma.h; tests clear it to compare */
};

void cn_he_ntt_init(struct cn_he_ntt *t, uint64_t q, unsigned log_n); /* psi: the first g^((q-1)/2N), g = 2, 3, …, of order 2N */
/* In place; x < q before and after. */
void cn_he_ntt_forward(uint64_t *x, const struct cn_he_ntt *t);
void cn_he_ntt_inverse(uint64_t *x, const struct cn_he_ntt *t);

#endif
