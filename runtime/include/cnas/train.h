/* Training and float inference of a generated network. The library keeps quiet: progress goes through a callback. */
#ifndef CNAS_TRAIN_H
#define CNAS_TRAIN_H

#include <cnas/data.h>
#include <cnas/distill.h>
#include <cnas/group.h>
#include <cnas/model.h>

/* data becomes the file at path, whole or not at all: temporary name beside it, fsync, rename. */
CNAS_CHECKED enum cnas_status cnas_file_replace(const char *path, const void *data, size_t size, struct cnas_error *err);

/* Parameters: model->params_floats floats. */
void cnas_params_init(float *params, const struct cnas_model *m, uint64_t seed);
/* safetensors, F32, every parameter under its name; metadata: format, network, digest. Atomic (temporary name, fsync, rename). */
CNAS_CHECKED enum cnas_status cnas_params_save(const float *params, const struct cnas_model *m, const char *path,
                                               struct cnas_error *err);
/* Accepts any safetensors file with exactly these tensors and shapes (also one written by another program); else says which differs. */
CNAS_CHECKED enum cnas_status cnas_params_load(float *params, const struct cnas_model *m, const char *path,
                                               struct cnas_error *err);

/* The options that the model carries, and seed 1. */
void cnas_train_defaults(struct cnas_train_options *o, const struct cnas_model *m);
/* The recipe of this name; CNAS_E_RANGE and nothing changed: there is none. docs/training.md has them. */
CNAS_CHECKED enum cnas_status cnas_train_preset(struct cnas_train_options *o, const char *name);
const char *cnas_train_preset_name(size_t i, const char **about); /* of recipe i, and a few words (about may be NULL); NULL: no more */
/* The options, which make sense, as one line, "lr_max 0.05 lr_min 0.001 ...": two lines are equal if and only if
 * the options are; nothing on distillation where its weight is 0. Returns the length of the whole text; what does not fit into size is cut off. */
size_t cnas_train_describe(char *out, size_t size, const struct cnas_train_options *o);

/* What a training reads. */
struct cnas_train_sets {
    const struct cnas_dataset *train;
    const struct cnas_dataset *validation; /* held out, measured after every epoch; the best of these epochs is the result. NULL: none */
    const struct cnas_dataset *test;       /* measured after every epoch, chosen by never. NULL: it is not touched */
    const struct cnas_soft_labels *soft;   /* teachers' answers, loaded for `train`; the options must augment as they say. NULL: labels alone */
};

enum cnas_train_event {
    CNAS_TRAIN_OPEN,   /* all was found right, the checkpoint too: kernels are chosen next, which takes seconds where they are measured */
    CNAS_TRAIN_START,  /* before the first step: epoch and done say where it goes on, since OPEN already */
    CNAS_TRAIN_STEP,   /* some of the steps, see struct cnas_train_control */
    CNAS_TRAIN_MEASURE, /* now and then while an epoch is measured */
    CNAS_TRAIN_EPOCH,  /* an epoch is over and measured; its checkpoint is written after this call */
    CNAS_TRAIN_WARNING /* a checkpoint could not be written: the one before stays, training goes on */
};
struct cnas_train_part { /* of a step's work */
    const char *name;
    double forward_s, backward_s; /* in this run so far; forward: of measuring too */
    double other_s;               /* what has no direction */
};
struct cnas_train_progress {
    enum cnas_train_event event;
    uint32_t epoch, epochs; /* epoch from 1 */
    size_t step, steps;     /* of this epoch, done and all */
    size_t done, total;     /* samples of this epoch */
    int resumed;            /* it goes on from a checkpoint */
    int finished;           /* ... of a training that has nothing left to do */
    double loss, accuracy;  /* running means of this epoch, training samples */
    double lr, images_per_s;
    double validation_loss, validation_accuracy, test_accuracy; /* at the end of an epoch, else and without the set -1 */
    uint32_t best_epoch;    /* the best one so far on the validation set; 0: none yet */
    double best_accuracy;
    const float *weights;   /* at the end of an epoch: what was measured */
    const char *warning;    /* of CNAS_TRAIN_WARNING: one sentence */
    size_t memory;          /* bytes planned for this training, without the threads' scratch; since START */
    const char *engine;     /* who does the arithmetic; where that is the second choice, why; since START */
    const struct cnas_train_part *parts; /* where the steps' time goes */
    size_t n_parts;                      /* 0: not the engine dnnl */
};
typedef int cnas_train_callback(void *user, const struct cnas_train_progress *p); /* non-zero stops after
 * saving the checkpoint; at OPEN before anything is written */

