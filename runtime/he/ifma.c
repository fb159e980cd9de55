/* NTT and dot products on AVX-512 IFMA.
 * Source:  Boemer, Kim, Seifu, de Souza, Gopal, "Intel HEXL: accelerating homomorphic encryption with Intel AVX512-IFMA52",
 *          WAHC 2021, section 4 (Shoup's multiplication with 52-bit words).
 * Differs: the last three levels, whose halves are shorter than a vector, are one pass over 16 values in registers; the 52-bit Shoup
 *          factors are the 64-bit ones shifted right by 12: floor(floor(w 2^64 / q) / 2^12) = floor(w 2^52 / q). */
#include "runtime/he/ifma.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define IFMA __attribute__((target("avx512f,avx512ifma")))
#define INLINE static inline __attribute__((always_inline, target("avx512f,avx512ifma")))

bool cn_he_ifma_serves(const struct cn_he_ntt *t)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512ifma") && t->mod.bits <= 50 && t->n >= 64;
}

struct vectors {
    __m512i q, two_q, minus_q, mask; /* minus_q: 2^52 - q; mask: 2^52 - 1 */
};

INLINE struct vectors vectors(uint64_t q)
{
    const uint64_t top = UINT64_C(1) << 52;
    return (struct vectors){_mm512_set1_epi64((long long)q), _mm512_set1_epi64((long long)(2 * q)),
                            _mm512_set1_epi64((long long)(top - q)), _mm512_set1_epi64((long long)(top - 1))};
}

struct factor {
    __m512i w, shoup;
};

/* x w mod q in [0, 2q) for x < 2^52, from the low 52 bits of x w - floor(x shoup / 2^52) q. */
INLINE __m512i mul_lazy(__m512i x, struct factor f, struct vectors v)
{
    __m512i zero = _mm512_setzero_si512(), high = _mm512_madd52hi_epu64(zero, x, f.shoup);
    return _mm512_and_si512(_mm512_madd52lo_epu64(_mm512_madd52lo_epu64(zero, x, f.w), high, v.minus_q), v.mask);
}

/* x mod m for x < 2m: the smaller of x and x - m as unsigned numbers. */
INLINE __m512i reduce_once(__m512i x, __m512i m)
{
    return _mm512_min_epu64(x, _mm512_sub_epi64(x, m));
}

INLINE __m512i load(const uint64_t *x)
{
    return _mm512_loadu_si512(x);
}

INLINE void store(uint64_t *x, __m512i a)
{
    _mm512_storeu_si512(x, a);
}

INLINE struct factor broadcast(const struct cn_he_factors *f, size_t i)
{
    return (struct factor){_mm512_set1_epi64((long long)f->w[i]), _mm512_set1_epi64((long long)(f->shoup[i] >> 12))};
}

INLINE struct factor constant(struct cn_he_factor f)
{
    return (struct factor){_mm512_set1_epi64((long long)f.w), _mm512_set1_epi64((long long)(f.shoup >> 12))};
}

/* Factors of 8, 4 or 2 groups from i on, each for 1, 2 or 4 lanes. */
INLINE struct factor factors8(const struct cn_he_factors *f, size_t i)
{
    return (struct factor){load(f->w + i), _mm512_srli_epi64(load(f->shoup + i), 12)};
}
INLINE struct factor factors4(const struct cn_he_factors *f, size_t i)
{
    const __m512i twice = _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3);
    __m512i w = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(f->w + i)));
    __m512i s = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(f->shoup + i)));
    return (struct factor){_mm512_permutexvar_epi64(twice, w), _mm512_srli_epi64(_mm512_permutexvar_epi64(twice, s), 12)};
}
INLINE struct factor factors2(const struct cn_he_factors *f, size_t i)
{
    const __m512i four = _mm512_setr_epi64(0, 0, 0, 0, 1, 1, 1, 1);
    __m512i w = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(f->w + i)));
    __m512i s = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(f->shoup + i)));
    return (struct factor){_mm512_permutexvar_epi64(four, w), _mm512_srli_epi64(_mm512_permutexvar_epi64(four, s), 12)};
}

/* a, b below 4q before and after. */
INLINE void forward_butterfly(__m512i *a, __m512i *b, struct factor w, struct vectors v)
{
    __m512i u = reduce_once(*a, v.two_q), x = mul_lazy(*b, w, v);
    *a = _mm512_add_epi64(u, x);
    *b = _mm512_add_epi64(u, _mm512_sub_epi64(v.two_q, x));
}

