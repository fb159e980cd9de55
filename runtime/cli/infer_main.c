/* NET-infer: classifies images in the clear, in float or on the integers of private inference. */
#include <cnas/cli.h>

#include "runtime/cli/args.h"
#include "runtime/cli/common.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    const char *weights, *fixed, *data, *index, *image;
    uint64_t threads, first, last;
    int test, logits, json;
    char weights_name[CN_PATH], fixed_name[CN_PATH];
};

static int parse(struct options *o, int argc, char **argv, const struct cnas_model *m)
{
    o->weights = cn_default_path(o->weights_name, m, ".safetensors");
    o->data = cn_default_data();
    char about[256];
    snprintf(about, sizeof about,
             "Classifies with network %s (%s): one image file (PNG, PGM, PPM; %u x %u pixels), images of the test set,\n"
             "or the whole test set.",
             m->name, m->source, m->w, m->h);
    const struct cn_arg options[] = {
        {"weights", CN_ARG_STRING, &o->weights, "FILE", "(default: NETWORK.safetensors, lower case)", 0, 0},
        {"fixed", CN_ARG_OPTIONAL, &o->fixed, "FILE",
         "on integers, exactly as private inference does\n(default FILE: NETWORK.fixed.safetensors)", 0, 0},
        {"data", CN_ARG_STRING, &o->data, "DIR", cn_data_help, 0, 0},
        {"index", CN_ARG_STRING, &o->index, "N[-M]", "image N, or images N to M, of the test set, counted from 0", 0, 0},
        {"test", CN_ARG_FLAG, &o->test, NULL, "accuracy on the test set; with --fixed of both, and how often they agree", 0, 0},
        {"logits", CN_ARG_FLAG, &o->logits, NULL, "print the logits too (integers with --fixed)", 0, 0},
        {"json", CN_ARG_FLAG, &o->json, NULL, "one JSON object on standard output", 0, 0},
        {"threads", CN_ARG_UINT, &o->threads, "N", "worker threads (default: one a core)", 1, 64},
    };
    const char *operand[1];
    size_t n;
    int status = cn_args_parse(argc, argv, options, sizeof options / sizeof *options, operand, 1, &n,
                               "[OPTION]... (IMAGE | --index N | --test)", about);
    if (status >= 0)
        return status;
    o->image = n ? operand[0] : NULL;
    if ((o->image != NULL) + (o->index != NULL) + o->test != 1)
        return cn_fail(2, "give one of: an image file, --index N, --test; see %s --help", cn_program());
    if (o->test && o->logits)
        return cn_fail(2, "--logits goes with an image, not with --test");
    if (o->fixed && !*o->fixed)
        o->fixed = cn_default_path(o->fixed_name, m, ".fixed.safetensors");
    return o->index ? cn_args_range(&o->first, &o->last, "index", o->index) : -1;
}

/* What is loaded for one call. */
struct work {
    const struct options *o;
    const struct cnas_model *m;
    struct cnas_ctx *ctx;
    float *params;
    struct cnas_fixed *q;
    struct cnas_dataset data;
    json_t *results; /* with --json */
};

/* One image (C, H, W) of bytes; name: a file, or NULL: image `index` with a known label. */
static int classify(struct work *w, const uint8_t *pixels, const char *name, size_t index, float *image, uint64_t *input, float *logits,
                    int64_t *sums)
{
    const struct cnas_model *m = w->m;
    enum cnas_status status;
    cnas_normalize(image, pixels, 1, m);
    if (w->q) {
        cnas_fixed_input(input, image, m, cnas_fixed_plan(w->q));
        status = cnas_fixed_infer(w->q, m, w->ctx, sums, input, 1);
    } else {
        status = cnas_infer(logits, w->ctx, m, w->params, image, 1);
    }
    if (status)
        return cn_fail(1, "%s", cnas_status_text(status));
    const size_t best = w->q ? cn_best_int(sums, m->classes) : cn_best_float(logits, m->classes);
    const json_int_t label = name ? -1 : (json_int_t)w->data.labels[index];
    if (w->o->json) {
        json_t *r = name ? json_pack("{s:s, s:I}", "image", name, "class", (json_int_t)best)
                         : json_pack("{s:I, s:I, s:I}", "index", (json_int_t)index, "class", (json_int_t)best, "label", label);
        json_t *list = json_array();
        for (uint32_t c = 0; w->o->logits && c < m->classes; c++)
            json_array_append_new(list, w->q ? json_integer(sums[c]) : json_real(logits[c]));
        if (w->o->logits)
            json_object_set(r, "logits", list);
        json_decref(list);
        return json_array_append_new(w->results, r) ? cn_fail(1, "%s: cannot be written as JSON (not UTF-8?)", name ? name : "result") : -1;
    }
    if (name)
        printf("%s: class %zu\n", name, best);
    else
        printf("image %zu: class %zu, label %lld%s\n", index, best, (long long)label, label == (json_int_t)best ? "" : " (differs)");
    for (uint32_t c = 0; w->o->logits && c < m->classes; c++) {
        if (w->q)
            printf("  %u: %lld\n", c, (long long)sums[c]);
        else
            printf("  %u: %.6g\n", c, (double)logits[c]);
    }
    return -1;
}

