/* 32 registers of 16 floats: 16 accumulators, the rest for operands. */
#include "runtime/engine/wino_simd.h"

#if defined __x86_64__
#define LANES 16
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma")))
#define FUNCTION cn_engine_wino_avx512
#define AVAILABLE                                                                                                                 \
    (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&             \
     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma"))
#define AT_ONCE 16
#include "runtime/engine/wino_body.h"
#else
const struct cn_engine_wino_simd *cn_engine_wino_avx512(void)
{
    return NULL;
}
#endif
