/* 16 registers of 8 floats: 8 accumulators, the rest for operands. */
#include "runtime/engine/wino_simd.h"

#if defined __x86_64__
#define LANES 8
#define TARGET __attribute__((target("avx2,fma")))
#define FUNCTION cn_engine_wino_avx2
#define AVAILABLE (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#define AT_ONCE 8
#include "runtime/engine/wino_body.h"
#else
const struct cn_engine_wino_simd *cn_engine_wino_avx2(void)
{
    return NULL;
}
#endif
