/* The plan as text: for readers (--emit=plan), for golden tests, and for the digest. */
#include "compiler/lower/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char *plan_number(struct arena *a, double x)
{
    for (int digits = 1;; digits++) {
        char s[40];
        snprintf(s, sizeof s, "%.*g", digits, x);
        if (digits == 17 || strtod(s, NULL) == x)
            return arena_strdup(a, s);
    }
}

static const char *dims_text(struct arena *a, struct plan_dims d)
{
    return d.h == 1 && d.w == 1 ? arena_printf(a, "%" PRIu32, d.c)
                                : arena_printf(a, "%" PRIu32 "x%" PRIu32 "x%" PRIu32, d.c, d.h, d.w);
}

static const char *const kind_names[PLAN_PARAM_KINDS] = {[PLAN_WEIGHT] = "weight", [PLAN_BIAS] = "bias", [PLAN_GAMMA] = "gamma",
                                                         [PLAN_BETA] = "beta",     [PLAN_MEAN] = "mean", [PLAN_VAR] = "var",
                                                         [PLAN_COEFFICIENTS] = "coefficients"};

static const char *const point_kinds[] = {
    [PLAN_POINT_INPUT] = "input", [PLAN_POINT_RELU] = "relu", [PLAN_POINT_RESCALE] = "rescale", [PLAN_POINT_OUTPUT] = "output"};

static void print_numbers(struct text *t, const char *what, const double *x, uint32_t n)
{
    text_add(t, " %s [", what);
    for (uint32_t i = 0; i < n; i++)
        text_add(t, "%s%s", i ? ", " : "", plan_number(t->arena, x[i]));
    text_add(t, "]");
}

static void print_head(struct text *t, const struct plan *p)
{
    text_line(t, "network %s", p->network);
    text_add(t, "input %s %s", p->input_name, dims_text(t->arena, p->input));
    if (p->mean) {
        print_numbers(t, "mean", p->mean, p->input.c);
        print_numbers(t, "std", p->std, p->input.c);
    }
    text_add(t, "\n");
    static const char *const results[] = {[PLAN_LOGITS] = "", [PLAN_PROBABILITIES] = "softmax of ", [PLAN_LABEL] = "argmax of "};
    text_line(t, "output %s %s%" PRIu32, p->output_name, results[p->result], p->classes);
}

static void print_window(struct text *t, const struct plan_layer *l)
{
    const struct plan_window *w = &l->window;
    if (l->op == PLAN_UPSAMPLE) {
        text_add(t, " factor %" PRIu32, w->stride);
        return;
    }
    if (l->op == PLAN_SUBSAMPLE) {
        text_add(t, " stride %" PRIu32 " offset %" PRIu32 ",%" PRIu32, w->stride, w->offset_y, w->offset_x);
        return;
    }
    text_add(t, " %" PRIu32 "x%" PRIu32 " stride %" PRIu32 " pad %" PRIu32 ",%" PRIu32, w->kh, w->kw, w->stride, w->pad_y,
             w->pad_x);
    if (w->dilation != 1 || w->groups != 1)
        text_add(t, " dilation %" PRIu32 " groups %" PRIu32, w->dilation, w->groups);
}

/* "conv_2 = conv(relu_1) 3x3 stride 1 pad 1,1 -> 16x28x28" */
static void print_layer(struct text *t, const struct plan *p, const struct plan_layer *l)
{
    text_add(t, "%s = %s(", l->name, plan_op_name(l->op));
    for (uint32_t k = 0; k < l->n_x; k++)
        text_add(t, "%s%s", k ? ", " : "", p->train.buffers[l->x[k].train].name);
    text_add(t, ")");
    if (l->window.stride)
        print_window(t, l);
    if (l->op == PLAN_SLICE || l->op == PLAN_PAD)
        text_add(t, " from %" PRIu32 ",%" PRId32 ",%" PRId32, l->slice.channel, l->slice.row, l->slice.column);
    if (l->op == PLAN_BATCH_NORM)
        text_add(t, " epsilon %s decay %s", plan_number(t->arena, l->epsilon), plan_number(t->arena, l->decay));
    if (l->op == PLAN_DROPOUT)
        text_add(t, " rate %s seed %" PRIu32, plan_number(t->arena, l->rate), l->seed);
    text_add(t, " -> %s", dims_text(t->arena, l->y.dims));
}

static void print_params(struct text *t, const struct plan *p, bool offsets)
{
    for (uint32_t i = 0; i < p->n_params; i++) {
        const struct plan_param *q = &p->params[i];
        text_add(t, "  %s %s ", q->name, kind_names[q->kind]);
        for (uint32_t k = 0; k < q->rank; k++)
            text_add(t, "%s%" PRIu32, k ? "x" : "", q->dim[k]);
        if (offsets)
            text_add(t, " at %" PRIu64, q->offset);
        text_add(t, "\n");
    }
}

