/* im2col and dgemm for one term. */
#include "runtime/fixed/gemm.h"

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

#include <cblas.h>
#include <limits.h>
#include <string.h>

/* A row of the im2col matrix is one tap (c, y, x) at every output position; a 1x1 kernel with stride 1 and no padding needs no copy. */
static int is_pointwise(const struct cnas_term *t, const struct cnas_point *src, const struct cnas_point *dst)
{
    return t->kh == 1 && t->kw == 1 && t->pad_y == 0 && t->pad_x == 0 && dst->h == src->h && dst->w == src->w &&
           (t->stride == 1 || (src->h == 1 && src->w == 1));
}

enum cnas_status cn_gemm_scratch_init(struct cn_gemm_scratch *s, const struct cnas_model *m)
{
    memset(s, 0, sizeof *s);
    for (uint32_t i = 0; i < m->n_points; i++) {
        size_t size = (size_t)m->points[i].c * m->points[i].h * m->points[i].w;
        s->map_size = size > s->map_size ? size : s->map_size;
        s->sum_size = s->map_size;
    }
    for (uint32_t i = 0; i < m->n_terms; i++) {
        const struct cnas_term *t = &m->terms[i];
        const struct cnas_point *src = &m->points[t->src], *dst = &m->points[t->dst];
        size_t taps = (size_t)src->c * t->kh * t->kw, positions = (size_t)dst->h * dst->w, size;
        cn_require(taps <= INT_MAX && positions <= INT_MAX && dst->c <= INT_MAX);
        if (__builtin_mul_overflow(taps, positions, &size))
            return CNAS_E_MEMORY;
        if (!is_pointwise(t, src, dst) && size > s->col_size)
            s->col_size = size;
    }
    s->map = cn_mem_zalloc(s->map_size, sizeof(double));
    s->col = cn_mem_zalloc(s->col_size, sizeof(double));
    s->sum = cn_mem_zalloc(s->sum_size, sizeof(double));
    if (s->map && s->col && s->sum)
        return CNAS_OK;
    cn_gemm_scratch_clear(s);
    return CNAS_E_MEMORY;
}

void cn_gemm_scratch_clear(struct cn_gemm_scratch *s)
{
    cn_mem_wipe_free(s->map, s->map_size * sizeof(double));
    cn_mem_wipe_free(s->col, s->col_size * sizeof(double));
    cn_mem_wipe_free(s->sum, s->sum_size * sizeof(double));
    memset(s, 0, sizeof *s);
}

/* Output positions [first, end) whose tap at offset (tap - pad) lies inside a source axis of n. */
static void inside(int64_t *first, int64_t *end, int64_t tap, int64_t pad, int64_t stride, int64_t n, int64_t out)
{
    int64_t low = pad - tap; /* i * stride >= low */
    *first = low <= 0 ? 0 : (low + stride - 1) / stride;
    int64_t high = n - 1 + pad - tap; /* i * stride <= high */
    *end = high < 0 ? 0 : high / stride + 1;
    *first = *first < out ? *first : out;
    *end = *end < out ? *end : out;
    *end = *end > *first ? *end : *first;
}

static void im2col(double *col, const double *map, const struct cnas_term *t, const struct cnas_point *src, const struct cnas_point *dst)
{
    const int64_t oh = dst->h, ow = dst->w, s = t->stride;
    for (uint32_t c = 0; c < src->c; c++)
        for (uint32_t y = 0; y < t->kh; y++)
            for (uint32_t x = 0; x < t->kw; x++, col += oh * ow) {
                int64_t i0, i1, j0, j1;
                inside(&i0, &i1, y, t->pad_y, s, src->h, oh);
                inside(&j0, &j1, x, t->pad_x, s, src->w, ow);
                memset(col, 0, (size_t)(oh * ow) * sizeof *col);
                for (int64_t i = i0; i < i1; i++) {
                    const double *row = map + ((int64_t)c * src->h + i * s + y - t->pad_y) * src->w;
                    for (int64_t j = j0; j < j1; j++)
                        col[i * ow + j] = row[j * s + x - t->pad_x];
                }
            }
}

void cn_gemm_term(double *sum, const double *w, const double *map, double *col, const struct cnas_model *m, uint32_t term)
{
    const struct cnas_term *t = &m->terms[term];
    const struct cnas_point *src = &m->points[t->src], *dst = &m->points[t->dst];
    const int taps = (int)(src->c * t->kh * t->kw), positions = (int)(dst->h * dst->w), channels = (int)dst->c;
    const double *x = map;
    if (!is_pointwise(t, src, dst)) {
        im2col(col, map, t, src, dst);
        x = col;
    }
    if (positions == 1)
        cblas_dgemv(CblasRowMajor, CblasNoTrans, channels, taps, 1, w, taps, x, 1, 1, sum, 1);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, channels, positions, taps, 1, w, taps, x, positions, 1, sum, positions);
}
