/* What every machine can do: vectors of 8 floats, which the compiler splits. */
#define LANES 8
#define NO_UNROLL
#define TARGET
#define NAME "portable"
#define FUNCTION cn_engine_simd_portable
#define AVAILABLE 1
#include "runtime/engine/block_body.h"
