/* AES-128 with AES-NI. The key schedules run beside the rounds, several keys at a time, so that the pipelines stay full.
 * Source: FIPS 197. The schedule step uses aesenclast instead of aeskeygenassist (Gueron, Lindell, Nof, Pinkas, "Fast garbling
 *         of circuits under standard assumptions", CCS 2015): when all four columns are equal, ShiftRows does nothing, and
 *         aesenclast(RotWord in every column, rcon) is SubWord(RotWord(w)) xor rcon in every column. */
#include "runtime/prg/aes_impl.h"

#ifdef CN_AES_X86

#include "runtime/base/mem.h"

#include <immintrin.h>
#include <string.h>

#define NI __attribute__((target("aes,avx")))
#define NI_INLINE __attribute__((target("aes,avx"), always_inline)) static inline

enum { KEYS = 8, KEYS_PAIR = 8 }; /* states and keys in flight */

NI_INLINE __m128i load(const cn_block *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

NI_INLINE void store(cn_block *p, __m128i v)
{
    _mm_storeu_si128((__m128i *)(void *)p, v);
}

NI_INLINE __m128i sigma(__m128i x)
{
    return _mm_xor_si128(_mm_shuffle_epi32(x, 0x4e), _mm_and_si128(x, _mm_set_epi64x(-1, 0)));
}

NI_INLINE __m128i next_key(__m128i k, int rcon)
{
    const __m128i last_rotated = _mm_set1_epi32(0x0c0f0e0d); /* bytes 13 14 15 12 */
    __m128i t = _mm_aesenclast_si128(_mm_shuffle_epi8(k, last_rotated), _mm_set1_epi32(rcon));
    k = _mm_xor_si128(k, _mm_slli_si128(k, 4));
    k = _mm_xor_si128(k, _mm_slli_si128(k, 8));
    return _mm_xor_si128(k, t);
}

/* `keys` keys, `per` (1 or 2) states under each: s[per * i + j] under k[i]. All loops unroll. */
NI_INLINE void rounds(__m128i *s, __m128i *k, const int keys, const int per)
{
    static const int rcon[10] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36};
#pragma GCC unroll 16
    for (int i = 0; i < keys * per; i++)
        s[i] = _mm_xor_si128(s[i], k[i / per]);
#pragma GCC unroll 9
    for (int round = 0; round < 9; round++) {
#pragma GCC unroll 16
        for (int i = 0; i < keys; i++) {
            k[i] = next_key(k[i], rcon[round]);
            for (int j = 0; j < per; j++)
                s[per * i + j] = _mm_aesenc_si128(s[per * i + j], k[i]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < keys; i++) {
        k[i] = next_key(k[i], rcon[9]);
        for (int j = 0; j < per; j++)
            s[per * i + j] = _mm_aesenclast_si128(s[per * i + j], k[i]);
    }
}

NI static void encrypt(cn_block *out, const cn_block *in, cn_block key, size_t n)
{
    static const int rcon[10] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36};
    __m128i k[11], s[8];
    k[0] = load(&key);
    for (int round = 0; round < 10; round++)
        k[round + 1] = next_key(k[round], rcon[round]);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
#pragma GCC unroll 8
        for (int j = 0; j < 8; j++)
            s[j] = _mm_xor_si128(load(in + i + j), k[0]);
        for (int round = 1; round < 10; round++) {
#pragma GCC unroll 8
            for (int j = 0; j < 8; j++)
                s[j] = _mm_aesenc_si128(s[j], k[round]);
        }
#pragma GCC unroll 8
        for (int j = 0; j < 8; j++)
            store(out + i + j, _mm_aesenclast_si128(s[j], k[10]));
    }
    for (; i < n; i++) {
        __m128i x = _mm_xor_si128(load(in + i), k[0]);
        for (int round = 1; round < 10; round++)
            x = _mm_aesenc_si128(x, k[round]);
        store(out + i, _mm_aesenclast_si128(x, k[10]));
    }
    cn_mem_wipe(k, sizeof k);
}

NI_INLINE void hash_some(cn_block *out, const cn_block *in, __m128i start, uint64_t tweak, const int keys)
{
    __m128i s[KEYS], x[KEYS], k[KEYS];
#pragma GCC unroll 8
    for (int i = 0; i < keys; i++) {
        s[i] = x[i] = sigma(load(in + i));
        k[i] = _mm_xor_si128(start, _mm_set_epi64x(0, (long long)(tweak + (uint64_t)i)));
    }
    rounds(s, k, keys, 1);
#pragma GCC unroll 8
    for (int i = 0; i < keys; i++)
        store(out + i, _mm_xor_si128(s[i], x[i]));
}

NI static void hash(cn_block *out, const cn_block *in, cn_block start, uint64_t tweak, size_t n)
{
    __m128i s = load(&start);
    size_t i = 0;
    for (; i + KEYS <= n; i += KEYS)
        hash_some(out + i, in + i, s, tweak + i, KEYS);
    for (; i < n; i++)
        hash_some(out + i, in + i, s, tweak + i, 1);
}

NI_INLINE void hash_pair_some(cn_block *out0, cn_block *out1, const cn_block *in, __m128i sigma_delta, __m128i start,
                              uint64_t tweak, const int keys)
{
    __m128i s[2 * KEYS_PAIR], k[KEYS_PAIR];
#pragma GCC unroll 8
    for (int i = 0; i < keys; i++) {
        s[2 * i] = sigma(load(in + i));
        s[2 * i + 1] = _mm_xor_si128(s[2 * i], sigma_delta);
        k[i] = _mm_xor_si128(start, _mm_set_epi64x(0, (long long)(tweak + (uint64_t)i)));
    }
    rounds(s, k, keys, 2);
#pragma GCC unroll 8
    for (int i = 0; i < keys; i++) { /* in is read again: registers are scarce */
        __m128i x = sigma(load(in + i));
        store(out0 + i, _mm_xor_si128(s[2 * i], x));
        store(out1 + i, _mm_xor_si128(s[2 * i + 1], _mm_xor_si128(x, sigma_delta)));
    }
}

NI static void hash_pair(cn_block *out0, cn_block *out1, const cn_block *in, cn_block delta, cn_block start, uint64_t tweak,
                         size_t n)
{
    __m128i s = load(&start), d = sigma(load(&delta));
    size_t i = 0;
    for (; i + KEYS_PAIR <= n; i += KEYS_PAIR)
        hash_pair_some(out0 + i, out1 + i, in + i, d, s, tweak + i, KEYS_PAIR);
    for (; i < n; i++)
        hash_pair_some(out0 + i, out1 + i, in + i, d, s, tweak + i, 1);
}

const struct cn_aes_ops cn_aes_ni = {"AES-NI", false, encrypt, hash, hash_pair};

#endif
