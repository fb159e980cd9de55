/* Where private inference truncates, decided in the graph.
 *
 * Requires: nothing more. Comes after all passes that change the trained network, since what they do changes where truncation is needed.
 * Gives:    the same graph with marks (rescale, compiler/ir/ir.h) on the values that become points of their own, so that the segments of
 *           compiler/ir/segment.h have no conflict. Marks that were there are forgotten. Idempotent.
 *
 * A ReLU truncates anyway, under the same garbled circuit, and everything between ReLUs composes into one sum of convolutions but for three
 * cases: zeros are padded to a value that, continued beyond its map, is not zero there; a sum reads one point at two strides; a composition
 * would be absurdly large. Then some value in between is truncated by itself, at the price of a ReLU for each of its numbers.
 *
 * Which one, for padding: a value is not zero outside its map where a bias was added, or a kernel reaches over the edge, somewhere between
 * the last points and it. A truncation anywhere on each way from such an operator to the padding takes it away, so the cheapest set of
 * truncations is a minimum cut (cut.h), with the numbers of each value as its cost; of several the one nearest to the padding, which leaves
 * the fewest terms. Truncating exactly what is padded is always possible, so the cut is never dearer. A cut in one place can show a
 * conflict in another, when an operator that leaked into zeros alone now leaks into a point; then both are cut together. Whether an operator
 * leaks is asked of it alone and of all sides of the map, so in rare cases there is a cheaper way still. Strides: the value that clashes. Size: of
 * the values that lie before it on a single way, the one with the fewest numbers.
 *
 * Source:   Ford and Fulkerson 1956, as in relu-shuffle. Scales and the ring need the trained weights: export finds them (runtime/fixed). */
#include "compiler/base/table.h"
#include "compiler/ir/segment.h"
#include "compiler/pass/cut.h"
#include "compiler/pass/pass.h"
#include "compiler/pass/range.h"

#include <inttypes.h>
#include <math.h>

enum { MOST_NODES = 40000, MOST_ROUNDS = 8 }; /* nodes: of a generated program, with a view for each layer */

struct choice {
    struct arena *a;
    const struct ir_graph *g;
    const struct segments *s; /* of the marks */
    bool *marks;
    bool *padded, *fixed;                 /* per root: values that are padded and must not leak; marks for other reasons */
    const struct segment_conflict **why;  /* per root: a conflict that a mark here resolves */
};

static int64_t numbers(const struct choice *c, ir_id root)
{
    const struct affine_dims d = c->s->value[root].dims;
    return (int64_t)d.c * d.h * d.w;
}

static int64_t cost(const struct choice *c, const bool *marks)
{
    int64_t sum = 0;
    for (ir_id id = 0; id < c->g->n_nodes; id++)
        sum += marks[id] ? numbers(c, id) : 0;
    return sum;
}

static bool is_point(const struct choice *c, ir_id root)
{
    const enum ir_op op = c->g->nodes[root].op;
    return op == IR_INPUT || op == IR_RELU || c->fixed[root];
}

/* The cheapest values that every way from an operator that leaks to a value that is padded goes through. The graph is turned round, so that
 * of several cheapest cuts the one nearest to the padding is found. */
static void cut_padding(struct choice *c)
{
    const struct ir_graph *g = c->g;
    bool *behind = ARENA_ARRAY(c->a, bool, g->n_nodes);
    struct cut *cut = cut_new(c->a, g->n_nodes);
    for (ir_id id = g->n_nodes; id-- > 0;) {
        behind[id] |= c->padded[id];
        if (!behind[id] || is_point(c, id))
            continue;
        cut_cost(cut, id, numbers(c, id));
        if (c->padded[id])
            cut_source(cut, id);
        if (segment_leaks(c->a, g, c->s, id))
            cut_sink(cut, id);
        for (uint32_t i = 0; i < g->nodes[id].n_in; i++) {
            const ir_id x = c->s->root[g->nodes[id].in[i]];
            if (is_point(c, x))
                continue;
            cut_edge(cut, id, x);
            behind[x] = true;
        }
    }
    const bool *chosen = cut_solve(cut);
    for (ir_id id = 0; id < g->n_nodes; id++)
        c->marks[id] = c->fixed[id] || chosen[id];
}

