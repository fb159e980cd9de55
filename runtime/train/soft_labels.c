/* Soft labels as a training takes them: the answers of a teacher, or what several of them agree on. */
#include "runtime/train/soft_labels.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

#include <cnas/train.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/data/file.h"
#include "runtime/data/safetensors.h"
#include "runtime/train/checkpoint.h"

enum { BETWEEN = 3 }; /* " + " */

struct cnas_soft_labels {
    struct teacher {
        struct cn_train_soft_file file;
        double spread; /* root mean square of its answers, each about its own mean */
        double factor; /* in the mean of all teachers */
    } teachers[CNAS_TEACHERS_MAX];
    size_t n_teachers;
    uint32_t views; /* that all have */
    char name[CNAS_TEACHERS_MAX * (CN_SAFETENSORS_NAME_MAX + BETWEEN) + 1];
    char digest[CN_TRAIN_DIGEST];
};

/* ---- a teacher ---- */

static double mean_of(const unsigned char *answer, size_t classes)
{
    double sum = 0;
    for (size_t c = 0; c < classes; c++)
        sum += (double)cn_train_soft_get(answer + 2 * c);
    return sum / (double)classes;
}

static double spread_of(const struct cn_train_soft_file *f)
{
    double sum = 0;
    for (uint32_t view = 0; view < f->views; view++)
        for (size_t image = 0; image < f->n; image++) {
            const unsigned char *answer = cn_train_soft_answer(f, view, image);
            const double mean = mean_of(answer, f->classes);
            for (size_t c = 0; c < f->classes; c++) {
                const double apart = (double)cn_train_soft_get(answer + 2 * c) - mean;
                sum += apart * apart;
            }
        }
    return sqrt(sum / ((double)f->views * (double)f->n * (double)f->classes));
}

/* Of everything that the file says. */
static void file_digest(char out[CN_TRAIN_DIGEST], const struct cn_train_soft_file *f)
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (unsigned key = 0; key < CN_TRAIN_SOFT_KEYS; key++) {
        const char *value = cn_train_soft_about(f, key);
        crypto_generichash_update(&state, (const unsigned char *)value, strlen(value) + 1);
    }
    crypto_generichash_update(&state, f->logits, cn_train_soft_bytes(f->views, f->n, f->classes));
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(out, CN_TRAIN_DIGEST, hash, sizeof hash);
}

static enum cnas_status open_file(struct cn_train_soft_file *f, const char *path, const struct cnas_dataset *train, uint32_t classes,
                                  struct cnas_error *err)
{
    char data[CN_TRAIN_DIGEST];
    CNAS_TRY(cn_train_soft_open(f, path, train->n, classes, err));
    cn_train_data_digest(data, train);
    if (!strcmp(cn_train_soft_about(f, CN_TRAIN_SOFT_DATA), data))
        return CNAS_OK;
    cn_train_soft_close(f);
    return cn_error(err, CNAS_E_MISMATCH, "%s: soft labels of other training images: teacher and student need the same data set, "
                    "size of images and validation set", cn_file_label(path));
}

/* ---- all of them ---- */

/* All are brought to the mean of their spreads. One who gives every class the same says nothing and counts as that. */
static void weigh(struct cnas_soft_labels *s)
{
    double spread = 0;
    for (size_t k = 0; k < s->n_teachers; k++)
        spread += s->teachers[k].spread / (double)s->n_teachers;
    for (size_t k = 0; k < s->n_teachers; k++) {
        struct teacher *t = &s->teachers[k];
        t->factor = t->spread > 0 ? spread / t->spread / (double)s->n_teachers : 0;
    }
}

/* Of one teacher, its file's; of several, of the digest so far and the next one's. */
static void add_digest(struct cnas_soft_labels *s, const struct cn_train_soft_file *f)
{
    unsigned char hash[crypto_generichash_BYTES];
    char both[2][CN_TRAIN_DIGEST];
    memcpy(both[0], s->digest, sizeof both[0]);
    file_digest(s->n_teachers ? both[1] : s->digest, f);
    if (!s->n_teachers)
        return;
    crypto_generichash(hash, sizeof hash, (const unsigned char *)both, sizeof both, NULL, 0);
    sodium_bin2hex(s->digest, sizeof s->digest, hash, sizeof hash);
}

static void take(struct cnas_soft_labels *s, const struct teacher *next)
{
    const struct cn_train_soft_file *f = &next->file;
    add_digest(s, f);
    if (s->n_teachers)
        strcat(s->name, " + ");
    strcat(s->name, cn_train_soft_about(f, CN_TRAIN_SOFT_NETWORK)); /* cn_train_soft_open has seen to its length */
    s->views = s->n_teachers && s->views < f->views ? s->views : f->views;
    s->teachers[s->n_teachers++] = *next;
    weigh(s);
}

