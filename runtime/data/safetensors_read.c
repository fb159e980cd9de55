/* Reading safetensors: size limits before allocation, strict JSON, every offset checked. */
#include "runtime/data/safetensors.h"

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/data/file.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensor data is copied without conversion");

struct cn_safetensors {
    char *label; /* for messages */
    json_t *header;
    unsigned char *data; /* data_size bytes: what follows the header */
    uint64_t data_size;
    struct cn_tensor *tensors; /* (n), ascending in data */
    size_t n;
};

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [CN_F64] = {"F64", 8}, [CN_I64] = {"I64", 8},   [CN_U64] = {"U64", 8}, [CN_F32] = {"F32", 4}, [CN_I32] = {"I32", 4},
    [CN_U32] = {"U32", 4}, [CN_F16] = {"F16", 2},   [CN_BF16] = {"BF16", 2}, [CN_I16] = {"I16", 2}, [CN_U16] = {"U16", 2},
    [CN_I8] = {"I8", 1},   [CN_U8] = {"U8", 1},     [CN_BOOL] = {"BOOL", 1},
};
_Static_assert(sizeof dtypes / sizeof *dtypes == CN_DTYPE_COUNT, "a row for every dtype");

const char *cn_dtype_name(enum cn_dtype dtype)
{
    return dtypes[dtype].name;
}

size_t cn_dtype_size(enum cn_dtype dtype)
{
    return dtypes[dtype].size;
}

void cn_safetensors_free(struct cn_safetensors **s)
{
    if (!*s)
        return;
    json_decref((*s)->header);
    free((*s)->label);
    free((*s)->tensors);
    cn_mem_wipe_free((*s)->data, (*s)->data_size); /* weights */
    free(*s);
    *s = NULL;
}

size_t cn_safetensors_count(const struct cn_safetensors *s)
{
    return s->n;
}

const struct cn_tensor *cn_safetensors_at(const struct cn_safetensors *s, size_t i)
{
    return &s->tensors[i];
}

const struct cn_tensor *cn_safetensors_find(const struct cn_safetensors *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->tensors[i].name, name))
            return &s->tensors[i];
    return NULL;
}

const char *cn_safetensors_metadata(const struct cn_safetensors *s, const char *key)
{
    return json_string_value(json_object_get(json_object_get(s->header, "__metadata__"), key));
}

/* Names go into messages and, as keys, into tables: bounded, no control characters. UTF-8 was checked by the JSON parser. */
static int name_is_sound(const char *name)
{
    size_t n = 0;
    for (; name[n]; n++)
        if ((unsigned char)name[n] < 0x20 || name[n] == 0x7f)
            return 0;
    return n > 0 && n <= CN_SAFETENSORS_NAME_MAX;
}

/* A JSON integer 0..2^53 (above, other readers lose digits). */
static int read_count(uint64_t *out, const json_t *value)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > (json_int_t)1 << 53)
        return -1;
    *out = (uint64_t)json_integer_value(value);
    return 0;
}

/* One entry of the header. Returns NULL, or what is wrong with it. begin: offset of its data. */
static const char *read_tensor(struct cn_tensor *t, uint64_t *begin, const char *name, const json_t *entry, uint64_t data_size)
{
    uint64_t end, bytes;
    const json_t *shape = json_object_get(entry, "shape"), *offsets = json_object_get(entry, "data_offsets");
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!json_is_object(entry) || json_object_size(entry) != 3 || !dtype || !json_is_array(shape) || !json_is_array(offsets))
        return "is not described by exactly dtype, shape and data_offsets";
    unsigned d = 0;
    while (d < CN_DTYPE_COUNT && strcmp(dtypes[d].name, dtype))
        d++;
    if (d == CN_DTYPE_COUNT)
        return "has an unknown dtype";
    t->name = name;
    t->dtype = (enum cn_dtype)d;
    if (json_array_size(shape) > CN_TENSOR_RANK_MAX)
        return "has too many dimensions";
    t->rank = (uint32_t)json_array_size(shape);
    bytes = dtypes[d].size;
    for (uint32_t i = 0; i < t->rank; i++)
        if (read_count(&t->dim[i], json_array_get(shape, i)) || __builtin_mul_overflow(bytes, t->dim[i], &bytes))
            return "has an impossible shape";
    if (json_array_size(offsets) != 2 || read_count(begin, json_array_get(offsets, 0)) || read_count(&end, json_array_get(offsets, 1)))
        return "has malformed data_offsets";
    if (*begin > end || end > data_size)
        return "lies outside the file (is the file truncated?)";
    if (end - *begin != bytes)
        return "has data_offsets that do not fit its shape";
    t->bytes = (size_t)bytes;
    return NULL;
}

