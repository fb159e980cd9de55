/* A well-mixed number from a counter: the output function of SplitMix64.
 * Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; constants of Stafford's variant 13. */
#ifndef RUNTIME_KERNEL_MIX_H
#define RUNTIME_KERNEL_MIX_H

#include <stdint.h>

#define CN_KERNEL_GOLDEN UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio, odd: the step of SplitMix64's counter */

static inline uint64_t cn_kernel_mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

#endif
