/* One of several ranks in data-parallel training (<cnas/group.h>): each works on its share of every batch, gradients are added up, and all
 * make the same update. Everything here is right for a training alone too, and then does nothing.
 * A rank stops by itself only through _leave; else all see that one failed, or wants to stop, where they agree.
 *
 * With w = own samples / samples of the batch, the gradient of the own mean loss is multiplied by w before backward, so that the sum over the
 * ranks is the gradient of the batch's mean loss, whatever the shares. The buckets of gradients set off while backward is still at earlier
 * layers: Li et al., PyTorch Distributed, VLDB 2020, section 3.2.3.
 * Differs: a bucket is a stretch of the gradient block itself, in the order in which gradients become final, so nothing is copied. */
#ifndef RUNTIME_TRAIN_TOGETHER_H
#define RUNTIME_TRAIN_TOGETHER_H

#include <cnas/group.h>
#include <cnas/train.h>

#include "runtime/kernel/ctx.h"

struct cn_train_together {
    const struct cnas_group *group; /* NULL: alone */
    struct cnas_ctx *ctx;
    int sync;                 /* batch norm over the whole batch */
    size_t samples;           /* of the training set: no batch has more */
    enum cnas_status status;  /* of the first call of the group that failed: none is made after it */
    struct cnas_error err;
    int left;                 /* leave was called */

    /* of this step */
    size_t first, own, all;   /* own share: starts after `first` samples of the batch's `all`; own may be 0 */
    struct cn_kernel_peers peers;
    float *grads;
    size_t bucket, bucket_size; /* gradients that are final and not yet on their way */
};

void cn_train_together_start(struct cn_train_together *g, struct cnas_ctx *ctx, const struct cnas_train_control *control, size_t samples);
/* The end: status is this rank's. CNAS_OK comes back if it is that of all ranks. */
CNAS_CHECKED enum cnas_status cn_train_together_end(struct cn_train_together *g, enum cnas_status status, struct cnas_error *err);

/* Before a failure that the others do not see and that comes where they do not agree. */
void cn_train_together_leave(struct cn_train_together *g);

static inline int cn_train_is_first(const struct cn_train_together *g)
{
    return !g->group || g->group->rank == 0;
}
/* The most samples of a batch that one rank has. Memory is taken for so many: a batch may be asked for that is larger than the set. */
size_t cn_train_share_most(const struct cn_train_together *g, size_t batch);
/* Own part of n things: [*first, result). */
size_t cn_train_share(const struct cn_train_together *g, size_t n, size_t *first);

/* This rank's status, and whether it wants to stop; *stop then says whether any does. CNAS_E_CLOSED: another rank failed. All ranks must
 * call it at the same point. */
CNAS_CHECKED enum cnas_status cn_train_agree(struct cn_train_together *g, enum cnas_status status, int *stop, struct cnas_error *err);
CNAS_CHECKED enum cnas_status cn_train_add_up(struct cn_train_together *g, double *x, size_t n, struct cnas_error *err);
CNAS_CHECKED enum cnas_status cn_train_broadcast(struct cn_train_together *g, void *x, size_t bytes, struct cnas_error *err);

/* A step on `all` samples: before forward; after it, where the gradient of the n * classes logits is there; while backward runs (an
 * engine's `ready`); after it. statistics: the running statistics, moved by forward. */
void cn_train_together_step(struct cn_train_together *g, size_t all, float *grads);
void cn_train_together_weigh(struct cn_train_together *g, float *logits_gradient, size_t numbers, float *statistics, size_t n_statistics);
void cn_train_together_ready(void *together, size_t offset, size_t size);
/* Waits. loss, correct: of the own share, mean and number, become the batch's; status as for agree. */
CNAS_CHECKED enum cnas_status cn_train_together_wait(struct cn_train_together *g, double *loss, size_t *correct,
                                                     enum cnas_status status, int *stop, struct cnas_error *err);

#endif
