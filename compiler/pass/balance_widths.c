#include "compiler/pass/balance_widths.h"

#include "compiler/ir/rewrite.h"
#include "compiler/ir/shape.h"

#include <stdlib.h>

const char *const balance_rule_names[BALANCE_RULES] = {"relu", "flop", "channel"};

#define MOST_CHANNELS ((int64_t)1 << 40) /* more than any graph can have; products of two fit __int128 easily */

/* --- layers and stages --- */

static void add_layer(struct balance *b, ir_id id, struct strand *scratch_of)
{
    const struct ir_node *n = &b->g->nodes[id];
    struct strands all = {0}, leaves = {0};
    channels_leaves(b->channels, b->channels->of[id], &all);
    for (size_t i = 0; i < all.n; i++) { /* a bundle that comes twice counts twice */
        uint32_t bundle = all.at[i].bundle;
        if (scratch_of[bundle].bundle != id + 1) {
            scratch_of[bundle] = (struct strand){id + 1, (int64_t)leaves.n};
            vec_push(b->arena, &leaves, all.at[i]);
        } else {
            leaves.at[scratch_of[bundle].times].times += all.at[i].times;
        }
    }
    struct balance_layer l = {id, n->shape.h * n->shape.w, n->shape.c, BALANCE_NO_STAGE, false, leaves.at, (uint32_t)leaves.n};
    for (uint32_t i = 0; i < l.n_leaves; i++)
        if (b->area[l.leaves[i].bundle] < l.area)
            b->area[l.leaves[i].bundle] = l.area;
    vec_push(b->arena, &b->layers, l);
}

/* Channels are chosen there. */
static bool has_own(const struct balance *b, const struct balance_layer *l)
{
    for (uint32_t i = 0; i < l->n_leaves; i++)
        if (b->area[l->leaves[i].bundle] == l->area && !b->channels->bundles.at[l->leaves[i].bundle].fixed)
            return true;
    return false;
}

/* By stage, in each those first that have its width, then as in the graph. */
static int by_turn(const void *x, const void *y)
{
    const struct balance_layer *l = *(const struct balance_layer *const *)x, *m = *(const struct balance_layer *const *)y;
    if (l->stage != m->stage)
        return l->stage > m->stage ? 1 : -1;
    if (l->plain != m->plain)
        return l->plain ? -1 : 1;
    return (l->node > m->node) - (l->node < m->node);
}

/* By area falling, then by channels rising, then as in the graph. */
static int by_area(const void *x, const void *y)
{
    const struct balance_layer *l = *(const struct balance_layer *const *)x, *m = *(const struct balance_layer *const *)y;
    if (l->area != m->area)
        return l->area < m->area ? 1 : -1;
    if (l->channels != m->channels)
        return l->channels > m->channels ? 1 : -1;
    return (l->node > m->node) - (l->node < m->node);
}

static int64_t lcm(int64_t a, int64_t b)
{
    int64_t x = a, y = b;
    while (y) {
        int64_t rest = x % y;
        x = y;
        y = rest;
    }
    return a / x * b;
}

/* The least common multiple of unit and what the leaves need; unit itself, if the width as it is does not obey that. */
static int64_t unit_with(const struct balance *b, const struct balance_layer *l, int64_t unit)
{
    int64_t with = unit;
    for (uint32_t i = 0; i < l->n_leaves; i++) {
        with = lcm(with, b->channels->bundles.at[l->leaves[i].bundle].multiple * l->leaves[i].times);
        if (l->channels % with != 0)
            return unit;
    }
    return with;
}

