/* The plan: a network scheduled. One plan, from which clear training, clear inference and both sides of private inference are
 * printed. It says everything that a printer needs: no consumer sees the IR.
 *
 * Clear side.  Layers in order of execution, with where each operand lies: in the inference slab, the training slab and the
 * gradient slab. A buffer of f floats per sample at offset o lies at slab + o * capacity. Slabs are planned statically: buffers
 * whose lifetimes do not meet share memory. Backward is the layers in reverse order.
 *
 * Private side.  Points and terms as in <cnas/model.h>, and the calls of <cnas/fixed.h> that compose the terms' kernels from the
 * parameters when the weights are known. The geometry of the terms is decided here; the numbers are computed there. So that both
 * agree, these are the rules.
 *
 * A value between points is  bias + sum over its terms of conv(W_t, value of source t),  one term per source point, with
 *     v[k,i,j] = bias[k] + sum W[k,c,y,x] src[c, i*stride + y - pad_y, j*stride + x - pad_x],   zero outside the source map.
 * Rows are written below; columns go by the same rule.
 *   point               one term on itself: 1x1, stride 1, pad 0, identity.
 *   conv k,s,p,d        over a term (k1,s1,p1): kernel k1 + d(k-1)s1, stride s*s1, pad p1 + p*s1.
 *   avg_pool k,s,p      the same as a convolution with d = 1.
 *   global_avg_pool     the same as an average over the whole map: k = H, kw = W, s = 1, p = 0.
 *   linear              over a flattened C x H x W map: the same as a convolution with k = H, kw = W, s = 1, p = 0.
 *   subsample s,o       the same as a 1x1 convolution with stride s, pad -o.
 *   slice, pad          rows: the same as a 1x1 convolution with padding -first row (pad: the rows on top), which gives as many rows
 *                       as the result has. Channels: geometry unchanged.
 *   max_pool            is built of ReLUs: max(a, b) = b + relu(a - b). Of its taps, each the same as a 1x1 convolution with stride s and
 *                       padding p minus the tap's row, neighbours are compared at once: a point with the differences of all pairs
 *                       stacked along the channels, then half as many values, until one is left. A ReLU for each of n - 1 comparisons,
 *                       log2 n points. Padding is exact where it is for avg_pool and where no value is negative, so that zeros never win.
 *   batch_norm, dropout, flatten, reshape: geometry unchanged (flatten only renames: its memory order is the map's; reshape is
 *                       refused where it gives another map).
 *   add, concat         terms of the same source are aligned to the union of their extents: rows -pad .. k-1-pad; new pad = the
 *                       largest pad, new kernel = largest k-pad + largest pad. Strides must agree.
 *   map of one row and column (H = W = 1): the stride means nothing and is written 1.
 *   cropping            outer rows of a kernel that lie outside the source map for every row i of the value are dropped, from the
 *                       top, then from the bottom (for example global_avg_pool over a padded 3x3: kernel H + 2, pad 1 becomes
 *                       kernel H, pad 0). This is done here after every step. Rows dropped early are rows that only zeros reach
 *                       later too, so cropping once at the end (cnas_fold_point) gives the same geometry and the same numbers.
 * Padding of a conv, avg_pool or pad (p > 0) is exact only where the value, continued beyond its map by the formula above, is zero
 * there: it has no bias, and every term reads only outside its source for rows -1 and H of the value: (k-1) - s - pad < 0 and
 * H*s - pad >= source height. True of points, and of sums, concatenations, even-sized pools and bias-free 1x1 convolutions of
 * points. Elsewhere a value becomes a point of its own (rescale), and so it does where a composition would be absurdly larger than its
 * parts. The pass fixed-point decides which and marks it in the graph; what is a point is not decided here.
 *
 * Without the private side (PLAN_PRIVATE is not asked for) there are no points, terms and fold calls. */
#ifndef COMPILER_LOWER_PLAN_H
#define COMPILER_LOWER_PLAN_H

#include "compiler/base/arena.h"
#include "compiler/base/site.h"
#include "compiler/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ir_graph;

#define PLAN_NONE UINT32_MAX

struct plan_dims { /* one sample; features: h = w = 1 */
    uint32_t c, h, w;
};

enum plan_param_kind { PLAN_WEIGHT, PLAN_BIAS, PLAN_GAMMA, PLAN_BETA, PLAN_COEFFICIENTS, PLAN_MEAN, PLAN_VAR, PLAN_PARAM_KINDS };

struct plan_param {
    const char *name; /* "<layer>.weight" */
    enum plan_param_kind kind;
    uint32_t layer;
    uint32_t rank, dim[4];
    uint64_t offset, size; /* floats; trained parameters first, statistics after params_trained; no gaps */
};

struct plan_buffer {
    const char *name;     /* of the value: the layer that writes it, or the input */
    uint64_t floats;      /* per sample */
    uint64_t offset;      /* per sample, a multiple of PLAN_ALIGN */
    uint32_t first, last; /* times of the first write and the last read, both included; see plan_time_... */
};
#define PLAN_ALIGN 16 /* floats: one cache line */

