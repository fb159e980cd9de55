/* Constant folding: operators that only move elements are composed and undone, as far as shapes say that this gives the same.
 *
 * Requires: a verified graph.
 * Gives:    the same function bit by bit, no more operators, as many ReLU-equivalents. Layers keep their names and weights.
 * Idempotent. Source:   peephole rules over use-def chains, as in any compiler; each rule says why it is exact. A rule looks at
 * one operator and at what made its input. Inputs are folded first, so one sweep is enough. */
#include "compiler/ir/rewrite.h"
#include "compiler/pass/pass.h"

struct fold {
    struct ir_rewrite *r;
    struct ir_node n; /* the operator as it is now: op, attributes, shape of its result */
    const ir_id *in;  /* new nodes */
    uint32_t n_in;
    bool all_read; /* nothing may be left unread */
    ir_id same;    /* found: the operator gives what this new node gives; IR_NONE: not found */
};

static const struct ir_node *made(const struct fold *f, ir_id new)
{
    return ir_rewrite_node(f->r, new);
}

/* What the operator's only input is made by. */
static const struct ir_node *input(const struct fold *f)
{
    return made(f, f->in[0]);
}

/* Each rule: true if it found `same`, or changed n and in. */

static bool give_input(struct fold *f)
{
    f->same = f->in[0];
    return true;
}

/* The operator reads what its input reads; its attributes say already what both did. */
static bool skip_input(struct fold *f)
{
    f->in = input(f)->in;
    return true;
}

static bool has_shape_of(const struct fold *f, const struct ir_node *x)
{
    return ir_shape_equal(f->n.shape, x->shape);
}

/* Elements keep their order, so only the last shape matters. */
static bool fold_reshape(struct fold *f)
{
    const struct ir_node *x = input(f);
    if (has_shape_of(f, x))
        return give_input(f);
    return (x->op == IR_RESHAPE || x->op == IR_FLATTEN) && skip_input(f);
}

/* A part of a concat that lies in one operand is a part of that. */
static bool slice_operand(struct fold *f, const struct ir_node *x)
{
    int64_t first = f->n.slice.channel;
    for (uint32_t i = 0; i < x->n_in; i++) {
        const int64_t channels = made(f, x->in[i])->shape.c;
        if (first < channels) {
            f->in = &x->in[i];
            f->n.slice.channel = first;
            return first + f->n.slice.channels <= channels;
        }
        first -= channels;
    }
    bug("a slice beyond its input");
}

/* A part of a padded map without padding in it is a part of the map. */
static bool slice_inside(struct fold *f, const struct ir_node *x)
{
    const struct ir_shape s = made(f, x->in[0])->shape;
    const int64_t row = f->n.slice.row - x->pad.top, column = f->n.slice.column - x->pad.left;
    if (row < 0 || column < 0 || row + f->n.slice.rows > s.h || column + f->n.slice.columns > s.w)
        return false;
    f->n.slice.row = row;
    f->n.slice.column = column;
    return skip_input(f);
}

static bool fold_slice(struct fold *f)
{
    const struct ir_node *x = input(f);
    struct fold before = *f;
    switch (x->op) {
    case IR_SLICE:
        if (has_shape_of(f, x))
            return give_input(f);
        f->n.slice.channel += x->slice.channel;
        f->n.slice.row += x->slice.row;
        f->n.slice.column += x->slice.column;
        return skip_input(f);
    case IR_CONCAT:
        if (has_shape_of(f, x))
            return give_input(f);
        if (!f->all_read && slice_operand(f, x))
            return true;
        *f = before;
        return false;
    case IR_PAD:
        return has_shape_of(f, x) ? give_input(f) : slice_inside(f, x);
    default:
        return has_shape_of(f, x) && give_input(f); /* everything */
    }
}

/* Zeros around zeros, cuts of what is left by cuts, cuts of zeros; not zeros where something was cut off. */
static bool sides_add(int64_t inner, int64_t outer)
{
    return !(inner < 0 && outer > 0);
}

static int64_t cut_off(int64_t side)
{
    return side < 0 ? -side : 0;
}

static bool fold_pad(struct fold *f)
{
    const struct ir_node *x = input(f);
    struct ir_pad *p = &f->n.pad;
    if (p->top == 0 && p->bottom == 0 && p->left == 0 && p->right == 0)
        return give_input(f);
    if (x->op != IR_PAD || !sides_add(x->pad.top, p->top) || !sides_add(x->pad.bottom, p->bottom) ||
        !sides_add(x->pad.left, p->left) || !sides_add(x->pad.right, p->right))
        return false;
    const struct ir_shape s = made(f, x->in[0])->shape;
    const struct ir_pad both = {p->top + x->pad.top, p->bottom + x->pad.bottom, p->left + x->pad.left, p->right + x->pad.right};
    if (cut_off(both.top) + cut_off(both.bottom) >= s.h || cut_off(both.left) + cut_off(both.right) >= s.w)
        return false; /* zeros of one side would be cut off by the other */
    *p = both;
    return skip_input(f);
}

/* y[i] = x[i * stride + offset]: of an upsampling by as much, what it repeats; of another, every product of strides. */
static bool fold_subsample(struct fold *f)
{
    const struct ir_node *x = input(f);
    struct ir_subsample *p = &f->n.subsample;
    if (has_shape_of(f, x))
        return give_input(f);
    if (x->op == IR_UPSAMPLE && p->stride == x->upsample.factor && p->offset_y < p->stride && p->offset_x < p->stride) {
        f->same = x->in[0];
        return true;
    }
    if (x->op != IR_SUBSAMPLE || p->stride * x->subsample.stride > IR_MAX_ELEMENTS)
        return false;
    p->offset_y = p->offset_y * x->subsample.stride + x->subsample.offset_y;
    p->offset_x = p->offset_x * x->subsample.stride + x->subsample.offset_x;
    p->stride *= x->subsample.stride;
    return skip_input(f);
}

