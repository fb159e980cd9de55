/* Affine values: composition with an operator, sum, stack. */
#include "runtime/fixed/fold.h"

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

#include <cblas.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static size_t kernel_size(const struct fold_term *t)
{
    return (size_t)t->c * (size_t)t->kh * (size_t)t->kw;
}

void cn_value_clear(struct fold_value *v)
{
    for (size_t i = 0; i < v->n_terms; i++)
        cn_mem_wipe_free(v->terms[i].w, v->k * kernel_size(&v->terms[i]) * sizeof(double));
    free(v->terms);
    if (v->bias)
        cn_mem_wipe_free(v->bias, v->k * sizeof *v->bias);
    memset(v, 0, sizeof *v);
}

enum cnas_status cn_value_init(struct fold_value *v, uint32_t k, uint32_t h, uint32_t w, size_t n_terms)
{
    cn_require(k && h && w);
    *v = (struct fold_value){.k = k, .h = h, .w = w};
    v->bias = cn_mem_zalloc(k, sizeof *v->bias);
    v->terms = calloc(n_terms + 1, sizeof *v->terms);
    if (v->bias && v->terms)
        return CNAS_OK;
    cn_value_clear(v);
    return CNAS_E_MEMORY;
}

enum cnas_status cn_value_append(struct fold_value *v, struct fold_term geometry)
{
    size_t rows, size;
    cn_require(geometry.kh > 0 && geometry.kw > 0 && geometry.stride > 0);
    if (__builtin_mul_overflow((size_t)geometry.kh, (size_t)geometry.kw * geometry.c, &rows) || rows > INT_MAX ||
        __builtin_mul_overflow(rows, v->k, &size))
        return CNAS_E_MEMORY;
    geometry.w = cn_mem_zalloc(size, sizeof *geometry.w);
    if (!geometry.w)
        return CNAS_E_MEMORY;
    v->terms[v->n_terms++] = geometry;
    return CNAS_OK;
}

/* w (rows, C, KH, KW) of `from`, times 1, onto the kernel of `to` (K, C, KH', KW') from channel `first`, `dy`, `dx` further in. */
static void add_kernel(struct fold_term *to, size_t first, const struct fold_term *from, const double *w, size_t rows, int64_t dy,
                       int64_t dx)
{
    cn_require(dy >= 0 && dx >= 0 && dy + from->kh <= to->kh && dx + from->kw <= to->kw && from->c == to->c);
    double *base = to->w + first * kernel_size(to);
    for (size_t kc = 0; kc < rows * from->c; kc++)
        for (int64_t y = 0; y < from->kh; y++) {
            double *out = base + ((int64_t)kc * to->kh + y + dy) * to->kw + dx;
            const double *in = w + ((int64_t)kc * from->kh + y) * from->kw;
            for (int64_t x = 0; x < from->kw; x++)
                out[x] += in[x];
        }
}

enum cnas_status cn_value_grow(struct fold_value *v, struct fold_term *t, struct fold_term geometry)
{
    enum cnas_status status = cn_value_append(v, geometry);
    if (status || !t)
        return status;
    struct fold_term *grown = &v->terms[v->n_terms - 1];
    add_kernel(grown, 0, t, t->w, v->k, grown->pad_y - t->pad_y, grown->pad_x - t->pad_x);
    cn_mem_wipe_free(t->w, v->k * kernel_size(t) * sizeof *t->w);
    *t = *grown;
    v->n_terms--;
    return CNAS_OK;
}

/* Whether kernel row y meets a source axis of n at some of `rows` positions. */
static int meets(int64_t y, int64_t stride, int64_t pad, int64_t n, int64_t rows)
{
    int64_t at = y - pad, i = at >= 0 ? 0 : (-at + stride - 1) / stride;
    return i < rows && at + i * stride < n;
}

void cn_term_idle(int64_t *above, int64_t *below, int64_t k, int64_t stride, int64_t pad, int64_t n, int64_t rows)
{
    *above = *below = 0;
    while (*above < k - 1 && !meets(*above, stride, pad, n, rows))
        ++*above;
    while (*above + *below < k - 1 && !meets(k - 1 - *below, stride, pad, n, rows))
        ++*below;
}

/* Drops idle rows and columns; makes the stride of a 1x1 map 1. In place: rows only move towards the front. */
static void tidy(struct fold_value *v, const struct cnas_point *points)
{
    for (size_t i = 0; i < v->n_terms; i++) {
        struct fold_term *t = &v->terms[i];
        const struct cnas_point *src = &points[t->src];
        int64_t top, bottom, left, right;
        cn_term_idle(&top, &bottom, t->kh, t->stride, t->pad_y, src->h, v->h);
        cn_term_idle(&left, &right, t->kw, t->stride, t->pad_x, src->w, v->w);
        int64_t kh = t->kh - top - bottom, kw = t->kw - left - right;
        double *out = t->w;
        for (size_t kc = 0; kc < (size_t)v->k * t->c; kc++)
            for (int64_t y = 0; y < kh; y++, out += kw)
                memmove(out, t->w + ((int64_t)kc * t->kh + y + top) * t->kw + left, (size_t)kw * sizeof *out);
        cn_mem_wipe(out, v->k * kernel_size(t) * sizeof *out - (size_t)(out - t->w) * sizeof *out);
        t->kh = kh;
        t->kw = kw;
        t->pad_y -= top;
        t->pad_x -= left;
        if (v->h == 1 && v->w == 1)
            t->stride = 1;
    }
}