/* Before x, on a way without branches: the value with the fewest numbers. */
static ir_id narrowest(const struct choice *c, ir_id x)
{
    ir_id best = x;
    for (ir_id id = x; c->g->nodes[id].n_in == 1 && ir_op_is_linear(c->g->nodes[id].op);) {
        id = c->s->root[c->g->nodes[id].in[0]];
        if (is_point(c, id))
            break;
        best = numbers(c, id) < numbers(c, best) ? id : best;
    }
    return best;
}

static void take_in(struct choice *c)
{
    for (size_t i = 0; i < c->s->conflicts.n; i++) {
        const struct segment_conflict *k = &c->s->conflicts.at[i];
        const ir_id at = k->why == SEGMENT_LARGE ? narrowest(c, k->value) : k->value;
        (k->why == SEGMENT_PADDED && !c->padded[at] ? c->padded : c->fixed)[at] = true; /* cut, and still in conflict: itself */
        c->why[at] = c->why[k->value] = k;
    }
}

/* What is said of a mark: a padding behind it, and not behind the next ReLU, which no mark before that is for. */
static void spread_reasons(struct choice *c)
{
    for (ir_id id = c->g->n_nodes; id-- > 0;)
        for (uint32_t i = 0; c->why[id] && !c->marks[id] && c->g->nodes[id].op != IR_RELU && i < c->g->nodes[id].n_in; i++) {
            const ir_id x = c->s->root[c->g->nodes[id].in[i]];
            c->why[x] = c->why[x] ? c->why[x] : c->why[id];
        }
}

static void choose(struct choice *c)
{
    c->s = segments_new(c->a, c->g, c->marks);
    if (c->s->refused != IR_NONE || c->s->conflicts.n == 0)
        return;
    const bool *plain = c->s->rescaled; /* each truncation right where it is needed */
    for (int i = 0; i < MOST_ROUNDS && c->s->conflicts.n; i++) {
        take_in(c);
        cut_padding(c);
        c->s = segments_new(c->a, c->g, c->marks);
    }
    take_in(c); /* no more rounds: what is needed beyond */
    if (cost(c, c->s->rescaled) < cost(c, plain))
        plain = c->s->rescaled;
    for (ir_id id = 0; id < c->g->n_nodes; id++)
        c->marks[id] = plain[id];
    spread_reasons(c);
}

static const struct ir_graph *with_marks(struct arena *a, const struct ir_graph *g, const bool *marks)
{
    bool same = true;
    for (ir_id id = 0; id < g->n_nodes; id++)
        same &= g->nodes[id].rescale == marks[id];
    if (same)
        return g;
    struct ir_node *nodes = ARENA_ARRAY(a, struct ir_node, g->n_nodes);
    struct ir_graph *h = ARENA_NEW(a, struct ir_graph);
    *h = *g;
    h->nodes = nodes;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        nodes[id] = g->nodes[id];
        nodes[id].rescale = marks[id];
    }
    return h;
}

/* --- what is said --- */

static const char *reason(const struct choice *c, ir_id id)
{
    const struct segment_conflict *k = c->why[id];
    const char *reader = c->g->nodes[k->reader].name, *value = c->g->nodes[k->value].name;
    switch (k->why) {
    case SEGMENT_PADDED:
        if (k->value == id)
            return arena_printf(c->a, "`%s` pads it with zeros, and continued beyond its map it is not zero", reader);
        return arena_printf(c->a, "`%s` pads `%s` with zeros, which continued beyond its map is not zero; here fewer numbers are truncated than there",
                            reader, value);
    case SEGMENT_STRIDES:
        return arena_printf(c->a, "`%s` joins it with a value that reads the same point at another stride", reader);
    case SEGMENT_LARGE:
        return arena_printf(c->a, "composed on up to `%s`, it would have more than %d times the weights of its parts", reader, SEGMENT_ABSURD_FACTOR);
    }
    bug("no reason");
}

