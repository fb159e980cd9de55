#include "compiler/pass/balance_channels.h"

#include <inttypes.h>

enum { MORE_CUTS = 4096 }; /* beyond one for each node: a text of a few lines could ask for 2^31 */

static uint32_t new_bundle(struct channels *c, int64_t size, ir_id maker)
{
    vec_push(c->arena, &c->bundles, ((struct bundle){.size = size, .multiple = 1, .maker = maker}));
    return (uint32_t)c->bundles.n - 1;
}

static struct strand once(uint32_t bundle)
{
    return (struct strand){bundle, 1};
}

static int64_t length(const struct channels *c, struct strand s)
{
    return c->bundles.at[s.bundle].size * s.times;
}

/* --- walking over leaves: a stack of strands whose first leaf is the next --- */

static void push(struct channels *c, struct strands *stack, struct strand s)
{
    vec_push(c->arena, stack, s);
}

static struct strand repeat(struct strand s, int64_t times)
{
    return (struct strand){s.bundle, s.times * times};
}

static bool next_leaf(struct channels *c, struct strands *stack, struct strand *leaf)
{
    while (stack->n) {
        struct strand s = stack->at[--stack->n];
        struct bundle *b = &c->bundles.at[s.bundle];
        if (!b->n_parts) {
            *leaf = s;
            return true;
        }
        if (b->n_parts == 1) { /* chains of such bundles get shorter with each walk */
            const struct bundle *below = &c->bundles.at[b->only.bundle];
            if (below->n_parts == 1)
                b->only = repeat(below->only, b->only.times);
            push(c, stack, repeat(b->only, s.times));
            continue;
        }
        for (uint32_t i = b->n_parts; i-- > 0;)
            push(c, stack, repeat(b->parts[i], s.times));
    }
    return false;
}

/* parts: borrowed, if they are several. */
static void consist_of(struct channels *c, uint32_t bundle, const struct strand *parts, uint32_t n)
{
    struct bundle *b = &c->bundles.at[bundle];
    b->n_parts = n;
    b->parts = n > 1 ? parts : NULL;
    b->only = parts[0];
}

void channels_leaves(struct channels *c, struct strand s, struct strands *leaves)
{
    struct strand leaf;
    c->stack.n = 0;
    push(c, &c->stack, s);
    while (next_leaf(c, &c->stack, &leaf))
        vec_push(c->arena, leaves, leaf);
}

int64_t channels_before(struct channels *c, struct strand s, int64_t channels, const int64_t *sizes)
{
    struct strand leaf;
    int64_t total = 0, passed = 0;
    c->stack.n = 0;
    push(c, &c->stack, s);
    while (passed < channels && next_leaf(c, &c->stack, &leaf)) {
        int64_t size = sizes ? sizes[leaf.bundle] : c->bundles.at[leaf.bundle].size;
        passed += length(c, leaf);
        total = size > (IR_MAX_ELEMENTS - total) / leaf.times ? IR_MAX_ELEMENTS + 1 : total + size * leaf.times;
        if (total > IR_MAX_ELEMENTS)
            break;
    }
    return total;
}

int64_t channels_total(struct channels *c, struct strand s, const int64_t *sizes)
{
    return channels_before(c, s, INT64_MAX, sizes);
}

/* --- fixing, cutting, tying --- */

/* A leaf that is given stays given: that is no fault of the network. */
static void fix(struct channels *c, struct strand s, ir_id by, const char *why)
{
    struct strand leaf;
    c->stack.n = 0;
    push(c, &c->stack, s);
    while (next_leaf(c, &c->stack, &leaf)) {
        struct bundle *b = &c->bundles.at[leaf.bundle];
        if (b->fixed && (!b->why || why))
            continue;
        b->fixed = true;
        b->fixed_by = by;
        b->why = why;
    }
}

static int64_t gcd(int64_t a, int64_t b)
{
    return b ? gcd(b, a % b) : a;
}

/* b takes over what binds a leaf that becomes part of it, or of which it becomes a part; times: b's channels for one of the leaf's. */
static void bind(struct bundle *b, const struct bundle *leaf, int64_t times)
{
    int64_t multiple = leaf->multiple / gcd(leaf->multiple, times);
    b->multiple = b->multiple / gcd(b->multiple, multiple) * multiple;
    if (leaf->fixed && (!b->fixed || (b->why && !leaf->why))) {
        b->fixed = true;
        b->fixed_by = leaf->fixed_by;
        b->why = leaf->why;
    }
}

static void become(struct channels *c, uint32_t leaf, uint32_t bundle, int64_t times)
{
    bind(&c->bundles.at[bundle], &c->bundles.at[leaf], times);
    consist_of(c, leaf, &(struct strand){bundle, times}, 1);
}

