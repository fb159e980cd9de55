/* One convolution layer on values in blocks of channels (format.h): forward, gradient of the input, gradient of the weights.
 *
 * There are several ways to do each of the three, such as oneDNN's direct and Winograd kernels; where there is none, the kernels
 * of <cnas/kernel.h> between two reorders. cn_engine_conv_new times those that fit, each direction for itself, on the real shape,
 * and takes the fastest, or of nearly equal ones that of the least memory (conv_measure.c); the tuning remembers what it took
 * (tuning.h), because another choice means other rounding. Same machine, same choices, same number of threads: the same bits.
 * oneDNN is loaded when the first layer is made (dnnl.h). */
#ifndef RUNTIME_ENGINE_CONV_H
#define RUNTIME_ENGINE_CONV_H

#include <stddef.h>

#include <cnas/kernel.h>

#include "runtime/engine/format.h"
#include "runtime/engine/tuning.h"

struct cn_engine_conv;

struct cn_engine_conv_want {
    struct cnas_conv_shape shape;
    size_t n;                 /* samples of most calls; what is timed */
    enum cn_engine_type type; /* of x, y and their gradients */
    int plain_x;              /* x is not blocked but (N,C,H,W) floats: the network's input. Then there is no gradient of x. */
    int bias;
    int forward_only; /* forward alone will be called */
    int no_dx;        /* backward_data will not be called */
};

/* tuning: asked first, told what was chosen; NULL: nothing is timed, the most exact ways are taken. Used during the call alone. */
CNAS_CHECKED enum cnas_status cn_engine_conv_new(struct cn_engine_conv **, struct cnas_ctx *, const struct cn_engine_conv_want *,
                                                 struct cn_engine_tuning *tuning, struct cnas_error *);
void cn_engine_conv_free(struct cn_engine_conv **); /* NULL *conv is fine */

/* Bytes that every call below needs at `scratch`, aligned to 64; contents undefined before and after. */
size_t cn_engine_conv_scratch(const struct cn_engine_conv *);
/* Bytes that the layer itself holds: packed weights (conv_packs.h), and scratch for numbers of samples that came later and need more. */
size_t cn_engine_conv_memory(const struct cn_engine_conv *);
/* What was chosen, such as "jit:avx512_core"; NULL for a direction that is not wanted. For reports. */
const char *cn_engine_conv_forward_way(const struct cn_engine_conv *);
const char *cn_engine_conv_data_way(const struct cn_engine_conv *);
const char *cn_engine_conv_weights_way(const struct cn_engine_conv *);

/* Before the first call and after every change of the weights. w (K,C/groups,KH,KW), bias (K), NULL where the layer has none.
 * Both are kept by reference and must not change or go away until the next call of this. */
void cn_engine_conv_weights(struct cn_engine_conv *, const float *w, const float *bias);

/* n: want.n or any other number, such as that of a last batch. Another number's kernels are made at its first call, and kept for
 * a few numbers; without memory for them the context remembers CNAS_E_MEMORY (cnas_ctx_status).
 * Outputs are overwritten, their surplus channels become zero; no output overlaps an input. Values are aligned to 64 bytes. */
void cn_engine_conv_forward(struct cn_engine_conv *, void *y, const void *x, size_t n, void *scratch);
void cn_engine_conv_backward_data(struct cn_engine_conv *, void *dx, const void *dy, size_t n, void *scratch);
/* dw as w, dbias (K) or NULL: floats, sums over the n samples. */
void cn_engine_conv_backward_weights(struct cn_engine_conv *, float *dw, float *dbias, const void *dy, const void *x, size_t n,
                                     void *scratch);

#endif
