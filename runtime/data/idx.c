/* MNIST's IDX files, plain or gzipped.
 * Source: yann.lecun.com/exdb/mnist, "The IDX file format": big-endian u32 magic (0, 0, 8 = bytes, rank), u32 for each axis, data.
 * Every size is checked against limits and against what the file can hold before memory is taken. */
#include "runtime/data/dataset.h"

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/data/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { DEFLATE_FACTOR = 1032 }; /* deflate never grows a byte to more (zlib manual, "maximum compression factor") */

struct idx {
    gzFile gz; /* zlib reads files that are not gzip as they are */
    char *path;
    uint64_t bytes; /* of the file */
    uint32_t dim[3];
};

/* path = dir/part-what, or the same with .gz. */
static enum cnas_status idx_open(struct idx *x, const char *dir, const char *part, const char *what, struct cnas_error *err)
{
    size_t size = strlen(dir) + strlen(part) + strlen(what) + 8;
    x->path = malloc(size);
    if (!x->path)
        return cn_error(err, CNAS_E_MEMORY, "no memory to open the data set");
    static const char *const suffix[] = {"", ".gz"};
    for (int i = 0; i < 2 && !x->gz; i++) {
        snprintf(x->path, size, "%s/%s-%s%s", dir, part, what, suffix[i]);
        int fd;
        const enum cnas_status status = cn_file_open(&fd, &x->bytes, x->path, err);
        if (status && errno != ENOENT)
            return status;
        if (!status && !(x->gz = gzdopen(fd, "rb"))) {
            close(fd);
            return cn_error(err, CNAS_E_MEMORY, "no memory to open the data set");
        }
    }
    if (!x->gz)
        return cn_error(err, CNAS_E_IO, "%s: no such file, and none without .gz", cn_file_label(x->path));
    return CNAS_OK;
}

static void idx_close(struct idx *x)
{
    if (x->gz)
        gzclose(x->gz);
    free(x->path);
}

static enum cnas_status idx_read(struct idx *x, void *out, size_t size, struct cnas_error *err)
{
    unsigned char *p = out;
    while (size) {
        int n = gzread(x->gz, p, size < (1u << 30) ? (unsigned)size : 1u << 30), code;
        if (n < 0) {
            const char *why = gzerror(x->gz, &code);
            return cn_error(err, code == Z_ERRNO ? CNAS_E_IO : CNAS_E_FORMAT, "%s: cannot read it: %s", cn_file_label(x->path),
                            code == Z_ERRNO ? strerror(errno) : why);
        }
        if (n == 0)
            return cn_error(err, CNAS_E_FORMAT, "%s: the file is truncated", cn_file_label(x->path));
        p += n;
        size -= (size_t)n;
    }
    return CNAS_OK;
}

/* Reading past the data must find the end; for gzip that is also where the checksum is compared. */
static enum cnas_status idx_end(struct idx *x, struct cnas_error *err)
{
    char byte;
    int n = gzread(x->gz, &byte, 1), code;
    gzerror(x->gz, &code);
    if (n > 0)
        return cn_error(err, CNAS_E_FORMAT, "%s: the file is longer than its header says", cn_file_label(x->path));
    if (n < 0 || code == Z_BUF_ERROR)
        return cn_error(err, CNAS_E_FORMAT, "%s: the file is damaged or truncated", cn_file_label(x->path));
    return CNAS_OK;
}