struct plan_slab {
    uint32_t n_buffers;
    const struct plan_buffer *buffers;
    uint64_t floats; /* per sample */
    uint64_t peak;   /* the most that is alive at one time: no plan can be smaller */
};

/* Time 0: the input is there. Layer i runs forward at i + 1. The loss comes after the last layer; then backward, last layer
 * first. */
static inline uint32_t plan_time_forward(uint32_t layer)
{
    return layer + 1;
}
static inline uint32_t plan_time_loss(uint32_t n_layers)
{
    return n_layers + 1;
}
static inline uint32_t plan_time_backward(uint32_t n_layers, uint32_t layer)
{
    return 2 * n_layers + 1 - layer;
}

enum plan_op { /* one kernel each, forward and backward */
               PLAN_CONV,
               PLAN_LINEAR,
               PLAN_BATCH_NORM,
               PLAN_RELU,
               PLAN_AVG_POOL,
               PLAN_GLOBAL_AVG_POOL,
               PLAN_SQUARE,
               PLAN_POLY2,
               PLAN_MAX_POOL, /* also over the whole map */
               PLAN_SUBSAMPLE,
               PLAN_UPSAMPLE,
               PLAN_SLICE,
               PLAN_PAD, /* a slice that reaches over the edges */
               PLAN_ADD,
               PLAN_CONCAT,
               PLAN_DROPOUT, /* training only: at inference its result is its input's buffer */
               PLAN_OP_COUNT
};
const char *plan_op_name(enum plan_op op);
/* The shortest decimal text that reads back as x. */
const char *plan_number(struct arena *a, double x);

struct plan_operand { /* indices of buffers */
    uint32_t infer, train;
    uint32_t grad; /* PLAN_NONE: no gradient wanted */
    bool add;      /* an input: an earlier backward step wrote this gradient, so add to it */
    struct plan_dims dims;
};

struct plan_window { /* conv, pools; subsample: stride and offsets; upsample: stride, the factor */
    uint32_t kh, kw, stride, pad_y, pad_x, dilation, groups;
    uint32_t offset_y, offset_x;
};

struct plan_slice { /* slice, pad: where the result starts in the operand */
    uint32_t channel;
    int32_t row, column;
};

struct plan_layer {
    enum plan_op op;
    const char *name;
    struct site site;
    uint32_t n_x;
    const struct plan_operand *x;
    struct plan_operand y; /* y.grad PLAN_NONE: no backward step */
    struct plan_window window;
    struct plan_slice slice;
    double epsilon, decay;            /* batch_norm */
    double rate;                      /* dropout */
    uint32_t seed;                    /* dropout: number of the layer */
    uint32_t param[PLAN_PARAM_KINDS]; /* PLAN_NONE where it has none */
    uint64_t state;                   /* batch_norm: batch mean, then inverse deviation, c floats each */
    uint64_t macs;                    /* per sample */
};

enum plan_point_kind { PLAN_POINT_INPUT, PLAN_POINT_RELU, PLAN_POINT_RESCALE, PLAN_POINT_OUTPUT };

struct plan_point {
    const char *name;
    const char *node; /* the IR's name of the value, or of the max_pool that compares here: for reports */
    enum plan_point_kind kind;
    struct plan_dims dims;
    struct site site;
    uint32_t first_term, n_terms;
    uint32_t first_fold, n_folds; /* the calls that compose this point's terms; the last is PLAN_FOLD_POINT */
};

struct plan_term { /* as struct cnas_term */
    uint32_t dst, src;
    uint32_t kh, kw, stride;
    int32_t pad_y, pad_x;
};

enum plan_fold_op {
    PLAN_FOLD_SOURCE,
    PLAN_FOLD_LAYER,
    PLAN_FOLD_FLATTEN,
    PLAN_FOLD_TAP,      /* of the max_pool `layer`: row at[0], column at[1] of its windows */
    PLAN_FOLD_CHANNELS, /* at[1] of them, from at[0] on */
    PLAN_FOLD_SUM,
    PLAN_FOLD_SUBTRACT,
    PLAN_FOLD_STACK, /* along the channels */
    PLAN_FOLD_POINT
};

struct plan_fold { /* one cnas_fold_ call */
    enum plan_fold_op op;
    uint32_t point; /* source, point */
    uint32_t layer; /* layer: its op says which call; tap */
    uint32_t at[2]; /* tap, channels */
    uint32_t y;     /* slot written; not one of x. PLAN_NONE for PLAN_FOLD_POINT */
    uint32_t n_x;   /* slots read */
    const uint32_t *x;
};

enum plan_optimizer { PLAN_SGD, PLAN_ADAMW };
enum plan_schedule { PLAN_COSINE, PLAN_ONE_CYCLE, PLAN_STEPS, PLAN_CONSTANT };
enum { PLAN_MILESTONES = 8 };

