/* Convolution as a matrix product over columns (im2col), any geometry.
 * Source:  Chellapilla, Puri, Simard 2006.
 * Differs: a product covers several samples when their maps are small, or some rows of one sample when its map is large, so that
 *          the columns stay in the second-level cache; 1x1 convolutions with stride 1 read the map itself.
 *
 * For one group, with D = (C/groups) KH KW and P pixels (samples x rows x OW):
 *   forward   Y (K,P)    = W (K,D) * cols (D,P)
 *   backward  dW (K,D)  += dY (K,P) * cols^T      dcols (D,P) = W^T * dY, added to dx where each column came from */
#include <stdbool.h>
#include <string.h>

#include "runtime/kernel/blas.h"
#include "runtime/kernel/conv.h"
#include "runtime/kernel/ctx.h"

struct job {
    const struct cnas_conv_shape *s;
    float *y, *dx, *parts;
    const float *x, *w, *bias, *dy;
    size_t n;
    int add_dx, dw_wanted, bias_wanted;
    size_t cg, kg, depth; /* per group: input channels, output channels, D */
    size_t samples, rows; /* of one product: several samples with all rows, or one sample with some */
    bool plain;           /* the map is its own columns */
    size_t chunks, stride; /* backward: floats of one part */
};

static size_t at_least_one(size_t a)
{
    return a ? a : 1;
}

static struct job job_make(size_t n, const struct cnas_conv_shape *s)
{
    enum { COLUMNS = 96 * 1024, WIDE = 512 }; /* floats of columns that stay in cache; pixels that make a good product */
    struct job j = {.s = s, .n = n, .cg = s->c / s->groups, .kg = s->k / s->groups, .samples = 1, .rows = s->oh};
    j.depth = j.cg * s->kh * s->kw;
    j.plain = s->kh == 1 && s->kw == 1 && s->stride == 1 && !s->pad_y && !s->pad_x;
    size_t row = j.depth * s->ow, map = row * s->oh, pixels = (size_t)s->oh * s->ow;
    if (j.plain)
        return j;
    if (map > COLUMNS) {
        j.rows = at_least_one(COLUMNS / row);
    } else {
        size_t fit = COLUMNS / map, wide = at_least_one(WIDE / pixels), fair = at_least_one(n / 16);
        j.samples = fit < wide ? fit : wide;
        j.samples = j.samples < fair ? j.samples : fair;
    }
    return j;
}

static size_t columns_floats(const struct job *j)
{
    return j->plain ? 0 : cn_kernel_round(j->depth * j->samples * j->rows * j->s->ow);
}
static size_t pixels_floats(const struct job *j) /* Y or dY of one product, when it is not in place */
{
    return j->samples > 1 ? cn_kernel_round(j->kg * j->samples * j->rows * j->s->ow) : 0;
}

/* Output columns whose tap q reads inside the row: first .. end-1. */
static void inside(size_t *first, size_t *end, const struct cnas_conv_shape *s, size_t q)
{
    size_t reach = q * s->dilation, limit = s->w + s->pad_x;
    *first = reach >= s->pad_x ? 0 : (s->pad_x - reach + s->stride - 1) / s->stride;
    *end = reach >= limit ? 0 : (limit - reach + s->stride - 1) / s->stride;
    if (*end > s->ow)
        *end = s->ow;
    if (*first > *end)
        *first = *end;
}

/* cols (cg, KH, KW, samples, rows, OW) of x (samples, C, H, W), which starts at the group's first channel. */
static void columns_make(float *cols, const struct job *j, const float *x, size_t samples, size_t row0, size_t rows)
{
    const struct cnas_conv_shape *s = j->s;
    for (size_t c = 0; c < j->cg; c++)
        for (size_t r = 0; r < s->kh; r++)
            for (size_t q = 0; q < s->kw; q++) {
                size_t first, end;
                inside(&first, &end, s, q);
                for (size_t i = 0; i < samples; i++)
                    for (size_t row = row0; row < row0 + rows; row++, cols += s->ow) {
                        size_t y = row * s->stride + r * s->dilation; /* in padded rows */
                        if (y < s->pad_y || y - s->pad_y >= s->h) {
                            memset(cols, 0, s->ow * sizeof *cols);
                            continue;
                        }
                        const float *in = x + ((i * s->c + c) * s->h + (y - s->pad_y)) * s->w;
                        for (size_t o = 0; o < first; o++)
                            cols[o] = 0;
                        if (s->stride == 1 && end > first)
                            memcpy(cols + first, in + (first + q * s->dilation - s->pad_x), (end - first) * sizeof *cols);
                        else
                            for (size_t o = first; o < end; o++)
                                cols[o] = in[o * s->stride + q * s->dilation - s->pad_x];
                        for (size_t o = end; o < s->ow; o++)
                            cols[o] = 0;
                    }
            }
}