static void find_stages(struct balance *b)
{
    struct balance_layer **sorted = ARENA_ARRAY(b->arena, struct balance_layer *, b->layers.n);
    size_t n = 0;
    for (size_t i = 0; i < b->layers.n; i++)
        if (has_own(b, &b->layers.at[i]))
            sorted[n++] = &b->layers.at[i];
    if (n)
        qsort(sorted, n, sizeof *sorted, by_area);
    uint32_t most = 0, run = 0;
    for (size_t i = 0; i < n; i++) { /* runs of layers with one area and one number of channels */
        bool same_area = i > 0 && sorted[i]->area == sorted[i - 1]->area;
        if (!same_area) {
            vec_push(b->arena, &b->stages, ((struct balance_stage){.area = sorted[i]->area, .unit = 1}));
            most = 0;
        }
        run = same_area && sorted[i]->channels == sorted[i - 1]->channels ? run + 1 : 1;
        struct balance_stage *s = &b->stages.at[b->stages.n - 1];
        s->n_layers++;
        sorted[i]->stage = (uint32_t)b->stages.n - 1;
        if (run > most) {
            most = run;
            s->width = sorted[i]->channels;
            s->reference = (uint32_t)(sorted[i - run + 1] - b->layers.at);
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct balance_stage *s = &b->stages.at[sorted[i]->stage];
        sorted[i]->plain = sorted[i]->channels == s->width;
        if (sorted[i]->plain)
            s->unit = unit_with(b, sorted[i], s->unit);
    }
    if (n)
        qsort(sorted, n, sizeof *sorted, by_turn);
    b->turns = sorted;
    b->n_turns = n;
}

struct balance *balance_of(struct arena *a, const struct ir_graph *g)
{
    struct balance *b = ARENA_NEW(a, struct balance);
    b->arena = a;
    b->g = g;
    b->channels = channels_of(a, g);
    b->area = ARENA_ARRAY(a, int64_t, b->channels->bundles.n);
    struct strand *scratch = ARENA_ARRAY(a, struct strand, b->channels->bundles.n);
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (g->nodes[id].op == IR_RELU && g->nodes[id].shape.rank == 3)
            add_layer(b, id, scratch);
    find_stages(b);
    return b;
}

/* --- sizes --- */

/* a * b / c to the nearest integer, halves up; 0 for a negative product; c > 0 */
static int64_t scaled(int64_t a, int64_t b, int64_t c)
{
    __int128 product = (__int128)a * b;
    if (product <= 0)
        return 0;
    __int128 value = (2 * product + c) / (2 * (__int128)c);
    return value > MOST_CHANNELS ? MOST_CHANNELS : (int64_t)value;
}

static int64_t to_multiple(int64_t value, int64_t unit)
{
    int64_t times = scaled(value, 1, unit);
    return times > 0 ? times * unit : unit;
}

/* The integer nearest to sqrt(x); sqrt(k + 1/2) is never one, so halves do not occur. */
static int64_t nearest_root(__int128 x)
{
    int64_t low = 0, high = MOST_CHANNELS; /* low^2 <= 4 x < high^2 */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if ((__int128)middle * middle <= 4 * x)
            low = middle;
        else
            high = middle;
    }
    return (low + 1) / 2;
}

/* The channels that maps of so many pixels shall have. */
static int64_t wanted(const struct balance *b, enum balance_rule rule, int64_t width, int64_t area)
{
    int64_t first = b->stages.at[0].area;
    return rule == BALANCE_RELU   ? scaled(width, first, area)
           : rule == BALANCE_FLOP ? nearest_root((__int128)width * width * first / area)
                                  : width;
}

int64_t balance_target(const struct balance *b, enum balance_rule rule, int64_t width, uint32_t stage)
{
    const struct balance_stage *s = &b->stages.at[stage];
    return to_multiple(wanted(b, rule, width, s->area), s->unit);
}

int64_t balance_relus(const struct balance *b, enum balance_rule rule, int64_t width, const struct balance_layer *l)
{
    const struct balance_stage *s = l->stage == BALANCE_NO_STAGE ? NULL : &b->stages.at[l->stage];
    if (rule == BALANCE_RELU)
        return scaled(width * b->stages.at[0].area, s ? l->channels : 1, s ? s->width : 1);
    return (s ? scaled(balance_target(b, rule, width, l->stage), l->channels, s->width) : wanted(b, rule, width, l->area)) * l->area;
}

/* The leaves of a layer that have no size yet share what is missing to `target` channels in the ratio that they have. */
static void share(const struct balance *b, const struct balance_layer *l, int64_t target, int64_t *sizes)
{
    int64_t rest = target, open = 0, before = 0, given = 0;
    for (uint32_t i = 0; i < l->n_leaves; i++) {
        struct strand s = l->leaves[i];
        if (sizes[s.bundle])
            rest -= sizes[s.bundle] * s.times;
        else
            open += b->channels->bundles.at[s.bundle].size * s.times;
    }
    for (uint32_t i = 0; i < l->n_leaves; i++) {
        struct strand s = l->leaves[i];
        const struct bundle *leaf = &b->channels->bundles.at[s.bundle];
        if (sizes[s.bundle])
            continue;
        before += leaf->size * s.times; /* what ends here ends where it should, so that errors of rounding do not add up */
        sizes[s.bundle] = to_multiple(scaled(scaled(rest, before, open) - given, 1, s.times), leaf->multiple);
        given += sizes[s.bundle] * s.times;
    }
}

/* The stage that a leaf follows that is in no ReLU: that of the largest maps not larger than its own. */
static uint32_t stage_of(const struct balance *b, ir_id maker)
{
    struct ir_shape s = b->g->nodes[maker].shape;
    uint32_t stage = 0;
    while (stage + 1 < b->stages.n && b->stages.at[stage].area > s.h * s.w)
        stage++;
    return stage;
}

