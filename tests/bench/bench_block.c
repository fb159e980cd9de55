/* Speed of the kernels on blocked values, GB/s of what each must read and write, beside memcpy: best of interleaved runs.
 * Usage: bench_block [THREADS [RUNS]]     (default: all cores, 15 runs) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/engine/block_simd.h"
#include "runtime/kernel/ctx.h"

static const struct cn_engine_map maps[] = {{16, 32, 32}, {64, 32, 32}, {512, 4, 4}};
enum { SAMPLES = 128, MAPS = sizeof maps / sizeof *maps, VALUES = 6 };

/* Forms of a kernel; which bits count is the kernel's. */
enum {
    SECOND = 1, SECOND_BN = 2, /* of two branches: the residual, or the other batch norm */
    SIGNS = 4,                 /* the mask is kept in bits */
    RESIDUAL = 8,              /* a second gradient of the output, and g written for the residual */
    IN_PLACE = 16,
    MAX = 32, BACKWARD = 64,
};

struct state {
    struct cnas_ctx *ctx;
    enum cn_engine_type type;
    struct cn_engine_map map;
    void *value[VALUES], *signs;
    float *plain, *pooled;
    struct cn_engine_bn bn[2];
    struct cnas_conv_shape window;
    size_t bytes; /* of a value */
    unsigned form; /* of the kernel that runs */
};

static void copy_chunk(void *job, size_t i, float *own)
{
    const struct state *s = job;
    size_t piece = s->bytes / SAMPLES;
    (void)own;
    memcpy((char *)s->value[1] + i * piece, (const char *)s->value[0] + i * piece, piece);
}

static void run_memcpy(struct state *s)
{
    cn_kernel_run(s->ctx, SAMPLES, copy_chunk, s);
}

static void run_pack(struct state *s)
{
    cn_engine_pack(s->ctx, s->type, s->map, s->value[1], s->plain, SAMPLES);
}

static void run_unpack(struct state *s)
{
    cn_engine_unpack(s->ctx, s->type, s->map, s->plain, s->value[0], SAMPLES);
}

static void run_statistics(struct state *s)
{
    cn_engine_bn_statistics(s->ctx, &s->bn[0], s->type, s->map, s->value[0], SAMPLES);
}

static void run_apply(struct state *s)
{
    struct cn_engine_apply a = {.type = s->type, .map = s->map, .y = s->value[2], .signs = s->form & SIGNS ? s->signs : NULL, .relu = 1,
                                .in = {{s->value[0], s->bn[0].scale, s->bn[0].shift}}};
    if (s->form & SECOND)
        a.in[1].z = s->value[1];
    else if (s->form & SECOND_BN)
        a.in[1] = (struct cn_engine_branch){s->value[1], s->bn[1].scale, s->bn[1].shift};
    cn_engine_apply(s->ctx, &a, SAMPLES);
}

static void run_add(struct state *s)
{
    struct cn_engine_apply a = {.type = s->type, .map = s->map, .y = s->value[2], .in = {{.z = s->value[0]}, {.z = s->value[1]}}};
    cn_engine_apply(s->ctx, &a, SAMPLES);
}

static struct cn_engine_back back(const struct state *s, enum cn_engine_mask mask, const void *mask_from)
{
    return (struct cn_engine_back){.type = s->type, .map = s->map, .dy = s->value[3], .mask = mask, .mask_from = mask_from,
                                   .in = {{s->value[0], s->bn[0].scale, s->bn[0].shift}}};
}

static void run_sums(struct state *s)
{
    const struct cn_engine_bn *const bn[2] = {&s->bn[0], s->form & SECOND_BN ? &s->bn[1] : NULL};
    struct cn_engine_back b = !(s->form & RESIDUAL) ? back(s, CN_ENGINE_MASK_AGAIN, NULL)
                              : s->form & SIGNS     ? back(s, CN_ENGINE_MASK_SIGNS, s->signs)
                                                 : back(s, CN_ENGINE_MASK_Y, s->value[2]);
    if (s->form & RESIDUAL)
        b.dy_more = b.g = s->value[4];
    if (s->form & SECOND_BN)
        b.in[1] = (struct cn_engine_branch){s->value[1], s->bn[1].scale, s->bn[1].shift};
    cn_engine_back_sums(s->ctx, &b, bn, SAMPLES);
}

