/* The gradient of the weights: the transpose of the forward pass. Input and dy are transformed, 36 products of matrices sum over
 * tiles, and the sum over everything is transformed back once.
 *
 * Many samples and small weights: samples are shared out, each part has sums of its own. Large weights: there is one part, output channels
 * are shared out, and the sums of a share live only as long as it is worked on. */
#include <string.h>

#include "runtime/base/misuse.h"
#include "runtime/engine/wino_group.h"
#include "runtime/kernel/ctx.h"

enum {
    PART_FLOATS = 5 << 19, /* of all parts together, unless one is larger: they are read once more, from the last-level cache */
    MOST_PARTS = 16,
    LEAST_GROUPS = 4, /* in a part: so many times it is read and written anyway */
    LEAST_CHUNKS = 4, /* output channels are cut where parts are too few; each cut transforms the input again */
    CUT_FLOATS = 5 << 19, /* of sums of a cut of a part that is alone */
};

size_t cn_engine_wino_gradient_scratch(const struct cnas_conv_shape *s, size_t blocks)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    return (p.in_blocks + blocks) * p.block + (6 + 7) * p.line;
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
    float *v = scratch, *d = v + p.in_blocks * p.block, *tmp = d + (k_last - k_first) * p.block, *lines = tmp + 6 * p.line;
    if (sums && !add)
        memset(sums + k_first * p.lanes, 0, (k_last - k_first) * p.lanes * sizeof *sums);
    size_t from = p.some / CN_ENGINE_WINO_POINTS, units = (last - first) * p.tall, groups = (units + p.rows - 1) / p.rows;
    for (size_t g = 0; g < groups; g++) {
        size_t unit = cn_kernel_cut(units, groups, g), count = cn_kernel_cut(units, groups, g + 1) - unit;
        cn_engine_wino_take(&p, v, x, s, first, unit, count, lines, tmp);
        take_gradient(&p, d, sums, dy, s, first, unit, count, k_first, k_last, lines, tmp);
        for (size_t i = 0; i < CN_ENGINE_WINO_POINTS; i++)
            for (size_t b = k_first; b < k_last; b += 2) {
                size_t pair = b + 1 < p.out_blocks ? 2 : 1;
                float *to = part + cn_engine_wino_packed(&p, b) - cn_engine_wino_packed(&p, k_first) + i * cn_engine_wino_apart(&p, pair);
                for (size_t c = 0; c < p.in_blocks; c++, to += pair * p.lanes * p.lanes)
                    p.simd->collect[pair](to, add || g, v + c * p.block + i * from, d + (b - k_first) * p.block + i * from, p.block,
                                          count * p.wide);
            }
    }
}

void cn_engine_wino_finish_range(float *dw, const float *part, size_t parts, size_t apart, const struct cnas_conv_shape *s, size_t k_first,
                                 size_t k_last)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    for (size_t b = k_first; b < k_last; b++) {
        size_t pair = (b | 1) < p.out_blocks ? 2 : 1, row = pair * p.lanes;
        const float *from = part + cn_engine_wino_packed(&p, b) - cn_engine_wino_packed(&p, k_first) + b % 2 * p.lanes;
        for (size_t c = 0; c < s->c; c++) {
            float g[9 * CN_ENGINE_BLOCK_MAX] __attribute__((aligned(64)));
            p.simd->finish(g, from + c * row, cn_engine_wino_apart(&p, pair), parts, apart);
            for (size_t lane = 0; lane < p.lanes && b * p.lanes + lane < s->k; lane++)
                for (size_t i = 0; i < 9; i++)
                    dw[((b * p.lanes + lane) * s->c + c) * 9 + i] = g[i * p.lanes + lane];
        }
    }
}

/* ---- all threads ---- */

/* How the work is cut, and floats of what it takes. */
struct cuts {
    size_t parts, pairs, cuts; /* of samples; pairs of output blocks, and in how many parts they are cut */
    size_t floats;             /* of a part */
    size_t own_part, own;      /* each worker's: of a part that is alone, and with it of all */
    size_t shared;             /* the parts, unless there is one, then the sums of dy */
};

