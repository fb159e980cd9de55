/* A 128-bit block: AES block, wire label, OT message. On a wire: its 16 bytes in memory order, low byte first. */
#ifndef RUNTIME_PRG_BLOCK_H
#define RUNTIME_PRG_BLOCK_H

#include <stdint.h>

typedef struct {
    uint64_t w[2];
} cn_block;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "blocks go on the wire as they lie in memory");

static inline cn_block cn_block_xor(cn_block a, cn_block b)
{
    return (cn_block){{a.w[0] ^ b.w[0], a.w[1] ^ b.w[1]}};
}
/* a if bit is 1, the zero block if it is 0; no branch. */
static inline cn_block cn_block_times(uint64_t bit, cn_block a)
{
    uint64_t mask = -bit;
    return (cn_block){{a.w[0] & mask, a.w[1] & mask}};
}

#endif