static void run_back(struct state *s)
{
    struct cn_engine_back b = back(s, CN_ENGINE_MASK_AGAIN, NULL);
    b.out[0] = (struct cn_engine_back_out){.dz = s->value[s->form & IN_PLACE ? 3 : 5], .of_g = s->bn[0].of_g, .of_z = s->bn[0].of_z,
                                           .of_1 = s->bn[0].of_1};
    cn_engine_back_apply(s->ctx, &b, SAMPLES);
}

static void run_back_two(struct state *s)
{
    struct cn_engine_back b = back(s, CN_ENGINE_MASK_NONE, NULL);
    b.in[1].z = s->value[1];
    for (int i = 0; i < 2; i++)
        b.out[i] = (struct cn_engine_back_out){.dz = s->value[4 + i], .of_g = s->bn[i].of_g, .of_z = s->bn[i].of_z, .of_1 = s->bn[i].of_1};
    cn_engine_back_apply(s->ctx, &b, SAMPLES);
}

static void run_relu_back(struct state *s)
{
    struct cn_engine_back b = {.type = s->type, .map = s->map, .dy = s->value[3], .mask = CN_ENGINE_MASK_Y, .mask_from = s->value[2],
                               .out = {{.dz = s->value[5]}}};
    cn_engine_back_apply(s->ctx, &b, SAMPLES);
}

static void run_global(struct state *s)
{
    cn_engine_global_avg_pool(s->ctx, s->type, s->map, s->pooled, s->value[0], SAMPLES);
}

static void run_global_back(struct state *s)
{
    cn_engine_global_avg_pool_back(s->ctx, s->type, s->map, s->value[5], 0, s->pooled, SAMPLES);
}

static void run_pool(struct state *s)
{
    struct cn_engine_pool p = {.type = s->type, .shape = &s->window, .max = s->form & MAX, .y = s->value[1], .x = s->value[0],
                               .dy = s->value[3], .dx = s->value[5]};
    (s->form & BACKWARD ? cn_engine_pool_back : cn_engine_pool)(s->ctx, &p, SAMPLES);
}

static void run_convert(struct state *s)
{
    cn_engine_convert(s->ctx, CN_ENGINE_BF16, s->value[1], CN_ENGINE_F32, s->plain, (size_t)SAMPLES * cn_engine_elements(s->map));
}

static const struct {
    const char *name;
    void (*run)(struct state *);
    unsigned form;
    double values, floats; /* moved: values of the type, and plain floats */
} kernels[] = {
    {"memcpy", run_memcpy, 0, 2, 0},
    {"pack", run_pack, 0, 1, 1},
    {"unpack", run_unpack, 0, 1, 1},
    {"float to bfloat16", run_convert, 0, 0, 1.5},
    {"statistics", run_statistics, 0, 1, 0},
    {"bn relu", run_apply, 0, 2, 0},
    {"bn + r, relu", run_apply, SECOND, 3, 0},
    {"bn + r, relu, signs", run_apply, SECOND | SIGNS, 3, 1. / 32},
    {"bn + bn, relu", run_apply, SECOND_BN, 3, 0},
    {"add", run_add, 0, 3, 0},
    {"sums, mask again", run_sums, 0, 2, 0},
    {"sums, dy + dy, y, g", run_sums, RESIDUAL, 5, 0},
    {"sums, dy + dy, signs, g", run_sums, RESIDUAL | SIGNS, 4, 1. / 32},
    {"sums of two, signs, g", run_sums, RESIDUAL | SIGNS | SECOND_BN, 5, 1. / 32},
    {"dz, mask again", run_back, 0, 3, 0},
    {"dz in place", run_back, IN_PLACE, 3, 0},
    {"dz of two", run_back_two, 0, 5, 0},
    {"relu backward", run_relu_back, 0, 3, 0},
    {"global average", run_global, 0, 1, 0},
    {"  backward", run_global_back, 0, 1, 0},
    {"average pool 2", run_pool, 0, 1.25, 0},
    {"  backward", run_pool, BACKWARD, 1.25, 0},
    {"max pool 2", run_pool, MAX, 1.25, 0},
    {"  backward", run_pool, MAX | BACKWARD, 2.25, 0},
};
enum { KERNELS = sizeof kernels / sizeof *kernels };

