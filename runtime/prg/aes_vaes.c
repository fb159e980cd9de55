/* AES-128 with VAES on 512-bit registers: four blocks in each, eight registers of keys in flight. Otherwise as aes_ni.c.
 * Registers: 8 of keys and 16 of states for a pair of hashes leave 8 of the 32 for the schedule and constants. */
#include "runtime/prg/aes_impl.h"

#ifdef CN_AES_X86

#include "runtime/base/mem.h"

#include <immintrin.h>
#include <string.h>

#define VAES __attribute__((target("aes,vaes,avx512f,avx512bw,avx512vl,avx512dq")))
#define VAES_INLINE __attribute__((target("aes,vaes,avx512f,avx512bw,avx512vl,avx512dq"), always_inline)) static inline

enum { REGS = 8, KEYS = 4 * REGS };

VAES_INLINE __m512i load(const cn_block *p)
{
    return _mm512_loadu_si512(p);
}

VAES_INLINE void store(cn_block *p, __m512i v)
{
    _mm512_storeu_si512(p, v);
}

VAES_INLINE __m512i broadcast(const cn_block *p)
{
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)p));
}

VAES_INLINE __m512i sigma(__m512i x)
{
    return _mm512_xor_si512(_mm512_shuffle_epi32(x, (_MM_PERM_ENUM)0x4e), _mm512_maskz_mov_epi64(0xaa, x));
}

VAES_INLINE __m512i next_key(__m512i k, int rcon)
{
    const __m512i last_rotated = _mm512_set1_epi32(0x0c0f0e0d); /* bytes 13 14 15 12 */
    __m512i t = _mm512_aesenclast_epi128(_mm512_shuffle_epi8(k, last_rotated), _mm512_set1_epi32(rcon));
    k = _mm512_xor_si512(k, _mm512_bslli_epi128(k, 4));
    return _mm512_ternarylogic_epi64(k, _mm512_bslli_epi128(k, 8), t, 0x96); /* xor of three */
}

VAES_INLINE void round_step(__m512i *s0, __m512i *s1, __m512i *k, int rcon, const int regs, const bool pair)
{
#pragma GCC unroll 8
    for (int i = 0; i < regs; i++) {
        k[i] = next_key(k[i], rcon);
        s0[i] = _mm512_aesenc_epi128(s0[i], k[i]);
        if (pair)
            s1[i] = _mm512_aesenc_epi128(s1[i], k[i]);
    }
}

/* H of 4 * regs inputs. */
VAES_INLINE void hash_some(cn_block *out0, cn_block *out1, const cn_block *in, __m512i sigma_delta, __m512i start, uint64_t tweak,
                           const int regs, const bool pair)
{
    const __m512i counts = _mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0);
    __m512i s0[REGS], s1[REGS], k[REGS];
#pragma GCC unroll 8
    for (int i = 0; i < regs; i++) {
        __m512i tweaks = _mm512_maskz_add_epi64(0x55, counts, _mm512_set1_epi64((long long)(tweak + 4 * (uint64_t)i)));
        k[i] = _mm512_xor_si512(start, tweaks);
        __m512i x = sigma(load(in + 4 * i));
        s0[i] = _mm512_xor_si512(x, k[i]);
        if (pair)
            s1[i] = _mm512_xor_si512(s0[i], sigma_delta);
    }
    round_step(s0, s1, k, 0x01, regs, pair);
    round_step(s0, s1, k, 0x02, regs, pair);
    round_step(s0, s1, k, 0x04, regs, pair);
    round_step(s0, s1, k, 0x08, regs, pair);
    round_step(s0, s1, k, 0x10, regs, pair);
    round_step(s0, s1, k, 0x20, regs, pair);
    round_step(s0, s1, k, 0x40, regs, pair);
    round_step(s0, s1, k, 0x80, regs, pair);
    round_step(s0, s1, k, 0x1b, regs, pair);
