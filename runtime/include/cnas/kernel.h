/* Float32 kernels of the clear programs, called by generated code.
 *
 * Tensors are dense, NCHW, one allocation each: (N, C, H, W) or (N, F). The caller owns every buffer; outputs come first;
 * no kernel allocates after cnas_ctx_new except scratch that the context keeps and grows. Buffers never overlap unless said.
 * Shapes are the generated program's constants: a shape that does not fit is a broken contract and aborts.
 *
 * Backward kernels: add_dx = 0 overwrites dx, 1 adds to it (a map with several consumers); dx may be NULL (not wanted).
 * Parameter gradients are overwritten.
 * Determinism: results do not depend on the number of threads: work is cut in fixed chunks, partial sums are added in order.
 * Thread safety: one context belongs to one caller at a time. */
#ifndef CNAS_KERNEL_H
#define CNAS_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include <cnas/status.h>

struct cnas_ctx; /* worker threads and scratch */

/* threads: 0 asks for one per available core, at most 64. *out is NULL on failure. */
CNAS_CHECKED enum cnas_status cnas_ctx_new(struct cnas_ctx **out, unsigned threads);
void cnas_ctx_free(struct cnas_ctx **ctx); /* NULL *ctx is fine */
unsigned cnas_ctx_threads(const struct cnas_ctx *ctx);
/* CNAS_E_MEMORY if a kernel found no memory for its scratch since the last call (its outputs are then undefined); else CNAS_OK.
 * Whoever runs a batch asks once after it. */
CNAS_CHECKED enum cnas_status cnas_ctx_status(struct cnas_ctx *ctx);

/* The kernels that OpenBLAS chose for this CPU, such as "Cooperlake". cnas_ctx_new sets OpenBLAS to one thread for the whole
 * process, because whole samples are spread over the context's threads instead. */
const char *cnas_blas_core(void);
/* 1 if an inherited OPENBLAS_CORETYPE forces a core with narrower vectors than the CPU has; a sentence of advice (n bytes at
 * most) then goes to `advice`, else "". */
int cnas_blas_core_is_slow(char *advice, size_t n);

/* Geometry of a convolution or pooling on one sample. */
struct cnas_conv_shape {
    uint32_t c, h, w;           /* input channels, height, width */
    uint32_t k, oh, ow;         /* output channels, height, width */
    uint32_t kh, kw, stride;    /* kernel, stride on both axes */
    uint32_t pad_y, pad_x;      /* zero rows above and below, zero columns left and right */
    uint32_t dilation, groups;  /* 1, 1 unless asked for */
};

/* y (N,K,OH,OW) = x (N,C,H,W) * w (K,C/groups,KH,KW) + bias (K) (NULL: none). */
void cnas_conv2d_forward(struct cnas_ctx *ctx, float *y, const float *x, const float *w, const float *bias, size_t n,
                         const struct cnas_conv_shape *s);
/* dw as w; dbias (K) or NULL. dw NULL: neither is wanted, x is not read. */
void cnas_conv2d_backward(struct cnas_ctx *ctx, float *dx, int add_dx, float *dw, float *dbias, const float *dy, const float *x,
                          const float *w, size_t n, const struct cnas_conv_shape *s);

/* y (N,OUT) = x (N,IN) w^T + bias; w (OUT,IN), bias (OUT) or NULL. */
void cnas_linear_forward(struct cnas_ctx *ctx, float *y, const float *x, const float *w, const float *bias, size_t n, size_t in,
                         size_t out);
void cnas_linear_backward(struct cnas_ctx *ctx, float *dx, int add_dx, float *dw, float *dbias, const float *dy, const float *x,
                          const float *w, size_t n, size_t in, size_t out);

/* Ioffe & Szegedy 2015. gamma, beta, mean, var: (C); hw = H*W. Biased variance normalises the batch, unbiased enters running_var.
 * save_mean, save_invstd (C): what backward needs. running = decay * running + (1 - decay) * batch. */
void cnas_batch_norm_train(struct cnas_ctx *ctx, float *y, float *save_mean, float *save_invstd, float *running_mean,
                           float *running_var, const float *x, const float *gamma, const float *beta, size_t n, size_t c,
                           size_t hw, float epsilon, float decay);
void cnas_batch_norm_infer(struct cnas_ctx *ctx, float *y, const float *x, const float *gamma, const float *beta,
                           const float *running_mean, const float *running_var, size_t n, size_t c, size_t hw, float epsilon);
void cnas_batch_norm_backward(struct cnas_ctx *ctx, float *dx, int add_dx, float *dgamma, float *dbeta, const float *dy,
                              const float *x, const float *gamma, const float *save_mean, const float *save_invstd, size_t n,
                              size_t c, size_t hw);

/* size elements in all. relu backward takes the forward output: dx = dy where y > 0. */
void cnas_relu_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t size);
void cnas_relu_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, const float *y, size_t size);

/* y = x^2. */
void cnas_square_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t size);
void cnas_square_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, const float *x, size_t size);

