/* From ranges and bit widths to a plan and integer weights. */
#ifndef RUNTIME_FIXED_QUANTISE_H
#define RUNTIME_FIXED_QUANTISE_H

#include "runtime/fixed/calibrate.h"
#include "runtime/fixed/fold.h"
#include "runtime/fixed/quant.h"

/* Fills q (of cn_quant_new; used again for another choice). Activations keep `activation_bits` bits for the largest calibrated
 * value. The terms of a point must agree on the scale F of their sum: frac[src] + exponent of the term's weights = F, so F is the
 * largest that leaves every term's weights below 2^(weight_bits - 1). The ring holds every calibrated |z| * 2^F with headroom_bits
 * to spare. CNAS_E_RANGE: no ring of at most CN_RING_BITS_MAX does. */
CNAS_CHECKED enum cnas_status cn_quantise(struct cnas_fixed *q, const struct cnas_model *m, const struct cnas_fold *f,
                                          const struct cn_ranges *r, unsigned activation_bits, unsigned weight_bits,
                                          unsigned headroom_bits);

/* Whether every term of the model leaves limbs of a few bits at this width (segment.c). */
int cn_quant_fits_limbs(const struct cnas_model *m, unsigned weight_bits);

#endif
