/* Speed of every way to convolve blocked values: nominal GFLOP/s (2 N K C/groups KH KW OH OW operations a pass, whatever the way
 * really computes), forward / gradient of the input / gradient of the weights, best of several runs taken in turns.
 * Usage: bench_conv [THREADS [SAMPLES]]     (default: all cores, 128) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/engine/conv_packs.h"
#include "runtime/engine/conv_way.h"

static const struct {
    uint32_t c, hw, k, kernel, stride;
} shapes[] = {
    {3, 32, 64, 3, 1},   {16, 32, 16, 3, 1},  {32, 32, 32, 3, 1}, {64, 32, 64, 3, 1},  {128, 16, 128, 3, 1},
    {256, 8, 256, 3, 1}, {512, 4, 512, 3, 1}, {16, 32, 32, 3, 2}, {64, 32, 128, 3, 2}, {256, 8, 512, 3, 2},
    {64, 32, 128, 1, 2}, {64, 32, 64, 1, 1},  {6, 28, 6, 3, 1},   {24, 14, 24, 3, 1},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, ROUNDS = 3, WAYS = 16 };

/* What a table's column or row is about: one way, in the directions that it can do. */
struct row {
    char name[CN_ENGINE_CONV_NAME];
    double rate[CN_ENGINE_CONV_PASSES]; /* 0: it cannot */
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

/* One shape in one type: a line for each way. */
static int measure(struct cnas_ctx *ctx, const struct cnas_conv_shape *s, size_t n, enum cn_engine_type type)
{
    const struct cn_engine_conv_want want = {.shape = *s, .n = n, .type = type, .plain_x = s->c == 3};
    const double flop = 2e-9 * (double)n * s->k * s->oh * s->ow * s->c * s->kh * s->kw;
    struct cn_engine_conv_packs *packs;
    struct row rows[WAYS];
    size_t count = 0;
    if (cn_engine_conv_packs_new(&packs, 0))
        return 1;
    for (enum cn_engine_conv_pass pass = 0; pass < CN_ENGINE_CONV_PASSES; pass++) {
        struct cn_engine_conv_site site = {.ctx = ctx, .want = &want, .n = n, .pass = pass, .packs = packs};
        struct cn_engine_conv_way *ways = NULL, *best;
        if (want.plain_x && pass == CN_ENGINE_CONV_DATA)
            continue;
        if (cn_engine_conv_dnnl_ways(&ways, &site) || cn_engine_conv_wino_ways(&ways, &site) ||
            cn_engine_conv_plain_ways(&ways, &site))
            return 1;
        for (int round = 0; round < ROUNDS && ways; round++) {
            if (cn_engine_conv_measure(&best, ways, &site))
                return 1;
            for (const struct cn_engine_conv_way *way = ways; way; way = way->next) {
                struct row *row = row_of(rows, &count, way->name);
                if (flop / way->seconds > row->rate[pass])
                    row->rate[pass] = flop / way->seconds;
            }
        }
        cn_engine_conv_free_ways(&ways);
    }
    cn_engine_conv_packs_free(&packs);
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

int main(int argc, char **argv)
{
    struct cnas_ctx *ctx;
    struct cnas_error err;
    const size_t n = argc > 2 ? (size_t)atol(argv[2]) : 128;
    const struct cn_engine_dnnl *dnnl = cn_engine_dnnl(&err);
    if (!n || cnas_ctx_new(&ctx, argc > 1 ? (unsigned)atoi(argv[1]) : 0))
        return 1;
    if (dnnl)
        cn_engine_dnnl_adopt(dnnl, ctx);
    else
        printf("note: %s\n", err.text);
    print_machine(ctx, n);
    printf("| shape | type | way | forward | data | weights |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < SHAPES; i++) {
        const uint32_t out = (shapes[i].hw - 1) / shapes[i].stride + 1, pad = shapes[i].kernel / 2;
        const struct cnas_conv_shape s = {.c = shapes[i].c,
                                          .h = shapes[i].hw,
                                          .w = shapes[i].hw,
                                          .k = shapes[i].k,
                                          .oh = out,
                                          .ow = out,
                                          .kh = shapes[i].kernel,
                                          .kw = shapes[i].kernel,
                                          .stride = shapes[i].stride,
                                          .pad_y = pad,
                                          .pad_x = pad,
                                          .dilation = 1,
                                          .groups = 1};
        for (int type = CN_ENGINE_F32; type <= CN_ENGINE_BF16; type++)
            if (measure(ctx, &s, n, (enum cn_engine_type)type))
                return 1;
    }
    cnas_ctx_free(&ctx);
    return 0;
}
