/* Composing linear operators for inference: which values are made, and of what.
 *
 * Requires: nothing more; the result is for inference alone, beside the graph that is trained.
 * Gives:    the same function up to the rounding of floats, with fewer multiply-accumulates by the cost model below. Nonlinear operators,
 *           their number and their names are untouched.
 *
 * Between two nonlinear operators everything is affine, so a value is a sum of convolutions of any values before it that together
 * determine it (compiler/ir/term.h has the geometry). For each linear value two ways to make it are compared:
 *   native    its own operator on its operands;
 *   composed  one convolution for each of a set of earlier values. The set is found by walking from the value towards the inputs: at each
 *             operand either stop, and pay for a convolution from there and for making that operand, or go through it, which is possible
 *             where nobody else reads it. The parts are independent, so the cheaper way at each operand is the cheapest in all.
 * The walk goes through an operand only where its reader reads nothing outside its map: zero padding of a value is not what the
 * value, continued beyond its map, gives. fold-batch-norm is the special case of a batch norm right after a convolution or a linear layer.
 *
 * The cost model counts multiply-accumulates, and COLLAPSE_MOVE for each number that is moved or added. Weights are composed from the
 * trained ones in double precision when they are loaded; recipes, not numbers, stand in the graph (struct ir_composed).
 *
 * Linear operators of convolutional networks compose well at their end: convolution, average over the map and classifier are one matrix of
 * classes rows. Private inference composes all of a segment in any case (docs/architecture.md); this is the clear counterpart. */
#include "compiler/pass/collapse.h"

#include "compiler/base/table.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_LEVELS = 32, MOST_WEIGHTS = 1 << 26 };

struct walk {
    struct pass_context *c;
    const struct ir_graph *g;
    struct collapse_value *v;
    struct collapse_map to; /* of the value that is being composed */
    VEC(struct collapse_term) terms;
};

static struct term_axis point_axis(void)
{
    return (struct term_axis){.k = 1, .stride = 1};
}

static bool is_one(const struct collapse_map *m)
{
    return m->h == 1 && m->w == 1;
}

/* --- what is linear --- */

static struct collapse_map map_of(const struct ir_graph *g, const struct collapse_value *v, ir_id id)
{
    const struct ir_node *n = &g->nodes[id];
    bool view = n->op == IR_FLATTEN || n->op == IR_DROPOUT || n->op == IR_BATCH_NORM || (n->op == IR_RESHAPE && n->shape.rank == 1);
    if (view && n->shape.rank == 1)
        return v[n->in[0]].map;
    return (struct collapse_map){n->shape.c, n->shape.h, n->shape.w};
}

/* Whether the value of this node is a sum of convolutions of its operands' maps. */
static bool is_linear(const struct ir_graph *g, const struct collapse_value *v, ir_id id)
{
    const struct ir_node *n = &g->nodes[id];
    switch (n->op) {
    case IR_CONV:
    case IR_LINEAR:
    case IR_AVG_POOL:
    case IR_GLOBAL_AVG_POOL:
    case IR_SUBSAMPLE:
    case IR_PAD:
    case IR_FLATTEN:
    case IR_DROPOUT:
        return true;
    case IR_RESHAPE: /* another map is no convolution of the first */
        return n->shape.rank == 1 || ir_shape_equal(n->shape, g->nodes[n->in[0]].shape);
    case IR_BATCH_NORM:
    case IR_SLICE:
    case IR_ADD:
    case IR_CONCAT: /* of features they are per feature, and a flattened map has several of a channel */
        for (uint32_t i = 0; n->shape.rank == 1 && i < n->n_in; i++)
            if (!is_one(&v[n->in[i]].map))
                return false;
        return true;
    default:
        return false;
    }
}

