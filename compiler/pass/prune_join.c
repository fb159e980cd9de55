/* Where a network's ways join, and which of them are skips.
 *
 * A join is an add or a concat of several operands. The base of an operand is what is left of it without its ReLUs and the operators that
 * only move elements. An operand may be a skip if its base is a proper ancestor of another operand's base, so that the other one goes a
 * longer way from there: a residual block's shortcut, the maps that a CNet's layer skips from; not the branches of an Inception or fire
 * module, of which none is an ancestor of another. The operands that are none are the core's.
 *
 * It is a skip only if it goes round a ReLU: if no core operand is an affine function of its base, were all ReLUs gone that might go. So
 * no layer becomes affine that was not.
 *
 * A joining concat is one with a skip, of which nothing reads but one 1x1 convolution, by way of ReLUs and operators that only move
 * elements, back to the channels of the core's operands; and no core operand is an affine function of what might be a skip. There the layer
 * is ReLU, convolution, ..., and the ReLUs of the join come on top of the core's: those over the concat, and those of any operand.
 * In a concat that may be a joining one, an operand may be a skip also across a reduction: if its base is an affine function of a larger map
 * which the last operand depends on, though not as an affine function. */
#include "compiler/base/vec.h"
#include "compiler/pass/prune.h"

#include <stdlib.h>

bool prune_looks_through(enum ir_op op)
{
    return op == IR_SLICE || op == IR_PAD || op == IR_RESHAPE || op == IR_FLATTEN || op == IR_UPSAMPLE || op == IR_SUBSAMPLE || op == IR_DROPOUT;
}

struct finder {
    struct arena *arena;
    const struct ir_graph *g;
    uint32_t *uses; /* of each node, by nodes and outputs */
    ir_id *user;    /* one of them */
    bool *bare;     /* a ReLU over a concat that may be a joining one */
    uint32_t *join; /* the join that this node may be + 1, or 0 */
    VEC(struct prune_join) joins;
    /* of one search */
    uint32_t *seen, search; /* seen[id] == search: reached */
    VEC(ir_id) stack;
    bool *mark; /* all false between two joins */
};

static struct finder finder_new(struct arena *a, const struct ir_graph *g)
{
    struct finder f = {.arena = a, .g = g};
    f.uses = ARENA_ARRAY(a, uint32_t, g->n_nodes);
    f.user = ARENA_ARRAY(a, ir_id, g->n_nodes);
    f.bare = ARENA_ARRAY(a, bool, g->n_nodes);
    f.join = ARENA_ARRAY(a, uint32_t, g->n_nodes);
    f.seen = ARENA_ARRAY(a, uint32_t, g->n_nodes);
    f.mark = ARENA_ARRAY(a, bool, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        f.uses[id] = f.join[id] = f.seen[id] = 0;
        f.bare[id] = f.mark[id] = false;
        for (uint32_t k = 0; k < g->nodes[id].n_in; k++) {
            f.uses[g->nodes[id].in[k]]++;
            f.user[g->nodes[id].in[k]] = id;
        }
    }
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        f.uses[g->outputs[i].node]++;
        f.user[g->outputs[i].node] = IR_NONE;
    }
    return f;
}

/* --- one operand, and what stands over a concat --- */

static bool in_chain(const struct ir_node *n)
{
    return n->op == IR_RELU || prune_looks_through(n->op);
}

static ir_id base_of(const struct ir_graph *g, ir_id id)
{
    while (in_chain(&g->nodes[id]))
        id = g->nodes[id].in[0];
    return id;
}

struct relus {
    bool any, kept; /* some marked @keep */
};

/* From a value down to another one below it. */
static struct relus relus_between(const struct ir_graph *g, ir_id id, ir_id below)
{
    struct relus r = {0};
    for (; id != below; id = g->nodes[id].in[0]) {
        r.any |= g->nodes[id].op == IR_RELU;
        r.kept |= g->nodes[id].keep;
    }
    return r;
}

/* The only reader of a concat, if it is a 1x1 convolution; IR_NONE: it is none. */
static ir_id only_1x1(const struct finder *f, ir_id id)
{
    while (f->uses[id] == 1 && f->user[id] != IR_NONE) {
        const struct ir_node *n = &f->g->nodes[id = f->user[id]];
        if (n->op == IR_CONV)
            return n->conv.kh == 1 && n->conv.kw == 1 && n->conv.stride == 1 && !n->conv.pad_y && !n->conv.pad_x && n->conv.groups == 1 ? id : IR_NONE;
        if (!in_chain(n))
            return IR_NONE;
    }
    return IR_NONE;
}

