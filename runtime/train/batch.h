/* From bytes to the batch that the network reads: normalising, and for training augmenting.
 *
 * Augmentation, in this order: zero padding by `crop` pixels on each side after normalising and a crop of the old size at a
 * random place; a mirror image in one case of two; a square of `cutout` pixels around a random pixel set to zero, cut off at the
 * border (DeVries & Taylor 2017). What a sample gets depends on seed, epoch and sample alone. */
#ifndef RUNTIME_TRAIN_BATCH_H
#define RUNTIME_TRAIN_BATCH_H

#include <cnas/train.h>

/* The 256 normalised values of a byte, for each channel: the caller holds model->c * 256 floats. */
void cn_train_levels(float *levels, const struct cnas_model *m);

struct cn_train_augment {
    uint64_t seed;
    uint32_t epoch, crop, cutout;
    int flip;
};

/* images (n, C, H, W), labels (n) from samples order[0..n-1] of d (order NULL: first, first + 1, ...). augment NULL: as they are. */
void cn_train_batch(struct cnas_ctx *ctx, float *images, uint32_t *labels, const struct cnas_dataset *d, const float *levels,
                    const uint32_t *order, size_t first, size_t n, const struct cn_train_augment *augment);

#endif
