/* What every machine can do, in vectors of 4 floats: 8 accumulators. */
#define LANES 4
#define TARGET
#define NAME "portable"
#define FUNCTION cn_kernel_simd_portable
#define AVAILABLE 1
#define MOST {[1] = 4, [2] = 4, [4] = 2}
#define EACH_LANE(f, h) f(0, h), f(1, h), f(2, h), f(3, h)
#define EACH_DISTANCE(f) f(2) f(1)
#define BLOCKS(block)                                                                                                              \
    block(1, 1) block(1, 2) block(1, 3) block(1, 4)                                                                                \
    block(2, 1) block(2, 2) block(2, 3) block(2, 4)                                                                                \
    block(4, 1) block(4, 2)
#include "runtime/kernel/conv_simd_body.h"