/* --- searches --- */

static void start_search(struct finder *f)
{
    f->search++;
    f->stack.n = 0;
}

static void reach(struct finder *f, ir_id id, ir_id lowest)
{
    if (id < lowest || f->seen[id] == f->search)
        return;
    f->seen[id] = f->search;
    vec_push(f->arena, &f->stack, id);
}

static bool reached(const struct finder *f, ir_id id)
{
    return f->seen[id] == f->search;
}

static bool next(struct finder *f, ir_id *id)
{
    if (f->stack.n == 0)
        return false;
    *id = f->stack.at[--f->stack.n];
    return true;
}

static void reach_inputs(struct finder *f, ir_id id, ir_id lowest)
{
    for (uint32_t i = 0; i < f->g->nodes[id].n_in; i++)
        reach(f, f->g->nodes[id].in[i], lowest);
}

/* The i-th input of an affine operator, were all ReLUs gone that might go. */
static ir_id affine_input(const struct finder *f, ir_id id, uint32_t i)
{
    const struct prune_join *join = f->join[id] ? &f->joins.at[f->join[id] - 1] : NULL;
    return join && join->linear[i] ? join->base[i] : f->g->nodes[id].in[i];
}

static bool is_affine(const struct finder *f, ir_id id)
{
    return ir_op_is_linear(f->g->nodes[id].op) || f->bare[id];
}

static void reach_affine_inputs(struct finder *f, ir_id id, ir_id lowest)
{
    for (uint32_t i = 0; i < f->g->nodes[id].n_in && is_affine(f, id); i++)
        reach(f, affine_input(f, id, i), lowest);
}

/* Of the bases, the proper ancestors of others: operands that may be skips. Nodes before all bases are not looked at. */
static void find_ancestors(struct finder *f, const ir_id *base, uint32_t n, bool *skip)
{
    ir_id lowest = base[0], id;
    for (uint32_t k = 1; k < n; k++)
        lowest = base[k] < lowest ? base[k] : lowest;
    start_search(f);
    for (uint32_t k = 0; k < n; k++)
        reach_inputs(f, base[k], lowest);
    while (next(f, &id))
        reach_inputs(f, id, lowest);
    for (uint32_t k = 0; k < n; k++)
        skip[k] = reached(f, base[k]);
}

static int by_id(const void *x, const void *y)
{
    const ir_id *a = x, *b = y;
    return (*a > *b) - (*a < *b);
}

/* Of the bases that are no skips yet, those across a reduction. What the last base depends on, though not as an affine function, is marked;
 * then the affine functions of a marked map that is larger than the concat. */
static void find_reduced(struct finder *f, struct ir_shape joined, const ir_id *base, uint32_t n, bool *skip)
{
    uint32_t last = 0, open = 0;
    VEC(ir_id) marked = {0}, affine = {0};
    ir_id id;
    for (uint32_t k = 0; k < n; k++) {
        last = base[k] > base[last] ? k : last;
        open += !skip[k];
    }
    if (open < 2)
        return;
    start_search(f);
    reach(f, base[last], 0);
    while (next(f, &id)) {
        const struct ir_shape s = f->g->nodes[id].shape;
        f->mark[id] = s.h > joined.h || s.w > joined.w;
        vec_push(f->arena, &marked, id);
        reach_inputs(f, id, 0);
    }
    start_search(f);
    reach(f, base[last], 0);
    while (next(f, &id)) {
        f->mark[id] = false;
        reach_affine_inputs(f, id, 0);
    }
    start_search(f);
    for (uint32_t k = 0; k < n; k++)
        if (!skip[k] && base[k] != base[last])
            reach(f, base[k], 0);
    while (next(f, &id)) {
        vec_push(f->arena, &affine, id);
        reach_affine_inputs(f, id, 0);
    }
    if (affine.n)
        qsort(affine.at, affine.n, sizeof *affine.at, by_id);
    for (size_t i = 0; i < affine.n; i++) {
        id = affine.at[i];
        for (uint32_t k = 0; k < f->g->nodes[id].n_in && is_affine(f, id) && !f->mark[id]; k++)
            f->mark[id] = f->mark[affine_input(f, id, k)];
        vec_push(f->arena, &marked, id);
    }
    for (uint32_t k = 0; k < n; k++)
        skip[k] |= base[k] != base[last] && f->mark[base[k]];
    for (size_t i = 0; i < marked.n; i++)
        f->mark[marked.at[i]] = false;
}

