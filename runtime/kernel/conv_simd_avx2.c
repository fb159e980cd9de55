/* 16 registers of 8 floats: 12 accumulators, the rest for inputs. */
#include <stddef.h>

#include "runtime/kernel/conv_simd.h"

#if defined __x86_64__
#define LANES 8
#define TARGET __attribute__((target("avx2,fma")))
#define NAME "AVX2"
#define FUNCTION cn_kernel_simd_avx2
#define AVAILABLE (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#define MOST {[1] = 6, [2] = 5, [4] = 3, [6] = 2}
#define EACH_LANE(f, h) f(0, h), f(1, h), f(2, h), f(3, h), f(4, h), f(5, h), f(6, h), f(7, h)
#define EACH_DISTANCE(f) f(4) f(2) f(1)
#define BLOCKS(block)                                                                                                              \
    block(1, 1) block(1, 2) block(1, 3) block(1, 4) block(1, 5) block(1, 6)                                                        \
    block(2, 1) block(2, 2) block(2, 3) block(2, 4) block(2, 5)                                                                    \
    block(4, 1) block(4, 2) block(4, 3)                                                                                            \
    block(6, 1) block(6, 2)
#include "runtime/kernel/conv_simd_body.h"
#else
const struct cn_kernel_simd *cn_kernel_simd_avx2(void)
{
    return NULL;
}
#endif
