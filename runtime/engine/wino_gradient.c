/* The gradient of the weights: the transpose of the forward pass. Input and dy are transformed, 36 products of matrices sum over
 * tiles, and the sum over everything is transformed back once. */
#include <string.h>

#include "runtime/base/misuse.h"
#include "runtime/engine/wino_group.h"
#include "runtime/kernel/ctx.h"

enum {
    PART_FLOATS = 5 << 19, /* of all parts together, unless one is larger: they are read once more, from the last-level cache */
    MOST_PARTS = 16,
    LEAST_GROUPS = 4, /* in a part: so many times it is read and written anyway */
    LEAST_CHUNKS = 4, /* output channels are cut where parts are too few; each cut transforms the input again */
};

size_t cn_engine_wino_gradient_scratch(const struct cnas_conv_shape *s)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    return (p.in_blocks + p.out_blocks) * p.block + (6 + 7) * p.line;
}

/* d of blocks k_first .. k_last-1 for rows of tiles unit .. unit + count - 1 */
static void take_gradient(const struct cn_engine_wino_plan *p, float *d, double *sums, const struct cn_engine_wino_read *dy,
                          const struct cnas_conv_shape *s, size_t first, size_t unit, size_t count, size_t k_first, size_t k_last,
                          float *lines, float *tmp)
{
    float *zeros = lines + 6 * p->line;
    memset(zeros, 0, p->line * sizeof *zeros);
    for (size_t b = k_first; b < k_last; b++, d += p->block)
        for (size_t i = 0; i < count; i++) {
            const float *row[4];
            size_t sample = first + (unit + i) / p->tall, top = (unit + i) % p->tall * 4;
            size_t image = (sample * p->out_blocks + b) * s->oh * s->ow * p->lanes;
            for (size_t j = 0; j < 4; j++) {
                size_t r = top + j;
                row[j] = r < s->oh ? p->simd->read(dy, image + r * s->ow * p->lanes, b, s->ow, lines + j * p->line) : zeros;
                if (r < s->oh && sums)
                    p->simd->sum(sums + b * p->lanes, row[j], s->ow);
            }
            p->simd->spread(d, row, s->ow, i * p->wide, p->wide, tmp);
        }
}

void cn_engine_wino_gradient_range(float *part, double *sums, int add, const struct cn_engine_wino_read *dy,
                                   const struct cn_engine_wino_read *x, const struct cnas_conv_shape *s, size_t first, size_t last,
                                   size_t k_first, size_t k_last, float *scratch)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    cn_require(k_first % 2 == 0 && k_last <= p.out_blocks && (k_last % 2 == 0 || k_last == p.out_blocks) && first < last);
    float *v = scratch, *d = v + p.in_blocks * p.block, *tmp = d + p.out_blocks * p.block, *lines = tmp + 6 * p.line;
    if (sums && !add)
        memset(sums + k_first * p.lanes, 0, (k_last - k_first) * p.lanes * sizeof *sums);
    size_t from = p.some / CN_ENGINE_WINO_POINTS, units = (last - first) * p.tall, groups = (units + p.rows - 1) / p.rows;
    for (size_t g = 0; g < groups; g++) {
        size_t unit = cn_kernel_cut(units, groups, g), count = cn_kernel_cut(units, groups, g + 1) - unit;
        cn_engine_wino_take(&p, v, x, s, first, unit, count, lines, tmp);
        take_gradient(&p, d, sums, dy, s, first, unit, count, k_first, k_last, lines, tmp);
        for (size_t b = k_first; b < k_last; b += 2) {
            size_t pair = b + 1 < p.out_blocks ? 2 : 1;
            for (size_t i = 0; i < CN_ENGINE_WINO_POINTS; i++) {
                float *to = part + cn_engine_wino_packed(&p, b) + i * cn_engine_wino_apart(&p, pair);
                for (size_t c = 0; c < p.in_blocks; c++, to += pair * p.lanes * p.lanes)
                    p.simd->collect[pair](to, add || g, v + c * p.block + i * from, d + (b - k_first) * p.block + i * from, p.block,
                                          count * p.wide);
            }
        }
    }
}

