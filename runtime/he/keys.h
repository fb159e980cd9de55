/* The keys' insides, for the other files of this room. */
#ifndef RUNTIME_HE_KEYS_H
#define RUNTIME_HE_KEYS_H

#include "runtime/he/he.h"
#include "runtime/he/params.h"

struct cn_he_secret {
    const struct cn_he_params *p;
    uint64_t *s;               /* primes * n, NTT form */
    unsigned char *public_key; /* as on the wire */
};

struct cn_he_public {
    const struct cn_he_params *p;
    uint64_t *b, *a; /* b = -(a s + e); primes * n each, NTT form */
};

/* x (n, small) modulo every prime, in NTT form: out primes * n. */
void cn_he_small_to_ntt(uint64_t *out, const int64_t *x, const struct cn_he_params *p);
/* x = -(a s + x), NTT form: masks a small or plaintext polynomial under the secret. */
void cn_he_mask_poly(uint64_t *x, const uint64_t *a, const struct cn_he_secret *s);
/* a (primes * n, NTT form) from a seed; further calls continue the stream. */
void cn_he_expand(uint64_t *a, const struct cn_he_params *p, struct cn_prg *seeded);

#endif
