/* Times training steps of one generated network, as peer.py does: random images that are in memory, no data read. Linked with the generated
 * NET.c (MODEL names its model) and libcnas. Prints one JSON object: with parts, where the time of the steps after the first went, seconds
 * forward, backward and neither.
 * usage: step PRECISION THREADS BATCH SECONDS [recompute] */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cnas/train.h>

extern const struct cnas_model MODEL;

enum { MOST = 1 << 16, PARTS = 32 };
struct clock {
    double first, last, end, step_s[MOST];
    size_t n;
    struct cnas_train_part parts[2][PARTS]; /* after the first step, after the last */
    size_t n_parts;
    double cpu_s[2];
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Called after every step. */
static int tick(void *user, const struct cnas_train_progress *p)
{
    struct clock *c = user;
    double now = now_s();
    if (p->event == CNAS_TRAIN_STEP) {
        const int later = c->last > 0;
        if (later && c->n < MOST)
            c->step_s[c->n++] = now - c->last;
        else
            c->first = now;
        c->last = now;
        c->n_parts = p->n_parts < PARTS ? p->n_parts : PARTS;
        memcpy(c->parts[later], p->parts, c->n_parts * sizeof *p->parts);
        c->cpu_s[later] = cpu_s();
    }
    return now > c->end && c->n >= 3;
}

static void print_parts(const struct clock *c)
{
    printf("\"wall_s\": %.6f, \"cpu_s\": %.6f, \"parts\": {", c->last - c->first, c->cpu_s[1] - c->cpu_s[0]);
    for (size_t i = 0; i < c->n_parts; i++) {
        const struct cnas_train_part *before = &c->parts[0][i], *after = &c->parts[1][i];
        printf("%s\"%s\": [%.6f, %.6f, %.6f]", i ? ", " : "", after->name, after->forward_s - before->forward_s,
               after->backward_s - before->backward_s, after->other_s - before->other_s);
    }
    printf("}");
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6)
        return fputs("usage: step PRECISION THREADS BATCH SECONDS [recompute]\n", stderr), 2;
    const struct cnas_model *m = &MODEL;
    struct cnas_ctx *ctx;
    struct cnas_train_options o;
    struct cnas_error err;
    struct cnas_dataset d = {.c = m->c, .h = m->h, .w = m->w, .classes = m->classes};
    cnas_train_defaults(&o, m);
    o.epochs = 1 << 20;
    o.batch = (uint32_t)atoi(argv[3]);
    o.precision = strcmp(argv[1], "bf16") ? CNAS_PRECISION_FP32 : CNAS_PRECISION_BF16;
    d.n = (size_t)o.batch * 16;
    d.pixels = malloc(d.n * m->c * m->h * m->w);
    d.labels = malloc(d.n * sizeof *d.labels);
    float *params = malloc(m->params_floats * sizeof *params);
    static struct clock clock;
    clock.end = now_s() + atof(argv[4]);
    if (!d.pixels || !d.labels || !params || cnas_ctx_new(&ctx, (unsigned)atoi(argv[2])))
        return fputs("step: no memory\n", stderr), 2;
    for (size_t i = 0; i < d.n * m->c * m->h * m->w; i++)
        d.pixels[i] = (uint8_t)(rand() >> 7);
    for (size_t i = 0; i < d.n; i++)
        d.labels[i] = (uint32_t)rand() % m->classes;
    cnas_params_init(params, m, 1);
    const struct cnas_train_sets sets = {.train = &d};
    const struct cnas_train_control control = {.callback = tick, .user = &clock, .report_steps = 1, .recompute = argc == 6};
    if (cnas_train(params, ctx, m, &sets, &o, &control, &err))
        return fprintf(stderr, "step: %s\n", err.text), 2;
    qsort(clock.step_s, clock.n, sizeof *clock.step_s, by_size);
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("{\"best\": %.1f, \"median\": %.1f, \"steps\": %zu, \"peak_mib\": %.1f, \"macs\": %llu, ", o.batch / clock.step_s[0],
           o.batch / clock.step_s[clock.n / 2], clock.n, (double)u.ru_maxrss / 1024, (unsigned long long)m->macs);
    print_parts(&clock);
    printf("}\n");
    free(d.pixels);
    free(d.labels);
    free(params);
    cnas_ctx_free(&ctx);
}
