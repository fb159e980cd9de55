/* From bytes to the batch that the network reads: normalising, and for training augmenting.
 *
 * Augmentation, in this order: after normalising, padding by `crop` pixels on each side, zeros or the mirrored border (whose outermost
 * pixels are not repeated), and a crop of the old size at a random place; a mirror image; a square of `cutout` pixels around a random
 * pixel set to zero, cut off at the border (DeVries & Taylor 2017). A share `cutmix` of the images gets, in place of the square, a box of
 * any image, which is cropped and mirrored as it is itself in this epoch, and so much of its label as the box has of the area; the box
 * has the shape of the image and an area uniform in 0 to 1 before it is cut off (Yun et al., "CutMix", ICCV 2019). What a sample gets
 * depends on seed, epoch, sample and, for cutmix, the number of samples alone.
 * Alternating mirror images: Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", arXiv 2404.00498 ("alternating flip"); here which of
 * two epochs an image is mirrored in is drawn for each image, so that no first epoch has to be remembered. */
#ifndef RUNTIME_TRAIN_BATCH_H
#define RUNTIME_TRAIN_BATCH_H

#include <cnas/train.h>

/* The 256 normalised values of a byte, for each channel: the caller holds model->c * 256 floats. */
void cn_train_levels(float *levels, const struct cnas_model *m);

struct cn_train_augment {
    uint64_t seed;
    uint32_t epoch, crop, cutout;
    double cutmix;
    int flip;    /* enum cnas_flip */
    int padding; /* enum cnas_padding */
};

/* What o asks for; its epoch is 0. */
struct cn_train_augment cn_train_augment_of(const struct cnas_train_options *o);

struct cn_train_batch {
    float *images;            /* (n, C, H, W) */
    uint32_t *labels, *others; /* (n): the image's own, and that of the image of which it has a box */
    float *shares;            /* (n): how much of its label counts. others and shares may both be NULL */
};

/* The batch from samples order[first ..] of d (order NULL: first, first + 1, ...). augment NULL: as they are.
 * ctx NULL: in this thread alone. */
void cn_train_batch(struct cnas_ctx *ctx, const struct cn_train_batch *b, const struct cnas_dataset *d, const float *levels,
                    const uint32_t *order, size_t first, size_t n, const struct cn_train_augment *augment);

#endif
