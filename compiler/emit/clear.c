/* NET.c, or of a network for inference NET_served.c: the parameter table, where buffers lie, each layer's inference, forward and backward, and the model. */
#include "compiler/emit/emit_internal.h"

#include <inttypes.h>

static const char *const mode_names[] = {[EMIT_INFER] = "infer", [EMIT_FORWARD] = "forward", [EMIT_BACKWARD] = "backward"};

/* A network for inference alone has no training. */
static enum emit_mode last_mode(const struct emit *e)
{
    return e->trained ? EMIT_INFER : EMIT_BACKWARD;
}

static bool runs(const struct plan_layer *l, enum emit_mode mode)
{
    return mode == EMIT_INFER ? l->op != PLAN_DROPOUT : mode == EMIT_FORWARD || l->y.grad != PLAN_NONE;
}

/* --- tables --- */

static void print_offsets(struct emit *e, struct text *t, const char *what, const char *prefix, const struct plan_slab *s)
{
    c_comment(t, "%s: %" PRIu64 " floats for each image.", what, s->floats);
    c_begin(t, "enum");
    for (uint32_t i = 0; i < s->n_buffers; i++)
        text_line(t, "%s_%s = %" PRIu64 ",", prefix, emit_upper(e->a, s->buffers[i].name), s->buffers[i].offset);
    c_end(t, ";");
    c_blank(t);
}

static void print_states(struct emit *e, struct text *t)
{
    if (!e->p->state_floats)
        return;
    c_comment(t, "A batch's own mean and inverse deviation, kept for backward: %" PRIu64 " floats.", e->p->state_floats);
    c_begin(t, "enum");
    for (uint32_t i = 0; i < e->p->n_layers; i++)
        if (e->p->layers[i].op == PLAN_BATCH_NORM)
            text_line(t, "STATE_%s = %" PRIu64 ",", emit_upper(e->a, e->p->layers[i].name), e->p->layers[i].state);
    c_end(t, ";");
    c_blank(t);
}

static void print_params(struct emit *e, struct text *t)
{
    static const char *const kinds[PLAN_PARAM_KINDS] = {
        [PLAN_WEIGHT] = "CNAS_PARAM_WEIGHT", [PLAN_BIAS] = "CNAS_PARAM_BIAS", [PLAN_GAMMA] = "CNAS_PARAM_GAMMA",
        [PLAN_BETA] = "CNAS_PARAM_BETA",     [PLAN_MEAN] = "CNAS_PARAM_MEAN", [PLAN_VAR] = "CNAS_PARAM_VAR",
        [PLAN_COEFFICIENTS] = "CNAS_PARAM_COEFFICIENTS"};
    if (!e->p->n_params)
        return;
    c_begin(t, "static const struct cnas_param params[] =");
    for (uint32_t i = 0; i < e->p->n_params; i++) {
        const struct plan_param *q = &e->p->params[i];
        struct c_items items = c_items_new(e->a);
        c_item(&items, ".name = \"%s\"", q->name);
        c_item(&items, ".kind = %s", kinds[q->kind]);
        c_item(&items, ".rank = %" PRIu32, q->rank);
        struct text dim = text_new(e->a);
        for (uint32_t k = 0; k < q->rank; k++)
            text_add(&dim, "%s%" PRIu32, k ? ", " : "", q->dim[k]);
        c_item(&items, ".dim = {%s}", text_str(&dim));
        c_item(&items, ".offset = %" PRIu64, q->offset);
        c_item(&items, ".size = %" PRIu64, q->size);
        c_list(t, "{", &items, "},");
    }
    c_end(t, ";");
    c_blank(t);
}

static void print_shape(struct emit *e, struct text *t, const struct plan_layer *l)
{
    const struct plan_dims in = l->x[0].dims, out = l->y.dims;
    const struct plan_window *w = &l->window;
    const struct {
        const char *name;
        uint32_t value;
    } fields[] = {{"c", in.c},           {"h", in.h},         {"w", in.w},         {"k", out.c},
                  {"oh", out.h},         {"ow", out.w},       {"kh", w->kh},       {"kw", w->kw},
                  {"stride", w->stride}, {"pad_y", w->pad_y}, {"pad_x", w->pad_x}, {"dilation", w->dilation},
                  {"groups", w->groups}};
    struct c_items items = c_items_new(e->a);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        c_item(&items, ".%s = %" PRIu32, fields[i].name, fields[i].value);
    text_line(t, "const struct cnas_conv_shape %s_%s_shape = {", e->net, l->name);
    t->indent++;
    c_list(t, "", &items, "");
    c_end(t, ";");
    c_blank(t);
}

