/* cnas_fixed_make: fold, measure, choose widths, quantise.
 *
 * Choosing: garbled circuits cost in proportion to the ring's bits, and those grow with S = activation_bits + weight_bits. So find
 * the smallest S at which some split of it gives the float network's label on all but one in ACCEPT_ONE_IN of the calibration
 * images: bisection over S (more bits agree better, but for luck on single images), and among the splits of that S the smallest
 * ring, then the fewest different labels. A width that the caller fixed is not searched. */
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/fixed/quantise.h"

#include <stdlib.h>

enum {
    ACTIVATION_LEAST = 4,
    ACTIVATION_MOST = 16,
    WEIGHT_LEAST = 4,
    WEIGHT_MOST = 16,
    SPLITS = 3,       /* on each side of equal halves */
    BLOCK = 64,       /* images between two looks at the count */
    ACCEPT_ONE_IN = 1000,
    HEADROOM = 2
};

struct search {
    struct cnas_ctx *ctx;
    const struct cnas_model *m;
    const struct cnas_fold *f;
    const struct cn_ranges *r;
    const float *images;
    size_t n, allowed;
    struct cnas_fixed_options fixed; /* widths that are not 0 stay */
    uint64_t *input;                 /* (BLOCK, C*H*W) */
    int64_t *logits;                 /* (BLOCK, classes) */
};

struct choice {
    unsigned activation_bits, weight_bits, ring_bits;
    size_t different; /* labels; above `allowed`: at least that many */
};

static enum cnas_status count_different(size_t *different, const struct search *s, const struct cnas_fixed *q)
{
    const size_t size = cn_point_size(s->m, 0), classes = s->m->classes;
    *different = 0;
    for (size_t at = 0; at < s->n && *different <= s->allowed; at += BLOCK) {
        size_t n = s->n - at < BLOCK ? s->n - at : BLOCK;
        for (size_t i = 0; i < n; i++)
            cnas_fixed_input(s->input + i * size, s->images + (at + i) * size, s->m, &q->plan);
        enum cnas_status status = cnas_fixed_infer(q, s->m, s->ctx, s->logits, s->input, n);
        if (status)
            return status;
        for (size_t i = 0; i < n; i++) {
            const int64_t *logits = s->logits + i * classes;
            size_t best = 0;
            for (size_t c = 1; c < classes; c++)
                best = logits[c] > logits[best] ? c : best;
            *different += best != s->r->label[at + i];
        }
    }
    return CNAS_OK;
}

static int is_better(const struct choice *a, const struct choice *b)
{
    if (a->ring_bits != b->ring_bits)
        return a->ring_bits < b->ring_bits;
    return a->different < b->different;
}

/* Looks at the splits of `sum`; *found: some split is good, *best is the best of them. */
static enum cnas_status try_sum(int *found, struct choice *best, const struct search *s, struct cnas_fixed *q, unsigned sum)
{
    *found = 0;
    for (int d = -SPLITS; d <= SPLITS; d++) {
        int a = (int)sum / 2 + d, w = (int)sum - a;
        a = s->fixed.activation_bits ? (int)s->fixed.activation_bits : a;
        w = s->fixed.weight_bits ? (int)s->fixed.weight_bits : w;
        if (a + w != (int)sum || a < ACTIVATION_LEAST || a > ACTIVATION_MOST || w < WEIGHT_LEAST || w > WEIGHT_MOST ||
            !cn_quant_fits_limbs(s->m, (unsigned)w))
            continue;
        struct choice c = {(unsigned)a, (unsigned)w, 0, 0};
        enum cnas_status status = cn_quantise(q, s->m, s->f, s->r, c.activation_bits, c.weight_bits, s->fixed.headroom_bits);
        if (status == CNAS_E_RANGE)
            continue;
        c.ring_bits = q->plan.ring_bits;
        if (!status)
            status = count_different(&c.different, s, q);
        if (status)
            return status;
        if (c.different <= s->allowed && (!*found || is_better(&c, best))) {
            *found = 1;
            *best = c;
        }
    }
    return CNAS_OK;
}

