/* What a generated program says of its network: one constant `struct cnas_model` per network. Everything here is public
 * (the architecture); weights live elsewhere. Offsets and sizes come from the compiler's static plan. */
#ifndef CNAS_MODEL_H
#define CNAS_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include <cnas/kernel.h>

enum cnas_param_kind {
    CNAS_PARAM_WEIGHT, /* conv (K,C,KH,KW) or linear (OUT,IN): He normal, std = sqrt(2 / fan_in); decayed */
    CNAS_PARAM_BIAS,   /* 0 */
    CNAS_PARAM_GAMMA,  /* 1 */
    CNAS_PARAM_BETA,   /* 0 */
    CNAS_PARAM_COEFFICIENTS, /* poly2 (3,C): the quadratic that is nearest to ReLU for normal numbers, see runtime/train/init.c */
    CNAS_PARAM_MEAN,   /* running mean: 0, not trained */
    CNAS_PARAM_VAR     /* running variance: 1, not trained */
};

struct cnas_param {
    const char *name; /* "conv_2.weight", the tensor's name in the weight file */
    enum cnas_param_kind kind;
    uint32_t rank, dim[4];
    size_t offset, size; /* floats, in the one parameter block; trained parameters first, statistics after params_trained */
};

struct cnas_model;

/* One step of work on a batch. act, dact: activation and gradient slabs; a buffer planned at offset o with s floats per sample
 * lies at act + o * capacity. */
struct cnas_run {
    const struct cnas_model *model; /* whose function is called; generated code knows without */
    struct cnas_ctx *ctx;
    float *params;    /* training updates the running statistics in place */
    float *grads;     /* params_trained floats; training only */
    float *act;       /* infer_floats or train_floats times capacity, plus per-batch state */
    float *dact;      /* grad_floats times capacity; training only */
    float *state;     /* state_floats: per-batch statistics kept for backward; training only */
    size_t n;         /* samples in this batch, 1..capacity */
    size_t capacity;  /* samples that the slabs were made for */
    uint64_t seed;    /* for dropout: differs for every step */
};

/* The buffer planned at this offset, in the activation slab and in the gradient slab. */
static inline float *cnas_act(const struct cnas_run *r, size_t offset)
{
    return r->act + offset * r->capacity;
}
static inline float *cnas_dact(const struct cnas_run *r, size_t offset)
{
    return r->dact + offset * r->capacity;
}

/* --- the layers as data: what a training engine schedules --- */

enum cnas_op { /* one kernel of <cnas/kernel.h> each */
    CNAS_OP_CONV,
    CNAS_OP_LINEAR,
    CNAS_OP_BATCH_NORM,
    CNAS_OP_RELU,
    CNAS_OP_AVG_POOL,
    CNAS_OP_GLOBAL_AVG_POOL,
    CNAS_OP_SQUARE,
    CNAS_OP_POLY2,
    CNAS_OP_MAX_POOL,
    CNAS_OP_SUBSAMPLE,
    CNAS_OP_UPSAMPLE,
    CNAS_OP_SLICE, /* also pads */
    CNAS_OP_ADD,
    CNAS_OP_CONCAT,
    CNAS_OP_DROPOUT, /* at inference its operand */
    CNAS_OPS
};

/* Value 0 is the input, value i + 1 the result of layer i. c, h, w: as this layer sees it; of a map that was flattened or reshaped
 * the same numbers in NCHW order. */
struct cnas_operand {
    uint32_t value, c, h, w;
};

struct cnas_layer {
    const char *name;
    enum cnas_op op;
    uint32_t first_x, n_x; /* in the operands array, consecutive; values of earlier layers */
    uint32_t c, h, w;      /* of the result; features: h = w = 1 */
    const struct cnas_conv_shape *window;   /* conv, avg_pool, max_pool */
    const struct cnas_slice_shape *slice;   /* slice */
    uint32_t stride, offset_y, offset_x;    /* subsample; upsample: stride, the factor */
    const struct cnas_param *weight, *bias; /* conv, linear; poly2: weight; NULL: there is none */
    const struct cnas_param *gamma, *beta, *mean, *var; /* batch_norm */
    float epsilon, decay;                               /* batch_norm */
    float rate;                                         /* dropout */
    uint32_t seed;                                      /* dropout: number of the layer */
};

/* --- the private side: points and terms --- */

/* A point is a tensor that exists in shares or masked: the input, each activation output, each output of the network.
 * Between points everything is affine: the value that enters point p is  bias_p + sum over its terms of conv(W_t, value of src). */
enum cnas_point_kind {
    CNAS_POINT_INPUT,   /* the client's image, quantised */
    CNAS_POINT_RELU,    /* max(z, 0), then truncation */
    CNAS_POINT_RESCALE, /* truncation alone, where two linear operators do not compose into one */
    CNAS_POINT_OUTPUT   /* the logits: opened to the client, not truncated */
};

struct cnas_point {
    const char *name;
    enum cnas_point_kind kind;
    uint32_t c, h, w;
    uint32_t first_term, n_terms; /* in the terms array, consecutive; none for the input */
};

/* z[k,i,j] += sum over c,y,x of W[k,c,y,x] * src[c, i*stride + y - pad_y, j*stride + x - pad_x], zero outside the source map.
 * pad_y, pad_x may be negative (the kernel starts inside the map). */
struct cnas_term {
    uint32_t dst, src; /* points; src < dst */
    uint32_t kh, kw, stride;
    int32_t pad_y, pad_x;
};

/* Mirror images in training, and what lies outside of an image that is moved before it is cropped. */
enum cnas_flip {
    CNAS_FLIP_NONE,
    CNAS_FLIP_RANDOM,   /* in one case of two */
    CNAS_FLIP_ALTERNATE /* in every second epoch; half of the images begin with it */
};
enum cnas_padding { CNAS_PADDING_ZERO, CNAS_PADDING_REFLECT };

