/* Random numbers for training. */
#include "runtime/train/rng.h"

#include <math.h>

#include "runtime/kernel/mix.h"

struct cn_train_rng cn_train_rng_make(uint64_t seed, enum cn_train_use use, uint64_t a, uint64_t b)
{
    uint64_t key = cn_kernel_mix(seed + CN_KERNEL_GOLDEN);
    key = cn_kernel_mix(key ^ (uint64_t)use * CN_KERNEL_GOLDEN);
    key = cn_kernel_mix(key ^ (a + 1) * CN_KERNEL_GOLDEN);
    return (struct cn_train_rng){cn_kernel_mix(key ^ (b + 1) * CN_KERNEL_GOLDEN)};
}

uint64_t cn_train_rng_u64(struct cn_train_rng *r)
{
    return cn_kernel_mix(r->counter += CN_KERNEL_GOLDEN);
}

/* Source: Lemire, "Fast random integer generation in an interval", 2019; without bias. */
uint32_t cn_train_rng_below(struct cn_train_rng *r, uint32_t n)
{
    uint64_t product = (cn_train_rng_u64(r) >> 32) * n;
    if ((uint32_t)product < n) {
        uint32_t floor = -n % n;
        while ((uint32_t)product < floor)
            product = (cn_train_rng_u64(r) >> 32) * n;
    }
    return (uint32_t)(product >> 32);
}

void cn_train_rng_normal2(struct cn_train_rng *r, double out[2])
{
    double u, v, s;
    do {
        u = (double)(cn_train_rng_u64(r) >> 11) * 0x1p-52 - 1; /* uniform in [-1, 1) */
        v = (double)(cn_train_rng_u64(r) >> 11) * 0x1p-52 - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    double scale = sqrt(-2 * log(s) / s);
    out[0] = u * scale;
    out[1] = v * scale;
}
