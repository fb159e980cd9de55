/* 128 x 128 bit transposition by Eklundh's method (IEEE Trans. Comput. 1972): exchange the off-diagonal squares of side 64, 32,
 * ... 1. Four matrices side by side in vectors of 512 bits, in the compiler's notation: compiled for AVX-512 and for any CPU
 * (SSE2 on x86-64, plain words where there are no vectors). No secret-dependent branch or index. */
#include "runtime/ot/transpose.h"

#include "runtime/base/mem.h"
#include "runtime/prg/aes.h"

#include <string.h>

typedef uint64_t vector __attribute__((vector_size(64), aligned(8), may_alias));

enum { BESIDE = 4 };

#define ALWAYS __attribute__((always_inline)) static inline

/* Sides 32 and below stay inside the 64-bit words of a vector. */
ALWAYS void exchange(vector m[128], unsigned side, uint64_t low)
{
    for (unsigned i = 0; i < 128; i += 2 * side) {
        for (unsigned j = i; j < i + side; j++) {
            vector t = ((m[j] >> side) ^ m[j + side]) & low;
            m[j + side] ^= t;
            m[j] ^= t << side;
        }
    }
}

/* Four blocks of every row at columns to 4 * 128 blocks at out. */
ALWAYS void four(cn_block *out, const cn_block *columns, size_t stride, vector m[128])
{
    for (unsigned j = 0; j < 64; j++) {
        vector a = *(const vector *)(const void *)(columns + j * stride);
        vector b = *(const vector *)(const void *)(columns + (j + 64) * stride);
        m[j] = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14); /* low words */
        m[j + 64] = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
    }
    exchange(m, 32, 0x00000000ffffffff);
    exchange(m, 16, 0x0000ffff0000ffff);
    exchange(m, 8, 0x00ff00ff00ff00ff);
    exchange(m, 4, 0x0f0f0f0f0f0f0f0f);
    exchange(m, 2, 0x3333333333333333);
    exchange(m, 1, 0x5555555555555555);
    for (unsigned b = 0; b < BESIDE; b++)
        for (unsigned j = 0; j < 128; j++)
            out[128 * b + j] = (cn_block){{m[j][2 * b], m[j][2 * b + 1]}};
}

ALWAYS void fours(cn_block *out, const cn_block *columns, size_t stride, size_t blocks, vector m[128])
{
    for (size_t b = 0; b + BESIDE <= blocks; b += BESIDE)
        four(out + 128 * b, columns + b, stride, m);
}

#ifdef __x86_64__
__attribute__((target("avx512f,avx512bw,avx512vl"))) static void fours_wide(cn_block *out, const cn_block *columns, size_t stride,
                                                                            size_t blocks, vector m[128])
{
    fours(out, columns, stride, blocks, m);
}
#endif

static void fours_any(cn_block *out, const cn_block *columns, size_t stride, size_t blocks, vector m[128])
{
#ifdef __x86_64__
    if (cn_aes()->wide) {
        fours_wide(out, columns, stride, blocks, m);
        return;
    }
#endif
    fours(out, columns, stride, blocks, m);
}

void cn_ot_transpose(cn_block *out, const cn_block *columns, size_t stride, size_t blocks)
{
    struct {
        vector m[128];
        cn_block in[128 * BESIDE], out[128 * BESIDE]; /* of the last blocks, fewer than four */
    } work;
    size_t done = blocks / BESIDE * BESIDE, rest = blocks - done;
    fours_any(out, columns, stride, done, work.m);
    if (rest) {
        memset(work.in, 0, sizeof work.in);
        for (unsigned j = 0; j < 128; j++)
            memcpy(work.in + BESIDE * j, columns + j * stride + done, rest * sizeof *columns);
        fours_any(work.out, work.in, BESIDE, BESIDE, work.m);
        memcpy(out + 128 * done, work.out, 128 * rest * sizeof *out);
    }
    cn_mem_wipe(&work, sizeof work);
}
