/* Points and terms, in the order of the nodes. Where an operator cannot read a value, that becomes a point and the walk goes back to it,
 * so that every consumer of the value reads the point. */
#include "compiler/ir/segment_internal.h"

#include <inttypes.h>

/* --- which values are views of others --- */

/* Flatten and reshape of a real map are values of their own: their map is not what the vector is. */
static bool is_view(const struct ir_graph *g, const struct ir_node *n)
{
    const struct ir_shape s = n->n_in ? g->nodes[n->in[0]].shape : n->shape;
    return n->op == IR_DROPOUT || (n->op == IR_CONCAT && n->n_in == 1) || (n->op == IR_FLATTEN && s.h * s.w == 1);
}

const bool *segment_marks(struct arena *a, const struct ir_graph *g)
{
    bool *marks = ARENA_ARRAY(a, bool, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++)
        marks[id] = g->nodes[id].rescale;
    return marks;
}

int64_t segment_extent(const struct ir_node *n)
{
    int64_t largest = 0;
    if (n->op == IR_CONV) {
        const int64_t extents[] = {n->conv.kh, n->conv.kw, n->conv.pad_y, n->conv.pad_x, n->conv.stride, n->conv.dilation};
        for (size_t i = 0; i < sizeof extents / sizeof *extents; i++)
            largest = extents[i] > largest ? extents[i] : largest;
    } else if (n->op == IR_AVG_POOL || n->op == IR_MAX_POOL) {
        const struct ir_pool *p = n->op == IR_AVG_POOL ? &n->avg_pool : &n->max_pool;
        largest = p->kernel > p->stride ? p->kernel : p->stride; /* the padding is smaller than the kernel */
    } else if (n->op == IR_SUBSAMPLE) {
        largest = n->subsample.stride;
    } else if (n->op == IR_UPSAMPLE) {
        largest = n->upsample.factor;
    } else if (n->op == IR_PAD) { /* a cut is bounded by the map */
        largest = n->pad.top > n->pad.left ? n->pad.top : n->pad.left;
    }
    return largest;
}

/* --- points --- */

bool segment_force(struct segments *s, ir_id value, ir_id reader, enum segment_why why)
{
    const ir_id root = s->root[value];
    if (s->point[root] != UINT32_MAX)
        return false;
    s->rescaled[root] = true;
    s->from = root;
    vec_push(s->arena, &s->conflicts, ((struct segment_conflict){why, reader, root}));
    return true;
}

enum segment_step segment_refuse(struct segments *s, ir_id id, const char *why)
{
    s->refused = id;
    s->why = why;
    return SEGMENT_REFUSED;
}

uint32_t segment_add_point(struct segments *s, ir_id node, enum segment_kind kind, struct affine_dims dims, const struct affine *enters)
{
    const uint32_t point = (uint32_t)s->points.n;
    const struct segment_point made = {kind, node, dims, (uint32_t)s->terms.n, enters ? enters->n : 0};
    vec_push(s->arena, &s->points, made);
    for (uint32_t i = 0; i < made.n_terms; i++)
        vec_push(s->arena, &s->terms, enters->terms[i]);
    return point;
}

static bool composes(enum ir_op op)
{
    return op == IR_CONV || op == IR_LINEAR || op == IR_AVG_POOL || op == IR_GLOBAL_AVG_POOL || op == IR_SUBSAMPLE || op == IR_SLICE || op == IR_PAD;
}

/* Of the values that `id` is composed of, the one behind the operator that made it large; IR_NONE: a point there would not help. */
static ir_id behind(const struct segments *s, ir_id id)
{
    for (;;) {
        const ir_id root = s->root[id];
        const struct ir_node *n = &s->g->nodes[root];
        if (s->point[root] != UINT32_MAX)
            return IR_NONE;
        ir_id x = s->root[n->n_in ? n->in[0] : root];
        if (composes(n->op)) {
            const double own = (double)s->value[root].dims.c * s->value[x].dims.c;
            const bool helps = s->point[x] == UINT32_MAX && affine_weights(&s->value[root]) > affine_weights(&s->value[x]) + own;
            return helps ? x : IR_NONE;
        }
        if (n->op == IR_MAX_POOL || n->op == IR_GLOBAL_MAX_POOL || n->n_in == 0)
            return IR_NONE;
        for (uint32_t i = 1; i < n->n_in; i++)
            if (affine_weights(&s->value[s->root[n->in[i]]]) > affine_weights(&s->value[x]))
                x = s->root[n->in[i]];
        id = x;
    }
}

