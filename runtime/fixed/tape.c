/* Recording operators, and composing them from the value towards its sources (see tape.h). */
#include "runtime/fixed/tape.h"

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

#include <cblas.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What the value reads of a step's result: kernels as in fold.h, but in the order (KH, KW, K, C). */
struct reads {
    int64_t kh, kw, stride, pad_y, pad_x;
    size_t c;
    bool diagonal; /* one tap, and of each channel of the value that channel alone */
    double *w;
};

struct walk {
    const struct cnas_fold *f;
    struct fold_value *value;
};

static size_t weights_of(const struct fold_operator *op, uint32_t channels)
{
    return (size_t)op->k * (channels / op->groups) * (size_t)op->kh * (size_t)op->kw;
}

/* --- the tape --- */

static void clear(struct fold_tape *t)
{
    for (size_t i = 0; i < t->n; i++) {
        struct fold_step *s = &t->steps[i];
        if (s->op.w_op)
            cn_mem_wipe_free((double *)(uintptr_t)s->op.w_op, weights_of(&s->op, t->steps[s->in[0]].k) * sizeof(double));
        if (s->op.bias)
            cn_mem_wipe_free((double *)(uintptr_t)s->op.bias, s->op.k * sizeof(double));
    }
    for (size_t i = 0; i < t->n; i++)
        free((uint32_t *)(uintptr_t)t->steps[i].in);
    t->n = 0;
    t->composed = false;
}

void cn_tape_free(struct fold_tape **t)
{
    if (!*t)
        return;
    clear(*t);
    free((*t)->steps);
    free(*t);
    *t = NULL;
}

static double *copy(const double *w, size_t n)
{
    double *c = cn_mem_alloc(n, sizeof *c);
    return c ? memcpy(c, w, n * sizeof *c) : NULL;
}

enum cnas_status cn_tape_record(struct cnas_fold *f, uint32_t y, const struct fold_step *step, const uint32_t *x)
{
    struct fold_tape *t = f->tape;
    if (t->composed)
        clear(t);
    if (t->n == t->cap) {
        const size_t cap = 2 * t->cap + 16;
        struct fold_step *more = realloc(t->steps, cap * sizeof *more);
        if (!more)
            return CNAS_E_MEMORY;
        t->steps = more;
        t->cap = cap;
    }
    uint32_t *in = calloc(step->n_in + 1, sizeof *in);
    if (!in)
        return CNAS_E_MEMORY;
    for (size_t i = 0; i < step->n_in; i++) {
        cn_require(x[i] < f->n_slots && f->slots[x[i]].bias && f->slots[x[i]].step < t->n);
        in[i] = f->slots[x[i]].step;
    }
    struct fold_step *s = &t->steps[t->n++];
    *s = *step;
    s->in = in;
    s->op.w_op = step->op.w_op ? copy(step->op.w_op, weights_of(&step->op, t->steps[in[0]].k)) : NULL;
    s->op.bias = step->op.bias ? copy(step->op.bias, step->op.k) : NULL;
    if ((step->op.w_op && !s->op.w_op) || (step->op.bias && !s->op.bias))
        return CNAS_E_MEMORY;
    struct fold_value v;
    enum cnas_status status = cn_value_init(&v, s->k, s->h, s->w, 0);
    v.step = (uint32_t)(t->n - 1);
    return status ? status : cn_fold_write(f, y, &v);
}

/* --- composing --- */

static size_t taps_of(const struct reads *r)
{
    return (size_t)r->kh * (size_t)r->kw;
}

static void free_reads(struct reads *r, size_t rows)
{
    if (r->w)
        cn_mem_wipe_free(r->w, taps_of(r) * rows * r->c * sizeof *r->w);
    r->w = NULL;
}

static enum cnas_status new_reads(struct reads *r, size_t rows)
{
    size_t size;
    r->w = NULL;
    if (__builtin_mul_overflow(taps_of(r) * rows, r->c, &size) || taps_of(r) * rows > INT_MAX)
        return CNAS_E_MEMORY;
    r->w = cn_mem_zalloc(size, sizeof *r->w);
    return r->w ? CNAS_OK : CNAS_E_MEMORY;
}

