/* What the drivers share. */
#include "runtime/cli/common.h"

#include "runtime/cli/args.h"
#include "runtime/cli/progress.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char debian_data[] = "/usr/share/datasets/fashion-mnist";
const char cn_data_help[] = "folder of a data set: MNIST's IDX files ({train,t10k}-images-idx3-ubyte ...,\n"
                            "also .gz), CIFAR-10 or CIFAR-100 in the binary version (data_batch_1.bin ...),\n"
                            "or image folders {train,test}/CLASS/*.{png,jpg}, decoded once and then kept\n"
                            "in ~/.cache/cnas\n"
                            "(default: /usr/share/datasets/fashion-mnist where it exists)";

const char cn_resize_help[] = "resample images of another size to the network's (else they are refused)";

const char *cn_default_path(char out[CN_PATH], const struct cnas_model *m, const char *suffix)
{
    size_t n = 0;
    for (; m->name[n] && n < CN_PATH / 2; n++)
        out[n] = (char)tolower((unsigned char)m->name[n]);
    snprintf(out + n, CN_PATH - n, "%s", suffix);
    return out;
}

const char *cn_default_data(void)
{
    return access(debian_data, R_OK | X_OK) ? NULL : debian_data;
}

int cn_no_data(void)
{
    return cn_fail(1, "no data set: install the Debian package dataset-fashion-mnist or give --data DIR");
}

static void on_decoded(void *user, size_t done, size_t total)
{
    if (done < total)
        cn_progress_show(user, (double)done, (double)total, "decoding image files: %zu of %zu", done, total);
}

static void on_warning(void *user, const char *text)
{
    cn_progress_clear(user);
    fprintf(stderr, "%s: warning: %s\n", cn_program(), text);
}

enum cnas_status cn_read_set(struct cnas_dataset *d, const char *dir, const char *part, uint32_t channels, uint32_t h, uint32_t w,
                             struct cnas_error *err)
{
    struct cn_progress progress;
    const struct cnas_dataset_options o = {
        .channels = channels, .h = h, .w = w, .progress = on_decoded, .warning = on_warning, .user = &progress};
    cn_progress_start(&progress);
    enum cnas_status status = cnas_dataset_load(d, dir, part, &o, err);
    cn_progress_clear(&progress);
    return status;
}

enum cnas_status cn_read_data(struct cnas_dataset *d, const char *dir, const char *part, const struct cnas_model *m, int resize,
                              struct cnas_error *err)
{
    return cn_read_set(d, dir, part, m->c, resize ? m->h : 0, resize ? m->w : 0, err);
}

/* Such a network learns never to give these answers: rarely what was meant. */
enum { NAMED = 5 };
static void warn_of_empty_classes(const struct cnas_dataset *d, const struct cnas_model *m)
{
    char list[64] = "";
    unsigned char *seen = calloc(m->classes, 1);
    size_t missing = 0, at = 0;
    for (size_t i = 0; seen && i < d->n; i++)
        seen[d->labels[i]] = 1;
    for (uint32_t c = 0; seen && c < m->classes; c++)
        if (!seen[c]) {
            if (missing < NAMED)
                at += (size_t)snprintf(list + at, sizeof list - at, "%s%u", missing ? ", " : "", c);
            missing++;
        }
    free(seen);
    if (missing)
        fprintf(stderr, "%s: warning: %zu of the network's %u classes have no training image: %s%s\n", cn_program(), missing, m->classes, list,
                missing > NAMED ? ", ..." : "");
}

int cn_load_data(struct cnas_dataset *d, const char *dir, const char *part, const struct cnas_model *m, int resize)
{
    struct cnas_error err = {0};
    if (!dir)
        return cn_no_data();
    enum cnas_status status = cn_read_data(d, dir, part, m, resize, &err);
    if (status)
        return cn_fail(1, "%s", err.text);
    if (cnas_dataset_check(d, m, &err)) {
        cnas_dataset_clear(d);
        return cn_fail(1, "%s: part %s: %s", dir, part, err.text);
    }
    if (!strcmp(part, "train"))
        warn_of_empty_classes(d, m);
    return -1;
}

int cn_load_params(float **params, const struct cnas_model *m, const char *path)
{
    struct cnas_error err = {0};
    char name[CN_PATH];
    if (access(path, F_OK))
        return cn_fail(1, "%s: no such file; train first (%s) or give --weights FILE", path, cn_default_path(name, m, "-train"));
    *params = calloc(m->params_floats + 1, sizeof **params);
    if (!*params)
        return cn_fail(1, "no memory for the network's %zu parameters", m->params_floats);
    if (!cnas_params_load(*params, m, path, &err))
        return -1;
    free(*params);
    *params = NULL;
    return cn_fail(1, "%s", err.text);
}

int cn_load_fixed(struct cnas_fixed **q, const struct cnas_model *m, const char *path)
{
    struct cnas_error err = {0};
    char name[CN_PATH];
    if (access(path, F_OK))
        return cn_fail(1, "%s: no such file; make it with %s or, from trained weights, %s --quantize", path,
                       cn_default_path(name, m, "-train"), name);
    return cnas_fixed_load(q, m, path, &err) ? cn_fail(1, "%s", err.text) : -1;
}

