/* One remark for each ReLU that goes or moves, with what that saves, so that they add up to what the pass saves; and for ReLUs
 * that stay where a reader might expect otherwise, why. */
#include "compiler/base/table.h"
#include "compiler/ir/cost.h"
#include "compiler/pass/shuffle.h"

struct story {
    struct remarks *r;
    const struct placement *p;
    const struct bare_graph *b;
    const struct ir_graph *g;
    int64_t *charged; /* per old node: the ReLUs that stand for it now */
    ir_id *below;     /* per old ReLU: a clear operator behind which it is evaluated now, or IR_NONE */
    int64_t *served;  /* per value: the most values that one of the ReLUs is for, of which its ReLU is made */
};

static const char *number(const struct story *s, int64_t n)
{
    return table_number(s->r->arena, n);
}

/* " at net.cnas:3:5", or "" */
static const char *place_of(const struct story *s, ir_id id)
{
    const struct site *at = &s->g->nodes[id].site;
    return at->file ? arena_printf(s->r->arena, " at %s:%d:%d", at->file, at->line, at->column) : "";
}

static const char *saving(const struct story *s, int64_t saved)
{
    return saved > 0   ? arena_printf(s->r->arena, ": %s ReLUs saved", number(s, saved))
           : saved < 0 ? arena_printf(s->r->arena, ": %s ReLUs more for this one, fewer for others", number(s, -saved))
                       : "";
}

/* A ReLU in a part that changes. */
static void explain_change(const struct story *s, ir_id id)
{
    const struct ir_node *n = &s->g->nodes[id];
    const struct bare_value *value = &s->b->of[id];
    const struct bare *bare = &s->b->at[value->bare];
    const struct place *p = &s->p->at[value->bare];
    const int64_t relus = ir_elements(n->shape), saved = relus - s->charged[id];
    if (p->here && p->origin == id && saved == 0)
        return;
    if (p->here && p->origin == id) {
        remark(s->r, REMARK_PASSED, &n->site, saved, "ReLU `%s` is evaluated at two places, which saves a maximum%s", n->name,
               saving(s, saved));
    } else if (value->form == BARE_AS_IT_IS) {
        remark(s->r, REMARK_PASSED, &n->site, saved, "dropped ReLU `%s`, since its input is never negative%s", n->name,
               saving(s, saved));
    } else if (p->here || p->first_relu != id || (p->relu_used && bare->kept != IR_NONE)) {
        const ir_id other = p->here ? p->origin : p->first_relu != id ? p->first_relu : bare->kept;
        remark(s->r, REMARK_PASSED, &n->site, saved, "ReLU `%s` is `%s`, which is evaluated once for both%s", n->name,
               s->g->nodes[other].name, saving(s, saved));
    } else if (p->relu_used) {
        const int64_t served = s->served[value->bare];
        remark(s->r, REMARK_PASSED, &n->site, saved, "moved ReLU `%s` above %s%s%s%s", n->name,
               ir_op_name(s->g->nodes[bare->maker].op), place_of(s, bare->maker), saving(s, saved),
               served > 1 ? arena_printf(s->r->arena, ", now evaluated once for %s readers", number(s, served)) : "");
    } else {
        const ir_id below = s->below[id];
        remark(s->r, REMARK_PASSED, &n->site, saved, "%s ReLU `%s`%s%s%s%s", below != IR_NONE ? "moved" : "dropped", n->name,
               below != IR_NONE ? " below " : ", since its readers have their own",
               below != IR_NONE ? ir_op_name(s->g->nodes[below].op) : "", below != IR_NONE ? place_of(s, below) : "",
               saving(s, saved));
    }
}

