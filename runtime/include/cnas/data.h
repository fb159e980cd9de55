/* Data sets and images. The library keeps quiet: progress and warnings go through callbacks. */
#ifndef CNAS_DATA_H
#define CNAS_DATA_H

#include <cnas/model.h>

/* A data set in memory: pixels as bytes, NCHW. */
struct cnas_dataset {
    uint32_t c, h, w, classes; /* classes: largest label + 1, of the whole set where this is a part of one */
    size_t n;
    uint8_t *pixels;  /* (n, c, h, w) */
    uint32_t *labels; /* (n) */
};
void cnas_dataset_clear(struct cnas_dataset *d);

typedef void cnas_dataset_progress(void *user, size_t done, size_t total); /* images decoded so far */
/* Something that does not stop a call but that its user should know, such as a cache that cannot be written: one sentence. */
typedef void cnas_dataset_warning(void *user, const char *text);

struct cnas_dataset_options {
    uint32_t channels; /* of image files: 1 or 3 */
    uint32_t h, w;     /* every image is resampled to this size; 0, 0: none is, and image files must all have the size of the first */
    cnas_dataset_progress *progress; /* each NULL: nobody listens */
    cnas_dataset_warning *warning;
    void *user;
};

/* The data set in dir, of whichever form: MNIST's IDX files, {train,t10k}-{images-idx3,labels-idx1}-ubyte, plain or .gz; CIFAR-10
 * (data_batch_{1..5}.bin, test_batch.bin) or CIFAR-100 (train.bin, test.bin; the fine labels) in their binary version; or image
 * folders, {train,test}/CLASS/NAME.{png,jpg,jpeg}, with a label for each CLASS in the order of the names in train, bytes compared.
 * Decoded once, the images of files are kept in the user's cache folder ($XDG_CACHE_HOME/cnas or ~/.cache/cnas) until a file's name,
 * size or time changes. part: "train" or "test". After an error *out is empty. */
CNAS_CHECKED enum cnas_status cnas_dataset_load(struct cnas_dataset *out, const char *dir, const char *part,
                                                const struct cnas_dataset_options *o, struct cnas_error *err);
CNAS_CHECKED enum cnas_status cnas_dataset_load_idx(struct cnas_dataset *out, const char *dir, const char *part,
                                                    struct cnas_error *err);
/* What lies in a folder, told by the names of its files. */
enum cnas_dataset_form { CNAS_DATASET_IDX, CNAS_DATASET_CIFAR10, CNAS_DATASET_CIFAR100, CNAS_DATASET_FOLDERS, CNAS_DATASET_FORMS };
struct cnas_dataset_found {
    enum cnas_dataset_form form;
    int train, test; /* this part is there, whole or not */
};
CNAS_CHECKED enum cnas_status cnas_dataset_find(struct cnas_dataset_found *out, const char *dir, struct cnas_error *err);
const char *cnas_dataset_form_name(enum cnas_dataset_form form);

/* The names of the classes, by label: those of the folders, or the lines of CIFAR's batches.meta.txt or fine_label_names.txt. n = 0
 * where nothing names them. */
struct cnas_class_names {
    char **name;
    uint32_t n;
};
CNAS_CHECKED enum cnas_status cnas_class_names_load(struct cnas_class_names *out, const char *dir, struct cnas_error *err);
void cnas_class_names_clear(struct cnas_class_names *names);

/* Writes d as this part of a data set into the folder dir, which is there; the caller sees to it that the other part fits. names may be
 * NULL. A set that the form cannot hold (channels, size, number of classes; folders: a class without images) is CNAS_E_MISMATCH and says
 * what would help. CIFAR-100 gets 0 as every coarse label. Files are written one by one: what a failure leaves is no data set. */
CNAS_CHECKED enum cnas_status cnas_dataset_save(const struct cnas_dataset *d, const struct cnas_class_names *names, const char *dir,
                                                const char *part, enum cnas_dataset_form form, cnas_dataset_progress *progress,
                                                void *user, struct cnas_error *err);
/* A PNG of pixels (c, h, w), c 1 or 3; atomic. */
CNAS_CHECKED enum cnas_status cnas_image_save(const char *path, const uint8_t *pixels, uint32_t c, uint32_t h, uint32_t w,
                                              struct cnas_error *err);
/* CNAS_E_MISMATCH unless the images have the network's shape and every label is one of its classes. */
CNAS_CHECKED enum cnas_status cnas_dataset_check(const struct cnas_dataset *d, const struct cnas_model *m, struct cnas_error *err);
/* Every image becomes h x w: along an axis that shrinks the average of the covered stretch, else linear between the centres of the two
 * nearest pixels. In exact integer arithmetic, rounded once: the same bytes everywhere. */
CNAS_CHECKED enum cnas_status cnas_dataset_resize(struct cnas_dataset *d, uint32_t h, uint32_t w, struct cnas_error *err);
/* Moves n images of train to a validation set of their own; 0 < n < train->n, else CNAS_E_RANGE and train is as it was. Each class
 * gives its share of n, rounded so that the shares sum to n (largest remainders; classes that would give their last image are rounded
 * up last). Which images of a class go depends on seed and on their places in train alone. Both sets keep the order and `classes`. */
CNAS_CHECKED enum cnas_status cnas_dataset_split(struct cnas_dataset *train, struct cnas_dataset *validation, size_t n, uint64_t seed,
                                                 struct cnas_error *err);
/* Mean and standard deviation (of all pixels, not an estimate) of each channel, bytes counted from 0 to 1, as @normalize takes them:
 * d->c doubles each. */
void cnas_dataset_moments(double *mean, double *std, const struct cnas_dataset *d);

/* One image file (PNG, JPEG, or binary PGM/PPM) as bytes (c, h, w); RGB becomes grey where c is 1. An image of another size is refused,
 * or with resize resampled as cnas_dataset_resize does. */
CNAS_CHECKED enum cnas_status cnas_image_load(uint8_t *pixels, uint32_t c, uint32_t h, uint32_t w, int resize, const char *path,
                                              struct cnas_error *err);
/* Bytes to normalised floats: n images. */
void cnas_normalize(float *out, const uint8_t *pixels, size_t n, const struct cnas_model *m);

#endif
