/* Image files inside the room: decoders, and the size of an image without decoding it. */
#ifndef RUNTIME_DATA_IMAGE_H
#define RUNTIME_DATA_IMAGE_H

#include <stdio.h>

#include <cnas/data.h>

/* Where a decoder writes. Without rgb only the size is asked for: the decoder sets h and w and reads no pixel. */
struct cn_image_target {
    uint8_t *rgb; /* (h, w, 3) */
    uint32_t h, w;
};

/* A decoder calls it with the size that the file states: it is told by cn_image_size, or must be the one that is needed. */
CNAS_CHECKED enum cnas_status cn_image_settle(struct cn_image_target *t, unsigned long h, unsigned long w, const char *path,
                                              struct cnas_error *err);
CNAS_CHECKED enum cnas_status cn_jpeg_load(struct cn_image_target *t, const char *path, FILE *file, struct cnas_error *err);

CNAS_CHECKED enum cnas_status cn_image_size(uint32_t *h, uint32_t *w, const char *path, struct cnas_error *err);

#endif
