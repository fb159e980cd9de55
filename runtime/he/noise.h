/* Every bound on noise, in one place: how much a reply's noise can reveal or spoil, how much flooding hides it, and whether it
 * still decrypts. All in integers, so that both parties choose the same parameters.
 *
 * Notation: t = 2^l, q the modulus, N the degree, eps in [-1/2, 1/2] the rounding of q m / t. A source is encrypted as
 *     c0 + c1 s = round(q m / t) - e = q m / t + eps - e                                                   (mod q)
 * with e centred binomial, eta = 21: a sum of 42 halves, hence subgaussian with variance proxy 42/4 = 10.5. The reply, before
 * flooding, decrypts to
 *     sum w (q m / t + eps - e) + round(q (-share) / t) + (s e2 - e_pk u)
 *   = q z / t + [ -sum w e  +  sum w eps + eps_share  +  s e2 - e_pk u ],        z = sum w m - share,
 * where q z / t may be read modulo t in z because q t / t = q vanishes: with round(q m / t), and not floor(q / t) m, the overflow of
 * z past t costs no noise at all. The bracket is what depends on the weights or the server's coins, and a client that knows
 * s, e, e_pk, m could read weights from it. Bounds of one coefficient that is sent, with W = 2^(weight_bits-1) > |w|:
 *   sum w e      every weight of the product's polynomials meets some e: T * P of them (T taps of one output, P outputs in a
 *                polynomial), each its own, for the terms of a reply read different sources. Subgaussian with proxy 10.5 * T P W^2.
 *   sum w eps    eps = 0 where m = 0 is encoded in a gap, and a source element times another output's weight never lands here
 *                (layout.c): T terms, at most T W / 2 whatever the masks are. eps_share and the rounding of q z / t: 1.
 *   e_pk u, s e2 subgaussian with proxy 10.5 * N each (u, s ternary).
 * Tails: Pr[|X| > y] <= 2 exp(-y^2 / (2 proxy)). Each of the 3 sums in each of the V values gets probability 2^-64 / (3 V):
 *     y = sqrt(2 ln 2 * (65 + log2(3 V)) * proxy),   2 ln 2 * 10.5 < 15.
 * B, the sum of all four, then holds for the whole inference except with probability 2^-64.
 *
 * Flooding adds x uniform in [-2^f, 2^f) to each value sent. Shifting x by b moves it by a statistical distance |b| / 2^(f+1), so
 * V values are within V B / 2^(f+1) of values without the bracket. f >= 40 + log2(V B) makes that 2^-41, below 2^-40 with the tail.
 *
 * Decryption: the client gets c1 rounded to k1 = l + log2(N) + 1 bits of c1 / q and c0 to k0 = l + 4 bits. In units of q / t:
 *     rounding of c0            1/2 * t / 2^k0         = 1/32
 *     rounding of c1, times s   ||s||_1 / 2 * t / 2^k1 = 3/16   (||s||_1 <= 3N/4 except with probability 2^-80: ternary
 *                               coefficients are non-zero with probability 2/3, Hoeffding exp(-2 N / 144) at N = 4096)
 *     bracket and flooding      (B + 2^f) t / q        must stay below the rest of 1/2, 9/32. */
#ifndef RUNTIME_HE_NOISE_H
#define RUNTIME_HE_NOISE_H

#include "runtime/he/he.h"
#include "runtime/he/params.h"

enum {
    CN_HE_STATISTICAL_BITS = 40,
    CN_HE_MAX_BLOCKS = 8 /* most outputs in one polynomial: what pick assumes before any map is laid out */
};

unsigned cn_he_ceil_log2(unsigned __int128 x); /* x >= 1 */

/* B for replies with `taps` weights meeting in an output and `blocks` outputs in a polynomial. */
uint64_t cn_he_noise_bound(const struct cn_he_need *need, uint64_t taps, uint32_t blocks, size_t n);
/* The least f that hides noise B in need->reply_values values. */
unsigned cn_he_flood_needed(const struct cn_he_need *need, uint64_t bound);
/* The largest f that still decrypts with noise B: what is used, since flooding beyond the need costs nothing. -1: none does. */
int cn_he_flood_possible(const struct cn_he_params *p, unsigned ring_bits, uint64_t bound);

static inline unsigned cn_he_c1_bits(const struct cn_he_params *p, unsigned ring_bits)
{
    return ring_bits + p->log_n + 1;
}
static inline unsigned cn_he_c0_bits(unsigned ring_bits)
{
    return ring_bits + 4;
}

#endif