static int by_data(const void *a, const void *b)
{
    const struct cn_tensor *x = a, *y = b;
    if (x->data != y->data)
        return (uintptr_t)x->data < (uintptr_t)y->data ? -1 : 1;
    return x->bytes != y->bytes ? (x->bytes < y->bytes ? -1 : 1) : strcmp(x->name, y->name); /* empty tensors first */
}

static enum cnas_status read_header(struct cn_safetensors *s, struct cnas_error *err)
{
    const char *key;
    json_t *value;
    if (!json_is_object(s->header))
        return cn_error(err, CNAS_E_FORMAT, "%s: the header is not a JSON object", s->label);
    s->tensors = calloc(json_object_size(s->header) + 1, sizeof *s->tensors);
    if (!s->tensors)
        return cn_error(err, CNAS_E_MEMORY, "%s: no memory for its table of tensors", s->label);
    json_object_foreach (s->header, key, value) {
        if (!name_is_sound(key))
            return cn_error(err, CNAS_E_FORMAT, "%s: the header holds an empty, overlong or unprintable name", s->label);
        if (!strcmp(key, "__metadata__")) {
            const char *meta_key;
            json_t *meta;
            if (!json_is_object(value))
                return cn_error(err, CNAS_E_FORMAT, "%s: __metadata__ is not an object", s->label);
            json_object_foreach (value, meta_key, meta)
                if (!json_is_string(meta))
                    return cn_error(err, CNAS_E_FORMAT, "%s: __metadata__ holds a value that is not a string", s->label);
            continue;
        }
        uint64_t begin = 0;
        const char *why = read_tensor(&s->tensors[s->n], &begin, key, value, s->data_size);
        if (why)
            return cn_error(err, CNAS_E_FORMAT, "%s: tensor `%.64s` %s", s->label, key, why);
        s->tensors[s->n++].data = s->data + begin;
    }
    qsort(s->tensors, s->n, sizeof *s->tensors, by_data);
    const unsigned char *end = s->data;
    for (size_t i = 0; i < s->n; i++) {
        if (s->tensors[i].data != end)
            return cn_error(err, CNAS_E_FORMAT, "%s: tensor `%.64s` overlaps another or leaves a gap", s->label, s->tensors[i].name);
        end += s->tensors[i].bytes;
    }
    if (end != s->data + s->data_size)
        return cn_error(err, CNAS_E_FORMAT, "%s: bytes after the last tensor", s->label);
    return CNAS_OK;
}

/* size bytes into out; a short file is an error of its own, whatever its header promised. */
static enum cnas_status read_exactly(int fd, void *out, uint64_t size, const char *label, struct cnas_error *err)
{
    unsigned char *p = out;
    while (size) {
        ssize_t n = read(fd, p, size < (1u << 30) ? (size_t)size : 1u << 30);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cn_error(err, CNAS_E_IO, "%s: cannot read it: %s", label, strerror(errno));
        if (n == 0)
            return cn_error(err, CNAS_E_FORMAT, "%s: the file is truncated", label);
        p += n;
        size -= (uint64_t)n;
    }
    return CNAS_OK;
}

