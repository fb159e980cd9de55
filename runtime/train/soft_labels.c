/* Reading soft labels: a file from anywhere, of which nothing is believed. */
#include "runtime/train/soft_labels.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cnas/train.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/data/file.h"
#include "runtime/data/safetensors.h"
#include "runtime/train/checkpoint.h"
#include "runtime/train/options.h"

const char cn_train_soft_format[] = "cnas-soft-labels-1";

struct cnas_soft_labels {
    struct cn_safetensors *file;
    const unsigned char *logits; /* bfloat16, little-endian */
    uint32_t views, classes;
    size_t n;
    struct cn_train_augment augment;
    char digest[CN_TRAIN_DIGEST];
};

const char *cn_train_soft_key(enum cn_train_soft_key key)
{
    static const char *const names[CN_TRAIN_SOFT_KEYS] = {"format", "network", "digest", "weights", "data", "augment"};
    return names[key];
}

const char *cn_train_soft_about(const struct cnas_soft_labels *s, enum cn_train_soft_key key)
{
    return cn_safetensors_metadata(s->file, cn_train_soft_key(key));
}

const unsigned char *cn_train_soft_logits(const struct cnas_soft_labels *s)
{
    return s->logits;
}

/* ---- what the file says of itself ---- */

void cn_train_soft_augment_text(char out[CN_TRAIN_SOFT_AUGMENT_TEXT], const struct cnas_train_options *o)
{
    char cutmix[40] = "";
    if (o->cutmix > 0)
        snprintf(cutmix, sizeof cutmix, " cutmix %.17g", o->cutmix);
    snprintf(out, CN_TRAIN_SOFT_AUGMENT_TEXT, "flip %d padding %d crop %" PRIu32 " cutout %" PRIu32 "%s seed %" PRIu64, o->flip, o->padding,
             o->crop, o->cutout, cutmix, o->seed);
}

/* 1: it is what cn_train_soft_augment_text writes of options that make sense. */
static int parse_augment(struct cn_train_augment *a, const char *text)
{
    static const char *const name[] = {"flip ", " padding ", " crop ", " cutout ", " seed "};
    uint64_t value[5];
    char again[CN_TRAIN_SOFT_AUGMENT_TEXT], *at = (char *)(uintptr_t)text;
    double cutmix = 0;
    for (int i = 0; i < 5; i++) {
        if (i == 4 && !strncmp(at, " cutmix ", 8))
            cutmix = strtod(at + 8, &at);
        if (strncmp(at, name[i], strlen(name[i])) != 0)
            return 0;
        value[i] = strtoull(at + strlen(name[i]), &at, 10);
        if (i < 4 && value[i] > INT32_MAX)
            return 0;
    }
    const struct cnas_train_options o = {.flip = (int)value[0], .padding = (int)value[1], .crop = (uint32_t)value[2],
                                         .cutout = (uint32_t)value[3], .cutmix = cutmix, .seed = value[4]};
    cn_train_soft_augment_text(again, &o);
    *a = cn_train_augment_of(&o);
    return !strcmp(again, text) && !cn_train_check_augment(&o, NULL); /* strtoull and strtod let signs, blanks and zeros pass */
}

/* It is printed and logged. */
static int is_name(const char *text)
{
    size_t n = 0;
    while (text[n] >= ' ' && text[n] <= '~')
        n++;
    return n && n <= CN_SAFETENSORS_NAME_MAX && !text[n];
}

size_t cn_train_soft_bytes(size_t views, size_t n, size_t classes)
{
    size_t bytes;
    if (__builtin_mul_overflow(views, n, &bytes) || __builtin_mul_overflow(bytes, classes, &bytes) || __builtin_mul_overflow(bytes, 2, &bytes))
        return SIZE_MAX;
    return bytes;
}

void cn_train_soft_put(unsigned char bf16[2], float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits += 0x7fff + (bits >> 16 & 1);
    bf16[0] = (unsigned char)(bits >> 16);
    bf16[1] = (unsigned char)(bits >> 24);
}

int cn_train_soft_is_finite(const unsigned char bf16[2])
{
    return (bf16[1] & 0x7f) != 0x7f || !(bf16[0] & 0x80);
}

static int all_finite(const unsigned char *bf16, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 2)
        if (!cn_train_soft_is_finite(bf16 + i))
            return 0;
    return 1;
}

/* Of everything that the file says. */
static void make_digest(struct cnas_soft_labels *s)
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (unsigned key = 0; key < CN_TRAIN_SOFT_KEYS; key++) {
        const char *value = cn_train_soft_about(s, key);
        crypto_generichash_update(&state, (const unsigned char *)value, strlen(value) + 1);
    }
    crypto_generichash_update(&state, s->logits, cn_train_soft_bytes(s->views, s->n, s->classes));
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(s->digest, sizeof s->digest, hash, sizeof hash);
}

/* ---- the file ---- */

static enum cnas_status read_metadata(struct cnas_soft_labels *s, const char *label, struct cnas_error *err)
{
    for (unsigned key = 0; key < CN_TRAIN_SOFT_KEYS; key++)
        if (!cn_train_soft_about(s, key))
            return cn_error(err, CNAS_E_FORMAT, "%s: no file of soft labels: its metadata have no \"%s\"", label, cn_train_soft_key(key));
    if (strcmp(cn_train_soft_about(s, CN_TRAIN_SOFT_FORMAT), cn_train_soft_format) != 0)
        return cn_error(err, CNAS_E_FORMAT, "%s: its \"format\" is not %s, which this version reads", label, cn_train_soft_format);
    if (!is_name(cn_train_soft_about(s, CN_TRAIN_SOFT_NETWORK)))
        return cn_error(err, CNAS_E_FORMAT, "%s: its \"network\" is no name of up to %d printable characters", label, CN_SAFETENSORS_NAME_MAX);
    if (!parse_augment(&s->augment, cn_train_soft_about(s, CN_TRAIN_SOFT_AUGMENT)))
        return cn_error(err, CNAS_E_FORMAT, "%s: its \"augment\" makes no sense", label);
    return CNAS_OK;
}

