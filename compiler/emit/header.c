/* NET.h, what a program that embeds the network includes, and NET_internal.h, what the generated files share. */
#include "compiler/emit/emit_internal.h"

#include <inttypes.h>

static void party_functions(struct emit *e, struct text *t)
{
    c_blank(t);
    c_comment(t,
              "One private inference: both sides call offline, then online. The image is normalised, %s; logits: %" PRIu32
              " fixed-point numbers.",
              emit_dims(e->a, e->p->input), e->p->classes);
    if (e->o->targets & EMIT_SERVER) {
        text_line(t, "CNAS_CHECKED enum cnas_status %s_server_offline(struct cnas_server_session *s);", e->net);
        text_line(t, "CNAS_CHECKED enum cnas_status %s_server_online(struct cnas_server_session *s);", e->net);
    }
    if (e->o->targets & EMIT_CLIENT) {
        text_line(t, "CNAS_CHECKED enum cnas_status %s_client_offline(struct cnas_client *c);", e->net);
        text_line(t, "CNAS_CHECKED enum cnas_status %s_client_online(struct cnas_client *c, const float *image, int64_t *logits);", e->net);
    }
}

static void public_header(struct emit *e)
{
    struct text t = emit_file_new(e, false);
    text_line(&t, "#ifndef %s_H", e->upper);
    text_line(&t, "#define %s_H", e->upper);
    c_blank(&t);
    text_line(&t, "#include <cnas/%s.h>", e->p->is_private ? "private" : "model");
    c_blank(&t);
    c_comment(&t,
              "The network: %s -> %" PRIu32
              " numbers. Public: the architecture, no weights. With <cnas/train.h>: cnas_train, cnas_infer, "
              "cnas_params_load%s.",
              emit_dims(e->a, e->p->input), e->p->classes, e->p->is_private ? "; with <cnas/fixed.h>: cnas_fixed_make" : "");
    text_line(&t, "extern const struct cnas_model %s_model;", e->net);
    if (e->o->targets & (EMIT_CLIENT | EMIT_SERVER))
        party_functions(e, &t);
    c_blank(&t);
    text_line(&t, "#endif");
    emit_file_add(e, arena_printf(e->a, "%s.h", e->net), &t);
}

static void point_names(struct emit *e, struct text *t)
{
    c_comment(t, "Points: what exists in shares under private inference. Between points everything is affine.");
    c_begin(t, "enum");
    for (uint32_t i = 0; i < e->p->n_points; i++)
        text_line(t, "POINT_%s,", emit_upper(e->a, e->p->points[i].name));
    text_line(t, "N_POINTS");
    c_end(t, ";");
    c_blank(t);
}

static void fold_names(struct emit *e, struct text *t)
{
    text_line(t, "enum { N_TERMS = %" PRIu32 " };", e->p->n_terms);
    text_line(t, "extern const struct cnas_point %s_points[N_POINTS];", e->net);
    text_line(t, "extern const struct cnas_term %s_terms[N_TERMS];", e->net);
    text_line(t, "CNAS_CHECKED enum cnas_status %s_fold(struct cnas_fold *f, const float *params);", e->net);
    c_blank(t);
}

void emit_param_names(struct emit *e, struct text *t)
{
    const struct plan *p = e->p;
    if (!p->n_params)
        return;
    c_comment(t, "The parameter block, in floats: %" PRIu64 " trained, then %" PRIu64 " of statistics.", p->params_trained,
              p->params_floats - p->params_trained);
    c_begin(t, "enum");
    for (uint32_t i = 0; i < p->n_params; i++) {
        char *name = arena_strdup(e->a, p->params[i].name);
        for (char *at = name; *at; at++)
            if (*at == '.')
                *at = '_';
        text_line(t, "PARAM_%s = %" PRIu64 ",", emit_upper(e->a, name), p->params[i].offset);
    }
    c_end(t, ";");
    c_blank(t);
}

void emit_shape_names(struct emit *e, struct text *t)
{
    bool any = false;
    for (uint32_t i = 0; i < e->p->n_layers; i++)
        if (emit_has_shape(&e->p->layers[i])) {
            text_line(t, "extern const struct cnas_conv_shape %s_%s_shape;", e->net, e->p->layers[i].name);
            any = true;
        } else if (emit_has_slice(&e->p->layers[i])) {
            text_line(t, "extern const struct cnas_slice_shape %s_%s_shape;", e->net, e->p->layers[i].name);
            any = true;
        }
    if (any)
        c_blank(t);
}

static void internal_header(struct emit *e)
{
    struct text t = emit_file_new(e, false);
    text_line(&t, "#ifndef %s_INTERNAL_H", e->upper);
    text_line(&t, "#define %s_INTERNAL_H", e->upper);
    c_blank(&t);
    text_line(&t, "#include \"%s.h\"", e->net);
    c_blank(&t);
    emit_param_names(e, &t);
    if (e->p->is_private)
        point_names(e, &t);
    emit_shape_names(e, &t);
    if (e->p->is_private)
        fold_names(e, &t);
    if (e->o->served) {
        text_line(&t, "extern const struct cnas_model %s_served_model; /* the network for inference */", e->net);
        text_line(&t, "extern const struct cnas_point %s_sources[%" PRIu32 "];", e->net, e->o->served->n_sources);
        text_line(&t, "CNAS_CHECKED enum cnas_status %s_compose(const struct cnas_model *m, struct cnas_fold *f, const float *params, float *served);", e->net);
        c_blank(&t);
    }
    text_line(&t, "#endif");
    emit_file_add(e, arena_printf(e->a, "%s_internal.h", e->net), &t);
}

void emit_header(struct emit *e)
{
    public_header(e);
    internal_header(e);
}
