/* One linear segment on integers: z_p = bias_p + sum over the terms t of p of conv(W_t, x_src(t)), exact modulo 2^l.
 *
 * The inputs are any residues modulo 2^l (masked activations use all l bits), not only small numbers. They are cut into signed
 * limbs so that no sum of products reaches 2^53, where double arithmetic is still exact; each limb is one im2col and dgemm.
 * The number of limbs depends on public things only: l, weight_bits and the shapes. */
#ifndef RUNTIME_FIXED_SEGMENT_H
#define RUNTIME_FIXED_SEGMENT_H

#include <cnas/fixed.h>

/* Scratch for any segment of one network; one thread at a time. It holds values that passed through it: free wipes it. */
struct cn_fixed_workspace; /* making one sets OpenBLAS to one thread for the whole process, as cnas_ctx_new does */
CNAS_CHECKED enum cnas_status cn_fixed_workspace_new(struct cn_fixed_workspace **out, const struct cnas_fixed *q,
                                                     const struct cnas_model *m);
void cn_fixed_workspace_free(struct cn_fixed_workspace **ws);

/* z (c, h, w) of `point`, each below 2^l. values[p] (c, h, w) of point p, each below 2^l; only the sources of the point's terms
 * are looked at. z must not overlap them. Rounding is in the bias: truncation of z drops plan->shift[point] bits and that is all. */
void cn_fixed_segment(uint64_t *z, const struct cnas_fixed *q, const struct cnas_model *m, struct cn_fixed_workspace *ws,
                      uint32_t point, const uint64_t *const *values);

/* The weights of term t of the model, (K, C, KH, KW), magnitudes below 2^(weight_bits - 1). */
const int32_t *cn_fixed_weights(const struct cnas_fixed *q, uint32_t term);
/* The bias of point p, (K), modulo 2^l, rounding included. */
const uint64_t *cn_fixed_bias(const struct cnas_fixed *q, uint32_t point);

/* What the activation of point p makes of z, element by element, modulo 2^l: max(z, 0) for a ReLU, then the shift. In place is fine. */
void cn_fixed_activate(uint64_t *y, const uint64_t *z, const struct cnas_fixed_plan *plan, const struct cnas_model *m, uint32_t point);

/* Residues to signed numbers, -2^(l-1) .. 2^(l-1) - 1. */
static inline int64_t cn_fixed_signed(uint64_t v, unsigned ring_bits)
{
    return (int64_t)(v << (64 - ring_bits)) >> (64 - ring_bits);
}

#endif
