/* The hot loops on AVX-512 IFMA (52-bit multiply-add), for primes below 2^50. They give the same numbers as the portable code.
 * Call them only for tables for which cn_he_ifma_serves. */
#ifndef RUNTIME_HE_IFMA_H
#define RUNTIME_HE_IFMA_H

#include "runtime/he/ntt.h"

bool cn_he_ifma_serves(const struct cn_he_ntt *t); /* this processor, this prime, this degree */
void cn_he_ntt_forward_ifma(uint64_t *x, const struct cn_he_ntt *t);
void cn_he_ntt_inverse_ifma(uint64_t *x, const struct cn_he_ntt *t);
void cn_he_dot_ifma(uint64_t *out0, uint64_t *out1, const uint64_t *const w[], const uint64_t *const x0[],
                    const uint64_t *const x1[], unsigned count, size_t n, const struct cn_he_ntt *t); /* as cn_he_dot */

#endif
