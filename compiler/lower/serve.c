/* How the weights of a graph for inference come from those of the trained network: for each value that is composed, the calls of
 * <cnas/fixed.h> that compose it from its sources along the trained graph, and the parts that are taken of it (struct ir_composed).
 * Each value is composed on its own, depth first; a slot is free again when it was read. */
#include "compiler/base/map.h"
#include "compiler/lower/lower.h"

#include <string.h>

struct serve {
    struct arena *a;
    const struct ir_graph *trained, *served;
    const struct plan *plan; /* of the served graph */
    struct map nodes;        /* of the trained graph: name -> node + 1 */
    struct map layers;       /* of the trained plan: name -> layer + 1 */
    struct map served_layers;
    uint32_t *source;        /* per trained node: its number among the sources; PLAN_NONE: none so far */
    ir_id *composes;         /* per trained node: the value that is composed from this source; IR_NONE: none so far */
    VEC(struct plan_source) sources;
    VEC(struct plan_composed) values;
    VEC(struct plan_kernel) kernels;
    VEC(struct plan_fold) calls;
    VEC(bool) busy; /* per slot */
};

static uint32_t lookup(const struct map *m, const char *name)
{
    uintptr_t at = (uintptr_t)map_get(m, name);
    if (!at)
        bug(arena_printf(m->arena, "composed weights need %s, which is not there", name));
    return (uint32_t)(at - 1);
}

static uint32_t take(struct serve *s)
{
    for (uint32_t i = 0; i < s->busy.n; i++)
        if (!s->busy.at[i]) {
            s->busy.at[i] = true;
            return i;
        }
    vec_push(s->a, &s->busy, true);
    return (uint32_t)s->busy.n - 1;
}

/* The same numbers in the same order: no call. */
static bool is_same_value(const struct ir_graph *g, const struct ir_node *n)
{
    return n->op == IR_DROPOUT || (n->op == IR_CONCAT && n->n_in == 1) ||
           (n->op == IR_RESHAPE && ir_shape_equal(n->shape, g->nodes[n->in[0]].shape));
}

/* The slot with trained node `id` as a part of `value`. */
static uint32_t compose(struct serve *s, ir_id value, ir_id id)
{
    const struct ir_node *n = &s->trained->nodes[id];
    struct plan_fold call = {.op = PLAN_FOLD_SOURCE, .point = PLAN_NONE, .layer = PLAN_NONE};
    if (id != value && s->composes[id] == value) {
        call.point = s->source[id];
        call.y = take(s);
        vec_push(s->a, &s->calls, call);
        return call.y;
    }
    if (n->n_in == 0)
        bug("a composed value depends on an input that is no source of it");
    if (is_same_value(s->trained, n))
        return compose(s, value, n->in[0]);
    uint32_t *x = ARENA_ARRAY(s->a, uint32_t, n->n_in);
    for (uint32_t i = 0; i < n->n_in; i++)
        x[i] = compose(s, value, n->in[i]);
    call.op = n->op == IR_FLATTEN || n->op == IR_RESHAPE ? PLAN_FOLD_FLATTEN : PLAN_FOLD_LAYER;
    if (call.op == PLAN_FOLD_LAYER)
        call.layer = lookup(&s->layers, n->name);
    call.y = take(s);
    call.n_x = n->n_in;
    call.x = x;
    vec_push(s->a, &s->calls, call);
    for (uint32_t i = 0; i < n->n_in; i++)
        s->busy.at[x[i]] = false;
    return call.y;
}

/* A flattened map is that map. */
static struct plan_dims source_dims(const struct ir_graph *g, ir_id id)
{
    const struct ir_node *n = &g->nodes[id];
    while (n->shape.rank == 1 && (n->op == IR_FLATTEN || n->op == IR_RESHAPE || n->op == IR_DROPOUT || n->op == IR_BATCH_NORM))
        n = &g->nodes[n->in[0]];
    return lower_dims(n->shape);
}

