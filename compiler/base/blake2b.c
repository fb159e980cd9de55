/* BLAKE2b-256 of one piece of memory.
 * Source:  RFC 7693, sections 2 and 3; constants from section 2.6 and 2.7.
 * Differs: result length fixed to 32 bytes, no key, the message is given whole. */
#include "compiler/base/blake2b.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK = 128, ROUNDS = 12 };

static const uint64_t iv[8] = {
    /* the first 64 bits of the fractional parts of the square roots of the first eight primes */
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

static const uint8_t sigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

static uint64_t rotate_right(uint64_t x, int n)
{
    return x >> n | x << (64 - n);
}

static void mix(uint64_t v[16], int a, int b, int c, int d, uint64_t x, uint64_t y)
{
    v[a] += v[b] + x;
    v[d] = rotate_right(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = rotate_right(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 63);
}

/* counted: bytes of the message up to the end of this block. */
static void compress(uint64_t h[8], const unsigned char block[BLOCK], uint64_t counted, int last)
{
    uint64_t m[16] = {0}, v[16];
    for (int i = 0; i < BLOCK; i++)
        m[i / 8] |= (uint64_t)block[i] << 8 * (i % 8);
    memcpy(v, h, 8 * sizeof *v);
    memcpy(v + 8, iv, sizeof iv);
    v[12] ^= counted;
    if (last)
        v[14] = ~v[14];
    for (int round = 0; round < ROUNDS; round++) {
        const uint8_t *s = sigma[round % 10];
        for (int i = 0; i < 4; i++) /* columns */
            mix(v, i, i + 4, i + 8, i + 12, m[s[2 * i]], m[s[2 * i + 1]]);
        for (int i = 0; i < 4; i++) /* diagonals */
            mix(v, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12, m[s[2 * i + 8]], m[s[2 * i + 9]]);
    }
    for (int i = 0; i < 8; i++)
        h[i] ^= v[i] ^ v[i + 8];
}

void blake2b(unsigned char out[BLAKE2B_BYTES], const void *bytes, size_t n)
{
    uint64_t h[8];
    memcpy(h, iv, sizeof h);
    h[0] ^= 0x01010000 ^ BLAKE2B_BYTES; /* fanout 1, depth 1, no key, length of the result */
    const unsigned char *at = bytes;
    size_t done = 0;
    for (; n - done > BLOCK; done += BLOCK)
        compress(h, at + done, done + BLOCK, 0);
    unsigned char block[BLOCK] = {0};
    if (n > done)
        memcpy(block, at + done, n - done);
    compress(h, block, n, 1);
    for (int i = 0; i < BLAKE2B_BYTES; i++)
        out[i] = (unsigned char)(h[i / 8] >> 8 * (i % 8));
}

void blake2b_hex(char out[BLAKE2B_HEX], const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[BLAKE2B_BYTES];
    blake2b(raw, bytes, n);
    for (int i = 0; i < BLAKE2B_BYTES; i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    out[2 * BLAKE2B_BYTES] = '\0';
}
