/* Every invariant of plan.h, checked by walking the plan as a program would: forward, inference, backward, fold. */
#include "compiler/ir/affine.h"
#include "compiler/ir/ir.h"
#include "compiler/lower/plan.h"

#include <inttypes.h>
#include <string.h>

struct check {
    struct arena *a;
    const struct plan *p;
    const char *wrong; /* the first thing found */
};

#define WRONG(c, ...)                                                                                                            \
    do {                                                                                                                         \
        if (!(c)->wrong)                                                                                                         \
            (c)->wrong = arena_printf((c)->a, __VA_ARGS__);                                                                      \
    } while (0)

static uint64_t elements(struct plan_dims d)
{
    return (uint64_t)d.c * d.h * d.w;
}

static struct affine_dims map_of(struct plan_dims d)
{
    return (struct affine_dims){d.c, d.h, d.w};
}

static void check_params(struct check *c)
{
    const struct plan *p = c->p;
    uint64_t at = 0, trained_floats = 0;
    for (uint32_t i = 0; i < p->n_params; i++) {
        const struct plan_param *q = &p->params[i];
        uint64_t size = 1;
        for (uint32_t k = 0; k < q->rank; k++)
            size *= q->dim[k];
        if (q->offset != at || q->size != size || size == 0)
            WRONG(c, "parameter %s lies at %" PRIu64 " with %" PRIu64 " floats", q->name, q->offset, q->size);
        const bool trained = q->kind != PLAN_MEAN && q->kind != PLAN_VAR;
        if (trained != (q->offset < p->params_trained))
            WRONG(c, "parameter %s lies on the wrong side of the trained ones", q->name);
        if (q->layer >= p->n_layers || p->layers[q->layer].param[q->kind] != i)
            WRONG(c, "parameter %s is not its layer's", q->name);
        at += q->size;
        trained_floats += trained ? q->size : 0;
    }
    if (trained_floats != p->params_trained)
        WRONG(c, "%" PRIu64 " floats of trained parameters, %" PRIu64 " planned", trained_floats, p->params_trained);
    if (at != p->params_floats)
        WRONG(c, "%" PRIu64 " floats of parameters, %" PRIu64 " planned", at, p->params_floats);
}

static void check_slab(struct check *c, const char *what, const struct plan_slab *s)
{
    for (uint32_t i = 0; i < s->n_buffers; i++) {
        const struct plan_buffer *b = &s->buffers[i];
        if (b->floats == 0 || b->offset % PLAN_ALIGN != 0 || b->offset + b->floats > s->floats || b->last < b->first)
            WRONG(c, "%s buffer %s is misplaced", what, b->name);
        for (uint32_t j = 0; j < i; j++) {
            const struct plan_buffer *d = &s->buffers[j];
            if (b->first <= d->last && d->first <= b->last && b->offset < d->offset + d->floats &&
                d->offset < b->offset + b->floats)
                WRONG(c, "%s buffers %s and %s are alive at one time and overlap", what, d->name, b->name);
        }
    }
    if (s->peak > s->floats)
        WRONG(c, "the %s slab is smaller than what is alive at one time", what);
}

/* One slab during a walk through time. */
struct memory {
    struct check *c;
    const char *what;
    const struct plan_slab *slab;
    bool *written;
};

static struct memory memory_new(struct check *c, const char *what, const struct plan_slab *s)
{
    return (struct memory){c, what, s, ARENA_ARRAY(c->a, bool, s->n_buffers)};
}

static void touch(struct memory *m, uint32_t buffer, struct plan_dims dims, uint32_t time, bool write)
{
    if (buffer >= m->slab->n_buffers) {
        WRONG(m->c, "the %s slab has no buffer %" PRIu32, m->what, buffer);
        return;
    }
    const struct plan_buffer *b = &m->slab->buffers[buffer];
    if (b->floats != elements(dims))
        WRONG(m->c, "%s buffer %s has %" PRIu64 " floats, used for %" PRIu64, m->what, b->name, b->floats, elements(dims));
    if (time < b->first || time > b->last)
        WRONG(m->c, "%s buffer %s is used at time %" PRIu32 ", outside its life", m->what, b->name, time);
    if (write)
        m->written[buffer] = true;
    else if (!m->written[buffer])
        WRONG(m->c, "%s buffer %s is read before it is written", m->what, b->name);
}

