/* Soft labels inside the library: the file of a teacher's answers, and what a training takes of it.
 *
 * The file is safetensors: a tensor "logits" of bfloat16, (views, images, classes), and in its metadata whose answers they are, for which
 * images, augmented how. bfloat16 has three digits: the answers of a network that is trained once more differ by far more. */
#ifndef RUNTIME_TRAIN_SOFT_LABELS_H
#define RUNTIME_TRAIN_SOFT_LABELS_H

#include <cnas/distill.h>

#include "runtime/train/batch.h"

/* ---- the file ---- */

/* Its metadata: all must be there. */
enum cn_train_soft_key {
    CN_TRAIN_SOFT_FORMAT,
    CN_TRAIN_SOFT_NETWORK, /* the teacher's name */
    CN_TRAIN_SOFT_DIGEST,  /* of the teacher's network */
    CN_TRAIN_SOFT_WEIGHTS, /* digest of the teacher's parameters */
    CN_TRAIN_SOFT_DATA,    /* cn_train_data_digest of the images */
    CN_TRAIN_SOFT_AUGMENT, /* cn_train_soft_augment_text */
    CN_TRAIN_SOFT_KEYS
};
const char *cn_train_soft_key(enum cn_train_soft_key key); /* its name */
extern const char cn_train_soft_format[];                  /* the only value of CN_TRAIN_SOFT_FORMAT */

/* What is done to the images, and the seed of what is random in it: "flip 1 padding 0 crop 4 cutout 0 seed 1". */
enum { CN_TRAIN_SOFT_AUGMENT_TEXT = 128 };
void cn_train_soft_augment_text(char out[CN_TRAIN_SOFT_AUGMENT_TEXT], const struct cnas_train_options *o);

/* Bytes of so many answers; SIZE_MAX where that is more than memory can have. */
size_t cn_train_soft_bytes(size_t views, size_t n, size_t classes);
/* A number as the file has it, rounded to the nearest, even on a tie; back again; and whether that is finite. */
void cn_train_soft_put(unsigned char bf16[2], float x);
float cn_train_soft_get(const unsigned char bf16[2]);
int cn_train_soft_is_finite(const unsigned char bf16[2]);

/* A file that was read. */
struct cn_train_soft_file {
    struct cn_safetensors *file;
    const unsigned char *logits; /* (views, n, classes), as in the file */
    uint32_t views, classes;
    size_t n;
    struct cn_train_augment augment; /* its epoch is 0 */
};
/* The file at path, of answers for n images and so many classes; which images is not asked. Where it fails there is nothing to close. */
CNAS_CHECKED enum cnas_status cn_train_soft_open(struct cn_train_soft_file *f, const char *path, size_t n, uint32_t classes,
                                                 struct cnas_error *err);
void cn_train_soft_close(struct cn_train_soft_file *f);
const char *cn_train_soft_about(const struct cn_train_soft_file *f, enum cn_train_soft_key key);
/* The logits of an image, two bytes for each class. */
const unsigned char *cn_train_soft_answer(const struct cn_train_soft_file *f, uint32_t view, size_t image);

/* ---- what a training takes ---- */

/* The augmentation of the views; its epoch is 0. */
struct cn_train_augment cn_train_soft_augment(const struct cnas_soft_labels *s);
/* The view that an epoch shows. */
uint32_t cn_train_soft_view(const struct cnas_soft_labels *s, uint64_t epoch);
/* logits (n, classes) of the teacher, or of all teachers together, for these samples of the training set. */
void cn_train_soft_read(const struct cnas_soft_labels *s, float *logits, uint32_t view, const uint32_t *samples, size_t n);
/* They are for so many images and classes. */
int cn_train_soft_fit(const struct cnas_soft_labels *s, size_t n, uint32_t classes);

#endif
