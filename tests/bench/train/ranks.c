/* What it gains that gradients are summed while the backward pass is still at earlier layers: started by mpirun, trains one generated network
 * on random images in memory, a few steps in turns
 *   overlapped  as cnas_train does it;
 *   after       with the same sums, all started when the backward pass is over;
 *   alone       without sums of gradients: what the exchange costs at all. Then every rank has weights of its own: time is all that counts.
 * Linked with the generated NET.c (MODEL names its model), libcnasmpi and libcnas. Rank 0 prints one JSON object: for each way the median time of
 * a step and the time in it that the rank waited for gradients, milliseconds.
 * usage: mpirun -np N ranks PRECISION THREADS BATCH SECONDS [sync] */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cnas/mpi.h>
#include <cnas/train.h>

extern const struct cnas_model MODEL;

enum way { OVERLAPPED, AFTER, ALONE, WAYS };
static const char *const names[WAYS] = {"overlapped", "after", "alone"};
enum { TURN = 4, MOST = 1 << 14, SUMS = 4096 }; /* steps of a turn, the first of which is not counted */

/* The group of the training: MPI's, with the sums of gradients as the way has it. */
static struct ways {
    struct cnas_group group;
    const struct cnas_group *mpi;
    unsigned long step; /* that is under way */
    struct {
        float *x;
        size_t n;
    } later[SUMS];
    size_t n_later;
    double last, wait_s, end; /* of this step */
    double step_ms[WAYS][MOST], wait_ms[WAYS][MOST];
    size_t n[WAYS];
} ways;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static enum way way(void)
{
    return (enum way)(ways.step / TURN % WAYS);
}

static enum cnas_status sum(void *self, double *x, size_t n, struct cnas_error *err)
{
    (void)self;
    return ways.mpi->sum(ways.mpi->self, x, n, err);
}

static enum cnas_status sum_start(void *self, float *x, size_t n, struct cnas_error *err)
{
    (void)self;
    if (way() == OVERLAPPED)
        return ways.mpi->sum_start(ways.mpi->self, x, n, err);
    if (ways.n_later == SUMS)
        abort();
    ways.later[ways.n_later].x = x;
    ways.later[ways.n_later++].n = n;
    return CNAS_OK;
}

static enum cnas_status sum_progress(void *self, struct cnas_error *err)
{
    (void)self;
    return way() == OVERLAPPED ? ways.mpi->sum_progress(ways.mpi->self, err) : CNAS_OK;
}

static enum cnas_status sum_wait(void *self, struct cnas_error *err)
{
    const double before = now_s();
    enum cnas_status status = CNAS_OK;
    (void)self;
    for (size_t i = 0; i < ways.n_later && way() == AFTER && !status; i++)
        status = ways.mpi->sum_start(ways.mpi->self, ways.later[i].x, ways.later[i].n, err);
    ways.n_later = 0;
    if (!status)
        status = ways.mpi->sum_wait(ways.mpi->self, err);
    ways.wait_s = now_s() - before;
    return status;
}

static enum cnas_status broadcast(void *self, void *x, size_t bytes, struct cnas_error *err)
{
    (void)self;
    return ways.mpi->broadcast(ways.mpi->self, x, bytes, err);
}

static void leave(void *self)
{
    (void)self;
    ways.mpi->leave(ways.mpi->self);
}

/* Called after every step. */
static int tick(void *user, const struct cnas_train_progress *p)
{
    const double now = now_s();
    const enum way w = way();
    (void)user;
    if (p->event != CNAS_TRAIN_STEP)
        return 0;
    if (ways.step % TURN && ways.n[w] < MOST) {
        ways.step_ms[w][ways.n[w]] = 1e3 * (now - ways.last);
        ways.wait_ms[w][ways.n[w]++] = 1e3 * ways.wait_s;
    }
    ways.last = now;
    ways.step++;
    return now > ways.end && ways.n[ALONE] >= TURN;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_size);
    return x[n / 2];
}

static void print(const struct cnas_model *m)
{
    printf("{\"gradient_mb\": %.2f", 4e-6 * (double)m->params_trained);
    for (int w = 0; w < WAYS; w++)
        printf(", \"%s\": [%.2f, %.2f]", names[w], median(ways.step_ms[w], ways.n[w]), median(ways.wait_ms[w], ways.n[w]));
    printf(", \"steps\": %zu}\n", ways.n[ALONE]);
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6)
        return fputs("usage: mpirun -np N ranks PRECISION THREADS BATCH SECONDS [sync]\n", stderr), 2;
    const struct cnas_model *m = &MODEL;
    struct cnas_group *mpi;
    struct cnas_ctx *ctx;
    struct cnas_train_options o;
    struct cnas_error err;
    struct cnas_dataset d = {.c = m->c, .h = m->h, .w = m->w, .classes = m->classes};
    unsigned local_rank, local_size;
    cnas_train_defaults(&o, m);
    o.epochs = 1 << 20;
    o.batch = (uint32_t)atoi(argv[3]);
    o.precision = strcmp(argv[1], "bf16") ? CNAS_PRECISION_FP32 : CNAS_PRECISION_BF16;
    d.n = (size_t)o.batch * 2 * TURN * WAYS;
    const size_t pixels = d.n * m->c * m->h * m->w;
    d.pixels = malloc(pixels);
    d.labels = malloc(d.n * sizeof *d.labels);
    float *params = malloc(m->params_floats * sizeof *params);
    if (!d.pixels || !d.labels || !params || cnas_ctx_new(&ctx, (unsigned)atoi(argv[2])))
        return fputs("ranks: no memory\n", stderr), 2;
    for (size_t i = 0; i < pixels; i++)
        d.pixels[i] = (uint8_t)(rand() >> 7);
    for (size_t i = 0; i < d.n; i++)
        d.labels[i] = (uint32_t)rand() % m->classes;
    cnas_params_init(params, m, 1);
    if (cnas_mpi_open(&mpi, &local_rank, &local_size, &err))
        return fprintf(stderr, "ranks: %s\n", err.text), 2;
    ways.mpi = mpi;
    ways.group = (struct cnas_group){.rank = mpi->rank, .size = mpi->size, .sum = sum, .sum_start = sum_start, .sum_progress = sum_progress,
                                     .sum_wait = sum_wait, .broadcast = broadcast, .leave = leave};
    ways.end = now_s() + atof(argv[4]);
    const struct cnas_train_sets sets = {.train = &d};
    const struct cnas_train_control control = {.group = &ways.group, .sync_batch_norm = argc == 6, .callback = tick, .report_steps = 1};
    const int failed = cnas_train(params, ctx, m, &sets, &o, &control, &err) != CNAS_OK;
    if (failed)
        fprintf(stderr, "ranks: %s\n", err.text);
    else if (mpi->rank == 0)
        print(m);
    cnas_mpi_close(&mpi, 2 * failed);
    free(d.pixels);
    free(d.labels);
    free(params);
    cnas_ctx_free(&ctx);
    return 2 * failed;
}
