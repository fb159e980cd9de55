/* AES-128 bitsliced: 64 blocks, each under its own key, in 128 words of 64 bits. No table or branch depends on a secret.
 * Source: FIPS 197; the S-box circuit of Boyar and Peralta, "A depth-16 circuit for the AES S-box", ePrint 2011/332 (names x, y,
 *         z, t as there; x0 is the most significant bit). Bitslicing over blocks as in Biham, FSE 1997.
 * Layout: word [8 * byte + bit] holds that bit of all blocks, block j at bit j. A block's bytes lie in memory order. */
#include "runtime/prg/aes_impl.h"

#include "runtime/base/mem.h"
#include "runtime/prg/crh.h"

#include <string.h>

enum { WIDE = 64 };

struct slices {
    uint64_t w[128];
};

/* 64 x 64 bits: bit j of word i <-> bit i of word j (Eklundh: swap off-diagonal squares of side 32, 16, ... 1) */
static void transpose(uint64_t m[64])
{
    static const uint64_t low[6] = {0x00000000ffffffff, 0x0000ffff0000ffff, 0x00ff00ff00ff00ff,
                                    0x0f0f0f0f0f0f0f0f, 0x3333333333333333, 0x5555555555555555};
    for (unsigned level = 0, side = 32; side; level++, side >>= 1) {
        for (unsigned i = 0; i < 64; i++) {
            if (i & side)
                continue;
            uint64_t t = ((m[i] >> side) ^ m[i + side]) & low[level];
            m[i + side] ^= t;
            m[i] ^= t << side;
        }
    }
}

static void load(struct slices *s, const cn_block *in, size_t n)
{
    for (size_t i = 0; i < WIDE; i++) {
        s->w[i] = i < n ? in[i].w[0] : 0;
        s->w[64 + i] = i < n ? in[i].w[1] : 0;
    }
    transpose(s->w);
    transpose(s->w + 64);
}

static void store(cn_block *out, struct slices *s, size_t n)
{
    transpose(s->w);
    transpose(s->w + 64);
    for (size_t i = 0; i < n; i++)
        out[i] = (cn_block){{s->w[i], s->w[64 + i]}};
}

