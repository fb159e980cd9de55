/* Scales, ring and integer weights. */
#include "runtime/fixed/quantise.h"

#include <math.h>

enum { WIDEST_SUM = 50 /* weight_bits + ceil(log2 taps); segment.c needs limbs of at least 5 bits below 2^53 */ };

/* The smallest e with v < 2^e; 0 for v = 0: a map that is always zero gets an ordinary scale. */
static int exponent(double v)
{
    int e = 0;
    if (v > 0)
        frexp(v, &e);
    return e;
}

static double largest(const double *w, size_t n)
{
    double max = 0;
    for (size_t i = 0; i < n; i++)
        max = fmax(max, fabs(w[i]));
    return max;
}

/* The largest x such that w * 2^x, rounded, stays below 2^(bits - 1). */
static int widest_exponent(double w, unsigned bits)
{
    int x = (int)bits - 1 - exponent(w);
    return nearbyint(ldexp(w, x)) < ldexp(1, (int)bits - 1) ? x : x - 1;
}

int cn_quant_fits_limbs(const struct cnas_model *m, unsigned weight_bits)
{
    for (uint32_t p = 1; p < m->n_points; p++)
        if (weight_bits + exponent((double)cn_point_taps(m, p)) > WIDEST_SUM)
            return 0;
    return 1;
}

/* The scale of z at point p; *lowest: the least exponent of its terms' weights. */
static int sum_scale(const struct cnas_fixed *q, const struct cnas_model *m, const struct cnas_fold *f, uint32_t p, unsigned weight_bits)
{
    const struct cnas_point *point = &m->points[p];
    int scale = CN_FRAC_MAX;
    for (uint32_t t = point->first_term; t < point->first_term + point->n_terms; t++) {
        int x = q->plan.frac[m->terms[t].src] + widest_exponent(largest(f->weights[t], cn_term_size(m, t)), weight_bits);
        scale = x < scale ? x : scale;
    }
    return scale;
}

static enum cnas_status choose_plan(struct cnas_fixed *q, const struct cnas_model *m, const struct cnas_fold *f,
                                    const struct cn_ranges *r, unsigned activation_bits, unsigned weight_bits, unsigned headroom_bits)
{
    int ring = (int)activation_bits + 2;
    for (uint32_t p = 0; p < m->n_points; p++) {
        int frac = (int)activation_bits - exponent(r->y_max[p]), scale = frac;
        if (p > 0)
            scale = sum_scale(q, m, f, p, weight_bits);
        if (frac > scale || m->points[p].kind == CNAS_POINT_OUTPUT)
            frac = scale;
        if (frac < -CN_FRAC_MAX || scale > CN_FRAC_MAX)
            return CNAS_E_RANGE;
        q->plan.frac[p] = (int8_t)frac;
        q->plan.shift[p] = (uint8_t)(scale - frac);
        int bits = exponent(r->z_max[p]) + scale + 1 + (int)headroom_bits;
        bits = bits > scale - frac + 2 ? bits : scale - frac + 2; /* something is left after the shift */
        ring = bits > ring ? bits : ring;
    }
    if (ring > CN_RING_BITS_MAX)
        return CNAS_E_RANGE;
    q->plan.ring_bits = (uint32_t)(ring < CN_RING_BITS_MIN ? CN_RING_BITS_MIN : ring);
    q->plan.weight_bits = weight_bits;
    return CNAS_OK;
}

enum cnas_status cn_quantise(struct cnas_fixed *q, const struct cnas_model *m, const struct cnas_fold *f, const struct cn_ranges *r,
                             unsigned activation_bits, unsigned weight_bits, unsigned headroom_bits)
{
    enum cnas_status status = choose_plan(q, m, f, r, activation_bits, weight_bits, headroom_bits);
    if (status)
        return status;
    for (uint32_t t = 0; t < m->n_terms; t++) {
        const uint32_t dst = m->terms[t].dst;
        const int x = q->plan.frac[dst] + q->plan.shift[dst] - q->plan.frac[m->terms[t].src];
        int32_t *w = q->weights + q->weight_at[t];
        for (size_t i = 0; i < cn_term_size(m, t); i++)
            w[i] = (int32_t)nearbyint(ldexp(f->weights[t][i], x));
    }
    for (uint32_t p = 1; p < m->n_points; p++)
        for (uint32_t k = 0; k < m->points[p].c; k++) {
            double b = nearbyint(ldexp(f->bias[p][k], q->plan.frac[p] + q->plan.shift[p]));
            if (!(fabs(b) < 0x1p62))
                return CNAS_E_RANGE;
            uint64_t rounding = q->plan.shift[p] ? UINT64_C(1) << (q->plan.shift[p] - 1) : 0;
            q->bias[q->bias_at[p] + k] = ((uint64_t)(int64_t)b + rounding) & cn_ring_mask(q->plan.ring_bits);
        }
    cn_quant_seal(q);
    return CNAS_OK;
}
