/* Convolution with stride 1 without columns.
 * Idea:    in a zero-padded copy of a sample with P floats a row, output pixel (i, j) lies at f = i P + j and tap (c, r, q) reads
 *          x[offset(c, r, q) + f]. So one vector of outputs is  sum over taps of weight * x[offset + f .. f + lanes),  plain
 *          unaligned loads; the P - OW values between rows come out as rubbish and are dropped. The zeros right of a row are the
 *          zeros left of the next one: P = W + pad_x.
 * dx:      the same loop over dy with the kernel turned round and its channels swapped (padding dilation (KH-1) - pad).
 * dW:      dot products of dy, spread to P floats a row with zeros between, and x at each tap's offset.
 * Blocks of rows x columns accumulators as in matrix products: Goto & van de Geijn 2008. */
#include <string.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/conv.h"
#include "runtime/kernel/ctx.h"

/* One pass from (C,H,W) to (K,OH,OW): forward, or backward to dx with the roles of x and y exchanged. */
struct pass {
    size_t c, h, w, k, oh, ow, pad_y, pad_x;
    size_t pitch, plane, sample; /* floats of a padded row, channel, sample */
    size_t taps, depth;          /* KH KW; C KH KW */
    size_t vectors, flat;        /* of one channel's outputs, in vectors and floats */
    size_t rows, blocks;         /* output channels computed together; how many such blocks */
};

struct job {
    const struct cn_kernel_simd *simd;
    const struct cnas_conv_shape *s;
    struct pass forward, data;
    float *y, *dx;
    const float *x, *w, *bias, *dy;
    float *packed; /* weights (blocks, depth, rows) of the pass that is run */
    uint32_t *offset, *data_offset;
    float *parts;
    size_t n, group, chunks, stride; /* samples of a group; backward: segments, floats of a part */
    size_t dot_rows;
    int add_dx, dw_wanted, bias_wanted;
};

/* Of how many parts of at most `most` consists `all`. */
static size_t tiles(size_t all, size_t most)
{
    return (all + most - 1) / most;
}

/* The number of rows whose blocks cost least: multiply-adds, or loads where those are more. */
static size_t best_rows(const struct cn_kernel_simd *simd, size_t k, size_t columns)
{
    size_t best = 1, least = SIZE_MAX;
    for (size_t rows = 1; rows <= CN_KERNEL_ROWS; rows++) {
        if (!simd->most[rows])
            continue;
        size_t n = tiles(columns, simd->most[rows]), cost = 0;
        for (size_t i = 0; i < n; i++) {
            size_t c = cn_kernel_cut(columns, n, i + 1) - cn_kernel_cut(columns, n, i), sums = rows * c, loads = rows + 2 * c;
            cost += (sums > loads ? sums : loads) + 1;
        }
        cost *= (k + rows - 1) / rows;
        if (cost <= least) {
            least = cost;
            best = rows;
        }
    }
    return best;
}

static void pass_plan(struct pass *p, const struct cn_kernel_simd *simd, size_t kh, size_t kw)
{
    p->taps = kh * kw;
    p->depth = p->c * p->taps;
    p->pitch = p->w + p->pad_x;
    p->plane = (p->h + 2 * p->pad_y) * p->pitch + p->pad_x;
    p->sample = cn_kernel_round(p->c * p->plane + simd->lanes); /* the last vector reads up to a vector too far */
    p->vectors = ((p->oh - 1) * p->pitch + p->ow + simd->lanes - 1) / simd->lanes;
    p->flat = p->vectors * simd->lanes;
    p->rows = best_rows(simd, p->k, p->vectors);
    p->blocks = (p->k + p->rows - 1) / p->rows;
}

static struct job job_make(const struct cn_kernel_simd *simd, size_t n, const struct cnas_conv_shape *s)
{
    enum { CACHED = 112 * 1024 }; /* floats of padded samples that leave room for the rest in the second-level cache */
    struct job j = {.simd = simd, .s = s, .n = n};
    j.forward = (struct pass){.c = s->c, .h = s->h, .w = s->w, .k = s->k, .oh = s->oh, .ow = s->ow, .pad_y = s->pad_y, .pad_x = s->pad_x};
    j.data = (struct pass){.c = s->k, .h = s->oh, .w = s->ow, .k = s->c, .oh = s->h, .ow = s->w,
                           .pad_y = s->dilation * (s->kh - 1) - s->pad_y, .pad_x = s->dilation * (s->kw - 1) - s->pad_x};
    pass_plan(&j.forward, simd, s->kh, s->kw);
    pass_plan(&j.data, simd, s->kh, s->kw);
    j.dot_rows = best_rows(simd, s->k, j.forward.depth);
    size_t fit = CACHED / (j.forward.sample + s->k * j.forward.flat);
    j.group = fit ? fit : 1;
    return j;
}

