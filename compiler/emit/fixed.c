/* NET_fixed.c: points, terms, and one function per linear segment that folds its parameters into the terms' kernels. */
#include "compiler/emit/emit_internal.h"

#include <inttypes.h>

static const char *point_name(struct emit *e, uint32_t point)
{
    return arena_printf(e->a, "POINT_%s", emit_upper(e->a, e->p->points[point].name));
}

static void print_points(struct emit *e, struct text *t)
{
    static const char *const kinds[] = {[PLAN_POINT_INPUT] = "CNAS_POINT_INPUT",
                                        [PLAN_POINT_RELU] = "CNAS_POINT_RELU",
                                        [PLAN_POINT_RESCALE] = "CNAS_POINT_RESCALE",
                                        [PLAN_POINT_OUTPUT] = "CNAS_POINT_OUTPUT"};
    c_begin(t, "const struct cnas_point %s_points[N_POINTS] =", e->net);
    for (uint32_t i = 0; i < e->p->n_points; i++) {
        const struct plan_point *q = &e->p->points[i];
        struct c_items items = c_items_new(e->a);
        c_item(&items, ".name = \"%s\"", q->name);
        c_item(&items, ".kind = %s", kinds[q->kind]);
        c_item(&items, ".c = %" PRIu32 ", .h = %" PRIu32 ", .w = %" PRIu32, q->dims.c, q->dims.h, q->dims.w);
        if (q->n_terms)
            c_item(&items, ".first_term = %" PRIu32 ", .n_terms = %" PRIu32, q->first_term, q->n_terms);
        c_list(t, arena_printf(e->a, "[%s] = {", point_name(e, i)), &items, "},");
    }
    c_end(t, ";");
    c_blank(t);
}

static void print_terms(struct emit *e, struct text *t)
{
    c_begin(t, "const struct cnas_term %s_terms[N_TERMS] =", e->net);
    for (uint32_t i = 0; i < e->p->n_terms; i++) {
        const struct plan_term *s = &e->p->terms[i];
        struct c_items items = c_items_new(e->a);
        c_item(&items, ".dst = %s", point_name(e, s->dst));
        c_item(&items, ".src = %s", point_name(e, s->src));
        c_item(&items, ".kh = %" PRIu32 ", .kw = %" PRIu32 ", .stride = %" PRIu32, s->kh, s->kw, s->stride);
        c_item(&items, ".pad_y = %" PRId32 ", .pad_x = %" PRId32, s->pad_y, s->pad_x);
        c_list(t, "{", &items, "},");
    }
    c_end(t, ";");
    c_blank(t);
}

static const char *param(struct emit *e, const struct plan_layer *l, enum plan_param_kind kind, const char *suffix)
{
    return l->param[kind] == PLAN_NONE ? "NULL" : arena_printf(e->a, "params + PARAM_%s_%s", emit_upper(e->a, l->name), suffix);
}

void emit_fold_layer(struct emit *e, struct text *t, const struct plan_fold *f)
{
    const struct plan_layer *l = &e->p->layers[f->layer];
    struct c_items items = c_items_new(e->a);
    c_item(&items, "f");
    c_item(&items, "%" PRIu32, f->y);
    if (l->op == PLAN_ADD || l->op == PLAN_CONCAT) {
        struct text x = text_new(e->a);
        for (uint32_t k = 0; k < f->n_x; k++)
            text_add(&x, "%s%" PRIu32, k ? ", " : "", f->x[k]);
        c_item(&items, "(const uint32_t[]){%s}", text_str(&x));
        c_item(&items, "%" PRIu32, f->n_x);
    } else {
        c_item(&items, "%" PRIu32, f->x[0]);
    }
    if (l->op == PLAN_CONV || l->op == PLAN_LINEAR) {
        c_item(&items, "%s", param(e, l, PLAN_WEIGHT, "WEIGHT"));
        c_item(&items, "%s", param(e, l, PLAN_BIAS, "BIAS"));
    }
    if (emit_has_shape(l) || emit_has_slice(l))
        c_item(&items, "&%s_%s_shape", e->net, l->name);
    if (l->op == PLAN_LINEAR) {
        c_item(&items, "%s", emit_product(e->a, l->x[0].dims));
        c_item(&items, "%" PRIu32, l->y.dims.c);
    }
    if (l->op == PLAN_BATCH_NORM) {
        c_item(&items, "%s", param(e, l, PLAN_GAMMA, "GAMMA"));
        c_item(&items, "%s", param(e, l, PLAN_BETA, "BETA"));
        c_item(&items, "%s", param(e, l, PLAN_MEAN, "MEAN"));
        c_item(&items, "%s", param(e, l, PLAN_VAR, "VAR"));
        c_item(&items, "%s", c_float(e->a, l->epsilon));
    }
    if (l->op == PLAN_SUBSAMPLE) {
        c_item(&items, "%" PRIu32, l->window.stride);
        c_item(&items, "%" PRIu32, l->window.offset_y);
        c_item(&items, "%" PRIu32, l->window.offset_x);
    }
    c_call(t, C_TRY, arena_printf(e->a, "cnas_fold_%s", emit_has_slice(l) ? "slice" : plan_op_name(l->op)), &items);
}

