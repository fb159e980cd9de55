/* Packs: decoded data sets kept in the user's cache folder, so that image files are decoded once. */
#ifndef RUNTIME_DATA_PACK_H
#define RUNTIME_DATA_PACK_H

#include <cnas/data.h>

enum { CN_PACK_KEY = 32 };

/* The file, for free(), that keeps this part of the set in dir with so many channels and of this size: one for each, so that a set that
 * has changed replaces its old pack. NULL: there is no cache folder, or no memory. */
char *cn_pack_path(const char *dir, const char *part, const struct cnas_dataset_options *o);

/* 1: *out is the set of n images that was saved with this key. 0: it must be decoded: no such file, of another key, or damaged. */
int cn_pack_load(struct cnas_dataset *out, const char *path, size_t n, const unsigned char key[CN_PACK_KEY]);

/* Writes the pack, whole or not at all, and removes what writers of it that were killed have left. */
CNAS_CHECKED enum cnas_status cn_pack_save(const struct cnas_dataset *d, const char *path, const unsigned char key[CN_PACK_KEY],
                                           struct cnas_error *err);

#endif
