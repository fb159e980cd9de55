/* Writing images as PNG, alone and as DIR/PART/CLASS/NUMBER.png. Labels count folders by name, so names that are not in the order of the
 * labels get the label before them. */
#include "runtime/data/save.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/error.h"
#include "runtime/data/file.h"

/* (c, h, w) to (h, w, c). */
static void interleave(uint8_t *out, const uint8_t *pixels, size_t c, size_t hw)
{
    for (size_t k = 0; k < c; k++)
        for (size_t i = 0; i < hw; i++)
            out[i * c + k] = pixels[k * hw + i];
}

static png_image png_of(uint32_t c, uint32_t h, uint32_t w)
{
    return (png_image){.version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = c == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};
}

enum cnas_status cnas_image_save(const char *path, const uint8_t *pixels, uint32_t c, uint32_t h, uint32_t w, struct cnas_error *err)
{
    png_image image = png_of(c, h, w);
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    uint8_t *flat = malloc((size_t)c * h * w), *bytes = malloc(size);
    enum cnas_status status = CNAS_OK;
    if (!flat || !bytes) {
        status = cn_error(err, CNAS_E_MEMORY, "%s: no memory to write it", cn_file_label(path));
    } else {
        interleave(flat, pixels, c, (size_t)h * w);
        if (!png_image_write_to_memory(&image, bytes, &size, 0, flat, 0, NULL))
            status = cn_error(err, CNAS_E_MEMORY, "%s: cannot make the PNG: %s", cn_file_label(path), image.message);
    }
    if (!status)
        status = cn_file_replace(path, &(struct cn_file_part){bytes, size}, 1, err);
    free(bytes);
    free(flat);
    return status;
}

/* Digits that every number below n fits in. */
static int digits(uint32_t n)
{
    int d = 1;
    for (n = n ? n - 1 : 0; n >= 10 && d < 10; n /= 10)
        d++;
    return d;
}

static int is_folder_name(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/');
}

/* The names can be the folders as they are. */
static int in_order(const struct cnas_class_names *names)
{
    for (uint32_t i = 0; i < names->n; i++)
        if (!is_folder_name(names->name[i]) || (i && strcmp(names->name[i - 1], names->name[i]) >= 0))
            return 0;
    return 1;
}

struct place {
    char *path; /* DIR/PART/CLASS/NUMBER.png, room for the longest */
    size_t size;
};

static void class_path(const struct place *p, const struct cn_save *s, uint32_t label, int ordered)
{
    const char *name = label < s->names->n && !strchr(s->names->name[label], '/') ? s->names->name[label] : "";
    if (ordered && *name)
        snprintf(p->path, p->size, "%s/%s/%s", s->dir, s->part, name);
    else
        snprintf(p->path, p->size, "%s/%s/%0*u%s%s", s->dir, s->part, digits(s->d->classes), label, *name ? "-" : "", name);
}

static enum cnas_status make_folder(const char *path, struct cnas_error *err)
{
    return mkdir(path, 0777) && errno != EEXIST
               ? cn_error(err, CNAS_E_IO, "%s: cannot make this folder: %s", cn_file_label(path), strerror(errno))
               : CNAS_OK;
}

/* Labels are counted in train, or in test where that is alone: there every class needs its folder. */
static enum cnas_status check_classes(const struct cn_save *s, const char *train, struct cnas_error *err)
{
    struct stat st;
    unsigned char *seen = calloc(s->d->classes, 1);
    enum cnas_status status = seen ? CNAS_OK : cn_error(err, CNAS_E_MEMORY, "no memory to write the data set");
    const int counts = !strcmp(s->part, "train") || stat(train, &st);
    for (size_t i = 0; i < s->d->n && !status; i++)
        seen[s->d->labels[i]] = 1;
    for (uint32_t c = 0; counts && c < s->d->classes && !status; c++)
        if (!seen[c])
            status = cn_error(err, CNAS_E_MISMATCH, "class %u has no %s image: image folders cannot keep its place among the labels", c,
                              s->part);
    free(seen);
    return status;
}

static enum cnas_status save_images(const struct cn_save *s, const struct place *p, int ordered, struct cnas_error *err)
{
    const struct cnas_dataset *d = s->d;
    const size_t hw = (size_t)d->h * d->w, image_size = d->c * hw;
    uint8_t *flat = malloc(image_size);
    enum cnas_status status = flat ? CNAS_OK : cn_error(err, CNAS_E_MEMORY, "no memory to write the data set");
    for (size_t i = 0; i < d->n && !status; i++) {
        png_image image = png_of(d->c, d->h, d->w);
        class_path(p, s, d->labels[i], ordered);
        status = make_folder(p->path, err);
        const size_t length = strlen(p->path);
        snprintf(p->path + length, p->size - length, "/%0*u.png", digits((uint32_t)d->n), (uint32_t)i);
        interleave(flat, d->pixels + i * image_size, d->c, hw);
        if (!status && !png_image_write_to_file(&image, p->path, 0, flat, 0, NULL))
            status = cn_error(err, CNAS_E_IO, "%s: cannot write it: %s", cn_file_label(p->path), image.message);
        if (s->progress)
            s->progress(s->user, i + 1, d->n);
    }
    free(flat);
    return status;
}

enum cnas_status cn_folder_save(const struct cn_save *s, struct cnas_error *err)
{
    const int ordered = in_order(s->names) && s->names->n >= s->d->classes;
    size_t longest = 0;
    for (uint32_t i = 0; i < s->names->n; i++)
        if (strlen(s->names->name[i]) > longest)
            longest = strlen(s->names->name[i]);
    struct place p = {.size = strlen(s->dir) + longest + 96};
    if (s->d->c != 1 && s->d->c != 3)
        return cn_error(err, CNAS_E_MISMATCH, "image files have 1 or 3 channels, these images %u", s->d->c);
    if (!(p.path = malloc(p.size)))
        return cn_error(err, CNAS_E_MEMORY, "no memory to write the data set");
    snprintf(p.path, p.size, "%s/train", s->dir);
    enum cnas_status status = check_classes(s, p.path, err);
    snprintf(p.path, p.size, "%s/%s", s->dir, s->part);
    if (!status)
        status = make_folder(p.path, err);
    if (!status)
        status = save_images(s, &p, ordered, err);
    free(p.path);
    return status;
}
