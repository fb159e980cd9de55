/* The bounds that noise.h derives. */
#include "runtime/he/noise.h"

#include "runtime/base/misuse.h"

unsigned cn_he_ceil_log2(unsigned __int128 x)
{
    unsigned bits = 0;
    while (bits < 127 && (unsigned __int128)1 << bits < x)
        bits++;
    return bits;
}

/* Least r with r * r >= x. */
static uint64_t ceil_sqrt(unsigned __int128 x)
{
    uint64_t r = 0;
    for (int b = 62; b >= 0; b--) { /* the largest r with r * r < x, bit by bit */
        uint64_t next = r | UINT64_C(1) << b;
        if ((unsigned __int128)next * next < x)
            r = next;
    }
    return r + 1;
}

uint64_t cn_he_noise_bound(const struct cn_he_need *need, uint64_t taps, uint32_t blocks, size_t n)
{
    unsigned __int128 tail = 15 * (65 + cn_he_ceil_log2((unsigned __int128)3 * need->reply_values));
    uint64_t weight = UINT64_C(1) << (need->weight_bits - 1);
    uint64_t errors = weight * ceil_sqrt(tail * taps * blocks); /* sum w e */
    uint64_t rounding = taps * ((weight + 1) / 2) + 1;         /* sum w eps, eps_share, q z / t */
    uint64_t coins = 2 * ceil_sqrt(tail * n);                  /* e_pk u and s e2 */
    return errors + rounding + coins;
}

unsigned cn_he_flood_needed(const struct cn_he_need *need, uint64_t bound)
{
    return CN_HE_STATISTICAL_BITS + cn_he_ceil_log2((unsigned __int128)need->reply_values * bound);
}

int cn_he_flood_possible(const struct cn_he_params *p, unsigned ring_bits, uint64_t bound)
{
    /* 2^f + B < 9 q / 2^(l+5), the right side rounded down and cut at 2^126 */
    unsigned __int128 room = (unsigned __int128)p->q_top * 9;
    int shift = (int)p->q_shift - (int)ring_bits - 5;
    if (shift < 0)
        room = -shift < 128 ? room >> -shift : 0;
    else if (shift < 60)
        room <<= shift;
    if (shift >= 60 || room > (unsigned __int128)1 << 126)
        room = (unsigned __int128)1 << 126;
    if (room <= (unsigned __int128)bound + 2)
        return -1;
    room -= (unsigned __int128)bound + 1;
    int f = 0;
    while (f < 125 && (unsigned __int128)1 << (f + 1) <= room)
        f++;
    return f;
}
