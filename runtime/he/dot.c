/* Products are summed in 128 bits and reduced once: 15 products below 2^120 and a residue stay below 2^124. */
#include "runtime/he/dot.h"

#include "runtime/base/misuse.h"
#include "runtime/he/ifma.h"

void cn_he_dot(uint64_t *out0, uint64_t *out1, const uint64_t *const w[], const uint64_t *const x0[], const uint64_t *const x1[],
               unsigned count, size_t n, const struct cn_he_ntt *t)
{
    cn_require(count <= CN_HE_DOT_MOST && n % 16 == 0);
    if (t->ifma) {
        cn_he_dot_ifma(out0, out1, w, x0, x1, count, n, t);
        return;
    }
    for (size_t k = 0; k < n; k++) {
        unsigned __int128 sum0 = out0[k], sum1 = out1[k];
        for (unsigned i = 0; i < count; i++) {
            sum0 += (unsigned __int128)w[i][k] * x0[i][k];
            sum1 += (unsigned __int128)w[i][k] * x1[i][k];
        }
        out0[k] = cn_he_reduce128(sum0, &t->mod);
        out1[k] = cn_he_reduce128(sum1, &t->mod);
    }
}
