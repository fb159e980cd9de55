/* Winograd convolution: the loops around wino_body.h.
 *
 * A group of rows of tiles, of one or several samples, goes through all three steps before the next: transform of the input, 36
 * products of matrices, transform of the result. With large weights many output channels go through the products together, so that
 * the input's transform is read seldom; else they go in pairs of blocks, so that results stay closest. */
#include "runtime/engine/wino.h"

#include <string.h>

#include "runtime/base/misuse.h"
#include "runtime/engine/wino_group.h"
#include "runtime/kernel/ctx.h"

enum {
    GROUP_TILES = 32,     /* packed weights are read once for that many, */
    GROUP_OF_LARGE = 64,  /* which costs most where they do not stay in cache: */
    LARGE = 1 << 20,      /* floats of packed weights */
    SLICE_FLOATS = 5 << 20, /* of packed weights at a time: they are four times the weights. Each slice transforms the input again */
    FLOATS_APART = 16,    /* between the 36 matrices of weights, against power-of-two strides in the cache */
};

static const struct cn_engine_wino_simd *simd(void)
{
    const struct cn_engine_wino_simd *wide = cn_engine_block() == 16 ? cn_engine_wino_avx512() : cn_engine_wino_avx2();
    return wide && wide->lanes == cn_engine_block() ? wide : NULL;
}

int cn_engine_wino_fits(const struct cnas_conv_shape *s)
{
    return simd() && s->kh == 3 && s->kw == 3 && s->stride == 1 && s->dilation == 1 && s->groups == 1 && s->pad_y <= 2 && s->pad_x <= 2 &&
           s->oh && s->ow && s->oh + 2 == s->h + 2 * s->pad_y && s->ow + 2 == s->w + 2 * s->pad_x;
}

struct cnas_conv_shape cn_engine_wino_mirror(const struct cnas_conv_shape *s)
{
    struct cnas_conv_shape m = *s;
    m.c = s->k, m.h = s->oh, m.w = s->ow;
    m.k = s->c, m.oh = s->h, m.ow = s->w;
    m.pad_y = 2 - s->pad_y, m.pad_x = 2 - s->pad_x;
    return m;
}

/* As few slices as there can be, nearly equal. */
static size_t slice_of(const struct cn_engine_wino_plan *p)
{
    size_t pair = CN_ENGINE_WINO_POINTS * cn_engine_wino_apart(p, 2), pairs = (p->out_blocks + 1) / 2;
    size_t most = pair < SLICE_FLOATS ? SLICE_FLOATS / pair : 1, slices = (pairs + most - 1) / most;
    size_t slice = 2 * ((pairs + slices - 1) / slices);
    return slice < p->out_blocks ? slice : p->out_blocks;
}

struct cn_engine_wino_plan cn_engine_wino_plan(const struct cnas_conv_shape *s)
{
    cn_require(cn_engine_wino_fits(s));
    struct cn_engine_wino_plan p = {.simd = simd(), .tall = (s->oh + 3) / 4, .wide = (s->ow + 3) / 4};
    p.lanes = p.simd->lanes;
    p.in_blocks = cn_engine_channels(s->c) / p.lanes;
    p.out_blocks = cn_engine_channels(s->k) / p.lanes;
    int large = CN_ENGINE_WINO_POINTS * p.in_blocks * p.out_blocks * p.lanes * p.lanes > LARGE;
    size_t group = large ? GROUP_OF_LARGE : GROUP_TILES;
    p.slice = slice_of(&p);
    p.span = large ? p.slice : 2;
    p.rows = p.wide < group ? group / p.wide : 1;
    p.some = CN_ENGINE_WINO_VECTORS * p.lanes;
    p.block = (p.rows * p.wide + CN_ENGINE_WINO_TILES - 1) / CN_ENGINE_WINO_TILES * p.some;
    p.line = (4 * p.wide + 2) * p.lanes;
    return p;
}