/* What operator `n` reads of its operand's map `in`. */
static void own_axes(const struct ir_node *n, const struct collapse_map *in, struct term_axis *y, struct term_axis *x)
{
    *y = *x = point_axis();
    switch (n->op) {
    case IR_CONV:
        *y = (struct term_axis){n->conv.dilation * (n->conv.kh - 1) + 1, n->conv.stride, n->conv.pad_y};
        *x = (struct term_axis){n->conv.dilation * (n->conv.kw - 1) + 1, n->conv.stride, n->conv.pad_x};
        break;
    case IR_LINEAR:
    case IR_GLOBAL_AVG_POOL:
        y->k = in->h;
        x->k = in->w;
        break;
    case IR_AVG_POOL:
        *y = *x = (struct term_axis){n->avg_pool.kernel, n->avg_pool.stride, n->avg_pool.pad};
        break;
    case IR_SUBSAMPLE:
        *y = (struct term_axis){1, n->subsample.stride, -n->subsample.offset_y};
        *x = (struct term_axis){1, n->subsample.stride, -n->subsample.offset_x};
        break;
    case IR_SLICE:
        y->pad = -n->slice.row;
        x->pad = -n->slice.column;
        break;
    case IR_PAD:
        y->pad = n->pad.top;
        x->pad = n->pad.left;
        break;
    default: /* element by element, or channels side by side */
        break;
    }
}

/* --- costs --- */

double collapse_own_cost(const struct ir_graph *g, ir_id id)
{
    const struct ir_node *n = &g->nodes[id];
    double result = (double)ir_elements(n->shape);
    switch (n->op) {
    case IR_CONV:
    case IR_LINEAR:
        return (double)ir_cost_node(g, id).macs;
    case IR_BATCH_NORM:
    case IR_CONCAT:
    case IR_SUBSAMPLE:
    case IR_SLICE:
    case IR_PAD:
        return COLLAPSE_MOVE * result;
    case IR_ADD:
        return COLLAPSE_MOVE * result * n->n_in;
    case IR_AVG_POOL:
        return COLLAPSE_MOVE * result * (double)(n->avg_pool.kernel * n->avg_pool.kernel);
    case IR_GLOBAL_AVG_POOL:
        return COLLAPSE_MOVE * (double)ir_elements(g->nodes[n->in[0]].shape);
    default:
        return 0;
    }
}

int64_t collapse_pad_after(struct term_axis t, int64_t source, int64_t rows)
{
    return (rows - 1) * t.stride + t.k - t.pad - source;
}

bool collapse_pads_evenly(struct term_axis t, int64_t source, int64_t rows)
{
    return t.pad >= 0 && source + 2 * t.pad >= t.k && (source + 2 * t.pad - t.k) / t.stride + 1 == rows;
}

double collapse_term_cost(const struct collapse_value *values, const struct collapse_map *to, const struct collapse_term *t)
{
    const struct collapse_map *from = &values[t->source].map;
    double cost = (double)to->c * (double)(to->h * to->w) * (double)from->c * (double)t->y.k * (double)t->x.k;
    if (!collapse_pads_evenly(t->y, from->h, to->h) || !collapse_pads_evenly(t->x, from->w, to->w))
        cost += COLLAPSE_MOVE * (double)from->c * (double)((to->h - 1) * t->y.stride + t->y.k) * (double)((to->w - 1) * t->x.stride + t->x.k);
    return cost;
}

/* Linear, and one other operator alone reads it: it need not be made. */
static bool is_own(const struct collapse_value *v)
{
    return v->linear && v->users == 1 && !v->is_output;
}

/* --- the walk --- */

static bool reads_inside(struct term_axis t, int64_t source, int64_t rows)
{
    return t.pad <= 0 && collapse_pad_after(t, source, rows) <= 0;
}

static double reach(struct walk *w, ir_id id, struct collapse_term t, bool inside, int levels);

/* The operands of `id`, under what reads its value by y and x. */
static double through(struct walk *w, ir_id id, struct term_axis y, struct term_axis x, int levels)
{
    const struct ir_node *n = &w->g->nodes[id];
    double cost = 0;
    for (uint32_t i = 0; i < n->n_in; i++) {
        struct term_axis own_y, own_x;
        own_axes(n, &w->v[n->in[i]].map, &own_y, &own_x);
        struct collapse_term t = {n->in[i], term_compose(own_y, y.k, y.stride, y.pad, 1), term_compose(own_x, x.k, x.stride, x.pad, 1)};
        const struct collapse_map *in = &w->v[n->in[i]].map, *out = &w->v[id].map;
        cost += reach(w, n->in[i], t, reads_inside(own_y, in->h, out->h) && reads_inside(own_x, in->w, out->w), levels);
    }
    return cost;
}

