/* Writing soft labels: a trained network answers, view by view. The answers of whole views are kept in a file that is replaced now and then,
 * so that an interruption costs a view or a minute. */
#include "runtime/train/soft_labels.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include <cnas/train.h>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/data/file.h"
#include "runtime/data/safetensors.h"
#include "runtime/train/checkpoint.h"
#include "runtime/train/finite.h"
#include "runtime/train/infer.h"
#include "runtime/train/lock.h"
#include "runtime/train/options.h"
#include "runtime/train/trainer.h"

struct writer {
    const char *path;
    struct cnas_ctx *ctx;
    const struct cnas_model *m;
    const struct cnas_dataset *train;
    const struct cnas_train_options *o;
    cnas_soft_labels_callback *callback;
    void *user;
    struct cnas_error *err;
    struct cnas_soft_labels_progress progress;
    char weights[CN_TRAIN_DIGEST], data[CN_TRAIN_DIGEST], augment[CN_TRAIN_SOFT_AUGMENT_TEXT];
    size_t view_bytes;
    unsigned char *answers; /* as in the file */
    float *levels, *images, *logits;
    uint32_t *labels;
    struct cnas_inference *teacher;
};

/* ---- the file ---- */

static const char *about(const struct writer *w, unsigned key)
{
    const char *const values[CN_TRAIN_SOFT_KEYS] = {cn_train_soft_format, w->m->name, w->m->clear_digest, w->weights, w->data, w->augment};
    return values[key];
}

/* *there: views that the file has. Of another teacher, other images or another augmentation: it stays. */
static enum cnas_status go_on(struct writer *w, uint32_t *there)
{
    struct cn_train_soft_file s;
    unsigned key = 0;
    *there = 0;
    if (access(w->path, F_OK) && errno == ENOENT)
        return CNAS_OK;
    CNAS_TRY(cn_train_soft_open(&s, w->path, w->train->n, w->m->classes, w->err));
    while (key < CN_TRAIN_SOFT_KEYS && !strcmp(cn_train_soft_about(&s, key), about(w, key)))
        key++;
    const uint32_t wanted = w->progress.views;
    if (key == CN_TRAIN_SOFT_KEYS) {
        *there = s.views;
        memcpy(w->answers, s.logits, (s.views < wanted ? s.views : wanted) * w->view_bytes);
    }
    cn_train_soft_close(&s);
    if (key < CN_TRAIN_SOFT_KEYS)
        return cn_error(w->err, CNAS_E_MISMATCH, "%s: soft labels with another \"%s\" are there already: remove them or name another file",
                        cn_file_label(w->path), cn_train_soft_key(key));
    return CNAS_OK;
}

static enum cnas_status save(const struct writer *w, uint32_t views)
{
    struct cn_metadata metadata[CN_TRAIN_SOFT_KEYS];
    const struct cn_tensor logits = {.name = "logits", .dtype = CN_BF16, .rank = 3, .dim = {views, w->train->n, w->m->classes},
                                     .data = w->answers, .bytes = views * w->view_bytes};
    for (unsigned key = 0; key < CN_TRAIN_SOFT_KEYS; key++)
        metadata[key] = (struct cn_metadata){cn_train_soft_key(key), about(w, key)};
    return cn_safetensors_save(w->path, &logits, 1, metadata, CN_TRAIN_SOFT_KEYS, w->err);
}

/* ---- the teacher ---- */

static int tell(struct writer *w, size_t done)
{
    w->progress.done = done;
    return w->callback && w->callback(w->user, &w->progress);
}

/* The answers to `now` images from `first` on, to this view of them. */
static enum cnas_status answer_batch(const struct writer *w, uint32_t view, size_t first, size_t now)
{
    struct cn_train_augment augment = cn_train_augment_of(w->o);
    const struct cn_train_batch batch = {.images = w->images, .labels = w->labels};
    const size_t classes = w->m->classes;
    unsigned char *out = w->answers + view * w->view_bytes + 2 * first * classes;
    augment.epoch = view;
    cn_train_batch(w->ctx, &batch, w->train, w->levels, NULL, first, now, &augment);
    if (cnas_inference_run(w->teacher, w->logits, w->images, now))
        return cn_error(w->err, CNAS_E_MEMORY, "no memory to answer %zu images at once: try a smaller batch", now);
    for (size_t i = 0; i < now * classes; i++) {
        const float z = w->m->result == CNAS_RESULT_PROBABILITIES ? logf(fmaxf(w->logits[i], 1e-30f)) : w->logits[i];
        cn_train_soft_put(out + 2 * i, z);
        if (!isfinite(w->logits[i]) || !cn_train_soft_is_finite(out + 2 * i))
            return cn_error(w->err, CNAS_E_DIVERGED, "network %s gives answers that are not finite numbers", w->m->name);
    }
    return CNAS_OK;
}