static void check_clear(struct check *c)
{
    const struct plan *p = c->p;
    struct memory infer = memory_new(c, "inference", &p->infer), train = memory_new(c, "training", &p->train),
                  grad = memory_new(c, "gradient", &p->grad);
    const struct plan_dims logits = {p->classes, 1, 1};
    touch(&infer, p->input_infer, p->input, 0, true);
    touch(&train, p->input_train, p->input, 0, true);
    if (c->wrong)
        return;
    if (p->infer.buffers[p->input_infer].offset != 0 || p->train.buffers[p->input_train].offset != 0)
        WRONG(c, "the input does not lie at the start of its slab");
    for (uint32_t i = 0; i < p->n_layers; i++) {
        const struct plan_layer *l = &p->layers[i];
        for (uint32_t k = 0; k < l->n_x; k++) {
            touch(&train, l->x[k].train, l->x[k].dims, plan_time_forward(i), false);
            if (l->op != PLAN_DROPOUT)
                touch(&infer, l->x[k].infer, l->x[k].dims, plan_time_forward(i), false);
        }
        touch(&train, l->y.train, l->y.dims, plan_time_forward(i), true);
        if (l->op != PLAN_DROPOUT)
            touch(&infer, l->y.infer, l->y.dims, plan_time_forward(i), true);
        else if (l->y.infer != l->x[0].infer)
            WRONG(c, "dropout %s is not the identity at inference", l->name);
    }
    const uint32_t loss = plan_time_loss(p->n_layers);
    touch(&infer, p->logits_infer, logits, loss, false);
    touch(&train, p->logits_train, logits, loss, false);
    touch(&grad, p->logits_grad, logits, loss, true);
    for (uint32_t i = p->n_layers; i-- > 0 && !c->wrong;) {
        const struct plan_layer *l = &p->layers[i];
        if (l->y.grad == PLAN_NONE)
            continue;
        const uint32_t now = plan_time_backward(p->n_layers, i);
        touch(&grad, l->y.grad, l->y.dims, now, false);
        if (l->op == PLAN_RELU)
            touch(&train, l->y.train, l->y.dims, now, false);
        for (uint32_t k = 0; k < l->n_x; k++) {
            if (l->op == PLAN_CONV || l->op == PLAN_LINEAR || l->op == PLAN_BATCH_NORM || l->op == PLAN_MAX_POOL ||
                l->op == PLAN_SQUARE || l->op == PLAN_POLY2)
                touch(&train, l->x[k].train, l->x[k].dims, now, false);
            if (l->x[k].grad == PLAN_NONE)
                continue;
            if (l->x[k].grad < p->grad.n_buffers && grad.written[l->x[k].grad] != l->x[k].add)
                WRONG(c, "backward of %s %s the gradient of operand %" PRIu32, l->name,
                      l->x[k].add ? "adds to nothing in" : "overwrites", k);
            touch(&grad, l->x[k].grad, l->x[k].dims, now, true);
        }
    }
}

static void check_points(struct check *c)
{
    const struct plan *p = c->p;
    uint32_t term = 0, fold = 0;
    for (uint32_t i = 0; i < p->n_points; i++) {
        const struct plan_point *q = &p->points[i];
        if ((q->kind == PLAN_POINT_INPUT) != (i == 0) || (q->kind == PLAN_POINT_OUTPUT) != (i == p->n_points - 1))
            WRONG(c, "point %s is of the wrong kind for its place", q->name);
        if ((q->n_terms == 0) != (i == 0) || q->first_term != term || q->n_terms > p->n_terms - term)
            WRONG(c, "the terms of point %s are not where they should be", q->name);
        if ((q->n_folds == 0) != (i == 0) || (i > 0 && q->first_fold != fold) || q->n_folds > p->n_folds - fold)
            WRONG(c, "the fold calls of point %s are not where they should be", q->name);
        if (c->wrong)
            return;
        for (uint32_t k = 0; k < q->n_terms; k++) {
            const struct plan_term *t = &p->terms[term + k];
            if (t->dst != i || t->src >= i || t->kh == 0 || t->kw == 0 || t->stride == 0 || (k > 0 && t->src <= t[-1].src))
                WRONG(c, "term %" PRIu32 " of point %s is malformed", k, q->name);
        }
        term += q->n_terms;
        fold += q->n_folds;
    }
    if (term != p->n_terms || fold != p->n_folds)
        WRONG(c, "terms or fold calls that no point has");
}

/* --- the folding program, on geometry --- */