/* How a training is run: nothing here changes its result, except that several ranks round otherwise than one, and what batch norm does
 * among them. */
struct cnas_train_control {
    /* Train with the other ranks of this group: all call cnas_train with the same model, data and options; what they have in params and
     * checkpoint counts on rank 0 alone. Each gets the same result. A batch is divided among them. NULL: alone. CNAS_E_CLOSED: another
     * rank failed. */
    const struct cnas_group *group;
    int sync_batch_norm;    /* in training, means and variances over the whole batch; else each rank's over its share */
    const char *checkpoint; /* gone on from if it is there, written after every epoch and when the training is stopped. NULL: none */
    int fresh;              /* not gone on from: whatever is at checkpoint stays there until the first one is written over it */
    double checkpoint_s;    /* written within an epoch too, so many seconds after the last time; 0: not */
    cnas_train_callback *callback; /* may be NULL */
    void *user;
    double report_s;       /* CNAS_TRAIN_STEP comes after the first step that ends so long after the last call */
    uint32_t report_steps; /* and after each so many steps of an epoch; 0: not */
    int recompute;           /* less memory, more time: results of batch norm and ReLU are made twice; the engine dnnl alone does that */
    uint32_t loader_threads; /* make batches ahead of the compute; 0: the compute's threads do when they need one */
};

/* Changes params from where they are, or from the checkpoint. When it returns CNAS_OK, params are the best measured ones if there is a
 * validation set and an epoch was measured, else those of the last step. Numbers that are no longer finite end it with CNAS_E_DIVERGED;
 * the last checkpoint stays. A checkpoint of another training that has not ended is CNAS_E_MISMATCH without `fresh`: it would be lost.
 * One that another call is using, in this process or another one, is CNAS_E_BUSY. */
CNAS_CHECKED enum cnas_status cnas_train(float *params, struct cnas_ctx *ctx, const struct cnas_model *m,
                                         const struct cnas_train_sets *sets, const struct cnas_train_options *o,
                                         const struct cnas_train_control *control, struct cnas_error *err);

/* The training whose checkpoint is at path. */
struct cnas_train_saved {
    uint32_t epochs, over; /* all of it, and those that are behind it; 0: there is no file */
    int same;              /* it is the one that cnas_train would do with these arguments */
};
CNAS_CHECKED enum cnas_status cnas_train_look(struct cnas_train_saved *out, const char *path, const struct cnas_model *m,
                                              const struct cnas_train_sets *sets, const struct cnas_train_options *o, struct cnas_error *err);

/* logits (n, classes) for n normalised images, in batches; probabilities instead where the network's result is these. By the functions of
 * the generated C: the same bits for any number of threads. */
CNAS_CHECKED enum cnas_status cnas_infer(float *logits, struct cnas_ctx *ctx, const struct cnas_model *m, const float *params,
                                         const float *images, size_t n);

/* The same for many images, by the engine of one's choice in float32: its kernels are chosen, and may be measured, once.
 * m, ctx and params, which must not change, outlive it. CNAS_E_RANGE: the engine that was asked for by name cannot be had, and why. */
struct cnas_inference;
enum { CNAS_INFERENCE_BATCH = 128 }; /* images at once that are fast and no burden for memory */
CNAS_CHECKED enum cnas_status cnas_inference_new(struct cnas_inference **out, struct cnas_ctx *ctx, const struct cnas_model *m,
                                                 const float *params, enum cnas_engine engine, size_t batch, struct cnas_error *err);
CNAS_CHECKED enum cnas_status cnas_inference_run(struct cnas_inference *f, float *logits, const float *images, size_t n);
const char *cnas_inference_engine(const struct cnas_inference *f); /* for people, as in struct cnas_train_progress */
void cnas_inference_free(struct cnas_inference **f);               /* NULL *f is fine */

#endif
