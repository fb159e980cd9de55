/* The kernels of <cnas/kernel.h> once more: naive loops in double precision, one thread, forward only. What backward should be
 * follows by finite differences. Arguments as the kernels' without context. */
#ifndef TESTS_SUPPORT_KERNEL_REF_H
#define TESTS_SUPPORT_KERNEL_REF_H

#include <cnas/kernel.h>

void ref_conv2d(double *y, const double *x, const double *w, const double *bias, size_t n, const struct cnas_conv_shape *s);
void ref_linear(double *y, const double *x, const double *w, const double *bias, size_t n, size_t in, size_t out);
/* mean, var: of the batch, var biased; may be NULL. */
void ref_batch_norm(double *y, double *mean, double *var, const double *x, const double *gamma, const double *beta, size_t n,
                    size_t c, size_t hw, double epsilon);
void ref_avg_pool(double *y, const double *x, size_t n, const struct cnas_conv_shape *s);
void ref_max_pool(double *y, const double *x, size_t n, const struct cnas_conv_shape *s);
void ref_slice(double *y, const double *x, size_t n, const struct cnas_slice_shape *s);
void ref_subsample(double *y, const double *x, size_t n, size_t c, size_t h, size_t w, size_t oh, size_t ow, size_t stride,
                   size_t offset_y, size_t offset_x);
double ref_cross_entropy(const double *logits, const uint32_t *labels, size_t n, size_t classes);

/* The geometry with the output size filled in. */
struct cnas_conv_shape ref_shape(uint32_t c, uint32_t h, uint32_t w, uint32_t k, uint32_t kh, uint32_t kw, uint32_t stride,
                                 uint32_t pad_y, uint32_t pad_x, uint32_t dilation, uint32_t groups);

#endif
