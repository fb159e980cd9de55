/* safetensors files: named tensors and string metadata.
 * Source: github.com/huggingface/safetensors, README "Format" and lib.rs (validation, order and padding of the writer).
 *
 * Layout: u64 little-endian n, n bytes of JSON {"name": {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {..}},
 * then the data. Offsets count from the end of the header. Read as hostile: tensors must tile the data exactly. */
#ifndef RUNTIME_DATA_SAFETENSORS_H
#define RUNTIME_DATA_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include <cnas/status.h>

enum cn_dtype { CN_F64, CN_I64, CN_U64, CN_F32, CN_I32, CN_U32, CN_F16, CN_BF16, CN_I16, CN_U16, CN_I8, CN_U8, CN_BOOL, CN_DTYPE_COUNT };
const char *cn_dtype_name(enum cn_dtype dtype); /* as in the file: "F32" */
size_t cn_dtype_size(enum cn_dtype dtype);      /* bytes of one element */

enum {
    CN_TENSOR_RANK_MAX = 8,
    CN_SAFETENSORS_HEADER_MAX = 16 << 20, /* bytes of JSON */
    CN_SAFETENSORS_NAME_MAX = 256         /* bytes of a tensor name or metadata key */
};

struct cn_tensor {
    const char *name;
    enum cn_dtype dtype;
    uint32_t rank;
    uint64_t dim[CN_TENSOR_RANK_MAX];
    const void *data; /* little-endian, dense, last axis fastest; when read from a file NOT aligned: copy it out */
    size_t bytes;     /* dtype size times the product of dim */
};
struct cn_metadata {
    const char *key, *value;
};

/* --- reading --- */
struct cn_safetensors; /* owns the file's bytes; tensors point into it */
/* Refuses files above max_bytes before reading them. */
CNAS_CHECKED enum cnas_status cn_safetensors_load(struct cn_safetensors **out, const char *path, uint64_t max_bytes,
                                                  struct cnas_error *err);
void cn_safetensors_free(struct cn_safetensors **s);
size_t cn_safetensors_count(const struct cn_safetensors *s);
const struct cn_tensor *cn_safetensors_at(const struct cn_safetensors *s, size_t i); /* in the order of the data */
const struct cn_tensor *cn_safetensors_find(const struct cn_safetensors *s, const char *name); /* NULL: no such tensor */
const char *cn_safetensors_metadata(const struct cn_safetensors *s, const char *key);          /* NULL: no such key */
/* The tensor `name` with exactly this type and shape, or an error that names the file and what differs. */
CNAS_CHECKED enum cnas_status cn_safetensors_expect(const struct cn_tensor **out, const struct cn_safetensors *s, const char *name,
                                                    enum cn_dtype dtype, uint32_t rank, const uint64_t *dim, struct cnas_error *err);
/* An error naming the first tensor that is not among the n names. */
CNAS_CHECKED enum cnas_status cn_safetensors_expect_only(const struct cn_safetensors *s, const char *const *names, size_t n,
                                                         struct cnas_error *err);

/* --- writing --- */
/* Atomic (file.h). Same tensors and metadata in any order, same bytes: sorted by element size (largest first, so that data stays
 * aligned), then name; metadata by key. Names must be distinct and printable. */
CNAS_CHECKED enum cnas_status cn_safetensors_save(const char *path, const struct cn_tensor *tensors, size_t n,
                                                  const struct cn_metadata *metadata, size_t n_metadata, struct cnas_error *err);

#endif
