/* The calls that generated code makes to fold its parameters, each expressed as an operator on affine values. */
#include "runtime/fixed/tape.h"

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SLOTS = 1 << 20 };

static size_t result_size(const struct cnas_model *m, uint32_t term)
{
    const struct cnas_term *t = &m->terms[term];
    return (size_t)m->points[t->dst].c * m->points[t->src].c * t->kh * t->kw;
}

enum cnas_status cn_fold_new(struct cnas_fold **out, const struct cnas_model *m)
{
    struct cnas_fold *f = calloc(1, sizeof *f);
    *out = NULL;
    if (!f)
        return CNAS_E_MEMORY;
    f->model = m;
    f->weights = calloc(m->n_terms + 1, sizeof *f->weights);
    f->bias = calloc(m->n_points, sizeof *f->bias);
    if (!f->weights || !f->bias) {
        cn_fold_free(&f);
        return CNAS_E_MEMORY;
    }
    *out = f;
    return CNAS_OK;
}

void cn_fold_free(struct cnas_fold **fold)
{
    struct cnas_fold *f = *fold;
    if (!f)
        return;
    for (size_t i = 0; i < f->n_slots; i++)
        cn_value_clear(&f->slots[i]);
    free(f->slots);
    cn_tape_free(&f->tape);
    for (uint32_t t = 0; f->weights && t < f->model->n_terms; t++)
        if (f->weights[t])
            cn_mem_wipe_free(f->weights[t], result_size(f->model, t) * sizeof(double));
    for (uint32_t p = 0; f->bias && p < f->model->n_points; p++)
        if (f->bias[p])
            cn_mem_wipe_free(f->bias[p], f->model->points[p].c * sizeof(double));
    free(f->weights);
    free(f->bias);
    free(f);
    *fold = NULL;
}

static const struct fold_value *read_slot(const struct cnas_fold *f, uint32_t x)
{
    cn_require(x < f->n_slots && f->slots[x].bias);
    return &f->slots[x];
}

enum cnas_status cn_fold_write(struct cnas_fold *f, uint32_t y, struct fold_value *v)
{
    cn_require(y < MAX_SLOTS);
    if (y >= f->n_slots) {
        struct fold_value *more = realloc(f->slots, ((size_t)y + 1) * sizeof *more);
        if (!more) {
            cn_value_clear(v);
            return CNAS_E_MEMORY;
        }
        memset(more + f->n_slots, 0, (y + 1 - f->n_slots) * sizeof *more);
        f->slots = more;
        f->n_slots = (size_t)y + 1;
    }
    cn_value_clear(&f->slots[y]);
    f->slots[y] = *v;
    return CNAS_OK;
}

static enum cnas_status compose(struct cnas_fold *f, uint32_t y, uint32_t x, const struct fold_operator *op)
{
    struct fold_value v;
    if (f->tape)
        return cn_tape_record(f, y, &(struct fold_step){FOLD_STEP_OPERATOR, op->k, op->h, op->w, .op = *op, .n_in = 1}, &x);
    enum cnas_status status = cn_value_compose(&v, read_slot(f, x), op, f->model->points);
    return status ? status : cn_fold_write(f, y, &v);
}

static double *widen(const float *w, size_t n)
{
    double *out = cn_mem_alloc(n, sizeof *out);
    for (size_t i = 0; out && i < n; i++)
        out[i] = w[i];
    return out;
}

enum cnas_status cnas_fold_source(struct cnas_fold *f, uint32_t y, uint32_t point)
{
    cn_require(point < f->model->n_points);
    const struct cnas_point *p = &f->model->points[point];
    struct fold_value v;
    if (f->tape)
        return cn_tape_record(f, y, &(struct fold_step){FOLD_STEP_SOURCE, p->c, p->h, p->w, .at = point}, NULL);
    enum cnas_status status = cn_value_init(&v, p->c, p->h, p->w, 1);
    if (!status)
        status = cn_value_append(&v, (struct fold_term){.src = point, .c = p->c, .kh = 1, .kw = 1, .stride = 1});
    if (status) {
        cn_value_clear(&v);
        return status;
    }
    for (uint32_t c = 0; c < p->c; c++)
        v.terms[0].w[(size_t)c * p->c + c] = 1;
    return cn_fold_write(f, y, &v);
}