static void add_block(double *y, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

/* One weight of each channel for each tap. */
static void add_depthwise(struct reads *y, const struct reads *x, size_t rows, const struct fold_operator *op)
{
    const int64_t taps = op->kh * op->kw;
    for (int64_t r = 0; r < x->kh; r++)
        for (int64_t s = 0; s < x->kw; s++)
            for (int64_t tap = 0; tap < taps; tap++) {
                const int64_t row = r * op->stride + tap / op->kw * op->dilation, column = s * op->stride + tap % op->kw * op->dilation;
                double *to = y->w + (size_t)(row * y->kw + column) * rows * y->c;
                const double *from = x->w + (size_t)(r * x->kw + s) * rows * x->c;
                for (size_t k = 0; k < rows; k++)
                    for (size_t c = 0; c < x->c; c++)
                        to[k * x->c + c] += from[k * x->c + c] * op->w_op[(int64_t)c * taps + tap];
            }
}

/* The weights themselves, scaled: a batch norm right after a convolution needs no product of matrices. */
static void add_scaled(struct reads *y, const struct reads *x, const struct fold_operator *op)
{
    const size_t per_in = y->c / op->groups, per_out = x->c / op->groups, taps = (size_t)(op->kh * op->kw);
    for (size_t m = 0; m < x->c; m++)
        for (size_t c = 0; c < per_in; c++)
            for (size_t tap = 0; tap < taps; tap++) {
                const size_t row = tap / (size_t)op->kw * (size_t)op->dilation, column = tap % (size_t)op->kw * (size_t)op->dilation;
                y->w[((row * (size_t)y->kw + column) * x->c + m) * y->c + m / per_out * per_in + c] =
                    x->w[m * x->c + m] * op->w_op[(m * per_in + c) * taps + tap];
            }
}

/* For each tap of the operator all taps of x at once, times its matrix. */
static enum cnas_status add_products(struct reads *y, const struct reads *x, size_t rows, const struct fold_operator *op)
{
    const size_t per_in = y->c / op->groups, per_out = x->c / op->groups, taps = taps_of(x), block = rows * y->c;
    double *tap = cn_mem_alloc(per_out * per_in, sizeof *tap), *part = cn_mem_alloc(taps * block, sizeof *part);
    enum cnas_status status = tap && part ? CNAS_OK : CNAS_E_MEMORY;
    for (int64_t a = 0; !status && a < op->kh; a++)
        for (int64_t b = 0; b < op->kw; b++) {
            for (size_t g = 0; g < op->groups; g++) {
                for (size_t i = 0; i < per_out * per_in; i++)
                    tap[i] = op->w_op[((int64_t)(g * per_out * per_in + i) * op->kh + a) * op->kw + b];
                cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)(taps * rows), (int)per_in, (int)per_out, 1, x->w + g * per_out,
                            (int)x->c, tap, (int)per_in, 0, part + g * per_in, (int)y->c);
            }
            for (int64_t r = 0; r < x->kh; r++)
                for (int64_t s = 0; s < x->kw; s++)
                    add_block(y->w + (size_t)((r * op->stride + a * op->dilation) * y->kw + s * op->stride + b * op->dilation) * block,
                              part + (size_t)(r * x->kw + s) * block, block);
        }
    if (tap)
        cn_mem_wipe_free(tap, per_out * per_in * sizeof *tap);
    if (part)
        cn_mem_wipe_free(part, taps * block * sizeof *part);
    return status;
}

