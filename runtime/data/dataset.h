/* Loaders of data sets, one for each form; cnas_dataset_load chooses. part: "train" or "test". After an error *out is empty. */
#ifndef RUNTIME_DATA_DATASET_H
#define RUNTIME_DATA_DATASET_H

#include <cnas/data.h>

/* What this program takes: more is a damaged header or a set that does not fit in memory. */
enum { CN_DATASET_MAX_IMAGES = 10000000, CN_DATASET_MAX_SIDE = 4096 };
#define CN_DATASET_MAX_BYTES (UINT64_C(1) << 34) /* of pixels: Tiny ImageNet has 1.2 GB */

CNAS_CHECKED enum cnas_status cn_cifar10_load(struct cnas_dataset *out, const char *dir, const char *part, struct cnas_error *err);
CNAS_CHECKED enum cnas_status cn_cifar100_load(struct cnas_dataset *out, const char *dir, const char *part, struct cnas_error *err);
CNAS_CHECKED enum cnas_status cn_folder_load(struct cnas_dataset *out, const char *dir, const char *part,
                                             const struct cnas_dataset_options *o, struct cnas_error *err);

#endif
