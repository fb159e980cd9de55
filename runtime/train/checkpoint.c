/* Saving a training and going on with it. */
#include "runtime/train/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/data/file.h"
#include "runtime/data/safetensors.h"
#include "runtime/train/soft_labels.h"
#include "runtime/train/finite.h"

static const char format[] = "cnas-checkpoint-2"; /* 1 had no optimizer but SGD, and no best parameters */

/* --- which training --- */

static void hash_data(crypto_generichash_state *state, const struct cnas_dataset *d)
{
    char text[128];
    int length = snprintf(text, sizeof text, "\ndata %zu %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", d ? d->n : 0, d ? d->c : 0,
                          d ? d->h : 0, d ? d->w : 0, d ? d->classes : 0);
    crypto_generichash_update(state, (const unsigned char *)text, (size_t)length);
    if (!d)
        return;
    crypto_generichash_update(state, d->pixels, d->n * d->c * d->h * d->w);
    crypto_generichash_update(state, (const unsigned char *)d->labels, d->n * sizeof *d->labels);
}

void cn_train_data_digest(char out[CN_TRAIN_DIGEST], const struct cnas_dataset *d)
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    hash_data(&state, d);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(out, CN_TRAIN_DIGEST, hash, sizeof hash);
}

/* BLAKE2b-256 over a text with the network and every option that counts and over the data that weights or their choice depend on. Without
 * a teacher the text says nothing of one. */
void cn_train_identify(struct cn_train_identity *out, const struct cnas_model *m, const struct cnas_train_sets *sets,
                       const struct cnas_train_options *o)
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash_state state;
    struct cnas_train_options counting = *o;
    if (!sets->soft)
        counting.distill_weight = 0;
    size_t used = (size_t)snprintf(out->recipe, sizeof out->recipe, "network %.12s ", m->clear_digest);
    used += cnas_train_describe(out->recipe + used, sizeof out->recipe - used, &counting);
    if (sets->soft && used < sizeof out->recipe)
        snprintf(out->recipe + used, sizeof out->recipe - used, " soft_labels %.12s", cnas_soft_labels_digest(sets->soft));
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const unsigned char *)format, sizeof format);
    crypto_generichash_update(&state, (const unsigned char *)m->clear_digest, strlen(m->clear_digest));
    crypto_generichash_update(&state, (const unsigned char *)out->recipe, strlen(out->recipe));
    hash_data(&state, sets->train);
    hash_data(&state, sets->validation);
    if (sets->soft)
        crypto_generichash_update(&state, (const unsigned char *)cnas_soft_labels_digest(sets->soft), CN_TRAIN_DIGEST);
    snprintf(out->data, sizeof out->data, "validation_images %zu training_images %zu", sets->validation ? sets->validation->n : 0, sets->train->n);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(out->digest, CN_TRAIN_DIGEST, hash, sizeof hash);
}

/* The first "name value" in which two texts differ, as "name is VALUE there and VALUE here". 0: there is none. */
static int difference(char *out, size_t size, const char *there, const char *here)
{
    char name[2][64], value[2][64];
    int length[2];
    while (sscanf(there, "%63s %63s%n", name[0], value[0], &length[0]) == 2 &&
           sscanf(here, "%63s %63s%n", name[1], value[1], &length[1]) == 2 && !strcmp(name[0], name[1])) {
        if (strcmp(value[0], value[1])) {
            snprintf(out, size, "%s is %s there and %s here", name[0], value[0], value[1]);
            return 1;
        }
        there += length[0];
        here += length[1];
    }
    if (!strcmp(there, here))
        return 0;
    snprintf(out, size, "the recipes have not the same options");
    return 1;
}

/* --- the file --- */

enum { PARAMS, MEMORY, BEST, COUNTS, REALS, N_TENSORS };
enum { EPOCH, STEP, CORRECT, BEST_EPOCH, EPOCHS, N_COUNTS };
enum { LOSS, BEST_ACCURACY, BEST_LOSS, N_REALS };

