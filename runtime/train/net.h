/* A network at work on batches, by the engine (runtime/engine) or by the model's own functions: nobody else here needs to know which. */
#ifndef RUNTIME_TRAIN_NET_H
#define RUNTIME_TRAIN_NET_H

#include <cnas/train.h>

struct cn_train_net;

struct cn_train_net_want {
    enum cnas_engine engine;
    enum cnas_precision precision;
    int training; /* else inference alone */
    int recompute;
    size_t batch; /* most images at once */
    const char *choices; /* of another run, to get its bits: see cn_train_net_choices. NULL: none */
};

/* m and ctx must outlive it. CNAS_E_RANGE: what was asked for by name cannot be had, and why; CNAS_E_MISMATCH: nor what `choices` say. */
CNAS_CHECKED enum cnas_status cn_train_net_new(struct cn_train_net **net, struct cnas_ctx *ctx, const struct cnas_model *m,
                                               const struct cn_train_net_want *want, struct cnas_error *err);
void cn_train_net_free(struct cn_train_net **net); /* NULL *net is fine */

/* Where the caller puts normalised images (n, c, h, w) before each forward. */
float *cn_train_net_images(struct cn_train_net *net);
/* Before forward, whenever params (params_floats) have changed; they stay the caller's. Forward in training moves the statistics. */
void cn_train_net_weights(struct cn_train_net *net, float *params);
/* Logits (n, classes), valid until the next call of forward. training: as <cnas/model.h> forward, else infer. */
const float *cn_train_net_forward(struct cn_train_net *net, size_t n, int training, uint64_t seed);
/* Where the gradient of the logits goes between forward and backward. */
float *cn_train_net_logits_gradient(struct cn_train_net *net);
/* ready (may be NULL) hears of each gradient when it is final, in some order that depends on the network alone. */
void cn_train_net_backward(struct cn_train_net *net, float *grads, void (*ready)(void *user, size_t offset, size_t size), void *user);

/* What the bits of results depend on beside machine and threads: the engine, and what was measured to be the fastest on it. One text, kept in
 * checkpoints. */
const char *cn_train_net_choices(const struct cn_train_net *net);
/* For people: the engine, and why not the one that was preferred; how many kernels of want.choices are not to be had. */
const char *cn_train_net_about(const struct cn_train_net *net);
size_t cn_train_net_memory(const struct cn_train_net *net); /* bytes */
int cn_train_net_is_engine(const struct cn_train_net *net);
/* Where its time went: as many as are returned, at most CN_TRAIN_PARTS; none without the engine. */
enum { CN_TRAIN_PARTS = 12 };
size_t cn_train_net_parts(const struct cn_train_net *net, struct cnas_train_part parts[CN_TRAIN_PARTS]);

#endif
