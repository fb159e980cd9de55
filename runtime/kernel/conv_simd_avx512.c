/* 32 registers of 16 floats: 24 accumulators, the rest for inputs. */
#include <stddef.h>

#include "runtime/kernel/conv_simd.h"

#if defined __x86_64__
#define LANES 16
#define TARGET __attribute__((target("avx512f,avx512vl,fma")))
#define NAME "AVX-512"
#define FUNCTION cn_kernel_simd_avx512
#define AVAILABLE (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
#define MOST {[1] = 6, [2] = 6, [4] = 6, [6] = 4, [8] = 3}
#define EACH_LANE(f, h) f(0, h), f(1, h), f(2, h), f(3, h), f(4, h), f(5, h), f(6, h), f(7, h), \
    f(8, h), f(9, h), f(10, h), f(11, h), f(12, h), f(13, h), f(14, h), f(15, h)
#define EACH_DISTANCE(f) f(8) f(4) f(2) f(1)
#define BLOCKS(block)                                                                                                              \
    block(1, 1) block(1, 2) block(1, 3) block(1, 4) block(1, 5) block(1, 6)                                                        \
    block(2, 1) block(2, 2) block(2, 3) block(2, 4) block(2, 5) block(2, 6)                                                        \
    block(4, 1) block(4, 2) block(4, 3) block(4, 4) block(4, 5) block(4, 6)                                                        \
    block(6, 1) block(6, 2) block(6, 3) block(6, 4)                                                                                \
    block(8, 1) block(8, 2) block(8, 3)
#include "runtime/kernel/conv_simd_body.h"
#else
const struct cn_kernel_simd *cn_kernel_simd_avx512(void)
{
    return NULL;
}
#endif
