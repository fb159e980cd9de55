/* Training and inference of a model by its layer table: the engine fuses layers, chooses formats and algorithms, plans memory and
 * runs. It computes what the model's own functions compute, up to rounding.
 *
 * One caller at a time. Same machine, same choices (tuning.h), same number of threads: the same bits. */
#ifndef RUNTIME_ENGINE_ENGINE_H
#define RUNTIME_ENGINE_ENGINE_H

#include <cnas/model.h>

#include "runtime/engine/format.h"

struct cn_engine;
struct cn_engine_tuning; /* tuning.h */

struct cn_engine_options {
    enum cn_engine_type type; /* of maps and their gradients, and of the convolutions' arithmetic; all else is float */
    int training;             /* else forward in inference mode alone */
    size_t batch;             /* most samples at once */
    int remake;               /* memory for time: what batch norm and ReLU give is made again for backward */
    struct cn_engine_tuning *tuning; /* used by _new alone */
};

/* CNAS_OK if oneDNN is at hand: without it the engine computes the same, by slower convolutions. */
CNAS_CHECKED enum cnas_status cn_engine_available(struct cnas_error *err);

/* m and ctx must outlive the engine. */
CNAS_CHECKED enum cnas_status cn_engine_new(struct cn_engine **e, struct cnas_ctx *ctx, const struct cnas_model *m,
                                            const struct cn_engine_options *o, struct cnas_error *err);
void cn_engine_free(struct cn_engine **e); /* NULL *e is fine */

/* Before the first batch and whenever the parameters have changed: params_floats of them, which stay the caller's and must not change
 * until the last call of the batch. Forward in training moves the running statistics there. */
void cn_engine_weights(struct cn_engine *e, float *params);

/* Logits (n, classes) of n normalised images (n, c, h, w), aligned to 64 bytes and left alone until backward is done. Valid until the next
 * forward. training: with batch statistics and dropout (a function of seed), keeping what backward needs. */
const float *cn_engine_forward(struct cn_engine *e, const float *images, size_t n, int training, uint64_t seed);
/* Where the gradient of the logits goes, between forward and backward. */
float *cn_engine_logits_gradient(struct cn_engine *e);

/* grads (params_trained floats) are overwritten. ready (may be NULL) is told of each parameter's gradient as soon as it is final,
 * later layers first. */
typedef void cn_engine_ready(void *user, size_t offset, size_t size);
void cn_engine_backward(struct cn_engine *e, float *grads, cn_engine_ready *ready, void *user);

struct cn_engine_memory { /* bytes */
    size_t values, gradients, scratch; /* of the plan, when most is alive */
    size_t planned;                    /* its size, which is at least the sum */
    size_t weights;                    /* packed, and what else layers hold */
};
void cn_engine_memory(const struct cn_engine *e, struct cn_engine_memory *memory);

/* Time since _new: of each kind of unit, and what is told apart of a convolution's. */
struct cn_engine_time {
    const char *kind;
    double forward_s, backward_s, other_s;
};
enum { CN_ENGINE_TIMES = 12 };
void cn_engine_times(const struct cn_engine *e, struct cn_engine_time times[CN_ENGINE_TIMES]);

#endif
