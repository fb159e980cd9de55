/* The two ways to convolve; conv.c chooses. All take checked shapes. Arguments as the public functions'. */
#ifndef RUNTIME_KERNEL_CONV_H
#define RUNTIME_KERNEL_CONV_H

#include <stddef.h>

#include <cnas/kernel.h>

#include "runtime/kernel/conv_simd.h"

/* Any geometry: columns (im2col) and a matrix product. */
void cn_kernel_conv_gemm_forward(struct cnas_ctx *ctx, float *y, const float *x, const float *w, const float *bias, size_t n,
                                 const struct cnas_conv_shape *s);
void cn_kernel_conv_gemm_backward(struct cnas_ctx *ctx, float *dx, int add_dx, float *dw, float *dbias, const float *dy,
                                  const float *x, const float *w, size_t n, const struct cnas_conv_shape *s);

/* Stride 1, one group, a kernel larger than 1x1, padding within the kernel's reach, a sample that stays in the cache: 1. */
int cn_kernel_conv_direct_fits(const struct cnas_conv_shape *s);
/* Only where it fits. */
void cn_kernel_conv_direct_forward(struct cnas_ctx *ctx, const struct cn_kernel_simd *simd, float *y, const float *x, const float *w,
                                   const float *bias, size_t n, const struct cnas_conv_shape *s);
void cn_kernel_conv_direct_backward(struct cnas_ctx *ctx, const struct cn_kernel_simd *simd, float *dx, int add_dx, float *dw,
                                    float *dbias, const float *dy, const float *x, const float *w, size_t n,
                                    const struct cnas_conv_shape *s);

/* Weight gradients are summed in segments of the batch, one partial result each; then in the order of the segments.
 * Their number depends on the shapes alone. */
size_t cn_kernel_conv_segments(size_t n, size_t floats);
/* dw (weights), dbias (k, may be NULL) = sum over segments of parts[segment * stride ...]: weights first, biases after. */
void cn_kernel_conv_sum(struct cnas_ctx *ctx, float *dw, float *dbias, const float *parts, size_t segments, size_t stride,
                        size_t weights, size_t k);
/* sums (k) of dy (samples, k, map). */
void cn_kernel_conv_bias_sums(float *sums, const float *dy, size_t samples, size_t k, size_t map);

#endif
