/* The batches of a training, one after the other: shuffled epochs, the last batch of an epoch smaller where that is so. Loader threads
 * make them ahead of the compute, or the caller's own threads at the moment when it asks. Either way the same bits: what a batch holds is
 * a function of seed, epoch and step. */
#ifndef RUNTIME_TRAIN_LOADER_H
#define RUNTIME_TRAIN_LOADER_H

#include "runtime/train/batch.h"
#include "runtime/train/soft_labels.h"

struct cn_train_loader;

struct cn_train_load {
    struct cnas_ctx *ctx; /* of the caller; works where there are no loader threads */
    const struct cnas_dataset *d;
    const float *levels; /* as of cn_train_levels; d and levels outlive the loader */
    const struct cnas_soft_labels *soft; /* teachers' answers, with so many classes: an epoch shows the view that they answered to; NULL: none */
    uint32_t classes;
    uint64_t seed;                   /* of the order */
    struct cn_train_augment augment; /* its epoch is set for each batch */
    size_t batch;
    unsigned rank, size; /* only this one of `size` nearly equal parts of each batch; size 0: all of it */
    uint64_t epoch, step, epochs; /* the first batch wanted; epochs at the end of which there are no more */
    unsigned threads;             /* loader threads, at most CN_TRAIN_LOADERS; 0: none */
};
enum { CN_TRAIN_LOADERS = 16 };

CNAS_CHECKED enum cnas_status cn_train_loader_new(struct cn_train_loader **out, const struct cn_train_load *load, struct cnas_error *err);
/* Writes the next batch, with others and shares, and where a teacher answers its logits (n, classes), and returns n; 0 after the last one. An
 * empty part of a batch is its first image instead, which the caller gives no weight. One caller at a time. */
size_t cn_train_loader_next(struct cn_train_loader *l, const struct cn_train_batch *b, float *soft);
/* At any moment: waits for the batches on which threads are working now, no longer. */
void cn_train_loader_free(struct cn_train_loader **l);

#endif
