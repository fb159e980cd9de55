/* Scales, and weights rounded with as little harm as possible.
 *
 * Scales: the terms of point p must agree on the scale F of their sum: frac[src] + exponent of the term's weights = F. F is the
 * largest for which every calibrated |z| * 2^F stays below the ring's half with headroom, and every weight within its width. So the
 * weights of each segment get whatever precision the ring has room for, which costs nothing: garbling pays for the ring alone.
 *
 * Rounding: neighbours in a feature map are alike, so what matters of a kernel is its sum more than its single taps. Each tap is
 * rounded with the error of the tap before it added (one-dimensional error diffusion along a serpentine through the kernel of one
 * output and one input channel); the sum is then exact to half a unit, also for the large flat kernels of pooled linear layers.
 *
 * What is left is made up for on average: the error of the weights on the mean calibration image is a constant for each channel, and
 * the bias takes it away (Nagel, van Baalen, Blankevoort, Welling, "Data-free quantization through weight equalization and bias
 * correction", ICCV 2019, section 4.2; here the mean is measured, over positions too, instead of derived from batch norm). */
#include "runtime/fixed/quantise.h"

#include "runtime/base/mem.h"
#include "runtime/fixed/gemm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDEST_SUM = 50 /* weight_bits + ceil(log2 taps); segment.c needs limbs of at least 5 bits below 2^53 */ };

/* The smallest e with v < 2^e; 0 for v = 0: a map that is always zero gets an ordinary scale. */
static int exponent(double v)
{
    int e = 0;
    if (v > 0)
        frexp(v, &e);
    return e;
}

int cn_quant_fits_limbs(const struct cnas_model *m, unsigned weight_bits)
{
    for (uint32_t p = 1; p < m->n_points; p++)
        if (weight_bits + exponent((double)cn_point_taps(m, p)) > WIDEST_SUM)
            return 0;
    return 1;
}

/* The largest x such that the term's weights times 2^x stay below 2^(bits - 1) after diffusion, which adds up to 1. */
static int widest_exponent(const double *w, size_t n, unsigned bits)
{
    double max = 0;
    for (size_t i = 0; i < n; i++)
        max = fmax(max, fabs(w[i]));
    if (max == 0)
        return 4 * CN_FRAC_MAX; /* no limit */
    int x = (int)bits - 1 - exponent(max);
    return ldexp(max, x) <= ldexp(1, (int)bits - 1) - 2 ? x : x - 1;
}

static enum cnas_status choose_plan(struct cnas_fixed *q, const struct cnas_model *m, const struct cnas_fold *f,
                                    const struct cn_ranges *r, const struct cn_widths *widths)
{
    q->plan.ring_bits = widths->ring_bits;
    for (uint32_t p = 0; p < m->n_points; p++) {
        const struct cnas_point *point = &m->points[p];
        /* an input may be clamped, but only beyond 2^(l-2); a sum must not wrap */
        int room = (int)widths->ring_bits - 1 - (int)(p ? widths->headroom_bits : 1), scale = room - exponent(r->z_max[p]);
        for (uint32_t t = point->first_term; t < point->first_term + point->n_terms; t++) {
            int x = q->plan.frac[m->terms[t].src] + widest_exponent(f->weights[t], cn_term_size(m, t), widths->weight_bits);
            scale = x < scale ? x : scale;
        }
        int frac = (int)widths->activation_bits - exponent(r->y_max[p]);
        if (point->kind == CNAS_POINT_INPUT) {
            if (frac > scale)
                return CNAS_E_RANGE;
            scale = frac;
        } else if (frac > scale || point->kind == CNAS_POINT_OUTPUT) {
            frac = scale;
        }
        if (frac < -CN_FRAC_MAX || scale > CN_FRAC_MAX || scale - frac > (int)widths->ring_bits - 2)
            return CNAS_E_RANGE;
        q->plan.frac[p] = (int8_t)frac;
        q->plan.shift[p] = (uint8_t)(scale - frac);
    }
    return CNAS_OK;
}

/* out, w: one kernel (kh, kw), rounded at scale 2^x. */
static void diffuse(int32_t *out, const double *w, size_t kh, size_t kw, int x)
{
    double error = 0;
    for (size_t a = 0; a < kh; a++)
        for (size_t b = 0; b < kw; b++) {
            size_t at = a * kw + (a % 2 ? kw - 1 - b : b);
            double v = ldexp(w[at], x) + error, rounded = nearbyint(v);
            error = v - rounded;
            out[at] = (int32_t)rounded;
        }
}

