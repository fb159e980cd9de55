/* The file of soft labels, read: from anywhere, nothing in it is believed. */
#include "runtime/train/soft_labels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cnas/train.h>

#include "runtime/base/decimal.h"
#include "runtime/base/error.h"
#include "runtime/data/file.h"
#include "runtime/data/safetensors.h"
#include "runtime/train/options.h"

const char cn_train_soft_format[] = "cnas-soft-labels-1";

const char *cn_train_soft_key(enum cn_train_soft_key key)
{
    static const char *const names[CN_TRAIN_SOFT_KEYS] = {"format", "network", "digest", "weights", "data", "augment"};
    return names[key];
}

const char *cn_train_soft_about(const struct cn_train_soft_file *f, enum cn_train_soft_key key)
{
    return cn_safetensors_metadata(f->file, cn_train_soft_key(key));
}

/* ---- what the file says of itself ---- */

void cn_train_soft_augment_text(char out[CN_TRAIN_SOFT_AUGMENT_TEXT], const struct cnas_train_options *o)
{
    char cutmix[CN_DECIMAL] = "";
    if (o->cutmix > 0)
        cn_decimal(cutmix, o->cutmix, 17);
    snprintf(out, CN_TRAIN_SOFT_AUGMENT_TEXT, "flip %d padding %d crop %" PRIu32 " cutout %" PRIu32 "%s%s seed %" PRIu64, o->flip, o->padding,
             o->crop, o->cutout, *cutmix ? " cutmix " : "", cutmix, o->seed);
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
            cutmix = cn_decimal_read(at + 8, &at);
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
    return !strcmp(again, text) && !cn_train_check_augment(&o, NULL); /* strtoull and cn_decimal_read let signs, blanks and zeros pass */
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

float cn_train_soft_get(const unsigned char bf16[2])
{
    const uint32_t bits = (uint32_t)bf16[0] << 16 | (uint32_t)bf16[1] << 24;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
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

/* ---- the file ---- */

static enum cnas_status read_metadata(struct cn_train_soft_file *f, const char *label, struct cnas_error *err)
{
    for (unsigned key = 0; key < CN_TRAIN_SOFT_KEYS; key++)
        if (!cn_train_soft_about(f, key))
            return cn_error(err, CNAS_E_FORMAT, "%s: no file of soft labels: its metadata have no \"%s\"", label, cn_train_soft_key(key));
    if (strcmp(cn_train_soft_about(f, CN_TRAIN_SOFT_FORMAT), cn_train_soft_format) != 0)
        return cn_error(err, CNAS_E_FORMAT, "%s: its \"format\" is not %s, which this version reads", label, cn_train_soft_format);
    if (!is_name(cn_train_soft_about(f, CN_TRAIN_SOFT_NETWORK)))
        return cn_error(err, CNAS_E_FORMAT, "%s: its \"network\" is no name of up to %d printable characters", label, CN_SAFETENSORS_NAME_MAX);
    if (!parse_augment(&f->augment, cn_train_soft_about(f, CN_TRAIN_SOFT_AUGMENT)))
        return cn_error(err, CNAS_E_FORMAT, "%s: its \"augment\" makes no sense", label);
    return CNAS_OK;
}

static enum cnas_status read_logits(struct cn_train_soft_file *f, const char *label, size_t n, uint32_t classes, struct cnas_error *err)
{
    const struct cn_tensor *t = cn_safetensors_find(f->file, "logits");
    if (!t || t->dtype != CN_BF16 || t->rank != 3 || !t->dim[0] || t->dim[0] > CNAS_VIEWS_MAX)
        return cn_error(err, CNAS_E_FORMAT, "%s: it has no tensor `logits` of BF16 and shape (views, images, classes) with 1 to %d views", label,
                        CNAS_VIEWS_MAX);
    if (t->dim[1] != n || t->dim[2] != classes)
        return cn_error(err, CNAS_E_MISMATCH, "%s: soft labels of %" PRIu64 " training images and %" PRIu64 " classes, where there are %zu and %"
                        PRIu32, label, t->dim[1], t->dim[2], n, classes);
    if (!all_finite(t->data, t->bytes))
        return cn_error(err, CNAS_E_FORMAT, "%s: it holds numbers that are not finite", label);
    f->logits = t->data;
    f->views = (uint32_t)t->dim[0];
    f->n = n;
    f->classes = classes;
    return CNAS_OK;
}

enum cnas_status cn_train_soft_open(struct cn_train_soft_file *f, const char *path, size_t n, uint32_t classes, struct cnas_error *err)
{
    const char *label = cn_file_label(path);
    const size_t most = cn_train_soft_bytes(CNAS_VIEWS_MAX, n, classes), header = CN_SAFETENSORS_HEADER_MAX + 8;
    *f = (struct cn_train_soft_file){0};
    enum cnas_status status = cn_safetensors_load(&f->file, path, most < SIZE_MAX - header ? most + header : SIZE_MAX, err);
    if (!status)
        status = read_metadata(f, label, err);
    if (!status)
        status = read_logits(f, label, n, classes, err);
    if (status)
        cn_train_soft_close(f);
    return status;
}

void cn_train_soft_close(struct cn_train_soft_file *f)
{
    cn_safetensors_free(&f->file);
    f->logits = NULL;
}

const unsigned char *cn_train_soft_answer(const struct cn_train_soft_file *f, uint32_t view, size_t image)
{
    return f->logits + 2 * ((size_t)view * f->n + image) * f->classes;
}
