/* NET-infer: classifies images in the clear, in float or on the integers of private inference. */
#include <cnas/cli.h>

#include "runtime/cli/args.h"
#include "runtime/cli/common.h"
#include "runtime/cli/images.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPERANDS = 256 };

struct options {
    const char *weights, *fixed, *data, *index[MAX_OPERANDS], *image[MAX_OPERANDS];
    size_t n_index, n_image;
    uint64_t threads;
    enum cnas_engine engine;
    int test, logits, json, resize;
    char weights_name[CN_PATH], fixed_name[CN_PATH];
};

static int parse(struct options *o, int argc, char **argv, const struct cnas_model *m)
{
    o->weights = cn_default_path(o->weights_name, m, ".safetensors");
    o->data = cn_default_data();
    struct cn_arg_list index = {o->index, 0, MAX_OPERANDS};
    static const char weights[] = ".safetensors";
    const char *engine = NULL;
    char about[256];
    snprintf(about, sizeof about,
             "Classifies with network %s (%s): image files (PNG, JPEG, PGM, PPM; %u x %u pixels), images of the test set,\n"
             "or the whole test set.",
             m->name, m->source, m->w, m->h);
    const struct cn_arg options[] = {
        {"weights", CN_ARG_STRING, &o->weights, "FILE", "(default: NETWORK.safetensors, lower case)", 0, 0},
        {"fixed", CN_ARG_OPTIONAL, &o->fixed, "FILE",
         "on integers, exactly as private inference does\n(default FILE: NETWORK.fixed.safetensors)", 0, 0},
        {"data", CN_ARG_STRING, &o->data, "DIR", cn_data_help, 0, 0},
        {"resize", CN_ARG_FLAG, &o->resize, NULL, cn_resize_help, 0, 0},
        {"index", CN_ARG_LIST, &index, "LIST", "images of the test set, counted from 0: 7, 0-19, 3,8-9", 0, 0},
        {"test", CN_ARG_FLAG, &o->test, NULL,
         "accuracy on the test set; with --fixed of both, and how often they agree", 0, 0},
        {"engine", CN_ARG_STRING, &engine, "NAME",
         "of floats with --test: auto (the default), portable, or dnnl, which is faster", 0, 0},
        {"logits", CN_ARG_FLAG, &o->logits, NULL, "print the logits too (integers with --fixed)", 0, 0},
        {"json", CN_ARG_FLAG, &o->json, NULL, "one JSON object on standard output", 0, 0},
        {"threads", CN_ARG_UINT, &o->threads, "N", "worker threads (default: one a core)", 1, 64},
    };
    int status = cn_args_parse(argc, argv, options, sizeof options / sizeof *options, o->image, MAX_OPERANDS, &o->n_image,
                               "[OPTION]... (IMAGE... | --index LIST | --test)", about);
    if (status >= 0)
        return status;
    o->n_index = index.n;
    for (size_t i = 0; i < o->n_image && o->fixed && !*o->fixed; i++)
        if (strlen(o->image[i]) >= sizeof weights && !strcmp(o->image[i] + strlen(o->image[i]) - sizeof weights + 1, weights))
            return cn_fail(2, "%s is no image: --fixed takes its file after an equals sign, --fixed=%s", o->image[i], o->image[i]);
    if ((o->n_image > 0) + (o->n_index > 0) + o->test != 1)
        return cn_fail(2, "give one of: image files, --index LIST, --test; see %s --help", cn_program());
    if (engine && !o->test)
        return cn_fail(2, "--engine goes with --test: single images are classified by the portable one");
    if ((status = cn_parse_engine(&o->engine, engine)) >= 0)
        return status;
    if (o->test && o->logits)
        return cn_fail(2, "--logits goes with images, not with --test");
    if (o->logits && m->result == CNAS_RESULT_LABEL)
        return cn_fail(2, "--logits: network %s gives the label alone (its output is argmax)", m->name);
    if (o->fixed && !m->n_points)
        return cn_fail(2, "--fixed: network %s was compiled for the clear alone (cnasc --targets), without fixed-point arithmetic", m->name);
    if (o->fixed && !*o->fixed)
        o->fixed = cn_default_path(o->fixed_name, m, ".fixed.safetensors");
    return -1;
}

/* What is loaded for one call. */
struct work {
    const struct options *o;
    const struct cnas_model *m;
    struct cnas_ctx *ctx;
    float *params, *served; /* served: composed from params; NULL: the trained network infers */
    struct cn_float floats;
    struct cnas_fixed *q;
    struct cn_images images;
    struct cnas_dataset data; /* with --test */
    json_t *results;          /* with --json */
};

struct answer { /* one of the two arrays is NULL */
    float *logits;
    int64_t *sums;
    size_t best;
};

static int add_json(struct work *w, const struct cn_image *image, const struct answer *a)
{
    json_t *r = json_pack("{s:s, s:I}", "image", image->name, "class", (json_int_t)a->best);
    if (r && image->label >= 0)
        json_object_set_new(r, "label", json_integer(image->label));
    if (r && w->o->logits) {
        json_t *list = json_array();
        for (uint32_t c = 0; c < w->m->classes; c++)
            json_array_append_new(list, a->sums ? json_integer(a->sums[c]) : json_real((double)a->logits[c]));
        json_object_set_new(r, "logits", list);
    }
    return json_array_append_new(w->results, r) ? cn_fail(1, "%s: cannot be written as JSON (not UTF-8?)", image->name) : -1;
}

