/* Fixed point: from trained weights to integers, and the network on integers, in the clear.
 *
 * Values live in Z_2^l, l = ring_bits. A point p holds integers that mean value * 2^frac[p]. Every term's weights are integers
 * below 2^(weight_bits - 1) in magnitude. At an activation the sum z has scale 2^(frac[p] + shift[p]); the activation adds
 * 2^(shift-1) (rounding; it is part of the integer bias), takes max(z, 0) for a ReLU as a signed l-bit number, and drops the
 * low shift[p] bits (arithmetic shift). Private inference gives the same integers bit for bit. */
#ifndef CNAS_FIXED_H
#define CNAS_FIXED_H

#include <cnas/model.h>

/* ---------- folding: generated code composes each linear segment into terms ---------- */
/* An affine value is a list of (source point, kernel) plus a bias for each channel. `a`, `x`: slots numbered by the compiler.
 * Every call writes slot `y` from slots `x`. Shapes were checked by the compiler; a misfit aborts. Memory trouble -> CNAS_E_MEMORY. */
CNAS_CHECKED enum cnas_status cnas_fold_source(struct cnas_fold *f, uint32_t y, uint32_t point);
CNAS_CHECKED enum cnas_status cnas_fold_conv(struct cnas_fold *f, uint32_t y, uint32_t x, const float *w, const float *bias,
                                             const struct cnas_conv_shape *s);
CNAS_CHECKED enum cnas_status cnas_fold_linear(struct cnas_fold *f, uint32_t y, uint32_t x, const float *w, const float *bias,
                                               size_t in, size_t out);
CNAS_CHECKED enum cnas_status cnas_fold_batch_norm(struct cnas_fold *f, uint32_t y, uint32_t x, const float *gamma,
                                                   const float *beta, const float *mean, const float *var, float epsilon);
CNAS_CHECKED enum cnas_status cnas_fold_avg_pool(struct cnas_fold *f, uint32_t y, uint32_t x, const struct cnas_conv_shape *s);
CNAS_CHECKED enum cnas_status cnas_fold_global_avg_pool(struct cnas_fold *f, uint32_t y, uint32_t x);
CNAS_CHECKED enum cnas_status cnas_fold_subsample(struct cnas_fold *f, uint32_t y, uint32_t x, size_t stride, size_t offset_y,
                                                  size_t offset_x);
/* One tap of a pool's windows: row and column `row`, `column` of each. Padding must be exact, as everywhere. */
CNAS_CHECKED enum cnas_status cnas_fold_tap(struct cnas_fold *f, uint32_t y, uint32_t x, const struct cnas_conv_shape *s, uint32_t row,
                                            uint32_t column);
CNAS_CHECKED enum cnas_status cnas_fold_channels(struct cnas_fold *f, uint32_t y, uint32_t x, uint32_t first, uint32_t count);
CNAS_CHECKED enum cnas_status cnas_fold_subtract(struct cnas_fold *f, uint32_t y, uint32_t a, uint32_t b); /* a - b */
CNAS_CHECKED enum cnas_status cnas_fold_slice(struct cnas_fold *f, uint32_t y, uint32_t x, const struct cnas_slice_shape *s);
CNAS_CHECKED enum cnas_status cnas_fold_add(struct cnas_fold *f, uint32_t y, const uint32_t *x, size_t parts);
CNAS_CHECKED enum cnas_status cnas_fold_concat(struct cnas_fold *f, uint32_t y, const uint32_t *x, size_t parts);
CNAS_CHECKED enum cnas_status cnas_fold_flatten(struct cnas_fold *f, uint32_t y, uint32_t x);
/* Slot x is what enters this point: its kernels must have exactly the geometry of the model's terms. Slots may be reused after. */
CNAS_CHECKED enum cnas_status cnas_fold_point(struct cnas_fold *f, uint32_t point, uint32_t x);

