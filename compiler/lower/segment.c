/* Points and terms: the network cut into linear segments, each composed symbolically. The rules are in plan.h.
 * Where two operators do not compose, the value between them becomes a point (rescale) and the walk goes back to it, so that every
 * consumer of that value reads the point. */
#include "compiler/base/map.h"
#include "compiler/lower/affine.h"
#include "compiler/lower/lower.h"

#include <inttypes.h>
#include <string.h>

enum walk { WALK_DONE, WALK_AGAIN, WALK_REFUSED };

struct segments {
    struct lower *l;
    bool *forced;     /* per node: its value is a point of its own */
    bool *positive;   /* per node: known to have no negative values */
    struct affine *v; /* per node, valid for the roots of `fold` */
    VEC(struct plan_point) points;
    VEC(struct plan_term) terms;
    struct map names;                  /* of points; the value is the point's number + 1 */
    uint32_t *first_point, *first_term; /* per node: how many there were when the walk came to it */
    ir_id from;                        /* the node that was forced last: nothing before it changes */
};

static struct affine *operand(struct segments *s, const struct ir_node *n, uint32_t i)
{
    return &s->v[s->l->v[n->in[i]].fold];
}

/* The value of this node becomes a point; false if it is one. */
static bool force(struct segments *s, ir_id id)
{
    const ir_id root = s->l->v[id].fold;
    if (s->l->v[root].point != PLAN_NONE)
        return false;
    s->forced[root] = true;
    s->from = root;
    return true;
}

/* --- points --- */

static const char *unique_name(struct segments *s, const char *wish)
{
    const char *name = wish;
    for (uint32_t k = 2;; k++) {
        const uintptr_t number = (uintptr_t)map_get(&s->names, name); /* of a point that the walk may have taken back since */
        if (number == 0 || number > s->points.n || strcmp(s->points.at[number - 1].name, name) != 0)
            return name;
        name = arena_printf(s->l->a, "%s_%" PRIu32, wish, k);
    }
}

/* A point that `enters` flows into (NULL: the input). */
static uint32_t add_point(struct segments *s, const struct ir_node *n, const char *name, enum plan_point_kind kind,
                          struct plan_dims dims, const struct affine *enters)
{
    const uint32_t point = (uint32_t)s->points.n;
    const struct plan_point made = {.name = unique_name(s, name),
                                    .node = n->name,
                                    .kind = kind,
                                    .dims = dims,
                                    .site = n->site,
                                    .first_term = (uint32_t)s->terms.n,
                                    .n_terms = enters ? enters->n : 0};
    vec_push(s->l->a, &s->points, made);
    map_set(&s->names, made.name, (void *)(uintptr_t)s->points.n);
    for (uint32_t i = 0; enters && i < enters->n; i++) {
        const struct affine_term *t = &enters->terms[i];
        vec_push(s->l->a, &s->terms,
                 ((struct plan_term){.dst = point,
                                     .src = t->src,
                                     .kh = (uint32_t)t->y.k,
                                     .kw = (uint32_t)t->x.k,
                                     .stride = (uint32_t)t->y.stride,
                                     .pad_y = (int32_t)t->y.pad,
                                     .pad_x = (int32_t)t->x.pad}));
    }
    return point;
}

/* --- composition --- */

static enum walk refuse(struct segments *s, const struct ir_node *n, const char *why)
{
    lower_refuse(s->l, n->site, arena_printf(s->l->a, "`%s` is not available in private inference, because %s", ir_op_name(n->op), why));
    return WALK_REFUSED;
}

/* y = a window operator with this many weights of its own over x. */
static enum walk compose(struct segments *s, struct affine *y, const struct ir_node *n, struct affine_window rows,
                         struct affine_window columns, double own_weights, struct plan_dims dims)
{
    const struct affine *x = operand(s, n, 0);
    if (!affine_pads_exactly(x, rows, columns) && force(s, n->in[0]))
        return WALK_AGAIN;
    *y = affine_compose(s->l->a, x, rows, columns, dims);
    const double composed = affine_weights(y), parts = affine_weights(x) + own_weights;
    const bool absurd = composed > LOWER_ABSURD_WEIGHTS && composed > LOWER_ABSURD_FACTOR * parts;
    if ((absurd || !affine_is_small(y)) && force(s, n->in[0]))
        return WALK_AGAIN;
    if (!affine_is_small(y))
        bug("an operator over a point that lower_layers should have refused");
    return WALK_DONE;
}