/* The header of a file of bytes with `rank` axes; *total: its data bytes. */
static enum cnas_status idx_header(struct idx *x, unsigned rank, uint64_t *total, struct cnas_error *err)
{
    const char *label = cn_file_label(x->path);
    unsigned char b[16];
    enum cnas_status status = idx_read(x, b, 4 + 4 * rank, err);
    if (status)
        return status;
    if (b[0] || b[1] || b[2] != 8 || b[3] != rank)
        return cn_error(err, CNAS_E_FORMAT, "%s: not an IDX file of bytes with %u axes (it starts with %02x%02x%02x%02x)", label, rank,
                        b[0], b[1], b[2], b[3]);
    *total = 1;
    for (unsigned i = 0; i < rank; i++) {
        const unsigned char *p = b + 4 + 4 * i;
        x->dim[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        if (!x->dim[i] || x->dim[i] > (i ? CN_DATASET_MAX_SIDE : CN_DATASET_MAX_IMAGES))
            return cn_error(err, CNAS_E_FORMAT, "%s: axis %u has size %u; allowed is 1 to %d", label, i, x->dim[i],
                            i ? CN_DATASET_MAX_SIDE : CN_DATASET_MAX_IMAGES);
        *total *= x->dim[i]; /* at most 10^7 * 2^24 */
    }
    if (*total > CN_DATASET_MAX_BYTES)
        return cn_error(err, CNAS_E_FORMAT, "%s: %llu bytes of data are more than this program takes", label, (unsigned long long)*total);
    uint64_t holds = x->bytes;
    if (!gzdirect(x->gz))
        holds *= DEFLATE_FACTOR;
    if (*total + 4 + 4 * rank > holds)
        return cn_error(err, CNAS_E_FORMAT, "%s: the header promises %llu bytes, the file is too short for them", label,
                        (unsigned long long)*total);
    return CNAS_OK;
}

static enum cnas_status read_labels(struct cnas_dataset *d, struct idx *labels, uint64_t total, struct cnas_error *err)
{
    unsigned char *bytes = malloc(total);
    d->labels = cn_mem_alloc(total, sizeof *d->labels);
    enum cnas_status status = CNAS_E_MEMORY;
    if (bytes && d->labels)
        status = idx_read(labels, bytes, total, err);
    else
        cn_error(err, status, "%s: no memory for %llu labels", cn_file_label(labels->path), (unsigned long long)total);
    d->classes = 0;
    for (uint64_t i = 0; !status && i < total; i++) {
        d->labels[i] = bytes[i];
        if (bytes[i] >= d->classes)
            d->classes = bytes[i] + 1u;
    }
    free(bytes);
    return status ? status : idx_end(labels, err);
}

enum cnas_status cnas_dataset_load_idx(struct cnas_dataset *out, const char *dir, const char *part, struct cnas_error *err)
{
    struct idx images = {0}, labels = {0};
    struct cnas_dataset d = {.c = 1};
    uint64_t n_pixels = 0, n_labels = 0;
    memset(out, 0, sizeof *out);
    cn_require(!strcmp(part, "train") || !strcmp(part, "test"));
    const char *prefix = strcmp(part, "test") ? part : "t10k";
    enum cnas_status status = idx_open(&images, dir, prefix, "images-idx3-ubyte", err);
    if (!status)
        status = idx_open(&labels, dir, prefix, "labels-idx1-ubyte", err);
    if (!status)
        status = idx_header(&images, 3, &n_pixels, err);
    if (!status)
        status = idx_header(&labels, 1, &n_labels, err);
    if (!status && images.dim[0] != labels.dim[0])
        status = cn_error(err, CNAS_E_FORMAT, "%s: %u labels, but %u images in the file beside it", cn_file_label(labels.path),
                          labels.dim[0], images.dim[0]);
    if (!status) {
        d.n = images.dim[0];
        d.h = images.dim[1];
        d.w = images.dim[2];
        d.pixels = cn_mem_alloc(n_pixels, 1);
        if (!d.pixels)
            status = cn_error(err, CNAS_E_MEMORY, "%s: no memory for its images", cn_file_label(images.path));
    }
    if (!status)
        status = idx_read(&images, d.pixels, n_pixels, err);
    if (!status)
        status = idx_end(&images, err);
    if (!status)
        status = read_labels(&d, &labels, n_labels, err);
    idx_close(&images);
    idx_close(&labels);
    if (status)
        cnas_dataset_clear(&d);
    *out = d;
    return status;
}
