/* The executor: a plan that runs in this process, with the kernels that generated C calls and in the same order, so that both give
 * the same bits. The search trains its shared weights with it, tests compare graphs with it.
 *
 * oracle_model makes of a plan what the C compiler makes of NET.c: a struct cnas_model. So whatever takes a model takes a plan:
 * cnas_params_init, cnas_params_load, cnas_infer, cnas_train. struct oracle is for whoever runs single batches of many networks.
 * weights.h moves parameters from one network to another. */
#ifndef COMPILER_ORACLE_ORACLE_H
#define COMPILER_ORACLE_ORACLE_H

#include "compiler/base/arena.h"
#include "compiler/lower/plan.h"

#include <cnas/model.h>

/* model.c. The clear half of p; nothing of private inference, whether or not p has it. Lives in arena a and points into p; one caller
 * at a time runs it. Its infer, forward and backward ask for run->model, which must be this model. */
const struct cnas_model *oracle_model(struct arena *a, const struct plan *p);

/* serve.c. The same with a network for inference beside it: cnas_serve makes its parameters, and it runs as m->served. */
const struct cnas_model *oracle_served(struct arena *a, const struct plan *p, const struct plan_served *served);

/* slabs.c. Memory for batches of up to `capacity` samples of one network after another: slabs only ever grow. ctx stays the
 * caller's, and must outlive the executor. */
struct oracle;
CNAS_CHECKED enum cnas_status oracle_new(struct oracle **out, struct cnas_ctx *ctx, size_t capacity);
void oracle_free(struct oracle **o); /* NULL *o is fine */
/* The network that runs from now on, which may also be a generated one. train: oracle_step will be called, not only
 * oracle_infer. */
CNAS_CHECKED enum cnas_status oracle_load(struct oracle *o, const struct cnas_model *m, bool train);
/* Where the next call reads n images (n, c, h, w), normalised. Each call overwrites them. */
float *oracle_images(struct oracle *o);
/* The logits (n, classes) of the last call; valid until the next one. */
const float *oracle_logits(const struct oracle *o);

/* n: 1..capacity. params: m->params_floats. */
CNAS_CHECKED enum cnas_status oracle_infer(struct oracle *o, const float *params, size_t n);
/* One training step up to the update, which is the caller's: forward, mean loss over n labels, backward. Overwrites grads
 * (m->params_trained floats; NULL: forward and loss alone) and moves the running statistics in params. seed: of dropout. correct may
 * be NULL. */
CNAS_CHECKED enum cnas_status oracle_step(struct oracle *o, float *params, float *grads, const uint32_t *labels, size_t n, uint64_t seed,
                                          double *loss, size_t *correct);

#endif