static void print_points(struct text *t, const struct plan *p)
{
    text_line(t, "points");
    for (uint32_t i = 0; i < p->n_points; i++) {
        const struct plan_point *q = &p->points[i];
        text_line(t, "  %s %s %s", q->name, point_kinds[q->kind], dims_text(t->arena, q->dims));
        for (uint32_t k = q->first_term; k < q->first_term + q->n_terms; k++) {
            const struct plan_term *s = &p->terms[k];
            text_line(t, "    + %s * %" PRIu32 "x%" PRIu32 " stride %" PRIu32 " pad %" PRId32 ",%" PRId32, p->points[s->src].name,
                      s->kh, s->kw, s->stride, s->pad_y, s->pad_x);
        }
    }
}

static void print_fold_name(struct text *t, const struct plan *p, const struct plan_fold *f)
{
    static const char *const names[] = {[PLAN_FOLD_FLATTEN] = "flatten", [PLAN_FOLD_CHANNELS] = "channels", [PLAN_FOLD_SUM] = "sum",
                                        [PLAN_FOLD_SUBTRACT] = "subtract", [PLAN_FOLD_STACK] = "stack"};
    text_add(t, "%s", f->op == PLAN_FOLD_LAYER || f->op == PLAN_FOLD_TAP ? p->layers[f->layer].name : names[f->op]);
    if (f->op == PLAN_FOLD_TAP || f->op == PLAN_FOLD_CHANNELS)
        text_add(t, " %" PRIu32 ",%" PRIu32 " ", f->at[0], f->at[1]);
    text_add(t, "(");
}

static void print_folds(struct text *t, const struct plan *p)
{
    text_line(t, "folds in %" PRIu32 " slots", p->n_slots);
    for (uint32_t i = 0; i < p->n_folds; i++) {
        const struct plan_fold *f = &p->folds[i];
        if (f->op == PLAN_FOLD_POINT) {
            text_line(t, "  point %s = %" PRIu32, p->points[f->point].name, f->x[0]);
            continue;
        }
        text_add(t, "    %" PRIu32 " = ", f->y);
        if (f->op == PLAN_FOLD_SOURCE)
            text_add(t, "source %s", p->points[f->point].name);
        else
            print_fold_name(t, p, f);
        for (uint32_t k = 0; k < f->n_x; k++)
            text_add(t, "%s%" PRIu32, k ? ", " : "", f->x[k]);
        text_add(t, "%s\n", f->op == PLAN_FOLD_SOURCE ? "" : ")");
    }
}

void plan_print_clear(struct text *t, const struct plan *p)
{
    print_head(t, p);
    text_line(t, "parameters");
    print_params(t, p, false);
    text_line(t, "layers");
    for (uint32_t i = 0; i < p->n_layers; i++) {
        text_add(t, "  ");
        print_layer(t, p, &p->layers[i]);
        text_add(t, "\n");
    }
}

void plan_print_network(struct text *t, const struct plan *p)
{
    plan_print_clear(t, p);
    if (p->is_private) {
        print_points(t, p);
        print_folds(t, p);
    }
}

static void print_slab(struct text *t, const char *what, const struct plan_slab *s)
{
    text_add(t, "\n");
    text_line(t, "%s slab: %" PRIu64 " floats per sample, %" PRIu64 " alive at most", what, s->floats, s->peak);
    for (uint32_t i = 0; i < s->n_buffers; i++) {
        const struct plan_buffer *b = &s->buffers[i];
        text_line(t, "  %s %" PRIu64 " at %" PRIu64 " during %" PRIu32 "..%" PRIu32, b->name, b->floats, b->offset, b->first,
                  b->last);
    }
}

static void print_backward(struct text *t, const struct plan *p)
{
    text_add(t, "\n");
    text_line(t, "backward, from the gradient of %s", p->grad.buffers[p->logits_grad].name);
    for (uint32_t i = p->n_layers; i-- > 0;) {
        const struct plan_layer *l = &p->layers[i];
        if (l->y.grad == PLAN_NONE)
            continue;
        text_add(t, "  %" PRIu32 " %s:", plan_time_backward(p->n_layers, i), l->name);
        for (uint32_t k = 0; k < l->n_x; k++)
            if (l->x[k].grad != PLAN_NONE)
                text_add(t, " %s %s", p->grad.buffers[l->x[k].grad].name, l->x[k].add ? "+=" : "=");
        for (int kind = 0; kind < PLAN_MEAN; kind++)
            if (l->param[kind] != PLAN_NONE)
                text_add(t, " %s =", p->params[l->param[kind]].name);
        text_add(t, "\n");
    }
}