/* Drops rows and columns of the kernels that meet no element of the map. */
static void crop(struct reads *r, size_t rows, const struct fold_step *map, const struct fold_value *value)
{
    int64_t top, bottom, left, right;
    cn_term_idle(&top, &bottom, r->kh, r->stride, r->pad_y, map->h, value->h);
    cn_term_idle(&left, &right, r->kw, r->stride, r->pad_x, map->w, value->w);
    const int64_t kh = r->kh - top - bottom, kw = r->kw - left - right;
    const size_t block = rows * r->c, before = taps_of(r), after = (size_t)(kh * kw);
    for (int64_t y = 0; y < kh; y++) /* only towards the front */
        memmove(r->w + (size_t)(y * kw) * block, r->w + (size_t)((y + top) * r->kw + left) * block, (size_t)kw * block * sizeof *r->w);
    cn_mem_wipe(r->w + after * block, (before - after) * block * sizeof *r->w);
    r->kh = kh;
    r->kw = kw;
    r->pad_y -= top;
    r->pad_x -= left;
}

static enum cnas_status visit(struct walk *w, uint32_t at, const struct reads *r);

static bool reads_inside(int64_t size, int64_t out, int64_t k, int64_t stride, int64_t pad, int64_t dilation)
{
    return pad <= 0 && (out - 1) * stride - pad + dilation * (k - 1) < size;
}

/* Sources are zero outside of their maps, and so is what only moves and adds their channels. */
static bool is_zero_outside(const struct fold_tape *t, uint32_t at)
{
    const struct fold_step *s = &t->steps[at];
    bool zero = s->kind != FOLD_STEP_OPERATOR;
    for (size_t i = 0; zero && i < s->n_in; i++)
        zero = is_zero_outside(t, s->in[i]);
    return zero;
}

static enum cnas_status visit_operator(struct walk *w, const struct fold_step *s, const struct reads *x)
{
    const struct fold_operator *op = &s->op;
    const struct fold_step *in = &w->f->tape->steps[s->in[0]];
    const size_t rows = w->value->k;
    /* zeros of a padding are not what a composed value, continued beyond its map, gives */
    const bool inside = reads_inside(in->h, op->h, op->kh, op->stride, op->pad_y, op->dilation) &&
                        reads_inside(in->w, op->w, op->kw, op->stride, op->pad_x, op->dilation);
    cn_require(inside || is_zero_outside(w->f->tape, s->in[0]));
    for (size_t i = 0; op->bias && i < taps_of(x) * rows; i++)
        for (size_t m = 0; m < x->c; m++)
            w->value->bias[i % rows] += x->w[i * x->c + m] * op->bias[m];
    struct reads y = {.kh = (x->kh - 1) * op->stride + op->dilation * (op->kh - 1) + 1,
                      .kw = (x->kw - 1) * op->stride + op->dilation * (op->kw - 1) + 1,
                      .stride = x->stride * op->stride,
                      .pad_y = x->pad_y * op->stride + op->pad_y,
                      .pad_x = x->pad_x * op->stride + op->pad_x,
                      .c = in->k,
                      .diagonal = x->diagonal && op->groups == in->k && op->k == in->k && op->kh == 1 && op->kw == 1};
    enum cnas_status status = new_reads(&y, rows);
    if (status)
        return status;
    const size_t size = taps_of(&y);
    if (op->groups == in->k && op->k == in->k)
        add_depthwise(&y, x, rows, op);
    else if (x->diagonal)
        add_scaled(&y, x, op);
    else
        status = add_products(&y, x, rows, op);
    if (!status) {
        crop(&y, rows, in, w->value);
        status = visit(w, s->in[0], &y);
    }
    cn_mem_wipe_free(y.w, size * rows * y.c * sizeof *y.w);
    return status;
}