enum cnas_status cnas_soft_labels_load(struct cnas_soft_labels **out, const char *path, const struct cnas_dataset *train, uint32_t classes,
                                       struct cnas_error *err)
{
    struct teacher first = {0};
    *out = NULL;
    CNAS_TRY(open_file(&first.file, path, train, classes, err));
    struct cnas_soft_labels *s = cn_mem_zalloc(1, sizeof *s);
    if (!s) {
        cn_train_soft_close(&first.file);
        return cn_error(err, CNAS_E_MEMORY, "%s: no memory to read it", cn_file_label(path));
    }
    take(s, &first);
    *out = s;
    return CNAS_OK;
}

/* The same images and views as all before. */
static enum cnas_status check_views(const struct cn_train_soft_file *f, const struct cn_train_soft_file *first, const char *label,
                                    struct cnas_error *err)
{
    const char *augment = cn_train_soft_about(f, CN_TRAIN_SOFT_AUGMENT), *theirs = cn_train_soft_about(first, CN_TRAIN_SOFT_AUGMENT);
    if (f->n != first->n || strcmp(cn_train_soft_about(f, CN_TRAIN_SOFT_DATA), cn_train_soft_about(first, CN_TRAIN_SOFT_DATA)) != 0)
        return cn_error(err, CNAS_E_MISMATCH, "%s: soft labels of other images than the first teacher's", label);
    if (strcmp(augment, theirs) != 0)
        return cn_error(err, CNAS_E_MISMATCH, "%s: all teachers of a student answer for the same views: these are %s, the first teacher's %s", label,
                        augment, theirs);
    return CNAS_OK;
}

/* What weighing needs. */
static enum cnas_status measure(struct teacher *next, struct teacher *first, const char *label, struct cnas_error *err)
{
    static const double most = 1e30; /* far from the end of floats */
    first->spread = first->spread > 0 ? first->spread : spread_of(&first->file);
    next->spread = spread_of(&next->file);
    if (!(next->spread < most && first->spread < most))
        return cn_error(err, CNAS_E_FORMAT, "%s: the numbers of this or of the first teacher are too large for a mean", label);
    return CNAS_OK;
}

enum cnas_status cnas_soft_labels_add(struct cnas_soft_labels *s, const char *path, const struct cnas_dataset *train, struct cnas_error *err)
{
    const char *label = cn_file_label(path);
    struct teacher *first = &s->teachers[0], next = {0};
    if (s->n_teachers == CNAS_TEACHERS_MAX)
        return cn_error(err, CNAS_E_RANGE, "%s: there can be %d teachers", label, CNAS_TEACHERS_MAX);
    CNAS_TRY(open_file(&next.file, path, train, first->file.classes, err));
    enum cnas_status status = check_views(&next.file, &first->file, label, err);
    if (!status)
        status = measure(&next, first, label, err);
    if (status)
        cn_train_soft_close(&next.file);
    else
        take(s, &next);
    return status;
}

void cnas_soft_labels_free(struct cnas_soft_labels **s)
{
    if (*s)
        for (size_t k = 0; k < (*s)->n_teachers; k++)
            cn_train_soft_close(&(*s)->teachers[k].file);
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
    return s->name;
}

const char *cnas_soft_labels_digest(const struct cnas_soft_labels *s)
{
    return s->digest;
}

struct cn_train_augment cn_train_soft_augment(const struct cnas_soft_labels *s)
{
    return s->teachers[0].file.augment;
}

void cnas_soft_labels_augment(const struct cnas_soft_labels *s, struct cnas_train_options *o)
{
    const struct cn_train_augment a = cn_train_soft_augment(s);
    o->flip = a.flip;
    o->padding = a.padding;
    o->crop = a.crop;
    o->cutout = a.cutout;
    o->cutmix = a.cutmix;
}

uint32_t cn_train_soft_view(const struct cnas_soft_labels *s, uint64_t epoch)
{
    return (uint32_t)(epoch % s->views);
}

int cn_train_soft_fit(const struct cnas_soft_labels *s, size_t n, uint32_t classes)
{
    const struct cn_train_soft_file *f = &s->teachers[0].file;
    return f->n == n && f->classes == classes;
}

/* logits += factor (z - mean of z) */
static void add_answer(float *logits, const unsigned char *z, size_t classes, double factor)
{
    const double mean = mean_of(z, classes);
    for (size_t c = 0; c < classes; c++)
        logits[c] += (float)(factor * ((double)cn_train_soft_get(z + 2 * c) - mean));
}

void cn_train_soft_read(const struct cnas_soft_labels *s, float *logits, uint32_t view, const uint32_t *samples, size_t n)
{
    const struct cn_train_soft_file *first = &s->teachers[0].file;
    const size_t classes = first->classes;
    cn_require(view < s->views);
    for (size_t i = 0; i < n; i++) {
        float *out = logits + i * classes;
        cn_require(samples[i] < first->n);
        for (size_t c = 0; c < classes; c++)
            out[c] = s->n_teachers > 1 ? 0 : cn_train_soft_get(cn_train_soft_answer(first, view, samples[i]) + 2 * c);
        for (size_t k = 0; s->n_teachers > 1 && k < s->n_teachers; k++)
            add_answer(out, cn_train_soft_answer(&s->teachers[k].file, view, samples[i]), classes, s->teachers[k].factor);
    }
}
