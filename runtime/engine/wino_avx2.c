/* 16 registers of 8 floats: 12 accumulators, the rest for operands. */
#include "runtime/engine/wino_simd.h"

#if defined __x86_64__
#define LANES 8
#define TARGET __attribute__((target("avx2,fma")))
#define FUNCTION cn_engine_wino_avx2
#define AVAILABLE (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#define MULTIPLY_1(f) f(12, 1) f(8, 1) f(4, 1)
#define MULTIPLY_2(f) f(6, 2) f(4, 2)
#include "runtime/engine/wino_body.h"
#else
const struct cn_engine_wino_simd *cn_engine_wino_avx2(void)
{
    return NULL;
}
#endif
