/* Weights for inference, composed from the trained ones. */
#include "runtime/fixed/tape.h"

#include "runtime/base/misuse.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum cnas_status cnas_fold_kernel(struct cnas_fold *f, uint32_t x, uint32_t point, float *w, float *bias, const struct cnas_kernel_shape *s)
{
    cn_require(f->tape && x < f->n_slots && f->slots[x].bias);
    if (f->slots[x].step != FOLD_NO_STEP)
        CNAS_TRY(cn_tape_compose(f, x));
    const struct fold_value *v = &f->slots[x];
    const struct fold_term *t = NULL;
    for (size_t i = 0; i < v->n_terms; i++)
        if (v->terms[i].src == point)
            t = &v->terms[i];
    cn_require(v->k == s->k && s->groups && s->c % s->groups == 0 && s->k % s->groups == 0 && (!t || t->c == s->c));
    const uint32_t cg = s->c / s->groups, kg = s->k / s->groups;
    for (uint32_t k = 0; k < s->k; k++)
        for (uint32_t c = 0; c < cg; c++)
            for (uint32_t y = 0; y < s->kh; y++)
                for (uint32_t i = 0; i < s->kw; i++) {
                    /* the same place of the source, as the composed term counts its rows and columns */
                    const int64_t row = (int64_t)y * s->dilation - s->pad_y + (t ? t->pad_y : 0);
                    const int64_t column = (int64_t)i * s->dilation - s->pad_x + (t ? t->pad_x : 0);
                    const bool there = t && row >= 0 && row < t->kh && column >= 0 && column < t->kw;
                    *w++ = there ? (float)t->w[(((size_t)k * s->c + k / kg * cg + c) * (size_t)t->kh + (size_t)row) * (size_t)t->kw + (size_t)column]
                                 : 0;
                }
    for (uint32_t k = 0; bias && k < s->k; k++)
        bias[k] = (float)v->bias[k];
    return CNAS_OK;
}

static bool same(const struct cnas_param *p, const struct cnas_param *q)
{
    bool equal = p->kind == q->kind && p->rank == q->rank && strcmp(p->name, q->name) == 0;
    for (uint32_t i = 0; equal && i < p->rank; i++)
        equal = p->dim[i] == q->dim[i];
    return equal;
}

/* Those that are the same in both; what is composed is overwritten after. Both are in the order of the layers, so the search goes on
 * behind the last hit. */
static void copy_params(float *served, const struct cnas_model *m, const float *params)
{
    size_t at = 0;
    for (size_t i = 0; i < m->served->n_params; i++) {
        const struct cnas_param *q = &m->served->params[i];
        for (size_t k = 0; k < m->n_params; k++) {
            const struct cnas_param *p = &m->params[(at + k) % m->n_params];
            if (!same(p, q))
                continue;
            memcpy(served + q->offset, params + p->offset, q->size * sizeof *served);
            at += k + 1;
            break;
        }
    }
}

enum cnas_status cnas_serve(float *served, const struct cnas_model *m, const float *params)
{
    cn_require(m->served && m->compose);
    struct cnas_fold *f;
    memset(served, 0, m->served->params_floats * sizeof *served);
    copy_params(served, m, params);
    CNAS_TRY(cn_fold_new(&f, m->served));
    f->tape = calloc(1, sizeof *f->tape);
    enum cnas_status status = CNAS_E_MEMORY;
    if (f->tape)
        status = m->compose(m, f, params, served);
    cn_fold_free(&f);
    return status;
}
