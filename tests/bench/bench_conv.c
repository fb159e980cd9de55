/* Speed of every way to convolve blocked values: nominal GFLOP/s (2 N K C/groups KH KW OH OW operations a pass, whatever the way
 * really computes), forward / gradient of the input / gradient of the weights, best of several runs taken in turns.
 * One thread is measured by its CPU time, which a busy machine distorts less.
 * Usage: bench_conv [THREADS [SAMPLES]]               (default: all cores, 128)
 *        bench_conv winograd [THREADS [SAMPLES]]      (default: 1, 128) our Winograd kernels beside the fastest of oneDNN's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/engine/conv_packs.h"
#include "runtime/engine/conv_way.h"

static const struct {
    uint32_t c, hw, k, kernel, stride;
} shapes[] = {
    {3, 32, 64, 3, 1},   {16, 32, 16, 3, 1},  {32, 32, 32, 3, 1}, {64, 32, 64, 3, 1},  {128, 16, 128, 3, 1},
    {256, 8, 256, 3, 1}, {512, 4, 512, 3, 1}, {16, 32, 32, 3, 2}, {64, 32, 128, 3, 2}, {256, 8, 512, 3, 2},
    {64, 32, 128, 1, 2}, {64, 32, 64, 1, 1},  {6, 28, 6, 3, 1},   {24, 14, 24, 3, 1},
};
static const struct {
    uint32_t c, hw, k;
} winograd_shapes[] = {{16, 32, 16}, {16, 32, 32}, {32, 16, 32}, {64, 32, 64}, {128, 16, 128}, {256, 8, 256}, {512, 4, 512}};
enum {
    SHAPES = sizeof shapes / sizeof *shapes,
    WINOGRAD_SHAPES = sizeof winograd_shapes / sizeof *winograd_shapes,
    TURNS = 15,
    WAYS = 16
};

/* What a table's column or row is about: one way, in the directions that it can do. */
struct row {
    char name[CN_ENGINE_CONV_NAME];
    double rate[CN_ENGINE_CONV_PASSES]; /* 0: it cannot, or takes more memory than a way may (conv_measure.c) */
};

/* The processor's own words for itself. */
static void print_machine(const struct cnas_ctx *ctx, size_t n)
{
    char line[256], name[200] = "unknown processor";
    const struct cn_engine_dnnl *dnnl = cn_engine_dnnl(NULL);
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "model name : %199[^\n]", name) == 1)
            break;
    if (f)
        fclose(f);
    printf("%s, %u threads, batch %zu, %s, OpenBLAS %s\n\n", name, cnas_ctx_threads(ctx), n,
           dnnl ? cn_engine_dnnl_version(dnnl) : "without oneDNN", cnas_blas_core());
}

static struct row *row_of(struct row *rows, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (!strcmp(rows[i].name, name))
            return &rows[i];
    if (*count == WAYS)
        exit(1);
    rows[*count] = (struct row){{0}, {0}};
    snprintf(rows[*count].name, sizeof rows->name, "%s", name);
    return &rows[(*count)++];
}

static struct cnas_conv_shape shape_of(uint32_t c, uint32_t hw, uint32_t k, uint32_t kernel, uint32_t stride)
{
    const uint32_t out = (hw - 1) / stride + 1, pad = kernel / 2;
    return (struct cnas_conv_shape){.c = c, .h = hw, .w = hw, .k = k, .oh = out, .ow = out, .kh = kernel, .kw = kernel, .stride = stride,
                                    .pad_y = pad, .pad_x = pad, .dilation = 1, .groups = 1};
}

