/* Linear segments modulo 2^l by signed limbs through dgemm.
 *
 * With |limb| <= 2^(b-1), |weight| < 2^(w-1) and T products in a sum, every partial sum stays below T * 2^(b+w-2); it is exact in a
 * double while that is at most 2^53, so b = 55 - w - ceil(log2 T). For common networks one limb is enough. */
#include "runtime/fixed/segment.h"

#include "runtime/base/misuse.h"
#include "runtime/fixed/gemm.h"
#include "runtime/fixed/quant.h"
#include "runtime/kernel/blas.h"

#include <stdlib.h>
#include <string.h>

struct cn_fixed_workspace {
    struct cn_gemm_scratch scratch;
};

enum cnas_status cn_fixed_workspace_new(struct cn_fixed_workspace **out, const struct cnas_fixed *q, const struct cnas_model *m)
{
    *out = NULL;
    cn_require(q->plan.n_points == m->n_points && q->n_terms == m->n_terms);
    cn_kernel_blas_init();
    struct cn_fixed_workspace *ws = calloc(1, sizeof *ws);
    if (!ws)
        return CNAS_E_MEMORY;
    enum cnas_status status = cn_gemm_scratch_init(&ws->scratch, m);
    if (status) {
        free(ws);
        return status;
    }
    *out = ws;
    return CNAS_OK;
}

void cn_fixed_workspace_free(struct cn_fixed_workspace **ws)
{
    if (!*ws)
        return;
    cn_gemm_scratch_clear(&(*ws)->scratch);
    free(*ws);
    *ws = NULL;
}

static unsigned ceil_log2(size_t n)
{
    unsigned bits = 0;
    while (((size_t)1 << bits) < n)
        bits++;
    return bits;
}

/* Digit j of the signed value of x in base 2^b with digits in [-2^(b-1), 2^(b-1)): rounding to multiples of 2^(jb) is adding `carry`
 * = sum over i < j of 2^(ib + b - 1). The last digit takes all that is left, which is no larger. */
static void limb(double *out, const uint64_t *x, size_t n, unsigned l, unsigned b, unsigned j, int last)
{
    int64_t carry = 0;
    for (unsigned i = 0; i < j; i++)
        carry += (int64_t)1 << (i * b + b - 1);
    const unsigned drop = last ? 0 : 64 - b;
    for (size_t i = 0; i < n; i++) {
        int64_t v = (cn_fixed_signed(x[i], l) + carry) >> (j * b);
        out[i] = (double)((int64_t)((uint64_t)v << drop) >> drop);
    }
}

void cn_fixed_segment(uint64_t *z, const struct cnas_fixed *q, const struct cnas_model *m, struct cn_fixed_workspace *ws,
                      uint32_t point, const uint64_t *const *values)
{
    cn_require(point > 0 && point < m->n_points);
    const struct cnas_point *p = &m->points[point];
    const unsigned l = q->plan.ring_bits, used = q->plan.weight_bits + ceil_log2(cn_point_taps(m, point));
    cn_require(used <= 50); /* at least 5 bits a limb; a plan that asks for more was refused when it was made */
    const unsigned b = 55 - used, limbs = (l + b - 1) / b;
    const size_t positions = (size_t)p->h * p->w, size = p->c * positions;
    double *sum = ws->scratch.sum;
    for (uint32_t k = 0; k < p->c; k++)
        for (size_t i = 0; i < positions; i++)
            z[k * positions + i] = q->bias[q->bias_at[point] + k];
    for (unsigned j = 0; j < limbs; j++) {
        memset(sum, 0, size * sizeof *sum);
        for (uint32_t t = p->first_term; t < p->first_term + p->n_terms; t++) {
            uint32_t src = m->terms[t].src;
            limb(ws->scratch.map, values[src], cn_point_size(m, src), l, b, j, j + 1 == limbs);
            cn_gemm_term(sum, q->gemm_weights + q->weight_at[t], ws->scratch.map, ws->scratch.col, m, t);
        }
        for (size_t i = 0; i < size; i++)
            z[i] += (uint64_t)(int64_t)sum[i] << (j * b);
    }
    for (size_t i = 0; i < size; i++)
        z[i] &= cn_ring_mask(l);
}