/* Maxima that are computed once where there were two. */
static void explain_maxima(const struct story *s, ir_id id)
{
    const struct ir_node *n = &s->g->nodes[id];
    const struct bare_value *value = &s->b->of[id];
    const struct bare *bare = &s->b->at[value->bare];
    const struct place *p = &s->p->at[value->bare];
    if ((n->op != IR_MAX_POOL && n->op != IR_GLOBAL_MAX_POOL) || bare->opaque || (p->bare_used && p->bare_like == id))
        return;
    if (place_is_passed(s->b, s->p->at, value->bare) && p->relu_like == id)
        return;
    const int64_t saved = ir_cost_node(s->g, id).relu_equivalents;
    remark(s->r, REMARK_PASSED, &n->site, saved, "%s `%s` is computed once for `%s` too: %s comparisons saved", ir_op_name(n->op),
           s->g->nodes[p->bare_used ? p->bare_like : p->relu_like].name, n->name, number(s, saved));
}

void shuffle_explain(struct remarks *r, const struct placement *p)
{
    const struct bare_graph *b = p->b;
    const struct ir_graph *g = b->g;
    struct story s = {r,
                      p,
                      b,
                      g,
                      ARENA_ARRAY(r->arena, int64_t, g->n_nodes),
                      ARENA_ARRAY(r->arena, ir_id, g->n_nodes),
                      ARENA_ARRAY(r->arena, int64_t, b->n)};
    for (ir_id id = 0; id < g->n_nodes; id++)
        s.below[id] = IR_NONE;
    for (uint32_t v = 0; v < b->n; v++) {
        if (!p->changed[b->at[v].part])
            continue;
        s.served[v] = p->at[v].here ? p->at[v].served : 0;
        for (uint32_t i = 0; !p->at[v].here && i < b->at[v].n_in; i++)
            if (s.served[b->at[v].in[i]] > s.served[v])
                s.served[v] = s.served[b->at[v].in[i]];
        if (p->at[v].here) {
            s.charged[p->at[v].origin] += place_elements(b, v);
            s.below[p->at[v].origin] = b->at[v].maker;
        }
        if (place_is_passed(b, p->at, v) && p->at[v].bare_used && p->at[v].bare_like == p->at[v].relu_like) /* a second one */
            s.charged[p->at[v].origin] += place_comparisons(b, v);
    }
    for (ir_id id = 0; id < g->n_nodes; id++) {
        if (!p->changed[b->at[b->of[id].bare].part])
            continue;
        if (bare_is_movable(&g->nodes[id]))
            explain_change(&s, id);
        else
            explain_maxima(&s, id);
    }
}

/* A ReLU, or a mark, that stays as written. */
static void explain_rest(const struct story *s, ir_id id)
{
    const struct ir_node *n = &s->g->nodes[id], *x = &s->g->nodes[n->in[0]];
    const struct bare *bare = &s->b->at[s->b->of[n->in[0]].bare];
    const struct ir_budget *veto = s->p->veto[bare->part];
    if (n->keep) {
        if (bare_is_clear(x) || x->op == IR_RELU || bare->free)
            remark(s->r, REMARK_MISSED, &n->site, 0, "ReLU `%s` stays: it is marked @keep", n->name);
    } else if (veto) {
        remark(s->r, REMARK_MISSED, &n->site, 0,
               "ReLU `%s` stays: shared with others, it would count in %s, which has a budget of its own", n->name, veto->scope);
    } else if (bare_is_clear(x) && ir_elements(x->shape) >= ir_elements(s->g->nodes[x->in[0]].shape)) {
        remark(s->r, REMARK_MISSED, &n->site, 0, "ReLU `%s` not moved above %s%s: that would save none", n->name,
               ir_op_name(x->op), place_of(s, n->in[0]));
    } else if (x->op == IR_ADD || x->op == IR_AVG_POOL || x->op == IR_GLOBAL_AVG_POOL) {
        remark(s->r, REMARK_MISSED, &n->site, 0, "ReLU `%s` not moved above %s%s: the ReLU of a sum is not the sum of ReLUs",
               n->name, ir_op_name(x->op), place_of(s, n->in[0]));
    }
}

void shuffle_explain_rest(struct remarks *r, const struct placement *p)
{
    const struct story s = {.r = r, .p = p, .b = p->b, .g = p->b->g};
    for (ir_id id = 0; id < s.g->n_nodes; id++)
        if (s.g->nodes[id].op == IR_RELU)
            explain_rest(&s, id);
}