/* The calls that a max_pool is made of. */
static void print_pool_call(struct emit *e, struct text *t, const struct plan_fold *f, struct c_items *items)
{
    struct text x = text_new(e->a);
    for (uint32_t k = 0; k < f->n_x; k++)
        text_add(&x, "%s%" PRIu32, k ? ", " : "", f->x[k]);
    c_item(items, "%" PRIu32, f->y);
    if (f->op == PLAN_FOLD_SUM || f->op == PLAN_FOLD_STACK) {
        c_item(items, "(const uint32_t[]){%s}", text_str(&x));
        c_item(items, "%" PRIu32, f->n_x);
    } else {
        c_item(items, "%s", text_str(&x));
    }
    if (f->op == PLAN_FOLD_TAP)
        c_item(items, "&%s_%s_shape", e->net, e->p->layers[f->layer].name);
    if (f->op == PLAN_FOLD_TAP || f->op == PLAN_FOLD_CHANNELS)
        c_item(items, "%" PRIu32 ", %" PRIu32, f->at[0], f->at[1]);
    static const char *const names[] = {[PLAN_FOLD_TAP] = "tap", [PLAN_FOLD_CHANNELS] = "channels", [PLAN_FOLD_SUM] = "add",
                                        [PLAN_FOLD_SUBTRACT] = "subtract", [PLAN_FOLD_STACK] = "concat"};
    c_call(t, C_TRY, arena_printf(e->a, "cnas_fold_%s", names[f->op]), items);
}

static void print_fold(struct emit *e, struct text *t, const struct plan_fold *f)
{
    struct c_items items = c_items_new(e->a);
    c_item(&items, "f");
    switch (f->op) {
    case PLAN_FOLD_SOURCE:
        c_item(&items, "%" PRIu32, f->y);
        c_item(&items, "%s", point_name(e, f->point));
        c_call(t, C_TRY, "cnas_fold_source", &items);
        break;
    case PLAN_FOLD_FLATTEN:
        c_item(&items, "%" PRIu32, f->y);
        c_item(&items, "%" PRIu32, f->x[0]);
        c_call(t, C_TRY, "cnas_fold_flatten", &items);
        break;
    case PLAN_FOLD_LAYER:
        emit_fold_layer(e, t, f);
        break;
    case PLAN_FOLD_TAP:
    case PLAN_FOLD_CHANNELS:
    case PLAN_FOLD_SUM:
    case PLAN_FOLD_SUBTRACT:
    case PLAN_FOLD_STACK:
        print_pool_call(e, t, f, &items);
        break;
    case PLAN_FOLD_POINT:
        c_item(&items, "%s", point_name(e, f->point));
        c_item(&items, "%" PRIu32, f->x[0]);
        c_call(t, C_RETURN, "cnas_fold_point", &items);
        break;
    }
}

bool emit_fold_reads(const struct emit *e, const struct plan_fold *f)
{
    const struct plan_layer *l = f->op == PLAN_FOLD_LAYER ? &e->p->layers[f->layer] : NULL;
    return l && (l->op == PLAN_CONV || l->op == PLAN_LINEAR || l->op == PLAN_BATCH_NORM);
}

static bool reads_params(const struct emit *e, const struct plan_point *q)
{
    for (uint32_t i = q->first_fold; i < q->first_fold + q->n_folds; i++)
        if (emit_fold_reads(e, &e->p->folds[i]))
            return true;
    return false;
}

/* A stride follows a slash. */
const char *emit_terms(struct emit *e, const struct plan_point *q)
{
    struct text s = text_new(e->a);
    for (uint32_t i = q->first_term; i < q->first_term + q->n_terms; i++) {
        const struct plan_term *term = &e->p->terms[i];
        text_add(&s, "%s%s * %" PRIu32 "x%" PRIu32, i > q->first_term ? " + " : "", e->p->points[term->src].name, term->kh,
                 term->kw);
        if (term->stride > 1)
            text_add(&s, "/%" PRIu32, term->stride);
    }
    return text_str(&s);
}

static void print_segment(struct emit *e, struct text *t, uint32_t point)
{
    const struct plan_point *q = &e->p->points[point];
    const bool reads = reads_params(e, q);
    c_comment(t, "%s: %s = %s.%s", q->name, emit_dims(e->a, q->dims), emit_terms(e, q), emit_site(e->a, q->site));
    c_open(t, "static enum cnas_status %s_fold(struct cnas_fold *f%s)", e->point[point], reads ? ", const float *params" : "");
    for (uint32_t i = q->first_fold; i < q->first_fold + q->n_folds; i++)
        print_fold(e, t, &e->p->folds[i]);
    c_end(t, "");
    c_blank(t);
}

void emit_fixed(struct emit *e)
{
    struct text t = emit_file_new(e, false);
    text_line(&t, "#include \"%s_internal.h\"", e->net);
    c_blank(&t);
    text_line(&t, "#include <cnas/fixed.h>");
    c_blank(&t);
    c_comment(&t,
              "Each segment below folds everything between points into one convolution for each source: "
              "`x * 3x3/2` is point x under a 3x3 kernel with stride 2. Numbers in the calls are slots for values in between.");
    c_blank(&t);
    print_points(e, &t);
    print_terms(e, &t);
    for (uint32_t i = 1; i < e->p->n_points; i++)
        print_segment(e, &t, i);
    c_open(&t, "enum cnas_status %s_fold(struct cnas_fold *f, const float *params)", e->net);
    if (!e->p->n_params)
        text_line(&t, "(void)params;");
    for (uint32_t i = 1; i < e->p->n_points; i++) {
        struct c_items items = c_items_new(e->a);
        c_item(&items, "f");
        if (reads_params(e, &e->p->points[i]))
            c_item(&items, "params");
        c_call(&t, i + 1 < e->p->n_points ? C_TRY : C_RETURN, arena_printf(e->a, "%s_fold", e->point[i]), &items);
    }
    c_end(&t, "");
    emit_file_add(e, arena_printf(e->a, "%s_fixed.c", e->net), &t);
}
