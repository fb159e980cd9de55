/* NET_server.c and NET_client.c: one inference's offline and online phases, point by point. */
#include "compiler/emit/emit_internal.h"

#include <inttypes.h>

struct side { /* how the two differ */
    const char *name, *parameter;
    bool server;
};

static const struct side server = {"server", "struct cnas_server_session *s", true};
static const struct side client = {"client", "struct cnas_client *c", false};

static const char *handle(const struct side *side)
{
    return side->server ? "s" : "c";
}

/* cnas_SIDE_PHASE_what(handle, POINT_x, extra) */
static void step(struct emit *e, struct text *t, const struct side *side, enum c_call how, const char *what, uint32_t point,
                 const char *extra)
{
    struct c_items items = c_items_new(e->a);
    c_item(&items, "%s", handle(side));
    if (point != PLAN_NONE)
        c_item(&items, "POINT_%s", emit_upper(e->a, e->p->points[point].name));
    if (extra)
        c_item(&items, "%s", extra);
    c_call(t, how, arena_printf(e->a, "cnas_%s_%s", side->name, what), &items);
}

static void print_point(struct emit *e, struct text *t, const struct side *side, uint32_t point)
{
    const struct plan_point *q = &e->p->points[point];
    const bool output = q->kind == PLAN_POINT_OUTPUT;
    static const char *const what[] = {[PLAN_POINT_RELU] = "ReLUs",
                                       [PLAN_POINT_RESCALE] = "truncations",
                                       [PLAN_POINT_OUTPUT] = "logits, revealed to the client"};
    const uint64_t n = (uint64_t)q->dims.c * q->dims.h * q->dims.w;
    c_comment(t, "%s: %" PRIu64 " %s, of %s.%s", q->name, n, what[q->kind], emit_terms(e, q), emit_site(e->a, q->site));
    c_open(t, "static enum cnas_status %s_offline(%s)", e->point[point], side->parameter);
    step(e, t, side, output ? C_RETURN : C_TRY, "offline_linear", point, NULL);
    if (!output)
        step(e, t, side, C_RETURN, "offline_activate", point, NULL);
    c_end(t, "");
    c_blank(t);
    c_open(t, "static enum cnas_status %s_online(%s%s)", e->point[point], side->parameter,
           output && !side->server ? ", int64_t *logits" : "");
    if (side->server)
        step(e, t, side, C_TRY, "online_linear", point, NULL);
    step(e, t, side, C_RETURN, output ? "online_reveal" : "online_activate", point, output && !side->server ? "logits" : NULL);
    c_end(t, "");
    c_blank(t);
}

static void print_phase(struct emit *e, struct text *t, const struct side *side, bool online)
{
    const char *phase = online ? "online" : "offline";
    const bool reveals = online && !side->server;
    c_open(t, "enum cnas_status %s_%s_%s(%s%s)", e->net, side->name, phase, side->parameter,
           reveals ? ", const float *image, int64_t *logits" : "");
    step(e, t, side, C_TRY, online ? "online_begin" : "offline_begin", PLAN_NONE, reveals ? "image" : NULL);
    for (uint32_t i = 1; i < e->p->n_points; i++) {
        const bool last = i + 1 == e->p->n_points;
        struct c_items items = c_items_new(e->a);
        c_item(&items, "%s", handle(side));
        if (last && reveals)
            c_item(&items, "logits");
        c_call(t, last && online ? C_RETURN : C_TRY, arena_printf(e->a, "%s_%s", e->point[i], phase), &items);
    }
    if (!online)
        step(e, t, side, C_RETURN, "offline_end", PLAN_NONE, NULL);
    c_end(t, "");
}

static void emit_side(struct emit *e, const struct side *side)
{
    struct text t = emit_file_new(e, false);
    text_line(&t, "#include \"%s_internal.h\"", e->net);
    c_blank(&t);
    for (uint32_t i = 1; i < e->p->n_points; i++)
        print_point(e, &t, side, i);
    print_phase(e, &t, side, false);
    c_blank(&t);
    print_phase(e, &t, side, true);
    emit_file_add(e, arena_printf(e->a, "%s_%s.c", e->net, side->name), &t);
}

void emit_parties(struct emit *e)
{
    if (e->o->targets & EMIT_SERVER)
        emit_side(e, &server);
    if (e->o->targets & EMIT_CLIENT)
        emit_side(e, &client);
}
