/* Sizes of blocked values. */
#include "runtime/engine/format.h"

#include "runtime/base/misuse.h"
#include "runtime/engine/block_simd.h"

unsigned cn_engine_block(void)
{
    return cn_engine_simd()->block;
}

size_t cn_engine_channels(uint32_t c)
{
    size_t block = cn_engine_block();
    return (c + block - 1) / block * block;
}

size_t cn_engine_elements(struct cn_engine_map map)
{
    return cn_engine_channels(map.c) * map.h * map.w;
}

size_t cn_engine_type_size(enum cn_engine_type type)
{
    cn_require(type == CN_ENGINE_F32 || type == CN_ENGINE_BF16);
    return type == CN_ENGINE_F32 ? sizeof(float) : sizeof(uint16_t);
}