void cn_engine_wino_take(const struct cn_engine_wino_plan *p, float *v, const struct cn_engine_wino_read *x,
                         const struct cnas_conv_shape *s, size_t first, size_t unit, size_t count, float *lines, float *tmp)
{
    float *zeros = lines + 6 * p->line;
    memset(zeros, 0, p->line * sizeof *zeros);
    for (size_t b = 0; b < p->in_blocks; b++) {
        const float *row[6] = {NULL};
        for (size_t i = 0; i < count; i++) {
            size_t sample = first + (unit + i) / p->tall, top = (unit + i) % p->tall * 4; /* row `top` of the padded image */
            size_t image = (sample * p->in_blocks + b) * s->h * s->w * p->lanes;
            for (size_t j = 0; j < 6; j++) { /* the first two are the last two of the row of tiles above */
                size_t r = top + j;
                if (j < 2 && i && top)
                    row[j] = row[j + 4];
                else if (r < s->pad_y || r - s->pad_y >= s->h)
                    row[j] = zeros;
                else
                    row[j] = p->simd->read(x, image + (r - s->pad_y) * s->w * p->lanes, b, s->w, lines + r % 6 * p->line);
            }
            p->simd->take(v + b * p->block, row, s->w, s->pad_x, i * p->wide, p->wide, tmp);
        }
    }
}

/* ---- weights ---- */

size_t cn_engine_wino_packed(const struct cn_engine_wino_plan *p, size_t block)
{
    return block / 2 * CN_ENGINE_WINO_POINTS * cn_engine_wino_apart(p, 2);
}

size_t cn_engine_wino_apart(const struct cn_engine_wino_plan *p, size_t pair)
{
    return p->in_blocks * p->lanes * pair * p->lanes + FLOATS_APART;
}

size_t cn_engine_wino_weights(const struct cnas_conv_shape *s)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    return cn_engine_wino_packed(&p, p.out_blocks) + p.out_blocks % 2 * CN_ENGINE_WINO_POINTS * cn_engine_wino_apart(&p, 1);
}

void cn_engine_wino_pack_range(float *packed, const float *w, int mirrored, const struct cnas_conv_shape *s, size_t base, size_t first,
                               size_t last)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    cn_require(base % 2 == 0 && first % 2 == 0 && base <= first && last <= p.out_blocks);
    for (size_t b = first; b < last; b++) {
        size_t pair = (b | 1) < p.out_blocks ? 2 : 1, row = pair * p.lanes, xs = cn_engine_wino_apart(&p, pair);
        float *u = packed + cn_engine_wino_packed(&p, b) - cn_engine_wino_packed(&p, base) + b % 2 * p.lanes;
        for (size_t c = 0; c < p.in_blocks * p.lanes; c++) {
            float g[9 * CN_ENGINE_BLOCK_MAX] __attribute__((aligned(64)));
            memset(g, 0, sizeof g);
            for (size_t lane = 0; c < s->c && lane < p.lanes && b * p.lanes + lane < s->k; lane++) {
                size_t k = b * p.lanes + lane;
                for (size_t i = 0; i < 9; i++)
                    g[i * p.lanes + lane] = mirrored ? w[(c * s->k + k) * 9 + 8 - i] : w[(k * s->c + c) * 9 + i];
            }
            p.simd->pack(u + c * row, xs, g);
        }
    }
}

/* ---- the convolution ---- */

size_t cn_engine_wino_scratch(const struct cnas_conv_shape *s)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    return (p.in_blocks + p.span) * p.block + (6 + 7 + 4) * p.line;
}

/* The products go in eights: the rows after the last tile, up to there, are numbers too. */
static void clear_surplus(const struct cn_engine_wino_plan *p, float *v, size_t tiles)
{
    size_t from = tiles % CN_ENGINE_WINO_TILES, to = (from + 7) / 8 * 8;
    for (size_t b = 0; b < p->in_blocks && from < to; b++) {
        float *last = v + b * p->block + tiles / CN_ENGINE_WINO_TILES * p->some + from * p->lanes;
        for (size_t i = 0; i < CN_ENGINE_WINO_POINTS; i++)
            memset(last + i * (p->some / CN_ENGINE_WINO_POINTS), 0, (to - from) * p->lanes * sizeof *v);
    }
}