static enum cnas_status choose(struct choice *best, const struct search *s, struct cnas_fixed *q)
{
    unsigned low = ACTIVATION_LEAST + WEIGHT_LEAST, high = ACTIVATION_MOST + WEIGHT_MOST;
    int any = 0;
    while (low <= high) {
        unsigned middle = (low + high) / 2;
        struct choice c;
        int found;
        enum cnas_status status = try_sum(&found, &c, s, q, middle);
        if (status)
            return status;
        if (found) {
            any = 1;
            *best = c;
            high = middle - 1;
        } else {
            low = middle + 1;
        }
    }
    return any ? CNAS_OK : CNAS_E_RANGE;
}

static enum cnas_status make(struct cnas_fixed *q, struct cnas_fold *f, struct search *s, const float *params, struct cnas_error *err)
{
    const struct cnas_model *m = s->m;
    struct cn_ranges r = {0};
    struct choice c = {s->fixed.activation_bits, s->fixed.weight_bits, 0, 0};
    enum cnas_status status = m->fold(f, params);
    if (!status)
        status = cn_ranges_measure(&r, s->ctx, m, f, s->images, s->n);
    if (status) {
        cn_error(err, status, status == CNAS_E_RANGE ? "the network's values are not finite on the calibration images" : "out of memory");
        goto out;
    }
    s->f = f;
    s->r = &r;
    if (!c.activation_bits || !c.weight_bits) {
        status = choose(&c, s, q);
        if (status == CNAS_E_RANGE) {
            cn_error(err, status, "no fixed-point plan of at most %d ring bits gives the float network's labels; give the widths by hand",
                     CN_RING_BITS_MAX);
            goto out;
        }
    }
    if (!status)
        status = cn_quantise(q, m, f, &r, c.activation_bits, c.weight_bits, s->fixed.headroom_bits);
    if (status)
        cn_error(err, status, status == CNAS_E_RANGE ? "the network's range needs more than %d ring bits" : "out of memory (%d-bit ring)",
                 CN_RING_BITS_MAX);
out:
    cn_ranges_clear(&r);
    return status;
}

enum cnas_status cnas_fixed_make(struct cnas_fixed **out, struct cnas_ctx *ctx, const struct cnas_model *m, const float *params,
                                 const float *images, size_t n, const struct cnas_fixed_options *options, struct cnas_error *err)
{
    struct search s = {.ctx = ctx, .m = m, .images = images, .n = n, .allowed = n / ACCEPT_ONE_IN};
    struct cnas_fold *f = NULL;
    struct cnas_fixed *q = NULL;
    *out = NULL;
    if (options)
        s.fixed = *options;
    if (!s.fixed.headroom_bits)
        s.fixed.headroom_bits = HEADROOM;
    if (!n)
        return cn_error(err, CNAS_E_RANGE, "calibration needs at least one image");
    if (s.fixed.activation_bits > 30 || s.fixed.headroom_bits > 30 ||
        (s.fixed.weight_bits && (s.fixed.weight_bits < CN_WEIGHT_BITS_MIN || s.fixed.weight_bits > CN_WEIGHT_BITS_MAX ||
                                 !cn_quant_fits_limbs(m, s.fixed.weight_bits))))
        return cn_error(err, CNAS_E_RANGE, "fixed-point widths: activations 1 to 30 bits, weights %d to %d, headroom 1 to 30",
                        CN_WEIGHT_BITS_MIN, CN_WEIGHT_BITS_MAX);
    s.input = cn_mem_alloc(BLOCK * cn_point_size(m, 0), sizeof *s.input);
    s.logits = cn_mem_alloc((size_t)BLOCK * m->classes, sizeof *s.logits);
    enum cnas_status status = s.input && s.logits ? cn_fold_new(&f, m) : CNAS_E_MEMORY;
    if (!status)
        status = cn_quant_new(&q, m);
    if (status)
        cn_error(err, status, "no memory for the fixed-point network");
    else
        status = make(q, f, &s, params, err);
    cn_fold_free(&f);
    cn_mem_free(s.logits);
    cn_mem_free(s.input);
    if (status)
        cnas_fixed_free(&q);
    *out = q;
    return status;
}
