/* Weights to polynomials, transformed once: groups * polys * primes * N words of memory, about 8 primes K C plane bytes. Which
 * polynomials exist depends on the shape alone: one that happens to be zero is multiplied like any other. */
#include "runtime/he/weights.h"

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/he/layout.h"

#include <string.h>

/* Adds one output's kernel over one input channel: w (kh, kw) at exponents kk * block - (k * plane + (a - pad_y) row + b - pad_x). */
static void place(int64_t *x, const struct cn_he_term_shape *t, const int32_t *w, uint32_t kk, uint32_t k)
{
    const struct cn_he_map *m = &t->map;
    int64_t n = m->degree, base = (int64_t)kk * m->block - (int64_t)k * m->plane;
    for (uint32_t a = 0; a < t->kh; a++) {
        if (!cn_he_tap_used(m->h, t->oh, t->stride, t->pad_y, a))
            continue;
        for (uint32_t b = 0; b < t->kw; b++) {
            if (!cn_he_tap_used(m->w, t->ow, t->stride, t->pad_x, b))
                continue;
            int64_t e = base - ((int64_t)a - t->pad_y) * m->row - ((int64_t)b - t->pad_x);
            int64_t v = w[(size_t)a * t->kw + b];
            if (e < 0) { /* X^e = -X^(e + N) */
                e += n;
                v = -v;
            } else if (e >= n) {
                e -= n;
                v = -v;
            }
            x[e] += v;
        }
    }
}

enum cnas_status cn_he_weights_new(struct cn_he_weights **out, const struct cn_he_params *p, const struct cn_he_term_shape *t,
                                   const int32_t *w)
{
    *out = NULL;
    cn_require(t->map.degree == p->n);
    cn_he_term_check(t);
    const struct cn_he_map *m = &t->map;
    uint32_t groups = cn_he_term_groups(t);
    struct cn_he_weights *e = cn_mem_zalloc(1, sizeof *e);
    int64_t *x = cn_mem_alloc(p->n, sizeof *x);
    size_t polys = (size_t)groups * m->polys, words = 0;
    if (e) {
        e->p = p;
        e->shape = *t;
        if (!__builtin_mul_overflow(polys, p->primes * p->n, &words))
            e->w = cn_mem_alloc(words, sizeof *e->w);
    }
    if (!e || !x || !e->w) {
        cn_mem_free(e ? e->w : NULL);
        cn_mem_free(e);
        cn_mem_free(x);
        return CNAS_E_MEMORY;
    }
    size_t kernel = (size_t)t->kh * t->kw, count = (size_t)t->k * m->c * kernel;
    for (size_t i = 0; i < count; i++) {
        uint32_t sign = 0 - ((uint32_t)w[i] >> 31);
        e->magnitude |= ((uint32_t)w[i] ^ sign) - sign;
    }
    e->groups = groups;
    uint64_t *y = e->w;
    for (uint32_t g = 0; g < groups; g++)
        for (uint32_t i = 0; i < m->polys; i++) {
            memset(x, 0, p->n * sizeof *x);
            for (uint32_t kk = 0; kk < cn_he_group_outputs(t, g); kk++)
                for (uint32_t c = i * m->per_poly, k = 0; k < m->per_poly && c < m->c; c++, k++)
                    place(x, t, w + (((size_t)g * m->blocks + kk) * m->c + c) * kernel, kk, k);
            for (unsigned j = 0; j < p->primes; j++, y += p->n) {
                for (size_t k = 0; k < p->n; k++)
                    y[k] = cn_he_lift(x[k], p->ntt[j]->mod.q);
                cn_he_ntt_forward(y, p->ntt[j]);
            }
        }
    cn_mem_wipe_free(x, p->n * sizeof *x);
    *out = e;
    return CNAS_OK;
}

void cn_he_weights_free(struct cn_he_weights **w)
{
    if (!*w)
        return;
    size_t words = (size_t)(*w)->groups * (*w)->shape.map.polys * (*w)->p->primes * (*w)->p->n;
    cn_mem_wipe_free((*w)->w, words * sizeof *(*w)->w);
    cn_mem_wipe_free(*w, sizeof **w);
    *w = NULL;
}