static enum cnas_status read_logits(struct cnas_soft_labels *s, const char *label, size_t n, uint32_t classes, struct cnas_error *err)
{
    const struct cn_tensor *t = cn_safetensors_find(s->file, "logits");
    if (!t || t->dtype != CN_BF16 || t->rank != 3 || !t->dim[0] || t->dim[0] > CNAS_VIEWS_MAX)
        return cn_error(err, CNAS_E_FORMAT, "%s: it has no tensor `logits` of BF16 and shape (views, images, classes) with 1 to %d views", label,
                        CNAS_VIEWS_MAX);
    if (t->dim[1] != n || t->dim[2] != classes)
        return cn_error(err, CNAS_E_MISMATCH, "%s: soft labels of %" PRIu64 " training images and %" PRIu64 " classes, where there are %zu and %"
                        PRIu32, label, t->dim[1], t->dim[2], n, classes);
    if (!all_finite(t->data, t->bytes))
        return cn_error(err, CNAS_E_FORMAT, "%s: it holds numbers that are not finite", label);
    s->logits = t->data;
    s->views = (uint32_t)t->dim[0];
    s->n = n;
    s->classes = classes;
    return CNAS_OK;
}

enum cnas_status cn_train_soft_open(struct cnas_soft_labels **out, const char *path, size_t n, uint32_t classes, struct cnas_error *err)
{
    const char *label = cn_file_label(path);
    const size_t most = cn_train_soft_bytes(CNAS_VIEWS_MAX, n, classes), header = CN_SAFETENSORS_HEADER_MAX + 8;
    struct cnas_soft_labels *s = *out = cn_mem_zalloc(1, sizeof *s);
    if (!s)
        return cn_error(err, CNAS_E_MEMORY, "%s: no memory to read it", label);
    enum cnas_status status = cn_safetensors_load(&s->file, path, most < SIZE_MAX - header ? most + header : SIZE_MAX, err);
    if (!status)
        status = read_metadata(s, label, err);
    if (!status)
        status = read_logits(s, label, n, classes, err);
    if (status)
        cnas_soft_labels_free(out);
    return status;
}

enum cnas_status cnas_soft_labels_load(struct cnas_soft_labels **out, const char *path, const struct cnas_dataset *train, uint32_t classes,
                                       struct cnas_error *err)
{
    char data[CN_TRAIN_DIGEST];
    CNAS_TRY(cn_train_soft_open(out, path, train->n, classes, err));
    cn_train_data_digest(data, train);
    if (strcmp(cn_train_soft_about(*out, CN_TRAIN_SOFT_DATA), data) != 0) {
        cnas_soft_labels_free(out);
        return cn_error(err, CNAS_E_MISMATCH, "%s: soft labels of other training images: teacher and student need the same data set, "
                        "size of images and validation set", cn_file_label(path));
    }
    make_digest(*out);
    return CNAS_OK;
}

void cnas_soft_labels_free(struct cnas_soft_labels **s)
{
    if (*s)
        cn_safetensors_free(&(*s)->file);
    cn_mem_free(*s);
    *s = NULL;
}

/* ---- loaded ---- */

uint32_t cnas_soft_labels_views(const struct cnas_soft_labels *s)
{
    return s->views;
}

const char *cnas_soft_labels_teacher(const struct cnas_soft_labels *s)
{
    return cn_train_soft_about(s, CN_TRAIN_SOFT_NETWORK);
}

const char *cnas_soft_labels_digest(const struct cnas_soft_labels *s)
{
    return s->digest;
}

void cnas_soft_labels_augment(const struct cnas_soft_labels *s, struct cnas_train_options *o)
{
    o->flip = s->augment.flip;
    o->padding = s->augment.padding;
    o->crop = s->augment.crop;
    o->cutout = s->augment.cutout;
    o->cutmix = s->augment.cutmix;
}

struct cn_train_augment cn_train_soft_augment(const struct cnas_soft_labels *s)
{
    return s->augment;
}

uint32_t cn_train_soft_view(const struct cnas_soft_labels *s, uint64_t epoch)
{
    return (uint32_t)(epoch % s->views);
}

int cn_train_soft_fit(const struct cnas_soft_labels *s, size_t n, uint32_t classes)
{
    return s->n == n && s->classes == classes;
}

void cn_train_soft_read(const struct cnas_soft_labels *s, float *logits, uint32_t view, const uint32_t *samples, size_t n)
{
    cn_require(view < s->views);
    for (size_t i = 0; i < n; i++) {
        cn_require(samples[i] < s->n);
        const unsigned char *from = s->logits + 2 * ((size_t)view * s->n + samples[i]) * s->classes;
        for (size_t c = 0; c < s->classes; c++) {
            const uint32_t bits = (uint32_t)from[2 * c] << 16 | (uint32_t)from[2 * c + 1] << 24;
            memcpy(logits + i * s->classes + c, &bits, sizeof bits);
        }
    }
}
