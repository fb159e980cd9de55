/* A validation set that has the classes in the proportions of the whole.
 * Source: shares of n by the method of largest remainders (Hare quota); within a class the images with the smallest random keys. */
#include <cnas/data.h>

#include <stdlib.h>
#include <string.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/train/rng.h"

struct share {
    uint32_t label;
    size_t images, taken, remainder; /* of images * n / total */
};

struct draw {
    uint64_t key;
    uint32_t label;
    size_t at;
};

/* Who gets one more: those who would keep an image before those who would not, then by remainder, then by label. */
static int by_claim(const void *a, const void *b)
{
    const struct share *x = a, *y = b;
    const int last_x = x->taken + 1 >= x->images, last_y = y->taken + 1 >= y->images;
    if (last_x != last_y)
        return last_x - last_y;
    if (x->remainder != y->remainder)
        return x->remainder > y->remainder ? -1 : 1;
    return x->label < y->label ? -1 : 1;
}

static int by_share_label(const void *a, const void *b)
{
    const struct share *x = a, *y = b;
    return x->label < y->label ? -1 : 1;
}

static int by_class_then_key(const void *a, const void *b)
{
    const struct draw *x = a, *y = b;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

/* How many images each class gives. A set has fewer than 2^32 images, so products fit. */
static void shares(struct share *s, uint32_t classes, const struct cnas_dataset *d, size_t n)
{
    size_t left = n, i;
    for (uint32_t c = 0; c < classes; c++)
        s[c] = (struct share){.label = c};
    for (i = 0; i < d->n; i++)
        s[d->labels[i]].images++;
    for (uint32_t c = 0; c < classes; c++) {
        s[c].taken = s[c].images * n / d->n;
        s[c].remainder = s[c].images * n % d->n;
        left -= s[c].taken;
    }
    qsort(s, classes, sizeof *s, by_claim);
    for (uint32_t c = 0; c < left; c++) /* fewer are left than classes have a remainder */
        s[c].taken++;
    qsort(s, classes, sizeof *s, by_share_label);
}

/* goes[i] = 1 for the images that move. */
static void choose(unsigned char *goes, struct draw *draws, const struct share *s, const struct cnas_dataset *d, uint64_t seed)
{
    for (size_t i = 0; i < d->n; i++) {
        struct cn_train_rng r = cn_train_rng_make(seed, CN_TRAIN_SPLIT, i, 0);
        draws[i] = (struct draw){cn_train_rng_u64(&r), d->labels[i], i};
    }
    qsort(draws, d->n, sizeof *draws, by_class_then_key);
    size_t rank = 0;
    for (size_t i = 0; i < d->n; i++) {
        rank = i && draws[i].label == draws[i - 1].label ? rank + 1 : 0;
        goes[draws[i].at] = rank < s[draws[i].label].taken;
    }
}

static void move(struct cnas_dataset *train, struct cnas_dataset *validation, const unsigned char *goes)
{
    const size_t image = (size_t)train->c * train->h * train->w, n = train->n;
    train->n = 0;
    for (size_t i = 0; i < n; i++) {
        struct cnas_dataset *d = goes[i] ? validation : train;
        memmove(d->pixels + d->n * image, train->pixels + i * image, image);
        d->labels[d->n++] = train->labels[i];
    }
}

enum cnas_status cnas_dataset_split(struct cnas_dataset *train, struct cnas_dataset *validation, size_t n, uint64_t seed,
                                    struct cnas_error *err)
{
    *validation = (struct cnas_dataset){0};
    if (!n || n >= train->n)
        return cn_error(err, CNAS_E_RANGE, "a validation set of %zu images cannot be taken from %zu: allowed is 1 to %zu", n, train->n,
                        train->n ? train->n - 1 : 0);
    if (train->n > UINT32_MAX)
        return cn_error(err, CNAS_E_RANGE, "%zu images are more than can be split", train->n);
    for (size_t i = 0; i < train->n; i++)
        if (train->labels[i] >= train->classes)
            return cn_error(err, CNAS_E_RANGE, "image %zu has label %u of %u classes", i, train->labels[i], train->classes);
    struct cnas_dataset d = {.c = train->c, .h = train->h, .w = train->w, .classes = train->classes};
    struct share *s = cn_mem_zalloc(train->classes, sizeof *s);
    struct draw *draws = cn_mem_alloc(train->n, sizeof *draws);
    unsigned char *goes = cn_mem_alloc(train->n, 1);
    enum cnas_status status = CNAS_OK;
    d.pixels = cn_mem_alloc(n, (size_t)d.c * d.h * d.w);
    d.labels = cn_mem_alloc(n, sizeof *d.labels);
    if (s && draws && goes && d.pixels && d.labels) {
        shares(s, train->classes, train, n);
        choose(goes, draws, s, train, seed);
        move(train, &d, goes);
        *validation = d;
    } else {
        cnas_dataset_clear(&d);
        status = cn_error(err, CNAS_E_MEMORY, "no memory for a validation set of %zu images", n);
    }
    cn_mem_free(goes);
    cn_mem_free(draws);
    cn_mem_free(s);
    return status;
}
