/* What the folded network does to real images, in double precision: the ranges from which scales are chosen, and the labels that
 * the integers have to reproduce. */
#ifndef RUNTIME_FIXED_CALIBRATE_H
#define RUNTIME_FIXED_CALIBRATE_H

#include "runtime/fixed/fold.h"

struct cn_ranges {
    double *z_max;   /* (n_points) largest |z| that enters the point; for the input: largest |pixel| */
    double *y_max;   /* (n_points) largest |value| that the point holds */
    double *mean;    /* the average image of every point, one after the other; mean_at[p]: where point p starts */
    size_t *mean_at; /* (n_points + 1) */
    uint32_t *label; /* (n) the largest logit, first on a tie */
};

/* images (n, C, H, W). CNAS_E_RANGE: the network gives infinities or NaN. */
CNAS_CHECKED enum cnas_status cn_ranges_measure(struct cn_ranges *r, struct cnas_ctx *ctx, const struct cnas_model *m,
                                                const struct cnas_fold *f, const float *images, size_t n);
void cn_ranges_clear(struct cn_ranges *r);

#endif
