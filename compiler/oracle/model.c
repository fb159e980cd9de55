#include "compiler/oracle/model.h"

#include <stdlib.h>

/* The float that the C compiler reads in generated text: rounded once, from the decimal number. */
static float as_written(struct arena *a, double x)
{
    return strtof(plan_number(a, x), NULL);
}

static const float *all_as_written(struct arena *a, const double *x, uint32_t n)
{
    float *y = ARENA_ARRAY(a, float, n);
    for (uint32_t i = 0; i < n; i++)
        y[i] = as_written(a, x[i]);
    return y;
}

static struct oracle_layer make_layer(struct arena *a, const struct plan_layer *l)
{
    const struct plan_dims in = l->x[0].dims, out = l->y.dims;
    const struct plan_window *w = &l->window;
    size_t *channels = ARENA_ARRAY(a, size_t, l->n_x);
    for (uint32_t i = 0; i < l->n_x; i++)
        channels[i] = l->x[i].dims.c;
    return (struct oracle_layer){
        .conv = {in.c, in.h, in.w, out.c, out.h, out.w, w->kh, w->kw, w->stride, w->pad_y, w->pad_x, w->dilation, w->groups},
        .slice = {in.c, in.h, in.w, out.c, out.h, out.w, l->slice.channel, l->slice.row, l->slice.column},
        .channels = channels,
        .epsilon = as_written(a, l->epsilon),
        .decay = as_written(a, l->decay),
        .rate = as_written(a, l->rate),
    };
}

static const struct cnas_param *make_params(struct arena *a, const struct plan *p)
{
    static const enum cnas_param_kind kinds[PLAN_PARAM_KINDS] = {
        [PLAN_WEIGHT] = CNAS_PARAM_WEIGHT, [PLAN_BIAS] = CNAS_PARAM_BIAS, [PLAN_GAMMA] = CNAS_PARAM_GAMMA, [PLAN_BETA] = CNAS_PARAM_BETA,
        [PLAN_COEFFICIENTS] = CNAS_PARAM_COEFFICIENTS, [PLAN_MEAN] = CNAS_PARAM_MEAN, [PLAN_VAR] = CNAS_PARAM_VAR};
    struct cnas_param *params = ARENA_ARRAY(a, struct cnas_param, p->n_params);
    for (uint32_t i = 0; i < p->n_params; i++) {
        const struct plan_param *q = &p->params[i];
        params[i] = (struct cnas_param){.name = q->name, .kind = kinds[q->kind], .rank = q->rank, .offset = q->offset, .size = q->size};
        for (uint32_t k = 0; k < q->rank; k++)
            params[i].dim[k] = q->dim[k];
    }
    return params;
}

static const struct cnas_param *param_of(const struct cnas_param *params, const struct plan_layer *l, enum plan_param_kind kind)
{
    return l->param[kind] == PLAN_NONE ? NULL : &params[l->param[kind]];
}

/* The layers as data; compiler/emit/layers.c prints the same. */
static void make_layers(struct arena *a, struct cnas_model *m, const struct plan *p, const struct oracle_layer *more)
{
    static const enum cnas_op ops[PLAN_OP_COUNT] = {
        [PLAN_CONV] = CNAS_OP_CONV, [PLAN_LINEAR] = CNAS_OP_LINEAR, [PLAN_BATCH_NORM] = CNAS_OP_BATCH_NORM, [PLAN_RELU] = CNAS_OP_RELU,
        [PLAN_AVG_POOL] = CNAS_OP_AVG_POOL, [PLAN_GLOBAL_AVG_POOL] = CNAS_OP_GLOBAL_AVG_POOL, [PLAN_SQUARE] = CNAS_OP_SQUARE,
        [PLAN_POLY2] = CNAS_OP_POLY2, [PLAN_MAX_POOL] = CNAS_OP_MAX_POOL, [PLAN_SUBSAMPLE] = CNAS_OP_SUBSAMPLE,
        [PLAN_UPSAMPLE] = CNAS_OP_UPSAMPLE, [PLAN_SLICE] = CNAS_OP_SLICE, [PLAN_PAD] = CNAS_OP_SLICE, [PLAN_ADD] = CNAS_OP_ADD,
        [PLAN_CONCAT] = CNAS_OP_CONCAT, [PLAN_DROPOUT] = CNAS_OP_DROPOUT};
    struct cnas_layer *layers = ARENA_ARRAY(a, struct cnas_layer, p->n_layers);
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->n_layers; i++)
        n += p->layers[i].n_x;
    struct cnas_operand *operands = ARENA_ARRAY(a, struct cnas_operand, n);
    n = 0;
    for (uint32_t i = 0; i < p->n_layers; i++) {
        const struct plan_layer *l = &p->layers[i];
        const bool has_window = l->op == PLAN_CONV || l->op == PLAN_AVG_POOL || l->op == PLAN_MAX_POOL;
        const bool strides = l->op == PLAN_SUBSAMPLE || l->op == PLAN_UPSAMPLE, has_slice = l->op == PLAN_SLICE || l->op == PLAN_PAD;
        layers[i] = (struct cnas_layer){
            .name = l->name, .op = ops[l->op], .first_x = n, .n_x = l->n_x, .c = l->y.dims.c, .h = l->y.dims.h, .w = l->y.dims.w,
            .window = has_window ? &more[i].conv : NULL,
            .slice = has_slice ? &more[i].slice : NULL,
            .stride = strides ? l->window.stride : 0, .offset_y = strides ? l->window.offset_y : 0, .offset_x = strides ? l->window.offset_x : 0,
            .weight = param_of(m->params, l, l->op == PLAN_POLY2 ? PLAN_COEFFICIENTS : PLAN_WEIGHT),
            .bias = param_of(m->params, l, PLAN_BIAS),
            .gamma = param_of(m->params, l, PLAN_GAMMA), .beta = param_of(m->params, l, PLAN_BETA),
            .mean = param_of(m->params, l, PLAN_MEAN), .var = param_of(m->params, l, PLAN_VAR),
            .epsilon = more[i].epsilon, .decay = more[i].decay, .rate = more[i].rate, .seed = l->seed};
        for (uint32_t k = 0; k < l->n_x; k++)
            operands[n++] = (struct cnas_operand){plan_value(p, l->x[k].train), l->x[k].dims.c, l->x[k].dims.h, l->x[k].dims.w};
    }
    m->layers = layers;
    m->n_layers = p->n_layers;
    m->operands = operands;
    m->logits = plan_value(p, p->logits_train);
}

