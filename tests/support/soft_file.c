#include "tests/support/soft_file.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void soft_file_make(struct soft_file *f, const struct cnas_dataset *d, uint32_t classes, uint32_t views, const char *augment)
{
    *f = (struct soft_file){.about = {cn_train_soft_format, "By hand", "no network", "no weights", f->data, augment},
                            .logits = {.name = "logits", .dtype = CN_BF16, .rank = 3, .dim = {views, d->n, classes}}};
    cn_train_data_digest(f->data, d);
    f->logits.bytes = 2 * (size_t)views * d->n * classes;
    f->logits.data = f->bytes = calloc(f->logits.bytes + 1, 1);
    ck_assert_ptr_nonnull(f->bytes);
}

void soft_file_set(struct soft_file *f, size_t view, size_t image, size_t class, float logit)
{
    cn_train_soft_put(f->bytes + 2 * ((view * f->logits.dim[1] + image) * f->logits.dim[2] + class), logit);
}

void soft_file_write(const struct soft_file *f, const char *path)
{
    struct cn_metadata metadata[CN_TRAIN_SOFT_KEYS];
    struct cnas_error err = {0};
    size_t n = 0;
    for (unsigned key = 0; key < CN_TRAIN_SOFT_KEYS; key++)
        if (f->about[key])
            metadata[n++] = (struct cn_metadata){cn_train_soft_key(key), f->about[key]};
    ck_assert_msg(!cn_safetensors_save(path, &f->logits, 1, metadata, n, &err), "%s", err.text);
}

void soft_file_free(struct soft_file *f)
{
    free(f->bytes);
    f->bytes = NULL;
}

char *soft_file_bytes(const char *name, size_t *size)
{
    FILE *f = fopen(name, "rb");
    char *bytes = calloc(1, 1 << 20);
    ck_assert(f && bytes);
    *size = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

void soft_file_put(const char *name, const void *bytes, size_t size)
{
    FILE *f = fopen(name, "wb");
    ck_assert(f && fwrite(bytes, 1, size, f) == size && !fclose(f));
}
