/* 32 registers of 16 floats: up to 24 accumulators, the rest for operands. */
#include "runtime/engine/wino_simd.h"

#if defined __x86_64__
#define LANES 16
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma")))
#define FUNCTION cn_engine_wino_avx512
#define AVAILABLE                                                                                                                 \
    (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&             \
     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma"))
#define MULTIPLY_1(f) f(16, 1) f(12, 1) f(8, 1)
#define MULTIPLY_2(f) f(12, 2) f(8, 2)
#include "runtime/engine/wino_body.h"
#else
const struct cn_engine_wino_simd *cn_engine_wino_avx512(void)
{
    return NULL;
}
#endif
