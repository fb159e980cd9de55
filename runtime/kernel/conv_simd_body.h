/* The body of conv_simd_*.c. Who includes it defines LANES, TARGET (function attributes), NAME (a string), FUNCTION (the table's
 * name), AVAILABLE (a condition), MOST (the member), BLOCKS(block): the (rows, columns) of each block of accumulators,
 * EACH_LANE(f, h): f(0, h), f(1, h), .., and EACH_DISTANCE(f): f(LANES / 2) .. f(1). No include guard: one body, several units. Written with the vector extension of gcc and clang; loops over rows and columns have constant
 * bounds once inlined and are unrolled, so `sum` lives in registers. */
#include <string.h>

#include "runtime/kernel/conv_simd.h"

typedef float vec __attribute__((vector_size(4 * LANES))); /* C has no other way to name a vector type */

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define INLINE static inline __attribute__((always_inline)) TARGET

INLINE void tile(float *out, size_t ld, const float *w, const float *x, const uint32_t *offset, size_t depth, int rows, int columns)
{
    vec sum[CN_KERNEL_ROWS][CN_KERNEL_VECTORS], in[CN_KERNEL_VECTORS];
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
        for (int c = 0; c < columns; c++)
            sum[r][c] = (vec){0};
    for (size_t d = 0; d < depth; d++, w += rows) {
        UNROLL
        for (int c = 0; c < columns; c++)
            memcpy(&in[c], x + offset[d] + c * LANES, sizeof in[c]);
        UNROLL
        for (int r = 0; r < rows; r++)
            UNROLL
            for (int c = 0; c < columns; c++)
                sum[r][c] += w[r] * in[c];
    }
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
        for (int c = 0; c < columns; c++)
            memcpy(out + (size_t)r * ld + c * LANES, &sum[r][c], sizeof sum[r][c]);
}

/* Vectors are folded in pairs: with distance h, r[i] = a[i] + a[i + h] in lanes where bit h of i is 0, and b[i - h] + b[i] where
 * it is 1. Two vectors become one; after all distances LANES vectors have become one, and lane i of it is the sum of vector i. */
#define KEEP(i, h) ((i) & (h) ? LANES + (i) : (i))
#define SWAP(i, h) ((i) & (h) ? LANES + (i) - (h) : (i) + (h))
#ifdef __clang__
#define PICK(a, b, which, h) __builtin_shufflevector(a, b, EACH_LANE(which, h))
#else
typedef int lane_numbers __attribute__((vector_size(4 * LANES)));
#define PICK(a, b, which, h) __builtin_shuffle(a, b, (lane_numbers){EACH_LANE(which, h)})
#endif
#define FOLD(h)                                                                                                                   \
    UNROLL for (int i = 0; i < h; i++) v[i] = PICK(v[i], v[i + h], KEEP, h) + PICK(v[i], v[i + h], SWAP, h);

INLINE void dot(float *out, const float *dy, size_t dy_row, size_t dy_sample, const float *x, const uint32_t *offset,
                size_t x_sample, size_t samples, size_t vectors, int rows, int columns)
{
    vec sum[CN_KERNEL_ROWS][CN_KERNEL_VECTORS], in[CN_KERNEL_VECTORS], g;
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
        for (int c = 0; c < columns; c++)
            sum[r][c] = (vec){0};
    for (size_t s = 0; s < samples; s++)
        for (size_t v = 0; v < vectors; v++) {
            const float *y = dy + s * dy_sample + v * LANES, *p = x + s * x_sample + v * LANES;
            UNROLL
            for (int c = 0; c < columns; c++)
                memcpy(&in[c], p + offset[c], sizeof in[c]);
            UNROLL
            for (int r = 0; r < rows; r++) {
                memcpy(&g, y + (size_t)r * dy_row, sizeof g);
                UNROLL
                for (int c = 0; c < columns; c++)
                    sum[r][c] += g * in[c];
            }
        }
    UNROLL
    for (int first = 0; first < rows * columns; first += LANES) {
        vec v[LANES];
        UNROLL
        for (int i = 0; i < LANES; i++)
            v[i] = first + i < rows * columns ? sum[(first + i) / columns][(first + i) % columns] : (vec){0};
        EACH_DISTANCE(FOLD)
        memcpy(out + first, &v[0], sizeof v[0]);
    }
}

#define DEFINE(R, C)                                                                                                              \
    static TARGET void tile_##R##_##C(float *out, size_t ld, const float *w, const float *x, const uint32_t *offset, size_t depth) \
    {                                                                                                                             \
        tile(out, ld, w, x, offset, depth, R, C);                                                                                 \
    }                                                                                                                             \
    static TARGET void dot_##R##_##C(float *out, const float *dy, size_t dy_row, size_t dy_sample, const float *x,                 \
                                     const uint32_t *offset, size_t x_sample, size_t samples, size_t vectors)                     \
    {                                                                                                                             \
        dot(out, dy, dy_row, dy_sample, x, offset, x_sample, samples, vectors, R, C);                                             \
    }
BLOCKS(DEFINE)

#define TILE_ENTRY(R, C) .tile[R][C] = tile_##R##_##C,
#define DOT_ENTRY(R, C) .dot[R][C] = dot_##R##_##C,

const struct cn_kernel_simd *FUNCTION(void)
{
    static const struct cn_kernel_simd simd = {.name = NAME, .lanes = LANES, .most = MOST, BLOCKS(TILE_ENTRY) BLOCKS(DOT_ENTRY)};
    return AVAILABLE ? &simd : NULL;
}