/* Makes groups of one share of the batch as equal as can be. */
static void balance(struct job *j, size_t share)
{
    size_t groups = tiles(share, j->group);
    j->group = (share + groups - 1) / groups;
}

int cn_kernel_conv_direct_fits(const struct cnas_conv_shape *s)
{
    enum { LARGEST = 128 * 1024 }; /* floats of a padded sample: half of a usual second-level cache */
    uint64_t reach_y = (uint64_t)s->dilation * (s->kh - 1), reach_x = (uint64_t)s->dilation * (s->kw - 1);
    if (s->stride != 1 || s->groups != 1 || s->pad_y > reach_y || s->pad_x > reach_x || s->kh * (uint64_t)s->kw == 1)
        return 0;
    uint64_t in = (s->h + 2 * (uint64_t)s->pad_y) * (s->w + (uint64_t)s->pad_x + 1);
    uint64_t out = (s->oh + 2 * (reach_y - s->pad_y)) * (s->ow + reach_x - s->pad_x + 1);
    return in <= LARGEST / s->c && out <= LARGEST / s->k;
}

static void offsets_make(uint32_t *offset, const struct pass *p, const struct cnas_conv_shape *s)
{
    for (size_t c = 0; c < p->c; c++)
        for (size_t r = 0; r < s->kh; r++)
            for (size_t q = 0; q < s->kw; q++)
                *offset++ = (uint32_t)(c * p->plane + r * s->dilation * p->pitch + q * s->dilation);
}

/* Rows are short: moves of four floats, the last one overlapping, instead of a call for each. */
static inline void copy_row(float *out, const float *in, size_t n)
{
    if (n < 4) {
        for (size_t i = 0; i < n; i++)
            out[i] = in[i];
        return;
    }
    for (size_t i = 0; i + 4 < n; i += 4)
        memcpy(out + i, in + i, 4 * sizeof *out);
    memcpy(out + n - 4, in + n - 4, 4 * sizeof *out);
}

static inline void shift_four(float *out, const float *in, float shift)
{
    float four[4];
    memcpy(four, in, sizeof four);
    for (int i = 0; i < 4; i++)
        four[i] += shift;
    memcpy(out, four, sizeof four);
}
/* out = in + shift. */
static inline void shift_row(float *out, const float *in, size_t n, float shift)
{
    if (n < 4) {
        for (size_t i = 0; i < n; i++)
            out[i] = in[i] + shift;
        return;
    }
    for (size_t i = 0; i + 4 < n; i += 4)
        shift_four(out + i, in + i, shift);
    shift_four(out + n - 4, in + n - 4, shift);
}

/* The padded copy of one sample; the floats behind it are zero too. */
static void pad(float *out, const struct pass *p, const float *x)
{
    memset(out, 0, p->sample * sizeof *out);
    for (size_t c = 0; c < p->c; c++)
        for (size_t i = 0; i < p->h; i++, x += p->w)
            copy_row(out + c * p->plane + (i + p->pad_y) * p->pitch + p->pad_x, x, p->w);
}

/* ---- packing: a block's weights in the order in which the inner loop reads them ---- */
static void pack_chunk(void *job, size_t block, float *own)
{
    const struct job *j = job;
    const struct pass *p = &j->forward;
    float *out = j->packed + block * p->depth * p->rows;
    (void)own;
    for (size_t d = 0; d < p->depth; d++)
        for (size_t k = block * p->rows; k < (block + 1) * p->rows; k++)
            *out++ = k < p->k ? j->w[k * p->depth + d] : 0;
}
static void pack_turned_chunk(void *job, size_t block, float *own)
{
    const struct job *j = job;
    const struct pass *p = &j->data; /* its outputs are the channels of x, its inputs those of y */
    float *out = j->packed + block * p->depth * p->rows;
    (void)own;
    for (size_t k = 0; k < p->c; k++)
        for (size_t t = 0; t < p->taps; t++)
            for (size_t c = block * p->rows; c < (block + 1) * p->rows; c++)
                *out++ = c < p->k ? j->w[(k * p->k + c) * p->taps + (p->taps - 1 - t)] : 0;
}

