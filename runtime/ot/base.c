/* Base OT on ristretto255 in the random-oracle model: endemic OT from Diffie-Hellman.
 * Source:  Masny, Rindal, "Endemic Oblivious Transfer", CCS 2019, ePrint 2019/706: OT from a uniform key agreement, with DH.
 * Why:     simulation-based security in the random-oracle model for the same work as Chou-Orlandi (LATINCRYPT 2015), whose proof
 *          has gaps; the messages of the two sides do not depend on each other. Keys are random, which is all that IKNP needs.
 * Differs: one sender message Y = yB for all OTs; the keys bind the transfer's index and all three group elements.
 * Names:   B the base point; choice c; r_0, r_1 the receiver's two elements; H_j random oracles to the group, j = 0, 1.
 *          Receiver: r_(1-c) random with unknown logarithm, a random, r_c = aB - H_c(r_(1-c)); key_c = KDF(aY).
 *          Sender: key_j = KDF(y (r_j + H_j(r_(1-j)))).
 *          The two elements are uniform whatever c is; of the sum for 1-c the receiver knows no logarithm.
 * Checks:  every element received is a canonical encoding of a group element, and no key comes from the identity. */
#include "runtime/ot/base.h"

#include "runtime/base/bytes.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

#include <sodium.h>
#include <string.h>

enum { POINT = crypto_core_ristretto255_BYTES, SCALAR = crypto_core_ristretto255_SCALARBYTES };

static void random_scalar(unsigned char s[SCALAR], struct cn_prg *prg)
{
    unsigned char wide[crypto_core_ristretto255_NONREDUCEDSCALARBYTES];
    cn_prg_bytes(prg, wide, sizeof wide);
    crypto_core_ristretto255_scalar_reduce(s, wide);
    cn_mem_wipe(wide, sizeof wide);
}

/* H_j(r), for transfer i. */
static void hash_to_group(unsigned char out[POINT], size_t i, unsigned j, const unsigned char r[POINT])
{
    unsigned char message[16 + 8 + 1 + POINT] = "cnas base OT H  ", wide[crypto_core_ristretto255_HASHBYTES];
    cn_store64(message + 16, i);
    message[24] = (unsigned char)j;
    memcpy(message + 25, r, POINT);
    crypto_generichash(wide, sizeof wide, message, sizeof message, NULL, 0);
    crypto_core_ristretto255_from_hash(out, wide);
    cn_mem_wipe(message, sizeof message); /* j is the choice on the receiver's side */
    cn_mem_wipe(wide, sizeof wide);
}

/* The key of transfer i and message j. */
static cn_block derive(size_t i, unsigned j, const unsigned char y_point[POINT], const unsigned char r[2][POINT],
                       const unsigned char shared[POINT])
{
    unsigned char message[16 + 8 + 1 + 4 * POINT] = "cnas base OT key", wide[crypto_generichash_BYTES];
    cn_store64(message + 16, i);
    message[24] = (unsigned char)j;
    memcpy(message + 25, y_point, POINT);
    memcpy(message + 25 + POINT, r[0], POINT);
    memcpy(message + 25 + 2 * POINT, r[1], POINT);
    memcpy(message + 25 + 3 * POINT, shared, POINT);
    crypto_generichash(wide, sizeof wide, message, sizeof message, NULL, 0);
    cn_block key = {{cn_load64(wide), cn_load64(wide + 8)}};
    cn_mem_wipe(message, sizeof message);
    cn_mem_wipe(wide, sizeof wide);
    return key;
}

enum cnas_status cn_ot_base_send(cn_block (*keys)[2], size_t n, struct cn_chan *chan, struct cn_prg *prg)
{
    cn_require(n <= 128);
    unsigned char y[SCALAR], y_point[POINT], received[128][2][POINT], sum[POINT], shared[POINT];
    random_scalar(y, prg);
    crypto_scalarmult_ristretto255_base(y_point, y); /* y is not 0 but with probability 2^-252; the peer would refuse it */
    enum cnas_status status = cn_chan_send(chan, y_point, sizeof y_point);
    if (status == CNAS_OK)
        status = cn_chan_recv(chan, received, n * sizeof received[0]);
    for (size_t i = 0; status == CNAS_OK && i < n; i++) {
        for (unsigned j = 0; j < 2; j++) {
            unsigned char hashed[POINT];
            hash_to_group(hashed, i, j, received[i][1 - j]);
            /* the sum refuses what is no group element, the product the identity */
            if (crypto_core_ristretto255_add(sum, received[i][j], hashed) != 0 ||
                crypto_scalarmult_ristretto255(shared, y, sum) != 0) {
                status = cn_chan_violation(chan, "an element of the base oblivious transfer is not in the group");
                break;
            }
            keys[i][j] = derive(i, j, y_point, (const unsigned char(*)[POINT])received[i], shared);
        }
    }
    if (status != CNAS_OK)
        cn_mem_wipe(keys, n * sizeof *keys);
    cn_mem_wipe(y, sizeof y);
    cn_mem_wipe(sum, sizeof sum);
    cn_mem_wipe(shared, sizeof shared);
    return status;
}

/* a and b change places if bit is 1; no branch. */
static void swap_if(unsigned bit, unsigned char a[POINT], unsigned char b[POINT])
{
    unsigned char mask = (unsigned char)-bit;
    for (size_t i = 0; i < POINT; i++) {
        unsigned char t = (a[i] ^ b[i]) & mask;
        a[i] ^= t;
        b[i] ^= t;
    }
}

enum cnas_status cn_ot_base_receive(cn_block *keys, const unsigned char *choices, size_t n, struct cn_chan *chan,
                                    struct cn_prg *prg)
{
    cn_require(n <= 128);
    unsigned char a[128][SCALAR], sent[128][2][POINT], y_point[POINT], shared[POINT];
    enum cnas_status status = cn_chan_recv(chan, y_point, sizeof y_point);
    for (size_t i = 0; status == CNAS_OK && i < n; i++) {
        unsigned char wide[crypto_core_ristretto255_HASHBYTES], own[POINT], hashed[POINT];
        unsigned c = choices[i] & 1;
        random_scalar(a[i], prg);
        crypto_scalarmult_ristretto255_base(own, a[i]);
        cn_prg_bytes(prg, wide, sizeof wide); /* r_(1-c) by the map to the group: nobody knows its logarithm */
        crypto_core_ristretto255_from_hash(sent[i][1], wide);
        hash_to_group(hashed, i, c, sent[i][1]);
        crypto_core_ristretto255_sub(sent[i][0], own, hashed); /* both come from this side: they are group elements */
        swap_if(c, sent[i][0], sent[i][1]);
        cn_mem_wipe(wide, sizeof wide);
        cn_mem_wipe(own, sizeof own);
        cn_mem_wipe(hashed, sizeof hashed);
    }
    for (size_t i = 0; status == CNAS_OK && i < n; i++) {
        if (crypto_scalarmult_ristretto255(shared, a[i], y_point) != 0)
            status = cn_chan_violation(chan, "an element of the base oblivious transfer is not in the group");
        else
            keys[i] = derive(i, choices[i] & 1, y_point, (const unsigned char(*)[POINT])sent[i], shared);
    }
    if (status == CNAS_OK)
        status = cn_chan_send(chan, sent, n * sizeof sent[0]);
    if (status == CNAS_OK)
        status = cn_chan_flush(chan);
    if (status != CNAS_OK)
        cn_mem_wipe(keys, n * sizeof *keys);
    cn_mem_wipe(a, sizeof a);
    cn_mem_wipe(shared, sizeof shared);
    return status;
}