/* What the core's operands are affine functions of. */
static void find_affine(struct finder *f, const struct prune_join *j, ir_id lowest)
{
    ir_id id;
    start_search(f);
    for (uint32_t k = 0; k < f->g->nodes[j->id].n_in; k++)
        if (!j->skip[k])
            reach(f, j->base[k], lowest);
    while (next(f, &id))
        reach_affine_inputs(f, id, lowest);
}

/* --- joins --- */

/* The convolution, if no core operand has other channels. */
static ir_id back_to_channels(const struct ir_graph *g, const struct ir_node *join, const bool *skip, ir_id conv)
{
    for (uint32_t k = 0; k < join->n_in && conv != IR_NONE; k++)
        if (!skip[k] && g->nodes[join->in[k]].shape.c != g->nodes[conv].conv.channels)
            return IR_NONE;
    return conv;
}

/* A join as it may be, by ancestors alone. */
static void find_join(struct finder *f, ir_id id)
{
    const struct ir_node *n = &f->g->nodes[id];
    ir_id *base = ARENA_ARRAY(f->arena, ir_id, n->n_in);
    bool *skip = ARENA_ARRAY(f->arena, bool, n->n_in), *linear = ARENA_ARRAY(f->arena, bool, n->n_in), any = false;
    struct prune_join j = {.id = id, .base = base, .skip = skip, .linear = linear, .kept_over = IR_NONE};
    j.conv = n->op == IR_CONCAT ? only_1x1(f, id) : IR_NONE;
    struct relus over = relus_between(f->g, j.conv == IR_NONE ? id : f->g->nodes[j.conv].in[0], id);
    for (uint32_t k = 0; k < n->n_in; k++) {
        base[k] = base_of(f->g, n->in[k]);
        struct relus r = relus_between(f->g, n->in[k], base[k]);
        linear[k] = r.any && !r.kept;
        any |= r.any;
    }
    if (!any && !over.any)
        return;
    find_ancestors(f, base, n->n_in, skip);
    if (j.conv != IR_NONE)
        find_reduced(f, n->shape, base, n->n_in, skip);
    any = false;
    for (uint32_t k = 0; k < n->n_in; k++)
        any |= skip[k];
    if (!any)
        return;
    j.conv = back_to_channels(f->g, n, skip, j.conv);
    if (over.kept) {
        j.kept_over = j.conv;
        j.conv = IR_NONE;
    }
    for (uint32_t k = 0; k < n->n_in; k++)
        linear[k] &= skip[k] || j.conv != IR_NONE;
    for (ir_id at = j.conv == IR_NONE ? id : f->g->nodes[j.conv].in[0]; at != id; at = f->g->nodes[at].in[0])
        f->bare[at] = f->g->nodes[at].op == IR_RELU;
    vec_push(f->arena, &f->joins, j);
    f->join[id] = (uint32_t)f->joins.n;
}

/* Which of its operands are skips indeed, and what follows from that. */
static struct prune_join judge(struct finder *f, struct prune_join j)
{
    uint32_t n = f->g->nodes[j.id].n_in;
    bool *skip = ARENA_ARRAY(f->arena, bool, n), *linear = ARENA_ARRAY(f->arena, bool, n), any = false;
    ir_id lowest = j.id;
    for (uint32_t k = 0; k < n; k++)
        if (j.skip[k] && j.base[k] < lowest)
            lowest = j.base[k];
    find_affine(f, &j, lowest);
    bool joining = j.conv != IR_NONE;
    for (uint32_t k = 0; k < n; k++) {
        skip[k] = j.skip[k] && !reached(f, j.base[k]);
        joining &= skip[k] == j.skip[k];
        any |= skip[k];
    }
    j.core_is_linear = j.conv != IR_NONE && !joining;
    j.conv = joining && any ? j.conv : IR_NONE;
    for (uint32_t k = 0; k < n; k++)
        linear[k] = j.linear[k] && (skip[k] || j.conv != IR_NONE);
    j.skip = skip;
    j.linear = linear;
    return j;
}

struct prune_joins prune_joins_of(struct arena *a, const struct ir_graph *g)
{
    struct finder f = finder_new(a, g);
    for (ir_id id = 0; id < g->n_nodes; id++)
        if ((g->nodes[id].op == IR_ADD || g->nodes[id].op == IR_CONCAT) && g->nodes[id].n_in >= 2)
            find_join(&f, id);
    struct prune_join *judged = ARENA_ARRAY(a, struct prune_join, f.joins.n);
    for (size_t i = 0; i < f.joins.n; i++)
        judged[i] = judge(&f, f.joins.at[i]);
    return (struct prune_joins){f.joins.n, judged};
}