/* The reverse of columns_make: adds each column to the place it came from. */
static void columns_add(float *dx, const struct job *j, const float *cols, size_t samples, size_t row0, size_t rows)
{
    const struct cnas_conv_shape *s = j->s;
    for (size_t c = 0; c < j->cg; c++)
        for (size_t r = 0; r < s->kh; r++)
            for (size_t q = 0; q < s->kw; q++) {
                size_t first, end;
                inside(&first, &end, s, q);
                for (size_t i = 0; i < samples; i++)
                    for (size_t row = row0; row < row0 + rows; row++, cols += s->ow) {
                        size_t y = row * s->stride + r * s->dilation;
                        if (y < s->pad_y || y - s->pad_y >= s->h || end == first)
                            continue;
                        float *out = dx + ((i * s->c + c) * s->h + (y - s->pad_y)) * s->w + (first * s->stride + q * s->dilation - s->pad_x);
                        if (s->stride == 1)
                            for (size_t o = 0; o < end - first; o++)
                                out[o] += cols[first + o];
                        else
                            for (size_t o = 0; o < end - first; o++)
                                out[o * s->stride] += cols[first + o];
                    }
            }
}

/* One product of the forward pass: samples from `i`, rows from row0, group g. */
static void forward_product(const struct job *j, float *own, size_t i, size_t samples, size_t row0, size_t rows, size_t g)
{
    const struct cnas_conv_shape *s = j->s;
    size_t map = (size_t)s->oh * s->ow, tile = rows * s->ow, wide = samples * tile;
    const float *x = j->x + (i * s->c + g * j->cg) * s->h * s->w, *w = j->w + g * j->kg * j->depth;
    float *y = j->y + (i * s->k + g * j->kg) * map + row0 * s->ow; /* (samples, K, OH, OW) */
    float *cols = own, *out = own ? own + columns_floats(j) : NULL;

    if (!j->plain)
        columns_make(cols, j, x, samples, row0, rows);
    if (samples == 1)
        cn_kernel_gemm(0, 0, j->kg, wide, j->depth, w, j->depth, j->plain ? x : cols, j->plain ? map : wide, 0, y, map);
    else
        cn_kernel_gemm(0, 0, j->kg, wide, j->depth, w, j->depth, cols, wide, 0, out, wide);
    for (size_t a = 0; a < samples; a++)
        for (size_t k = 0; k < j->kg; k++) {
            float *to = y + (a * s->k + k) * map, b = j->bias ? j->bias[g * j->kg + k] : 0;
            const float *from = samples == 1 ? to : out + k * wide + a * tile;
            if (from != to || j->bias)
                for (size_t p = 0; p < tile; p++)
                    to[p] = from[p] + b;
        }
}

static void forward_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t i = chunk * j->samples, samples = j->n - i < j->samples ? j->n - i : j->samples;
    for (size_t row = 0; row < j->s->oh; row += j->rows)
        for (size_t g = 0; g < j->s->groups; g++)
            forward_product(j, own, i, samples, row, j->s->oh - row < j->rows ? j->s->oh - row : j->rows, g);
}

void cn_kernel_conv_gemm_forward(struct cnas_ctx *ctx, float *y, const float *x, const float *w, const float *bias, size_t n,
                                 const struct cnas_conv_shape *s)
{
    struct job j = job_make(n, s);
    j.y = y;
    j.x = x;
    j.w = w;
    j.bias = bias;
    if (cn_kernel_scratch(ctx, columns_floats(&j) + pixels_floats(&j), 0))
        cn_kernel_run(ctx, (n + j.samples - 1) / j.samples, forward_chunk, &j);
}