/* a, b below 2q before and after. */
INLINE void inverse_butterfly(__m512i *a, __m512i *b, struct factor w, struct vectors v)
{
    __m512i x = _mm512_add_epi64(*a, _mm512_sub_epi64(v.two_q, *b));
    *a = reduce_once(_mm512_add_epi64(*a, *b), v.two_q);
    *b = mul_lazy(x, w, v);
}

/* The permutations between levels: halves of 4 to halves of 2 (and back: it is its own inverse), and interleaving. */
INLINE void swap_pairs(__m512i *a, __m512i *b)
{
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), second = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    __m512i x = _mm512_permutex2var_epi64(*a, first, *b);
    *b = _mm512_permutex2var_epi64(*a, second, *b);
    *a = x;
}
INLINE void swap_halves(__m512i *a, __m512i *b)
{
    __m512i x = _mm512_shuffle_i64x2(*a, *b, 0x44);
    *b = _mm512_shuffle_i64x2(*a, *b, 0xee);
    *a = x;
}
INLINE void swap_singles(__m512i *a, __m512i *b)
{
    __m512i x = _mm512_unpacklo_epi64(*a, *b);
    *b = _mm512_unpackhi_epi64(*a, *b);
    *a = x;
}
INLINE void interleave(__m512i *a, __m512i *b)
{
    const __m512i first = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), second = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
    __m512i x = _mm512_permutex2var_epi64(*a, first, *b);
    *b = _mm512_permutex2var_epi64(*a, second, *b);
    *a = x;
}
INLINE void deinterleave(__m512i *a, __m512i *b)
{
    const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
    __m512i x = _mm512_permutex2var_epi64(*a, even, *b);
    *b = _mm512_permutex2var_epi64(*a, odd, *b);
    *a = x;
}

IFMA void cn_he_ntt_forward_ifma(uint64_t *x, const struct cn_he_ntt *t)
{
    const struct cn_he_factors *f = &t->power;
    struct vectors v = vectors(t->mod.q);
    size_t n = t->n;
    for (size_t groups = 1, half = n / 2; half >= 8; groups *= 2, half /= 2)
        for (size_t i = 0; i < groups; i++) {
            struct factor w = broadcast(f, groups + i);
            uint64_t *lower = x + 2 * half * i, *upper = lower + half;
            for (size_t j = 0; j < half; j += 8) {
                __m512i a = load(lower + j), b = load(upper + j);
                forward_butterfly(&a, &b, w, v);
                store(lower + j, a);
                store(upper + j, b);
            }
        }
    for (size_t i = 0; i < n / 16; i++) {
        __m512i a = load(x + 16 * i), b = load(x + 16 * i + 8);
        swap_halves(&a, &b);
        forward_butterfly(&a, &b, factors2(f, n / 8 + 2 * i), v);
        swap_pairs(&a, &b);
        forward_butterfly(&a, &b, factors4(f, n / 4 + 4 * i), v);
        swap_singles(&a, &b);
        forward_butterfly(&a, &b, factors8(f, n / 2 + 8 * i), v);
        interleave(&a, &b);
        store(x + 16 * i, reduce_once(reduce_once(a, v.two_q), v.q));
        store(x + 16 * i + 8, reduce_once(reduce_once(b, v.two_q), v.q));
    }
}

