/* 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3): a quarter of the multiplications, everything of one group of tiles in
 * cache, from the transform of the input to the transform of the output.
 *
 * Values are blocked (format.h), float or bfloat16; all arithmetic is in float. What is read passes through a cn_engine_wino_read and
 * what is written through a cn_engine_wino_write, row by row while the rows are in the first-level cache: there a batch norm and a
 * ReLU cost no pass over memory of their own.
 *
 * The _range functions work on samples first .. last-1 (buffers start at sample 0) or blocks of output channels, in the calling
 * thread, for use inside a chunk of cn_kernel_run. What they compute for a sample does not depend on the range it is in, except for
 * sums over samples. The others work with all threads; results do not depend on how many. */
#ifndef RUNTIME_ENGINE_WINO_H
#define RUNTIME_ENGINE_WINO_H

#include <stddef.h>

#include <cnas/kernel.h>

#include "runtime/engine/format.h"

/* A value, made while it is read from what lies in memory. Vectors by channel are padded (cn_engine_channels). With all of scale and z
 * NULL: x itself. */
struct cn_engine_wino_read {
    enum cn_engine_type type;
    const void *x;
    /* z NULL: scale x + shift, not below 0 with relu. */
    const float *scale, *shift;
    int relu;
    /* z not NULL: the gradient behind a batch norm, of_g g + of_z z + of_1, where g is x, with relu only where scale z + shift > 0. */
    const void *z;
    const float *of_g, *of_z, *of_1;
};

/* What becomes of a result. */
struct cn_engine_wino_write {
    enum cn_engine_type type;
    void *y;
    const float *bias; /* NULL, or padded: added first */
    int add;           /* then y = y + result */
    /* NULL, or padded doubles, added to: for each channel the sum of what was stored and that of its square; or, with z, the sums of g
     * and of g z, where g is what was stored, with scale only where scale z + shift > 0. */
    double *sums, *products;
    const void *z;
    const float *scale, *shift;
};

/* 3x3, stride 1, no groups or dilation, padding at most 2, and a CPU with AVX-512 or AVX2. */
int cn_engine_wino_fits(const struct cnas_conv_shape *);

/* The gradient of the input is a convolution too, of this shape, of dy, with weights packed `mirrored`. */
struct cnas_conv_shape cn_engine_wino_mirror(const struct cnas_conv_shape *);

/* Packed weights for a run of this shape: floats, aligned to 64 bytes. The range is of blocks of the run's output channels, and
 * starts at an even one, as does `base`, the block whose weights lie at `packed`. w is always the layer's (K,C,3,3); `s` is the shape of
 * the run, so the mirrored one with `mirrored`. */
size_t cn_engine_wino_weights(const struct cnas_conv_shape *s);
void cn_engine_wino_pack(struct cnas_ctx *, float *packed, const float *w, int mirrored, const struct cnas_conv_shape *s);
void cn_engine_wino_pack_range(float *packed, const float *w, int mirrored, const struct cnas_conv_shape *s, size_t base, size_t first,
                               size_t last);

/* Where a run by all threads has its weights from. */
struct cn_engine_wino_filter {
    const float *packed; /* whole; NULL: packed for this run, in memory of the context, in slices where they are large, from */
    const float *w;      /* the layer's */
    int mirrored;
    double *pack_s;      /* NULL, or the time that packing takes is added here */
};

/* By all threads, with memory of the context: at most _bytes. write->sums and products must be NULL; sums (NULL: not wanted) is given those
 * of all samples, one after the other, as 2 padded doubles. */
void cn_engine_wino_run(struct cnas_ctx *, const struct cn_engine_wino_write *, const struct cn_engine_wino_read *,
                        const struct cn_engine_wino_filter *, const struct cnas_conv_shape *s, size_t n, double *sums);
size_t cn_engine_wino_run_bytes(const struct cnas_ctx *, const struct cnas_conv_shape *s, size_t n);

/* dw (K,C,3,3), dbias (K) or NULL: overwritten. Memory for the transformed gradients is the context's: at most _bytes. */
void cn_engine_wino_gradient(struct cnas_ctx *, float *dw, float *dbias, const struct cn_engine_wino_read *dy,
                             const struct cn_engine_wino_read *x, const struct cnas_conv_shape *s, size_t n);
size_t cn_engine_wino_gradient_bytes(const struct cnas_ctx *, const struct cnas_conv_shape *s, size_t n);
/* The same in parts: each overwrites, or adds to with `add`, floats of its own for output blocks k_first .. k_last-1 (k_first even;
 * cn_engine_wino_weights(s) for all) and, not NULL, cn_engine_channels(K) doubles of sums of dy. finish adds `parts` of the former,
 * `apart` floats from each other, in that order. scratch: for ranges of at most `blocks`. */
size_t cn_engine_wino_gradient_scratch(const struct cnas_conv_shape *s, size_t blocks);
void cn_engine_wino_gradient_range(float *part, double *sums, int add, const struct cn_engine_wino_read *dy,
                                   const struct cn_engine_wino_read *x, const struct cnas_conv_shape *s, size_t first, size_t last,
                                   size_t k_first, size_t k_last, float *scratch);
void cn_engine_wino_finish_range(float *dw, const float *part, size_t parts, size_t apart, const struct cnas_conv_shape *s, size_t k_first,
                                 size_t k_last);

#endif
