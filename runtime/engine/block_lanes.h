/* Vectors of one block of channels, for the bodies of block_simd_*.c. Who includes it defines LANES and TARGET (function
 * attributes); NATIVE_FMA, NATIVE_LOWER, NATIVE_UPPER, NATIVE_WIDEN, NATIVE_BF16, NATIVE_SIGNS, NATIVE_STREAM and
 * NATIVE_STREAM_HALF if the vector unit has instructions for these that the compilers do not find; NO_UNROLL where a vector is
 * several registers. No include guard: one body, several units. Written with the vector extension of gcc and clang. */
#include <string.h>

#include "runtime/engine/block_simd.h"

typedef float vec __attribute__((vector_size(4 * LANES))); /* C has no other way to name a vector type */
typedef int32_t lane_mask __attribute__((vector_size(4 * LANES)));
typedef uint32_t lane_bits __attribute__((vector_size(4 * LANES)));
typedef uint16_t half __attribute__((vector_size(2 * LANES)));
typedef double wide __attribute__((vector_size(4 * LANES))); /* doubles of half the lanes */
#if LANES == 16
typedef uint16_t sign_word; /* a bit for each lane */
#define EACH_LANE(f) f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7), f(8), f(9), f(10), f(11), f(12), f(13), f(14), f(15)
#define LOWER_LANES 0, 1, 2, 3, 4, 5, 6, 7
#define UPPER_LANES 8, 9, 10, 11, 12, 13, 14, 15
#else
typedef uint8_t sign_word;
#define EACH_LANE(f) f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7)
#define LOWER_LANES 0, 1, 2, 3
#define UPPER_LANES 4, 5, 6, 7
#endif

#define INLINE static inline __attribute__((always_inline)) TARGET
#if defined NO_UNROLL
#define UNROLL
#elif defined __clang__
#define UNROLL _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL _Pragma("GCC unroll 4")
#endif
#ifdef __clang__
#define UNROLL_LANES _Pragma("clang loop unroll(full)")
#else
#define UNROLL_LANES _Pragma("GCC unroll 16")
#endif

INLINE vec load_floats(const float *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store_floats(float *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

/* A bfloat16 is the upper half of a float. */
INLINE vec widen(half h)
{
#ifdef NATIVE_WIDEN
    return (vec)((lane_bits)NATIVE_WIDEN(h) << 16);
#else
    return (vec)(__builtin_convertvector(h, lane_bits) << 16);
#endif
}

/* Nearest, ties to even: what is cut off is compared with half a unit by an addition that carries into the upper half. That could
 * carry a NaN into infinity or lose the bits that make it one. */
INLINE half shorten(vec v)
{
#ifdef NATIVE_BF16
    return NATIVE_BF16(v); /* takes denormal floats for zero */
#else
    lane_bits u = (lane_bits)v, is_nan = (lane_bits)(v != v);
    lane_bits rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16, quiet = u >> 16 | 0x40;
    return __builtin_convertvector((rounded & ~is_nan) | (quiet & is_nan), half);
#endif
}

/* The vector at an index, in vectors, of floats or bfloat16. */
INLINE vec load(int bf16, const void *base, size_t i)
{
    if (!bf16)
        return load_floats((const float *)base + i * LANES);
    half h;
    memcpy(&h, (const uint16_t *)base + i * LANES, sizeof h);
    return widen(h);
}

INLINE void store(int bf16, void *base, size_t i, vec v)
{
    if (!bf16) {
        store_floats((float *)base + i * LANES, v);
        return;
    }
    half h = shorten(v);
    memcpy((uint16_t *)base + i * LANES, &h, sizeof h);
}

/* a b + c, rounded once or twice, but the same way wherever it stands: a compiler left alone decides for each place. */
INLINE vec multiply_add(vec a, vec b, vec c)
{
#ifdef NATIVE_FMA
    return (vec)NATIVE_FMA(a, b, c);
#else
    return a * b + c;
#endif
}

/* As store, but around the caches: for large outputs that nobody reads soon; whoever has streamed ends with a fence. */
INLINE void stream(int bf16, void *base, size_t i, vec v)
{
#ifdef NATIVE_STREAM
    if (!bf16)
        NATIVE_STREAM((float *)base + i * LANES, v);
    else
        NATIVE_STREAM_HALF((uint16_t *)base + i * LANES, shorten(v));
#else
    store(bf16, base, i, v);
#endif
}

INLINE void fence(void)
{
#ifdef NATIVE_STREAM
    _mm_sfence();
#endif
}

/* Values lie one run after the other, so what comes next is also right where a run ends. The processor's own prefetcher gives up
 * at page borders and falls behind where a loop reads several values. */
INLINE void ahead(int bf16, const void *base, size_t i)
{
    enum { DISTANCE = 4096 }; /* bytes */
    __builtin_prefetch((const char *)base + i * LANES * (bf16 ? sizeof(uint16_t) : sizeof(float)) + DISTANCE);
}

INLINE wide lower(vec v)
{
#ifdef NATIVE_LOWER
    return (wide)NATIVE_LOWER(v);
#else
    return __builtin_convertvector(__builtin_shufflevector(v, v, LOWER_LANES), wide);
#endif
}

INLINE wide upper(vec v)
{
#ifdef NATIVE_UPPER
    return (wide)NATIVE_UPPER(v);
#else
    return __builtin_convertvector(__builtin_shufflevector(v, v, UPPER_LANES), wide);
#endif
}

/* v where the mask is set, else 0. */
INLINE vec where(lane_mask m, vec v)
{
    return (vec)(m & (lane_mask)v);
}

/* A NaN stays a NaN: a diverged network must not look healthy. */
INLINE vec relu(vec v)
{
    return where(~(v < (vec){0}), v);
}

INLINE sign_word signs_of(vec v)
{
#ifdef NATIVE_SIGNS
    return (sign_word)NATIVE_SIGNS(v);
#else
    lane_mask m = v > (vec){0};
    sign_word s = 0;
    for (int i = 0; i < LANES; i++)
        s = (sign_word)(s | (m[i] & 1) << i);
    return s;
#endif
}

INLINE lane_mask mask_of_signs(sign_word s)
{
#define BIT(i) UINT32_C(1) << (i)
    const lane_bits bit = {EACH_LANE(BIT)};
#undef BIT
    return (((lane_bits){0} + s) & bit) == bit;
}

INLINE size_t element_size(int bf16)
{
    return bf16 ? sizeof(uint16_t) : sizeof(float);
}
