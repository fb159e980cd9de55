/* From model and plan to encryption parameters, map layouts and reply groups. */
#include "runtime/party/layout.h"

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

#include <string.h>

static void check_model(const struct cnas_model *m)
{
    uint32_t terms = 0;
    cn_require(m->n_points >= 2);
    for (uint32_t p = 0; p < m->n_points; p++) {
        const struct cnas_point *at = &m->points[p];
        cn_require((at->kind == CNAS_POINT_INPUT) == (p == 0));
        cn_require((at->kind == CNAS_POINT_OUTPUT) == (p == m->n_points - 1));
        cn_require(at->first_term == terms || at->n_terms == 0);
        cn_require((at->n_terms == 0) == (p == 0));
        for (uint32_t t = at->first_term; t < at->first_term + at->n_terms; t++) {
            cn_require(t < m->n_terms && m->terms[t].dst == p && m->terms[t].src < p);
            for (uint32_t u = at->first_term; u < t; u++)
                cn_require(m->terms[u].src != m->terms[t].src);
        }
        terms += at->n_terms;
    }
    cn_require(terms == m->n_terms);
    const struct cnas_point *in = m->points, *out = &m->points[m->n_points - 1];
    cn_require(in->c == m->c && in->h == m->h && in->w == m->w);
    cn_require((size_t)out->c * out->h * out->w == m->classes);
}

static enum cnas_status allocate(struct cn_layout *l)
{
    size_t points = l->m->n_points, terms = l->m->n_terms;
    l->size = cn_mem_zalloc(points, sizeof *l->size);
    l->source = cn_mem_zalloc(points, sizeof *l->source);
    l->map = cn_mem_zalloc(points, sizeof *l->map);
    l->map_bytes = cn_mem_zalloc(points, sizeof *l->map_bytes);
    l->first_reply = cn_mem_zalloc(points + 1, sizeof *l->first_reply);
    l->shape = cn_mem_zalloc(terms, sizeof *l->shape);
    l->reply = cn_mem_zalloc(terms, sizeof *l->reply);
    l->reply_terms = cn_mem_zalloc(terms, sizeof *l->reply_terms);
    bool ok = l->size && l->source && l->map && l->map_bytes && l->first_reply && l->shape && l->reply && l->reply_terms;
    return ok ? CNAS_OK : CNAS_E_MEMORY;
}

void cn_layout_clear(struct cn_layout *l)
{
    cn_mem_free(l->size);
    cn_mem_free(l->source);
    cn_mem_free(l->map);
    cn_mem_free(l->map_bytes);
    cn_mem_free(l->first_reply);
    cn_mem_free(l->shape);
    cn_mem_free(l->reply);
    cn_mem_free(l->reply_terms);
    memset(l, 0, sizeof *l);
}

static void set_shape(struct cn_he_term_shape *s, const struct cnas_model *m, uint32_t term)
{
    const struct cnas_term *t = &m->terms[term];
    const struct cnas_point *dst = &m->points[t->dst];
    *s = (struct cn_he_term_shape){.k = dst->c, .oh = dst->h, .ow = dst->w, .kh = t->kh, .kw = t->kw, .stride = t->stride,
                                   .pad_y = t->pad_y, .pad_x = t->pad_x};
}

/* The gap of each source and the need of the whole network. The need is counted as if every term had a reply of its own and
 * all terms of a point met in one: then it does not depend on the parameters that it chooses. */
static void set_need(struct cn_layout *l, uint32_t *gap, const struct cnas_fixed_plan *plan)
{
    const struct cnas_model *m = l->m;
    l->need = (struct cn_he_need){.ring_bits = plan->ring_bits, .weight_bits = plan->weight_bits};
    for (uint32_t p = 0; p < m->n_points; p++) {
        const struct cnas_point *at = &m->points[p];
        uint64_t taps = 0;
        l->size[p] = (size_t)at->c * at->h * at->w;
        l->largest_point = l->size[p] > l->largest_point ? l->size[p] : l->largest_point;
        for (uint32_t t = at->first_term; t < at->first_term + at->n_terms; t++) {
            const struct cnas_term *term = &m->terms[t];
            const struct cnas_point *src = &m->points[term->src];
            set_shape(&l->shape[t], m, t);
            uint32_t g = cn_he_term_gap(src->h, src->w, &l->shape[t]);
            gap[term->src] = g > gap[term->src] ? g : gap[term->src];
            l->source[term->src] = true;
            taps += (uint64_t)src->c * term->kh * term->kw;
            l->need.reply_values += l->size[p];
        }
        l->need.max_taps = taps > l->need.max_taps ? taps : l->need.max_taps;
    }
    for (uint32_t p = 0; p < m->n_points; p++)
        if (l->source[p]) {
            uint64_t plane = (uint64_t)(m->points[p].h + gap[p]) * (m->points[p].w + gap[p]);
            l->need.max_plane = plane > l->need.max_plane ? plane : l->need.max_plane;
        }
}

