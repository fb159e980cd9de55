/* Random polynomials. All but the uniform one are secret and drawn without branches or table lookups on the randomness. */
#ifndef RUNTIME_HE_SAMPLE_H
#define RUNTIME_HE_SAMPLE_H

#include "runtime/he/mod.h"
#include "runtime/prg/prg.h"

#include <stddef.h>

/* Public: n values uniform below q, by rejection. Both parties expand seeds with it, so its use of the stream is part of the
 * wire format: requests of 512 little-endian 64-bit words, each masked to the bits of q, taken in order if below q; what is left of
 * the last request is dropped. */
void cn_he_sample_uniform(uint64_t *out, size_t n, const struct cn_he_mod *m, struct cn_prg *prg);
/* -1, 0, 1 with equal probability (but for 2^-63). */
void cn_he_sample_ternary(int64_t *out, size_t n, struct cn_prg *prg);
/* Centred binomial, eta = 21: the difference of two sums of 21 bits; variance 10.5. */
void cn_he_sample_error(int64_t *out, size_t n, struct cn_prg *prg);
/* Uniform of `bits` bits, 1..126. */
void cn_he_sample_wide(unsigned __int128 *out, size_t n, unsigned bits, struct cn_prg *prg);

#endif
