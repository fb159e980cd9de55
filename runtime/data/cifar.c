/* CIFAR-10 and CIFAR-100 in their binary version.
 * Source: cs.toronto.edu/~kriz/cifar.html, "Binary version": records of one label byte (CIFAR-100: the coarse label, then the fine
 * one) and 3072 bytes, the red, green and blue plane of 32 x 32 pixels. There is no header: name, size and labels are all that tells
 * such a file from another. Any number of whole records is taken, so that parts of the sets can be used. */
#include "runtime/data/dataset.h"

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/data/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 32, PIXELS = 3 * SIDE * SIDE, MAX_FILES = 5, MAX_LABELS = 2, MAX_RECORDS = (1 << 30) / PIXELS };

struct form {
    unsigned n_labels;             /* bytes before the pixels; the last one is the label */
    unsigned classes[MAX_LABELS];  /* of each of them */
    const char *train[MAX_FILES + 1], *test[MAX_FILES + 1];
};
static const struct form cifar10 = {
    1, {10}, {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}, {"test_batch.bin"}};
static const struct form cifar100 = {2, {20, 100}, {"train.bin"}, {"test.bin"}};

struct part {
    const struct form *form;
    size_t n_files, images;
    struct {
        char *path;
        FILE *file;
        size_t records;
    } f[MAX_FILES];
};

/* Opens a file and counts its records. */
static enum cnas_status open_one(struct part *p, const char *dir, const char *name, struct cnas_error *err)
{
    const size_t record = p->form->n_labels + PIXELS, i = p->n_files, size = strlen(dir) + strlen(name) + 2;
    uint64_t bytes;
    int fd;
    if (!(p->f[i].path = malloc(size)))
        return cn_error(err, CNAS_E_MEMORY, "no memory to open the data set");
    p->n_files++;
    snprintf(p->f[i].path, size, "%s/%s", dir, name);
    const char *label = cn_file_label(p->f[i].path);
    CNAS_TRY(cn_file_open(&fd, &bytes, p->f[i].path, err));
    if (!(p->f[i].file = fdopen(fd, "rb"))) {
        close(fd);
        return cn_error(err, CNAS_E_MEMORY, "no memory to open the data set");
    }
    if (!bytes || bytes % record)
        return cn_error(err, CNAS_E_FORMAT, "%s: %llu bytes are not whole CIFAR-%s records of %zu bytes: truncated, or another kind of file",
                        label, (unsigned long long)bytes, p->form == &cifar10 ? "10" : "100", record);
    p->f[i].records = (size_t)(bytes / record);
    p->images += p->f[i].records;
    if (p->f[i].records > MAX_RECORDS || p->images > MAX_RECORDS)
        return cn_error(err, CNAS_E_FORMAT, "%s: %zu images are more than this program takes", label, p->images);
    return CNAS_OK;
}

/* Appends the records of file i to d, which has room for them. */
static enum cnas_status read_one(struct cnas_dataset *d, const struct part *p, size_t i, struct cnas_error *err)
{
    const char *label = cn_file_label(p->f[i].path);
    unsigned char labels[MAX_LABELS] = {0};
    for (size_t r = 0; r < p->f[i].records; r++) {
        if (fread(labels, p->form->n_labels, 1, p->f[i].file) != 1 || fread(d->pixels + d->n * PIXELS, PIXELS, 1, p->f[i].file) != 1)
            return ferror(p->f[i].file) ? cn_error(err, CNAS_E_IO, "%s: cannot read it: %s", label, strerror(errno))
                                        : cn_error(err, CNAS_E_FORMAT, "%s: the file became shorter while it was read", label);
        for (unsigned k = 0; k < p->form->n_labels; k++)
            if (labels[k] >= p->form->classes[k])
                return cn_error(err, CNAS_E_FORMAT, "%s: image %zu has %slabel %u; CIFAR-%s has only %u: not such a file, or damaged", label, r,
                                k + 1 < p->form->n_labels ? "coarse " : "", labels[k], p->form == &cifar10 ? "10" : "100",
                                p->form->classes[k]);
        const uint32_t fine = labels[p->form->n_labels - 1];
        d->labels[d->n++] = fine;
        if (fine >= d->classes)
            d->classes = fine + 1;
    }
    return CNAS_OK;
}

static enum cnas_status load(struct cnas_dataset *out, const struct form *form, const char *dir, const char *part, struct cnas_error *err)
{
    struct part p = {.form = form};
    struct cnas_dataset d = {.c = 3, .h = SIDE, .w = SIDE};
    enum cnas_status status = CNAS_OK;
    for (const char *const *name = strcmp(part, "test") ? form->train : form->test; *name && !status; name++)
        status = open_one(&p, dir, *name, err);
    if (!status) {
        d.pixels = cn_mem_alloc(p.images, PIXELS);
        d.labels = cn_mem_alloc(p.images, sizeof *d.labels);
        if (!d.pixels || !d.labels)
            status = cn_error(err, CNAS_E_MEMORY, "%s: no memory for %zu images", cn_file_label(dir), p.images);
    }
    for (size_t i = 0; i < p.n_files && !status; i++)
        status = read_one(&d, &p, i, err);
    for (size_t i = 0; i < p.n_files; i++) {
        if (p.f[i].file)
            fclose(p.f[i].file);
        free(p.f[i].path);
    }
    if (status)
        cnas_dataset_clear(&d);
    *out = d;
    return status;
}

enum cnas_status cn_cifar10_load(struct cnas_dataset *out, const char *dir, const char *part, struct cnas_error *err)
{
    return load(out, &cifar10, dir, part, err);
}

enum cnas_status cn_cifar100_load(struct cnas_dataset *out, const char *dir, const char *part, struct cnas_error *err)
{
    return load(out, &cifar100, dir, part, err);
}
