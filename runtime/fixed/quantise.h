/* From ranges and bit widths to a plan and integer weights. */
#ifndef RUNTIME_FIXED_QUANTISE_H
#define RUNTIME_FIXED_QUANTISE_H

#include "runtime/fixed/calibrate.h"
#include "runtime/fixed/fold.h"
#include "runtime/fixed/quant.h"

struct cn_widths {
    unsigned ring_bits;       /* CN_RING_BITS_MIN..CN_RING_BITS_MAX */
    unsigned activation_bits; /* of the largest calibrated value of a point, sign not counted */
    unsigned weight_bits;     /* most bits of a weight, with sign; fits cn_quant_fits_limbs */
    unsigned headroom_bits;   /* that stay free above every calibrated |z| */
};

/* Fills q (of cn_quant_new; may be used again for other widths); the plan's weight_bits are what the weights really need.
 * CNAS_E_RANGE: a value does not fit the ring, or no weight would be left. */
CNAS_CHECKED enum cnas_status cn_quantise(struct cnas_fixed *q, const struct cnas_model *m, const struct cnas_fold *f,
                                          const struct cn_ranges *r, const struct cn_widths *widths);

/* Whether weights of this width leave limbs of a few bits at every point of the model (segment.c). */
int cn_quant_fits_limbs(const struct cnas_model *m, unsigned weight_bits);

#endif
