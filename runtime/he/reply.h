/* The steps of a reply, apart for the tests of noise. */
#ifndef RUNTIME_HE_REPLY_H
#define RUNTIME_HE_REPLY_H

#include "runtime/he/crypt.h"
#include "runtime/he/weights.h"

/* c0, c1 (groups, primes, n), NTT form: sum over terms and their polynomials of weight * cipher, for output groups from g on. */
void cn_he_product(uint64_t *c0, uint64_t *c1, const struct cn_he_params *p, const struct cn_he_weights *const *weights,
                   const struct cn_he_ciphers *const *ciphers, size_t n_terms, uint32_t g,
                   uint32_t groups);
/* Adds a fresh encryption of zero and leaves NTT form: c0 += b u, c1 += a u + e2. small: n, scratch: n. */
void cn_he_rerandomise(uint64_t *c0, uint64_t *c1, const struct cn_he_public *key, int64_t *small, uint64_t *scratch,
                       struct cn_prg *prg);
/* The noise bound of a reply and the flooding it gets; aborts unless `need` covers the terms and the flooding it asks for fits. */
uint64_t cn_he_reply_bound(const struct cn_he_params *p, const struct cn_he_term_shape *const *shapes, size_t n_terms,
                           const struct cn_he_need *need, unsigned *flood_bits);

#endif
