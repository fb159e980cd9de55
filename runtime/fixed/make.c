/* cnas_fixed_make: fold, measure, choose widths, quantise.
 *
 * Choosing: garbled circuits cost in proportion to the ring's bits. So find the smallest ring in which, for some number of
 * activation bits, the float network's label comes out on all but one in ACCEPT_ONE_IN of the calibration images: bisection over
 * the ring (more bits agree better, but for luck on single images). The activation bits that are worth a try lie about ring/2 - 4:
 * more leave no room for weights, fewer lose the activations. Where no ring agrees so well, it is the widest one, with the
 * activation bits that change the fewest labels. */
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/fixed/quantise.h"

#include <stdlib.h>

enum {
    RING_MOST = 40,     /* beyond, float's own labels are the limit */
    WEIGHT_DEFAULT = 14,
    HEADROOM_DEFAULT = 2,
    ACTIVATION_OFFSET = 5, /* the first try is ring/2 - this */
    ACTIVATION_TRIES = 4,
    ACTIVATION_LEAST = 3,
    ACTIVATION_MOST = 30,
    BLOCK = 64,         /* images between two looks at the count */
    ACCEPT_ONE_IN = 1000
};

struct search {
    struct cnas_ctx *ctx;
    const struct cnas_model *m;
    const struct cnas_fold *f;
    const struct cn_ranges *r;
    const float *images;
    size_t n, allowed;
    struct cnas_fixed_options options; /* widths that are not 0 stay */
    uint64_t *input;                   /* (BLOCK, C*H*W) */
    int64_t *logits;                   /* (BLOCK, classes) */
};

struct choice {
    struct cn_widths widths;
    size_t different; /* labels */
};

/* Stops early when there are more than `limit`. */
static enum cnas_status count_different(size_t *different, const struct search *s, const struct cnas_fixed *q, size_t limit)
{
    const size_t size = cn_point_size(s->m, 0), classes = s->m->classes;
    *different = 0;
    for (size_t at = 0; at < s->n && *different <= limit; at += BLOCK) {
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

/* Looks for activation bits in this ring with at most `limit` different labels; *best is the choice with the fewest, if *found. */
static enum cnas_status try_ring(int *found, struct choice *best, const struct search *s, struct cnas_fixed *q, unsigned ring_bits,
                                 size_t limit)
{
    *found = 0;
    const int fixed = (int)s->options.activation_bits, first = fixed ? fixed : (int)ring_bits / 2 - ACTIVATION_OFFSET;
    for (int a = first; a < first + (fixed ? 1 : ACTIVATION_TRIES); a++) {
        if (a < ACTIVATION_LEAST && !fixed)
            continue;
        unsigned weight_bits = s->options.weight_bits < ring_bits ? s->options.weight_bits : ring_bits - 1;
        struct choice c = {{ring_bits, (unsigned)a, weight_bits, s->options.headroom_bits}, 0};
        enum cnas_status status = cn_quantise(q, s->m, s->f, s->r, &c.widths);
        if (status == CNAS_E_RANGE)
            continue;
        if (!status)
            status = count_different(&c.different, s, q, limit);
        if (status)
            return status;
        if (c.different > limit)
            continue;
        *found = 1;
        *best = c;
        if (c.different == 0)
            break;
        limit = c.different - 1;
    }
    return CNAS_OK;
}

static enum cnas_status choose(struct choice *best, const struct search *s, struct cnas_fixed *q)
{
    const unsigned fixed = s->options.ring_bits;
    int found = 0, any = 0;
    for (unsigned low = CN_RING_BITS_MIN, high = RING_MOST; !fixed && low <= high;) {
        const unsigned middle = (low + high) / 2;
        enum cnas_status status = try_ring(&found, best, s, q, middle, s->allowed);
        if (status)
            return status;
        any |= found;
        if (found)
            high = middle - 1;
        else
            low = middle + 1;
    }
    if (any)
        return CNAS_OK;
    enum cnas_status status = try_ring(&found, best, s, q, fixed ? fixed : RING_MOST, SIZE_MAX);
    return status ? status : found ? CNAS_OK : CNAS_E_RANGE;
}

static enum cnas_status make(struct cnas_fixed *q, struct cnas_fold *f, struct search *s, const float *params, struct cnas_error *err)
{
    struct cn_ranges r = {0};
    struct choice c;
    enum cnas_status status = s->m->fold(f, params);
    if (!status)
        status = cn_ranges_measure(&r, s->ctx, s->m, f, s->images, s->n);
    if (status) {
        cn_error(err, status, "%s", status == CNAS_E_RANGE ? "the network's values are not finite on the calibration images"
                                                           : "no memory to calibrate the fixed-point network");
        goto out;
    }
    s->f = f;
    s->r = &r;
    status = choose(&c, s, q);
    if (!status)
        status = cn_quantise(q, s->m, f, &r, &c.widths);
    if (status == CNAS_E_RANGE)
        cn_error(err, status, "the network's range fits no ring of at most %u bits; give other widths",
                 s->options.ring_bits ? s->options.ring_bits : RING_MOST);
    else if (status)
        cn_error(err, status, "no memory to quantise the network");
out:
    cn_ranges_clear(&r);
    return status;
}

static int options_are_sound(const struct cnas_fixed_options *o, const struct cnas_model *m)
{
    return o->activation_bits <= ACTIVATION_MOST && o->headroom_bits <= 30 && o->weight_bits >= CN_WEIGHT_BITS_MIN &&
           o->weight_bits <= CN_WEIGHT_BITS_MAX && cn_quant_fits_limbs(m, o->weight_bits) &&
           (!o->ring_bits || (o->ring_bits >= CN_RING_BITS_MIN && o->ring_bits <= CN_RING_BITS_MAX));
}

enum cnas_status cnas_fixed_make(struct cnas_fixed **out, struct cnas_ctx *ctx, const struct cnas_model *m, const float *params,
                                 const float *images, size_t n, const struct cnas_fixed_options *options, struct cnas_error *err)
{
    struct search s = {.ctx = ctx, .m = m, .images = images, .n = n, .allowed = n / ACCEPT_ONE_IN};
    struct cnas_fold *f = NULL;
    struct cnas_fixed *q = NULL;
    *out = NULL;
    if (options)
        s.options = *options;
    if (!s.options.headroom_bits)
        s.options.headroom_bits = HEADROOM_DEFAULT;
    if (!s.options.weight_bits)
        s.options.weight_bits = WEIGHT_DEFAULT;
    if (!m->n_points)
        return cn_error(err, CNAS_E_RANGE, "network %s was compiled for the clear alone, without fixed-point arithmetic", m->name);
    if (!n)
        return cn_error(err, CNAS_E_RANGE, "calibration needs at least one image");
    if (!options_are_sound(&s.options, m))
        return cn_error(err, CNAS_E_RANGE, "fixed-point widths: ring %d to %d bits, activations 1 to %d, weights %d to %d, headroom 1 to 30",
                        CN_RING_BITS_MIN, CN_RING_BITS_MAX, ACTIVATION_MOST, CN_WEIGHT_BITS_MIN, CN_WEIGHT_BITS_MAX);
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
