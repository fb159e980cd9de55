/* Saving a training and going on with it. */
#include "runtime/train/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/error.h"
#include "runtime/data/file.h"
#include "runtime/data/safetensors.h"

static const char format[] = "cnas-checkpoint-1";

/* BLAKE2b-256 over a text with every option and over the data. Reals in hexadecimal: exact. */
void cn_train_digest(char out[CN_TRAIN_DIGEST], const struct cnas_model *m, const struct cnas_dataset *d,
                     const struct cnas_train_options *o)
{
    char text[640];
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash_state state;
    int length = snprintf(text, sizeof text,
                          "%s network %s lr %a %a momentum %a decay %a nesterov %d flip %d epochs %" PRIu32 " batch %" PRIu32
                          " restart %" PRIu32 " %" PRIu32 " crop %" PRIu32 " cutout %" PRIu32 " seed %" PRIu64
                          " data %zu %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
                          format, m->clear_digest, o->lr_max, o->lr_min, o->momentum, o->weight_decay, o->nesterov, o->flip, o->epochs,
                          o->batch, o->restart_first, o->restart_factor, o->crop, o->cutout, o->seed, d->n, d->c, d->h, d->w,
                          d->classes);
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const unsigned char *)text, (size_t)length);
    crypto_generichash_update(&state, d->pixels, d->n * d->c * d->h * d->w);
    crypto_generichash_update(&state, (const unsigned char *)d->labels, d->n * sizeof *d->labels);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(out, CN_TRAIN_DIGEST, hash, sizeof hash);
}

enum cnas_status cn_train_checkpoint_save(const char *path, const float *params, const float *velocity, const struct cnas_model *m,
                                          const char *digest, const struct cn_train_place *place, struct cnas_error *err)
{
    const uint64_t counts[] = {place->epoch, place->step, place->correct};
    const struct cn_tensor tensors[] = {
        {.name = "params", .dtype = CN_F32, .rank = 1, .dim = {m->params_floats}, .data = params, .bytes = m->params_floats * 4},
        {.name = "velocity", .dtype = CN_F32, .rank = 1, .dim = {m->params_trained}, .data = velocity, .bytes = m->params_trained * 4},
        {.name = "counts", .dtype = CN_U64, .rank = 1, .dim = {3}, .data = counts, .bytes = sizeof counts},
        {.name = "loss", .dtype = CN_F64, .rank = 1, .dim = {1}, .data = &place->loss, .bytes = sizeof place->loss},
    };
    const struct cn_metadata metadata[] = {{"format", format}, {"network", m->name}, {"training", digest}};
    return cn_safetensors_save(path, tensors, 4, metadata, 3, err);
}

enum cnas_status cn_train_checkpoint_load(int *found, const char *path, float *params, float *velocity, const struct cnas_model *m,
                                          const char *digest, struct cn_train_place *place, struct cnas_error *err)
{
    struct cn_safetensors *s = NULL;
    const struct cn_tensor *p, *v, *c, *l;
    const uint64_t n_params = m->params_floats, n_velocity = m->params_trained, three = 3, one = 1;
    *found = 0;
    if (access(path, F_OK) && errno == ENOENT)
        return CNAS_OK;
    enum cnas_status status = cn_safetensors_load(&s, path, UINT64_C(1) << 36, err);
    if (status)
        return status;
    const char *kind = cn_safetensors_metadata(s, "format"), *training = cn_safetensors_metadata(s, "training");
    if (!kind || strcmp(kind, format) || !training) {
        status = cn_error(err, CNAS_E_MISMATCH, "%s: not a training checkpoint; it is left as it is", cn_file_label(path));
        goto out;
    }
    if (strcmp(training, digest))
        goto out;
    if ((status = cn_safetensors_expect(&p, s, "params", CN_F32, 1, &n_params, err)) ||
        (status = cn_safetensors_expect(&v, s, "velocity", CN_F32, 1, &n_velocity, err)) ||
        (status = cn_safetensors_expect(&c, s, "counts", CN_U64, 1, &three, err)) ||
        (status = cn_safetensors_expect(&l, s, "loss", CN_F64, 1, &one, err)))
        goto out;
    uint64_t counts[3];
    memcpy(counts, c->data, sizeof counts);
    memcpy(&place->loss, l->data, sizeof place->loss);
    memcpy(params, p->data, p->bytes);
    memcpy(velocity, v->data, v->bytes);
    place->epoch = counts[0];
    place->step = counts[1];
    place->correct = counts[2];
    *found = 1;
out:
    cn_safetensors_free(&s);
    return status;
}