void cn_engine_wino_finish_range(float *dw, const float *part, size_t parts, const struct cnas_conv_shape *s, size_t k_first,
                                 size_t k_last)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    size_t floats = cn_engine_wino_weights(s);
    for (size_t b = k_first; b < k_last; b++) {
        size_t pair = (b | 1) < p.out_blocks ? 2 : 1, row = pair * p.lanes;
        const float *from = part + cn_engine_wino_packed(&p, b) + b % 2 * p.lanes;
        for (size_t c = 0; c < s->c; c++) {
            float g[9 * CN_ENGINE_BLOCK_MAX] __attribute__((aligned(64)));
            p.simd->finish(g, from + c * row, cn_engine_wino_apart(&p, pair), parts, floats);
            for (size_t lane = 0; lane < p.lanes && b * p.lanes + lane < s->k; lane++)
                for (size_t i = 0; i < 9; i++)
                    dw[((b * p.lanes + lane) * s->c + c) * 9 + i] = g[i * p.lanes + lane];
        }
    }
}

/* ---- all threads ---- */

struct job {
    float *dw;
    const struct cn_engine_wino_read *dy, *x;
    const struct cnas_conv_shape *s;
    size_t n, parts, pairs, cuts; /* of samples; pairs of output blocks, and in how many parts they are cut */
    size_t floats, channels, blocks;
    float *part;  /* (parts, floats) */
    double *sums; /* (parts, channels) or NULL */
};

static void range_chunk(void *job, size_t i, float *own)
{
    struct job *j = job;
    size_t part = i / j->cuts, cut = i % j->cuts, k_last = 2 * cn_kernel_cut(j->pairs, j->cuts, cut + 1);
    cn_engine_wino_gradient_range(j->part + part * j->floats, j->sums ? j->sums + part * j->channels : NULL, 0, j->dy, j->x,
                                  j->s, cn_kernel_cut(j->n, j->parts, part), cn_kernel_cut(j->n, j->parts, part + 1),
                                  2 * cn_kernel_cut(j->pairs, j->cuts, cut), k_last < j->blocks ? k_last : j->blocks, own);
}

static void finish_chunk(void *job, size_t i, float *own)
{
    struct job *j = job;
    (void)own;
    cn_engine_wino_finish_range(j->dw, j->part, j->parts, j->s, i, i + 1);
}

void cn_engine_wino_gradient(struct cnas_ctx *ctx, float *dw, float *dbias, const struct cn_engine_wino_read *dy,
                             const struct cn_engine_wino_read *x, const struct cnas_conv_shape *s, size_t n)
{
    cn_require(n > 0);
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    struct job j = {.dw = dw, .dy = dy, .x = x, .s = s, .n = n, .pairs = (p.out_blocks + 1) / 2, .blocks = p.out_blocks};
    j.floats = cn_engine_wino_weights(s);
    j.channels = p.out_blocks * p.lanes;
    j.parts = PART_FLOATS / j.floats;
    j.parts = !j.parts ? 1 : j.parts < MOST_PARTS ? j.parts : MOST_PARTS;
    size_t most = n * p.tall / p.rows / LEAST_GROUPS;
    j.parts = j.parts < most ? j.parts : most ? most : 1;
    j.parts = j.parts < n ? j.parts : n;
    j.cuts = (LEAST_CHUNKS + j.parts - 1) / j.parts;
    j.cuts = j.cuts < j.pairs ? j.cuts : j.pairs;
    j.part = cn_kernel_scratch(ctx, cn_kernel_round(cn_engine_wino_gradient_scratch(s)), j.parts * (j.floats + 2 * j.channels));
    if (!j.part)
        return;
    if (dbias)
        j.sums = (double *)(j.part + j.parts * j.floats);
    cn_kernel_run(ctx, j.parts * j.cuts, range_chunk, &j);
    cn_kernel_run(ctx, j.blocks, finish_chunk, &j);
    for (size_t k = 0; dbias && k < s->k; k++) {
        double sum = 0;
        for (size_t part = 0; part < j.parts; part++)
            sum += j.sums[part * j.channels + k];
        dbias[k] = (float)sum;
    }
}
