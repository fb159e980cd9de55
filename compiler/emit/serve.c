/* NET_served.c, the network for inference with composed weights, and NET_compose.c, which composes them from the trained ones. */
#include "compiler/emit/emit_internal.h"

#include <inttypes.h>

static const char *source_name(struct emit *e, uint32_t source)
{
    return arena_printf(e->a, "SOURCE_%s", emit_upper(e->a, e->o->served->sources[source].name));
}

static void print_sources(struct emit *e, struct text *t)
{
    const struct plan_served *s = e->o->served;
    c_comment(t, "What values are composed from: the points of the calls below.");
    c_begin(t, "enum");
    for (uint32_t i = 0; i < s->n_sources; i++)
        text_line(t, "%s,", source_name(e, i));
    text_line(t, "N_SOURCES");
    c_end(t, ";");
    c_blank(t);
    c_begin(t, "const struct cnas_point %s_sources[N_SOURCES] =", e->net);
    for (uint32_t i = 0; i < s->n_sources; i++)
        text_line(t, "[%s] = {.name = \"%s\", .c = %" PRIu32 ", .h = %" PRIu32 ", .w = %" PRIu32 "},", source_name(e, i), s->sources[i].name,
                  s->sources[i].dims.c, s->sources[i].dims.h, s->sources[i].dims.w);
    c_end(t, ";");
    c_blank(t);
}

static void print_call(struct emit *e, struct text *t, const struct plan_fold *f)
{
    struct c_items items = c_items_new(e->a);
    if (f->op == PLAN_FOLD_LAYER) {
        emit_fold_layer(e, t, f);
        return;
    }
    c_item(&items, "f");
    c_item(&items, "%" PRIu32, f->y);
    if (f->op == PLAN_FOLD_SOURCE)
        c_item(&items, "%s", source_name(e, f->point));
    else
        c_item(&items, "%" PRIu32, f->x[0]);
    c_call(t, C_TRY, f->op == PLAN_FOLD_SOURCE ? "cnas_fold_source" : "cnas_fold_flatten", &items);
}

static void print_kernel(struct emit *e, struct text *t, const struct plan_composed *v, const struct plan_kernel *k)
{
    const struct plan_served *s = e->o->served;
    const struct plan_layer *l = &s->plan->layers[k->layer];
    const struct plan_param *params = s->plan->params;
    const uint32_t bias = l->param[PLAN_BIAS];
    struct c_items shape = c_items_new(e->a), items = c_items_new(e->a);
    c_item(&shape, ".c = %" PRIu32 ", .k = %" PRIu32, s->sources[k->source].dims.c, v->dims.c);
    c_item(&shape, ".kh = %" PRIu32 ", .kw = %" PRIu32, k->kh, k->kw);
    c_item(&shape, ".dilation = %" PRIu32 ", .groups = %" PRIu32, k->dilation, k->groups);
    c_item(&shape, ".pad_y = %" PRId32 ", .pad_x = %" PRId32, k->pad_y, k->pad_x);
    c_comment(t, "%s", l->name);
    struct text inline_shape = text_new(e->a);
    for (size_t i = 0; i < shape.v.n; i++)
        text_add(&inline_shape, "%s%s", i ? ", " : "", shape.v.at[i]);
    c_item(&items, "f");
    c_item(&items, "%" PRIu32, v->slot);
    c_item(&items, "%s", source_name(e, k->source));
    c_item(&items, "served + %" PRIu64, params[l->param[PLAN_WEIGHT]].offset);
    c_item(&items, bias == PLAN_NONE ? "NULL" : "served + %" PRIu64, bias == PLAN_NONE ? 0 : params[bias].offset);
    c_item(&items, "&(struct cnas_kernel_shape){%s}", text_str(&inline_shape));
    c_call(t, C_TRY, "cnas_fold_kernel", &items);
}

static void print_value(struct emit *e, struct text *t, uint32_t i)
{
    const struct plan_served *s = e->o->served;
    const struct plan_composed *v = &s->values[i];
    struct text from = text_new(e->a);
    for (uint32_t k = 0; k < v->n_kernels; k++)
        text_add(&from, "%s%s", k ? ", " : "", s->sources[s->kernels[v->first_kernel + k].source].name);
    c_comment(t, "%s, %s, of %s.", v->name, emit_dims(e->a, v->dims), text_str(&from));
    c_open(t, "static enum cnas_status compose_%" PRIu32 "(struct cnas_fold *f, const float *params, float *served)", i + 1);
    bool reads = false;
    for (uint32_t k = v->first_fold; k < v->first_fold + v->n_folds; k++)
        reads |= s->folds[k].op == PLAN_FOLD_LAYER && emit_fold_reads(e, &s->folds[k]);
    if (!reads)
        text_line(t, "(void)params;");
    for (uint32_t k = v->first_fold; k < v->first_fold + v->n_folds; k++)
        print_call(e, t, &s->folds[k]);
    for (uint32_t k = 0; k < v->n_kernels; k++)
        print_kernel(e, t, v, &s->kernels[v->first_kernel + k]);
    text_line(t, "return CNAS_OK;");
    c_end(t, "");
    c_blank(t);
}

static void print_compose(struct emit *e)
{
    struct text t = emit_file_new(e, false);
    text_line(&t, "#include \"%s_internal.h\"", e->net);
    c_blank(&t);
    text_line(&t, "#include <cnas/fixed.h>");
    c_blank(&t);
    c_comment(&t, "Linear operators composed for inference, where that takes fewer multiply-accumulates: %" PRIu64 " for an image become %" PRIu64
                  ". Numbers in the calls are slots for values in between.", e->p->macs, e->o->served->plan->macs);
    c_blank(&t);
    print_sources(e, &t);
    for (uint32_t i = 0; i < e->o->served->n_values; i++)
        print_value(e, &t, i);
    c_open(&t, "enum cnas_status %s_compose(const struct cnas_model *m, struct cnas_fold *f, const float *params, float *served)", e->net);
    text_line(&t, "(void)m; /* this code is of one network */");
    for (uint32_t i = 0; i < e->o->served->n_values; i++)
        text_line(&t, i + 1 < e->o->served->n_values ? "CNAS_TRY(compose_%" PRIu32 "(f, params, served));"
                                                     : "return compose_%" PRIu32 "(f, params, served);", i + 1);
    c_end(&t, "");
    emit_file_add(e, arena_printf(e->a, "%s_compose.c", e->net), &t);
}

void emit_served(struct emit *e)
{
    struct emit served = {.a = e->a, .p = e->o->served->plan, .o = e->o, .banner_lines = e->banner_lines, .files = e->files, .trained = e->net};
    emit_names(&served);
    served.net = arena_printf(e->a, "%s_served", e->net);
    served.upper = emit_upper(e->a, served.net);
    emit_clear(&served);
    e->files.at = served.files.at;
    e->files.n = served.files.n;
    e->files.cap = served.files.cap;
    print_compose(e);
}