/* ---- one pass over some padded samples ---- */
/* y (samples, K, OH, OW); wide: room for rows * flat floats. */
static void pass_run(const struct job *j, const struct pass *p, float *y, int add, const float *bias, const float *padded,
                     const uint32_t *offset, size_t samples, float *wide)
{
    size_t n = tiles(p->vectors, j->simd->most[p->rows]), map = p->oh * p->ow;
    for (size_t b = 0; b < p->blocks; b++)
        for (size_t i = 0; i < samples; i++) {
            for (size_t t = 0; t < n; t++) {
                size_t first = cn_kernel_cut(p->vectors, n, t), columns = cn_kernel_cut(p->vectors, n, t + 1) - first;
                j->simd->tile[p->rows][columns](wide + first * j->simd->lanes, p->flat, j->packed + b * p->depth * p->rows,
                                                padded + i * p->sample + first * j->simd->lanes, offset, p->depth);
            }
            for (size_t k = b * p->rows; k < p->k && k < (b + 1) * p->rows; k++) {
                const float *from = wide + (k - b * p->rows) * p->flat;
                float *to = y + (i * p->k + k) * map, shift = bias ? bias[k] : 0;
                for (size_t row = 0; row < p->oh; row++, from += p->pitch, to += p->ow)
                    if (add)
                        for (size_t o = 0; o < p->ow; o++)
                            to[o] += from[o];
                    else
                        shift_row(to, from, p->ow, shift);
            }
        }
}

static size_t wide_floats(const struct pass *p)
{
    return cn_kernel_round(p->rows * p->flat);
}

static void forward_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const struct pass *p = &j->forward;
    size_t first = chunk * j->group, samples = j->n - first < j->group ? j->n - first : j->group;
    for (size_t i = 0; i < samples; i++)
        pad(own + i * p->sample, p, j->x + (first + i) * p->c * p->h * p->w);
    pass_run(j, p, j->y + first * p->k * p->oh * p->ow, 0, j->bias, own, j->offset, samples, own + j->group * p->sample);
}

void cn_kernel_conv_direct_forward(struct cnas_ctx *ctx, const struct cn_kernel_simd *simd, float *y, const float *x, const float *w,
                                   const float *bias, size_t n, const struct cnas_conv_shape *s)
{
    struct job j = job_make(simd, n, s);
    const struct pass *p = &j.forward;
    size_t packed = cn_kernel_round(p->blocks * p->rows * p->depth);
    cn_require(cn_kernel_conv_direct_fits(s));
    balance(&j, (n + 15) / 16);
    j.packed = cn_kernel_scratch(ctx, j.group * p->sample + wide_floats(p), packed + p->depth);
    if (!j.packed)
        return;
    j.y = y;
    j.x = x;
    j.w = w;
    j.bias = bias;
    j.offset = (uint32_t *)(void *)(j.packed + packed);
    offsets_make(j.offset, p, s);
    cn_kernel_run(ctx, p->blocks, pack_chunk, &j);
    cn_kernel_run(ctx, (n + j.group - 1) / j.group, forward_chunk, &j);
}

/* ---- backward ---- */
/* Floats of one sample's spread dy; the extra vector keeps samples from falling on the same cache lines' sets. */
static size_t spread_floats(const struct job *j)
{
    size_t rows = (j->forward.k + j->dot_rows - 1) / j->dot_rows * j->dot_rows;
    return cn_kernel_round(rows * j->forward.flat) + 16;
}

/* dy of one sample with the pitch of the padded x, zeros between rows, and rows of zeros up to a full block. */
static void spread(float *out, const struct job *j, const float *dy)
{
    const struct pass *p = &j->forward;
    memset(out, 0, spread_floats(j) * sizeof *out);
    for (size_t k = 0; k < p->k; k++)
        for (size_t i = 0; i < p->oh; i++, dy += p->ow)
            copy_row(out + k * p->flat + i * p->pitch, dy, p->ow);
}

