/* Resampling of one map; what cnas_dataset_resize promises. */
#ifndef RUNTIME_DATA_RESIZE_H
#define RUNTIME_DATA_RESIZE_H

#include <cnas/status.h>

#include <stdint.h>

/* From h x w pixels to oh x ow; made once, used for many maps. */
struct cn_resize;
CNAS_CHECKED enum cnas_status cn_resize_new(struct cn_resize **out, uint32_t oh, uint32_t ow, uint32_t h, uint32_t w);
void cn_resize_map(const struct cn_resize *r, uint8_t *out, const uint8_t *in);
void cn_resize_free(struct cn_resize **r);

#endif
