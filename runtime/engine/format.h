/* How values between layers lie in memory while the engine runs: in blocks of channels, (N, ceil(C/B), H, W, B).
 *
 * B is 16 where the CPU has AVX-512, else 8: one vector of floats, so that a kernel for any layer is a loop over pixels with no
 * remainder. The channels of the last block that the value does not have are zero, always: whoever writes a value writes them.
 * Elements are float, or bfloat16: the upper 16 bits of a float, kept in uint16_t. */
#ifndef RUNTIME_ENGINE_FORMAT_H
#define RUNTIME_ENGINE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum cn_engine_type {
    CN_ENGINE_F32,  /* float */
    CN_ENGINE_BF16, /* upper half of a float, rounded to nearest even */
};

struct cn_engine_map { /* one sample of a value */
    uint32_t c, h, w;
};

enum { CN_ENGINE_BLOCK_MAX = 16 };

unsigned cn_engine_block(void);                  /* channels in a block on this CPU: 16 or 8 */
size_t cn_engine_channels(uint32_t c);           /* c rounded up to whole blocks: length of vectors that hold a number per channel */
size_t cn_engine_elements(struct cn_engine_map); /* of one sample, with the surplus channels */
size_t cn_engine_type_size(enum cn_engine_type); /* bytes of an element */

#endif