enum cnas_status cnas_fold_conv(struct cnas_fold *f, uint32_t y, uint32_t x, const float *w, const float *bias,
                                const struct cnas_conv_shape *s)
{
    const struct fold_value *in = read_slot(f, x);
    cn_require(in->k == s->c && in->h == s->h && in->w == s->w && s->groups && s->c % s->groups == 0);
    size_t size = (size_t)s->k * (s->c / s->groups) * s->kh * s->kw;
    double *w_op = widen(w, size), *b = bias ? widen(bias, s->k) : NULL;
    enum cnas_status status = CNAS_E_MEMORY;
    if (w_op && (b || !bias))
        status = compose(f, y, x, &(struct fold_operator){.k = s->k, .h = s->oh, .w = s->ow, .kh = s->kh, .kw = s->kw,
                                                          .stride = s->stride, .pad_y = s->pad_y, .pad_x = s->pad_x,
                                                          .dilation = s->dilation, .groups = s->groups, .w_op = w_op, .bias = b});
    if (w_op)
        cn_mem_wipe_free(w_op, size * sizeof *w_op);
    if (b)
        cn_mem_wipe_free(b, s->k * sizeof *b);
    return status;
}

/* A linear layer on a flattened map is a convolution whose kernel is the map: (OUT, C*H*W) is (OUT, C, H, W) in memory. */
enum cnas_status cnas_fold_linear(struct cnas_fold *f, uint32_t y, uint32_t x, const float *w, const float *bias, size_t in, size_t out)
{
    const struct fold_value *v = read_slot(f, x);
    cn_require(in == (size_t)v->k * v->h * v->w && out && out <= UINT32_MAX);
    return cnas_fold_conv(f, y, x, w, bias,
                          &(struct cnas_conv_shape){.c = v->k, .h = v->h, .w = v->w, .k = (uint32_t)out, .oh = 1, .ow = 1, .kh = v->h,
                                                    .kw = v->w, .stride = 1, .dilation = 1, .groups = 1});
}

/* One tap pattern for every channel alone: w[c] at each of kh x kw taps. */
static enum cnas_status depthwise(struct cnas_fold *f, uint32_t y, uint32_t x, const double *w, const double *bias,
                                  struct fold_operator op)
{
    const struct fold_value *in = read_slot(f, x);
    const size_t taps = (size_t)op.kh * (size_t)op.kw;
    double *w_op = cn_mem_alloc(in->k * taps, sizeof *w_op);
    if (!w_op)
        return CNAS_E_MEMORY;
    for (size_t i = 0; i < in->k * taps; i++)
        w_op[i] = w[i / taps];
    op.k = op.groups = in->k;
    op.dilation = 1;
    op.w_op = w_op;
    op.bias = bias;
    enum cnas_status status = compose(f, y, x, &op);
    cn_mem_wipe_free(w_op, op.k * taps * sizeof *w_op);
    return status;
}

/* The same weight for every channel. */
static enum cnas_status depthwise_constant(struct cnas_fold *f, uint32_t y, uint32_t x, double w, struct fold_operator op)
{
    const uint32_t k = read_slot(f, x)->k;
    double *all = cn_mem_alloc(k, sizeof *all);
    if (!all)
        return CNAS_E_MEMORY;
    for (uint32_t i = 0; i < k; i++)
        all[i] = w;
    enum cnas_status status = depthwise(f, y, x, all, NULL, op);
    cn_mem_free(all);
    return status;
}