static void print_slice(struct emit *e, struct text *t, const struct plan_layer *l)
{
    const struct plan_dims in = l->x[0].dims, out = l->y.dims;
    struct c_items items = c_items_new(e->a);
    c_item(&items, ".c = %" PRIu32 ", .h = %" PRIu32 ", .w = %" PRIu32, in.c, in.h, in.w);
    c_item(&items, ".oc = %" PRIu32 ", .oh = %" PRIu32 ", .ow = %" PRIu32, out.c, out.h, out.w);
    c_item(&items, ".channel = %" PRIu32 ", .row = %" PRId32 ", .column = %" PRId32, l->slice.channel, l->slice.row, l->slice.column);
    text_line(t, "const struct cnas_slice_shape %s_%s_shape = {", e->net, l->name);
    t->indent++;
    c_list(t, "", &items, "");
    c_end(t, ";");
    c_blank(t);
}

/* --- functions --- */

/* "conv_2: conv 3x3, stride 2, 16x28x28 -> 32x14x14, 1.. multiply-accumulates. fashion.cnas:14." */
static void print_layer_comment(struct emit *e, struct text *t, const struct plan_layer *l)
{
    struct text s = text_new(e->a);
    text_add(&s, "%s: %s", l->name, plan_op_name(l->op));
    if (emit_has_shape(l))
        text_add(&s, " %" PRIu32 "x%" PRIu32, l->window.kh, l->window.kw);
    if (l->op == PLAN_UPSAMPLE)
        text_add(&s, ", factor %" PRIu32, l->window.stride);
    else if (l->window.stride > 1)
        text_add(&s, ", stride %" PRIu32, l->window.stride);
    text_add(&s, ", ");
    for (uint32_t k = 0; k < l->n_x; k++)
        text_add(&s, "%s%s", k == 0 ? "" : l->op == PLAN_ADD ? " + " : ", ", emit_dims(e->a, l->x[k].dims));
    text_add(&s, " -> %s", emit_dims(e->a, l->y.dims));
    if (l->op == PLAN_DROPOUT)
        text_add(&s, ", in training only");
    c_comment(t, "%s.%s", text_str(&s), emit_site(e->a, l->site));
}

static void print_layer(struct emit *e, struct text *t, uint32_t i)
{
    const struct plan_layer *l = &e->p->layers[i];
    print_layer_comment(e, t, l);
    if (emit_has_shape(l))
        print_shape(e, t, l);
    if (emit_has_slice(l))
        print_slice(e, t, l);
    for (enum emit_mode mode = EMIT_INFER; mode <= last_mode(e); mode++) {
        if (!runs(l, mode))
            continue;
        c_open(t, "static void %s_%s(const struct cnas_run *r)", e->layer[i], mode_names[mode]);
        emit_kernel(e, t, l, mode);
        c_end(t, "");
        c_blank(t);
    }
}

static void print_network(struct emit *e, struct text *t, enum emit_mode mode)
{
    bool any = false;
    c_open(t, "static void %s(const struct cnas_run *r)", mode_names[mode]);
    for (uint32_t k = 0; k < e->p->n_layers; k++) {
        const uint32_t i = mode == EMIT_BACKWARD ? e->p->n_layers - 1 - k : k;
        if (!runs(&e->p->layers[i], mode))
            continue;
        text_line(t, "%s_%s(r);", e->layer[i], mode_names[mode]);
        any = true;
    }
    if (!any)
        text_line(t, "(void)r;");
    c_end(t, "");
    c_blank(t);
}

static void print_normalization(struct emit *e, struct text *t)
{
    if (!e->p->mean)
        return;
    struct c_items mean = c_items_new(e->a), std = c_items_new(e->a);
    for (uint32_t i = 0; i < e->p->input.c; i++) {
        c_item(&mean, "%s", c_float(e->a, e->p->mean[i]));
        c_item(&std, "%s", c_float(e->a, e->p->std[i]));
    }
    c_list(t, "static const float mean[] = {", &mean, "};");
    c_list(t, "static const float std[] = {", &std, "};");
    c_blank(t);
}