/* Cuts a leaf behind its first channels. False: it cannot be. */
static bool cut(struct channels *c, uint32_t leaf, int64_t first)
{
    const struct bundle b = c->bundles.at[leaf];
    if (first % b.multiple != 0 || c->cuts >= c->g->n_nodes + MORE_CUTS)
        return false;
    c->cuts++;
    struct strand *halves = ARENA_ARRAY(c->arena, struct strand, 2);
    halves[0] = once(new_bundle(c, first, b.maker));
    halves[1] = once(new_bundle(c, b.size - first, b.maker));
    for (int i = 0; i < 2; i++)
        bind(&c->bundles.at[halves[i].bundle], &b, 1);
    consist_of(c, leaf, halves, 2);
    return true;
}

/* Two leaves of the same length become one. */
static bool unite(struct channels *c, struct strand s, struct strand t)
{
    if (s.times == t.times && s.bundle > t.bundle)
        become(c, s.bundle, t.bundle, 1);
    else if (s.times == t.times && s.bundle < t.bundle)
        become(c, t.bundle, s.bundle, 1);
    else if (t.times > s.times && t.times % s.times == 0)
        become(c, s.bundle, t.bundle, t.times / s.times);
    else if (s.times > t.times && s.times % t.times == 0)
        become(c, t.bundle, s.bundle, s.times / t.times);
    return s.times % t.times == 0 || t.times % s.times == 0;
}

/* The operands of an addition have the same channels. */
static void tie(struct channels *c, ir_id by, struct strand x, struct strand y)
{
    struct strands left = {0}, right = {0};
    struct strand s, t;
    push(c, &left, x);
    push(c, &right, y);
    bool fits = true;
    while (fits && next_leaf(c, &left, &s) && next_leaf(c, &right, &t)) {
        int64_t m = length(c, s), n = length(c, t);
        if (m == n) {
            fits = unite(c, s, t);
        } else { /* the longer one is cut, and both are looked at again: they may be of the same bundle */
            struct strand longer = m > n ? s : t;
            int64_t shorter = m > n ? n : m;
            fits = shorter % longer.times == 0 && cut(c, longer.bundle, shorter / longer.times);
            push(c, &left, s);
            push(c, &right, t);
        }
    }
    if (!fits) {
        static const char *const why = "what is added here is cut at other channels, or repeats them otherwise";
        fix(c, x, by, why);
        fix(c, y, by, why);
    }
}

/* The channels of s from first on, so many. False: a boundary lies where no bundle can be cut. */
static bool slice(struct channels *c, struct strand s, int64_t first, int64_t count, ir_id by, struct strand *out)
{
    struct strands stack = {0}, parts = {0};
    struct strand leaf;
    int64_t at = 0;
    push(c, &stack, s);
    while (at < first + count && next_leaf(c, &stack, &leaf)) {
        int64_t end = at + length(c, leaf), boundary = at < first && first < end ? first : first + count;
        if (boundary < end) {
            if ((boundary - at) % leaf.times != 0 || !cut(c, leaf.bundle, (boundary - at) / leaf.times))
                return false;
            push(c, &stack, leaf);
            continue;
        }
        if (at >= first)
            vec_push(c->arena, &parts, leaf);
        at = end;
    }
    *out = once(new_bundle(c, count, by));
    consist_of(c, out->bundle, parts.at, (uint32_t)parts.n);
    return true;
}

/* Groups divide the channels that they read: each leaf's, to be simple. */
static void need_multiple(struct channels *c, ir_id by, struct strand s, int64_t groups)
{
    struct strands leaves = {0};
    channels_leaves(c, s, &leaves);
    for (size_t i = 0; i < leaves.n; i++)
        if (length(c, leaves.at[i]) % groups != 0) {
            fix(c, s, by, "the groups of this convolution begin inside a part of a concatenation");
            return;
        }
    for (size_t i = 0; i < leaves.n; i++)
        bind(&c->bundles.at[leaves.at[i].bundle], &(struct bundle){.multiple = groups}, leaves.at[i].times);
}

/* --- operators --- */

bool channels_depthwise(const struct ir_graph *g, const struct ir_node *conv)
{
    return conv->conv.groups > 1 && conv->conv.groups == g->nodes[conv->in[0]].shape.c;
}

bool channels_zeros(const struct ir_graph *g, const struct ir_node *slice)
{
    const struct ir_node *pad = &g->nodes[slice->in[0]];
    if (pad->op != IR_PAD)
        return false;
    const struct ir_slice *s = &slice->slice;
    const struct ir_pad *p = &pad->pad;
    return s->row + s->rows <= p->top || s->row >= pad->shape.h - p->bottom || s->column + s->columns <= p->left ||
           s->column >= pad->shape.w - p->right;
}

