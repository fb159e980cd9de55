/* The body of block_simd_*.c. Who includes it defines LANES, TARGET, NAME (a string), FUNCTION (the table's name), AVAILABLE (a
 * condition), and NATIVE_BF16, NATIVE_SIGNS as block_lanes.h says. No include guard: one body, several units. */
#include "runtime/engine/block_lanes.h"
#include "runtime/engine/block_norm_body.h"
#include "runtime/engine/block_pack_body.h"
#include "runtime/engine/block_pool_body.h"

const struct cn_engine_simd *FUNCTION(void)
{
    static const struct cn_engine_simd simd = {
        .name = NAME, .block = LANES, .apply = apply, .sums = sums, .back_sums = back_sums, .back_apply = back_apply, .pack = pack,
        .unpack = unpack, .convert = convert, .global = global, .global_back = global_back, .pool = pool, .pool_back = pool_back,
    };
    return AVAILABLE ? &simd : NULL;
}