static void print(const struct work *w, const struct cn_image *image, const struct answer *a)
{
    printf("%s: class %zu", image->name, a->best);
    if (image->label >= 0)
        printf(", label %d%s", image->label, (size_t)image->label == a->best ? "" : " (differs)");
    putchar('\n');
    for (uint32_t c = 0; w->o->logits && c < w->m->classes; c++) {
        if (a->sums)
            printf("  %u: %lld\n", c, (long long)a->sums[c]);
        else
            printf("  %u: %.6g\n", c, (double)a->logits[c]);
    }
}

static int classify(struct work *w, const struct cn_image *image)
{
    const struct cnas_model *m = w->m;
    struct answer a = {0};
    uint64_t *input = NULL;
    enum cnas_status status = CNAS_E_MEMORY;
    if (w->q) {
        a.sums = malloc(m->classes * sizeof *a.sums);
        input = malloc(w->images.size * sizeof *input);
        if (a.sums && input) {
            cnas_fixed_input(input, image->values, m, cnas_fixed_plan(w->q));
            status = cnas_fixed_infer(w->q, m, w->ctx, a.sums, input, 1);
        }
    } else {
        a.logits = malloc(m->classes * sizeof *a.logits);
        if (a.logits)
            status = cnas_infer(a.logits, w->ctx, w->floats.model, w->floats.params, image->values, 1);
    }
    int result = -1;
    if (status) {
        result = cn_fail(1, "%s: %s", image->name, cnas_status_text(status));
    } else {
        a.best = a.sums ? cn_best_int(a.sums, m->classes) : cn_best_float(a.logits, m->classes);
        if (w->o->json)
            result = add_json(w, image, &a);
        else
            print(w, image, &a);
    }
    free(a.sums);
    free(a.logits);
    free(input);
    return result;
}

static int test_all(struct work *w)
{
    struct cn_score s;
    const int status = cn_score_data(&s, w->ctx, w->m, w->floats, w->q, &w->data);
    if (status >= 0)
        return status;
    const double n = (double)s.n;
    if (w->o->json) {
        json_t *r = json_pack("{s:I, s:I}", "images", (json_int_t)s.n, "float_right", (json_int_t)s.float_right);
        if (w->q) {
            json_object_set_new(r, "fixed_right", json_integer((json_int_t)s.fixed_right));
            json_object_set_new(r, "agree", json_integer((json_int_t)s.agree));
        }
        json_object_set_new(r, "engine", json_string(s.engine));
        return json_array_append_new(w->results, r) ? cn_fail(1, "no memory for the result") : -1;
    }
    printf("engine: %s\n", s.engine);
    printf("float:       %.2f %% (%zu of %zu)\n", 100 * (double)s.float_right / n, s.float_right, s.n);
    if (w->q)
        printf("fixed point: %.2f %% (%zu of %zu)\nagreement:   %.2f %% (%zu of %zu)\n", 100 * (double)s.fixed_right / n, s.fixed_right, s.n,
               100 * (double)s.agree / n, s.agree, s.n);
    return -1;
}

static int load_floats(struct work *w)
{
    const struct cnas_model *m = w->m;
    int status = cn_load_params(&w->params, m, w->o->weights);
    w->floats = (struct cn_float){m, w->params, w->o->engine};
    if (status >= 0 || !m->served)
        return status;
    w->served = calloc(m->served->params_floats + 1, sizeof *w->served);
    if (!w->served || cnas_serve(w->served, m, w->params))
        return cn_fail(1, "no memory to compose the weights for inference");
    w->floats = (struct cn_float){m->served, w->served, w->o->engine};
    return status;
}

static int load(struct work *w)
{
    const struct options *o = w->o;
    int status = -1;
    if (!o->n_image && !o->data)
        return cn_no_data();
    if (o->fixed)
        status = cn_load_fixed(&w->q, w->m, o->fixed);
    if (status < 0 && (!o->fixed || o->test))
        status = load_floats(w);
    if (status < 0 && o->test)
        status = cn_load_data(&w->data, o->data, "test", w->m, o->resize);
    if (status < 0 && o->n_image)
        status = cn_images_from_files(&w->images, w->m, o->resize, o->image, o->n_image);
    if (status <= 0 && o->n_index)
        status = cn_images_from_set(&w->images, w->m, o->data, o->resize, o->index, o->n_index);
    if (status <= 0)
        status = -1;
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
    if (status < 0 && o.test)
        status = test_all(&w);
    for (size_t i = 0; i < w.images.n && status < 0; i++)
        status = classify(&w, &w.images.image[i]);
    if (status < 0 && o.json)
        status = print_json(&w);
    json_decref(w.results);
    cn_images_clear(&w.images);
    cnas_dataset_clear(&w.data);
    cnas_fixed_free(&w.q);
    free(w.params);
    free(w.served);
    cnas_ctx_free(&w.ctx);
    if (fflush(stdout) && status < 0)
        status = cn_fail(1, "cannot write to standard output: %s", strerror(errno));
    return status < 0 ? 0 : status;
}
