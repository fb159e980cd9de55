/* Kernels on values in blocks of channels (format.h): everything between convolutions. All of them move more bytes than they
 * compute, so what can be done in one pass over memory is one call here.
 *
 * Each kernel exists twice. cn_engine_NAME(ctx, ..., n) works on n samples with all threads; the same name with _range works on
 * samples first .. last-1 in the calling thread, for use inside a chunk of cn_kernel_run. Buffers always start at sample 0.
 * Calls with all threads stream outputs around the caches that are too large to stay there; they ask for it themselves.
 * Results do not depend on the number of threads. Buffers are aligned to 64 bytes. An output may be the same buffer as an input
 * only where that is said.
 *
 * Vectors with a number per channel are "padded": cn_engine_channels(c) floats whose surplus is zero. That keeps the surplus
 * channels of values zero. Parameters and their gradients are plain (C). */
#ifndef RUNTIME_ENGINE_BLOCK_H
#define RUNTIME_ENGINE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include <cnas/kernel.h>

#include "runtime/engine/format.h"

/* ---- between plain and blocked ---- */

/* y (blocked) from x (N,C,H,W) floats, and back. */
void cn_engine_pack(struct cnas_ctx *, enum cn_engine_type, struct cn_engine_map, void *y, const float *x, size_t n);
void cn_engine_pack_range(enum cn_engine_type, struct cn_engine_map, void *y, const float *x, size_t first, size_t last);
void cn_engine_unpack(struct cnas_ctx *, enum cn_engine_type, struct cn_engine_map, float *y, const void *x, size_t n);
void cn_engine_unpack_range(enum cn_engine_type, struct cn_engine_map, float *y, const void *x, size_t first, size_t last);

/* Any array of numbers from one type to the other (or the same: a copy); nearest even, a NaN stays one. */
void cn_engine_convert(struct cnas_ctx *, enum cn_engine_type to, void *y, enum cn_engine_type from, const void *x, size_t count);

/* ---- batch normalisation, addition, ReLU ---- */

/* What one batch norm layer holds: parameters (C), running statistics (C), and padded vectors that its kernels write and read. */
struct cn_engine_bn {
    const float *gamma, *beta;
    float *running_mean, *running_var; /* running = decay * running + (1 - decay) * batch; the variance there is the unbiased one */
    float epsilon, decay;
    float *mean, *invstd;              /* padded; of the batch */
    float *scale, *shift;              /* padded; the layer is scale z + shift */
    float *dgamma, *dbeta;             /* (C), overwritten by backward */
    float *of_g, *of_z, *of_1;         /* padded; dz = of_g g + of_z z + of_1 for each channel, written by the backward sums */
};

/* Statistics of z over the batch: writes mean, invstd, scale, shift, updates running_mean and running_var. */
void cn_engine_bn_statistics(struct cnas_ctx *, const struct cn_engine_bn *, enum cn_engine_type, struct cn_engine_map,
                             const void *z, size_t n);
/* The same in parts: each chunk overwrites its own sums, 2 * cn_engine_channels(c) doubles; finish adds `chunks` of them, which
 * lie one after the other, in that order, into the first. n: samples of the batch; with peers in the
 * context (runtime/kernel/ctx.h) finish adds theirs too. */
void cn_engine_bn_sums_range(double *sums, enum cn_engine_type, struct cn_engine_map, const void *z, size_t first, size_t last);
void cn_engine_bn_finish(const struct cnas_ctx *, const struct cn_engine_bn *, struct cn_engine_map, double *sums, size_t chunks, size_t n);
/* scale and shift from the running statistics. */
void cn_engine_bn_inference(const struct cn_engine_bn *, uint32_t c);

/* A term of a sum: scale z + shift for each channel (padded), z itself where scale is NULL, nothing where z is NULL. */
struct cn_engine_branch {
    const void *z;
    const float *scale, *shift;
};

/* y = in[0] + in[1], then ReLU if wanted, in one pass: batch norm, its residual addition and ReLU; but also addition alone, ReLU
 * alone, a copy. y may be one of the z. The same call makes y again in the backward pass, with the same bits. */
struct cn_engine_apply {
    enum cn_engine_type type;
    struct cn_engine_map map;
    void *y;
    void *signs;                      /* NULL, or where y > 0: a bit for each element, cn_engine_elements / 8 bytes a sample */
    struct cn_engine_branch in[2];    /* in[0].z is there */
    int relu;
    int stream;                       /* y goes to memory around the caches: it is not read soon, and is none of the z */
};
void cn_engine_apply(struct cnas_ctx *, const struct cn_engine_apply *, size_t n);
void cn_engine_apply_range(const struct cn_engine_apply *, size_t first, size_t last);

/* Where the gradient passes ReLU. */
enum cn_engine_mask {
    CN_ENGINE_MASK_NONE,  /* everywhere: no ReLU */
    CN_ENGINE_MASK_Y,     /* where mask_from, the forward output, is above 0 */
    CN_ENGINE_MASK_SIGNS, /* where the bits of mask_from, forward's signs, are set: a 32nd of the bytes of float y */
    CN_ENGINE_MASK_AGAIN, /* where the sum of `in` is above 0: needs no y */
};

