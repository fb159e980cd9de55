/* Composing a served network's weights: for each call that compiler/emit/serve.c prints, that call. */
#include "compiler/oracle/model.h"

#include <cnas/fixed.h>

static const float *param(const struct plan *p, const struct plan_layer *l, const float *params, enum plan_param_kind kind)
{
    return l->param[kind] == PLAN_NONE ? NULL : params + p->params[l->param[kind]].offset;
}

static enum cnas_status fold_layer(const struct oracle_model *m, struct cnas_fold *f, const struct plan_fold *call, const float *params)
{
    const struct plan_layer *l = &m->plan->layers[call->layer];
    const struct oracle_layer *more = &m->layers[call->layer];
    const float *w = param(m->plan, l, params, PLAN_WEIGHT), *bias = param(m->plan, l, params, PLAN_BIAS);
    const struct plan_dims in = l->x[0].dims;
    const uint32_t y = call->y, x = call->x[0];
    switch (l->op) {
    case PLAN_CONV:
        return cnas_fold_conv(f, y, x, w, bias, &more->conv);
    case PLAN_LINEAR:
        return cnas_fold_linear(f, y, x, w, bias, (size_t)in.c * in.h * in.w, l->y.dims.c);
    case PLAN_BATCH_NORM:
        return cnas_fold_batch_norm(f, y, x, param(m->plan, l, params, PLAN_GAMMA), param(m->plan, l, params, PLAN_BETA),
                                    param(m->plan, l, params, PLAN_MEAN), param(m->plan, l, params, PLAN_VAR), more->epsilon);
    case PLAN_AVG_POOL:
        return cnas_fold_avg_pool(f, y, x, &more->conv);
    case PLAN_GLOBAL_AVG_POOL:
        return cnas_fold_global_avg_pool(f, y, x);
    case PLAN_SUBSAMPLE:
        return cnas_fold_subsample(f, y, x, l->window.stride, l->window.offset_y, l->window.offset_x);
    case PLAN_SLICE:
    case PLAN_PAD:
        return cnas_fold_slice(f, y, x, &more->slice);
    case PLAN_ADD:
        return cnas_fold_add(f, y, call->x, call->n_x);
    case PLAN_CONCAT:
        return cnas_fold_concat(f, y, call->x, call->n_x);
    default:
        bug("an operator that is not affine");
    }
}

static enum cnas_status compose(const struct cnas_model *model, struct cnas_fold *f, const float *params, float *served)
{
    const struct oracle_model *m = (const struct oracle_model *)model;
    const struct plan_served *s = m->served;
    for (uint32_t i = 0; i < s->n_values; i++) {
        const struct plan_composed *v = &s->values[i];
        for (uint32_t k = v->first_fold; k < v->first_fold + v->n_folds; k++) {
            const struct plan_fold *call = &s->folds[k];
            if (call->op == PLAN_FOLD_SOURCE)
                CNAS_TRY(cnas_fold_source(f, call->y, call->point));
            else if (call->op == PLAN_FOLD_FLATTEN)
                CNAS_TRY(cnas_fold_flatten(f, call->y, call->x[0]));
            else
                CNAS_TRY(fold_layer(m, f, call, params));
        }
        for (uint32_t k = v->first_kernel; k < v->first_kernel + v->n_kernels; k++) {
            const struct plan_kernel *q = &s->kernels[k];
            const struct plan_layer *l = &s->plan->layers[q->layer];
            const struct cnas_kernel_shape shape = {.c = s->sources[q->source].dims.c, .k = v->dims.c, .kh = q->kh, .kw = q->kw,
                                                    .dilation = q->dilation, .groups = q->groups, .pad_y = q->pad_y, .pad_x = q->pad_x};
            const uint32_t bias = l->param[PLAN_BIAS];
            CNAS_TRY(cnas_fold_kernel(f, v->slot, q->source, served + s->plan->params[l->param[PLAN_WEIGHT]].offset,
                                      bias == PLAN_NONE ? NULL : served + s->plan->params[bias].offset, &shape));
        }
    }
    return CNAS_OK;
}

const struct cnas_model *oracle_served(struct arena *a, const struct plan *p, const struct plan_served *served)
{
    struct oracle_model *m = oracle_model_new(a, p), *inference = oracle_model_new(a, served->plan);
    struct cnas_point *sources = ARENA_ARRAY(a, struct cnas_point, served->n_sources);
    for (uint32_t i = 0; i < served->n_sources; i++) {
        const struct plan_source *s = &served->sources[i];
        sources[i] = (struct cnas_point){.name = s->name, .c = s->dims.c, .h = s->dims.h, .w = s->dims.w};
    }
    inference->model.points = sources;
    inference->model.n_points = served->n_sources;
    m->served = served;
    m->model.served = &inference->model;
    m->model.compose = compose;
    return &m->model;
}
