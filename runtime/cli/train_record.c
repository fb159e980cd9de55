/* The first line of a log, and the result on the test set. */
#include "runtime/cli/train_record.h"

#include <cnas/cnas.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Without a teacher nothing of one. */
static json_t *recipe(const struct cn_train_cli *o)
{
    char text[CN_RECIPE], *rest, *value;
    json_t *r = json_object();
    struct cnas_train_options counting = o->recipe;
    if (!o->soft_labels.n)
        counting.distill_weight = 0;
    cnas_train_describe(text, sizeof text, &counting);
    for (char *name = strtok_r(text, " ", &rest); name && (value = strtok_r(NULL, " ", &rest)); name = strtok_r(NULL, " ", &rest)) {
        json_t *number = json_loads(value, JSON_DECODE_ANY, NULL);
        json_object_set_new(r, name, json_is_number(number) ? json_incref(number) : json_string(value));
        json_decref(number);
    }
    return r;
}

/* As Linux names it; elsewhere "". */
static void processor(char *out, size_t size)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    out[0] = '\0';
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (!strncmp(line, "model name", 10) && colon) {
            snprintf(out, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (f)
        fclose(f);
}

json_t *cn_train_record_start(const struct cn_train_cli *o, const struct cnas_model *m, const struct cnas_train_sets *sets, size_t tests,
                              const struct cnas_ctx *ctx)
{
    char cpu[128], when[32];
    const time_t now = time(NULL);
    struct tm utc;
    processor(cpu, sizeof cpu);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    json_t *line = json_pack(
        "{s:s, s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:[i,i,i], s:i}, s:o, s:{s:s, s:I, s:I, s:i, s:s}, s:s}",
        "type", "start", "format", 1, "cnas", cnas_version(), "network", m->name, "source", m->source, "digest", m->clear_digest,
        "parameters", (json_int_t)m->params_trained, "relus", (json_int_t)m->relus, "macs", (json_int_t)m->macs,
        "data", "training", (json_int_t)sets->train->n, "validation", (json_int_t)(sets->validation ? sets->validation->n : 0),
        "test", (json_int_t)tests, "shape", (int)m->c, (int)m->h, (int)m->w, "classes", (int)m->classes,
        "recipe", recipe(o), "machine", "processor", cpu, "cores", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "memory",
        (json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE), "threads", (int)cnas_ctx_threads(ctx), "blas", cnas_blas_core(),
        "time", when);
    if (sets->soft)
        json_object_set_new(line, "soft_labels", json_pack("{s:s, s:I, s:s}", "teacher", cnas_soft_labels_teacher(sets->soft), "views",
                                                           (json_int_t)cnas_soft_labels_views(sets->soft), "digest",
                                                           cnas_soft_labels_digest(sets->soft)));
    return line;
}

json_t *cn_train_record_test(const struct cn_score *s, int has_fixed)
{
    const double n = (double)s->n;
    json_t *line = json_pack("{s:s, s:I, s:f, s:s}", "type", "test", "images", (json_int_t)s->n, "accuracy", (double)s->float_right / n, "engine",
                             s->engine);
    if (has_fixed)
        json_object_set_new(line, "fixed_accuracy", json_real((double)s->fixed_right / n));
    return line;
}
