/* Sums over a row of floats. Sixteen partial sums in lanes, blocks of 1024 values added up in double: fast, and the rounding
 * error does not grow with the length of the row. The order of additions is fixed by the length. */
#ifndef RUNTIME_KERNEL_LANES_H
#define RUNTIME_KERNEL_LANES_H

#include <stddef.h>

double cn_kernel_sum(const float *x, size_t n);
double cn_kernel_sum_squares(const float *x, size_t n, float centre);                    /* of x - centre */
double cn_kernel_sum_products(const float *y, const float *x, size_t n, float centre);   /* of y (x - centre) */

#endif