/* y = a x^2 + b x + c with trained coefficients for each channel; w (3,C): all a, all b, all c. hw = H*W. */
void cnas_poly2_forward(struct cnas_ctx *ctx, float *y, const float *x, const float *w, size_t n, size_t c, size_t hw);
void cnas_poly2_backward(struct cnas_ctx *ctx, float *dx, int add_dx, float *dw, const float *dy, const float *x, const float *w,
                         size_t n, size_t c, size_t hw);

/* Nearest: y (N,C,H*F,W*F), y[n,c,i,j] = x[n, c, i/factor, j/factor]. */
void cnas_upsample_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, size_t c, size_t h, size_t w, size_t factor);
void cnas_upsample_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t n, size_t c, size_t h, size_t w,
                            size_t factor);

/* s: k = c, kernel, stride, pad; padding zeros count in the average. */
void cnas_avg_pool_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, const struct cnas_conv_shape *s);
void cnas_avg_pool_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t n,
                            const struct cnas_conv_shape *s);
/* y (N,C) = mean over hw of x (N,C,HW). */
void cnas_global_avg_pool_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, size_t c, size_t hw);
void cnas_global_avg_pool_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t n, size_t c, size_t hw);

/* s as for avg_pool; windows see only what lies inside the map (at least one element each). Backward: dx at the first largest
 * element of each window, in rows from the top; a NaN is larger than any number. */
void cnas_max_pool_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, const struct cnas_conv_shape *s);
void cnas_max_pool_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, const float *x, size_t n,
                            const struct cnas_conv_shape *s);

/* A part of x (N,C,H,W): y[n,c,i,j] = x[n, c+channel, i+row, j+column], (N,OC,OH,OW); zero where that lies outside of x's rows and
 * columns, so this also pads. */
struct cnas_slice_shape {
    uint32_t c, h, w, oc, oh, ow;
    uint32_t channel;
    int32_t row, column;
};
void cnas_slice_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, const struct cnas_slice_shape *s);
void cnas_slice_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t n, const struct cnas_slice_shape *s);

/* y[n,c,i,j] = x[n,c,i*stride+offset_y,j*stride+offset_x]. */
void cnas_subsample_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, size_t c, size_t h, size_t w, size_t oh,
                            size_t ow, size_t stride, size_t offset_y, size_t offset_x);
void cnas_subsample_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t n, size_t c, size_t h, size_t w,
                             size_t oh, size_t ow, size_t stride, size_t offset_y, size_t offset_x);

/* y = x[0] + ... + x[parts-1], size elements each. Backward: one call per input copies or adds. */
void cnas_add_forward(struct cnas_ctx *ctx, float *y, const float *const *x, size_t parts, size_t size);
void cnas_add_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t size);

/* Concatenation over channels: part i is (N, c[i], HW), y is (N, sum c, HW). Backward handles one part that starts at channel `first`. */
void cnas_concat_forward(struct cnas_ctx *ctx, float *y, const float *const *x, const size_t *c, size_t parts, size_t n, size_t hw);
void cnas_concat_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t first, size_t c, size_t total,
                          size_t n, size_t hw);

/* Inverted dropout. The mask is a function of seed, layer and element of the batch only; backward draws it again. */
void cnas_dropout_train(struct cnas_ctx *ctx, float *y, const float *x, size_t size, float rate, uint64_t seed, uint32_t layer);
void cnas_dropout_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t size, float rate, uint64_t seed,
                           uint32_t layer);

/* Each sample's logits become probabilities, in place. */
void cnas_softmax(struct cnas_ctx *ctx, float *logits, size_t n, size_t classes);

/* Mean softmax cross-entropy over n samples of `classes` logits, a share `smoothing` of each target spread over all classes; returns the loss, writes dlogits (may be NULL), counts
 * samples whose largest logit (first one on a tie) is the label into *correct (may be NULL). */
double cnas_softmax_cross_entropy(struct cnas_ctx *ctx, float *dlogits, size_t *correct, const float *logits,
                                  const uint32_t *labels, size_t n, size_t classes, float smoothing);
/* The same for samples that are mixed of two: shares (n), in [0, 1], is how much of the target the label in others (n) has; the rest is that of the
 * label in labels. Right is the one with the larger share. others and shares may both be NULL: nothing is mixed. */
double cnas_mixed_cross_entropy(struct cnas_ctx *ctx, float *dlogits, size_t *correct, const float *logits, const uint32_t *labels,
                                const uint32_t *others, const float *shares, size_t n, size_t classes, float smoothing);

/* Distillation (Hinton, Vinyals & Dean 2015, section 2): to a mean loss over n samples and its gradient dlogits (n, classes) joins the
 * divergence of the softened answers from the teacher's. Returns (1 - weight) loss + weight T^2 mean KL(softmax(t/T) || softmax(z/T)), z being
 * logits and t teacher; dlogits becomes its gradient. weight in [0, 1], temperature T above 0, teacher finite. NAN without memory. */
double cnas_distillation(struct cnas_ctx *ctx, float *dlogits, double loss, const float *logits, const float *teacher, size_t n,
                         size_t classes, float weight, float temperature);

#endif