static void *memory(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p)
        exit(1);
    return p;
}

static float *numbers(size_t n)
{
    float *p = memory(n * sizeof *p);
    for (size_t i = 0; i < n; i++)
        p[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return p;
}

static struct state state_new(struct cnas_ctx *ctx, enum cn_engine_type type, struct cn_engine_map map)
{
    size_t elements = SAMPLES * cn_engine_elements(map), channels = cn_engine_channels(map.c);
    struct state s = {.ctx = ctx, .type = type, .map = map, .bytes = elements * cn_engine_type_size(type), .plain = numbers(elements),
                      .pooled = numbers(SAMPLES * map.c), .signs = memory(elements / 8)};
    memset(s.signs, 0x55, elements / 8);
    for (int i = 0; i < VALUES; i++) {
        s.value[i] = memory(s.bytes);
        cn_engine_convert(ctx, type, s.value[i], CN_ENGINE_F32, s.plain, elements);
    }
    for (int i = 0; i < 2; i++) {
        float *v = numbers(13 * channels);
        s.bn[i] = (struct cn_engine_bn){v, v + channels, v + 2 * channels, v + 3 * channels, 1e-5f, 0.9f, v + 4 * channels, v + 5 * channels,
                                        v + 6 * channels, v + 7 * channels, v + 8 * channels, v + 9 * channels, v + 10 * channels,
                                        v + 11 * channels, v + 12 * channels};
    }
    s.window = (struct cnas_conv_shape){.c = map.c, .h = map.h, .w = map.w, .k = map.c, .oh = map.h / 2, .ow = map.w / 2, .kh = 2, .kw = 2,
                                        .stride = 2, .dilation = 1, .groups = 1};
    return s;
}

static void state_free(struct state *s)
{
    for (int i = 0; i < VALUES; i++)
        free(s->value[i]);
    free(s->signs);
    free(s->plain);
    free(s->pooled);
    free((float *)(size_t)s->bn[0].gamma);
    free((float *)(size_t)s->bn[1].gamma);
}

int main(int argc, char **argv)
{
    struct cnas_ctx *ctx;
    int runs = argc > 2 ? atoi(argv[2]) : 15;
    if (cnas_ctx_new(&ctx, argc > 1 ? (unsigned)atoi(argv[1]) : 0))
        return 1;
    printf("%s, %u threads, %d samples; GB/s\n%-26s", cn_engine_simd()->name, cnas_ctx_threads(ctx), SAMPLES, "");
    for (size_t m = 0; m < MAPS; m++)
        printf("  %4ux%ux%-3u %8s", maps[m].c, maps[m].h, maps[m].w, "bf16");
    printf("\n");
    static double best[KERNELS][MAPS][2];
    for (size_t m = 0; m < MAPS; m++)
        for (int type = 0; type < 2; type++) {
            struct state s = state_new(ctx, (enum cn_engine_type)type, maps[m]);
            for (int r = 0; r < runs; r++) {
                for (int i = 3; i < 5; i++) /* what kernels wrote in place would shrink to denormal numbers */
                    cn_engine_convert(ctx, s.type, s.value[i], CN_ENGINE_F32, s.plain, (size_t)SAMPLES * cn_engine_elements(s.map));
                for (size_t k = 0; k < KERNELS; k++) {
                    s.form = kernels[k].form;
                    double t = cn_clock_s();
                    kernels[k].run(&s);
                    t = cn_clock_s() - t;
                    double floats = (double)SAMPLES * (double)cn_engine_elements(s.map) * sizeof(float);
                    double rate = 1e-9 * (kernels[k].values * (double)s.bytes + kernels[k].floats * floats) / t;
                    best[k][m][type] = rate > best[k][m][type] ? rate : best[k][m][type];
                }
            }
            state_free(&s);
        }
    for (size_t k = 0; k < KERNELS; k++) {
        printf("%-26s", kernels[k].name);
        for (size_t m = 0; m < MAPS; m++)
            printf("  %10.1f %8.1f", best[k][m][0], best[k][m][1]);
        printf("\n");
    }
    cnas_ctx_free(&ctx);
    return 0;
}
