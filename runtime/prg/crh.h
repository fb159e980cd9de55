/* A circular correlation-robust hash by re-keyed AES: H(i, x) = AES(k_i, sigma(x)) xor sigma(x), k_i = start xor i.
 * Source:  Guo, Katz, Wang, Weng, Yu, "Better Concrete Security for Half-Gates Garbling (in the Multi-Instance Setting)",
 *          CRYPTO 2020, ePrint 2019/1168: their multi-instance tweakable circular correlation-robust hash (miTCCR) in the
 *          ideal-cipher model, H(x, i) = E(i, sigma(x)) xor sigma(x), with tweaks counted up from a random start point.
 *          sigma(hi || lo) = (hi xor lo) || hi is their linear orthomorphism: sigma and x -> sigma(x) xor x are permutations.
 * Why:     a fixed key loses a bit of security for every doubling of the number of gates garbled by anyone under it (their
 *          figure 4 is the attack); with re-keying the loss depends only on how often one key returns.
 *          sigma is not optional: half-gates use H(x xor delta) xor delta, and without sigma that is AES(k, x xor delta) xor x,
 *          which whoever knows x inverts to delta.
 * Use:     the start point is random, public and fresh for every garbling. Under one start a tweak serves one hash input x, or x
 *          and x xor delta. */
#ifndef RUNTIME_PRG_CRH_H
#define RUNTIME_PRG_CRH_H

#include "runtime/prg/aes.h"

/* Key i is start xor (tweak + i), the sum in the low 64 bits. cn_aes()->hash and hash_pair compute H for n consecutive tweaks. */
static inline cn_block cn_crh_sigma(cn_block x)
{
    return (cn_block){{x.w[1], x.w[0] ^ x.w[1]}}; /* w[0] low, w[1] high */
}

#endif
