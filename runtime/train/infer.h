/* Inference as the room itself uses it. */
#ifndef RUNTIME_TRAIN_INFER_H
#define RUNTIME_TRAIN_INFER_H

#include <cnas/train.h>

#include "runtime/train/net.h"

/* cnas_inference_new, of any precision: want's batch images at a time. */
CNAS_CHECKED enum cnas_status cn_train_inference_new(struct cnas_inference **out, struct cnas_ctx *ctx, const struct cnas_model *m,
                                                     const float *params, const struct cn_train_net_want *want, struct cnas_error *err);

#endif