/* Operand i is a point that an earlier operand reads at another stride: that one becomes a point. */
static void force_clashing(struct segments *s, const struct ir_node *n, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++) {
        struct affine both = *operand(s, n, j);
        if (!affine_unite(s->l->a, &both, operand(s, n, i)) && force(s, n->in[j]))
            return;
    }
    bug("two points with one source and two strides");
}

/* add, concat: dims of the map, and all operands' terms. */
static enum walk join(struct segments *s, struct affine *y, const struct ir_node *n)
{
    struct affine_term *room[2]; /* used in turns: a network in which each layer reads all before it has long joins */
    size_t most = 0;
    for (uint32_t i = 0; i < n->n_in; i++)
        most += operand(s, n, i)->n;
    for (int i = 0; i < 2; i++)
        room[i] = ARENA_ARRAY(s->l->a, struct affine_term, most);
    *y = (struct affine){.dims = operand(s, n, 0)->dims};
    for (uint32_t i = 0; i < n->n_in; i++) {
        const struct affine *x = operand(s, n, i);
        const bool fits = x->dims.h == y->dims.h && x->dims.w == y->dims.w && (n->op == IR_CONCAT || x->dims.c == y->dims.c);
        if (!fits)
            return refuse(s, n, "its inputs were flattened from maps of different shapes, which no convolution joins: join them before flatten");
        if (!affine_unite_into(room[i % 2], y, x)) { /* one source at two strides: one of the two values is not a point */
            if (!force(s, n->in[i]))
                force_clashing(s, n, i);
            return WALK_AGAIN;
        }
        if (n->op == IR_CONCAT && i > 0)
            y->dims.c += x->dims.c;
    }
    return WALK_DONE;
}

static bool is_flattened_map(const struct ir_node *n, struct plan_dims in)
{
    return n->shape.rank == 1 && in.h * in.w != 1;
}

static enum walk refuse_flattened(struct segments *s, const struct ir_node *n, struct plan_dims in)
{
    return refuse(s, n, arena_printf(s->l->a, "its input was flattened from a %" PRIu32 "x%" PRIu32 "x%" PRIu32
                                               " map, whose elements no convolution treats one by one: put it before flatten",
                                     in.c, in.h, in.w));
}

/* A 1x1 window that starts above the map and has more rows than it; the larger side says whether there are zeros. */
static enum walk pad(struct segments *s, struct affine *y, const struct ir_node *n)
{
    const struct ir_pad *p = &n->pad;
    const struct affine *x = operand(s, n, 0);
    const struct affine_window most_y = {1, 1, p->top > p->bottom ? p->top : p->bottom, 1},
                               most_x = {1, 1, p->left > p->right ? p->left : p->right, 1};
    if (!affine_pads_exactly(x, most_y, most_x) && force(s, n->in[0]))
        return WALK_AGAIN;
    *y = affine_compose(s->l->a, x, (struct affine_window){1, 1, p->top, 1}, (struct affine_window){1, 1, p->left, 1}, lower_dims(n->shape));
    return WALK_DONE;
}

/* Values that no operator here makes negative: sums, means, maxima and parts of values that are not. */
static bool is_positive(const struct segments *s, const struct ir_node *n)
{
    if (n->op == IR_RELU)
        return true;
    const enum ir_op keep[] = {IR_ADD, IR_CONCAT, IR_AVG_POOL, IR_GLOBAL_AVG_POOL, IR_MAX_POOL, IR_GLOBAL_MAX_POOL, IR_SUBSAMPLE, IR_SLICE,
                               IR_PAD, IR_FLATTEN, IR_RESHAPE, IR_DROPOUT};
    bool kept = false;
    for (size_t i = 0; i < sizeof keep / sizeof *keep; i++)
        kept |= n->op == keep[i];
    for (uint32_t i = 0; kept && i < n->n_in; i++)
        kept = s->positive[n->in[i]];
    return kept;
}

static struct affine joined(struct segments *s, const struct affine *x, const struct affine *more)
{
    struct affine y = *x;
    if (!affine_unite(s->l->a, &y, more))
        bug("taps of one pool at different strides");
    return y;
}

