/* Writing safetensors: deterministic order, header padded with spaces so that the data starts at a multiple of 8. */
#include "runtime/data/safetensors.h"

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/base/misuse.h"
#include "runtime/data/file.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static int by_size_then_name(const void *a, const void *b)
{
    const struct cn_tensor *x = *(const struct cn_tensor *const *)a, *y = *(const struct cn_tensor *const *)b;
    size_t p = cn_dtype_size(x->dtype), q = cn_dtype_size(y->dtype);
    return p != q ? (p > q ? -1 : 1) : strcmp(x->name, y->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const struct cn_metadata *const *)a)->key, (*(const struct cn_metadata *const *)b)->key);
}

/* What read_tensor of the reader wants. NULL: no memory. */
static json_t *describe(const struct cn_tensor *t, uint64_t begin)
{
    uint64_t bytes = cn_dtype_size(t->dtype);
    json_t *shape = json_array();
    cn_require(t->rank <= CN_TENSOR_RANK_MAX);
    for (uint32_t i = 0; i < t->rank; i++) {
        bytes *= t->dim[i];
        json_array_append_new(shape, json_integer((json_int_t)t->dim[i]));
    }
    cn_require(bytes == t->bytes);
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", cn_dtype_name(t->dtype), "shape", shape, "data_offsets", (json_int_t)begin,
                     (json_int_t)(begin + bytes));
}

/* The JSON text, or NULL without memory. tensors, metadata: sorted. */
static char *header_text(const struct cn_tensor *const *tensors, size_t n, const struct cn_metadata *const *metadata, size_t n_metadata)
{
    uint64_t begin = 0;
    json_t *header = json_object();
    if (n_metadata) {
        json_t *meta = json_object();
        for (size_t i = 0; i < n_metadata; i++)
            json_object_set_new(meta, metadata[i]->key, json_string(metadata[i]->value));
        json_object_set_new(header, "__metadata__", meta);
    }
    for (size_t i = 0; i < n; i++) {
        cn_require(!json_object_get(header, tensors[i]->name));
        json_object_set_new(header, tensors[i]->name, describe(tensors[i], begin));
        begin += tensors[i]->bytes;
    }
    /* Failed inner calls left NULLs, which set_new refuses: a count that is short means memory ran out. */
    int whole = json_object_size(header) == n + (n_metadata > 0) &&
                json_object_size(json_object_get(header, "__metadata__")) == n_metadata;
    char *text = whole ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(header);
    return text;
}

enum cnas_status cn_safetensors_save(const char *path, const struct cn_tensor *tensors, size_t n, const struct cn_metadata *metadata,
                                     size_t n_metadata, struct cnas_error *err)
{
    enum cnas_status status = CNAS_E_MEMORY;
    const struct cn_tensor **order = calloc(n + 1, sizeof *order);
    const struct cn_metadata **keys = calloc(n_metadata + 1, sizeof *keys);
    struct cn_file_part *parts = calloc(n + 3, sizeof *parts);
    char *text = NULL;
    if (!order || !keys || !parts)
        goto out;
    for (size_t i = 0; i < n; i++)
        order[i] = &tensors[i];
    for (size_t i = 0; i < n_metadata; i++)
        keys[i] = &metadata[i];
    qsort(order, n, sizeof *order, by_size_then_name);
    qsort(keys, n_metadata, sizeof *keys, by_key);
    text = header_text(order, n, keys, n_metadata);
    if (!text)
        goto out;
    unsigned char prefix[8];
    size_t length = strlen(text), padding = (8 - length % 8) % 8;
    cn_store64(prefix, length + padding);
    parts[0] = (struct cn_file_part){prefix, sizeof prefix};
    parts[1] = (struct cn_file_part){text, length};
    parts[2] = (struct cn_file_part){"        ", padding};
    for (size_t i = 0; i < n; i++)
        parts[3 + i] = (struct cn_file_part){order[i]->data, order[i]->bytes};
    status = cn_file_replace(path, parts, n + 3, err);
out:
    if (status == CNAS_E_MEMORY)
        status = cn_error(err, status, "%s: no memory to write it", cn_file_label(path));
    free(text);
    free(parts);
    free(keys);
    free(order);
    return status;
}
