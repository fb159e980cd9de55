/* Writing IDX and CIFAR files: the formats that idx.c and cifar.c read, which name their sources. */
#include "runtime/data/save.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/error.h"
#include "runtime/base/misuse.h"
#include "runtime/data/file.h"

enum { CIFAR_SIDE = 32, CIFAR_PIXELS = 3 * CIFAR_SIDE * CIFAR_SIDE, CIFAR_BATCHES = 5 };

static enum cnas_status write_file(const struct cn_save *s, const char *name, const struct cn_file_part *parts, size_t n,
                                   struct cnas_error *err)
{
    const size_t size = strlen(s->dir) + strlen(name) + 2;
    char *path = malloc(size);
    if (!path)
        return cn_error(err, CNAS_E_MEMORY, "no memory to write the data set");
    snprintf(path, size, "%s/%s", s->dir, name);
    const enum cnas_status status = cn_file_replace(path, parts, n, err);
    free(path);
    return status;
}

static void put_be32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (24 - 8 * i));
}

static enum cnas_status save_idx(const struct cn_save *s, struct cnas_error *err)
{
    const struct cnas_dataset *d = s->d;
    const int train = !strcmp(s->part, "train");
    unsigned char images[16] = {0, 0, 8, 3}, labels[8] = {0, 0, 8, 1}, *bytes;
    if (d->c != 1)
        return cn_error(err, CNAS_E_MISMATCH, "IDX files hold grey images, these have %u channels (--channels=1 reads image folders as grey)", d->c);
    if (d->classes > 256)
        return cn_error(err, CNAS_E_MISMATCH, "IDX files hold at most 256 classes, these are %u", d->classes);
    if (!(bytes = malloc(d->n)))
        return cn_error(err, CNAS_E_MEMORY, "no memory to write the data set");
    put_be32(images + 4, (uint32_t)d->n);
    put_be32(images + 8, d->h);
    put_be32(images + 12, d->w);
    put_be32(labels + 4, (uint32_t)d->n);
    for (size_t i = 0; i < d->n; i++)
        bytes[i] = (unsigned char)d->labels[i];
    const struct cn_file_part image_parts[] = {{images, sizeof images}, {d->pixels, d->n * d->h * d->w}};
    const struct cn_file_part label_parts[] = {{labels, sizeof labels}, {bytes, d->n}};
    enum cnas_status status = write_file(s, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte", image_parts, 2, err);
    if (!status)
        status = write_file(s, train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte", label_parts, 2, err);
    free(bytes);
    return status;
}

/* Records of images first .. end - 1: n_labels bytes, of which the last is the label and the others are 0, then the pixels. */
static enum cnas_status save_records(const struct cn_save *s, const char *name, size_t n_labels, size_t first, size_t end,
                                     struct cnas_error *err)
{
    const size_t record = n_labels + CIFAR_PIXELS;
    unsigned char *bytes = calloc(end - first, record);
    if (!bytes)
        return cn_error(err, CNAS_E_MEMORY, "no memory to write the data set");
    for (size_t i = first; i < end; i++) {
        unsigned char *p = bytes + (i - first) * record + n_labels;
        p[-1] = (unsigned char)s->d->labels[i];
        memcpy(p, s->d->pixels + i * CIFAR_PIXELS, CIFAR_PIXELS);
    }
    const struct cn_file_part part = {bytes, (end - first) * record};
    const enum cnas_status status = write_file(s, name, &part, 1, err);
    free(bytes);
    return status;
}

static enum cnas_status save_names(const struct cn_save *s, const char *file, struct cnas_error *err)
{
    struct cn_file_part *parts = s->names->n ? calloc(2 * (size_t)s->names->n, sizeof *parts) : NULL;
    if (!s->names->n)
        return CNAS_OK;
    if (!parts)
        return cn_error(err, CNAS_E_MEMORY, "no memory to write the data set");
    for (uint32_t i = 0; i < s->names->n; i++) {
        parts[2 * i] = (struct cn_file_part){s->names->name[i], strlen(s->names->name[i])};
        parts[2 * i + 1] = (struct cn_file_part){"\n", 1};
    }
    const enum cnas_status status = write_file(s, file, parts, 2 * (size_t)s->names->n, err);
    free(parts);
    return status;
}

static enum cnas_status save_cifar(const struct cn_save *s, unsigned classes, struct cnas_error *err)
{
    const struct cnas_dataset *d = s->d;
    const int train = !strcmp(s->part, "train");
    if (d->c != 3 || d->h != CIFAR_SIDE || d->w != CIFAR_SIDE)
        return cn_error(err, CNAS_E_MISMATCH, "CIFAR files hold images of 3x32x32, these are %ux%ux%u%s", d->c, d->h, d->w,
                        d->c == 3 ? "; --resize=32x32 resamples them" : "");
    if (d->classes > classes)
        return cn_error(err, CNAS_E_MISMATCH, "CIFAR-%u has %u classes, these are %u", classes, classes, d->classes);
    CNAS_TRY(save_names(s, classes == 10 ? "batches.meta.txt" : "fine_label_names.txt", err));
    if (classes == 100)
        return save_records(s, train ? "train.bin" : "test.bin", 2, 0, d->n, err);
    if (!train)
        return save_records(s, "test_batch.bin", 1, 0, d->n, err);
    if (d->n < CIFAR_BATCHES)
        return cn_error(err, CNAS_E_MISMATCH, "CIFAR-10 has %d training files, these are only %zu images", CIFAR_BATCHES, d->n);
    for (size_t i = 0; i < CIFAR_BATCHES; i++) {
        char name[32];
        snprintf(name, sizeof name, "data_batch_%zu.bin", i + 1);
        CNAS_TRY(save_records(s, name, 1, d->n * i / CIFAR_BATCHES, d->n * (i + 1) / CIFAR_BATCHES, err));
    }
    return CNAS_OK;
}

enum cnas_status cnas_dataset_save(const struct cnas_dataset *d, const struct cnas_class_names *names, const char *dir, const char *part,
                                   enum cnas_dataset_form form, cnas_dataset_progress *progress, void *user, struct cnas_error *err)
{
    static const struct cnas_class_names none = {NULL, 0};
    const struct cn_save s = {d, names ? names : &none, dir, part, progress, user};
    cn_require(!strcmp(part, "train") || !strcmp(part, "test"));
    cn_require(form < CNAS_DATASET_FORMS);
    if (!d->n || d->n > UINT32_MAX)
        return cn_error(err, CNAS_E_RANGE, "%zu images are no data set", d->n);
    for (size_t i = 0; i < d->n; i++)
        cn_require(d->labels[i] < d->classes);
    return form == CNAS_DATASET_IDX        ? save_idx(&s, err)
           : form == CNAS_DATASET_CIFAR10  ? save_cifar(&s, 10, err)
           : form == CNAS_DATASET_CIFAR100 ? save_cifar(&s, 100, err)
                                           : cn_folder_save(&s, err);
}
