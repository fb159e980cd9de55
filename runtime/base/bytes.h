/* Little-endian numbers and packed bits in byte strings. */
#ifndef RUNTIME_BASE_BYTES_H
#define RUNTIME_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline void cn_store32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}
static inline void cn_store64(unsigned char *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}
static inline uint32_t cn_load32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t cn_load64(const unsigned char *p)
{
    return (uint64_t)cn_load32(p) | (uint64_t)cn_load32(p + 4) << 32;
}

/* n values of `bits` bits (1..64), low bit first, into (n * bits + 7) / 8 bytes; unused bits of the last byte are zero. */
size_t cn_packed_size(size_t n, unsigned bits);
void cn_pack_bits(unsigned char *out, const uint64_t *values, size_t n, unsigned bits);
/* The reverse; returns 0, or -1 if an unused bit is set (a peer's packing must be canonical). */
int cn_unpack_bits(uint64_t *values, const unsigned char *in, size_t n, unsigned bits);

#endif