/* Whether an operator's windows reach beyond rows 0 .. size-1. */
static int beyond_map(int64_t size, int64_t out, int64_t k, int64_t stride, int64_t pad, int64_t dilation)
{
    return pad > 0 || (out - 1) * stride - pad + dilation * (k - 1) >= size;
}

/* Padding is exact only where the value, continued beyond its map by its own formula, is zero: no bias, and on each padded axis
 * the positions before 0 and after the last meet no source. */
static int is_zero_outside(const struct fold_value *v, int rows, int columns, const struct cnas_point *points)
{
    for (uint32_t k = 0; k < v->k; k++)
        if (v->bias[k] != 0)
            return 0;
    for (size_t i = 0; i < v->n_terms; i++) {
        const struct fold_term *t = &v->terms[i];
        const struct cnas_point *src = &points[t->src];
        if (rows && (t->kh - 1 - t->stride - t->pad_y >= 0 || v->h * t->stride - t->pad_y < src->h))
            return 0;
        if (columns && (t->kw - 1 - t->stride - t->pad_x >= 0 || v->w * t->stride - t->pad_x < src->w))
            return 0;
    }
    return 1;
}

/* sum over the taps of op and the channels of its group: y.w[k, ., (a,b)*d*s1 + .] += B[k,c,a,b] x.w[c, ., .] */
static enum cnas_status compose_term(struct fold_term *y, const struct fold_term *x, size_t x_channels, const struct fold_operator *op)
{
    const size_t inner = kernel_size(x), per_in = x_channels / op->groups, per_out = op->k / op->groups;
    double *tap = cn_mem_alloc(per_out * per_in, sizeof *tap), *part = cn_mem_alloc(per_out * inner, sizeof *part);
    enum cnas_status status = tap && part ? CNAS_OK : CNAS_E_MEMORY;
    for (size_t g = 0; !status && g < op->groups; g++)
        for (int64_t a = 0; a < op->kh; a++)
            for (int64_t b = 0; b < op->kw; b++) {
                for (size_t kc = 0; kc < per_out * per_in; kc++)
                    tap[kc] = op->w_op[((int64_t)(g * per_out * per_in + kc) * op->kh + a) * op->kw + b];
                cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)per_out, (int)inner, (int)per_in, 1, tap, (int)per_in,
                            x->w + g * per_in * inner, (int)inner, 0, part, (int)inner);
                add_kernel(y, g * per_out, x, part, per_out, a * op->dilation * x->stride, b * op->dilation * x->stride);
            }
    if (tap)
        cn_mem_wipe_free(tap, per_out * per_in * sizeof *tap);
    if (part)
        cn_mem_wipe_free(part, per_out * inner * sizeof *part);
    return status;
}

enum cnas_status cn_value_compose(struct fold_value *y, const struct fold_value *x, const struct fold_operator *op,
                                  const struct cnas_point *points)
{
    cn_require(op->groups && x->k % op->groups == 0 && op->k % op->groups == 0);
    const int rows = beyond_map(x->h, op->h, op->kh, op->stride, op->pad_y, op->dilation),
              columns = beyond_map(x->w, op->w, op->kw, op->stride, op->pad_x, op->dilation);
    cn_require((!rows && !columns) || is_zero_outside(x, rows, columns, points));
    enum cnas_status status = cn_value_init(y, op->k, op->h, op->w, x->n_terms);
    for (size_t i = 0; !status && i < x->n_terms; i++) {
        const struct fold_term *t = &x->terms[i];
        status = cn_value_append(y, (struct fold_term){.src = t->src,
                                                       .c = t->c,
                                                       .kh = t->kh + op->dilation * (op->kh - 1) * t->stride,
                                                       .kw = t->kw + op->dilation * (op->kw - 1) * t->stride,
                                                       .stride = op->stride * t->stride,
                                                       .pad_y = t->pad_y + op->pad_y * t->stride,
                                                       .pad_x = t->pad_x + op->pad_x * t->stride});
        if (!status)
            status = compose_term(&y->terms[i], t, x->k, op);
    }
    if (status) {
        cn_value_clear(y);
        return status;
    }
    const size_t per_in = x->k / op->groups, per_out = op->k / op->groups, taps = (size_t)op->kh * (size_t)op->kw;
    for (size_t k = 0; k < op->k; k++) {
        double sum = op->bias ? op->bias[k] : 0;
        for (size_t c = 0; c < per_in; c++)
            for (size_t a = 0; a < taps; a++)
                sum += op->w_op[(k * per_in + c) * taps + a] * x->bias[k / per_out * per_in + c];
        y->bias[k] = sum;
    }
    tidy(y, points);
    return CNAS_OK;
}