static const struct {
    const char *name;
    enum cn_dtype dtype;
} entry[N_TENSORS] = {{"params", CN_F32}, {"optimizer", CN_F32}, {"best", CN_F32}, {"counts", CN_U64}, {"reals", CN_F64}};

static void lengths(uint64_t n[N_TENSORS], const struct cn_train_state *s, const struct cnas_model *m)
{
    n[PARAMS] = m->params_floats;
    n[MEMORY] = s->memory_floats;
    n[BEST] = s->best_params ? m->params_floats : 0;
    n[COUNTS] = N_COUNTS;
    n[REALS] = N_REALS;
}

enum cnas_status cn_train_checkpoint_save(const char *path, const struct cn_train_state *s, const struct cnas_model *m,
                                          const struct cn_train_identity *id, uint32_t epochs, struct cnas_error *err)
{
    const uint64_t counts[N_COUNTS] = {s->place.epoch, s->place.step, s->place.correct, s->best.epoch, epochs};
    const double reals[N_REALS] = {s->place.loss, s->best.accuracy, s->best.loss};
    const void *const data[N_TENSORS] = {s->params, s->memory, s->best_params ? s->best_params : s->params, counts, reals};
    struct cn_tensor tensors[N_TENSORS];
    uint64_t n[N_TENSORS];
    lengths(n, s, m);
    if (!cn_train_finite(s->params, m->params_floats))
        return cn_error(err, CNAS_E_DIVERGED, "parameters are no longer finite numbers: the learning rate is too high");
    for (int i = 0; i < N_TENSORS; i++)
        tensors[i] = (struct cn_tensor){.name = entry[i].name, .dtype = entry[i].dtype, .rank = 1, .dim = {n[i]}, .data = data[i],
                                        .bytes = n[i] * cn_dtype_size(entry[i].dtype)};
    const struct cn_metadata metadata[] = {{"format", format}, {"network", m->name}, {"training", id->digest}, {"recipe", id->recipe},
                                           {"data", id->data}, {"engine", s->choices}};
    return cn_safetensors_save(path, tensors, N_TENSORS, metadata, 5 + (s->choices != NULL), err);
}

static enum cnas_status read_counts(uint64_t counts[N_COUNTS], const struct cn_safetensors *file, struct cnas_error *err)
{
    const struct cn_tensor *c;
    const uint64_t n = N_COUNTS;
    CNAS_TRY(cn_safetensors_expect(&c, file, "counts", CN_U64, 1, &n, err));
    memcpy(counts, c->data, sizeof *counts * N_COUNTS);
    return CNAS_OK;
}

/* Of another training: nothing is lost if that one is finished. */
static enum cnas_status refuse_unfinished(const struct cn_safetensors *file, const char *path, const struct cn_train_identity *id,
                                          struct cnas_error *err)
{
    uint64_t counts[N_COUNTS];
    char why[224];
    const char *recipe = cn_safetensors_metadata(file, "recipe"), *data = cn_safetensors_metadata(file, "data");
    CNAS_TRY(read_counts(counts, file, err));
    if (counts[EPOCH] >= counts[EPOCHS])
        return CNAS_OK;
    if (!difference(why, sizeof why, recipe ? recipe : "", id->recipe) && !(data && difference(why, sizeof why, data, id->data)))
        snprintf(why, sizeof why, "its images or labels are not these");
    return cn_error(err, CNAS_E_MISMATCH, "%s: the state of another training, after %" PRIu64 " of %" PRIu64 " epochs: %s",
                    cn_file_label(path), counts[EPOCH], counts[EPOCHS], why);
}

static enum cnas_status read_choices(struct cn_train_state *s, const struct cn_safetensors *file, struct cnas_error *err)
{
    const char *text = cn_safetensors_metadata(file, "engine");
    cn_mem_free(s->choices);
    s->choices = NULL;
    if (!text)
        return CNAS_OK;
    const size_t size = strlen(text) + 1;
    s->choices = cn_mem_alloc(size, 1);
    if (!s->choices)
        return cn_error(err, CNAS_E_MEMORY, "no memory for a checkpoint");
    memcpy(s->choices, text, size);
    return CNAS_OK;
}