/* Channels from, from + 1, ... of x as channels to, to + 1, ... of a step of c channels. */
static enum cnas_status visit_channels(struct walk *w, uint32_t at, const struct reads *x, size_t from, size_t to)
{
    const size_t rows = w->value->k, c = w->f->tape->steps[at].k, n = x->c - from < c - to ? x->c - from : c - to;
    struct reads y = *x;
    y.c = c;
    y.diagonal = x->diagonal && c == x->c;
    enum cnas_status status = new_reads(&y, rows);
    if (status)
        return status;
    for (size_t i = 0; i < taps_of(x) * rows; i++)
        memcpy(y.w + i * c + to, x->w + i * x->c + from, n * sizeof *y.w);
    status = visit(w, at, &y);
    free_reads(&y, rows);
    return status;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Adds to the value's kernels over the source, which grow as far as needed. */
static enum cnas_status visit_source(struct walk *w, const struct fold_step *s, const struct reads *r)
{
    struct fold_value *v = w->value;
    struct fold_term *t = NULL, grown = {.src = s->at, .c = s->k, .stride = v->h == 1 && v->w == 1 ? 1 : r->stride, .pad_y = r->pad_y, .pad_x = r->pad_x};
    for (size_t i = 0; i < v->n_terms; i++)
        if (v->terms[i].src == s->at)
            t = &v->terms[i];
    cn_require(!t || t->stride == grown.stride);
    grown.pad_y = t ? larger(t->pad_y, r->pad_y) : r->pad_y;
    grown.pad_x = t ? larger(t->pad_x, r->pad_x) : r->pad_x;
    grown.kh = grown.pad_y + (t ? larger(t->kh - t->pad_y, r->kh - r->pad_y) : r->kh - r->pad_y);
    grown.kw = grown.pad_x + (t ? larger(t->kw - t->pad_x, r->kw - r->pad_x) : r->kw - r->pad_x);
    if (!t || grown.kh != t->kh || grown.kw != t->kw || grown.pad_y != t->pad_y || grown.pad_x != t->pad_x) {
        enum cnas_status status = cn_value_grow(v, t, grown);
        if (status)
            return status;
        t = t ? t : &v->terms[v->n_terms - 1];
    }
    const int64_t dy = t->pad_y - r->pad_y, dx = t->pad_x - r->pad_x;
    for (int64_t y = 0; y < r->kh; y++)
        for (int64_t x = 0; x < r->kw; x++) {
            const double *from = r->w + (size_t)(y * r->kw + x) * v->k * r->c;
            double *to = t->w + (y + dy) * t->kw + x + dx;
            for (size_t i = 0; i < v->k * r->c; i++)
                to[(int64_t)i * t->kh * t->kw] += from[i];
        }
    return CNAS_OK;
}

static enum cnas_status visit(struct walk *w, uint32_t at, const struct reads *r)
{
    const struct fold_step *s = &w->f->tape->steps[at];
    size_t first = 0;
    switch (s->kind) {
    case FOLD_STEP_SOURCE:
        return visit_source(w, s, r);
    case FOLD_STEP_OPERATOR:
        return visit_operator(w, s, r);
    case FOLD_STEP_CHANNELS:
        return visit_channels(w, s->in[0], r, 0, s->at);
    case FOLD_STEP_SUM:
        for (size_t i = 0; i < s->n_in; i++)
            CNAS_TRY(visit(w, s->in[i], r));
        return CNAS_OK;
    case FOLD_STEP_STACK:
        for (size_t i = 0; i < s->n_in; i++) {
            CNAS_TRY(visit_channels(w, s->in[i], r, first, 0));
            first += w->f->tape->steps[s->in[i]].k;
        }
        return CNAS_OK;
    }
    return CNAS_OK;
}

enum cnas_status cn_tape_compose(struct cnas_fold *f, uint32_t x)
{
    struct fold_value *v = &f->slots[x];
    struct walk w = {f, v};
    struct reads all = {.kh = 1, .kw = 1, .stride = 1, .c = v->k, .diagonal = true};
    size_t sources = 0;
    for (size_t i = 0; i < f->tape->n; i++)
        sources += f->tape->steps[i].kind == FOLD_STEP_SOURCE;
    const uint32_t step = v->step;
    struct fold_value empty;
    CNAS_TRY(cn_value_init(&empty, v->k, v->h, v->w, sources));
    cn_value_clear(v);
    *v = empty;
    enum cnas_status status = new_reads(&all, v->k);
    for (size_t k = 0; !status && k < v->k; k++)
        all.w[k * v->k + k] = 1;
    if (!status)
        status = visit(&w, step, &all);
    free_reads(&all, v->k);
    v->step = FOLD_NO_STEP;
    f->tape->composed = true;
    return status;
}