/* The rule of plan.h: a tree of max(a, b) = b + relu(a - b). */
static enum walk max_pool(struct segments *s, struct affine *y, const struct ir_node *n)
{
    const struct plan_dims dims = lower_dims(n->shape);
    const struct plan_window *w = &s->l->layers[s->l->v[n - s->l->g->nodes].layer].window;
    const uint32_t taps = w->kh * w->kw;
    const struct affine *x = operand(s, n, 0);
    if ((uint64_t)w->kh * w->kw > LOWER_MAX_COMPARED)
        return refuse(s, n, arena_printf(s->l->a, "its window has %" PRIu64 " elements, and at most %d are compared: pool in several steps",
                                         (uint64_t)w->kh * w->kw, LOWER_MAX_COMPARED));
    if ((w->pad_y || w->pad_x) && !s->positive[n->in[0]])
        return refuse(s, n, "its padding could win over negative values: put relu before it, or padding = 0");
    if (!affine_pads_exactly(x, (struct affine_window){w->kh, w->stride, w->pad_y, 1}, (struct affine_window){w->kw, w->stride, w->pad_x, 1}) &&
        force(s, n->in[0]))
        return WALK_AGAIN;
    struct affine *m = ARENA_ARRAY(s->l->a, struct affine, taps);
    for (uint32_t t = 0; t < taps; t++)
        m[t] = affine_compose(s->l->a, x, (struct affine_window){1, w->stride, (int64_t)w->pad_y - t / w->kw, 1},
                              (struct affine_window){1, w->stride, (int64_t)w->pad_x - t % w->kw, 1}, dims);
    s->l->v[n - s->l->g->nodes].pool_point = (uint32_t)s->points.n;
    for (uint32_t left = taps; left > 1; left = (left + 1) / 2) {
        const uint32_t pairs = left / 2;
        struct affine differences = m[0];
        for (uint32_t i = 1; i < 2 * pairs; i++)
            differences = joined(s, &differences, &m[i]);
        differences.dims.c = dims.c * pairs;
        const uint32_t point = add_point(s, n, n->name, PLAN_POINT_RELU, differences.dims, &differences);
        struct affine larger = affine_point(s->l->a, point, differences.dims);
        larger.dims = dims;
        for (uint32_t i = 0; i < pairs; i++)
            m[i] = joined(s, &m[2 * i + 1], &larger);
        if (left % 2)
            m[pairs] = m[left - 1];
    }
    *y = m[0];
    return WALK_DONE;
}

static enum walk affine(struct segments *s, struct affine *y, const struct ir_node *n)
{
    const struct affine *x = operand(s, n, 0);
    const struct plan_dims dims = lower_dims(n->shape), in = x->dims;
    const struct affine_window whole_y = {.k = in.h, .stride = 1, .dilation = 1},
                               whole_x = {.k = in.w, .stride = 1, .dilation = 1};
    enum walk done = WALK_DONE;
    switch (n->op) {
    case IR_CONV:
        done = compose(s, y, n, (struct affine_window){n->conv.kh, n->conv.stride, n->conv.pad_y, n->conv.dilation},
                       (struct affine_window){n->conv.kw, n->conv.stride, n->conv.pad_x, n->conv.dilation},
                       (double)n->conv.channels * (in.c / (double)n->conv.groups) * (double)(n->conv.kh * n->conv.kw), dims);
        y->biased |= n->conv.bias;
        return done;
    case IR_LINEAR:
        done = compose(s, y, n, whole_y, whole_x, (double)dims.c * in.c * in.h * in.w, dims);
        y->biased |= n->linear.bias;
        return done;
    case IR_AVG_POOL: {
        const struct affine_window window = {n->avg_pool.kernel, n->avg_pool.stride, n->avg_pool.pad, 1};
        return compose(s, y, n, window, window, 0, dims);
    }
    case IR_GLOBAL_AVG_POOL:
        return compose(s, y, n, whole_y, whole_x, 0, dims);
    case IR_SUBSAMPLE:
        return compose(s, y, n, (struct affine_window){1, n->subsample.stride, -n->subsample.offset_y, 1},
                       (struct affine_window){1, n->subsample.stride, -n->subsample.offset_x, 1}, 0, dims);
    case IR_SLICE:
        if (is_flattened_map(n, in))
            return refuse_flattened(s, n, in);
        return compose(s, y, n, (struct affine_window){1, 1, -n->slice.row, 1}, (struct affine_window){1, 1, -n->slice.column, 1}, 0, dims);
    case IR_PAD:
        return pad(s, y, n);
    case IR_UPSAMPLE:
        return refuse(s, n, "what gives one element to several places is no convolution");
    case IR_SQUARE:
    case IR_POLY2:
        return refuse(s, n, "there is no protocol for products of two secrets yet: use relu");
    case IR_SOFTMAX:
        return refuse(s, n, "there is no protocol for exponentials: let the output be the logits, from which the client can compute it");
    case IR_ARGMAX:
        return refuse(s, n, "there is no protocol for its comparisons yet: let the output be the logits");
    case IR_MAX_POOL:
    case IR_GLOBAL_MAX_POOL:
        return max_pool(s, y, n);
    case IR_ADD:
    case IR_CONCAT:
        return join(s, y, n);
    case IR_BATCH_NORM:
        if (is_flattened_map(n, in))
            return refuse_flattened(s, n, in);
        *y = *x;
        y->biased = true;
        return WALK_DONE;
    case IR_RESHAPE: /* of a vector that was flattened from such a map, or to a vector */
        if (n->shape.rank == 3 && (in.c != dims.c || in.h != dims.h || in.w != dims.w))
            return refuse(s, n, arena_printf(s->l->a, "rearranging a %" PRIu32 "x%" PRIu32 "x%" PRIu32
                                                           " map as %" PRIu32 "x%" PRIu32 "x%" PRIu32 " is no convolution",
                                             in.c, in.h, in.w, dims.c, dims.h, dims.w));
        *y = *x;
        return WALK_DONE;
    case IR_FLATTEN:
        *y = *x;
        return WALK_DONE;
    default:
        bug("an operator that is not affine");
    }
}

