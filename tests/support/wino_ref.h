/* What tests of Winograd convolution share: aligned memory, and the gradients of a convolution by naive loops in double. */
#ifndef TESTS_SUPPORT_WINO_REF_H
#define TESTS_SUPPORT_WINO_REF_H

#include "tests/support/grad.h"
#include "tests/support/kernel_ref.h"

void *aligned(size_t bytes); /* to 64; for free */
/* dx, dw and dbias of y = conv(x), of 3x3 and stride 1. */
void ref_back(double *dx, double *dw, double *dbias, const double *dy, const double *x, const double *w, size_t n,
              const struct cnas_conv_shape *s);

#endif