/* What of slot x depends on source `point`, as weights w (k, c/groups, kh, kw) of a convolution over that source, and bias (k; NULL: not
 * wanted). s->c: the source's channels, s->k: those of the slot. A linear layer over a map is a convolution with a kernel of its size.
 * For the compose function of a model alone: there calls only record, and the first of these composes the slot from its end. */
struct cnas_kernel_shape {
    uint32_t c, k, kh, kw, dilation, groups;
    int32_t pad_y, pad_x;
};
CNAS_CHECKED enum cnas_status cnas_fold_kernel(struct cnas_fold *f, uint32_t x, uint32_t point, float *w, float *bias,
                                               const struct cnas_kernel_shape *s);

/* ---------- inference with composed weights ---------- */
/* The parameters of m->served (its params_floats) from the trained ones of m, which has served. Thread-safe. CNAS_E_MEMORY. */
CNAS_CHECKED enum cnas_status cnas_serve(float *served, const struct cnas_model *m, const float *params);

/* ---------- the quantised network ---------- */

/* The public half: both parties know it (docs/security.md says what it tells). */
struct cnas_fixed_plan {
    uint32_t ring_bits;   /* l, 16..60 */
    uint32_t weight_bits; /* |weight| < 2^(weight_bits - 1) */
    uint32_t n_points;
    int8_t *frac;   /* per point: fraction bits of what the point holds; for the output: of the logits */
    uint8_t *shift; /* per point: dropped low bits; 0 for input and output */
};

struct cnas_fixed; /* plan and integer weights; immutable after making: share it freely between threads */

struct cnas_fixed_options {       /* 0 everywhere: all chosen */
    uint32_t activation_bits; /* bits for the largest calibrated activation, sign not counted; 0: chosen */
    uint32_t weight_bits;     /* most bits of a weight, with sign; 0: 14 */
    uint32_t headroom_bits;   /* room above the calibrated range before the ring wraps; 0: 2 */
    uint32_t ring_bits;       /* 0: the least that keep the float labels */
};

/* Folds and calibrates on n images (n, C, H, W), float, already normalised; chooses scales and the ring; quantises.
 * options: NULL for all defaults. The ring is the smallest in which at most one calibration image in 1000 changes its label, or the
 * one with the fewest changes. CNAS_E_RANGE: the options or the network's range leave no ring of at most 60 bits. */
CNAS_CHECKED enum cnas_status cnas_fixed_make(struct cnas_fixed **out, struct cnas_ctx *ctx, const struct cnas_model *m,
                                              const float *params, const float *images, size_t n,
                                              const struct cnas_fixed_options *options, struct cnas_error *err);
/* safetensors with the plan in its metadata; written to a temporary name and renamed. */
CNAS_CHECKED enum cnas_status cnas_fixed_save(const struct cnas_fixed *q, const struct cnas_model *m, const char *path,
                                              struct cnas_error *err);
CNAS_CHECKED enum cnas_status cnas_fixed_load(struct cnas_fixed **out, const struct cnas_model *m, const char *path,
                                              struct cnas_error *err);
void cnas_fixed_free(struct cnas_fixed **q);
const struct cnas_fixed_plan *cnas_fixed_plan(const struct cnas_fixed *q);

/* A normalised float image (C,H,W) to ring elements: round to nearest even of value * 2^frac[0], clamped to +-2^(l-2), mod 2^l. */
void cnas_fixed_input(uint64_t *out, const float *image, const struct cnas_model *m, const struct cnas_fixed_plan *plan);

/* The network in the clear on n quantised inputs (n, C*H*W): logits (n, classes) as signed integers of scale 2^frac[last]. */
CNAS_CHECKED enum cnas_status cnas_fixed_infer(const struct cnas_fixed *q, const struct cnas_model *m, struct cnas_ctx *ctx,
                                               int64_t *logits, const uint64_t *input, size_t n);

#endif
