/* What the other files of this room see of a parameter set: q = q_0 ... q_{primes-1}, and constants derived from it. */
#ifndef RUNTIME_HE_PARAMS_H
#define RUNTIME_HE_PARAMS_H

#include "runtime/he/ntt.h"

enum { CN_HE_MAX_PRIMES = 4, CN_HE_SEED_BYTES = 32 };

struct cn_he_params {
    unsigned id, log_n, primes;
    size_t n;
    const struct cn_he_ntt *ntt[CN_HE_MAX_PRIMES];
    struct cn_he_factor crt[CN_HE_MAX_PRIMES]; /* (q / q_i)^-1 mod q_i */
    uint64_t recip[CN_HE_MAX_PRIMES][3];       /* floor(2^192 / q_i), low word first */
    uint64_t q_low;                            /* q mod 2^64 */
    uint64_t q_top;                            /* floor(q / 2^q_shift), 63 bits */
    unsigned q_shift;
    unsigned q_bits;                           /* of all packed residues of one coefficient: sum of the primes' bits */
};

#endif
