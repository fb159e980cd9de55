/* The loops of block.h, once for each vector unit, chosen at run time. A vector holds one block of channels.
 *
 * Their unit of work is a run: the pixels of one block of channels of one sample, contiguous in memory. Run r is block r mod
 * ceil(C/B) of sample r / ceil(C/B). The two kernels that sum over pixels take whole samples instead. */
#ifndef RUNTIME_ENGINE_BLOCK_SIMD_H
#define RUNTIME_ENGINE_BLOCK_SIMD_H

#include "runtime/engine/block.h"

struct cn_engine_simd {
    const char *name;
    unsigned block; /* channels in a block */
    void (*apply)(const struct cn_engine_apply *a, size_t first, size_t last);
    void (*sums)(double *sums, enum cn_engine_type type, struct cn_engine_map map, const void *z, size_t first, size_t last); /* samples */
    void (*back_sums)(double *sums, const struct cn_engine_back *b, size_t first, size_t last);                               /* samples */
    void (*back_apply)(const struct cn_engine_back *b, size_t first, size_t last);
    void (*pack)(enum cn_engine_type type, struct cn_engine_map map, void *y, const float *x, size_t first, size_t last);
    void (*unpack)(enum cn_engine_type type, struct cn_engine_map map, float *y, const void *x, size_t first, size_t last);
    void (*convert)(enum cn_engine_type to, void *y, enum cn_engine_type from, const void *x, size_t first, size_t last); /* numbers */
    void (*global)(enum cn_engine_type type, struct cn_engine_map map, float *y, const void *x, size_t first, size_t last);
    void (*global_back)(enum cn_engine_type type, struct cn_engine_map map, void *dx, int add, const float *dy, size_t first, size_t last);
    void (*pool)(const struct cn_engine_pool *p, size_t first, size_t last);
    void (*pool_back)(const struct cn_engine_pool *p, size_t first, size_t last);
};

const struct cn_engine_simd *cn_engine_simd_portable(void);
const struct cn_engine_simd *cn_engine_simd_avx2(void);        /* NULL: this CPU has no AVX2 and FMA */
const struct cn_engine_simd *cn_engine_simd_avx512(void);      /* NULL: this CPU has no AVX-512 with F, VL, BW and DQ */
const struct cn_engine_simd *cn_engine_simd_avx512_bf16(void); /* NULL: or lacks its bfloat16 conversions */

/* The best one for this CPU, unless another was asked for. */
const struct cn_engine_simd *cn_engine_simd(void);
/* For tests: this one from now on, NULL: the best. Values made before have another layout. */
void cn_engine_simd_use(const struct cn_engine_simd *simd);

#endif