static int classify_all(struct work *w)
{
    const struct cnas_model *m = w->m;
    const size_t size = (size_t)m->c * m->h * m->w;
    uint8_t *pixels = malloc(size);
    float *image = malloc(size * sizeof *image), *logits = malloc(m->classes * sizeof *logits);
    uint64_t *input = malloc(size * sizeof *input);
    int64_t *sums = malloc(m->classes * sizeof *sums);
    struct cnas_error err = {0};
    int status = -1;
    if (!pixels || !image || !logits || !input || !sums) {
        status = cn_fail(1, "no memory for one image");
    } else if (w->o->image) {
        status = cnas_image_load(pixels, m->c, m->h, m->w, w->o->image, &err)
                     ? cn_fail(1, "%s", err.text)
                     : classify(w, pixels, w->o->image, 0, image, input, logits, sums);
    } else if (w->o->last >= w->data.n) {
        status = cn_fail(1, "--index %s: the test set has images 0 to %zu", w->o->index, w->data.n - 1);
    } else {
        for (uint64_t i = w->o->first; i <= w->o->last && status < 0; i++)
            status = classify(w, w->data.pixels + i * size, NULL, i, image, input, logits, sums);
    }
    free(sums);
    free(input);
    free(logits);
    free(image);
    free(pixels);
    return status;
}

static int test_all(struct work *w)
{
    struct cn_score s;
    if (cn_score_data(&s, w->ctx, w->m, w->params, w->q, &w->data))
        return cn_fail(1, "no memory for the test");
    const double n = (double)s.n;
    if (w->o->json) {
        json_t *r = json_pack("{s:I, s:I}", "images", (json_int_t)s.n, "float_right", (json_int_t)s.float_right);
        if (w->q) {
            json_object_set_new(r, "fixed_right", json_integer((json_int_t)s.fixed_right));
            json_object_set_new(r, "agree", json_integer((json_int_t)s.agree));
        }
        return json_array_append_new(w->results, r) ? cn_fail(1, "no memory for the result") : -1;
    }
    printf("float:       %.2f %% (%zu of %zu)\n", 100 * (double)s.float_right / n, s.float_right, s.n);
    if (w->q)
        printf("fixed point: %.2f %% (%zu of %zu)\nagreement:   %.2f %% (%zu of %zu)\n", 100 * (double)s.fixed_right / n, s.fixed_right, s.n,
               100 * (double)s.agree / n, s.agree, s.n);
    return -1;
}

static int load(struct work *w)
{
    const struct options *o = w->o;
    int status = -1;
    if (o->fixed)
        status = cn_load_fixed(&w->q, w->m, o->fixed);
    if (status < 0 && (!o->fixed || o->test))
        status = cn_load_params(&w->params, w->m, o->weights);
    if (status < 0 && !o->image)
        status = cn_load_data(&w->data, o->data, "test", w->m);
    if (status < 0 && cnas_ctx_new(&w->ctx, o->threads || o->test ? (unsigned)o->threads : 1))
        status = cn_fail(1, "cannot start threads");
    if (status < 0 && o->json && !(w->results = json_array()))
        status = cn_fail(1, "no memory");
    return status;
}

static int print_json(struct work *w)
{
    const struct cnas_fixed_plan *plan = w->q ? cnas_fixed_plan(w->q) : NULL;
    json_t *all = json_pack("{s:s, s:s, s:s, s:O}", "network", w->m->name, "digest", w->m->digest, "arithmetic", w->q ? "fixed" : "float",
                            "results", w->results);
    if (all && plan)
        json_object_set_new(all, "plan", json_pack("{s:i, s:i, s:i}", "ring_bits", (int)plan->ring_bits, "weight_bits",
                                                   (int)plan->weight_bits, "logit_frac", (int)plan->frac[plan->n_points - 1]));
    int bad = !all || json_dumpf(all, stdout, JSON_COMPACT) || putchar('\n') == EOF;
    json_decref(all);
    return bad ? cn_fail(1, "cannot write the result") : -1;
}

int cnas_infer_main(int argc, char **argv, const struct cnas_model *m)
{
    struct options o = {0};
    struct work w = {.o = &o, .m = m};
    int status = parse(&o, argc, argv, m);
    if (status >= 0)
        return status;
    status = load(&w);
    if (status < 0 && o.test && !o.json)
        cn_print_machine(w.ctx);
    if (status < 0)
        status = o.test ? test_all(&w) : classify_all(&w);
    if (status < 0 && o.json)
        status = print_json(&w);
    json_decref(w.results);
    cnas_dataset_clear(&w.data);
    cnas_fixed_free(&w.q);
    free(w.params);
    cnas_ctx_free(&w.ctx);
    if (fflush(stdout) && status < 0)
        status = cn_fail(1, "cannot write to standard output: %s", strerror(errno));
    return status < 0 ? 0 : status;
}
