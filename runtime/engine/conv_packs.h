/* The weights of a layer in the orders that kernels want.
 *
 * In inference they seldom change: they are kept here, filled whenever they change, and ways that want the same order share one copy. In
 * training they change with every batch and each order is used in it once or twice, so packing them where they are used is as much work, and all
 * layers share that memory: the scratch of a call of oneDNN's kernels, the context's for ours (wino_run.c). The exception are oneDNN's
 * kernels by several threads (conv_split.c): each of many parts would pack for itself, so those packs are kept in training too.
 *
 * The bias is shared by all. */
#ifndef RUNTIME_ENGINE_CONV_PACKS_H
#define RUNTIME_ENGINE_CONV_PACKS_H

#include <cnas/kernel.h>

#include "runtime/engine/dnnl.h"

struct cn_engine_conv_packs;

/* Every shape of weights of a layer: (groups, out, in, kh, kw), of one group. Those that kernels see have whole blocks of
 * channels. */
struct cn_engine_conv_dims {
    uint32_t groups, out, in, kh, kw;
};

CNAS_CHECKED enum cnas_status cn_engine_conv_packs_new(struct cn_engine_conv_packs **, size_t bias /* padded; 0: none */);
void cn_engine_conv_packs_free(struct cn_engine_conv_packs **); /* after everything that was taken is given back */
/* Fills all packs. Both are kept by reference. w NULL: forgets them. k: floats of the bias. */
void cn_engine_conv_packs_weights(struct cn_engine_conv_packs *, struct cnas_ctx *, const float *w, const float *bias, size_t k);
const float *cn_engine_conv_packs_w(const struct cn_engine_conv_packs *); /* as given; NULL: not yet */
const float *cn_engine_conv_packs_plain_bias(const struct cn_engine_conv_packs *);
float *cn_engine_conv_packs_bias(struct cn_engine_conv_packs *); /* padded with zeros */
size_t cn_engine_conv_packs_bytes(const struct cn_engine_conv_packs *);

/* Weights packed for a run of our Winograd kernels (wino.h), one copy for the layer's shape and one for its mirror image; filled if the
 * weights are known. NULL without memory. */
const float *cn_engine_conv_packs_wino_take(struct cn_engine_conv_packs *, struct cnas_ctx *, const struct cnas_conv_shape *run,
                                            int mirrored);
void cn_engine_conv_packs_wino_give_back(struct cn_engine_conv_packs *, int mirrored);

/* Between (groups, out, in, kh, kw) as the network has it and with surplus zeros: `wide` has no dimension smaller than `narrow`.
 */
void cn_engine_conv_widen(float *to, struct cn_engine_conv_dims wide, const float *from, struct cn_engine_conv_dims narrow);
void cn_engine_conv_narrow(float *to, struct cn_engine_conv_dims narrow, const float *from, struct cn_engine_conv_dims wide);

#ifdef HAVE_DNNL
struct cn_engine_conv_pack;

/* A pack of this order. kept: filled if the weights are known, and whenever they change; all takes of a layer agree on that. real: the
 * layer's shape, wide: what the order is for. CNAS_E_RANGE: oneDNN does not pack so. */
CNAS_CHECKED enum cnas_status cn_engine_conv_pack_take(struct cn_engine_conv_pack **, struct cn_engine_conv_packs *,
                                                       const struct cn_engine_dnnl *, struct cnas_ctx *,
                                                       const dnnl_memory_desc_t *order, struct cn_engine_conv_dims wide,
                                                       struct cn_engine_conv_dims real, int kept);
void cn_engine_conv_pack_give_back(struct cn_engine_conv_packs *, struct cn_engine_conv_pack *); /* NULL is fine */
/* Where the packed weights lie: at `scratch` (_scratch bytes), packed by this call, unless they are kept. */
void *cn_engine_conv_pack_data(const struct cn_engine_conv_pack *, const struct cn_engine_conv_packs *, struct cnas_ctx *, void *scratch);
size_t cn_engine_conv_pack_scratch(const struct cn_engine_conv_pack *); /* 0: kept */
/* (out,in,kh,kw), or (groups,out,in,kh,kw) with several groups, of floats in rows. */
int cn_engine_conv_plain_order(const struct cn_engine_dnnl *, dnnl_memory_desc_t *, struct cn_engine_conv_dims);
#endif

#endif