static struct affine layer_value(struct check *c, const struct plan_layer *l, const struct affine *x, uint32_t n)
{
    const struct plan_window *w = &l->window;
    const struct affine_window whole_y = {x[0].dims.h, 1, 0, 1}, whole_x = {x[0].dims.w, 1, 0, 1};
    struct affine y = x[0];
    switch (l->op) {
    case PLAN_CONV:
    case PLAN_AVG_POOL: {
        const struct affine_window rows = {w->kh, w->stride, w->pad_y, w->dilation},
                                   columns = {w->kw, w->stride, w->pad_x, w->dilation};
        if (!affine_pads_exactly(x, rows, columns))
            WRONG(c, "%s pads a value that is not zero outside its map", l->name);
        y = affine_compose(c->a, x, rows, columns, map_of(l->y.dims));
        break;
    }
    case PLAN_LINEAR:
    case PLAN_GLOBAL_AVG_POOL:
        y = affine_compose(c->a, x, whole_y, whole_x, map_of(l->y.dims));
        break;
    case PLAN_SUBSAMPLE:
        y = affine_compose(c->a, x, (struct affine_window){1, w->stride, -(int64_t)w->offset_y, 1},
                           (struct affine_window){1, w->stride, -(int64_t)w->offset_x, 1}, map_of(l->y.dims));
        break;
    case PLAN_SLICE:
        y = affine_compose(c->a, x, (struct affine_window){1, 1, -(int64_t)l->slice.row, 1},
                           (struct affine_window){1, 1, -(int64_t)l->slice.column, 1}, map_of(l->y.dims));
        break;
    case PLAN_PAD: {
        const int64_t top = -(int64_t)l->slice.row, left = -(int64_t)l->slice.column,
                      bottom = (int64_t)l->y.dims.h - l->x[0].dims.h - top, right = (int64_t)l->y.dims.w - l->x[0].dims.w - left;
        if (!affine_pads_exactly(x, (struct affine_window){1, 1, top > bottom ? top : bottom, 1},
                                 (struct affine_window){1, 1, left > right ? left : right, 1}))
            WRONG(c, "%s pads a value that is not zero outside its map", l->name);
        y = affine_compose(c->a, x, (struct affine_window){1, 1, top, 1}, (struct affine_window){1, 1, left, 1}, map_of(l->y.dims));
        break;
    }
    case PLAN_ADD:
    case PLAN_CONCAT:
        for (uint32_t i = 1; i < n; i++) {
            if (!affine_unite(c->a, &y, &x[i]))
                WRONG(c, "%s joins one source at two strides", l->name);
            y.dims.c += l->op == PLAN_CONCAT ? x[i].dims.c : 0;
        }
        break;
    case PLAN_BATCH_NORM:
        break;
    default:
        WRONG(c, "%s is no affine layer", l->name);
    }
    if (l->param[PLAN_BIAS] != PLAN_NONE || l->op == PLAN_BATCH_NORM)
        y.biased = true;
    return y;
}

static struct affine tap_value(struct check *c, const struct plan_layer *l, const struct affine *x, uint32_t row, uint32_t column)
{
    const struct plan_window *w = &l->window;
    if (l->op != PLAN_MAX_POOL || row >= w->kh || column >= w->kw ||
        !affine_pads_exactly(x, (struct affine_window){w->kh, w->stride, w->pad_y, 1}, (struct affine_window){w->kw, w->stride, w->pad_x, 1}))
        WRONG(c, "%s has no tap %" PRIu32 ",%" PRIu32 ", or pads a value that is not zero outside its map", l->name, row, column);
    return affine_compose(c->a, x, (struct affine_window){1, w->stride, (int64_t)w->pad_y - row, 1},
                          (struct affine_window){1, w->stride, (int64_t)w->pad_x - column, 1}, map_of(l->y.dims));
}

static struct affine join_value(struct check *c, const struct affine *x, uint32_t n, bool stack)
{
    struct affine y = x[0];
    for (uint32_t i = 1; i < n; i++) {
        if (!affine_unite(c->a, &y, &x[i]) || x[i].dims.h != y.dims.h || x[i].dims.w != y.dims.w || (!stack && x[i].dims.c != y.dims.c))
            WRONG(c, "a fold call joins values of different shapes, or one source at two strides");
        y.dims.c += stack ? x[i].dims.c : 0;
    }
    return y;
}