static int weight_exponent(const struct cnas_fixed *q, const struct cnas_term *t)
{
    return q->plan.frac[t->dst] + q->plan.shift[t->dst] - q->plan.frac[t->src];
}

static void round_weights(struct cnas_fixed *q, const struct cnas_model *m, const struct cnas_fold *f)
{
    int32_t largest = 1;
    for (uint32_t t = 0; t < m->n_terms; t++) {
        const struct cnas_term *term = &m->terms[t];
        const size_t size = cn_term_size(m, t), kernel = (size_t)term->kh * term->kw;
        int32_t *w = q->weights + q->weight_at[t];
        for (size_t i = 0; i < size; i += kernel)
            diffuse(w + i, f->weights[t] + i, term->kh, term->kw, weight_exponent(q, term));
        for (size_t i = 0; i < size; i++)
            largest = abs(w[i]) > largest ? abs(w[i]) : largest;
    }
    q->plan.weight_bits = (uint32_t)exponent(largest) + 1;
}

/* error (h*w of them for each channel) += what the rounded weights of the point miss on the mean maps. delta: scratch. */
static void mean_error(double *error, double *delta, double *col, const struct cnas_fixed *q, const struct cnas_model *m,
                       const struct cnas_fold *f, const struct cn_ranges *r, uint32_t p)
{
    for (uint32_t t = m->points[p].first_term; t < m->points[p].first_term + m->points[p].n_terms; t++) {
        const int x = weight_exponent(q, &m->terms[t]);
        for (size_t i = 0; i < cn_term_size(m, t); i++)
            delta[i] = f->weights[t][i] - ldexp(q->weights[q->weight_at[t] + i], -x);
        cn_gemm_term(error, delta, r->mean + r->mean_at[m->terms[t].src], col, m, t);
    }
}

static enum cnas_status round_biases(struct cnas_fixed *q, const struct cnas_model *m, const struct cnas_fold *f,
                                     const struct cn_ranges *r)
{
    struct cn_gemm_scratch scratch;
    size_t most = 0;
    for (uint32_t t = 0; t < m->n_terms; t++)
        most = cn_term_size(m, t) > most ? cn_term_size(m, t) : most;
    double *delta = cn_mem_alloc(most, sizeof *delta);
    enum cnas_status status = cn_gemm_scratch_init(&scratch, m);
    if (!delta)
        status = CNAS_E_MEMORY;
    for (uint32_t p = 1; p < m->n_points && !status; p++) {
        const size_t hw = (size_t)m->points[p].h * m->points[p].w;
        const int scale = q->plan.frac[p] + q->plan.shift[p];
        memset(scratch.sum, 0, cn_point_size(m, p) * sizeof *scratch.sum);
        mean_error(scratch.sum, delta, scratch.col, q, m, f, r, p);
        for (uint32_t k = 0; k < m->points[p].c; k++) {
            double b = 0;
            for (size_t i = 0; i < hw; i++)
                b += scratch.sum[k * hw + i];
            b = nearbyint(ldexp(f->bias[p][k] + b / (double)hw, scale));
            if (!(fabs(b) < 0x1p62))
                status = CNAS_E_RANGE;
            uint64_t rounding = q->plan.shift[p] ? UINT64_C(1) << (q->plan.shift[p] - 1) : 0;
            q->bias[q->bias_at[p] + k] = ((status ? 0 : (uint64_t)(int64_t)b) + rounding) & cn_ring_mask(q->plan.ring_bits);
        }
    }
    cn_gemm_scratch_clear(&scratch);
    if (delta)
        cn_mem_wipe_free(delta, most * sizeof *delta);
    return status;
}

enum cnas_status cn_quantise(struct cnas_fixed *q, const struct cnas_model *m, const struct cnas_fold *f, const struct cn_ranges *r,
                             const struct cn_widths *widths)
{
    enum cnas_status status = choose_plan(q, m, f, r, widths);
    if (status)
        return status;
    round_weights(q, m, f);
    status = round_biases(q, m, f, r);
    cn_quant_seal(q);
    return status;
}
