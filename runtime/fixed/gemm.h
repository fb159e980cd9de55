/* One term on one image in double precision: im2col and dgemm. Exact when the caller keeps every sum below 2^53. */
#ifndef RUNTIME_FIXED_GEMM_H
#define RUNTIME_FIXED_GEMM_H

#include <cnas/model.h>

/* Scratch for any term of a model, in doubles. */
struct cn_gemm_scratch {
    double *map; /* the largest source map, (C, H, W): for the caller to fill */
    double *col; /* the largest im2col matrix, (C*KH*KW, OH*OW) */
    double *sum; /* the largest result, (K, OH*OW): for the caller to clear and read */
    size_t map_size, col_size, sum_size;
};
CNAS_CHECKED enum cnas_status cn_gemm_scratch_init(struct cn_gemm_scratch *s, const struct cnas_model *m);
void cn_gemm_scratch_clear(struct cn_gemm_scratch *s); /* wipes */

/* sum (K, OH*OW) += w (K, C*KH*KW) * im2col(map (C, H, W)) for term t. */
void cn_gemm_term(double *sum, const double *w, const double *map, double *col, const struct cnas_model *m, uint32_t term);

#endif
