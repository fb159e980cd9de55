/* One encrypted map on the server's side. */
#ifndef RUNTIME_HE_CRYPT_H
#define RUNTIME_HE_CRYPT_H

#include "runtime/he/he.h"
#include "runtime/he/params.h"

struct cn_he_ciphers {
    const struct cn_he_params *p;
    struct cn_he_map map;
    uint64_t *c0, *c1; /* (polys, primes, n), NTT form */
};

#endif