/* Terms of a point go to the first reply that they fit, in order. */
static void set_replies(struct cn_layout *l)
{
    const struct cnas_model *m = l->m;
    uint32_t replies = 0, placed = 0;
    for (uint32_t p = 0; p < m->n_points; p++) {
        const struct cnas_point *at = &m->points[p];
        uint32_t end = at->first_term + at->n_terms;
        l->first_reply[p] = replies;
        for (uint32_t t = at->first_term; t < end; t++) {
            bool first = true; /* of its kind */
            for (uint32_t u = at->first_term; u < t; u++)
                first = first && !cn_he_same_reply(&l->shape[u], &l->shape[t]);
            if (!first)
                continue;
            struct cn_reply *r = &l->reply[replies++];
            *r = (struct cn_reply){.point = p, .first = placed, .bytes = cn_he_reply_bytes(l->params, &l->shape[t], l->ring_bits)};
            for (uint32_t u = t; u < end; u++)
                if (cn_he_same_reply(&l->shape[t], &l->shape[u]))
                    l->reply_terms[placed++] = u;
            r->n = placed - r->first;
            l->largest_message = r->bytes > l->largest_message ? r->bytes : l->largest_message;
        }
    }
    l->first_reply[m->n_points] = replies;
    cn_require(placed == m->n_terms);
}

enum cnas_status cn_layout_init(struct cn_layout *l, const struct cnas_model *m, const struct cnas_fixed_plan *plan,
                                struct cnas_error *err)
{
    check_model(m);
    cn_require(plan->n_points == m->n_points);
    memset(l, 0, sizeof *l);
    l->m = m;
    l->ring_bits = plan->ring_bits;
    uint32_t *gap = cn_mem_zalloc(m->n_points, sizeof *gap);
    enum cnas_status status = gap ? allocate(l) : CNAS_E_MEMORY;
    if (status != CNAS_OK) {
        status = cn_error(err, status, "no memory for the layout of the private network");
        goto out;
    }
    set_need(l, gap, plan);
    const char *why;
    l->params = cn_he_params_pick(&l->need, &why);
    if (!l->params) {
        status = cn_error(err, CNAS_E_RANGE, "no encryption parameters for a ring of %u bits and weights of %u bits: %s",
                          (unsigned)plan->ring_bits, (unsigned)plan->weight_bits, why);
        goto out;
    }
    for (uint32_t p = 0; p < m->n_points && status == CNAS_OK; p++) {
        const struct cnas_point *at = &m->points[p];
        cn_require(l->source[p] || at->kind == CNAS_POINT_OUTPUT); /* the compiler leaves nothing that nobody reads */
        if (!l->source[p])
            continue;
        status = cn_he_map_init(&l->map[p], l->params, at->c, at->h, at->w, gap[p]);
        if (status != CNAS_OK) {
            cn_error(err, status, "point %s (%u, %u, %u) does not fit the encryption's polynomials", at->name, at->c, at->h, at->w);
            goto out;
        }
        l->map_bytes[p] = cn_he_map_bytes(l->params, &l->map[p]);
        l->largest_message = l->map_bytes[p] > l->largest_message ? l->map_bytes[p] : l->largest_message;
    }
    for (uint32_t t = 0; t < m->n_terms; t++)
        l->shape[t].map = l->map[m->terms[t].src];
    set_replies(l);
    const size_t open[] = {cn_packed_size(l->size[0], l->ring_bits), cn_packed_size(m->classes, l->ring_bits)};
    for (int i = 0; i < 2; i++)
        l->largest_message = open[i] > l->largest_message ? open[i] : l->largest_message;
out:
    cn_mem_free(gap);
    if (status != CNAS_OK)
        cn_layout_clear(l);
    return status;
}

struct cn_gc_spec cn_layout_spec(const struct cn_layout *l, const struct cnas_fixed_plan *plan, uint32_t point)
{
    return (struct cn_gc_spec){.n = l->size[point], .bits = l->ring_bits, .shift = plan->shift[point],
                               .relu = l->m->points[point].kind == CNAS_POINT_RELU};
}
