/* A data set of small PNGs in class folders, with a cache for its pack, and what loading it says. */
#ifndef TESTS_SUPPORT_IMAGE_SET_H
#define TESTS_SUPPORT_IMAGE_SET_H

#include <cnas/data.h>

#include "tests/support/folder.h"

void image_set_make(void); /* a fixture with folder_remove: the empty class folders below "set", the cache in "cache", both in dir */

void make_folder(const char *name);
/* An image: red counts from `first`, green and blue are 100 and 200. */
void put_png(const char *name, uint32_t w, uint32_t h, uint8_t first);
void put_set(void); /* four images of 4 x 2 pixels to train, one to test */

/* What the last load gave and told. h and w 0: images are not resampled. */
extern struct cnas_dataset d;
extern size_t decoded, warnings;
extern char warned[512]; /* the last warning */
enum cnas_status load_as(const char *part, uint32_t channels, uint32_t h, uint32_t w);
enum cnas_status load(const char *part, uint32_t channels);
void load_fails(const char *part, enum cnas_status expected, const char *words);

/* Loads the training set of put_set; `expected` images of it had to be decoded. */
void check_train(size_t expected);

/* The packs in the cache; their number, and the first one's name in *first. */
size_t packs(char first[256]);

#endif