struct plan_train { /* defaults of the training program: struct cnas_train_options of <cnas/model.h> */
    double lr_max, lr_min, momentum, weight_decay;
    bool nesterov, flip, flip_alternate, crop_reflect;
    uint32_t epochs, batch, restart_first, restart_factor, crop, cutout;
    double cutmix;
    enum plan_optimizer optimizer;
    double beta1, beta2, epsilon, bias_lr;
    bool decoupled, decay_all;
    enum plan_schedule schedule;
    double warmup, cycle_up, cycle_start, step_factor;
    bool by_epoch, cycle_cosine;
    uint32_t n_milestones, milestones[PLAN_MILESTONES];
    double label_smoothing, ema, clip;
    double distill_weight, temperature; /* temperature 0: neither is said */
};

/* What the output is made of: the logits themselves, their softmax, or their argmax. */
enum plan_result { PLAN_LOGITS, PLAN_PROBABILITIES, PLAN_LABEL };

struct plan {
    const char *network; /* as written */
    const char *digest;       /* 64 hex digits: BLAKE2b-256 of plan_print_network's text */
    const char *clear_digest; /* of plan_print_clear's */

    const char *input_name;
    struct plan_dims input;
    const double *mean, *std;          /* input.c each; NULL: none */
    uint32_t input_infer, input_train; /* buffers at offset 0 of both slabs */
    const char *output_name;
    uint32_t classes; /* logits */
    enum plan_result result;
    uint32_t logits_infer, logits_train, logits_grad;
    uint64_t relus, relu_equivalents, macs;
    bool is_private; /* points, terms and folds are there */

    uint32_t n_params;
    const struct plan_param *params;
    uint64_t params_floats, params_trained;

    struct plan_slab infer, train, grad;
    uint64_t state_floats; /* per batch */

    uint32_t n_layers;
    const struct plan_layer *layers;

    uint32_t n_points; /* topological; the input first, the output last */
    const struct plan_point *points;
    uint32_t n_terms;
    const struct plan_term *terms;
    uint32_t n_folds, n_slots;
    const struct plan_fold *folds;

    struct plan_train defaults;
    uint32_t ring_bits; /* 0: chosen when the trained network is quantised */
};

/* The value that a buffer of the training slab holds, numbered as in <cnas/model.h>: 0 the input, i + 1 the result of layer i. */
uint32_t plan_value(const struct plan *p, uint32_t train_buffer);

/* What a valid network may still lack for a generated program, in words for the user. */
struct plan_refusal {
    struct site site;
    const char *text;
    bool only_private; /* the clear programs could be generated */
};

enum plan_sides { PLAN_CLEAR, PLAN_PRIVATE /* and clear */ };

/* lower.c. NULL: *why was set. Everything in arena a; strings and sites of g are shared. */
const struct plan *plan_lower(struct arena *a, const struct ir_graph *g, enum plan_sides sides, struct plan_refusal *why);

/* The same network for inference in the clear, with fewer multiply-accumulates: a plan of its own, and where its weights come from. Those
 * that are not composed are the trained ones of the same name. */
struct plan_source { /* what the folds of a served network call a point */
    const char *name;
    struct plan_dims dims;
};
struct plan_composed { /* a value of the trained network */
    const char *name;
    struct plan_dims dims;
    uint32_t first_fold, n_folds; /* compose it in `slot` */
    uint32_t slot;
    uint32_t first_kernel, n_kernels;
};
struct plan_kernel { /* its part on one source, as weights (and bias) of a layer of the served plan */
    uint32_t layer, source;
    uint32_t kh, kw, dilation, groups;
    int32_t pad_y, pad_x; /* as seen from the source */
};
struct plan_served {
    const struct plan *plan; /* inference only is of interest */
    uint32_t n_sources;
    const struct plan_source *sources;
    uint32_t n_values;
    const struct plan_composed *values;
    uint32_t n_kernels;
    const struct plan_kernel *kernels;
    uint32_t n_folds;
    const struct plan_fold *folds; /* layers are those of the trained plan */
};

/* serve.c. served: a graph for inference made from `trained`, whose plan is trained_plan. NULL: *why was set. */
const struct plan_served *plan_serve(struct arena *a, const struct ir_graph *trained, const struct plan *trained_plan,
                                     const struct ir_graph *served, struct plan_refusal *why);

/* plan_verify.c. NULL: every invariant above holds. Else a sentence: a bug of the compiler. */
const char *plan_verify(struct arena *a, const struct plan *p);
/* Of a graph that the pass fixed-point has seen: exactly the values that it marked are rescaled. */
const char *plan_verify_marks(struct arena *a, const struct plan *p, const struct ir_graph *g);

/* plan_print.c. The whole plan as readable text (--emit=plan). */
void plan_print(struct text *t, const struct plan *p);
/* What both parties and a weight file must agree on: parameters, layers, points, terms and folds; no memory plan, no source
 * places, no training defaults. The digest is taken over this text. */
void plan_print_network(struct text *t, const struct plan *p);
void plan_print_clear(struct text *t, const struct plan *p); /* its beginning, without points: what trained weights belong to */

#endif