enum cnas_status cnas_fold_batch_norm(struct cnas_fold *f, uint32_t y, uint32_t x, const float *gamma, const float *beta,
                                      const float *mean, const float *var, float epsilon)
{
    const struct fold_value *in = read_slot(f, x);
    const uint32_t k = in->k;
    double *scale = cn_mem_alloc(k, sizeof *scale), *bias = cn_mem_alloc(k, sizeof *bias);
    enum cnas_status status = CNAS_E_MEMORY;
    if (scale && bias) {
        for (uint32_t c = 0; c < k; c++) {
            scale[c] = gamma[c] / sqrt((double)var[c] + epsilon);
            bias[c] = beta[c] - scale[c] * mean[c];
        }
        status = depthwise(f, y, x, scale, bias, (struct fold_operator){.h = in->h, .w = in->w, .kh = 1, .kw = 1, .stride = 1});
    }
    if (scale)
        cn_mem_wipe_free(scale, k * sizeof *scale);
    if (bias)
        cn_mem_wipe_free(bias, k * sizeof *bias);
    return status;
}

enum cnas_status cnas_fold_avg_pool(struct cnas_fold *f, uint32_t y, uint32_t x, const struct cnas_conv_shape *s)
{
    const struct fold_value *in = read_slot(f, x);
    cn_require(in->k == s->c && in->h == s->h && in->w == s->w);
    return depthwise_constant(f, y, x, 1.0 / ((double)s->kh * s->kw),
                              (struct fold_operator){.h = s->oh, .w = s->ow, .kh = s->kh, .kw = s->kw, .stride = s->stride,
                                                     .pad_y = s->pad_y, .pad_x = s->pad_x});
}

enum cnas_status cnas_fold_global_avg_pool(struct cnas_fold *f, uint32_t y, uint32_t x)
{
    const struct fold_value *in = read_slot(f, x);
    return depthwise_constant(f, y, x, 1.0 / ((double)in->h * in->w),
                              (struct fold_operator){.h = 1, .w = 1, .kh = in->h, .kw = in->w, .stride = 1});
}

enum cnas_status cnas_fold_subsample(struct cnas_fold *f, uint32_t y, uint32_t x, size_t stride, size_t offset_y, size_t offset_x)
{
    const struct fold_value *in = read_slot(f, x);
    cn_require(stride && offset_y < in->h && offset_x < in->w);
    return depthwise_constant(f, y, x, 1,
                              (struct fold_operator){.h = (uint32_t)((in->h - offset_y - 1) / stride + 1),
                                                     .w = (uint32_t)((in->w - offset_x - 1) / stride + 1), .kh = 1, .kw = 1,
                                                     .stride = (int64_t)stride, .pad_y = -(int64_t)offset_y,
                                                     .pad_x = -(int64_t)offset_x});
}

/* Channels are rows of the composed kernels; rows and columns are a 1x1 convolution with padding, which may be negative. */
enum cnas_status cnas_fold_slice(struct cnas_fold *f, uint32_t y, uint32_t x, const struct cnas_slice_shape *s)
{
    const struct fold_value *in = read_slot(f, x);
    cn_require(in->k == s->c && in->h == s->h && in->w == s->w && s->oc && s->channel <= s->c - s->oc);
    enum cnas_status status = cnas_fold_channels(f, y, x, s->channel, s->oc);
    return status ? status
                  : depthwise_constant(f, y, y, 1,
                                       (struct fold_operator){.h = s->oh, .w = s->ow, .kh = 1, .kw = 1, .stride = 1,
                                                              .pad_y = -(int64_t)s->row, .pad_x = -(int64_t)s->column});
}

enum cnas_status cnas_fold_tap(struct cnas_fold *f, uint32_t y, uint32_t x, const struct cnas_conv_shape *s, uint32_t row,
                               uint32_t column)
{
    const struct fold_value *in = read_slot(f, x);
    cn_require(in->k == s->c && in->h == s->h && in->w == s->w && row < s->kh && column < s->kw);
    return depthwise_constant(f, y, x, 1,
                              (struct fold_operator){.h = s->oh, .w = s->ow, .kh = 1, .kw = 1, .stride = s->stride,
                                                     .pad_y = (int64_t)s->pad_y - row, .pad_x = (int64_t)s->pad_x - column});
}

