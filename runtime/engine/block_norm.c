/* The sums of batch norm, forward and backward, and what follows from them for each channel.
 * Source:  Ioffe & Szegedy 2015, algorithms 1 and 2.
 * Differs: one pass: sums of z and of its square in double, in which a square of a float is exact.
 * Backward, with xhat = (z - mean) invstd and m = N HW, as in runtime/kernel/norm.c:
 *   dbeta = sum g,   dgamma = sum g xhat = invstd (sum g z - mean sum g),
 *   dz = gamma invstd (g - dbeta/m - xhat dgamma/m), which is affine in g and z. */
#include <math.h>
#include <string.h>

#include "runtime/base/misuse.h"
#include "runtime/engine/block_run.h"
#include "runtime/kernel/ctx.h"

/* Sums are taken over fixed groups of samples, whose partial sums are then added in order. */
static size_t groups(size_t n, size_t sample_bytes)
{
    enum { MOST = 64, GROUP = 1 << 17 }; /* bytes: a group's sums are small against what it reads */
    size_t by_size = n * sample_bytes / GROUP + 1, most = by_size < MOST ? by_size : MOST;
    return most < n ? most : n;
}

/* Adds the sums of all chunks into those of the first. */
static void add_up(double *sums, size_t each, size_t chunks)
{
    for (size_t k = 1; k < chunks; k++)
        for (size_t i = 0; i < each; i++)
            sums[i] += sums[k * each + i];
}

/* With peers (runtime/kernel/ctx.h) the sums are those of all. Returns the samples that they are taken over. */
static size_t add_peers(const struct cnas_ctx *ctx, double *sums, size_t each, size_t n)
{
    const struct cn_kernel_peers *peers = cn_kernel_peers(ctx);
    if (!peers || !peers->sum)
        return n;
    peers->sum(peers->user, sums, each);
    return peers->all;
}

/* Sums of so many chunks; NULL without memory, which peers are told. */
static double *get_sums(struct cnas_ctx *ctx, size_t each, size_t chunks)
{
    const struct cn_kernel_peers *peers = cn_kernel_peers(ctx);
    float *sums = cn_kernel_scratch(ctx, 0, chunks * each * (sizeof(double) / sizeof(float)));
    if (!sums && peers && peers->sum)
        peers->sum(peers->user, NULL, 0);
    return (double *)(void *)sums;
}

struct statistics {
    enum cn_engine_type type;
    struct cn_engine_map map;
    const void *z;
    double *sums;
    size_t n, chunks;
};

static void statistics_chunk(void *job, size_t i, float *own)
{
    const struct statistics *s = job;
    (void)own;
    cn_engine_simd()->sums(s->sums + i * 2 * cn_engine_channels(s->map.c), s->type, s->map, s->z, cn_kernel_cut(s->n, s->chunks, i),
                           cn_kernel_cut(s->n, s->chunks, i + 1));
}

void cn_engine_bn_statistics(struct cnas_ctx *ctx, const struct cn_engine_bn *bn, enum cn_engine_type type, struct cn_engine_map map,
                             const void *z, size_t n)
{
    cn_require(n && map.c && map.h && map.w && z);
    const size_t chunks = groups(n, cn_engine_elements(map) * cn_engine_type_size(type));
    struct statistics s = {type, map, z, get_sums(ctx, 2 * cn_engine_channels(map.c), chunks), n, chunks};
    if (!s.sums)
        return;
    cn_kernel_run(ctx, chunks, statistics_chunk, &s);
    cn_engine_bn_finish(ctx, bn, map, s.sums, chunks, n);
}

void cn_engine_bn_sums_range(double *sums, enum cn_engine_type type, struct cn_engine_map map, const void *z, size_t first, size_t last)
{
    cn_require(map.c && map.h && map.w && z);
    cn_engine_simd()->sums(sums, type, map, z, first, last);
}

void cn_engine_bn_finish(const struct cnas_ctx *ctx, const struct cn_engine_bn *bn, struct cn_engine_map map, double *sums, size_t chunks,
                         size_t n)
{
    const size_t channels = cn_engine_channels(map.c);
    cn_require(n && map.h && map.w && bn->epsilon > 0);
    add_up(sums, 2 * channels, chunks);
    const double m = (double)add_peers(ctx, sums, 2 * channels, n) * map.h * map.w;
    for (size_t c = 0; c < map.c; c++) {
        double mean = sums[c] / m, squares = sums[channels + c] - m * mean * mean;
        if (squares < 0) /* rounding; a NaN stays */
            squares = 0;
        double invstd = 1 / sqrt(squares / m + bn->epsilon), scale = bn->gamma[c] * invstd;
        bn->mean[c] = (float)mean;
        bn->invstd[c] = (float)invstd;
        bn->scale[c] = (float)scale;
        bn->shift[c] = (float)(bn->beta[c] - mean * scale);
        bn->running_mean[c] = bn->decay * bn->running_mean[c] + (1 - bn->decay) * (float)mean;
        bn->running_var[c] = bn->decay * bn->running_var[c] + (1 - bn->decay) * (float)(squares / (m > 1 ? m - 1 : 1));
    }
    for (size_t c = map.c; c < channels; c++)
        bn->mean[c] = bn->invstd[c] = bn->scale[c] = bn->shift[c] = 0;
}