/* part (K, depth) += dy . x over some samples. */
static void weights_add(const struct job *j, float *part, const float *wide_dy, const float *padded, size_t samples)
{
    const struct pass *p = &j->forward;
    size_t rows = j->dot_rows, n = tiles(p->depth, j->simd->most[rows]);
    float out[CN_KERNEL_DOTS];
    for (size_t k = 0; k < p->k; k += rows)
        for (size_t t = 0; t < n; t++) {
            size_t first = cn_kernel_cut(p->depth, n, t), columns = cn_kernel_cut(p->depth, n, t + 1) - first;
            j->simd->dot[rows][columns](out, wide_dy + k * p->flat, p->flat, spread_floats(j), padded, j->offset + first,
                                        p->sample, samples, p->vectors);
            for (size_t r = 0; r < rows && k + r < p->k; r++)
                for (size_t c = 0; c < columns; c++)
                    part[(k + r) * p->depth + first + c] += out[r * columns + c];
        }
}

static void backward_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const struct pass *p = &j->forward, *d = &j->data;
    size_t first = cn_kernel_cut(j->n, j->chunks, chunk), end = cn_kernel_cut(j->n, j->chunks, chunk + 1), map = p->oh * p->ow;
    float *part = j->parts + chunk * j->stride;
    float *padded = own, *wide_dy = own + j->group * p->sample, *wide = own + j->group * d->sample;
    memset(part, 0, p->k * p->depth * sizeof *part);
    for (size_t i = first; i < end; i += j->group) {
        size_t samples = end - i < j->group ? end - i : j->group;
        for (size_t a = 0; a < samples && j->dw_wanted; a++) {
            pad(padded + a * p->sample, p, j->x + (i + a) * p->c * p->h * p->w);
            spread(wide_dy + a * spread_floats(j), j, j->dy + (i + a) * p->k * map);
        }
        if (j->dw_wanted)
            weights_add(j, part, wide_dy, padded, samples);
        if (!j->dx)
            continue;
        for (size_t a = 0; a < samples; a++) /* the scratch anew: padded dy */
            pad(padded + a * d->sample, d, j->dy + (i + a) * p->k * map);
        pass_run(j, d, j->dx + i * p->c * p->h * p->w, j->add_dx, NULL, padded, j->data_offset, samples, wide);
    }
    if (j->bias_wanted)
        cn_kernel_conv_bias_sums(part + p->k * p->depth, j->dy + first * p->k * map, end - first, p->k, map);
}

void cn_kernel_conv_direct_backward(struct cnas_ctx *ctx, const struct cn_kernel_simd *simd, float *dx, int add_dx, float *dw,
                                    float *dbias, const float *dy, const float *x, const float *w, size_t n,
                                    const struct cnas_conv_shape *s)
{
    struct job j = job_make(simd, n, s);
    const struct pass *p = &j.forward, *d = &j.data;
    size_t weights = p->k * p->depth;
    cn_require(cn_kernel_conv_direct_fits(s));
    j.stride = cn_kernel_round(weights + p->k);
    j.chunks = cn_kernel_conv_segments(n, j.stride);
    balance(&j, (n + j.chunks - 1) / j.chunks);
    size_t for_weights = j.group * (p->sample + spread_floats(&j)), for_data = j.group * d->sample + wide_floats(d);
    size_t packed = cn_kernel_round(d->blocks * d->rows * d->depth), parts = j.chunks * j.stride;
    j.parts = cn_kernel_scratch(ctx, for_weights > for_data ? for_weights : for_data, parts + packed + p->depth + d->depth);
    if (!j.parts)
        return;
    j.dx = dx;
    j.add_dx = add_dx;
    j.dw_wanted = dw != NULL;
    j.bias_wanted = dbias != NULL;
    j.dy = dy;
    j.x = x;
    j.w = w;
    j.packed = j.parts + parts;
    j.offset = (uint32_t *)(void *)(j.packed + packed);
    j.data_offset = j.offset + p->depth;
    offsets_make(j.offset, p, s);
    offsets_make(j.data_offset, d, s);
    if (dx)
        cn_kernel_run(ctx, d->blocks, pack_turned_chunk, &j);
    cn_kernel_run(ctx, j.chunks, backward_chunk, &j);
    if (dw)
        cn_kernel_conv_sum(ctx, dw, dbias, j.parts, j.chunks, j.stride, weights, p->k);
}
