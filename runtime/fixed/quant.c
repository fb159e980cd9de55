/* The quantised network as an object. */
#include "runtime/fixed/quant.h"

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/fixed/segment.h"

#include <math.h>
#include <stdlib.h>

size_t cn_term_size(const struct cnas_model *m, uint32_t term)
{
    const struct cnas_term *t = &m->terms[term];
    return (size_t)m->points[t->dst].c * m->points[t->src].c * t->kh * t->kw;
}

size_t cn_point_size(const struct cnas_model *m, uint32_t point)
{
    const struct cnas_point *p = &m->points[point];
    return (size_t)p->c * p->h * p->w;
}

size_t cn_point_taps(const struct cnas_model *m, uint32_t point)
{
    const struct cnas_point *p = &m->points[point];
    size_t taps = 0;
    for (uint32_t t = p->first_term; t < p->first_term + p->n_terms; t++)
        taps += cn_term_size(m, t) / p->c;
    return taps;
}

enum cnas_status cn_quant_new(struct cnas_fixed **out, const struct cnas_model *m)
{
    *out = NULL;
    cn_require(m->n_points >= 2 && m->points[0].kind == CNAS_POINT_INPUT);
    struct cnas_fixed *q = calloc(1, sizeof *q);
    if (!q)
        return CNAS_E_MEMORY;
    q->n_terms = m->n_terms;
    q->plan.n_points = m->n_points;
    q->plan.frac = calloc(m->n_points, sizeof *q->plan.frac);
    q->plan.shift = calloc(m->n_points, sizeof *q->plan.shift);
    q->weight_at = calloc(m->n_terms + 1, sizeof *q->weight_at);
    q->bias_at = calloc(m->n_points + 1, sizeof *q->bias_at);
    if (!q->plan.frac || !q->plan.shift || !q->weight_at || !q->bias_at)
        goto no_memory;
    for (uint32_t t = 0; t < m->n_terms; t++)
        q->weight_at[t + 1] = q->weight_at[t] + cn_term_size(m, t);
    for (uint32_t p = 0; p < m->n_points; p++)
        q->bias_at[p + 1] = q->bias_at[p] + (m->points[p].kind == CNAS_POINT_INPUT ? 0 : m->points[p].c);
    q->weights = cn_mem_zalloc(q->weight_at[m->n_terms], sizeof *q->weights);
    q->gemm_weights = cn_mem_zalloc(q->weight_at[m->n_terms], sizeof *q->gemm_weights);
    q->bias = cn_mem_zalloc(q->bias_at[m->n_points], sizeof *q->bias);
    if (!q->weights || !q->gemm_weights || !q->bias)
        goto no_memory;
    *out = q;
    return CNAS_OK;
no_memory:
    cnas_fixed_free(&q);
    return CNAS_E_MEMORY;
}

void cn_quant_seal(struct cnas_fixed *q)
{
    for (size_t i = 0; i < q->weight_at[q->n_terms]; i++)
        q->gemm_weights[i] = q->weights[i];
}

void cnas_fixed_free(struct cnas_fixed **fixed)
{
    struct cnas_fixed *q = *fixed;
    if (!q)
        return;
    if (q->weights)
        cn_mem_wipe_free(q->weights, q->weight_at[q->n_terms] * sizeof *q->weights);
    if (q->gemm_weights)
        cn_mem_wipe_free(q->gemm_weights, q->weight_at[q->n_terms] * sizeof *q->gemm_weights);
    if (q->bias)
        cn_mem_wipe_free(q->bias, q->bias_at[q->plan.n_points] * sizeof *q->bias);
    free(q->bias_at);
    free(q->weight_at);
    free(q->plan.shift);
    free(q->plan.frac);
    free(q);
    *fixed = NULL;
}

const struct cnas_fixed_plan *cnas_fixed_plan(const struct cnas_fixed *q)
{
    return &q->plan;
}

const int32_t *cn_fixed_weights(const struct cnas_fixed *q, uint32_t term)
{
    cn_require(term < q->n_terms);
    return q->weights + q->weight_at[term];
}

const uint64_t *cn_fixed_bias(const struct cnas_fixed *q, uint32_t point)
{
    cn_require(point > 0 && point < q->plan.n_points);
    return q->bias + q->bias_at[point];
}

void cnas_fixed_input(uint64_t *out, const float *image, const struct cnas_model *m, const struct cnas_fixed_plan *plan)
{
    const double scale = ldexp(1, plan->frac[0]), limit = ldexp(1, (int)plan->ring_bits - 2);
    size_t size = cn_point_size(m, 0);
    for (size_t i = 0; i < size; i++) {
        double v = nearbyint(image[i] * scale);
        v = v > -limit ? v : -limit; /* also where v is NaN */
        v = v < limit ? v : limit;
        out[i] = (uint64_t)(int64_t)v & cn_ring_mask(plan->ring_bits);
    }
}

void cn_fixed_activate(uint64_t *y, const uint64_t *z, const struct cnas_fixed_plan *plan, const struct cnas_model *m, uint32_t point)
{
    const unsigned l = plan->ring_bits, shift = plan->shift[point];
    const int64_t floor = m->points[point].kind == CNAS_POINT_RELU ? 0 : INT64_MIN;
    size_t size = cn_point_size(m, point);
    for (size_t i = 0; i < size; i++) {
        int64_t v = cn_fixed_signed(z[i], l);
        v = v > floor ? v : floor;
        y[i] = (uint64_t)(v >> shift) & cn_ring_mask(l);
    }
}