/* What a part looks like from its source: padding may have become an operator of its own before it. */
static void add_kernel(struct serve *s, const struct ir_node *n)
{
    const ir_id source = lookup(&s->nodes, n->composed->source);
    if (s->source[source] == PLAN_NONE) {
        s->source[source] = (uint32_t)s->sources.n;
        vec_push(s->a, &s->sources, ((struct plan_source){n->composed->source, source_dims(s->trained, source)}));
    }
    s->composes[source] = lookup(&s->nodes, n->composed->value);
    const struct plan_dims from = s->sources.at[s->source[source]].dims;
    struct plan_kernel k = {.layer = lookup(&s->served_layers, n->name), .source = s->source[source],
                            .kh = from.h, .kw = from.w, .dilation = 1, .groups = 1};
    if (n->op == IR_CONV) {
        const struct ir_node *x = &s->served->nodes[n->in[0]];
        const bool own = x->op == IR_PAD && strcmp(x->name, n->composed->source) != 0;
        k.kh = (uint32_t)n->conv.kh;
        k.kw = (uint32_t)n->conv.kw;
        k.dilation = (uint32_t)n->conv.dilation;
        k.groups = (uint32_t)n->conv.groups;
        k.pad_y = (int32_t)(n->conv.pad_y + (own ? x->pad.top : 0));
        k.pad_x = (int32_t)(n->conv.pad_x + (own ? x->pad.left : 0));
    }
    vec_push(s->a, &s->kernels, k);
}

static void add_value(struct serve *s, const char *name, uint32_t first_kernel)
{
    const ir_id value = lookup(&s->nodes, name);
    struct plan_composed v = {.name = name, .dims = lower_dims(s->trained->nodes[value].shape), .first_fold = (uint32_t)s->calls.n,
                              .first_kernel = first_kernel, .n_kernels = (uint32_t)s->kernels.n - first_kernel};
    v.slot = compose(s, value, value);
    v.n_folds = (uint32_t)s->calls.n - v.first_fold;
    s->busy.at[v.slot] = false;
    vec_push(s->a, &s->values, v);
}

static struct map index_layers(struct arena *a, const struct plan *p)
{
    struct map m = map_new(a);
    for (uint32_t i = 0; i < p->n_layers; i++)
        map_set(&m, p->layers[i].name, (void *)(uintptr_t)(i + 1));
    return m;
}

const struct plan_served *plan_serve(struct arena *a, const struct ir_graph *trained, const struct plan *trained_plan,
                                     const struct ir_graph *served, struct plan_refusal *why)
{
    struct serve s = {.a = a, .trained = trained, .served = served, .nodes = map_new(a)};
    s.plan = plan_lower(a, served, PLAN_CLEAR, why);
    if (!s.plan)
        return NULL;
    s.layers = index_layers(a, trained_plan);
    s.served_layers = index_layers(a, s.plan);
    s.source = ARENA_ARRAY(a, uint32_t, trained->n_nodes);
    s.composes = ARENA_ARRAY(a, ir_id, trained->n_nodes);
    for (ir_id id = 0; id < trained->n_nodes; id++) {
        map_set(&s.nodes, trained->nodes[id].name, (void *)(uintptr_t)(id + 1));
        s.source[id] = PLAN_NONE;
        s.composes[id] = IR_NONE;
    }
    struct map done = map_new(a);
    for (ir_id id = 0; id < served->n_nodes; id++) { /* the parts of a value stand together: no other part comes between them */
        const struct ir_composed *c = served->nodes[id].composed;
        if (!c || map_get(&done, c->value))
            continue;
        const uint32_t first = (uint32_t)s.kernels.n;
        for (ir_id part = id; part < served->n_nodes; part++) {
            const struct ir_composed *other = served->nodes[part].composed;
            if (other && strcmp(other->value, c->value) != 0)
                break;
            if (other)
                add_kernel(&s, &served->nodes[part]);
        }
        map_set(&done, c->value, &done);
        add_value(&s, c->value, first);
    }
    struct plan_served *p = ARENA_NEW(a, struct plan_served);
    *p = (struct plan_served){.plan = s.plan,
                              .n_sources = (uint32_t)s.sources.n,
                              .sources = s.sources.at,
                              .n_values = (uint32_t)s.values.n,
                              .values = s.values.at,
                              .n_kernels = (uint32_t)s.kernels.n,
                              .kernels = s.kernels.at,
                              .n_folds = (uint32_t)s.calls.n,
                              .folds = s.calls.at};
    return p;
}
