/* A file of soft labels by hand, right or wrong. */
#ifndef TESTS_SUPPORT_SOFT_FILE_H
#define TESTS_SUPPORT_SOFT_FILE_H

#include <cnas/data.h>

#include "runtime/data/safetensors.h"
#include "runtime/train/checkpoint.h"
#include "runtime/train/soft_labels.h"

struct soft_file {
    const char *about[CN_TRAIN_SOFT_KEYS]; /* NULL: left out */
    struct cn_tensor logits;
    char data[CN_TRAIN_DIGEST];
    unsigned char *bytes;
};

/* Of a teacher "By hand", for d, so many classes and views; augment as in the file. All logits are 0. */
void soft_file_make(struct soft_file *f, const struct cnas_dataset *d, uint32_t classes, uint32_t views, const char *augment);
void soft_file_set(struct soft_file *f, size_t view, size_t image, size_t class, float logit);
void soft_file_write(const struct soft_file *f, const char *path);
void soft_file_free(struct soft_file *f);

/* A file's bytes, up to a MiB, in a MiB for free(), zeros behind them; and a file of these bytes. */
char *soft_file_bytes(const char *name, size_t *size);
void soft_file_put(const char *name, const void *bytes, size_t size);

#endif
