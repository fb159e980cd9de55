/* ReLU shuffling: a value gets one ReLU, however often it is asked for, and gets it where the fewest numbers are.
 *
 * Requires: a verified graph.
 * Gives:    the same function bit by bit (0 and -0 are one number), and never more ReLU-equivalents, in all and in any budget.
 * What would not get cheaper stays as written. ReLUs marked @keep stay as they are. Idempotent. Source:   CryptoNAS (Ghodsi et
 * al., NeurIPS 2020), ReLU shuffling. Its rules, that the ReLU of a concat is the concat of ReLUs and that equal ReLUs are one,
 * are here among others: bare.h says which and why. Differs:  the paper moves ReLUs by hand, to where a skip begins. Here the
 * places are the cheapest there are (place.c). Budgets:  a ReLU that several became counts where the first of them stood at its
 * place, or else where the largest of them stood. */
#include "compiler/ir/rewrite.h"
#include "compiler/pass/pass.h"
#include "compiler/pass/shuffle.h"

struct build {
    struct arena *arena;
    const struct placement *p;
    const struct bare_graph *b;
    struct ir_rewrite *r;
    ir_id *bare, *relu; /* per bare value: the new nodes that are it and its ReLU, or IR_NONE */
};

static bool is_changed(const struct build *w, uint32_t v)
{
    return w->p->changed[w->b->at[v].part];
}

/* The operator of a bare value on new inputs. */
static ir_id make(struct build *w, uint32_t v, ir_id like, const ir_id *of)
{
    const struct bare *bare = &w->b->at[v];
    ir_id *in = ARENA_ARRAY(w->arena, ir_id, bare->n_in);
    for (uint32_t i = 0; i < bare->n_in; i++)
        in[i] = of[bare->in[i]];
    return ir_rewrite_make(w->r, &w->b->g->nodes[like], in, bare->n_in, like);
}

/* A clear operator whose operands have ReLUs: of those that are never negative, the ReLUs are they themselves. */
static ir_id make_relu(struct build *w, uint32_t v)
{
    const struct bare *bare = &w->b->at[v];
    const struct place *p = &w->p->at[v];
    if (bare->free)
        return w->bare[v];
    if (bare->kept != IR_NONE) {
        const struct ir_node *kept = &w->b->g->nodes[bare->kept];
        const bool as_it_is = w->b->of[kept->in[0]].form == BARE_AS_IT_IS;
        const ir_id x = as_it_is ? w->bare[v] : ir_rewrite_copy(w->r, kept->in[0]); /* a mixture, and the maker of v */
        ir_rewrite_replace(w->r, bare->kept, ir_rewrite_make(w->r, kept, &x, 1, bare->kept));
        return ir_rewrite_of(w->r, bare->kept);
    }
    if (!p->here)
        return make(w, v, p->relu_like, w->relu);
    struct ir_node like = w->b->g->nodes[p->origin];
    like.prune = p->prune;
    return ir_rewrite_make(w->r, &like, &w->bare[v], 1, p->origin);
}

/* The new nodes of the bare value that this old node was the first to make. */
static void make_value(struct build *w, ir_id id)
{
    const uint32_t v = w->b->of[id].bare;
    const struct bare *bare = &w->b->at[v];
    if (bare->maker != id)
        return;
    if (bare->opaque) {
        if (ir_rewrite_of(w->r, id) == IR_NONE)
            ir_rewrite_copy(w->r, id);
        w->bare[v] = ir_rewrite_of(w->r, id);
    }
    if (!is_changed(w, v)) {
        w->relu[v] = bare->free ? w->bare[v] : IR_NONE;
        return;
    }
    if (!bare->opaque && w->p->at[v].bare_used)
        w->bare[v] = make(w, v, w->p->at[v].bare_like, w->bare);
    if (w->p->at[v].relu_used || (bare->free && bare->opaque))
        w->relu[v] = make_relu(w, v);
}

/* What users of the old node read: its bare form, the ReLU of it, or, as it was, a mixture. */
static void decide(struct build *w, ir_id id)
{
    const struct bare_value *value = &w->b->of[id];
    const ir_id made = value->form == BARE_RELU ? w->relu[value->bare] : w->bare[value->bare];
    if (ir_rewrite_of(w->r, id) != IR_NONE)
        return;
    if (!is_changed(w, value->bare) || (value->wanted && value->form == BARE_MIXED))
        ir_rewrite_copy(w->r, id);
    else if (value->form != BARE_MIXED && made != IR_NONE)
        ir_rewrite_replace(w->r, id, made);
    else if (value->wanted)
        bug("a value that is read has not been made");
}

static const struct ir_graph *rebuild(struct arena *a, const struct placement *p)
{
    const struct ir_graph *g = p->b->g;
    struct build w = {.arena = a, .p = p, .b = p->b, .r = ir_rewrite_new(a, g)};
    w.bare = ARENA_ARRAY(a, ir_id, p->b->n);
    w.relu = ARENA_ARRAY(a, ir_id, p->b->n);
    for (uint32_t v = 0; v < p->b->n; v++)
        w.bare[v] = w.relu[v] = IR_NONE;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        make_value(&w, id);
        decide(&w, id);
    }
    return ir_rewrite_finish(w.r);
}

/* Until nothing gets cheaper: a value that was a mixture may be its bare form once a ReLU has become one that is marked @keep. */
const struct ir_graph *pass_shuffle(struct pass_context *c, const struct ir_graph *g)
{
    struct ir_cost all;
    if (!ir_cost_total(g, &all)) /* it is refused later: the ReLUs are too many to be counted */
        return g;
    for (;;) {
        const struct placement *p = placement_new(c->arena, bare_graph_new(c->arena, g));
        if (!p->any) {
            shuffle_explain_rest(c->remarks, p);
            return g;
        }
        shuffle_explain(c->remarks, p);
        g = rebuild(c->arena, p);
    }
}
