/* The calls that compose each point's terms at run time, and the slots that hold values in between.
 * Point by point: everything that flows into the point and was not composed for an earlier one, operands first. A slot is free
 * again after the last call that reads it; a call never writes a slot that it reads. */
#include "compiler/lower/lower.h"

struct folds {
    struct lower *l;
    VEC(struct plan_fold) calls;
    uint32_t *uses; /* per node (a root of `fold`): reads of its value that are still to come */
    uint32_t *slot; /* per node: where its value (of a point: the point as a source) is; PLAN_NONE: not there */
    uint32_t *rest; /* per max_pool: the slot of what is added to its last point */
    VEC(bool) busy; /* per slot */
    uint32_t first; /* of the calls that no point has yet: they are the next one's */
};

static bool is_activation(const struct ir_node *n)
{
    return n->op == IR_INPUT || n->op == IR_RELU;
}

static uint32_t take(struct folds *f)
{
    for (uint32_t i = 0; i < f->busy.n; i++)
        if (!f->busy.at[i]) {
            f->busy.at[i] = true;
            return i;
        }
    vec_push(f->l->a, &f->busy, true);
    return (uint32_t)f->busy.n - 1;
}

/* One read of this node's value. */
static void release(struct folds *f, ir_id root)
{
    if (f->uses[root] == 0)
        bug("more reads of a value than were counted");
    if (--f->uses[root] == 0)
        f->busy.at[f->slot[root]] = false;
}

static void call(struct folds *f, struct plan_fold fold)
{
    vec_push(f->l->a, &f->calls, fold);
}

static uint32_t value(struct folds *f, ir_id id);

/* A call with these operands that writes a free slot. */
static uint32_t step(struct folds *f, enum plan_fold_op op, uint32_t layer, const uint32_t *x, uint32_t n_x, uint32_t at0, uint32_t at1)
{
    uint32_t *copy = ARENA_ARRAY(f->l->a, uint32_t, n_x);
    for (uint32_t i = 0; i < n_x; i++)
        copy[i] = x[i];
    const uint32_t y = take(f);
    call(f, (struct plan_fold){.op = op, .point = PLAN_NONE, .layer = layer, .at = {at0, at1}, .y = y, .n_x = n_x, .x = copy});
    return y;
}

static uint32_t source(struct folds *f, uint32_t point)
{
    const uint32_t y = take(f);
    call(f, (struct plan_fold){.op = PLAN_FOLD_SOURCE, .point = point, .layer = PLAN_NONE, .y = y});
    return y;
}

static uint32_t pool_taps(const struct folds *f, ir_id id)
{
    const struct plan_window *w = &f->l->layers[f->l->v[id].layer].window;
    return w->kh * w->kw;
}

static bool is_pool(const struct ir_node *n)
{
    return n->op == IR_MAX_POOL || n->op == IR_GLOBAL_MAX_POOL;
}

/* What is left of a max_pool when its points are made: the sum of its last point and what that was compared with. */
static uint32_t pool_result(struct folds *f, ir_id id)
{
    uint32_t last = f->l->v[id].pool_point;
    for (uint32_t left = pool_taps(f, id); left > 2; left = (left + 1) / 2)
        last++;
    if (pool_taps(f, id) == 1)
        return f->rest[id];
    const uint32_t r = source(f, last), y = step(f, PLAN_FOLD_SUM, PLAN_NONE, (const uint32_t[]){f->rest[id], r}, 2, 0, 0);
    f->busy.at[r] = f->busy.at[f->rest[id]] = false;
    return y;
}

/* The affine value of node `id` from its operands. */
static uint32_t computed(struct folds *f, ir_id id)
{
    const struct ir_node *n = &f->l->g->nodes[id];
    if (is_pool(n))
        return pool_result(f, id);
    uint32_t *x = ARENA_ARRAY(f->l->a, uint32_t, n->n_in);
    for (uint32_t i = 0; i < n->n_in; i++)
        x[i] = value(f, n->in[i]);
    const uint32_t y = take(f);
    call(f, (struct plan_fold){.op = n->op == IR_FLATTEN || n->op == IR_RESHAPE ? PLAN_FOLD_FLATTEN : PLAN_FOLD_LAYER,
                               .point = PLAN_NONE,
                               .layer = f->l->v[id].layer,
                               .y = y,
                               .n_x = n->n_in,
                               .x = x});
    for (uint32_t i = 0; i < n->n_in; i++)
        release(f, f->l->v[n->in[i]].fold);
    return y;
}

/* The slot of this value, for one read. */
static uint32_t value(struct folds *f, ir_id id)
{
    const ir_id root = f->l->v[id].fold;
    if (f->slot[root] != PLAN_NONE)
        return f->slot[root];
    const uint32_t point = f->l->v[root].point;
    if (point == PLAN_NONE) {
        f->slot[root] = computed(f, root);
    } else {
        f->slot[root] = take(f);
        call(f, (struct plan_fold){.op = PLAN_FOLD_SOURCE, .point = point, .layer = PLAN_NONE, .y = f->slot[root]});
    }
    return f->slot[root];
}

