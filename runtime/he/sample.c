/* Random polynomials, in requests of 512 words. */
#include "runtime/he/sample.h"

#include "runtime/base/bytes.h"
#include "runtime/base/mem.h"

enum { BATCH = 512 };

void cn_he_sample_uniform(uint64_t *out, size_t n, const struct cn_he_mod *m, struct cn_prg *prg)
{
    unsigned char bytes[8 * BATCH];
    uint64_t mask = (UINT64_C(1) << m->bits) - 1;
    for (size_t have = 0; have < n;) {
        cn_prg_bytes(prg, bytes, sizeof bytes);
        for (size_t i = 0; i < BATCH && have < n; i++) {
            uint64_t v = cn_load64(bytes + 8 * i) & mask;
            if (v < m->q)
                out[have++] = v;
        }
    }
}

void cn_he_sample_ternary(int64_t *out, size_t n, struct cn_prg *prg)
{
    unsigned char bytes[8 * BATCH];
    for (size_t at = 0; at < n; at += BATCH) {
        size_t some = n - at < BATCH ? n - at : BATCH;
        cn_prg_bytes(prg, bytes, 8 * some);
        for (size_t i = 0; i < some; i++)
            out[at + i] = (int64_t)cn_he_mulhi(cn_load64(bytes + 8 * i), 3) - 1;
    }
    cn_mem_wipe(bytes, sizeof bytes);
}

/* Bits set in x < 2^21; __builtin_popcountll may be a table lookup. */
static inline uint64_t count21(uint64_t x)
{
    x = x - (x >> 1 & 0x155555);
    x = (x & 0x333333) + (x >> 2 & 0x333333);
    x = (x + (x >> 4)) & 0x0f0f0f;
    return (x + (x >> 8) + (x >> 16)) & 0xff;
}

void cn_he_sample_error(int64_t *out, size_t n, struct cn_prg *prg)
{
    unsigned char bytes[8 * BATCH];
    const uint64_t mask = (UINT64_C(1) << 21) - 1;
    for (size_t at = 0; at < n; at += BATCH) {
        size_t some = n - at < BATCH ? n - at : BATCH;
        cn_prg_bytes(prg, bytes, 8 * some);
        for (size_t i = 0; i < some; i++) {
            uint64_t v = cn_load64(bytes + 8 * i);
            out[at + i] = (int64_t)count21(v & mask) - (int64_t)count21(v >> 21 & mask);
        }
    }
    cn_mem_wipe(bytes, sizeof bytes);
}

void cn_he_sample_wide(unsigned __int128 *out, size_t n, unsigned bits, struct cn_prg *prg)
{
    unsigned char bytes[8 * BATCH];
    for (size_t at = 0; at < n; at += BATCH / 2) {
        size_t some = n - at < BATCH / 2 ? n - at : BATCH / 2;
        cn_prg_bytes(prg, bytes, 16 * some);
        for (size_t i = 0; i < some; i++)
            out[at + i] = ((unsigned __int128)cn_load64(bytes + 16 * i) << 64 | cn_load64(bytes + 16 * i + 8)) >> (128 - bits);
    }
    cn_mem_wipe(bytes, sizeof bytes);
}