/* What the network is, and its parameters: the same fields whether it is trained or for inference alone. */
static void print_model_head(struct emit *e, struct text *t)
{
    const struct plan *p = e->p;
    c_begin(t, "const struct cnas_model %s_model =", e->net);
    text_line(t, ".name = %s, .source = %s,", c_string(e->a, p->network), c_string(e->a, e->o->source));
    text_line(t, ".digest = \"%s\",", p->digest);
    text_line(t, ".clear_digest = \"%s\",", p->clear_digest);
    text_line(t, ".c = %" PRIu32 ", .h = %" PRIu32 ", .w = %" PRIu32 ", .classes = %" PRIu32 ",", p->input.c, p->input.h,
              p->input.w, p->classes);
    if (p->result != PLAN_LOGITS)
        text_line(t, ".result = %s,", p->result == PLAN_LABEL ? "CNAS_RESULT_LABEL" : "CNAS_RESULT_PROBABILITIES");
    if (p->mean)
        text_line(t, ".mean = mean, .std = std,");
    text_line(t, ".relus = %" PRIu64 ", .macs = %" PRIu64 ",", p->relus, p->macs);
    if (p->n_layers)
        text_line(t, ".layers = layers, .n_layers = %" PRIu32 ", .operands = operands, .logits = %" PRIu32 ",", p->n_layers,
                  plan_value(p, p->logits_train));
    if (p->n_params)
        text_line(t, ".params = params, .n_params = %" PRIu32 ", .params_floats = %" PRIu64 ", .params_trained = %" PRIu64 ",",
                  p->n_params, p->params_floats, p->params_trained);
}

static void print_inference_model(struct emit *e, struct text *t)
{
    const struct plan *p = e->p;
    text_line(t, "extern const struct cnas_model %s_model;", e->net);
    text_line(t, "extern const struct cnas_point %s_sources[%" PRIu32 "];", e->trained, e->o->served->n_sources);
    c_blank(t);
    print_model_head(e, t);
    text_line(t, ".infer_floats = %" PRIu64 ",", p->infer.floats);
    text_line(t, ".infer_logits_offset = INFER_%s,", emit_upper(e->a, p->infer.buffers[p->logits_infer].name));
    text_line(t, ".infer = infer,");
    text_line(t, ".points = %s_sources, .n_points = %" PRIu32 ",", e->trained, e->o->served->n_sources);
    c_end(t, ";");
}

static void print_schedule(struct emit *e, struct text *t, const struct plan_train *d)
{
    static const char *const names[] = {[PLAN_ONE_CYCLE] = "CNAS_ONE_CYCLE", [PLAN_STEPS] = "CNAS_STEPS", [PLAN_CONSTANT] = "CNAS_CONSTANT"};
    if (d->schedule != PLAN_COSINE)
        text_line(t, ".schedule = %s,", names[d->schedule]);
    if (d->schedule == PLAN_ONE_CYCLE)
        text_line(t, ".cycle_up = %s, .cycle_start = %s, .cycle_cosine = %d,", c_double(e->a, d->cycle_up), c_double(e->a, d->cycle_start),
                  d->cycle_cosine);
    if (d->schedule == PLAN_STEPS) {
        struct c_items epochs = c_items_new(e->a);
        for (uint32_t i = 0; i < d->n_milestones; i++)
            c_item(&epochs, "%" PRIu32, d->milestones[i]);
        text_line(t, ".step_factor = %s, .n_milestones = %" PRIu32 ",", c_double(e->a, d->step_factor), d->n_milestones);
        if (d->n_milestones)
            c_list(t, ".milestones = {", &epochs, "},");
    }
    if (d->by_epoch)
        text_line(t, ".by_epoch = 1,");
    if (d->warmup > 0)
        text_line(t, ".warmup = %s,", c_double(e->a, d->warmup));
}

