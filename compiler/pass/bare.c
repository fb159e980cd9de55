/* From a graph to its bare values.
 * In three sweeps: forwards, which form each value has; backwards, which values are wanted; forwards again, the bare values. */
#include "compiler/pass/bare.h"

#include "compiler/pass/intern.h"
#include "compiler/pass/range.h"

bool bare_is_clear(const struct ir_node *n)
{
    switch (n->op) {
    case IR_CONCAT:
    case IR_SLICE:
    case IR_PAD:
    case IR_RESHAPE:
    case IR_FLATTEN:
    case IR_UPSAMPLE:
    case IR_SUBSAMPLE:
    case IR_GLOBAL_MAX_POOL:
    case IR_DROPOUT:
        return true;
    case IR_MAX_POOL:
        return n->max_pool.pad == 0;
    default:
        return false;
    }
}

bool bare_is_single(enum ir_op op)
{
    return op == IR_MAX_POOL || op == IR_GLOBAL_MAX_POOL || op == IR_DROPOUT;
}

bool bare_is_movable(const struct ir_node *n)
{
    return n->op == IR_RELU && !n->keep;
}

struct sweep {
    const struct ir_graph *g;
    struct bare_value *of;
    bool *opaque;
    bool *free; /* per node: its bare form is never negative */
    const struct range *range;
};

/* The form and sign of a clear operator's value, from those of its inputs. */
static void join(const struct sweep *s, ir_id id)
{
    const struct ir_node *n = &s->g->nodes[id];
    bool as_is = true, relu = true, free = true;
    for (uint32_t i = 0; i < n->n_in; i++) {
        const ir_id x = n->in[i];
        as_is &= s->of[x].form == BARE_AS_IT_IS;
        relu &= s->of[x].form == BARE_RELU || (s->of[x].form == BARE_AS_IT_IS && s->free[x]);
        free &= s->free[x];
    }
    s->of[id].form = as_is ? BARE_AS_IT_IS : relu ? BARE_RELU : BARE_MIXED;
    s->free[id] = free;
}

/* closed: this clear operator is to be opaque. */
static void form(const struct sweep *s, ir_id id, bool closed)
{
    const struct ir_node *n = &s->g->nodes[id];
    if (bare_is_movable(n)) {
        const struct bare_value *x = &s->of[n->in[0]];
        s->free[id] = s->free[n->in[0]];
        s->of[id].form = x->form == BARE_AS_IT_IS && s->free[id] ? BARE_AS_IT_IS : BARE_RELU;
        return;
    }
    s->opaque[id] = closed || !bare_is_clear(n);
    if (s->opaque[id]) {
        s->of[id].form = BARE_AS_IT_IS;
        s->free[id] = s->range[id].never_negative;
        return;
    }
    join(s, id);
}

/* Whether the node's value is made of its inputs' values, and not of their bare forms. */
static bool reads_inputs(const struct sweep *s, ir_id id)
{
    return s->opaque[id] || (s->of[id].wanted && s->of[id].form != BARE_RELU);
}

static void find_wanted(const struct sweep *s)
{
    for (uint32_t i = 0; i < s->g->n_outputs; i++)
        s->of[s->g->outputs[i].node].wanted = true;
    for (ir_id id = s->g->n_nodes; id-- > 0;)
        if (reads_inputs(s, id))
            for (uint32_t i = 0; i < s->g->nodes[id].n_in; i++)
                s->of[s->g->nodes[id].in[i]].wanted = true;
}

static uint32_t find_part(struct bare *at, uint32_t v)
{
    while (at[v].part != v)
        v = at[v].part = at[at[v].part].part;
    return v;
}

static void unite(struct bare *at, uint32_t v, uint32_t w)
{
    v = find_part(at, v);
    w = find_part(at, w);
    at[v < w ? w : v].part = v < w ? v : w;
}

/* The bare value of a node that is no movable ReLU: one that there is, or a new one. */
static uint32_t value(struct arena *a, struct bare_graph *b, const struct sweep *s, struct intern *known, ir_id id)
{
    const struct ir_node *n = &s->g->nodes[id];
    struct bare v = {.maker = id, .opaque = s->opaque[id], .free = s->free[id], .kept = IR_NONE, .part = b->n};
    if (!v.opaque) {
        uint32_t *in = ARENA_ARRAY(a, uint32_t, (size_t)n->n_in);
        for (uint32_t i = 0; i < n->n_in; i++)
            in[i] = b->of[n->in[i]].bare;
        v.in = in;
        v.n_in = n->n_in;
        const uint32_t number = n->op == IR_DROPOUT ? b->n : intern_number(known, n, in, n->n_in, b->n);
        if (number != b->n)
            return number;
    }
    b->at[b->n] = v;
    for (uint32_t i = 0; i < v.n_in; i++)
        if (!(b->at[v.in[i]].opaque && b->at[v.in[i]].free)) /* whose ReLU is no question */
            unite(b->at, b->n, v.in[i]);
    return b->n++;
}

/* This ReLU marked @keep may serve others: its input is there before anything needs them. */
static void find_kept(const struct bare_graph *b, ir_id id)
{
    const ir_id x = b->g->nodes[id].in[0];
    const struct bare_value *value = &b->of[x];
    struct bare *bare = &b->at[value->bare];
    if (bare->kept == IR_NONE && (value->form == BARE_AS_IT_IS || (value->form == BARE_MIXED && bare->maker == x)))
        bare->kept = id;
}

struct bare_graph *bare_graph_new(struct arena *a, const struct ir_graph *g)
{
    struct bare_graph *b = ARENA_NEW(a, struct bare_graph);
    b->g = g;
    b->at = ARENA_ARRAY(a, struct bare, g->n_nodes);
    b->of = ARENA_ARRAY(a, struct bare_value, g->n_nodes);
    const struct sweep s = {g, b->of, ARENA_ARRAY(a, bool, g->n_nodes), ARENA_ARRAY(a, bool, g->n_nodes), range_infer(a, g)};
    for (ir_id id = 0; id < g->n_nodes; id++)
        form(&s, id, false);
    find_wanted(&s);

    struct intern *known = intern_new(a);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        struct bare_value *v = &b->of[id];
        form(&s, id, bare_is_single(n->op) && v->form == BARE_MIXED && v->wanted); /* else its bare form would be a second one */
        v->bare = bare_is_movable(n) ? b->of[n->in[0]].bare : value(a, b, &s, known, id);
        struct bare *bare = &b->at[v->bare];
        bare->wanted |= v->wanted && v->form == BARE_AS_IT_IS;
        bare->relu_wanted |= v->wanted && v->form == BARE_RELU;
        if (n->op == IR_RELU && n->keep)
            find_kept(b, id);
    }
    for (uint32_t v = 0; v < b->n; v++)
        b->at[v].part = find_part(b->at, v);
    return b;
}
