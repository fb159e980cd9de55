/* A float is finite unless all bits of its exponent are set. */
#include "runtime/train/finite.h"

#include <stdint.h>
#include <string.h>

int cn_train_finite(const float *x, size_t n)
{
    const uint32_t exponent = 0x7f800000;
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bad |= (uint32_t)((bits & exponent) == exponent);
    }
    return !bad;
}