static enum walk walk(struct segments *s)
{
    struct lower *l = s->l;
    s->points.n = s->first_point[s->from];
    s->terms.n = s->first_term[s->from];
    for (ir_id id = s->from; id < l->g->n_nodes; id++)
        l->v[id].point = PLAN_NONE;
    for (ir_id id = s->from; id < l->g->n_nodes; id++) {
        const struct ir_node *n = &l->g->nodes[id];
        struct lower_value *v = &l->v[id];
        s->first_point[id] = (uint32_t)s->points.n;
        s->first_term[id] = (uint32_t)s->terms.n;
        s->positive[id] = is_positive(s, n);
        if (v->fold != id)
            continue;
        if (n->op == IR_INPUT) {
            v->point = add_point(s, n, n->name, PLAN_POINT_INPUT, lower_dims(n->shape), NULL);
        } else if (n->op == IR_RELU) {
            const struct affine *x = operand(s, n, 0);
            v->point = add_point(s, n, n->name, PLAN_POINT_RELU, x->dims, x);
        } else {
            const enum walk done = affine(s, &s->v[id], n);
            if (done != WALK_DONE)
                return done;
            if (s->forced[id])
                v->point = add_point(s, n, arena_printf(l->a, "%s_rescale", n->name), PLAN_POINT_RESCALE, s->v[id].dims, &s->v[id]);
        }
        if (v->point != PLAN_NONE)
            s->v[id] = affine_point(l->a, v->point, s->points.at[v->point].dims);
    }
    const struct affine *logits = &s->v[l->v[l->output].fold];
    add_point(s, &l->g->nodes[l->output], l->p->output_name, PLAN_POINT_OUTPUT, logits->dims, logits);
    return WALK_DONE;
}

bool lower_segments(struct lower *l)
{
    struct segments s = {
        .l = l, .forced = ARENA_ARRAY(l->a, bool, l->g->n_nodes), .positive = ARENA_ARRAY(l->a, bool, l->g->n_nodes), .v = ARENA_ARRAY(l->a, struct affine, l->g->n_nodes)};
    s.names = map_new(l->a);
    s.first_point = ARENA_ARRAY(l->a, uint32_t, l->g->n_nodes);
    s.first_term = ARENA_ARRAY(l->a, uint32_t, l->g->n_nodes);
    enum walk done;
    do
        done = walk(&s);
    while (done == WALK_AGAIN); /* ends: every turn forces one more node */
    l->points = s.points.at;
    l->p->points = s.points.at;
    l->p->n_points = (uint32_t)s.points.n;
    l->p->terms = s.terms.at;
    l->p->n_terms = (uint32_t)s.terms.n;
    return done == WALK_DONE;
}
