#include "compiler/oracle/weights.h"

#include <string.h>

/* Networks that are compared have most names in the same order: the search goes on behind the last hit, *at. */
static const struct cnas_param *search(const struct cnas_model *m, const char *name, size_t *at)
{
    for (size_t k = 0; k < m->n_params; k++) {
        const size_t i = *at + k < m->n_params ? *at + k : *at + k - m->n_params;
        if (strcmp(m->params[i].name, name) != 0)
            continue;
        *at = i + 1 < m->n_params ? i + 1 : 0;
        return &m->params[i];
    }
    return NULL;
}

const struct cnas_param *oracle_param(const struct cnas_model *m, const char *name)
{
    size_t at = 0;
    return search(m, name, &at);
}

/* The parameter of m that is q by name, kind and shape; NULL: there is none. */
static const struct cnas_param *same(const struct cnas_model *m, const struct cnas_param *q, size_t *at)
{
    const struct cnas_param *p = search(m, q->name, at);
    if (!p || p->kind != q->kind || p->rank != q->rank)
        return NULL;
    for (uint32_t k = 0; k < p->rank; k++)
        if (p->dim[k] != q->dim[k])
            return NULL;
    return p;
}

const struct cnas_param *oracle_weights_move(float *params, const struct cnas_model *m, struct oracle_weights from,
                                             const struct oracle_maker *maker)
{
    size_t at = 0;
    for (size_t i = 0; i < m->n_params; i++) {
        const struct cnas_param *q = &m->params[i];
        const enum oracle_made made = maker ? maker->make(maker->context, params + q->offset, q, from) : ORACLE_SAME;
        if (made == ORACLE_MADE)
            continue;
        const struct cnas_param *p = made == ORACLE_CANNOT ? NULL : same(from.model, q, &at);
        if (!p)
            return q;
        memcpy(params + q->offset, from.params + p->offset, q->size * sizeof *params);
    }
    return NULL;
}

void oracle_weights_merge(float *to, const struct cnas_model *model_of_to, struct oracle_weights from)
{
    size_t at = 0;
    for (size_t i = 0; i < from.model->n_params; i++) {
        const struct cnas_param *q = &from.model->params[i], *p = same(model_of_to, q, &at);
        if (p)
            memcpy(to + p->offset, from.params + q->offset, q->size * sizeof *to);
    }
}
