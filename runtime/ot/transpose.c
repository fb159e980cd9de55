/* 128 x 128 bit transposition by Eklundh's method (IEEE Trans. Comput. 1972): exchange the off-diagonal squares of side 64, 32,
 * ... 1. On vectors of 128 bits in the compiler's notation: SSE2 on x86-64, the like elsewhere, plain words where there is none.
 * No secret-dependent branch or index. */
#include "runtime/ot/transpose.h"

#include "runtime/base/mem.h"

#include <string.h>

typedef uint64_t vector __attribute__((vector_size(16)));

/* Sides 32 and below stay inside the 64-bit halves of a vector. */
static inline void exchange(vector m[128], unsigned side, uint64_t low)
{
    for (unsigned i = 0; i < 128; i += 2 * side) {
        for (unsigned j = i; j < i + side; j++) {
            vector t = ((m[j] >> side) ^ m[j + side]) & (vector){low, low};
            m[j + side] ^= t;
            m[j] ^= t << side;
        }
    }
}

void cn_ot_transpose(cn_block *out, const cn_block *columns, size_t stride, size_t blocks)
{
    vector m[128];
    for (size_t b = 0; b < blocks; b++, out += 128) {
        for (unsigned j = 0; j < 64; j++) {
            const cn_block *low = columns + j * stride + b, *high = columns + (j + 64) * stride + b;
            m[j] = (vector){low->w[0], high->w[0]};
            m[j + 64] = (vector){low->w[1], high->w[1]};
        }
        exchange(m, 32, 0x00000000ffffffff);
        exchange(m, 16, 0x0000ffff0000ffff);
        exchange(m, 8, 0x00ff00ff00ff00ff);
        exchange(m, 4, 0x0f0f0f0f0f0f0f0f);
        exchange(m, 2, 0x3333333333333333);
        exchange(m, 1, 0x5555555555555555);
        memcpy(out, m, sizeof m);
    }
    cn_mem_wipe(m, sizeof m);
}