static void print_schedule(struct text *t, const struct plan_train *d)
{
    if (d->schedule == PLAN_ONE_CYCLE)
        text_add(t, " one_cycle up %s start %s%s", plan_number(t->arena, d->cycle_up), plan_number(t->arena, d->cycle_start),
                 d->cycle_cosine ? " cosine" : "");
    if (d->schedule == PLAN_CONSTANT)
        text_add(t, " constant");
    if (d->schedule == PLAN_STEPS) {
        text_add(t, " steps");
        for (uint32_t i = 0; i < d->n_milestones; i++)
            text_add(t, " %" PRIu32, d->milestones[i]);
        text_add(t, " factor %s", plan_number(t->arena, d->step_factor));
    }
    text_add(t, "%s", d->by_epoch ? " by_epoch" : "");
    if (d->warmup > 0)
        text_add(t, " warmup %s", plan_number(t->arena, d->warmup));
}

/* What is not used stays unsaid, but for the settings of the first version. */
static void print_train(struct text *t, const struct plan_train *d)
{
    text_add(t, "train lr %s..%s momentum %s%s weight_decay %s", plan_number(t->arena, d->lr_max),
             plan_number(t->arena, d->lr_min), plan_number(t->arena, d->momentum), d->nesterov ? " nesterov" : "",
             plan_number(t->arena, d->weight_decay));
    text_add(t,
             " epochs %" PRIu32 " batch %" PRIu32 " restart %" PRIu32 "*%" PRIu32 "^i flip %d crop %" PRIu32 " cutout %" PRIu32,
             d->epochs, d->batch, d->restart_first, d->restart_factor, d->flip, d->crop, d->cutout);
    if (d->optimizer == PLAN_ADAMW)
        text_add(t, " adamw %s %s %s", plan_number(t->arena, d->beta1), plan_number(t->arena, d->beta2), plan_number(t->arena, d->epsilon));
    text_add(t, "%s%s", d->decoupled ? " decoupled" : "", d->decay_all ? " decay_all" : "");
    if (d->bias_lr != 1)
        text_add(t, " bias_lr %s", plan_number(t->arena, d->bias_lr));
    print_schedule(t, d);
    if (d->label_smoothing > 0)
        text_add(t, " label_smoothing %s", plan_number(t->arena, d->label_smoothing));
    if (d->ema > 0)
        text_add(t, " ema %s", plan_number(t->arena, d->ema));
    if (d->clip > 0)
        text_add(t, " clip %s", plan_number(t->arena, d->clip));
    if (d->temperature > 0)
        text_add(t, " distill %s temperature %s", plan_number(t->arena, d->distill_weight), plan_number(t->arena, d->temperature));
    if (d->cutmix > 0)
        text_add(t, " cutmix %s", plan_number(t->arena, d->cutmix));
    text_add(t, "%s%s\n", d->flip && d->flip_alternate ? " flip_alternate" : "", d->crop && d->crop_reflect ? " crop_reflect" : "");
}

void plan_print(struct text *t, const struct plan *p)
{
    print_head(t, p);
    text_line(t, "digest %s", p->digest);
    text_line(t, "relus %" PRIu64 " relu-equivalents %" PRIu64 " macs %" PRIu64, p->relus, p->relu_equivalents, p->macs);
    text_add(t, "\n");
    text_line(t, "parameters: %" PRIu64 " trained, %" PRIu64 " statistics", p->params_trained,
              p->params_floats - p->params_trained);
    print_params(t, p, true);
    text_add(t, "\n");
    text_line(t, "forward");
    for (uint32_t i = 0; i < p->n_layers; i++) {
        const struct plan_layer *l = &p->layers[i];
        text_add(t, "  %" PRIu32 " ", plan_time_forward(i));
        print_layer(t, p, l);
        if (l->site.line)
            text_add(t, "  # line %d", l->site.line);
        text_add(t, "\n");
    }
    print_backward(t, p);
    print_slab(t, "inference", &p->infer);
    print_slab(t, "training", &p->train);
    print_slab(t, "gradient", &p->grad);
    text_line(t, "batch statistics: %" PRIu64 " floats", p->state_floats);
    text_add(t, "\n");
    if (p->is_private) {
        print_points(t, p);
        text_add(t, "\n");
        print_folds(t, p);
    } else {
        text_line(t, "no private form");
    }
    text_add(t, "\n");
    print_train(t, &p->defaults);
    if (p->ring_bits)
        text_line(t, "ring %" PRIu32 " bits", p->ring_bits);
}
