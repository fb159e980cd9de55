/* What struct cnas_fixed holds, and how it comes to be. */
#ifndef RUNTIME_FIXED_QUANT_H
#define RUNTIME_FIXED_QUANT_H

#include <cnas/fixed.h>

enum {
    CN_RING_BITS_MIN = 16,
    CN_RING_BITS_MAX = 60,
    CN_WEIGHT_BITS_MIN = 2,
    CN_WEIGHT_BITS_MAX = 24,
    CN_FRAC_MAX = 60 /* of any scale's exponent, both signs */
};

struct cnas_fixed {
    struct cnas_fixed_plan plan;
    uint32_t n_terms;
    size_t *weight_at; /* (n_terms + 1): term t has weights[weight_at[t]..weight_at[t+1]), (K, C, KH, KW) */
    size_t *bias_at;   /* (n_points + 1): point p has bias[bias_at[p]..bias_at[p+1]), (K); none for the input */
    int32_t *weights;
    double *gemm_weights; /* the same numbers, for dgemm */
    uint64_t *bias;       /* modulo 2^ring_bits, rounding included */
};

/* All arrays sized for the model, content zero. */
CNAS_CHECKED enum cnas_status cn_quant_new(struct cnas_fixed **out, const struct cnas_model *m);
/* After the weights were written. */
void cn_quant_seal(struct cnas_fixed *q);

/* Elements of the weights of term t, of the value at point p. */
size_t cn_term_size(const struct cnas_model *m, uint32_t term);
size_t cn_point_size(const struct cnas_model *m, uint32_t point);
/* Products in one output element of the point: the taps of all its terms. */
size_t cn_point_taps(const struct cnas_model *m, uint32_t point);

static inline uint64_t cn_ring_mask(unsigned ring_bits)
{
    return (UINT64_C(1) << ring_bits) - 1;
}

#endif