/* The cheaper of stopping at this value and going through it. Adds to w->terms. inside: its reader reads nothing outside its map. */
static double reach(struct walk *w, ir_id id, struct collapse_term t, bool inside, int levels)
{
    const struct collapse_value *v = &w->v[id];
    t.y = term_crop(t.y, v->map.h, w->to.h);
    t.x = term_crop(t.x, v->map.w, w->to.w);
    if (is_one(&w->to))
        t.y.stride = t.x.stride = 1;
    const bool own = is_own(v);
    double stop = collapse_term_cost(w->v, &w->to, &t) + (own ? v->cost : 0);
    if (own && inside && levels > 0) {
        size_t mark = w->terms.n;
        double on = through(w, id, t.y, t.x, levels - 1);
        if (on < stop)
            return on;
        w->terms.n = mark;
    }
    vec_push(w->c->arena, &w->terms, t);
    return stop;
}

static int by_source(const void *p, const void *q)
{
    ir_id s = ((const struct collapse_term *)p)->source, t = ((const struct collapse_term *)q)->source;
    return (s > t) - (s < t);
}

/* One term for each source; false: one source at two strides, or kernels beyond all measure. */
static bool merge_terms(struct walk *w)
{
    size_t n = 0;
    qsort(w->terms.at, w->terms.n, sizeof *w->terms.at, by_source);
    for (size_t i = 0; i < w->terms.n; i++) {
        struct collapse_term *t = &w->terms.at[i], *last = n ? &w->terms.at[n - 1] : NULL;
        if (!last || last->source != t->source) {
            w->terms.at[n++] = *t;
            continue;
        }
        if (last->y.stride != t->y.stride || last->x.stride != t->x.stride)
            return false;
        last->y = term_union(last->y, t->y);
        last->x = term_union(last->x, t->x);
    }
    w->terms.n = n;
    for (size_t i = 0; i < n; i++) {
        const struct collapse_term *t = &w->terms.at[i];
        if ((double)w->to.c * (double)w->v[t->source].map.c * (double)t->y.k * (double)t->x.k > MOST_WEIGHTS || t->y.stride != t->x.stride)
            return false;
    }
    return true;
}

/* Something is left of the source when what the term does not read is cut off. */
static bool leaves_some(struct term_axis t, int64_t source, int64_t rows)
{
    const int64_t after = collapse_pad_after(t, source, rows);
    return (t.pad < 0 ? -t.pad : 0) + (after < 0 ? -after : 0) < source;
}

/* A vector is made by linear layers, each of which reads all of a map. */
static bool can_be_written(const struct walk *w, ir_id id)
{
    for (size_t i = 0; i < w->terms.n; i++) {
        const struct collapse_term *t = &w->terms.at[i];
        const struct collapse_value *s = &w->v[t->source];
        bool map = w->g->nodes[t->source].shape.rank == 3;
        bool all = t->y.k == s->map.h && t->x.k == s->map.w && t->y.pad == 0 && t->x.pad == 0;
        bool some = leaves_some(t->y, s->map.h, w->to.h) && leaves_some(t->x, s->map.w, w->to.w);
        if (w->g->nodes[id].shape.rank == 1 ? !is_one(&w->to) || !all : !map || !some)
            return false;
    }
    return true;
}

/* Whether a weighted operator is among those between the terms and `id`: sums and moves alone are no convolution's business. */
static bool has_weights(const struct walk *w, ir_id id)
{
    const struct ir_node *n = &w->g->nodes[id];
    if (n->op == IR_CONV || n->op == IR_LINEAR || n->op == IR_BATCH_NORM)
        return true;
    for (uint32_t i = 0; i < n->n_in; i++) {
        bool source = false;
        for (size_t k = 0; k < w->terms.n; k++)
            source |= w->terms.at[k].source == n->in[i];
        if (!source && has_weights(w, n->in[i]))
            return true;
    }
    return false;
}

static bool is_candidate(const struct ir_node *n)
{
    return n->op != IR_CONCAT && n->op != IR_FLATTEN && n->op != IR_RESHAPE && n->op != IR_DROPOUT;
}

