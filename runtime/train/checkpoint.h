/* A training that can go on later: parameters, what the optimizer remembers, the best parameters so far, and where it was, as one
 * safetensors file written atomically. It fits a training with the same network, data, options and seed (the `training` digest); then
 * going on gives the same bits as if it had never stopped. */
#ifndef RUNTIME_TRAIN_CHECKPOINT_H
#define RUNTIME_TRAIN_CHECKPOINT_H

#include <cnas/train.h>

enum { CN_TRAIN_DIGEST = 64 + 1, CN_TRAIN_RECIPE = 2048 };

struct cn_train_place {
    uint64_t epoch, step; /* finished epochs; finished steps of the next one */
    uint64_t correct;     /* running sums of the unfinished epoch */
    double loss;
};
struct cn_train_best { /* of the validation set */
    uint64_t epoch; /* from 1; 0: none was measured */
    double accuracy, loss;
};

/* What a checkpoint holds; the arrays are the caller's. */
struct cn_train_state {
    float *params, *memory, *best_params; /* params_floats, memory_floats, params_floats; the last NULL without a validation set */
    size_t memory_floats;                 /* of the optimizer */
    struct cn_train_place place;
    struct cn_train_best best;
    char *choices; /* cn_train_net_choices, of cn_mem_alloc: load puts those of the file here. NULL: none */
};

/* Which training it is: digest over network, options and data; options and sizes of the data as texts, for people. */
struct cn_train_identity {
    char digest[CN_TRAIN_DIGEST], recipe[CN_TRAIN_RECIPE], data[128];
};
void cn_train_identify(struct cn_train_identity *out, const struct cnas_model *m, const struct cnas_train_sets *sets,
                       const struct cnas_train_options *o);

/* 64 hex digits of BLAKE2b-256 over shape, images and labels. */
void cn_train_data_digest(char out[CN_TRAIN_DIGEST], const struct cnas_dataset *d);

/* CNAS_E_DIVERGED and nothing written when a parameter is not finite. */
CNAS_CHECKED enum cnas_status cn_train_checkpoint_save(const char *path, const struct cn_train_state *s, const struct cnas_model *m,
                                                       const struct cn_train_identity *id, uint32_t epochs, struct cnas_error *err);
/* *found = 1 and everything read when path is a checkpoint of this training; 0 and nothing touched when there is no file or it is the
 * checkpoint of another training that is finished. Another file is an error, CNAS_E_MISMATCH or CNAS_E_FORMAT: saving would destroy it. */
CNAS_CHECKED enum cnas_status cn_train_checkpoint_load(int *found, const char *path, struct cn_train_state *s,
                                                       const struct cnas_model *m, const struct cn_train_identity *id,
                                                       struct cnas_error *err);

#endif