IFMA void cn_he_ntt_inverse_ifma(uint64_t *x, const struct cn_he_ntt *t)
{
    const struct cn_he_factors *f = &t->inverse;
    struct vectors v = vectors(t->mod.q);
    size_t n = t->n;
    for (size_t i = 0; i < n / 16; i++) {
        __m512i a = load(x + 16 * i), b = load(x + 16 * i + 8);
        deinterleave(&a, &b);
        inverse_butterfly(&a, &b, factors8(f, n / 2 + 8 * i), v);
        swap_singles(&a, &b);
        inverse_butterfly(&a, &b, factors4(f, n / 4 + 4 * i), v);
        swap_pairs(&a, &b);
        inverse_butterfly(&a, &b, factors2(f, n / 8 + 2 * i), v);
        swap_halves(&a, &b);
        store(x + 16 * i, a);
        store(x + 16 * i + 8, b);
    }
    for (size_t groups = n / 16, half = 8; groups > 1; groups /= 2, half *= 2)
        for (size_t i = 0; i < groups; i++) {
            struct factor w = broadcast(f, groups + i);
            uint64_t *lower = x + 2 * half * i, *upper = lower + half;
            for (size_t j = 0; j < half; j += 8) {
                __m512i a = load(lower + j), b = load(upper + j);
                inverse_butterfly(&a, &b, w, v);
                store(lower + j, a);
                store(upper + j, b);
            }
        }
    struct factor n_inv = constant(t->n_inv), last = constant(t->n_inv_last);
    for (size_t j = 0; j < n / 2; j += 8) {
        __m512i a = load(x + j), b = load(x + n / 2 + j);
        store(x + j, reduce_once(mul_lazy(_mm512_add_epi64(a, b), n_inv, v), v.q));
        store(x + n / 2 + j, reduce_once(mul_lazy(_mm512_add_epi64(a, _mm512_sub_epi64(v.two_q, b)), last, v), v.q));
    }
}

/* low + 2^52 high modulo q, high and low sums of at most 15 parts of products below 2^100, low with a residue added:
 * high < 15 2^48 and low's carry < 2^4, so that high stays below 2^52 after the carry. */
INLINE __m512i reduce_sum(__m512i low, __m512i high, struct factor one, struct factor two52, struct vectors v)
{
    high = _mm512_add_epi64(high, _mm512_srli_epi64(low, 52));
    __m512i r = _mm512_add_epi64(mul_lazy(_mm512_and_si512(low, v.mask), one, v), mul_lazy(high, two52, v));
    return reduce_once(reduce_once(r, v.two_q), v.q);
}

IFMA void cn_he_dot_ifma(uint64_t *out0, uint64_t *out1, const uint64_t *const w[], const uint64_t *const x0[],
                         const uint64_t *const x1[], unsigned count, size_t n, const struct cn_he_ntt *t)
{
    enum { WIDTH = 2 }; /* vectors at a time */
    struct vectors v = vectors(t->mod.q);
    struct factor one = constant(t->mod.one), two52 = constant(t->two52);
    for (size_t k = 0; k < n; k += 8 * WIDTH) {
        __m512i low0[WIDTH], high0[WIDTH], low1[WIDTH], high1[WIDTH];
        for (int u = 0; u < WIDTH; u++) {
            low0[u] = load(out0 + k + 8 * u);
            low1[u] = load(out1 + k + 8 * u);
            high0[u] = high1[u] = _mm512_setzero_si512();
        }
        for (unsigned i = 0; i < count; i++)
            for (int u = 0; u < WIDTH; u++) {
                __m512i a = load(w[i] + k + 8 * u), b = load(x0[i] + k + 8 * u), c = load(x1[i] + k + 8 * u);
                low0[u] = _mm512_madd52lo_epu64(low0[u], a, b);
                high0[u] = _mm512_madd52hi_epu64(high0[u], a, b);
                low1[u] = _mm512_madd52lo_epu64(low1[u], a, c);
                high1[u] = _mm512_madd52hi_epu64(high1[u], a, c);
            }
        for (int u = 0; u < WIDTH; u++) {
            store(out0 + k + 8 * u, reduce_sum(low0[u], high0[u], one, two52, v));
            store(out1 + k + 8 * u, reduce_sum(low1[u], high1[u], one, two52, v));
        }
    }
}

#else

#include "runtime/base/misuse.h"

bool cn_he_ifma_serves(const struct cn_he_ntt *t)
{
    (void)t;
    return false;
}
void cn_he_ntt_forward_ifma(uint64_t *x, const struct cn_he_ntt *t)
{
    (void)x, (void)t;
    cn_misuse("IFMA on another processor");
}
void cn_he_ntt_inverse_ifma(uint64_t *x, const struct cn_he_ntt *t)
{
    (void)x, (void)t;
    cn_misuse("IFMA on another processor");
}
void cn_he_dot_ifma(uint64_t *out0, uint64_t *out1, const uint64_t *const w[], const uint64_t *const x0[],
                    const uint64_t *const x1[], unsigned count, size_t n, const struct cn_he_ntt *t)
{
    (void)out0, (void)out1, (void)w, (void)x0, (void)x1, (void)count, (void)n, (void)t;
    cn_misuse("IFMA on another processor");
}

#endif
