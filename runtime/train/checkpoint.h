/* A training that can go on later: parameters, momentum, and where it was, as one safetensors file written atomically.
 * It fits a training with the same network, data, options and seed (the `training` digest); then going on gives the same bits as
 * if it had never stopped. */
#ifndef RUNTIME_TRAIN_CHECKPOINT_H
#define RUNTIME_TRAIN_CHECKPOINT_H

#include <cnas/train.h>

enum { CN_TRAIN_DIGEST = 64 + 1 };

struct cn_train_place {
    uint64_t epoch, step; /* finished epochs; finished steps of the next one */
    uint64_t correct;     /* running sums of the unfinished epoch */
    double loss;
};

void cn_train_digest(char out[CN_TRAIN_DIGEST], const struct cnas_model *m, const struct cnas_dataset *train,
                     const struct cnas_train_options *o);

CNAS_CHECKED enum cnas_status cn_train_checkpoint_save(const char *path, const float *params, const float *velocity,
                                                       const struct cnas_model *m, const char *digest,
                                                       const struct cn_train_place *place, struct cnas_error *err);
/* *found = 1 and everything read when path is a checkpoint with this digest; 0 and nothing touched when there is no file or it is
 * the checkpoint of another training. A file that is no checkpoint is an error: saving would destroy it. */
CNAS_CHECKED enum cnas_status cn_train_checkpoint_load(int *found, const char *path, float *params, float *velocity,
                                                       const struct cnas_model *m, const char *digest, struct cn_train_place *place,
                                                       struct cnas_error *err);

#endif