static void say_truncations(struct pass_context *p, const struct choice *c)
{
    int64_t n = 0, relus = 0;
    for (ir_id id = 0; id < c->g->n_nodes; id++) {
        const struct ir_node *node = &c->g->nodes[id];
        relus += ir_cost_node(c->g, id).relu_equivalents;
        if (!c->marks[id])
            continue;
        n++;
        remark(p->remarks, REMARK_ANALYSIS, &node->site, 0, "`%s` (%s) is truncated by itself, %s numbers, each as dear as a ReLU: %s", node->name,
               ir_shape_text(c->a, node->shape), table_number(c->a, numbers(c, id)), reason(c, id));
    }
    if (n)
        remark(p->remarks, REMARK_PASSED, &p->asked_at, 0, "%" PRId64 " value%s truncated where no ReLU does it: %s numbers, beside %s ReLUs", n,
               n > 1 ? "s are" : " is", table_number(c->a, cost(c, c->marks)), table_number(c->a, relus));
}

/* What is known of scales before any weight is. */
static void say_scales(struct pass_context *p, const struct choice *c)
{
    const struct range *ranges = range_infer(c->a, c->g);
    int64_t known = 0, points = 0;
    for (size_t i = 0; i < c->s->points.n; i++) {
        const struct segment_point *q = &c->s->points.at[i];
        const struct ir_node *n = &c->g->nodes[q->node];
        if (q->kind == SEGMENT_OUTPUT || n->op == IR_MAX_POOL || n->op == IR_GLOBAL_MAX_POOL)
            continue; /* made of other points; compares differences */
        const double most = fmax(fabs(ranges[q->node].low), fabs(ranges[q->node].high));
        points++;
        if (!isfinite(most))
            continue;
        const int bits = most < 1 ? 0 : (int)floor(log2(most)) + 1;
        known++;
        remark(p->remarks, REMARK_ANALYSIS, &n->site, 0, "`%s` needs %d bit%s before the binary point and a sign, whatever the weights are: it is from %.6g to %.6g",
               n->name, bits, bits == 1 ? "" : "s", ranges[q->node].low, ranges[q->node].high);
    }
    remark(p->remarks, REMARK_ANALYSIS, &p->asked_at, 0,
           "weights decide the range of %" PRId64 " of %" PRId64 " points: their scales%s are found on training images when the trained network is exported",
           points - known, points, c->g->private.ring ? "" : arena_printf(c->a, ", and a ring of %d to %d bits,", IR_RING_MIN, IR_RING_MAX));
}

/* What no program is generated of: nothing need be decided there. */
static bool is_too_large(struct pass_context *p, const struct ir_graph *g)
{
    const struct ir_node *large = g->n_nodes > MOST_NODES ? &g->nodes[MOST_NODES] : NULL;
    for (ir_id id = 0; id < g->n_nodes && !large; id++) {
        const struct ir_node *n = &g->nodes[id];
        if (n->shape.h > SEGMENT_MAX_EXTENT || n->shape.w > SEGMENT_MAX_EXTENT || segment_extent(n) > SEGMENT_MAX_EXTENT)
            large = n;
    }
    if (large)
        remark(p->remarks, REMARK_MISSED, &large->site, 0, "nothing is truncated: with this operator the network is larger than a generated program can be");
    return large;
}

const struct ir_graph *pass_fixed_point(struct pass_context *p, const struct ir_graph *g)
{
    const uint32_t n = g->n_nodes;
    struct choice c = {.a = p->arena, .g = g, .marks = ARENA_ARRAY(p->arena, bool, n), .padded = ARENA_ARRAY(p->arena, bool, n),
                       .fixed = ARENA_ARRAY(p->arena, bool, n), .why = ARENA_ARRAY(p->arena, const struct segment_conflict *, n)};
    if (is_too_large(p, g))
        return with_marks(c.a, g, c.marks);
    choose(&c);
    if (c.s->refused != IR_NONE) {
        const struct ir_node *at = &g->nodes[c.s->refused];
        remark(p->remarks, REMARK_MISSED, &at->site, 0, "nothing is truncated: `%s` is not available in private inference, because %s",
               ir_op_name(at->op), c.s->why);
        return with_marks(c.a, g, c.marks);
    }
    say_truncations(p, &c);
    say_scales(p, &c);
    return with_marks(c.a, g, c.marks);
}