enum cnas_status cn_value_channels(struct fold_value *y, const struct fold_value *x, uint32_t first, uint32_t k)
{
    cn_require(k <= x->k && first <= x->k - k);
    enum cnas_status status = cn_value_init(y, k, x->h, x->w, x->n_terms);
    for (size_t i = 0; !status && i < x->n_terms; i++) {
        status = cn_value_append(y, x->terms[i]);
        if (!status)
            memcpy(y->terms[i].w, x->terms[i].w + first * kernel_size(&x->terms[i]), k * kernel_size(&x->terms[i]) * sizeof *y->terms[i].w);
    }
    if (status)
        cn_value_clear(y);
    else
        memcpy(y->bias, x->bias + first, k * sizeof *y->bias);
    return status;
}

void cn_value_negate(struct fold_value *v)
{
    for (size_t i = 0; i < v->n_terms; i++)
        for (size_t k = 0; k < v->k * kernel_size(&v->terms[i]); k++)
            v->terms[i].w[k] = -v->terms[i].w[k];
    for (uint32_t k = 0; k < v->k; k++)
        v->bias[k] = -v->bias[k];
}

static struct fold_term *term_of(struct fold_value *v, uint32_t src)
{
    for (size_t i = 0; i < v->n_terms; i++)
        if (v->terms[i].src == src)
            return &v->terms[i];
    return NULL;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The extent that term `src` needs over all parts: rows -pad .. k-pad-1 of each. */
static struct fold_term union_of(const struct fold_value *const *x, size_t parts, uint32_t src)
{
    struct fold_term u = {.stride = 0};
    for (size_t i = 0; i < parts; i++)
        for (size_t j = 0; j < x[i]->n_terms; j++) {
            const struct fold_term *t = &x[i]->terms[j];
            if (t->src != src)
                continue;
            if (!u.stride) {
                u = *t;
                continue;
            }
            cn_require(t->stride == u.stride);
            int64_t bottom = larger(u.kh - u.pad_y, t->kh - t->pad_y), right = larger(u.kw - u.pad_x, t->kw - t->pad_x);
            u.pad_y = larger(u.pad_y, t->pad_y);
            u.pad_x = larger(u.pad_x, t->pad_x);
            u.kh = bottom + u.pad_y;
            u.kw = right + u.pad_x;
        }
    return u;
}

enum cnas_status cn_value_join(struct fold_value *y, const struct fold_value *const *x, size_t parts, int stack)
{
    size_t k = 0, n_terms = 0, first = 0;
    cn_require(parts);
    for (size_t i = 0; i < parts; i++) {
        cn_require(x[i]->h == x[0]->h && x[i]->w == x[0]->w && (stack || x[i]->k == x[0]->k));
        k += x[i]->k;
        n_terms += x[i]->n_terms;
    }
    enum cnas_status status = cn_value_init(y, stack ? (uint32_t)k : x[0]->k, x[0]->h, x[0]->w, n_terms);
    for (size_t i = 0; !status && i < parts; i++) {
        for (size_t j = 0; !status && j < x[i]->n_terms; j++) {
            const struct fold_term *t = &x[i]->terms[j];
            if (!term_of(y, t->src))
                status = cn_value_append(y, union_of(x, parts, t->src));
            if (status)
                break;
            struct fold_term *to = term_of(y, t->src);
            add_kernel(to, first, t, t->w, x[i]->k, to->pad_y - t->pad_y, to->pad_x - t->pad_x);
        }
        for (uint32_t c = 0; !status && c < x[i]->k; c++)
            y->bias[first + c] += x[i]->bias[c];
        first += stack ? x[i]->k : 0;
    }
    if (status)
        cn_value_clear(y);
    return status;
}

enum cnas_status cn_term_fit(double **w, const struct fold_term *t, const struct fold_value *v, const struct cnas_term *to,
                             const struct cnas_point *src)
{
    const int64_t dy = to->pad_y - t->pad_y, dx = to->pad_x - t->pad_x;
    *w = cn_mem_zalloc((size_t)v->k * t->c * to->kh, to->kw * sizeof **w);
    if (!*w)
        return CNAS_E_MEMORY;
    for (int64_t y = 0; y < t->kh; y++)
        for (int64_t x = 0; x < t->kw; x++) {
            if (y + dy < 0 || y + dy >= to->kh || x + dx < 0 || x + dx >= to->kw) {
                cn_require(!meets(y, t->stride, t->pad_y, src->h, v->h) || !meets(x, t->stride, t->pad_x, src->w, v->w));
                continue;
            }
            for (int64_t kc = 0; kc < (int64_t)v->k * t->c; kc++)
                (*w)[(kc * to->kh + y + dy) * to->kw + x + dx] = t->w[(kc * t->kh + y) * t->kw + x];
        }
    return CNAS_OK;
}
