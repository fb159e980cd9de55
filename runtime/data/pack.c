/* A pack: header, labels, pixels, BLAKE2b-256 over all of it. Numbers are little-endian.
 *
 *     8 bytes "cnaspak1", the key, u32 channels, height, width, 0, u64 images; a u32 label for each image; the pixels; the digest */
#include "runtime/data/pack.h"

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/data/dataset.h"
#include "runtime/data/file.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[] = "cnaspak1";
enum { MAGIC = 8, SIZES = MAGIC + CN_PACK_KEY, HEADER = SIZES + 24, DIGEST = crypto_generichash_BYTES, NAME = 16 };

char *cn_pack_path(const char *dir, const char *part, const struct cnas_dataset_options *o)
{
    unsigned char hash[NAME], number[12];
    char hex[2 * NAME + 1];
    crypto_generichash_state state;
    char *path = NULL, *folder = cn_file_cache_folder(), *real = realpath(dir, NULL);
    if (folder && real) {
        crypto_generichash_init(&state, NULL, 0, sizeof hash);
        crypto_generichash_update(&state, (const unsigned char *)real, strlen(real) + 1);
        crypto_generichash_update(&state, (const unsigned char *)part, strlen(part) + 1);
        cn_store32(number, o->channels);
        cn_store32(number + 4, o->h);
        cn_store32(number + 8, o->w);
        crypto_generichash_update(&state, number, o->h ? 12 : 4);
        crypto_generichash_final(&state, hash, sizeof hash);
        sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
        const size_t size = strlen(folder) + sizeof hex + 8;
        if ((path = malloc(size)))
            snprintf(path, size, "%s/%s.pack", folder, hex);
    }
    free(real);
    free(folder);
    return path;
}

static void digest(unsigned char out[DIGEST], const unsigned char header[HEADER], const unsigned char *labels, const uint8_t *pixels,
                   size_t n, size_t image)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, DIGEST);
    crypto_generichash_update(&state, header, HEADER);
    crypto_generichash_update(&state, labels, 4 * n);
    crypto_generichash_update(&state, pixels, n * image);
    crypto_generichash_final(&state, out, DIGEST);
}

/* The header fits the key, the number of images and the file's size; then the shape is in *d. */
static int header_fits(struct cnas_dataset *d, const unsigned char header[HEADER], uint64_t size, size_t n,
                       const unsigned char key[CN_PACK_KEY])
{
    const unsigned char *p = header + SIZES;
    if (memcmp(header, magic, MAGIC) || memcmp(header + MAGIC, key, CN_PACK_KEY))
        return 0;
    d->c = cn_load32(p);
    d->h = cn_load32(p + 4);
    d->w = cn_load32(p + 8);
    if ((d->c != 1 && d->c != 3) || !d->h || !d->w || d->h > CN_DATASET_MAX_SIDE || d->w > CN_DATASET_MAX_SIDE || cn_load64(p + 16) != n)
        return 0;
    const uint64_t image = (uint64_t)d->c * d->h * d->w;
    return n <= CN_DATASET_MAX_BYTES / image && size == HEADER + n * (4 + image) + DIGEST;
}

static int read_pack(struct cnas_dataset *d, FILE *f, uint64_t size, size_t n, const unsigned char key[CN_PACK_KEY])
{
    unsigned char header[HEADER], stored[DIGEST], found[DIGEST];
    if (fread(header, HEADER, 1, f) != 1 || !header_fits(d, header, size, n, key))
        return 0;
    const size_t image = (size_t)d->c * d->h * d->w;
    unsigned char *labels = malloc(4 * n);
    d->pixels = cn_mem_alloc(n, image);
    d->labels = cn_mem_alloc(n, sizeof *d->labels);
    int good = labels && d->pixels && d->labels && fread(labels, 4 * n, 1, f) == 1 && fread(d->pixels, n * image, 1, f) == 1 &&
               fread(stored, DIGEST, 1, f) == 1;
    if (good) {
        digest(found, header, labels, d->pixels, n, image);
        good = !memcmp(found, stored, DIGEST);
    }
    for (; good && d->n < n; d->n++) {
        d->labels[d->n] = cn_load32(labels + 4 * d->n);
        good = d->labels[d->n] < CN_DATASET_MAX_IMAGES; /* classes have an image each */
        if (d->labels[d->n] >= d->classes)
            d->classes = d->labels[d->n] + 1;
    }
    free(labels);
    return good;
}

int cn_pack_load(struct cnas_dataset *out, const char *path, size_t n, const unsigned char key[CN_PACK_KEY])
{
    memset(out, 0, sizeof *out);
    int fd;
    uint64_t size;
    FILE *f = cn_file_open(&fd, &size, path, NULL) ? NULL : fdopen(fd, "rb");
    const int good = f && read_pack(out, f, size, n, key);
    if (f)
        fclose(f);
    else if (fd >= 0)
        close(fd);
    if (!good)
        cnas_dataset_clear(out);
    return good;
}

enum cnas_status cn_pack_save(const struct cnas_dataset *d, const char *path, const unsigned char key[CN_PACK_KEY], struct cnas_error *err)
{
    const size_t image = (size_t)d->c * d->h * d->w;
    unsigned char header[HEADER] = {0}, hash[DIGEST], *p = header + SIZES, *labels = malloc(4 * d->n);
    if (!labels)
        return cn_error(err, CNAS_E_MEMORY, "%s: no memory to write it", cn_file_label(path));
    memcpy(header, magic, MAGIC);
    memcpy(header + MAGIC, key, CN_PACK_KEY);
    cn_store32(p, d->c);
    cn_store32(p + 4, d->h);
    cn_store32(p + 8, d->w);
    cn_store64(p + 16, d->n);
    for (size_t i = 0; i < d->n; i++)
        cn_store32(labels + 4 * i, d->labels[i]);
    digest(hash, header, labels, d->pixels, d->n, image);
    const struct cn_file_part parts[] = {{header, HEADER}, {labels, 4 * d->n}, {d->pixels, d->n * image}, {hash, DIGEST}};
    const enum cnas_status status = cn_file_replace(path, parts, sizeof parts / sizeof *parts, err);
    free(labels);
    return status;
}
