/* The graph for inference that was decided on. */
#include "compiler/base/table.h"
#include "compiler/ir/rewrite.h"
#include "compiler/pass/collapse.h"

#include <inttypes.h>

struct build {
    struct pass_context *c;
    const struct ir_graph *g;
    const struct collapse_value *v;
    struct ir_rewrite *r;
};

/* A node of this operator that is called `name`, in the place of `id`. */
static struct ir_node node_like(const struct build *b, ir_id id, enum ir_op op, const char *name)
{
    return (struct ir_node){.op = op, .name = name, .site = b->g->nodes[id].site};
}

/* The convolution right before batch norm `id`, if it has groups or is dilated: the kernel then keeps its form. */
static const struct ir_node *normalised(const struct build *b, ir_id id)
{
    const struct ir_node *n = &b->g->nodes[id];
    const struct ir_node *x = n->op == IR_BATCH_NORM ? &b->g->nodes[n->in[0]] : NULL;
    bool direct = x && b->v[id].n_terms == 1 && x->n_in == 1 && b->v[id].terms[0].source == x->in[0];
    return direct && x->op == IR_CONV && (x->conv.groups > 1 || x->conv.dilation > 1) ? x : NULL;
}

static ir_id padded(struct build *b, ir_id id, const struct collapse_term *t, ir_id in)
{
    const struct collapse_map *from = &b->v[t->source].map, *to = &b->v[id].map;
    struct ir_node pad = node_like(b, id, IR_PAD, arena_printf(b->c->arena, "%s_pad", b->g->nodes[id].name));
    pad.pad = (struct ir_pad){t->y.pad, collapse_pad_after(t->y, from->h, to->h), t->x.pad, collapse_pad_after(t->x, from->w, to->w)};
    return ir_rewrite_make(b->r, &pad, &in, 1, id);
}

/* One part of the value of `id`. */
static ir_id part(struct build *b, ir_id id, uint32_t i)
{
    const struct ir_node *n = &b->g->nodes[id], *whole = normalised(b, id);
    const struct collapse_term *t = &b->v[id].terms[i];
    const struct collapse_map *from = &b->v[t->source].map, *to = &b->v[id].map;
    const char *name = b->v[id].n_terms == 1 ? n->name : arena_printf(b->c->arena, "%s_of_%s", n->name, b->g->nodes[t->source].name);
    struct ir_composed *composed = ARENA_NEW(b->c->arena, struct ir_composed);
    *composed = (struct ir_composed){n->name, b->g->nodes[t->source].name};
    ir_id in = ir_rewrite_of(b->r, t->source);
    struct ir_node made;
    if (n->shape.rank == 1) {
        if (b->g->nodes[t->source].shape.rank == 3) {
            struct ir_node flat = node_like(b, id, IR_FLATTEN, arena_printf(b->c->arena, "%s_flat", n->name));
            in = ir_rewrite_make(b->r, &flat, &in, 1, id);
        }
        made = node_like(b, id, IR_LINEAR, name);
        made.linear = (struct ir_linear){.features = to->c, .bias = i == 0};
    } else {
        made = node_like(b, id, IR_CONV, name);
        made.conv = (struct ir_conv){.channels = to->c, .kh = t->y.k, .kw = t->x.k, .stride = t->y.stride, .pad_y = t->y.pad, .pad_x = t->x.pad,
                                     .dilation = 1, .groups = 1, .bias = i == 0};
        if (whole) {
            made.conv = whole->conv;
            made.conv.bias = true;
        } else if (!collapse_pads_evenly(t->y, from->h, to->h) || !collapse_pads_evenly(t->x, from->w, to->w)) {
            in = padded(b, id, t, in);
            made.conv.pad_y = made.conv.pad_x = 0;
        }
    }
    made.composed = composed;
    return ir_rewrite_make(b->r, &made, &in, 1, id);
}

/* MACs of the operators that only `id` reads, down to its sources; *n: how many there are. */
static int64_t replaced(const struct build *b, ir_id id, uint32_t *n)
{
    const struct ir_node *node = &b->g->nodes[id];
    int64_t macs = ir_cost_node(b->g, id).macs;
    ++*n;
    for (uint32_t i = 0; i < node->n_in; i++) {
        bool source = false;
        for (uint32_t k = 0; k < b->v[id].n_terms; k++)
            source |= b->v[id].terms[k].source == node->in[i];
        if (!source && !b->v[node->in[i]].wanted)
            macs += replaced(b, node->in[i], n);
    }
    return macs;
}

static void compose(struct build *b, ir_id id)
{
    const struct ir_node *n = &b->g->nodes[id];
    const uint32_t terms = b->v[id].n_terms;
    ir_id *parts = ARENA_ARRAY(b->c->arena, ir_id, terms), sum;
    uint32_t before = 0;
    int64_t macs = replaced(b, id, &before), after = 0;
    struct ir_node add = node_like(b, id, IR_ADD, n->name);
    for (uint32_t i = 0; i < terms; i++) {
        parts[i] = part(b, id, i);
        const struct ir_node *made = ir_rewrite_node(b->r, parts[i]);
        const struct collapse_map *from = &b->v[b->v[id].terms[i].source].map;
        const bool linear = made->op == IR_LINEAR;
        const int64_t taps = linear ? from->h * from->w : made->conv.kh * made->conv.kw, groups = linear ? 1 : made->conv.groups;
        after += ir_elements(made->shape) * (from->c / groups) * taps;
    }
    sum = terms == 1 ? parts[0] : ir_rewrite_make(b->r, &add, parts, terms, id);
    ir_rewrite_replace(b->r, id, sum);
    struct arena *a = b->c->arena;
    if (macs == after)
        remark(b->c->remarks, REMARK_PASSED, &n->site, 0, "%s `%s` goes into the weights of what is before it", ir_op_name(n->op), n->name);
    else
        remark(b->c->remarks, REMARK_PASSED, &n->site, 0, "`%s` and %" PRIu32 " linear operator%s before it are composed into %" PRIu32 ": %s MACs become %s",
               n->name, before - 1, before == 2 ? "" : "s", terms, table_number(a, macs), table_number(a, after));
}

const struct ir_graph *collapse_build(struct pass_context *c, const struct ir_graph *g, const struct collapse_value *values)
{
    struct build b = {.c = c, .g = g, .v = values, .r = ir_rewrite_new(c->arena, g)};
    bool any = false;
    for (ir_id id = 0; id < g->n_nodes; id++)
        any |= values[id].wanted && values[id].terms;
    if (!any)
        return g;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        if (!values[id].wanted)
            continue;
        if (values[id].terms)
            compose(&b, id);
        else
            ir_rewrite_copy(b.r, id);
    }
    return ir_rewrite_finish(b.r);
}
