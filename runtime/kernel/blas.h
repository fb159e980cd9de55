/* The one door to OpenBLAS: row-major single precision products, one thread. */
#ifndef RUNTIME_KERNEL_BLAS_H
#define RUNTIME_KERNEL_BLAS_H

#include <stddef.h>

void cn_kernel_blas_init(void); /* OpenBLAS to one thread, for the whole process */

/* C (M,N) = op(A) (M,K) * op(B) (K,N) + beta * C. trans: the matrix is stored transposed. ld: row length of the stored matrix. */
void cn_kernel_gemm(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb,
                    float beta, float *c, size_t ldc);

#endif