void cn_engine_bn_inference(const struct cn_engine_bn *bn, uint32_t c)
{
    memset(bn->scale, 0, cn_engine_channels(c) * sizeof *bn->scale);
    memset(bn->shift, 0, cn_engine_channels(c) * sizeof *bn->shift);
    for (size_t i = 0; i < c; i++) {
        bn->scale[i] = bn->gamma[i] * (1 / sqrtf(bn->running_var[i] + bn->epsilon));
        bn->shift[i] = bn->beta[i] - bn->running_mean[i] * bn->scale[i];
    }
}

static void back_check(const struct cn_engine_back *b)
{
    cn_require(b->map.c && b->map.h && b->map.w && b->dy);
    cn_require((b->mask == CN_ENGINE_MASK_Y || b->mask == CN_ENGINE_MASK_SIGNS) == !!b->mask_from);
    cn_require(b->mask != CN_ENGINE_MASK_AGAIN || b->in[0].z);
    for (int i = 0; i < 2; i++)
        cn_require(!b->in[i].scale == !b->in[i].shift);
}

struct back {
    const struct cn_engine_back *b;
    double *sums;
    size_t n, chunks;
};

static void back_chunk(void *job, size_t i, float *own)
{
    const struct back *j = job;
    (void)own;
    cn_engine_simd()->back_sums(j->sums + i * 3 * cn_engine_channels(j->b->map.c), j->b, cn_kernel_cut(j->n, j->chunks, i),
                                cn_kernel_cut(j->n, j->chunks, i + 1));
}

void cn_engine_back_sums(struct cnas_ctx *ctx, const struct cn_engine_back *b, const struct cn_engine_bn *const bn[2], size_t n)
{
    back_check(b);
    cn_require(n && (bn[0] || bn[1]) && !bn[0] == !b->in[0].scale && !bn[1] == !b->in[1].scale);
    const size_t chunks = groups(n, cn_engine_elements(b->map) * cn_engine_type_size(b->type));
    struct back j = {b, get_sums(ctx, 3 * cn_engine_channels(b->map.c), chunks), n, chunks};
    if (!j.sums)
        return;
    cn_kernel_run(ctx, chunks, back_chunk, &j);
    cn_engine_back_finish(ctx, bn, b->map, j.sums, chunks, n);
}

void cn_engine_back_sums_range(double *sums, const struct cn_engine_back *b, size_t first, size_t last)
{
    back_check(b);
    cn_engine_simd()->back_sums(sums, b, first, last);
}

static double back_gamma(const struct cn_engine_bn *bn, const double *g, const double *gz, size_t c)
{
    return bn->invstd[c] * (gz[c] - (double)bn->mean[c] * g[c]);
}

/* g, gz: sums of g and of g z for each channel. */
static void back_params(const struct cn_engine_bn *bn, struct cn_engine_map map, const double *g, const double *gz)
{
    for (size_t c = 0; c < map.c; c++) {
        bn->dbeta[c] = (float)g[c];
        bn->dgamma[c] = (float)back_gamma(bn, g, gz, c);
    }
}

static void back_coefficients(const struct cn_engine_bn *bn, struct cn_engine_map map, const double *g, const double *gz, size_t n)
{
    const double m = (double)n * map.h * map.w;
    for (size_t c = 0; c < map.c; c++) {
        double mean = bn->mean[c], invstd = bn->invstd[c];
        double of_g = bn->gamma[c] * invstd, of_z = -of_g * invstd * back_gamma(bn, g, gz, c) / m;
        bn->of_g[c] = (float)of_g;
        bn->of_z[c] = (float)of_z;
        bn->of_1[c] = (float)(-of_g * g[c] / m - of_z * mean);
    }
    for (size_t c = map.c; c < cn_engine_channels(map.c); c++)
        bn->of_g[c] = bn->of_z[c] = bn->of_1[c] = 0;
}

/* dgamma and dbeta are of the own samples, as all gradients of parameters; dz is that of the sums over peers. */
void cn_engine_back_finish(const struct cnas_ctx *ctx, const struct cn_engine_bn *const bn[2], struct cn_engine_map map, double *sums,
                           size_t chunks, size_t n)
{
    const size_t channels = cn_engine_channels(map.c);
    cn_require(n && map.c && map.h && map.w);
    add_up(sums, 3 * channels, chunks);
    for (size_t i = 0; i < 2; i++)
        if (bn[i])
            back_params(bn[i], map, sums, sums + (1 + i) * channels);
    n = add_peers(ctx, sums, 3 * channels, n);
    for (size_t i = 0; i < 2; i++)
        if (bn[i])
            back_coefficients(bn[i], map, sums, sums + (1 + i) * channels, n);
}

void cn_engine_back_apply_range(const struct cn_engine_back *b, size_t first, size_t last)
{
    const size_t blocks = cn_engine_blocks(b->map.c);
    back_check(b);
    cn_engine_simd()->back_apply(b, first * blocks, last * blocks);
}

static void back_runs(const void *job, size_t first, size_t last)
{
    cn_engine_simd()->back_apply(job, first, last);
}

void cn_engine_back_apply(struct cnas_ctx *ctx, const struct cn_engine_back *b, size_t n)
{
    struct cn_engine_back own = *b;
    const void *dz = b->out[0].dz;
    back_check(b);
    if (dz != b->dy && dz != b->dy_more && dz != b->in[0].z && dz != b->in[1].z && !b->out[0].add)
        own.out[0].stream |= cn_engine_streams(n * cn_engine_elements(b->map) * cn_engine_type_size(b->type));
    cn_engine_share(ctx, back_runs, &own, n * cn_engine_blocks(b->map.c), cn_engine_run_bytes(b->type, b->map));
}