static void check_entering(struct check *c, uint32_t point, const struct affine *x)
{
    const struct plan_point *q = &c->p->points[point];
    if ((uint64_t)x->dims.c * x->dims.h * x->dims.w != elements(q->dims) || x->n != q->n_terms) {
        WRONG(c, "what enters point %s has another shape or other sources", q->name);
        return;
    }
    for (uint32_t i = 0; i < x->n; i++) {
        const struct plan_term *t = &c->p->terms[q->first_term + i];
        const struct affine_term *v = &x->terms[i];
        if (t->src != v->src || t->kh != v->y.k || t->kw != v->x.k || t->stride != v->y.stride || t->stride != v->x.stride ||
            t->pad_y != v->y.pad || t->pad_x != v->x.pad)
            WRONG(c, "the fold of point %s does not give its term on %s", q->name, c->p->points[t->src].name);
    }
}

static void check_folds(struct check *c)
{
    const struct plan *p = c->p;
    struct affine *slot = ARENA_ARRAY(c->a, struct affine, p->n_slots);
    uint32_t folded = 0; /* the last point made */
    for (uint32_t i = 0; i < p->n_folds && !c->wrong; i++) {
        const struct plan_fold *f = &p->folds[i];
        struct affine *x = ARENA_ARRAY(c->a, struct affine, f->n_x);
        for (uint32_t k = 0; k < f->n_x; k++) {
            if (f->x[k] >= p->n_slots || slot[f->x[k]].n == 0 || f->x[k] == f->y) {
                WRONG(c, "fold call %" PRIu32 " reads slot %" PRIu32 ", which holds nothing or is written by it", i, f->x[k]);
                return;
            }
            x[k] = slot[f->x[k]];
        }
        if (f->op != PLAN_FOLD_POINT && f->y >= p->n_slots) {
            WRONG(c, "fold call %" PRIu32 " writes no slot", i);
            return;
        }
        switch (f->op) {
        case PLAN_FOLD_SOURCE:
            if (f->point > folded)
                WRONG(c, "fold call %" PRIu32 " reads a point that is not made yet", i);
            else
                slot[f->y] = affine_point(c->a, f->point, map_of(p->points[f->point].dims));
            break;
        case PLAN_FOLD_LAYER:
            slot[f->y] = layer_value(c, &p->layers[f->layer], x, f->n_x);
            break;
        case PLAN_FOLD_FLATTEN:
            slot[f->y] = x[0];
            break;
        case PLAN_FOLD_TAP:
            slot[f->y] = tap_value(c, &p->layers[f->layer], x, f->at[0], f->at[1]);
            break;
        case PLAN_FOLD_CHANNELS:
            if (f->at[1] == 0 || f->at[0] + f->at[1] > x[0].dims.c)
                WRONG(c, "fold call %" PRIu32 " takes channels that are not there", i);
            slot[f->y] = x[0];
            slot[f->y].dims.c = f->at[1];
            break;
        case PLAN_FOLD_SUM:
        case PLAN_FOLD_SUBTRACT:
        case PLAN_FOLD_STACK:
            slot[f->y] = join_value(c, x, f->n_x, f->op == PLAN_FOLD_STACK);
            break;
        case PLAN_FOLD_POINT:
            if (f->point != folded + 1 || i + 1 != p->points[f->point].first_fold + p->points[f->point].n_folds)
                WRONG(c, "point %" PRIu32 " is folded out of order", f->point);
            else
                check_entering(c, f->point, x);
            folded = f->point;
            break;
        }
    }
}

const char *plan_verify(struct arena *a, const struct plan *p)
{
    struct check c = {.a = a, .p = p};
    check_params(&c);
    check_slab(&c, "inference", &p->infer);
    check_slab(&c, "training", &p->train);
    check_slab(&c, "gradient", &p->grad);
    check_clear(&c);
    if (p->is_private)
        check_points(&c);
    else if (p->n_points || p->n_terms || p->n_folds)
        WRONG(&c, "a plan without a private side has points");
    if (p->is_private && !c.wrong)
        check_folds(&c);
    return c.wrong;
}

const char *plan_verify_marks(struct arena *a, const struct plan *p, const struct ir_graph *g)
{
    uint32_t at = 0; /* rescaled points come in the order of the nodes */
    for (ir_id id = 0; p->is_private && id < g->n_nodes; id++) {
        if (!g->nodes[id].rescale)
            continue;
        while (at < p->n_points && p->points[at].kind != PLAN_POINT_RESCALE)
            at++;
        if (at == p->n_points || strcmp(p->points[at++].node, g->nodes[id].name) != 0)
            return arena_printf(a, "%s is marked, and not the next value that is rescaled", g->nodes[id].name);
    }
    for (; at < p->n_points; at++)
        if (p->points[at].kind == PLAN_POINT_RESCALE)
            return arena_printf(a, "%s is rescaled, and not marked", p->points[at].node);
    return NULL;
}