static void point_call(struct folds *f, uint32_t point, uint32_t slot)
{
    uint32_t *x = ARENA_NEW(f->l->a, uint32_t);
    *x = slot;
    call(f, (struct plan_fold){.op = PLAN_FOLD_POINT, .point = point, .layer = PLAN_NONE, .y = PLAN_NONE, .n_x = 1, .x = x});
    f->l->points[point].first_fold = f->first;
    f->l->points[point].n_folds = (uint32_t)f->calls.n - f->first;
    f->first = (uint32_t)f->calls.n;
}

static void count_uses(struct folds *f)
{
    const struct lower *l = f->l;
    for (ir_id id = 0; id < l->g->n_nodes; id++) {
        const struct ir_node *n = &l->g->nodes[id];
        for (uint32_t i = 0; l->v[id].fold == id && i < n->n_in; i++)
            f->uses[l->v[n->in[i]].fold]++;
    }
    f->uses[l->v[l->output].fold]++;
}

/* The points of a max_pool, in the order of segment.c; none for a window of one element. */
static void pool_points(struct folds *f, ir_id id)
{
    const struct ir_node *n = &f->l->g->nodes[id];
    const uint32_t layer = f->l->v[id].layer, taps = pool_taps(f, id), width = f->l->layers[layer].window.kw, c = (uint32_t)n->shape.c;
    uint32_t point = f->l->v[id].pool_point, x = value(f, n->in[0]);
    uint32_t *m = ARENA_ARRAY(f->l->a, uint32_t, taps), *d = ARENA_ARRAY(f->l->a, uint32_t, taps);
    for (uint32_t t = 0; t < taps; t++)
        m[t] = step(f, PLAN_FOLD_TAP, layer, &x, 1, t / width, t % width);
    release(f, f->l->v[n->in[0]].fold);
    for (uint32_t left = taps; left > 1; left = (left + 1) / 2, point++) {
        const uint32_t pairs = left / 2;
        for (uint32_t i = 0; i < pairs; i++) {
            d[i] = step(f, PLAN_FOLD_SUBTRACT, PLAN_NONE, &m[2 * i], 2, 0, 0);
            f->busy.at[m[2 * i]] = false;
        }
        const uint32_t all = pairs == 1 ? d[0] : step(f, PLAN_FOLD_STACK, PLAN_NONE, d, pairs, 0, 0);
        point_call(f, point, all);
        for (uint32_t i = 0; i < pairs; i++)
            f->busy.at[d[i]] = false;
        f->busy.at[all] = false;
        if (left == 2) {
            m[0] = m[1];
            break;
        }
        const uint32_t r = source(f, point);
        for (uint32_t i = 0; i < pairs; i++) {
            const uint32_t two[] = {m[2 * i + 1], step(f, PLAN_FOLD_CHANNELS, PLAN_NONE, &r, 1, i * c, c)};
            m[i] = step(f, PLAN_FOLD_SUM, PLAN_NONE, two, 2, 0, 0);
            f->busy.at[two[0]] = f->busy.at[two[1]] = false;
        }
        f->busy.at[r] = false;
        if (left % 2)
            m[pairs] = m[left - 1];
    }
    f->rest[id] = m[0];
}

void lower_folds(struct lower *l)
{
    struct folds f = {
        .l = l, .uses = ARENA_ARRAY(l->a, uint32_t, l->g->n_nodes), .slot = ARENA_ARRAY(l->a, uint32_t, l->g->n_nodes),
        .rest = ARENA_ARRAY(l->a, uint32_t, l->g->n_nodes)};
    for (ir_id id = 0; id < l->g->n_nodes; id++)
        f.slot[id] = PLAN_NONE;
    count_uses(&f);
    for (ir_id id = 0; id < l->g->n_nodes; id++) { /* points were made in this order */
        const struct ir_node *n = &l->g->nodes[id];
        if (l->v[id].fold == id && is_pool(n))
            pool_points(&f, id);
        const uint32_t point = l->v[id].point;
        if (l->v[id].fold != id || point == PLAN_NONE || n->op == IR_INPUT)
            continue;
        if (is_activation(n)) {
            point_call(&f, point, value(&f, n->in[0]));
            release(&f, l->v[n->in[0]].fold);
        } else {
            const uint32_t slot = computed(&f, id);
            point_call(&f, point, slot);
            f.busy.at[slot] = false;
        }
    }
    point_call(&f, l->p->n_points - 1, value(&f, l->output));
    release(&f, l->v[l->output].fold);
    l->p->folds = f.calls.at;
    l->p->n_folds = (uint32_t)f.calls.n;
    l->p->n_slots = (uint32_t)f.busy.n;
}