static double now_s(const struct cnas_ctx *ctx)
{
    struct timespec t;
    clock_gettime(cnas_ctx_threads(ctx) == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Small numbers, floats or their upper halves. */
static void *numbers(size_t bytes)
{
    void *p = aligned_alloc(64, cn_engine_conv_round(bytes + 1));
    if (!p)
        exit(1);
    return memset(p, 0x3c, bytes);
}

/* Sets seconds of each way, in turns: the first warms up, and whoever takes three times as long as the best is out. */
static void take_turns(struct cn_engine_conv_way *ways, const struct cn_engine_conv_site *site)
{
    size_t scratch_bytes = 0;
    double least = 1e9;
    for (const struct cn_engine_conv_way *way = ways; way; way = way->next)
        scratch_bytes = way->scratch > scratch_bytes ? way->scratch : scratch_bytes;
    void *x = numbers(cn_engine_conv_x_bytes(site)), *y = numbers(cn_engine_conv_y_bytes(site)), *scratch = numbers(scratch_bytes);
    float *w = numbers(cn_engine_conv_w_floats(&site->want->shape) * sizeof *w);
    struct cn_engine_conv_call call = {.scratch = scratch, .x = x, .dy = y, .y = y, .dx = x, .dw = w};
    cn_engine_conv_packs_weights(site->packs, site->ctx, w, NULL, site->want->shape.k);
    for (struct cn_engine_conv_way *way = ways; way; way = way->next)
        way->seconds = 1e9;
    for (int turn = 0; turn < TURNS; turn++)
        for (struct cn_engine_conv_way *way = ways; way; way = way->next) {
            if (turn && way->seconds > 3 * least)
                continue;
            const double before = now_s(site->ctx);
            way->run(way, &call);
            const double spent = now_s(site->ctx) - before;
            way->seconds = spent < way->seconds ? spent : way->seconds;
            least = spent < least ? spent : least;
        }
    cn_engine_conv_packs_weights(site->packs, site->ctx, NULL, NULL, 0);
    free(x);
    free(y);
    free(w);
    free(scratch);
}

/* Each way that fits, in the passes that are there. plain: also the kernels of the portable engine. */
static int measure(struct row *rows, size_t *count, struct cnas_ctx *ctx, const struct cnas_conv_shape *s, size_t n, enum cn_engine_type type,
                   int plain)
{
    const struct cn_engine_conv_want want = {.shape = *s, .n = n, .type = type, .plain_x = s->c == 3};
    const double flop = 2e-9 * (double)n * s->k * s->oh * s->ow * s->c * s->kh * s->kw;
    struct cn_engine_conv_packs *packs;
    *count = 0;
    if (cn_engine_conv_packs_new(&packs, 0))
        return 1;
    for (enum cn_engine_conv_pass pass = 0; pass < CN_ENGINE_CONV_PASSES; pass++) {
        struct cn_engine_conv_site site = {.ctx = ctx, .want = &want, .n = n, .pass = pass, .packs = packs};
        struct cn_engine_conv_way *ways = NULL;
        if (want.plain_x && pass == CN_ENGINE_CONV_DATA)
            continue;
        if ((cnas_ctx_threads(ctx) > 1 ? cn_engine_conv_split_ways(&ways, &site) : cn_engine_conv_dnnl_ways(&ways, &site)) ||
            cn_engine_conv_wino_ways(&ways, &site) || (plain && cn_engine_conv_plain_ways(&ways, &site)))
            return 1;
        take_turns(ways, &site);
        for (const struct cn_engine_conv_way *way = ways; way; way = way->next)
            row_of(rows, count, way->name)->rate[pass] = flop / way->seconds;
        cn_engine_conv_free_ways(&ways);
    }
    cn_engine_conv_packs_free(&packs);
    return 0;
}

/* One shape in one type: a line for each way. */
static int all_ways(struct cnas_ctx *ctx, const struct cnas_conv_shape *s, size_t n, enum cn_engine_type type)
{
    struct row rows[WAYS];
    size_t count;
    if (measure(rows, &count, ctx, s, n, type, 1))
        return 1;
    for (size_t i = 0; i < count; i++) {
        printf("| %u→%u %u² k%u s%u | %s | %s |", s->c, s->k, s->h, s->kh, s->stride, type == CN_ENGINE_BF16 ? "bf16" : "f32",
               rows[i].name);
        for (int pass = 0; pass < CN_ENGINE_CONV_PASSES; pass++)
            printf(rows[i].rate[pass] > 0 ? " %.0f |" : " – |", rows[i].rate[pass]);
        printf("\n");
    }
    fflush(stdout);
    return 0;
}

/* The table of docs/benchmarks.md. */
static int winograd(struct cnas_ctx *ctx, size_t n)
{
    printf("| channels, map | forward, ours / oneDNN | input's gradient | weights' gradient |\n|---|--:|--:|--:|\n");
    for (size_t i = 0; i < WINOGRAD_SHAPES; i++) {
        const struct cnas_conv_shape s = shape_of(winograd_shapes[i].c, winograd_shapes[i].hw, winograd_shapes[i].k, 3, 1);
        struct row rows[WAYS];
        size_t count;
        if (measure(rows, &count, ctx, &s, n, CN_ENGINE_F32, 0))
            return 1;
        printf("| %u→%u, %u² |", s.c, s.k, s.h);
        for (int pass = 0; pass < CN_ENGINE_CONV_PASSES; pass++) {
            double ours = 0, theirs = 0;
            for (size_t r = 0; r < count; r++) {
                double *rate = strcmp(rows[r].name, "cnas_wino") ? &theirs : &ours;
                *rate = rows[r].rate[pass] > *rate ? rows[r].rate[pass] : *rate;
            }
            printf(" %.0f / %.0f |", ours, theirs);
        }
        printf("\n");
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct cnas_ctx *ctx;
    struct cnas_error err;
    const int table = argc > 1 && !strcmp(argv[1], "winograd");
    argc -= table;
    argv += table;
    const size_t n = argc > 2 ? (size_t)atol(argv[2]) : 128;
    const struct cn_engine_dnnl *dnnl = cn_engine_dnnl(&err);
    if (!n || cnas_ctx_new(&ctx, argc > 1 ? (unsigned)atoi(argv[1]) : (unsigned)table))
        return 1;
    if (!dnnl)
        printf("note: %s\n", err.text);
    print_machine(ctx, n);
    if (table) {
        const int failed = winograd(ctx, n);
        cnas_ctx_free(&ctx);
        return failed;
    }
    printf("| shape | type | way | forward | data | weights |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < SHAPES; i++) {
        const struct cnas_conv_shape s = shape_of(shapes[i].c, shapes[i].hw, shapes[i].k, shapes[i].kernel, shapes[i].stride);
        for (int type = CN_ENGINE_F32; type <= CN_ENGINE_BF16; type++)
            if (all_ways(ctx, &s, n, (enum cn_engine_type)type))
                return 1;
    }
    cnas_ctx_free(&ctx);
    return 0;
}
