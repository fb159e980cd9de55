/* Slices of channels, rows and columns, and zero padding. A chunk is a sample. */
#include <string.h>

#include <cnas/kernel.h>

#include "runtime/base/misuse.h"
#include "runtime/kernel/ctx.h"

struct job {
    float *out;
    const float *in;
    const struct cnas_slice_shape *s;
    int add;
};

/* The part of one axis of the result that lies inside the source: first .. end-1, maybe nothing. */
static void inside(size_t *first, size_t *end, int64_t offset, int64_t size, int64_t out)
{
    const int64_t from = offset < 0 ? -offset : 0, to = size - offset < out ? size - offset : out;
    *first = (size_t)(from < out ? from : out);
    *end = to < (int64_t)*first ? *first : (size_t)to;
}

/* Row i of the result's map `c`, and what it is made of; both maps of one sample. */
static size_t source_row(const struct cnas_slice_shape *s, size_t c, size_t i)
{
    return ((c + s->channel) * s->h + (size_t)((int64_t)i + s->row)) * s->w;
}

static void forward_chunk(void *job, size_t n, float *own)
{
    const struct job *j = job;
    const struct cnas_slice_shape *s = j->s;
    const float *x = j->in + n * s->c * s->h * s->w;
    float *y = j->out + n * s->oc * s->oh * s->ow;
    size_t y0, y1, x0, x1;
    (void)own;
    inside(&y0, &y1, s->row, s->h, s->oh);
    inside(&x0, &x1, s->column, s->w, s->ow);
    if (y1 - y0 < s->oh || x1 - x0 < s->ow)
        memset(y, 0, (size_t)s->oc * s->oh * s->ow * sizeof *y);
    for (size_t c = 0; c < s->oc; c++)
        for (size_t i = y0; i < y1; i++)
            memcpy(y + (c * s->oh + i) * s->ow + x0, x + source_row(s, c, i) + (size_t)((int64_t)x0 + s->column), (x1 - x0) * sizeof *y);
}

static void backward_chunk(void *job, size_t n, float *own)
{
    const struct job *j = job;
    const struct cnas_slice_shape *s = j->s;
    const float *dy = j->in + n * s->oc * s->oh * s->ow;
    float *dx = j->out + n * s->c * s->h * s->w;
    size_t y0, y1, x0, x1;
    (void)own;
    inside(&y0, &y1, s->row, s->h, s->oh);
    inside(&x0, &x1, s->column, s->w, s->ow);
    if (!j->add)
        memset(dx, 0, (size_t)s->c * s->h * s->w * sizeof *dx);
    for (size_t c = 0; c < s->oc; c++)
        for (size_t i = y0; i < y1; i++) {
            const float *from = dy + (c * s->oh + i) * s->ow;
            float *to = dx + source_row(s, c, i);
            for (size_t q = x0; q < x1; q++)
                to[(size_t)((int64_t)q + s->column)] += from[q];
        }
}

static void check(size_t n, const struct cnas_slice_shape *s)
{
    cn_require(n && s->c && s->h && s->w && s->oc && s->oh && s->ow && (uint64_t)s->channel + s->oc <= s->c);
}

void cnas_slice_forward(struct cnas_ctx *ctx, float *y, const float *x, size_t n, const struct cnas_slice_shape *s)
{
    struct job j = {.out = y, .in = x, .s = s};
    check(n, s);
    cn_kernel_run(ctx, n, forward_chunk, &j);
}

void cnas_slice_backward(struct cnas_ctx *ctx, float *dx, int add_dx, const float *dy, size_t n, const struct cnas_slice_shape *s)
{
    struct job j = {.out = dx, .in = dy, .s = s, .add = add_dx};
    check(n, s);
    if (dx)
        cn_kernel_run(ctx, n, backward_chunk, &j);
}
