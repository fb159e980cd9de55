/* The parameter block of a network as a safetensors file: one F32 tensor for each parameter. */
#include <cnas/train.h>

#include "runtime/base/error.h"
#include "runtime/data/file.h"
#include "runtime/data/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void shape_of(uint64_t dim[4], const struct cnas_param *p)
{
    for (uint32_t i = 0; i < p->rank; i++)
        dim[i] = p->dim[i];
}

enum cnas_status cnas_params_save(const float *params, const struct cnas_model *m, const char *path, struct cnas_error *err)
{
    struct cn_tensor *tensors = calloc(m->n_params + 1, sizeof *tensors);
    if (!tensors)
        return cn_error(err, CNAS_E_MEMORY, "%s: no memory to write it", cn_file_label(path));
    for (size_t i = 0; i < m->n_params; i++) {
        const struct cnas_param *p = &m->params[i];
        tensors[i] = (struct cn_tensor){.name = p->name, .dtype = CN_F32, .rank = p->rank, .data = params + p->offset,
                                        .bytes = p->size * sizeof(float)};
        shape_of(tensors[i].dim, p);
    }
    const struct cn_metadata metadata[] = {{"format", "cnas-params-1"}, {"network", m->name}, {"digest", m->clear_digest}};
    enum cnas_status status = cn_safetensors_save(path, tensors, m->n_params, metadata, 3, err);
    free(tensors);
    return status;
}

static enum cnas_status copy_checked(float *params, const struct cn_safetensors *s, const struct cnas_model *m, const char *path,
                                     struct cnas_error *err)
{
    for (size_t i = 0; i < m->n_params; i++) {
        const struct cnas_param *p = &m->params[i];
        const struct cn_tensor *t;
        uint64_t dim[4];
        shape_of(dim, p);
        enum cnas_status status = cn_safetensors_expect(&t, s, p->name, CN_F32, p->rank, dim, err);
        if (status)
            return status;
        memcpy(params + p->offset, t->data, t->bytes);
        for (size_t j = 0; j < p->size; j++) {
            float v = params[p->offset + j];
            if (!isfinite(v))
                return cn_error(err, CNAS_E_RANGE, "%s: tensor `%.64s` holds %s at element %zu", cn_file_label(path), p->name,
                                isnan(v) ? "NaN" : "an infinity", j);
            if (p->kind == CNAS_PARAM_VAR && v < 0)
                return cn_error(err, CNAS_E_RANGE, "%s: tensor `%.64s` is a variance and holds a negative number", cn_file_label(path),
                                p->name);
        }
    }
    return CNAS_OK;
}

/* The same shapes do not make the same network: strides, skips or ReLUs may differ. A file of another writer has no digest. */
static enum cnas_status check_network(const struct cn_safetensors *s, const struct cnas_model *m, const char *path, struct cnas_error *err)
{
    const char *digest = cn_safetensors_metadata(s, "digest");
    if (!digest || !strcmp(digest, m->clear_digest))
        return CNAS_OK;
    return cn_error(err, CNAS_E_MISMATCH, "%s: weights of another build of network `%.64s` (%.12s, this one is %.12s): train again",
                    cn_file_label(path), m->name, digest, m->clear_digest);
}

enum cnas_status cnas_params_load(float *params, const struct cnas_model *m, const char *path, struct cnas_error *err)
{
    struct cn_safetensors *s = NULL;
    const char **names = calloc(m->n_params + 1, sizeof *names);
    float *fresh = calloc(m->params_floats + 1, sizeof *fresh); /* params stays as it was when the file is refused */
    enum cnas_status status;
    if (!names || !fresh) {
        status = cn_error(err, CNAS_E_MEMORY, "%s: no memory to read it", cn_file_label(path));
        goto out;
    }
    /* Another writer may add tensors; the message that names the first of them is better than one about the size. */
    status = cn_safetensors_load(&s, path, 2 * (uint64_t)m->params_floats * sizeof(float) + CN_SAFETENSORS_HEADER_MAX, err);
    for (size_t i = 0; i < m->n_params; i++)
        names[i] = m->params[i].name;
    if (!status)
        status = copy_checked(fresh, s, m, path, err);
    if (!status)
        status = cn_safetensors_expect_only(s, names, m->n_params, err);
    if (!status)
        status = check_network(s, m, path, err);
    if (!status)
        memcpy(params, fresh, m->params_floats * sizeof *params);
out:
    cn_safetensors_free(&s);
    free(fresh);
    free(names);
    return status;
}
