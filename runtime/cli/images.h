/* The images that a command line names: test images of a data set by index, or image files. */
#ifndef RUNTIME_CLI_IMAGES_H
#define RUNTIME_CLI_IMAGES_H

#include <cnas/train.h>

struct cn_image {
    char name[64];  /* "#12", or the last part of a file's name */
    int label;      /* -1: not known */
    float *values;  /* normalised (C, H, W), in cn_images.values */
};

struct cn_images {
    struct cn_image *image;
    size_t n;
    float *values;  /* n * size */
    size_t size;    /* of one image */
};

/* resize: images of another size than the network's are resampled. spec: n_specs texts "7", "0-19", "3,8-9". Return 0, or an exit status after a message. */
int cn_images_from_set(struct cn_images *out, const struct cnas_model *m, const char *dir, int resize, const char *const *spec,
                       size_t n_specs);
int cn_images_from_files(struct cn_images *out, const struct cnas_model *m, int resize, const char *const *path, size_t n);
void cn_images_clear(struct cn_images *images); /* wipes: they are the client's secret */

#endif