static enum cnas_status load_from(struct cn_safetensors *s, int fd, uint64_t size, uint64_t max_bytes, struct cnas_error *err)
{
    unsigned char prefix[8];
    if (size > max_bytes)
        return cn_error(err, CNAS_E_FORMAT, "%s: the file has %llu bytes, more than this network can need", s->label,
                        (unsigned long long)size);
    if (size < 10)
        return cn_error(err, CNAS_E_FORMAT, "%s: not a safetensors file (only %llu bytes)", s->label, (unsigned long long)size);
    enum cnas_status status = read_exactly(fd, prefix, sizeof prefix, s->label, err);
    if (status)
        return status;
    uint64_t header_size = cn_load64(prefix);
    if (header_size > CN_SAFETENSORS_HEADER_MAX)
        return cn_error(err, CNAS_E_FORMAT, "%s: not a safetensors file (its header would have %llu bytes)", s->label,
                        (unsigned long long)header_size);
    if (header_size > size - 8)
        return cn_error(err, CNAS_E_FORMAT, "%s: truncated inside its header", s->label);
    s->data_size = size - 8 - header_size;
    char *text = malloc(header_size + 1);
    s->data = cn_mem_alloc(s->data_size, 1);
    if (!text || !s->data) {
        free(text);
        return cn_error(err, CNAS_E_MEMORY, "%s: no memory for its %llu bytes", s->label, (unsigned long long)size);
    }
    status = read_exactly(fd, text, header_size, s->label, err);
    if (!status) {
        json_error_t why;
        s->header = json_loadb(text, header_size, JSON_REJECT_DUPLICATES, &why);
        if (!s->header)
            status = cn_error(err, CNAS_E_FORMAT, "%s: the header is not valid JSON (byte %d)", s->label, why.position);
    }
    free(text);
    if (!status)
        status = read_exactly(fd, s->data, s->data_size, s->label, err);
    return status ? status : read_header(s, err);
}

enum cnas_status cn_safetensors_load(struct cn_safetensors **out, const char *path, uint64_t max_bytes, struct cnas_error *err)
{
    *out = NULL;
    struct cn_safetensors *s = calloc(1, sizeof *s);
    if (!s || !(s->label = strdup(cn_file_label(path)))) {
        free(s);
        return cn_error(err, CNAS_E_MEMORY, "%s: no memory to read it", cn_file_label(path));
    }
    int fd;
    uint64_t size;
    enum cnas_status status = cn_file_open(&fd, &size, path, err);
    if (!status) {
        status = load_from(s, fd, size, max_bytes, err);
        close(fd);
    }
    if (status)
        cn_safetensors_free(&s);
    *out = s;
    return status;
}

static void shape_text(char *out, size_t size, uint32_t rank, const uint64_t *dim)
{
    size_t at = 0;
    snprintf(out, size, "%s", rank ? "" : "scalar");
    for (uint32_t i = 0; i < rank && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, i ? "x%llu" : "%llu", (unsigned long long)dim[i]);
}

enum cnas_status cn_safetensors_expect(const struct cn_tensor **out, const struct cn_safetensors *s, const char *name,
                                       enum cn_dtype dtype, uint32_t rank, const uint64_t *dim, struct cnas_error *err)
{
    const struct cn_tensor *t = cn_safetensors_find(s, name);
    char has[64], needs[64];
    *out = NULL;
    if (!t)
        return cn_error(err, CNAS_E_MISMATCH, "%s: tensor `%.64s` is missing; this network needs it", s->label, name);
    int same = t->rank == rank;
    for (uint32_t i = 0; i < rank && same; i++)
        same = t->dim[i] == dim[i];
    if (!same) {
        shape_text(has, sizeof has, t->rank, t->dim);
        shape_text(needs, sizeof needs, rank, dim);
        return cn_error(err, CNAS_E_MISMATCH, "%s: tensor `%.64s` has shape %s, this network needs %s", s->label, name, has, needs);
    }
    if (t->dtype != dtype)
        return cn_error(err, CNAS_E_MISMATCH, "%s: tensor `%.64s` has type %s, this network needs %s", s->label, name,
                        cn_dtype_name(t->dtype), cn_dtype_name(dtype));
    *out = t;
    return CNAS_OK;
}

enum cnas_status cn_safetensors_expect_only(const struct cn_safetensors *s, const char *const *names, size_t n,
                                            struct cnas_error *err)
{
    for (size_t i = 0; i < s->n; i++) {
        size_t j = 0;
        while (j < n && strcmp(names[j], s->tensors[i].name))
            j++;
        if (j == n)
            return cn_error(err, CNAS_E_MISMATCH, "%s: tensor `%.64s` is not part of this network", s->label, s->tensors[i].name);
    }
    return CNAS_OK;
}