/* What the network gives for its logits. */
enum cnas_result {
    CNAS_RESULT_LOGITS,
    CNAS_RESULT_PROBABILITIES, /* softmax of them */
    CNAS_RESULT_LABEL          /* the place of the largest, and nothing else */
};

struct cnas_fold; /* <cnas/fixed.h> */

enum cnas_optimizer { CNAS_SGD, CNAS_ADAMW };
enum cnas_schedule { CNAS_COSINE, CNAS_ONE_CYCLE, CNAS_STEPS, CNAS_CONSTANT };
enum { CNAS_MILESTONES = 8 };

/* How to train; docs/training.md has the formulas and where they come from. 0 is "not used" wherever nothing else is said. */
/* Who does the arithmetic of batches. */
enum cnas_engine {
    CNAS_ENGINE_AUTO,     /* dnnl where it can be had */
    CNAS_ENGINE_PORTABLE, /* the model's own functions: the same bits for any number of threads */
    CNAS_ENGINE_DNNL      /* fused layers on oneDNN's kernels and our own, whichever are faster on this machine */
};
enum cnas_precision {
    CNAS_PRECISION_FP32,
    CNAS_PRECISION_BF16 /* maps and convolutions; weights, batch norm, features and the loss stay fp32. Only with the engine dnnl */
};

struct cnas_train_options {
    enum cnas_optimizer optimizer;
    double momentum;                   /* sgd */
    int nesterov;                      /* sgd */
    double beta1, beta2, epsilon;      /* adamw */
    double weight_decay;
    int decoupled;                     /* sgd: decay the weights themselves; else g += weight_decay * w. adamw always decouples */
    int decay_all;                     /* biases and batch norm too, not weights alone */
    double bias_lr;                    /* learning rates of biases, those of batch norm too, are this times larger; 0: 1 */

    enum cnas_schedule schedule;
    double lr_max, lr_min;             /* constant has lr_max alone */
    double warmup;                     /* epochs, a part of one too, over which the rate rises to what the schedule says; not one_cycle */
    uint32_t restart_first, restart_factor; /* cosine: first period in epochs (0: one over all), then each times factor */
    int by_epoch;                      /* cosine: the rate changes with epochs, not with steps */
    double cycle_up, cycle_start;      /* one_cycle: share of the steps that go up; share of lr_max that they begin with */
    int cycle_cosine;                  /* one_cycle: down along a cosine, not a line */
    uint32_t n_milestones, milestones[CNAS_MILESTONES]; /* steps: epochs, ascending, at whose ends the rate is multiplied by step_factor */
    double step_factor;

    double label_smoothing, ema, clip; /* share spread over all classes; decay of the average of weights; largest norm of the gradient */
    double distill_weight, temperature; /* where a teacher answers: its share of the loss, [0, 1]; what softens both answers, [0.01, 1000]. In a model, temperature 0: not said */
    uint32_t epochs, batch;
    int flip, padding;                 /* enum cnas_flip, enum cnas_padding (of crop) */
    uint32_t crop, cutout;
    double cutmix;                     /* share of the images that get a box of another one */
    uint64_t seed;
    enum cnas_engine engine;
    enum cnas_precision precision;
};

struct cnas_model {
    const char *name;   /* as written in the source */
    const char *source; /* base name of the .cnas file */
    const char *digest; /* 64 hex digits, BLAKE2b-256 over the plan: two builds talk only if it is equal */
    const char *clear_digest; /* the same over its clear half: float weights belong to it, with or without a private half */
    uint32_t c, h, w;   /* input */
    uint32_t classes;   /* logits */
    enum cnas_result result;
    const float *mean, *std; /* c entries each: (pixel / 255 - mean) / std; NULL: pixel / 255 */
    uint64_t relus, macs;

    const struct cnas_param *params;
    size_t n_params, params_floats, params_trained;

    const struct cnas_layer *layers; /* in order of execution */
    uint32_t n_layers;
    const struct cnas_operand *operands;
    uint32_t logits; /* value */

    size_t infer_floats, train_floats, grad_floats; /* floats per sample */
    size_t state_floats;                            /* floats per batch */
    size_t input_offset;                            /* where the batch goes: act + input_offset * capacity (train and infer alike) */
    size_t infer_logits_offset, train_logits_offset, logits_grad_offset;
    void (*infer)(const struct cnas_run *r);    /* logits from act's input, which does not outlive the call */
    void (*forward)(const struct cnas_run *r);  /* the same, keeping what backward needs */
    void (*backward)(const struct cnas_run *r); /* grads from the gradient of the logits */

    /* The private side; NULL and 0 in a network that was compiled for the clear alone. */
    const struct cnas_point *points; /* topological; point 0 is the input, the last is the output */
    uint32_t n_points;
    const struct cnas_term *terms;
    uint32_t n_terms;
    CNAS_CHECKED enum cnas_status (*fold)(struct cnas_fold *f, const float *params); /* composes each term's kernel from the parameters */

    /* The same network for inference in the clear with fewer multiply-accumulates, and how its weights come from this one's; NULL: there is
     * none. cnas_serve (<cnas/fixed.h>) fills its parameters. Of a served network infer alone is there, and points are the sources of
     * compose. */
    const struct cnas_model *served;
    CNAS_CHECKED enum cnas_status (*compose)(const struct cnas_model *m, struct cnas_fold *f, const float *params, float *served);

    struct cnas_train_options train; /* from the train section */
    uint32_t ring_bits; /* of fixed-point numbers, 16..60, from the private section; 0: chosen */
};

#endif