int cn_parse_engine(enum cnas_engine *engine, const char *name)
{
    static const char *const names[] = {[CNAS_ENGINE_AUTO] = "auto", [CNAS_ENGINE_PORTABLE] = "portable", [CNAS_ENGINE_DNNL] = "dnnl"};
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) {
            *engine = (enum cnas_engine)i;
            return -1;
        }
    return name ? cn_fail(2, "--engine: %.40s is none of auto, portable and dnnl", name) : -1;
}

void cn_print_machine(const struct cnas_ctx *ctx)
{
    char advice[256];
    printf("OpenBLAS kernels: %s; threads: %u\n", cnas_blas_core(), cnas_ctx_threads(ctx));
    if (cnas_blas_core_is_slow(advice, sizeof advice)) {
        fflush(stdout);
        fprintf(stderr, "%s: warning: %s\n", cn_program(), advice);
    }
}

size_t cn_best_float(const float *logits, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = logits[i] > logits[best] ? i : best;
    return best;
}

size_t cn_best_int(const int64_t *logits, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = logits[i] > logits[best] ? i : best;
    return best;
}

struct block { /* buffers for one block of images */
    size_t most;
    float *images, *logits;
    uint64_t *input;
    int64_t *sums;
    struct cnas_inference *inference; /* NULL: floats are not wanted */
};

static enum cnas_status score_block(struct cn_score *s, const struct block *b, struct cnas_ctx *ctx, const struct cnas_model *m,
                                    const struct cnas_fixed *q, const struct cnas_dataset *d, size_t at, size_t n)
{
    const size_t pixels = (size_t)m->c * m->h * m->w;
    cnas_normalize(b->images, d->pixels + at * pixels, n, m);
    if (b->inference)
        CNAS_TRY(cnas_inference_run(b->inference, b->logits, b->images, n));
    if (q) {
        for (size_t i = 0; i < n; i++)
            cnas_fixed_input(b->input + i * pixels, b->images + i * pixels, m, cnas_fixed_plan(q));
        CNAS_TRY(cnas_fixed_infer(q, m, ctx, b->sums, b->input, n));
    }
    for (size_t i = 0; i < n; i++) {
        size_t label = d->labels[at + i], f = label, x = label;
        if (b->inference)
            s->float_right += (f = cn_best_float(b->logits + i * m->classes, m->classes)) == label;
        if (q)
            s->fixed_right += (x = cn_best_int(b->sums + i * m->classes, m->classes)) == label;
        s->agree += b->inference && q && f == x;
    }
    return CNAS_OK;
}

static enum cnas_status make_block(struct block *b, struct cn_score *s, struct cnas_ctx *ctx, const struct cnas_model *m,
                                   struct cn_float floats, struct cnas_error *err)
{
    const size_t pixels = (size_t)m->c * m->h * m->w;
    if (floats.params) {
        const size_t batch = m->train.batch && m->train.batch < CNAS_INFERENCE_BATCH ? m->train.batch : CNAS_INFERENCE_BATCH;
        CNAS_TRY(cnas_inference_new(&b->inference, ctx, floats.model, floats.params, floats.engine, batch, err));
        snprintf(s->engine, sizeof s->engine, "%s", cnas_inference_engine(b->inference));
    }
    b->most = 2 * CNAS_INFERENCE_BATCH;
    b->images = malloc(b->most * pixels * sizeof *b->images);
    b->input = malloc(b->most * pixels * sizeof *b->input);
    b->logits = malloc(b->most * m->classes * sizeof *b->logits);
    b->sums = malloc(b->most * m->classes * sizeof *b->sums);
    return b->images && b->input && b->logits && b->sums ? CNAS_OK : CNAS_E_MEMORY;
}

int cn_score_data(struct cn_score *s, struct cnas_ctx *ctx, const struct cnas_model *m, struct cn_float floats, const struct cnas_fixed *q,
                  const struct cnas_dataset *d)
{
    struct block b = {0};
    struct cn_progress progress;
    struct cnas_error err = {CNAS_OK, "no memory to test the network"};
    *s = (struct cn_score){.n = d->n};
    enum cnas_status status = make_block(&b, s, ctx, m, floats, &err);
    cn_progress_start(&progress);
    for (size_t at = 0; at < d->n && !status; at += b.most) {
        size_t n = d->n - at < b.most ? d->n - at : b.most;
        status = score_block(s, &b, ctx, m, q, d, at, n);
        if (at + n < d->n)
            cn_progress_show(&progress, (double)(at + n), (double)d->n, "%zu of %zu images", at + n, d->n);
    }
    cn_progress_clear(&progress);
    cnas_inference_free(&b.inference);
    free(b.images);
    free(b.input);
    free(b.logits);
    free(b.sums);
    return status ? cn_fail(1, "%s", err.text) : -1;
}