#pragma GCC unroll 8
    for (int i = 0; i < regs; i++) {
        __m512i last = next_key(k[i], 0x36), x = sigma(load(in + 4 * i)); /* xor x into the last round key: one xor less */
        last = _mm512_xor_si512(last, x);
        store(out0 + 4 * i, _mm512_aesenclast_epi128(s0[i], last));
        if (pair)
            store(out1 + 4 * i, _mm512_aesenclast_epi128(s1[i], _mm512_xor_si512(last, sigma_delta)));
    }
}

/* The last one to three, through a padded copy. */
VAES static void hash_rest(cn_block *out0, cn_block *out1, const cn_block *in, __m512i sigma_delta, __m512i start, uint64_t tweak,
                           size_t n, bool pair)
{
    cn_block padded[4] = {0}, h0[4], h1[4];
    memcpy(padded, in, n * sizeof *in);
    if (pair)
        hash_some(h0, h1, padded, sigma_delta, start, tweak, 1, true);
    else
        hash_some(h0, h1, padded, sigma_delta, start, tweak, 1, false);
    memcpy(out0, h0, n * sizeof *in);
    if (pair)
        memcpy(out1, h1, n * sizeof *in);
    cn_mem_wipe(padded, sizeof padded);
    cn_mem_wipe(h0, sizeof h0);
    cn_mem_wipe(h1, sizeof h1);
}

VAES static void hash(cn_block *out, const cn_block *in, cn_block start, uint64_t tweak, size_t n)
{
    __m512i s = broadcast(&start), none = _mm512_setzero_si512();
    size_t i = 0;
    for (; i + KEYS <= n; i += KEYS)
        hash_some(out + i, NULL, in + i, none, s, tweak + i, REGS, false);
    for (; i + 4 <= n; i += 4)
        hash_some(out + i, NULL, in + i, none, s, tweak + i, 1, false);
    if (i < n)
        hash_rest(out + i, NULL, in + i, none, s, tweak + i, n - i, false);
}

VAES static void hash_pair(cn_block *out0, cn_block *out1, const cn_block *in, cn_block delta, cn_block start, uint64_t tweak,
                           size_t n)
{
    __m512i s = broadcast(&start), d = sigma(broadcast(&delta));
    size_t i = 0;
    for (; i + KEYS <= n; i += KEYS)
        hash_some(out0 + i, out1 + i, in + i, d, s, tweak + i, REGS, true);
    for (; i + 4 <= n; i += 4)
        hash_some(out0 + i, out1 + i, in + i, d, s, tweak + i, 1, true);
    if (i < n)
        hash_rest(out0 + i, out1 + i, in + i, d, s, tweak + i, n - i, true);
}

VAES static void encrypt(cn_block *out, const cn_block *in, cn_block key, size_t n)
{
    static const int rcon[10] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36};
    __m512i k[11], s[REGS];
    k[0] = broadcast(&key);
    for (int round = 0; round < 10; round++)
        k[round + 1] = next_key(k[round], rcon[round]);
    size_t i = 0;
    for (; i + KEYS <= n; i += KEYS) {
#pragma GCC unroll 8
        for (int j = 0; j < REGS; j++)
            s[j] = _mm512_xor_si512(load(in + i + 4 * j), k[0]);
        for (int round = 1; round < 10; round++) {
#pragma GCC unroll 8
            for (int j = 0; j < REGS; j++)
                s[j] = _mm512_aesenc_epi128(s[j], k[round]);
        }
#pragma GCC unroll 8
        for (int j = 0; j < REGS; j++)
            store(out + i + 4 * j, _mm512_aesenclast_epi128(s[j], k[10]));
    }
    for (; i < n; i++) {
        __m128i x = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)(in + i)), _mm512_castsi512_si128(k[0]));
        for (int round = 1; round < 10; round++)
            x = _mm_aesenc_si128(x, _mm512_castsi512_si128(k[round]));
        x = _mm_aesenclast_si128(x, _mm512_castsi512_si128(k[10]));
        _mm_storeu_si128((__m128i *)(void *)(out + i), x);
    }
    cn_mem_wipe(k, sizeof k);
}

const struct cn_aes_ops cn_aes_vaes = {"VAES", true, encrypt, hash, hash_pair};

#endif