static enum cnas_status record_join(struct cnas_fold *f, uint32_t y, const uint32_t *x, size_t parts, int stack)
{
    const struct fold_value *v = read_slot(f, x[0]);
    struct fold_step s = {stack ? FOLD_STEP_STACK : FOLD_STEP_SUM, v->k, v->h, v->w, .n_in = parts};
    for (size_t i = 1; i < parts; i++) {
        v = read_slot(f, x[i]);
        cn_require(v->h == s.h && v->w == s.w && (stack || v->k == s.k));
        s.k += stack ? v->k : 0;
    }
    return cn_tape_record(f, y, &s, x);
}

static enum cnas_status join(struct cnas_fold *f, uint32_t y, const uint32_t *x, size_t parts, int stack)
{
    struct fold_value v;
    if (f->tape)
        return record_join(f, y, x, parts, stack);
    const struct fold_value **in = calloc(parts + 1, sizeof *in);
    if (!in)
        return CNAS_E_MEMORY;
    for (size_t i = 0; i < parts; i++)
        in[i] = read_slot(f, x[i]);
    enum cnas_status status = cn_value_join(&v, in, parts, stack);
    free(in);
    return status ? status : cn_fold_write(f, y, &v);
}

enum cnas_status cnas_fold_add(struct cnas_fold *f, uint32_t y, const uint32_t *x, size_t parts)
{
    return join(f, y, x, parts, 0);
}

enum cnas_status cnas_fold_concat(struct cnas_fold *f, uint32_t y, const uint32_t *x, size_t parts)
{
    return join(f, y, x, parts, 1);
}

enum cnas_status cnas_fold_channels(struct cnas_fold *f, uint32_t y, uint32_t x, uint32_t first, uint32_t count)
{
    const struct fold_value *in = read_slot(f, x);
    struct fold_value part;
    cn_require(count && count <= in->k && first <= in->k - count);
    if (f->tape)
        return cn_tape_record(f, y, &(struct fold_step){FOLD_STEP_CHANNELS, count, in->h, in->w, .at = first, .n_in = 1}, &x);
    const enum cnas_status status = cn_value_channels(&part, in, first, count);
    return status ? status : cn_fold_write(f, y, &part);
}

enum cnas_status cnas_fold_subtract(struct cnas_fold *f, uint32_t y, uint32_t a, uint32_t b)
{
    const struct fold_value *in = read_slot(f, b);
    struct fold_value negative, difference;
    enum cnas_status status = cn_value_channels(&negative, in, 0, in->k);
    if (status)
        return status;
    cn_value_negate(&negative);
    status = cn_value_join(&difference, (const struct fold_value *const[]){read_slot(f, a), &negative}, 2, 0);
    cn_value_clear(&negative);
    return status ? status : cn_fold_write(f, y, &difference);
}

/* The elements keep their order, so the value stays what it is; what follows sees k*h*w of them. */
enum cnas_status cnas_fold_flatten(struct cnas_fold *f, uint32_t y, uint32_t x)
{
    const uint32_t only[1] = {x};
    return join(f, y, only, 1, 0);
}

enum cnas_status cnas_fold_point(struct cnas_fold *f, uint32_t point, uint32_t x)
{
    const struct cnas_model *m = f->model;
    const struct fold_value *v = read_slot(f, x);
    cn_require(point > 0 && point < m->n_points && !f->bias[point]);
    const struct cnas_point *p = &m->points[point];
    cn_require(v->k == p->c && v->h == p->h && v->w == p->w && v->n_terms == p->n_terms);
    for (uint32_t i = p->first_term; i < p->first_term + p->n_terms; i++) {
        const struct cnas_term *t = &m->terms[i];
        size_t j = 0;
        while (j < v->n_terms && v->terms[j].src != t->src)
            j++;
        cn_require(j < v->n_terms && t->dst == point && !f->weights[i] && (int64_t)t->stride == v->terms[j].stride);
        enum cnas_status status = cn_term_fit(&f->weights[i], &v->terms[j], v, t, &m->points[t->src]);
        if (status)
            return status;
    }
    f->bias[point] = cn_mem_alloc(p->c, sizeof(double));
    if (!f->bias[point])
        return CNAS_E_MEMORY;
    memcpy(f->bias[point], v->bias, p->c * sizeof(double));
    return CNAS_OK;
}
