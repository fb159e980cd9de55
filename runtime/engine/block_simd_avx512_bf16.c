/* Registers of 16 floats, and an instruction that makes bfloat16 of them. */
#include "runtime/engine/block_simd.h"

#if defined __x86_64__
#include <immintrin.h>

#define LANES 16
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,fma")))
#define NAME "AVX-512 BF16"
#define FUNCTION cn_engine_simd_avx512_bf16
#define AVAILABLE (cn_engine_simd_avx512() && __builtin_cpu_supports("avx512bf16"))
#define NATIVE_FMA(a, b, c) _mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c))
#define NATIVE_LOWER(v) _mm512_cvtps_pd(_mm512_castps512_ps256((__m512)(v)))
#define NATIVE_UPPER(v) _mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)(v), 1))
#define NATIVE_WIDEN(h) _mm512_cvtepu16_epi32((__m256i)(h))
#define NATIVE_SIGNS(v) _mm512_cmp_ps_mask((__m512)(v), _mm512_setzero_ps(), _CMP_GT_OQ)
#define NATIVE_BF16(v) (half)_mm512_cvtneps_pbh((__m512)(v))
#define NATIVE_STREAM(p, v) _mm512_stream_ps((p), (__m512)(v))
#define NATIVE_STREAM_HALF(p, h) _mm256_stream_si256((__m256i *)(void *)(p), (__m256i)(h))
#include "runtime/engine/block_body.h"
#else
const struct cn_engine_simd *cn_engine_simd_avx512_bf16(void)
{
    return NULL;
}
#endif