static struct strand fixed_bundle(struct channels *c, ir_id by, const char *why)
{
    struct strand s = once(new_bundle(c, c->g->nodes[by].shape.c, by));
    fix(c, s, by, why);
    return s;
}

static struct strand conv(struct channels *c, ir_id id)
{
    const struct ir_node *n = &c->g->nodes[id];
    struct strand x = c->of[n->in[0]];
    if (channels_depthwise(c->g, n))
        return (struct strand){x.bundle, x.times * (n->conv.channels / n->conv.groups)};
    if (n->conv.groups > 1)
        need_multiple(c, id, x, n->conv.groups);
    struct strand y = once(new_bundle(c, n->shape.c, id));
    c->bundles.at[y.bundle].multiple = n->conv.groups;
    return y;
}

static struct strand concat(struct channels *c, ir_id id)
{
    const struct ir_node *n = &c->g->nodes[id];
    struct strand *parts = ARENA_ARRAY(c->arena, struct strand, n->n_in), y = once(new_bundle(c, n->shape.c, id));
    for (uint32_t i = 0; i < n->n_in; i++)
        parts[i] = c->of[n->in[i]];
    consist_of(c, y.bundle, parts, n->n_in);
    return y;
}

static struct strand reshape(struct channels *c, ir_id id)
{
    const struct ir_node *n = &c->g->nodes[id];
    struct ir_shape from = c->g->nodes[n->in[0]].shape;
    struct strand x = c->of[n->in[0]];
    int64_t times = x.times * from.h * from.w, each = n->shape.h * n->shape.w;
    if (times % each == 0)
        return (struct strand){x.bundle, times / each};
    const char *why = arena_printf(c->arena, "reshape to %s does not follow the channels of %s", ir_shape_text(c->arena, n->shape),
                                   ir_shape_text(c->arena, from));
    fix(c, x, id, why);
    return fixed_bundle(c, id, why);
}

static struct strand slice_node(struct channels *c, ir_id id)
{
    const struct ir_node *n = &c->g->nodes[id];
    struct strand x = c->of[n->in[0]], y;
    if (channels_zeros(c->g, n))
        return once(new_bundle(c, n->shape.c, id));
    if (n->slice.channels == c->g->nodes[n->in[0]].shape.c)
        return x;
    if (slice(c, x, n->slice.channel, n->slice.channels, id, &y))
        return y;
    const char *why = arena_printf(c->arena, "a slice from %" PRId64 " to %" PRId64 " cuts what cannot be divided there", n->slice.channel,
                                   n->slice.channel + n->slice.channels);
    fix(c, x, id, why);
    return fixed_bundle(c, id, why);
}

static struct strand channels_made_by(struct channels *c, ir_id id)
{
    const struct ir_node *n = &c->g->nodes[id];
    switch (n->op) {
    case IR_INPUT:
    case IR_LINEAR:
    case IR_ARGMAX:
        return fixed_bundle(c, id, NULL);
    case IR_CONV:
        return conv(c, id);
    case IR_CONCAT:
        return concat(c, id);
    case IR_FLATTEN:
    case IR_RESHAPE:
        return reshape(c, id);
    case IR_SLICE:
        return slice_node(c, id);
    case IR_ADD:
        for (uint32_t i = 1; i < n->n_in; i++)
            tie(c, id, c->of[n->in[0]], c->of[n->in[i]]);
        return c->of[n->in[0]];
    case IR_BATCH_NORM:
    case IR_RELU:
    case IR_AVG_POOL:
    case IR_GLOBAL_AVG_POOL:
    case IR_SQUARE:
    case IR_POLY2:
    case IR_MAX_POOL:
    case IR_GLOBAL_MAX_POOL:
    case IR_SUBSAMPLE:
    case IR_UPSAMPLE:
    case IR_PAD:
    case IR_DROPOUT:
    case IR_SOFTMAX:
        return c->of[n->in[0]];
    case IR_OP_COUNT:
        break;
    }
    bug("not an operator");
}

struct channels *channels_of(struct arena *a, const struct ir_graph *g)
{
    struct channels *c = ARENA_NEW(a, struct channels);
    c->arena = a;
    c->g = g;
    c->of = ARENA_ARRAY(a, struct strand, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++)
        c->of[id] = channels_made_by(c, id);
    for (uint32_t i = 0; i < g->n_outputs; i++)
        fix(c, c->of[g->outputs[i].node], g->outputs[i].node, NULL);
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (g->nodes[id].op == IR_RELU && g->nodes[id].keep)
            fix(c, c->of[id], id, NULL);
    return c;
}