static void decide(struct walk *w, ir_id id)
{
    struct collapse_value *v = &w->v[id];
    const struct ir_node *n = &w->g->nodes[id];
    double native = collapse_own_cost(w->g, id), composed = 0;
    for (uint32_t i = 0; i < n->n_in; i++) {
        const struct collapse_value *x = &w->v[n->in[i]];
        native += is_own(x) ? x->cost : 0;
    }
    v->cost = native;
    if (!v->linear || !is_candidate(n))
        return;
    w->to = v->map;
    w->terms.n = 0;
    through(w, id, point_axis(), point_axis(), MOST_LEVELS);
    if (!merge_terms(w) || !can_be_written(w, id) || !has_weights(w, id))
        return;
    for (size_t i = 0; i < w->terms.n; i++) {
        const struct collapse_value *s = &w->v[w->terms.at[i].source];
        composed += collapse_term_cost(w->v, &w->to, &w->terms.at[i]) + (is_own(s) ? s->cost : 0);
    }
    if (w->terms.n > 1)
        composed += COLLAPSE_MOVE * (double)ir_elements(n->shape) * (double)w->terms.n;
    if (composed >= native)
        return;
    struct collapse_term *terms = ARENA_ARRAY(w->c->arena, struct collapse_term, w->terms.n);
    memcpy(terms, w->terms.at, w->terms.n * sizeof *terms);
    v->cost = composed;
    v->terms = terms;
    v->n_terms = (uint32_t)w->terms.n;
}

static struct collapse_value *survey(struct pass_context *c, const struct ir_graph *g)
{
    struct collapse_value *v = ARENA_ARRAY(c->arena, struct collapse_value, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        v[id].map = map_of(g, v, id);
        v[id].linear = is_linear(g, v, id);
        for (uint32_t i = 0; i < n->n_in; i++)
            v[n->in[i]].users++;
    }
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        v[g->outputs[i].node].is_output = true;
        v[g->outputs[i].node].users++;
    }
    return v;
}

/* From the outputs back: what is made. */
static void want(const struct ir_graph *g, struct collapse_value *v)
{
    for (uint32_t i = 0; i < g->n_outputs; i++)
        v[g->outputs[i].node].wanted = true;
    for (ir_id id = g->n_nodes; id-- > 0;) {
        if (!v[id].wanted)
            continue;
        for (uint32_t i = 0; i < v[id].n_terms; i++)
            v[v[id].terms[i].source].wanted = true;
        for (uint32_t i = 0; !v[id].terms && i < g->nodes[id].n_in; i++)
            v[g->nodes[id].in[i]].wanted = true;
    }
}

const struct ir_graph *pass_collapse(struct pass_context *c, const struct ir_graph *g)
{
    struct walk w = {.c = c, .g = g, .v = survey(c, g)};
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        if (n->composed && (strcmp(n->composed->value, n->name) != 0 || strcmp(n->composed->source, g->nodes[n->in[0]].name) != 0))
            return g; /* it was collapsed before: a part of a value, or what pads a source, is no value of the trained network */
    }
    for (ir_id id = 0; id < g->n_nodes; id++)
        decide(&w, id);
    want(g, w.v);
    return collapse_build(c, g, w.v);
}

const struct ir_graph *pass_fold_batch_norm(struct pass_context *c, const struct ir_graph *g)
{
    struct collapse_value *v = survey(c, g);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id], *x = n->n_in ? &g->nodes[n->in[0]] : NULL;
        if (n->op != IR_BATCH_NORM || (x->op != IR_CONV && x->op != IR_LINEAR) || x->composed)
            continue; /* what is composed already is a value of the trained network only under its own name */
        if (v[n->in[0]].users > 1) {
            remark(c->remarks, REMARK_MISSED, &n->site, 0, "batch norm `%s` stays: the value before it, `%s`, is read elsewhere too", n->name, x->name);
            continue;
        }
        struct collapse_term *t = ARENA_NEW(c->arena, struct collapse_term);
        t->source = x->in[0];
        own_axes(x, &v[x->in[0]].map, &t->y, &t->x);
        v[id].terms = t;
        v[id].n_terms = 1;
    }
    want(g, v);
    return collapse_build(c, g, v);
}