static struct cnas_train_options make_train(const struct plan_train *d)
{
    struct cnas_train_options o = {
        .optimizer = (enum cnas_optimizer)d->optimizer,
        .momentum = d->momentum,
        .nesterov = d->nesterov,
        .beta1 = d->beta1,
        .beta2 = d->beta2,
        .epsilon = d->epsilon,
        .weight_decay = d->weight_decay,
        .decoupled = d->decoupled,
        .decay_all = d->decay_all,
        .bias_lr = d->bias_lr,
        .schedule = (enum cnas_schedule)d->schedule,
        .lr_max = d->lr_max,
        .lr_min = d->lr_min,
        .warmup = d->warmup,
        .restart_first = d->restart_first,
        .restart_factor = d->restart_factor,
        .by_epoch = d->by_epoch,
        .cycle_up = d->cycle_up,
        .cycle_start = d->cycle_start,
        .cycle_cosine = d->cycle_cosine,
        .n_milestones = d->n_milestones,
        .step_factor = d->step_factor,
        .label_smoothing = d->label_smoothing,
        .ema = d->ema,
        .clip = d->clip,
        .distill_weight = d->distill_weight,
        .temperature = d->temperature,
        .epochs = d->epochs,
        .batch = d->batch,
        .flip = !d->flip ? CNAS_FLIP_NONE : d->flip_alternate ? CNAS_FLIP_ALTERNATE : CNAS_FLIP_RANDOM,
        .crop = d->crop,
        .padding = d->crop_reflect ? CNAS_PADDING_REFLECT : CNAS_PADDING_ZERO,
        .cutout = d->cutout,
        .cutmix = d->cutmix,
    };
    for (uint32_t i = 0; i < d->n_milestones; i++)
        o.milestones[i] = d->milestones[i];
    return o;
}

static struct cnas_model make_model(struct arena *a, const struct plan *p)
{
    static const enum cnas_result results[] = {
        [PLAN_LOGITS] = CNAS_RESULT_LOGITS, [PLAN_PROBABILITIES] = CNAS_RESULT_PROBABILITIES, [PLAN_LABEL] = CNAS_RESULT_LABEL};
    const struct plan_train *d = &p->defaults;
    return (struct cnas_model){
        .name = p->network,
        .source = "",
        .digest = p->digest,
        .clear_digest = p->clear_digest,
        .c = p->input.c,
        .h = p->input.h,
        .w = p->input.w,
        .classes = p->classes,
        .result = results[p->result],
        .mean = p->mean ? all_as_written(a, p->mean, p->input.c) : NULL,
        .std = p->std ? all_as_written(a, p->std, p->input.c) : NULL,
        .relus = p->relus,
        .macs = p->macs,
        .params = make_params(a, p),
        .n_params = p->n_params,
        .params_floats = p->params_floats,
        .params_trained = p->params_trained,
        .infer_floats = p->infer.floats,
        .train_floats = p->train.floats,
        .grad_floats = p->grad.floats,
        .state_floats = p->state_floats,
        .input_offset = p->train.buffers[p->input_train].offset,
        .infer_logits_offset = p->infer.buffers[p->logits_infer].offset,
        .train_logits_offset = p->train.buffers[p->logits_train].offset,
        .logits_grad_offset = p->grad.buffers[p->logits_grad].offset,
        .infer = oracle_walk_infer,
        .forward = oracle_walk_forward,
        .backward = oracle_walk_backward,
        .train = make_train(d),
        .ring_bits = p->ring_bits,
    };
}

const struct cnas_model *oracle_model(struct arena *a, const struct plan *p)
{
    return &oracle_model_new(a, p)->model;
}

struct oracle_model *oracle_model_new(struct arena *a, const struct plan *p)
{
    struct oracle_model *m = ARENA_NEW(a, struct oracle_model);
    struct oracle_layer *layers = ARENA_ARRAY(a, struct oracle_layer, p->n_layers);
    uint32_t widest = 0;
    for (uint32_t i = 0; i < p->n_layers; i++) {
        layers[i] = make_layer(a, &p->layers[i]);
        if (p->layers[i].n_x > widest)
            widest = p->layers[i].n_x;
    }
    struct cnas_model model = make_model(a, p);
    make_layers(a, &model, p, layers);
    *m = (struct oracle_model){model, p, layers, ARENA_ARRAY(a, const float *, widest), NULL};
    return m;
}