/* Whether what enters the point of `reader` is absurdly large, and a point behind it helps. */
static bool is_large(struct segments *s, ir_id value, ir_id reader)
{
    const struct affine *v = &s->value[s->root[value]];
    const double weights = affine_weights(v);
    if (weights <= SEGMENT_ABSURD_WEIGHTS || weights <= SEGMENT_ABSURD_FACTOR * v->parts)
        return false;
    const ir_id x = behind(s, value);
    return x != IR_NONE && segment_force(s, x, reader, SEGMENT_LARGE);
}

static struct affine_dims map_of(struct ir_shape s)
{
    return (struct affine_dims){(uint32_t)s.c, (uint32_t)s.h, (uint32_t)s.w};
}

static enum segment_step visit(struct segments *s, ir_id id)
{
    const struct ir_node *n = &s->g->nodes[id];
    struct affine *v = &s->value[id];
    if (n->op == IR_INPUT) {
        s->point[id] = segment_add_point(s, id, SEGMENT_INPUT, map_of(n->shape), NULL);
    } else if (n->op == IR_RELU) {
        const struct affine *x = &s->value[s->root[n->in[0]]];
        if (is_large(s, n->in[0], id))
            return SEGMENT_AGAIN;
        s->point[id] = segment_add_point(s, id, SEGMENT_RELU, x->dims, x);
    } else {
        const enum segment_step step = segment_value(s, v, id);
        if (step != SEGMENT_DONE)
            return step;
        if (s->rescaled[id] && is_large(s, id, id))
            return SEGMENT_AGAIN;
        if (s->rescaled[id])
            s->point[id] = segment_add_point(s, id, SEGMENT_RESCALE, v->dims, v);
    }
    if (s->point[id] != UINT32_MAX)
        *v = affine_point(s->arena, s->point[id], s->points.at[s->point[id]].dims);
    return SEGMENT_DONE;
}

static enum segment_step walk(struct segments *s)
{
    const struct ir_graph *g = s->g;
    s->points.n = s->first_point[s->from];
    s->terms.n = s->first_term[s->from];
    for (ir_id id = s->from; id < g->n_nodes; id++)
        s->point[id] = UINT32_MAX;
    for (ir_id id = s->from; id < g->n_nodes; id++) {
        s->first_point[id] = (uint32_t)s->points.n;
        s->first_term[id] = (uint32_t)s->terms.n;
        const enum segment_step step = s->root[id] == id ? visit(s, id) : SEGMENT_DONE;
        if (step != SEGMENT_DONE)
            return step;
    }
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        const ir_id id = g->outputs[i].node;
        const struct affine *v = &s->value[s->root[id]];
        if (is_large(s, id, id))
            return SEGMENT_AGAIN;
        segment_add_point(s, id, SEGMENT_OUTPUT, v->dims, v);
    }
    return SEGMENT_DONE;
}

/* Values that no operator here makes negative: sums, means, maxima and parts of values that are not. */
static void find_positive(struct segments *s)
{
    const enum ir_op keep[] = {IR_ADD, IR_CONCAT, IR_AVG_POOL, IR_GLOBAL_AVG_POOL, IR_MAX_POOL, IR_GLOBAL_MAX_POOL, IR_SUBSAMPLE, IR_SLICE,
                               IR_PAD, IR_FLATTEN, IR_RESHAPE, IR_DROPOUT};
    for (ir_id id = 0; id < s->g->n_nodes; id++) {
        const struct ir_node *n = &s->g->nodes[id];
        bool kept = false;
        for (size_t i = 0; i < sizeof keep / sizeof *keep; i++)
            kept |= n->op == keep[i];
        for (uint32_t i = 0; kept && i < n->n_in; i++)
            kept = s->positive[n->in[i]];
        s->positive[id] = kept || n->op == IR_RELU;
    }
}

struct segments *segments_new(struct arena *a, const struct ir_graph *g, const bool *marks)
{
    struct segments *s = ARENA_NEW(a, struct segments);
    *s = (struct segments){.arena = a, .g = g, .refused = IR_NONE};
    s->root = ARENA_ARRAY(a, ir_id, g->n_nodes);
    s->point = ARENA_ARRAY(a, uint32_t, g->n_nodes);
    s->pool_point = ARENA_ARRAY(a, uint32_t, g->n_nodes);
    s->value = ARENA_ARRAY(a, struct affine, g->n_nodes);
    s->rescaled = ARENA_ARRAY(a, bool, g->n_nodes);
    s->positive = ARENA_ARRAY(a, bool, g->n_nodes);
    s->first_point = ARENA_ARRAY(a, uint32_t, g->n_nodes);
    s->first_term = ARENA_ARRAY(a, uint32_t, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        s->root[id] = is_view(g, &g->nodes[id]) ? s->root[g->nodes[id].in[0]] : id;
        s->rescaled[s->root[id]] |= marks[id];
    }
    find_positive(s);
    while (walk(s) == SEGMENT_AGAIN) /* ends: every turn makes one more node a point */
        ;
    return s;
}
