/* Images for the client. */
#include "runtime/cli/images.h"

#include "runtime/cli/args.h"
#include "runtime/cli/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_IMAGES = 1000000 };

static size_t image_size(const struct cnas_model *m)
{
    return (size_t)m->c * m->h * m->w;
}

static int reserve(struct cn_images *out, const struct cnas_model *m, size_t n)
{
    *out = (struct cn_images){.image = calloc(n ? n : 1, sizeof *out->image), .n = n, .size = image_size(m),
                              .values = calloc(n ? n : 1, image_size(m) * sizeof(float))};
    if (!out->image || !out->values)
        return cn_fail(1, "no memory for %zu images", n);
    for (size_t i = 0; i < n; i++)
        out->image[i].values = out->values + i * image_size(m);
    return 0;
}

/* Appends the indices of a text; *n counts them. Without a list they are only counted. */
static int expand(const char *spec, size_t *list, size_t *n)
{
    const char *s = spec;
    for (;;) {
        uint64_t first, last;
        s = cn_digits(&first, s, 0, SIZE_MAX);
        last = first;
        if (s && *s == '-')
            s = cn_digits(&last, s + 1, 0, SIZE_MAX);
        if (!s || (*s && *s != ',') || last < first)
            return cn_fail(2, "--index: `%s' is not a list of indices such as 7, 0-19 or 3,8-9", spec);
        if (last - first >= MAX_IMAGES - *n)
            return cn_fail(2, "--index: more than %d images", MAX_IMAGES);
        for (size_t i = 0; i <= last - first; i++, ++*n) /* last may be the largest number there is */
            if (list)
                list[*n] = (size_t)first + i;
        if (!*s)
            return 0;
        s++;
    }
}

int cn_images_from_set(struct cn_images *out, const struct cnas_model *m, const char *dir, int resize, const char *const *spec,
                       size_t n_specs)
{
    struct cnas_dataset set = {0};
    struct cnas_error err;
    size_t n = 0, *list = NULL;
    int status = 0;
    *out = (struct cn_images){NULL, 0, NULL, 0};
    for (size_t i = 0; i < n_specs && !status; i++)
        status = expand(spec[i], NULL, &n);
    if (!status && !(list = calloc(n ? n : 1, sizeof *list)))
        status = cn_fail(1, "no memory for %zu images", n);
    n = 0;
    for (size_t i = 0; i < n_specs && !status; i++)
        status = expand(spec[i], list, &n);
    if (!status && cn_read_data(&set, dir, "test", m, resize, &err) != CNAS_OK)
        status = cn_fail(1, "%s", err.text);
    if (!status && (set.c != m->c || set.h != m->h || set.w != m->w))
        status = cn_fail(1, "the images in %s are (%u, %u, %u), the network takes (%u, %u, %u)%s", dir, set.c, set.h, set.w, m->c, m->h, m->w,
                         set.c == m->c ? "; --resize resamples them" : "");
    for (size_t i = 0; i < n && !status; i++)
        if (list[i] >= set.n)
            status = cn_fail(2, "--index: there is no image %zu; %s has %zu test images", list[i], dir, set.n);
    if (!status)
        status = reserve(out, m, n);
    for (size_t i = 0; i < n && !status; i++) {
        struct cn_image *image = &out->image[i];
        snprintf(image->name, sizeof image->name, "#%zu", list[i]);
        image->label = (int)set.labels[list[i]];
        cnas_normalize(image->values, set.pixels + list[i] * image_size(m), 1, m);
    }
    cnas_dataset_clear(&set);
    free(list);
    return status;
}

int cn_images_from_files(struct cn_images *out, const struct cnas_model *m, int resize, const char *const *path, size_t n)
{
    struct cnas_error err;
    int status = reserve(out, m, n);
    uint8_t *pixels = malloc(image_size(m));
    if (!pixels && !status)
        status = cn_fail(1, "no memory for %zu images", n);
    for (size_t i = 0; i < n && !status; i++) {
        const char *slash = strrchr(path[i], '/');
        struct cn_image *image = &out->image[i];
        snprintf(image->name, sizeof image->name, "%.*s", (int)sizeof image->name - 1, slash ? slash + 1 : path[i]);
        image->label = -1;
        if (cnas_image_load(pixels, m->c, m->h, m->w, resize, path[i], &err) != CNAS_OK)
            status = cn_fail(1, "%s", err.text);
        else
            cnas_normalize(image->values, pixels, 1, m);
    }
    if (pixels)
        explicit_bzero(pixels, image_size(m));
    free(pixels);
    return status;
}

void cn_images_clear(struct cn_images *images)
{
    if (images->values)
        explicit_bzero(images->values, images->n * images->size * sizeof *images->values);
    free(images->values);
    free(images->image);
    *images = (struct cn_images){NULL, 0, NULL, 0};
}
