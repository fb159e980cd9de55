/* The vector loops of Winograd convolution, once for AVX-512 and once for AVX2, chosen at run time. Floats; a vector is a block of
 * channels of one pixel. Pointers are aligned to vectors.
 *
 * Tiles are transformed to 36 matrices with a row for each tile, CN_ENGINE_WINO_TILES tiles at a time: v, for a block of channels, is
 * (tiles / CN_ENGINE_WINO_TILES, 36, CN_ENGINE_WINO_TILES + 1, lanes). The surplus row keeps the 36 off each other's places in the
 * cache. Tile t is row t % CN_ENGINE_WINO_TILES of the matrices of its number; m, what the products give, is the same. */
#ifndef RUNTIME_ENGINE_WINO_SIMD_H
#define RUNTIME_ENGINE_WINO_SIMD_H

#include <stddef.h>

#include "runtime/engine/wino.h"

enum { CN_ENGINE_WINO_POINTS = 36, CN_ENGINE_WINO_TILES = 16, CN_ENGINE_WINO_VECTORS = 36 * 17 /* of CN_ENGINE_WINO_TILES tiles */ };

struct cn_engine_wino_simd {
    size_t lanes;

    /* w vectors from element `at` of the value, which is channels' block `block`: where they are or, made, at `buffer`. */
    const float *(*read)(const struct cn_engine_wino_read *, size_t at, size_t block, size_t w, float *buffer);
    /* The opposite, from `row`, which is changed. */
    void (*write)(const struct cn_engine_wino_write *, size_t at, size_t block, size_t w, float *row);
    /* sums (lanes) += w vectors */
    void (*sum)(double *sums, const float *row, size_t w);

    /* v of `tiles` tiles from tile `first` from 6 rows of w pixels, with `left` zero pixels before; tmp (4 tiles + 2, 6, lanes). */
    void (*take)(float *v, const float *const row[6], size_t w, size_t left, size_t first, size_t tiles, float *tmp);
    /* The transposed transform of the result: v of 4 rows; tmp the same. */
    void (*spread)(float *v, const float *const row[4], size_t w, size_t first, size_t tiles, float *tmp);
    /* 4 rows of 4 tiles pixels, `row` floats apart, from m. */
    void (*give)(float *y, size_t row, const float *m, size_t first, size_t tiles);

    /* One of the 36 products, for [pair] blocks of output channels: m(block, tile) = sum over channels of v(in block, tile, c)
     * u(in block, c, pair, lanes), v_block floats from block to block. `tiles` is rounded up to 8. */
    void (*multiply[3])(float *m, size_t m_block, const float *v, size_t v_block, const float *u, size_t in_blocks, size_t tiles);
    /* Its transpose: s (lanes c, pair, lanes) = (add: +=) sum over tiles of v(tile, c) d(pair, tile) */
    void (*collect[3])(float *s, int add, const float *v, const float *d, size_t d_block, size_t tiles);

    /* 36 vectors at u, `xs` apart, from weights (9, lanes), and back, from the sum of `parts` of s, `part` floats apart. */
    void (*pack)(float *u, size_t xs, const float *w);
    void (*finish)(float *dw, const float *s, size_t xs, size_t parts, size_t part);
};

const struct cn_engine_wino_simd *cn_engine_wino_avx2(void);   /* NULL: not on this CPU */
const struct cn_engine_wino_simd *cn_engine_wino_avx512(void);

#endif
