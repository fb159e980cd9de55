/* Sums of pointwise products, the inner loop of a reply. */
#ifndef RUNTIME_HE_DOT_H
#define RUNTIME_HE_DOT_H

#include "runtime/he/ntt.h"

enum { CN_HE_DOT_MOST = 15 }; /* pairs in one call: what 52- and 64-bit accumulators hold without reduction */

/* out0 += sum_i w[i] x0[i], out1 += sum_i w[i] x1[i], pointwise modulo q; n values each, a multiple of 16, all below q. */
void cn_he_dot(uint64_t *out0, uint64_t *out1, const uint64_t *const w[], const uint64_t *const x0[], const uint64_t *const x1[],
               unsigned count, size_t n, const struct cn_he_ntt *t);

#endif
