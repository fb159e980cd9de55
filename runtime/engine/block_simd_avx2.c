/* Registers of 8 floats. */
#include "runtime/engine/block_simd.h"

#if defined __x86_64__
#include <immintrin.h>

#define LANES 8
#define TARGET __attribute__((target("avx2,fma")))
#define NAME "AVX2"
#define FUNCTION cn_engine_simd_avx2
#define AVAILABLE (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#define NATIVE_FMA(a, b, c) _mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c))
#define NATIVE_LOWER(v) _mm256_cvtps_pd(_mm256_castps256_ps128((__m256)(v)))
#define NATIVE_UPPER(v) _mm256_cvtps_pd(_mm256_extractf128_ps((__m256)(v), 1))
#define NATIVE_WIDEN(h) _mm256_cvtepu16_epi32((__m128i)(h))
#define NATIVE_SIGNS(v) _mm256_movemask_ps((__m256)((v) > (vec){0}))
#define NATIVE_STREAM(p, v) _mm256_stream_ps((p), (__m256)(v))
#define NATIVE_STREAM_HALF(p, h) _mm_stream_si128((__m128i *)(void *)(p), (__m128i)(h))
#include "runtime/engine/block_body.h"
#else
const struct cn_engine_simd *cn_engine_simd_avx2(void)
{
    return NULL;
}
#endif