static bool fold_upsample(struct fold *f)
{
    const struct ir_node *x = input(f);
    if (f->n.upsample.factor == 1)
        return give_input(f);
    if (x->op != IR_UPSAMPLE)
        return false;
    f->n.upsample.factor *= x->upsample.factor;
    return skip_input(f);
}

/* The mean, or the largest, of one element; there is no padding then. */
static bool fold_pool(struct fold *f, const struct ir_pool *p)
{
    const int64_t stride = p->stride;
    if (p->kernel != 1)
        return false;
    f->n.op = IR_SUBSAMPLE;
    f->n.subsample = (struct ir_subsample){.stride = stride};
    return true;
}

static bool fold_global_pool(struct fold *f)
{
    const struct ir_shape s = input(f)->shape;
    if (s.h != 1 || s.w != 1)
        return false;
    f->n.op = IR_FLATTEN;
    return true;
}

/* Neighbouring parts of one map, in order, are one part of it. */
static bool fold_concat(struct fold *f)
{
    const struct ir_node *x = input(f);
    if (f->n_in == 1)
        return give_input(f);
    if (x->op != IR_SLICE)
        return false;
    struct ir_slice all = x->slice;
    for (uint32_t i = 1; i < f->n_in; i++) {
        const struct ir_node *y = made(f, f->in[i]);
        const struct ir_slice *s = &y->slice;
        if (y->op != IR_SLICE || y->in[0] != x->in[0] || s->channel != all.channel + all.channels || s->row != all.row ||
            s->rows != all.rows || s->column != all.column || s->columns != all.columns)
            return false;
        all.channels += s->channels;
    }
    f->n.op = IR_SLICE;
    f->n.slice = all;
    f->n_in = 1;
    return skip_input(f);
}

static bool fold_once(struct fold *f)
{
    switch (f->n.op) {
    case IR_RESHAPE:
    case IR_FLATTEN:
        return fold_reshape(f);
    case IR_SLICE:
        return fold_slice(f);
    case IR_PAD:
        return fold_pad(f);
    case IR_SUBSAMPLE:
        return fold_subsample(f);
    case IR_UPSAMPLE:
        return fold_upsample(f);
    case IR_AVG_POOL:
        return fold_pool(f, &f->n.avg_pool);
    case IR_MAX_POOL:
        return fold_pool(f, &f->n.max_pool);
    case IR_GLOBAL_AVG_POOL:
    case IR_GLOBAL_MAX_POOL:
        return fold_global_pool(f);
    case IR_CONCAT:
        return fold_concat(f);
    case IR_DROPOUT: /* programs hold the rate as a float */
        return (float)f->n.dropout.rate == 0 && give_input(f);
    default:
        return false;
    }
}

static void fold(struct pass_context *c, struct ir_rewrite *r, const struct ir_graph *g, ir_id id, bool all_read)
{
    const struct ir_node *n = &g->nodes[id];
    ir_id *in = ARENA_ARRAY(c->arena, ir_id, n->n_in);
    struct fold f = {.r = r, .n = *n, .in = in, .n_in = n->n_in, .all_read = all_read, .same = IR_NONE};
    bool changed = false;
    for (uint32_t i = 0; i < n->n_in; i++)
        in[i] = ir_rewrite_of(r, n->in[i]);
    while (f.same == IR_NONE && fold_once(&f))
        changed = true;
    if (!changed) {
        ir_rewrite_copy(r, id);
    } else if (f.same != IR_NONE) {
        ir_rewrite_replace(r, id, f.same);
        remark(c->remarks, REMARK_PASSED, &n->site, 0, "%s `%s` is `%s`", ir_op_name(n->op), n->name, made(&f, f.same)->name);
    } else {
        remark(c->remarks, REMARK_PASSED, &n->site, 0, "%s `%s` is %s %s of `%s`", ir_op_name(n->op), n->name,
               f.n.op == IR_UPSAMPLE ? "an" : "a", ir_op_name(f.n.op), input(&f)->name);
        ir_rewrite_replace(r, id, ir_rewrite_make(r, &f.n, f.in, f.n_in, id));
    }
}

static const struct ir_graph *fold_all(struct pass_context *c, const struct ir_graph *g, bool all_read)
{
    const size_t said = c->remarks->list.n;
    struct ir_rewrite *r = ir_rewrite_new(c->arena, g);
    for (ir_id id = 0; id < g->n_nodes; id++)
        fold(c, r, g, id, all_read);
    return c->remarks->list.n > said ? ir_rewrite_finish(r) : g;
}

static uint32_t count_kept(const struct ir_graph *g)
{
    uint32_t kept = 0;
    for (ir_id id = 0; id < g->n_nodes; id++)
        kept += g->nodes[id].keep;
    return kept;
}

const struct ir_graph *pass_constant_fold(struct pass_context *c, const struct ir_graph *g)
{
    const size_t said = c->remarks->list.n;
    const struct ir_graph *h = fold_all(c, g, false);
    if (count_kept(h) == count_kept(g))
        return h;
    c->remarks->list.n = said; /* what a slice of a concat does not read may be all that needs a ReLU marked @keep */
    return fold_all(c, g, true);
}
