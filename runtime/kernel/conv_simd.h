/* The inner loops of direct convolution, once for each vector unit. All three are compiled everywhere on x86-64 and chosen at run
 * time; elsewhere only the portable one exists. They give results that differ in rounding (fused or not, order of partial sums). */
#ifndef RUNTIME_KERNEL_CONV_SIMD_H
#define RUNTIME_KERNEL_CONV_SIMD_H

#include <stddef.h>
#include <stdint.h>

enum { CN_KERNEL_ROWS = 8, CN_KERNEL_VECTORS = 6, CN_KERNEL_DOTS = 32 }; /* most rows and columns of a block of accumulators;
                                                                              most of both, in whole vectors */

struct cn_kernel_simd {
    const char *name;
    size_t lanes;                      /* floats of a vector */
    size_t most[CN_KERNEL_ROWS + 1];   /* most columns beside that many rows, so that all accumulators stay in registers; 0: none */

    /* out (rows, ld): out[r][i] = sum over d of w[d][r] * x[offset[d] + i], i < columns * lanes; w (depth, rows). Indexed [rows][columns]. */
    void (*tile[CN_KERNEL_ROWS + 1][CN_KERNEL_VECTORS + 1])(float *out, size_t ld, const float *w, const float *x,
                                                            const uint32_t *offset, size_t depth);

    /* out (rows, columns), CN_KERNEL_DOTS floats of room: out[r][c] = sum over samples s and i < vectors * lanes of dy[s dy_sample + r dy_row + i] *
     * x[s x_sample + offset[c] + i]. Indexed [rows][columns]. */
    void (*dot[CN_KERNEL_ROWS + 1][CN_KERNEL_VECTORS + 1])(float *out, const float *dy, size_t dy_row, size_t dy_sample,
                                                           const float *x, const uint32_t *offset, size_t x_sample,
                                                           size_t samples, size_t vectors);
};

const struct cn_kernel_simd *cn_kernel_simd_portable(void);
const struct cn_kernel_simd *cn_kernel_simd_avx2(void);   /* NULL: this CPU has no AVX2 and FMA */
const struct cn_kernel_simd *cn_kernel_simd_avx512(void); /* NULL: this CPU has no AVX-512F */

#endif