static struct cuts cuts_of(const struct cn_engine_wino_plan *p, const struct cnas_conv_shape *s, size_t n)
{
    struct cuts c = {.pairs = (p->out_blocks + 1) / 2, .floats = cn_engine_wino_weights(s)};
    size_t most = n * p->tall / p->rows / LEAST_GROUPS;
    c.parts = PART_FLOATS / c.floats;
    c.parts = !c.parts ? 1 : c.parts < MOST_PARTS ? c.parts : MOST_PARTS;
    c.parts = c.parts < most ? c.parts : most ? most : 1;
    c.parts = c.parts < n ? c.parts : n;
    c.cuts = (LEAST_CHUNKS + c.parts - 1) / c.parts;
    if (c.parts == 1 && c.cuts < c.floats / CUT_FLOATS)
        c.cuts = c.floats / CUT_FLOATS;
    c.cuts = c.cuts < c.pairs ? c.cuts : c.pairs;
    const size_t blocks = 2 * ((c.pairs + c.cuts - 1) / c.cuts);
    c.own_part = c.parts == 1 ? cn_engine_wino_packed(p, blocks) : 0;
    c.own = cn_kernel_round(c.own_part + cn_engine_wino_gradient_scratch(s, blocks));
    c.shared = (c.parts == 1 ? 0 : c.parts * c.floats) + c.parts * p->out_blocks * p->lanes * (sizeof(double) / sizeof(float));
    return c;
}

size_t cn_engine_wino_gradient_bytes(const struct cnas_ctx *ctx, const struct cnas_conv_shape *s, size_t n)
{
    struct cn_engine_wino_plan p = cn_engine_wino_plan(s);
    const struct cuts c = cuts_of(&p, s, n);
    return (c.own * cnas_ctx_threads(ctx) + c.shared) * sizeof(float);
}

struct job {
    float *dw;
    const struct cn_engine_wino_read *dy, *x;
    const struct cnas_conv_shape *s;
    size_t n, channels, blocks;
    struct cn_engine_wino_plan p;
    struct cuts c;
    float *part;  /* (parts, floats); NULL: the worker's own */
    double *sums; /* (parts, channels) or NULL */
};

static void range_chunk(void *job, size_t i, float *own)
{
    struct job *j = job;
    size_t part = i / j->c.cuts, cut = i % j->c.cuts, k_first = 2 * cn_kernel_cut(j->c.pairs, j->c.cuts, cut);
    size_t k_last = 2 * cn_kernel_cut(j->c.pairs, j->c.cuts, cut + 1);
    float *to = j->part ? j->part + part * j->c.floats + cn_engine_wino_packed(&j->p, k_first) : own;
    k_last = k_last < j->blocks ? k_last : j->blocks;
    cn_engine_wino_gradient_range(to, j->sums ? j->sums + part * j->channels : NULL, 0, j->dy, j->x, j->s,
                                  cn_kernel_cut(j->n, j->c.parts, part), cn_kernel_cut(j->n, j->c.parts, part + 1), k_first, k_last,
                                  own + j->c.own_part);
    if (!j->part)
        cn_engine_wino_finish_range(j->dw, to, 1, 0, j->s, k_first, k_last);
}

static void finish_chunk(void *job, size_t i, float *own)
{
    struct job *j = job;
    (void)own;
    cn_engine_wino_finish_range(j->dw, j->part + cn_engine_wino_packed(&j->p, i), j->c.parts, j->c.floats, j->s, i, i + 1);
}

void cn_engine_wino_gradient(struct cnas_ctx *ctx, float *dw, float *dbias, const struct cn_engine_wino_read *dy,
                             const struct cn_engine_wino_read *x, const struct cnas_conv_shape *s, size_t n)
{
    cn_require(n > 0);
    struct job j = {.dw = dw, .dy = dy, .x = x, .s = s, .n = n, .p = cn_engine_wino_plan(s)};
    j.c = cuts_of(&j.p, s, n);
    j.blocks = j.p.out_blocks;
    j.channels = j.p.out_blocks * j.p.lanes;
    float *shared = cn_kernel_scratch(ctx, j.c.own, j.c.shared);
    if (!shared)
        return;
    if (j.c.parts > 1)
        j.part = shared;
    if (dbias)
        j.sums = (double *)(void *)(shared + (j.part ? j.c.parts * j.c.floats : 0));
    cn_kernel_run(ctx, j.c.parts * j.c.cuts, range_chunk, &j);
    if (j.part)
        cn_kernel_run(ctx, j.blocks, finish_chunk, &j);
    for (size_t k = 0; dbias && k < s->k; k++) {
        double sum = 0;
        for (size_t part = 0; part < j.c.parts; part++)
            sum += j.sums[part * j.channels + k];
        dbias[k] = (float)sum;
    }
}