/* A row of tiles from tile `first`, of one block of output channels, from m to where results go. */
static void give(const struct cn_engine_wino_plan *p, const struct cn_engine_wino_write *y, const float *m, const struct cnas_conv_shape *s,
                 size_t first, size_t sample, size_t block, size_t top, float *lines)
{
    size_t row = s->ow * p->lanes, at = ((sample * p->out_blocks + block) * s->oh + top) * row;
    size_t rows = s->oh - top < 4 ? s->oh - top : 4;
    if (y->type == CN_ENGINE_F32 && !y->bias && !y->add && !y->sums && rows == 4 && s->ow % 4 == 0) {
        p->simd->give((float *)y->y + at, row, m, first, p->wide);
        return;
    }
    p->simd->give(lines, p->line, m, first, p->wide);
    for (size_t r = 0; r < rows; r++)
        p->simd->write(y, at + r * row, block, s->ow, lines + r * p->line);
}

/* Asks for a part of matrix i of the input's transform, while the products with the one before it are computed: with many channels it no
 * longer is in the second-level cache, and lies in pieces too short to be fetched ahead by the processor. */
static void fetch(const struct cn_engine_wino_plan *p, const float *v, size_t i, size_t tiles, size_t part, size_t parts)
{
    const size_t last = cn_kernel_cut(p->in_blocks, parts, part + 1);
    v += i * (p->some / CN_ENGINE_WINO_POINTS);
    for (size_t c = cn_kernel_cut(p->in_blocks, parts, part); c < last; c++)
        for (size_t t = 0; t < tiles; t++)
            __builtin_prefetch(v + c * p->block + t / CN_ENGINE_WINO_TILES * p->some + t % CN_ENGINE_WINO_TILES * p->lanes, 0, 2);
}

void cn_engine_wino_run_blocks(const struct cn_engine_wino_write *y, const struct cn_engine_wino_read *x, const float *packed,
                               const struct cnas_conv_shape *s, size_t first, size_t last, size_t k_first, size_t k_last, float *scratch)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    cn_require(k_first % 2 == 0 && k_last <= p.out_blocks && (k_last % 2 == 0 || k_last == p.out_blocks));
    float *v = scratch, *m = v + p.in_blocks * p.block, *tmp = m + p.span * p.block, *lines = tmp + 6 * p.line;
    float *out = lines + 7 * p.line;
    size_t units = (last - first) * p.tall, groups = (units + p.rows - 1) / p.rows;
    for (size_t g = 0; g < groups; g++) {
        size_t unit = cn_kernel_cut(units, groups, g), count = cn_kernel_cut(units, groups, g + 1) - unit, tiles = count * p.wide;
        cn_engine_wino_take(&p, v, x, s, first, unit, count, lines, tmp);
        clear_surplus(&p, v, tiles);
        for (size_t b = k_first; b < k_last; b += p.span) {
            size_t span = k_last - b < p.span ? k_last - b : p.span;
            for (size_t i = 0; i < CN_ENGINE_WINO_POINTS; i++)
                for (size_t k = 0; k < span; k += 2) {
                    size_t pair = k + 1 < span ? 2 : 1;
                    if (p.span > 2 && i + 1 < CN_ENGINE_WINO_POINTS)
                        fetch(&p, v, i + 1, tiles, k / 2, (span + 1) / 2);
                    const float *u = packed + cn_engine_wino_packed(&p, b + k) - cn_engine_wino_packed(&p, k_first) + i * cn_engine_wino_apart(&p, pair);
                    for (size_t t = 0; t < tiles; t += CN_ENGINE_WINO_TILES) {
                        size_t at = t / CN_ENGINE_WINO_TILES * p.some + i * (p.some / CN_ENGINE_WINO_POINTS);
                        p.simd->multiply[pair](m + k * p.block + at, p.block, v + at, p.block, u, p.in_blocks,
                                               tiles - t < CN_ENGINE_WINO_TILES ? tiles - t : CN_ENGINE_WINO_TILES);
                    }
                }
            for (size_t i = 0; i < count; i++) {
                size_t row = unit + i;
                for (size_t k = 0; k < span; k++)
                    give(&p, y, m + k * p.block, s, i * p.wide, first + row / p.tall, b + k, row % p.tall * 4, out);
            }
        }
    }
}
