/* One training on its way: what its parts share. train.c runs the epochs; step.c does one step; evaluate.c counts right answers;
 * slabs.c has the memory; save.c
 * says when checkpoints are written; notify.c talks to the caller. */
#ifndef RUNTIME_TRAIN_TRAINER_H
#define RUNTIME_TRAIN_TRAINER_H

#include "runtime/train/batch.h"
#include "runtime/train/checkpoint.h"
#include "runtime/train/lock.h"
#include "runtime/train/net.h"
#include "runtime/train/together.h"

/* Time in what a step does beside the network's own work. */
struct cn_train_spent {
    double batches_s, loss_s, ranks_s, update_s; /* batches: made, or waited for; ranks: waited for after the backward pass */
};
enum { CN_TRAIN_ALL_PARTS = CN_TRAIN_PARTS + 4 };

struct cn_trainer {
    struct cnas_ctx *ctx;
    const struct cnas_model *m;
    const struct cnas_train_sets *sets;
    const struct cnas_train_options *o;
    const struct cnas_train_control *control;
    struct cnas_error *err;
    struct cn_train_state at; /* parameters, what the optimizer remembers, place: what a checkpoint holds */
    struct cn_train_net *net;
    float *grads, *levels;
    float *soft; /* a teacher's logits for a batch */
    struct cn_train_batch batch; /* but its images, which are the net's */
    struct cn_train_loader *loader;
    size_t steps; /* of an epoch */
    struct cn_train_identity id;
    struct cnas_train_progress progress;
    struct cn_train_spent spent;
    struct cnas_train_part parts[CN_TRAIN_ALL_PARTS]; /* of progress */
    double notified_s, epoch_s; /* times of the last call of callback and of this epoch's first step */
    double saved_s;             /* time of the last checkpoint */
    size_t epoch_first;         /* samples done before that step (a resumed epoch starts in the middle) */
    int wish, stop;             /* the callback asked for it; all ranks know that it did on one of them */
    struct cn_train_together together;
    struct cn_train_lock lock; /* of the checkpoint */
};

/* The slabs, for this rank's share of batches of o->batch samples. release is right after a failed allocate too. */
CNAS_CHECKED enum cnas_status cn_train_allocate(struct cn_trainer *t);
void cn_train_release(struct cn_trainer *t);
/* The network, with at.choices where a checkpoint or another rank has given some: so that the bits are theirs, and nothing is measured
 * that is known. Then at.choices are its own. */
CNAS_CHECKED enum cnas_status cn_train_make_net(struct cn_trainer *t);

/* CNAS_E_MISMATCH or CNAS_E_RANGE: m cannot be trained on d, which is the set named `part`. */
CNAS_CHECKED enum cnas_status cn_train_check_data(const struct cnas_dataset *d, const struct cnas_model *m, const char *part,
                                                  struct cnas_error *err);

/* The step at at.place: forward, loss, backward, update. */
CNAS_CHECKED enum cnas_status cn_train_step(struct cn_trainer *t);

/* What is measured and given out: the parameters as they are now, or their average. */
float *cn_train_weights(struct cn_trainer *t);

/* Mean loss and share of right answers of the network in inference mode; stop requests wait for the end. */
struct cn_train_measure {
    double loss, accuracy;
};
CNAS_CHECKED enum cnas_status cn_train_evaluate(struct cn_trainer *t, const struct cnas_dataset *d, struct cn_train_measure *out);

/* Checkpoints, if there are any; rank 0 has them. resume: locks, until release; *found as cn_train_checkpoint_load, 0 if a fresh start is wanted. A checkpoint that cannot be written is an error where
 * `must` is set, else a warning, except that numbers that are not finite are an error always. */
CNAS_CHECKED enum cnas_status cn_train_resume(struct cn_trainer *t, int *found);
CNAS_CHECKED enum cnas_status cn_train_save(struct cn_trainer *t, int must);
int cn_train_save_is_due(const struct cn_trainer *t);

/* Calls back: always, except that of steps and pieces of a measurement only some are told, as `control` says. */
void cn_train_notify(struct cn_trainer *t, enum cnas_train_event event);

#endif