int64_t *balance_sizes(struct arena *a, struct balance *b, enum balance_rule rule, int64_t width)
{
    size_t n = b->channels->bundles.n;
    int64_t *sizes = ARENA_ARRAY(a, int64_t, n), *target = ARENA_ARRAY(a, int64_t, b->stages.n);
    for (size_t i = 0; i < n; i++)
        sizes[i] = b->channels->bundles.at[i].fixed ? b->channels->bundles.at[i].size : 0;
    for (uint32_t s = 0; s < b->stages.n; s++)
        target[s] = balance_target(b, rule, width, s);
    for (size_t i = 0; i < b->n_turns; i++) {
        const struct balance_layer *l = b->turns[i];
        share(b, l, scaled(target[l->stage], l->channels, b->stages.at[l->stage].width), sizes);
    }
    for (size_t i = 0; i < n; i++) {
        const struct bundle *leaf = &b->channels->bundles.at[i];
        if (leaf->n_parts || sizes[i])
            continue;
        uint32_t s = stage_of(b, leaf->maker);
        sizes[i] = to_multiple(scaled(target[s], leaf->size, b->stages.at[s].width), leaf->multiple);
    }
    return sizes;
}

/* --- the graph with other sizes --- */

/* A node's attributes with these sizes. */
static void resize_attributes(struct balance *b, const struct ir_node *nodes, ir_id id, struct ir_node *n, const int64_t *sizes)
{
    struct channels *c = b->channels;
    switch (n->op) {
    case IR_CONV:
        if (channels_depthwise(b->g, n))
            n->conv.groups = nodes[n->in[0]].shape.c;
        n->conv.channels = channels_total(c, c->of[id], sizes);
        break;
    case IR_SLICE:
        if (c->bundles.at[c->of[id].bundle].fixed)
            break;
        n->slice.channel = channels_zeros(b->g, n) ? 0 : channels_before(c, c->of[n->in[0]], n->slice.channel, sizes);
        n->slice.channels = channels_total(c, c->of[id], sizes);
        break;
    case IR_RESHAPE:
        n->reshape.c = channels_total(c, c->of[id], sizes);
        break;
    default:
        break;
    }
}

const struct ir_graph *balance_resize(struct arena *a, struct balance *b, const int64_t *sizes, const char **why)
{
    const struct ir_graph *g = b->g;
    struct ir_node *nodes = ARENA_ARRAY(a, struct ir_node, g->n_nodes);
    uint32_t most = 1;
    for (ir_id id = 0; id < g->n_nodes; id++)
        most = g->nodes[id].n_in > most ? g->nodes[id].n_in : most;
    struct ir_shape *in = ARENA_ARRAY(a, struct ir_shape, most);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        struct ir_node *n = &nodes[id];
        *n = g->nodes[id];
        resize_attributes(b, nodes, id, n, sizes);
        for (uint32_t i = 0; i < n->n_in; i++)
            in[i] = nodes[n->in[i]].shape;
        if (n->op == IR_SLICE && channels_zeros(g, n) && n->slice.channels > in[0].c)
            in[0].c = n->slice.channels; /* until balance_stack_zeros */
        if (!ir_shape_infer(a, n->op, in, n->n_in, n, &n->shape, why))
            return NULL;
    }
    struct ir_graph *resized = ARENA_NEW(a, struct ir_graph);
    *resized = *g;
    resized->nodes = nodes;
    resized->whole = NULL;
    return resized;
}

static bool too_many_zeros(const struct ir_graph *g, const struct ir_node *n)
{
    return n->op == IR_SLICE && channels_zeros(g, n) && n->slice.channel + n->slice.channels > g->nodes[n->in[0]].shape.c;
}

/* Zeros are cut from what padding puts around a map, so there are at most as many channels of them as the map has: for more, several
 * slices are put together. */
const struct ir_graph *balance_stack_zeros(struct arena *a, const struct ir_graph *g)
{
    bool any = false;
    for (ir_id id = 0; id < g->n_nodes && !any; id++)
        any = too_many_zeros(g, &g->nodes[id]);
    if (!any)
        return g;
    struct ir_rewrite *r = ir_rewrite_new(a, g);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        struct ir_node n = g->nodes[id];
        if (!too_many_zeros(g, &n)) {
            ir_rewrite_copy(r, id);
            continue;
        }
        ir_id from = ir_rewrite_of(r, n.in[0]);
        int64_t at_once = g->nodes[n.in[0]].shape.c, left = n.slice.channels;
        VEC(ir_id) slices = {0};
        for (; left > 0; left -= at_once) {
            n.slice.channels = left < at_once ? left : at_once;
            vec_push(a, &slices, ir_rewrite_make(r, &n, &from, 1, id));
        }
        n.op = IR_CONCAT;
        ir_rewrite_replace(r, id, ir_rewrite_make(r, &n, slices.at, (uint32_t)slices.n, id));
    }
    return ir_rewrite_finish(r);
}