/* *whole: callback has not stopped it before the last image. */
static enum cnas_status answer_view(struct writer *w, int *whole, int *stop)
{
    const size_t n = w->train->n, batch = w->o->batch;
    size_t done = 0;
    while (done < n && !*stop) {
        const size_t now = n - done < batch ? n - done : batch;
        CNAS_TRY(answer_batch(w, w->progress.view, done, now));
        done += now;
        *stop = tell(w, done);
    }
    *whole = done == n;
    return CNAS_OK;
}

/* From view w->progress.view on. Files are large: no more than a twentieth of the time goes into them. */
static enum cnas_status answer(struct writer *w, uint32_t *written)
{
    static const double save_every_s = 60, save_share = 0.05;
    double saved_s = cn_clock_s(), took_s = 0;
    int stop = tell(w, 0);
    enum cnas_status status = CNAS_OK;
    while (w->progress.view < w->progress.views && !stop && !status) {
        int whole = 0;
        status = answer_view(w, &whole, &stop);
        w->progress.view += whole != 0;
        const double now_s = cn_clock_s(), due_s = saved_s + fmax(save_every_s, took_s / save_share);
        if (*written < w->progress.view && (stop || status || w->progress.view == w->progress.views || now_s >= due_s)) {
            const enum cnas_status saved = save(w, w->progress.view);
            if (saved)
                return saved;
            *written = w->progress.view;
            saved_s = cn_clock_s();
            took_s = saved_s - now_s;
        }
    }
    return status;
}

/* ---- all of it ---- */

static void digest_weights(char out[CN_TRAIN_DIGEST], const struct cnas_model *m, const float *params)
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)params, m->params_floats * sizeof *params, NULL, 0);
    sodium_bin2hex(out, CN_TRAIN_DIGEST, hash, sizeof hash);
}

static enum cnas_status allocate(struct writer *w, uint32_t views)
{
    const struct cnas_model *m = w->m;
    const size_t batch = w->o->batch, all = cn_train_soft_bytes(views, w->train->n, m->classes);
    w->view_bytes = all / views;
    w->answers = all < SIZE_MAX ? cn_mem_alloc(all, 1) : NULL;
    w->levels = cn_mem_alloc((size_t)m->c * 256, sizeof *w->levels);
    w->images = cn_mem_alloc(batch, (size_t)m->c * m->h * m->w * sizeof *w->images);
    w->logits = cn_mem_alloc(batch, m->classes * sizeof *w->logits);
    w->labels = cn_mem_alloc(batch, sizeof *w->labels);
    if (!w->answers || !w->levels || !w->images || !w->logits || !w->labels)
        return cn_error(w->err, CNAS_E_MEMORY, "no memory for the answers: %" PRIu32 " views of %zu images are %zu MB", views, w->train->n,
                        all / 1000000);
    return CNAS_OK;
}

static enum cnas_status run(struct writer *w, uint32_t *written, const float *params)
{
    CNAS_TRY(allocate(w, w->progress.views));
    digest_weights(w->weights, w->m, params);
    cn_train_data_digest(w->data, w->train);
    cn_train_soft_augment_text(w->augment, w->o);
    cn_train_levels(w->levels, w->m);
    CNAS_TRY(go_on(w, written));
    if (*written >= w->progress.views)
        return CNAS_OK;
    if (!cn_train_finite(params, w->m->params_floats))
        return cn_error(w->err, CNAS_E_DIVERGED, "the parameters of network %s are not all finite numbers", w->m->name);
    const struct cn_train_net_want want = {.engine = w->o->engine, .precision = w->o->precision, .batch = w->o->batch};
    CNAS_TRY(cn_train_inference_new(&w->teacher, w->ctx, w->m, params, &want, w->err));
    w->progress.view = *written;
    w->progress.engine = cnas_inference_engine(w->teacher);
    return answer(w, written);
}

enum cnas_status cnas_soft_labels_write(uint32_t *written, const char *path, struct cnas_ctx *ctx, const struct cnas_model *m, const float *params,
                                        const struct cnas_dataset *train, const struct cnas_train_options *o, uint32_t views,
                                        cnas_soft_labels_callback *callback, void *user, struct cnas_error *err)
{
    struct cnas_train_options mine = *o;
    struct writer w = {.path = path, .ctx = ctx, .m = m, .train = train, .o = &mine, .callback = callback, .user = user, .err = err,
                       .progress = {.views = views, .total = train->n}};
    *written = 0;
    if (!views || views > CNAS_VIEWS_MAX)
        return cn_error(err, CNAS_E_RANGE, "there can be 1 to %d views", CNAS_VIEWS_MAX);
    CNAS_TRY(cn_train_check_options(o, err));
    CNAS_TRY(cn_train_check_data(train, m, "training", err));
    if (mine.batch > train->n)
        mine.batch = (uint32_t)train->n;
    struct cn_train_lock lock;
    CNAS_TRY(cn_train_lock(&lock, path, "another process is writing these soft labels", err));
    const enum cnas_status status = run(&w, written, params);
    cn_train_unlock(&lock);
    void *all[] = {w.answers, w.levels, w.images, w.logits, w.labels};
    cnas_inference_free(&w.teacher);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cn_mem_free(all[i]);
    return status;
}
