/* Packed bits. A 128-bit accumulator never holds more than 7 + 64 bits. */
#include "runtime/base/bytes.h"

size_t cn_packed_size(size_t n, unsigned bits)
{
    return n / 8 * bits + (n % 8 * bits + 7) / 8;
}

void cn_pack_bits(unsigned char *out, const uint64_t *values, size_t n, unsigned bits)
{
    uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    unsigned __int128 held = 0;
    unsigned count = 0;
    for (size_t i = 0; i < n; i++) {
        held |= (unsigned __int128)(values[i] & mask) << count;
        for (count += bits; count >= 8; count -= 8, held >>= 8)
            *out++ = (unsigned char)held;
    }
    if (count)
        *out = (unsigned char)held;
}

int cn_unpack_bits(uint64_t *values, const unsigned char *in, size_t n, unsigned bits)
{
    uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    unsigned __int128 held = 0;
    unsigned count = 0;
    for (size_t i = 0; i < n; i++) {
        for (; count < bits; count += 8)
            held |= (unsigned __int128)*in++ << count;
        values[i] = (uint64_t)held & mask;
        held >>= bits;
        count -= bits;
    }
    return held ? -1 : 0;
}
