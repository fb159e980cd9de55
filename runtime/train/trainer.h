/* One training on its way: what its parts share. train.c runs the epochs; step.c does one step; evaluate.c counts right answers;
 * slabs.c has the memory; notify.c talks to the caller. */
#ifndef RUNTIME_TRAIN_TRAINER_H
#define RUNTIME_TRAIN_TRAINER_H

#include "runtime/train/checkpoint.h"

struct cn_trainer {
    struct cnas_ctx *ctx;
    const struct cnas_model *m;
    const struct cnas_train_sets *sets;
    const struct cnas_train_options *o;
    cnas_train_callback *callback;
    void *user;
    struct cnas_error *err;
    float *params, *grads, *velocity, *act, *dact, *state, *levels;
    uint32_t *labels;
    struct cn_train_loader *loader;
    size_t steps; /* of an epoch */
    char digest[CN_TRAIN_DIGEST];
    struct cn_train_place place;
    struct cnas_train_progress progress;
    double notified_s, epoch_s; /* times of the last call of callback and of this epoch's first step */
    size_t epoch_first;         /* samples done before that step (a resumed epoch starts in the middle) */
    int stop;                   /* the callback asked for it */
};

/* The slabs, for batches of o->batch samples. release is right after a failed allocate too. */
CNAS_CHECKED enum cnas_status cn_train_allocate(struct cn_trainer *t);
void cn_train_release(struct cn_trainer *t);

/* The step at t->place: forward, loss, backward, update. */
CNAS_CHECKED enum cnas_status cn_train_step(struct cn_trainer *t);

/* Mean loss and share of right answers of the network in inference mode; stop requests wait for the end. */
struct cn_train_measure {
    double loss, accuracy;
};
CNAS_CHECKED enum cnas_status cn_train_evaluate(struct cn_trainer *t, const struct cnas_dataset *d, struct cn_train_measure *out);

double cn_train_now_s(void);
/* Calls back: always for other events; steps are told only after some time, see REPORT_S. */
void cn_train_notify(struct cn_trainer *t, enum cnas_train_event event);

#endif