/* The training options: those of the first version always, of the others what is used; the rest is 0. */
static void print_training(struct emit *e, struct text *t, const struct plan_train *d)
{
    text_line(t, ".lr_max = %s, .lr_min = %s, .momentum = %s, .weight_decay = %s, .nesterov = %d,", c_double(e->a, d->lr_max),
              c_double(e->a, d->lr_min), c_double(e->a, d->momentum), c_double(e->a, d->weight_decay), d->nesterov);
    text_line(t, ".epochs = %" PRIu32 ", .batch = %" PRIu32 ", .restart_first = %" PRIu32 ", .restart_factor = %" PRIu32 ",",
              d->epochs, d->batch, d->restart_first, d->restart_factor);
    text_line(t, ".flip = %s, .crop = %" PRIu32 ",%s .cutout = %" PRIu32 ",", !d->flip ? "0" : d->flip_alternate ? "CNAS_FLIP_ALTERNATE" : "1",
              d->crop, d->crop_reflect ? " .padding = CNAS_PADDING_REFLECT," : "", d->cutout);
    if (d->cutmix > 0)
        text_line(t, ".cutmix = %s,", c_double(e->a, d->cutmix));
    if (d->optimizer == PLAN_ADAMW)
        text_line(t, ".optimizer = CNAS_ADAMW, .beta1 = %s, .beta2 = %s, .epsilon = %s,", c_double(e->a, d->beta1), c_double(e->a, d->beta2),
                  c_double(e->a, d->epsilon));
    if (d->decoupled || d->decay_all)
        text_line(t, ".decoupled = %d, .decay_all = %d,", d->decoupled, d->decay_all);
    if (d->bias_lr != 1)
        text_line(t, ".bias_lr = %s,", c_double(e->a, d->bias_lr));
    print_schedule(e, t, d);
    if (d->label_smoothing > 0 || d->ema > 0 || d->clip > 0)
        text_line(t, ".label_smoothing = %s, .ema = %s, .clip = %s,", c_double(e->a, d->label_smoothing), c_double(e->a, d->ema),
                  c_double(e->a, d->clip));
    if (d->temperature > 0)
        text_line(t, ".distill_weight = %s, .temperature = %s,", c_double(e->a, d->distill_weight), c_double(e->a, d->temperature));
}

static void print_model(struct emit *e, struct text *t)
{
    const struct plan *p = e->p;
    const struct plan_train *d = &p->defaults;
    print_model_head(e, t);
    text_line(
        t, ".infer_floats = %" PRIu64 ", .train_floats = %" PRIu64 ", .grad_floats = %" PRIu64 ", .state_floats = %" PRIu64 ",",
        p->infer.floats, p->train.floats, p->grad.floats, p->state_floats);
    text_line(t, ".input_offset = TRAIN_%s,", emit_upper(e->a, p->train.buffers[p->input_train].name));
    text_line(t, ".infer_logits_offset = INFER_%s,", emit_upper(e->a, p->infer.buffers[p->logits_infer].name));
    text_line(t, ".train_logits_offset = TRAIN_%s,", emit_upper(e->a, p->train.buffers[p->logits_train].name));
    text_line(t, ".logits_grad_offset = GRAD_%s,", emit_upper(e->a, p->grad.buffers[p->logits_grad].name));
    text_line(t, ".infer = infer, .forward = forward, .backward = backward,");
    if (p->is_private) {
        text_line(t, ".points = %s_points, .n_points = N_POINTS, .terms = %s_terms, .n_terms = N_TERMS,", e->net, e->net);
        text_line(t, ".fold = %s_fold,", e->net);
    }
    if (e->o->served)
        text_line(t, ".served = &%s_served_model, .compose = %s_compose,", e->net, e->net);
    c_begin(t, ".train =");
    print_training(e, t, d);
    c_end(t, ",");
    if (p->ring_bits)
        text_line(t, ".ring_bits = %" PRIu32 ",", p->ring_bits);
    c_end(t, ";");
}

void emit_clear(struct emit *e)
{
    struct text t = emit_file_new(e, false);
    if (!e->trained)
        text_line(&t, "#include \"%s_internal.h\"", e->net);
    else
        text_line(&t, "#include <cnas/model.h>");
    c_blank(&t);
    text_line(&t, "#include <cnas/kernel.h>");
    c_blank(&t);
    if (e->trained) {
        emit_param_names(e, &t);
        emit_shape_names(e, &t);
    }
    print_params(e, &t);
    print_offsets(e, &t, "Activations at inference", "INFER", &e->p->infer);
    if (!e->trained) {
        print_offsets(e, &t, "Activations in training, kept where backward reads them", "TRAIN", &e->p->train);
        print_offsets(e, &t, "Gradients of activations", "GRAD", &e->p->grad);
        print_states(e, &t);
    }
    for (uint32_t i = 0; i < e->p->n_layers; i++)
        print_layer(e, &t, i);
    for (enum emit_mode mode = EMIT_INFER; mode <= last_mode(e); mode++)
        print_network(e, &t, mode);
    emit_layers(e, &t);
    print_normalization(e, &t);
    if (e->trained)
        print_inference_model(e, &t);
    else
        print_model(e, &t);
    emit_file_add(e, arena_printf(e->a, "%s.c", e->net), &t);
}