static void sub_byte(uint64_t out[8], const uint64_t in[8])
{
    uint64_t x0 = in[7], x1 = in[6], x2 = in[5], x3 = in[4], x4 = in[3], x5 = in[2], x6 = in[1], x7 = in[0];
    uint64_t y14 = x3 ^ x5, y13 = x0 ^ x6, y9 = x0 ^ x3, y8 = x0 ^ x5, t0 = x1 ^ x2;
    uint64_t y1 = t0 ^ x7, y4 = y1 ^ x3, y12 = y13 ^ y14, y2 = y1 ^ x0, y5 = y1 ^ x6, y3 = y5 ^ y8, t1 = x4 ^ y12;
    uint64_t y15 = t1 ^ x5, y20 = t1 ^ x1, y6 = y15 ^ x7, y10 = y15 ^ t0, y11 = y20 ^ y9, y7 = x7 ^ y11;
    uint64_t y17 = y10 ^ y11, y19 = y10 ^ y8, y16 = t0 ^ y11, y21 = y13 ^ y16, y18 = x0 ^ y16;

    uint64_t t2 = y12 & y15, t3 = y3 & y6, t4 = t3 ^ t2, t5 = y4 & x7, t6 = t5 ^ t2, t7 = y13 & y16, t8 = y5 & y1;
    uint64_t t9 = t8 ^ t7, t10 = y2 & y7, t11 = t10 ^ t7, t12 = y9 & y11, t13 = y14 & y17, t14 = t13 ^ t12;
    uint64_t t15 = y8 & y10, t16 = t15 ^ t12, t17 = t4 ^ t14, t18 = t6 ^ t16, t19 = t9 ^ t14, t20 = t11 ^ t16;
    uint64_t t21 = t17 ^ y20, t22 = t18 ^ y19, t23 = t19 ^ y21, t24 = t20 ^ y18;
    uint64_t t25 = t21 ^ t22, t26 = t21 & t23, t27 = t24 ^ t26, t28 = t25 & t27, t29 = t28 ^ t22, t30 = t23 ^ t24;
    uint64_t t31 = t22 ^ t26, t32 = t31 & t30, t33 = t32 ^ t24, t34 = t23 ^ t33, t35 = t27 ^ t33, t36 = t24 & t35;
    uint64_t t37 = t36 ^ t34, t38 = t27 ^ t36, t39 = t29 & t38, t40 = t25 ^ t39;
    uint64_t t41 = t40 ^ t37, t42 = t29 ^ t33, t43 = t29 ^ t40, t44 = t33 ^ t37, t45 = t42 ^ t41;
    uint64_t z0 = t44 & y15, z1 = t37 & y6, z2 = t33 & x7, z3 = t43 & y16, z4 = t40 & y1, z5 = t29 & y7;
    uint64_t z6 = t42 & y11, z7 = t45 & y17, z8 = t41 & y10, z9 = t44 & y12, z10 = t37 & y3, z11 = t33 & y4;
    uint64_t z12 = t43 & y13, z13 = t40 & y5, z14 = t29 & y2, z15 = t42 & y9, z16 = t45 & y14, z17 = t41 & y8;

    uint64_t t46 = z15 ^ z16, t47 = z10 ^ z11, t48 = z5 ^ z13, t49 = z9 ^ z10, t50 = z2 ^ z12, t51 = z2 ^ z5;
    uint64_t t52 = z7 ^ z8, t53 = z0 ^ z3, t54 = z6 ^ z7, t55 = z16 ^ z17, t56 = z12 ^ t48, t57 = t50 ^ t53;
    uint64_t t58 = z4 ^ t46, t59 = z3 ^ t54, t60 = t46 ^ t57, t61 = z14 ^ t57, t62 = t52 ^ t58, t63 = t49 ^ t58;
    uint64_t t64 = z4 ^ t59, t65 = t61 ^ t62, t66 = z1 ^ t63, t67 = t64 ^ t65, s3 = t53 ^ t66;
    out[7] = t59 ^ t63;
    out[6] = t64 ^ ~s3;
    out[5] = t55 ^ ~t67;
    out[4] = s3;
    out[3] = t51 ^ t66;
    out[2] = t47 ^ t65;
    out[1] = t56 ^ ~t62;
    out[0] = t48 ^ ~t60;
}

/* The next round key from this one (FIPS 197, 5.2). */
static void next_key(struct slices *k, unsigned rcon)
{
    uint64_t t[4][8];
    for (unsigned row = 0; row < 4; row++)
        sub_byte(t[row], k->w + 8 * (12 + (row + 1) % 4));
    for (unsigned bit = 0; bit < 8; bit++)
        t[0][bit] ^= -(uint64_t)(rcon >> bit & 1);
    for (unsigned i = 0; i < 32; i++)
        k->w[i] ^= t[i / 8][i % 8];
    for (unsigned i = 32; i < 128; i++)
        k->w[i] ^= k->w[i - 32];
}

/* SubBytes and ShiftRows: byte 4 * column + row comes from column + row of the same row. */
static void sub_shift(struct slices *out, const struct slices *in)
{
    for (unsigned byte = 0; byte < 16; byte++)
        sub_byte(out->w + 8 * byte, in->w + 8 * ((byte + 4 * (byte % 4)) % 16));
}

/* MixColumns: b_r = a_r + (sum of the column) + 2 (a_r + a_(r+1)), 2 the multiplication by x modulo x^8 + x^4 + x^3 + x + 1. */
static void mix(struct slices *out, const struct slices *in)
{
    for (unsigned column = 0; column < 4; column++) {
        const uint64_t *a = in->w + 32 * column;
        uint64_t *b = out->w + 32 * column;
        for (unsigned row = 0; row < 4; row++) {
            const uint64_t *this = a + 8 * row, *next = a + 8 * ((row + 1) % 4);
            uint64_t carry = this[7] ^ next[7];
            for (unsigned bit = 0; bit < 8; bit++) {
                uint64_t sum = a[bit] ^ a[8 + bit] ^ a[16 + bit] ^ a[24 + bit];
                uint64_t twice = bit ? this[bit - 1] ^ next[bit - 1] : carry;
                if (bit == 1 || bit == 3 || bit == 4)
                    twice ^= carry;
                b[8 * row + bit] = this[bit] ^ sum ^ twice;
            }
        }
    }
}