/* Backward of cn_engine_apply. With g = (dy + dy_more) where the mask is set, else 0:
 *   dz of a batch norm branch = of_g g + of_z z + of_1,   dz of a branch without scale = g.
 * A batch norm needs sums of g over the whole batch first, hence two passes:
 *   1. cn_engine_back_sums: the sums, dgamma, dbeta and the coefficients of the batch norms bn[i]; also writes g if wanted
 *   2. cn_engine_back_apply: dz of every branch that wants it.
 * Without batch norm the second pass is enough. If the first pass wrote g, the second takes it as dy with no mask and no dy_more:
 * less traffic where there is a dy_more or a mask that is not AGAIN, and g is the gradient of a branch without batch norm. */
struct cn_engine_back {
    enum cn_engine_type type;
    struct cn_engine_map map;
    const void *dy, *dy_more;         /* dy_more: NULL, or the gradient that another consumer of y gave */
    enum cn_engine_mask mask;
    const void *mask_from;
    struct cn_engine_branch in[2];    /* as forward; z is read where the mask is AGAIN and where there is a scale */
    void *g;                          /* first pass: NULL, or g goes here; may be dy or dy_more */
    struct cn_engine_back_out {
        void *dz;                     /* second pass: NULL, or the gradient of in[i] goes here; may be dy, dy_more or in[i].z */
        const float *of_g, *of_z, *of_1; /* padded; NULL: dz = g */
        int add;                      /* dz += */
        int stream;                   /* as above; heeded for out[0] */
    } out[2];
};
/* bn[i]: the layer behind in[i].scale, NULL where that branch has none. At least one is there. */
void cn_engine_back_sums(struct cnas_ctx *, const struct cn_engine_back *, const struct cn_engine_bn *const bn[2], size_t n);
/* The same in parts. Each chunk overwrites its own sums, 3 * cn_engine_channels(c) doubles: of g, of g times z[0], of g times z[1]
 * (0 where in[i] has no scale). finish adds `chunks` of them into the first and ends one or two batch norms, as above. */
void cn_engine_back_sums_range(double *sums, const struct cn_engine_back *, size_t first, size_t last);
void cn_engine_back_finish(const struct cnas_ctx *, const struct cn_engine_bn *const bn[2], struct cn_engine_map, double *sums, size_t chunks,
                           size_t n);
void cn_engine_back_apply(struct cnas_ctx *, const struct cn_engine_back *, size_t n);
void cn_engine_back_apply_range(const struct cn_engine_back *, size_t first, size_t last);

/* ---- pooling ---- */

/* y (N,C) floats = mean over H, W of x; backward: dx = dy / (H W), added with add_dx. */
void cn_engine_global_avg_pool(struct cnas_ctx *, enum cn_engine_type, struct cn_engine_map, float *y, const void *x, size_t n);
void cn_engine_global_avg_pool_range(enum cn_engine_type, struct cn_engine_map, float *y, const void *x, size_t first, size_t last);
void cn_engine_global_avg_pool_back(struct cnas_ctx *, enum cn_engine_type, struct cn_engine_map, void *dx, int add_dx,
                                    const float *dy, size_t n);
void cn_engine_global_avg_pool_back_range(enum cn_engine_type, struct cn_engine_map, void *dx, int add_dx, const float *dy,
                                          size_t first, size_t last);

/* As cnas_avg_pool_* and cnas_max_pool_* in <cnas/kernel.h>: y (N,K,OH,OW) from x (N,C,H,W), K = C. With bfloat16, gradients of
 * overlapping maximum windows are rounded at each addition. */
struct cn_engine_pool {
    enum cn_engine_type type;
    const struct cnas_conv_shape *shape;
    int max;            /* 0: average */
    void *y;            /* forward */
    const void *x;      /* forward; backward of max */
    const void *dy;     /* backward */
    void *dx;
    int add_dx;
};
void cn_engine_pool(struct cnas_ctx *, const struct cn_engine_pool *, size_t n);
void cn_engine_pool_range(const struct cn_engine_pool *, size_t first, size_t last);
void cn_engine_pool_back(struct cnas_ctx *, const struct cn_engine_pool *, size_t n);
void cn_engine_pool_back_range(const struct cn_engine_pool *, size_t first, size_t last);

/* ---- channels ---- */

/* Copies (or adds) `count` channels of x from channel x_first to y at channel y_first; both have the same H and W. Concatenation is
 * a call for each part, its backward and a slice of channels the opposite. Where the last channel of y is written, so are the
 * surplus zeros after it; every other channel of y stays. */
struct cn_engine_channel_copy {
    enum cn_engine_type type;
    void *y;
    const void *x;
    uint32_t y_channels, y_first, x_channels, x_first, count;
    size_t hw;
    int add;
};
void cn_engine_copy_channels(struct cnas_ctx *, const struct cn_engine_channel_copy *, size_t n);
void cn_engine_copy_channels_range(const struct cn_engine_channel_copy *, size_t first, size_t last);

#endif