/* One product of the backward pass. fresh: the part holds nothing yet. */
static void backward_product(const struct job *j, float *part, bool fresh, float *own, size_t i, size_t samples, size_t row0,
                             size_t rows, size_t g)
{
    const struct cnas_conv_shape *s = j->s;
    size_t map = (size_t)s->oh * s->ow, tile = rows * s->ow, wide = samples * tile, ld = samples == 1 ? map : wide;
    size_t x_offset = (i * s->c + g * j->cg) * s->h * s->w;
    const float *w = j->w + g * j->kg * j->depth;
    const float *dy = j->dy + (i * s->k + g * j->kg) * map + row0 * s->ow;
    float *cols = own, *joined = own ? own + columns_floats(j) : NULL, *dw = part + g * j->kg * j->depth;

    if (samples > 1) {
        for (size_t k = 0; k < j->kg; k++)
            for (size_t a = 0; a < samples; a++)
                memcpy(joined + k * wide + a * tile, dy + (a * s->k + k) * map, tile * sizeof *dy);
        dy = joined;
    }
    if (j->dw_wanted) {
        if (!j->plain)
            columns_make(cols, j, j->x + x_offset, samples, row0, rows);
        cn_kernel_gemm(0, 1, j->kg, j->depth, wide, dy, ld, j->plain ? j->x + x_offset : cols, j->plain ? map : wide, fresh ? 0 : 1, dw,
                       j->depth);
    }
    if (!j->dx)
        return;
    float *dx = j->dx + x_offset;
    if (j->plain) {
        cn_kernel_gemm(1, 0, j->depth, wide, j->kg, w, j->depth, dy, ld, j->add_dx ? 1 : 0, dx, map);
        return;
    }
    if (row0 == 0 && !j->add_dx)
        for (size_t a = 0; a < samples; a++)
            memset(dx + a * s->c * s->h * s->w, 0, j->cg * s->h * s->w * sizeof *dx);
    cn_kernel_gemm(1, 0, j->depth, wide, j->kg, w, j->depth, dy, ld, 0, cols, wide);
    columns_add(dx, j, cols, samples, row0, rows);
}

static void backward_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const struct cnas_conv_shape *s = j->s;
    size_t first = cn_kernel_cut(j->n, j->chunks, chunk), end = cn_kernel_cut(j->n, j->chunks, chunk + 1);
    float *part = j->parts + chunk * j->stride;
    for (size_t i = first; i < end; i += j->samples)
        for (size_t row = 0; row < s->oh; row += j->rows)
            for (size_t g = 0; g < s->groups; g++)
                backward_product(j, part, i == first && row == 0, own, i, end - i < j->samples ? end - i : j->samples, row,
                                 s->oh - row < j->rows ? s->oh - row : j->rows, g);
    size_t map = (size_t)s->oh * s->ow;
    if (j->bias_wanted)
        cn_kernel_conv_bias_sums(part + s->k * j->depth, j->dy + first * s->k * map, end - first, s->k, map);
}

void cn_kernel_conv_gemm_backward(struct cnas_ctx *ctx, float *dx, int add_dx, float *dw, float *dbias, const float *dy,
                                  const float *x, const float *w, size_t n, const struct cnas_conv_shape *s)
{
    struct job j = job_make(n, s);
    size_t weights = s->k * j.depth;
    j.x = x;
    j.w = w;
    j.dy = dy;
    j.dx = dx;
    j.add_dx = add_dx;
    j.dw_wanted = dw != NULL;
    j.bias_wanted = dbias != NULL;
    j.stride = cn_kernel_round(weights + s->k);
    j.chunks = cn_kernel_conv_segments(n, j.stride);
    j.parts = cn_kernel_scratch(ctx, columns_floats(&j) + pixels_floats(&j), j.chunks * j.stride);
    if (!j.parts)
        return;
    cn_kernel_run(ctx, j.chunks, backward_chunk, &j);
    if (dw)
        cn_kernel_conv_sum(ctx, dw, dbias, j.parts, j.chunks, j.stride, weights, s->k);
}