static enum cnas_status read_state(struct cn_train_state *s, const struct cn_safetensors *file, const struct cnas_model *m,
                                   struct cnas_error *err)
{
    const struct cn_tensor *t[N_TENSORS];
    uint64_t n[N_TENSORS], counts[N_COUNTS];
    double reals[N_REALS];
    lengths(n, s, m);
    for (int i = 0; i < N_TENSORS; i++)
        CNAS_TRY(cn_safetensors_expect(&t[i], file, entry[i].name, entry[i].dtype, 1, &n[i], err));
    memcpy(counts, t[COUNTS]->data, sizeof counts);
    memcpy(reals, t[REALS]->data, sizeof reals);
    memcpy(s->params, t[PARAMS]->data, t[PARAMS]->bytes);
    memcpy(s->memory, t[MEMORY]->data, t[MEMORY]->bytes);
    if (s->best_params)
        memcpy(s->best_params, t[BEST]->data, t[BEST]->bytes);
    s->place = (struct cn_train_place){counts[EPOCH], counts[STEP], counts[CORRECT], reals[LOSS]};
    s->best = (struct cn_train_best){counts[BEST_EPOCH], reals[BEST_ACCURACY], reals[BEST_LOSS]};
    return CNAS_OK;
}

/* *file stays NULL where there is none. */
static enum cnas_status open_checkpoint(struct cn_safetensors **file, const char *path, struct cnas_error *err)
{
    *file = NULL;
    if (access(path, F_OK) && errno == ENOENT)
        return CNAS_OK;
    CNAS_TRY(cn_safetensors_load(file, path, UINT64_C(1) << 36, err));
    const char *kind = cn_safetensors_metadata(*file, "format");
    if (kind && !strcmp(kind, format) && cn_safetensors_metadata(*file, "training"))
        return CNAS_OK;
    cn_safetensors_free(file);
    return cn_error(err, CNAS_E_MISMATCH, "%s: not a training checkpoint of this version; it is left as it is", cn_file_label(path));
}

enum cnas_status cn_train_checkpoint_load(int *found, const char *path, struct cn_train_state *s, const struct cnas_model *m,
                                          const struct cn_train_identity *id, struct cnas_error *err)
{
    struct cn_safetensors *file;
    *found = 0;
    CNAS_TRY(open_checkpoint(&file, path, err));
    if (!file)
        return CNAS_OK;
    enum cnas_status status = CNAS_OK;
    if (strcmp(cn_safetensors_metadata(file, "training"), id->digest) != 0)
        status = refuse_unfinished(file, path, id, err);
    else if (!(status = read_state(s, file, m, err)) && !(status = read_choices(s, file, err)))
        *found = 1;
    cn_safetensors_free(&file);
    return status;
}

enum cnas_status cnas_train_look(struct cnas_train_saved *out, const char *path, const struct cnas_model *m, const struct cnas_train_sets *sets,
                                 const struct cnas_train_options *o, struct cnas_error *err)
{
    struct cn_safetensors *file;
    struct cn_train_identity id;
    uint64_t counts[N_COUNTS];
    *out = (struct cnas_train_saved){0};
    CNAS_TRY(open_checkpoint(&file, path, err));
    if (!file)
        return CNAS_OK;
    const enum cnas_status status = read_counts(counts, file, err);
    if (!status) {
        cn_train_identify(&id, m, sets, o);
        *out = (struct cnas_train_saved){(uint32_t)counts[EPOCHS], (uint32_t)counts[EPOCH],
                                         !strcmp(cn_safetensors_metadata(file, "training"), id.digest)};
    }
    cn_safetensors_free(&file);
    return status;
}