static void add(struct slices *s, const struct slices *k)
{
    for (unsigned i = 0; i < 128; i++)
        s->w[i] ^= k->w[i];
}

/* Encrypts s[0] (and s[1] if count is 2) in place; k holds the keys and ends as the last round keys. */
static void encrypt_slices(struct slices *s, unsigned count, struct slices *k)
{
    static const unsigned char rcon[10] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36};
    struct slices t;
    for (unsigned i = 0; i < count; i++)
        add(&s[i], k);
    for (unsigned round = 0; round < 10; round++) {
        next_key(k, rcon[round]);
        for (unsigned i = 0; i < count; i++) {
            sub_shift(&t, &s[i]);
            if (round < 9)
                mix(&s[i], &t);
            else
                s[i] = t;
            add(&s[i], k);
        }
    }
    cn_mem_wipe(&t, sizeof t);
}

static void encrypt(cn_block *out, const cn_block *in, cn_block key, size_t n)
{
    struct slices s, first, k;
    for (unsigned i = 0; i < 128; i++)
        first.w[i] = -(key.w[i / 64] >> i % 64 & 1); /* the same key in every slot */
    for (size_t i = 0; i < n; i += WIDE) {
        size_t now = n - i < WIDE ? n - i : WIDE;
        k = first;
        load(&s, in + i, now);
        encrypt_slices(&s, 1, &k);
        store(out + i, &s, now);
    }
    cn_mem_wipe(&s, sizeof s);
    cn_mem_wipe(&first, sizeof first);
    cn_mem_wipe(&k, sizeof k);
}

/* H for up to 64 tweaks, on in (and on in xor delta, if out1). */
static void hash_some(cn_block *out0, cn_block *out1, const cn_block *in, cn_block delta, cn_block start, uint64_t tweak,
                      size_t n)
{
    struct slices s[2], k;
    cn_block x0[WIDE], x1[WIDE], keys[WIDE], sigma_delta = cn_crh_sigma(delta);
    unsigned count = out1 ? 2 : 1;
    for (size_t i = 0; i < n; i++) {
        x0[i] = cn_crh_sigma(in[i]);
        x1[i] = cn_block_xor(x0[i], sigma_delta);
        keys[i] = (cn_block){{start.w[0] ^ (tweak + i), start.w[1]}};
    }
    load(&k, keys, n);
    load(&s[0], x0, n);
    if (out1)
        load(&s[1], x1, n);
    encrypt_slices(s, count, &k);
    store(out0, &s[0], n);
    for (size_t i = 0; i < n; i++)
        out0[i] = cn_block_xor(out0[i], x0[i]);
    if (out1) {
        store(out1, &s[1], n);
        for (size_t i = 0; i < n; i++)
            out1[i] = cn_block_xor(out1[i], x1[i]);
    }
    cn_mem_wipe(s, sizeof s);
    cn_mem_wipe(x0, sizeof x0);
    cn_mem_wipe(x1, sizeof x1);
}

static void hash(cn_block *out, const cn_block *in, cn_block start, uint64_t tweak, size_t n)
{
    for (size_t i = 0; i < n; i += WIDE)
        hash_some(out + i, NULL, in + i, (cn_block){{0, 0}}, start, tweak + i, n - i < WIDE ? n - i : WIDE);
}

static void hash_pair(cn_block *out0, cn_block *out1, const cn_block *in, cn_block delta, cn_block start, uint64_t tweak,
                      size_t n)
{
    for (size_t i = 0; i < n; i += WIDE)
        hash_some(out0 + i, out1 + i, in + i, delta, start, tweak + i, n - i < WIDE ? n - i : WIDE);
}

const struct cn_aes_ops cn_aes_portable = {"portable", false, encrypt, hash, hash_pair};
