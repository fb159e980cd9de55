/* Places of ReLUs as minimum cuts.
 *
 * The ReLU of a value is had by a ReLU of it, or, if a clear operator made it, by the ReLUs of that operator's inputs. So ReLUs
 * must stand on every way from a value whose ReLU is wanted, through clear operators, up to an opaque one; and where one stands,
 * it serves all that lies below. That is a set of vertices that cuts the wanted ones from the opaque ones, and the cheapest one,
 * by the elements of each value, is a minimum cut: the best places for all ReLUs at once. Parts that share no clear operator are
 * solved one by one.
 *
 * A maximum whose operands are needed both with and without ReLU is there twice; this costs its comparisons, a toll on passing
 * it. Which ones are so is known only afterwards: then with tolls, again. Dropout is never there twice, since it would choose
 * twice.
 *
 * Of equally cheap places, those as written win; and a part that is not cheaper than it was as written stays. */
#include "compiler/pass/place.h"

#include "compiler/base/vec.h"
#include "compiler/ir/cost.h"
#include "compiler/pass/cut.h"

struct solver {
    struct arena *arena;
    const struct bare_graph *b;
    struct place *at;
    ir_id *
        own; /* per value: the largest old ReLU that makes an old node this value's ReLU, by way of clear operators; or IR_NONE */
    bool *toll;                             /* per value: to have it with and without ReLU costs a second one */
    bool *reached;                          /* per value: a way from a wanted ReLU leads here */
    uint32_t *vertex;                       /* per value: in the cut */
    const ir_id *old;                       /* all old nodes, grouped by part */
    const uint32_t *first_old;              /* per part: its first in old; +1: the end */
    const uint32_t *budgets, *first_budget; /* per old node: the budgets that cover it, as numbers; not those of all nodes */
    int64_t *more;                          /* per budget: what one part adds to it */
    VEC(uint32_t) charged;                  /* budgets whose `more` may not be 0 */
};

int64_t place_elements(const struct bare_graph *b, uint32_t v)
{
    return ir_elements(b->g->nodes[b->at[v].maker].shape);
}

int64_t place_comparisons(const struct bare_graph *b, uint32_t v)
{
    return b->at[v].opaque ? 0 : ir_cost_node(b->g, b->at[v].maker).relu_equivalents;
}

/* Its ReLU costs nothing. */
static bool is_given(const struct bare *v)
{
    return v->free || v->kept != IR_NONE;
}

bool place_is_passed(const struct bare_graph *b, const struct place *at, uint32_t v)
{
    return at[v].relu_used && !at[v].here && !is_given(&b->at[v]);
}

static bool is_passed(const struct solver *s, uint32_t v)
{
    return place_is_passed(s->b, s->at, v);
}

/* --- one part: v[0..n-1], ascending --- */

static uint32_t number_vertices(struct solver *s, const uint32_t *v, uint32_t n)
{
    uint32_t vertices = 0;
    for (uint32_t i = 0; i < n; i++)
        s->reached[v[i]] = s->b->at[v[i]].relu_wanted;
    for (uint32_t i = n; i-- > 0;) {
        const struct bare *bare = &s->b->at[v[i]];
        s->reached[v[i]] &= !is_given(bare);
        if (!s->reached[v[i]])
            continue;
        s->vertex[v[i]] = vertices++;
        for (uint32_t k = 0; k < bare->n_in; k++)
            s->reached[bare->in[k]] = true;
    }
    return vertices;
}

/* Costs are multiplied by this, so that 1 is for each place that is not as written: less than any ReLU, all together. 1: there is
 * no room. */
static int64_t cost_unit(const struct solver *s, const uint32_t *v, uint32_t n, uint32_t vertices)
{
    __int128 all = vertices;
    for (uint32_t i = 0; i < n; i++)
        all += (__int128)(vertices + 1) * (place_elements(s->b, v[i]) + place_comparisons(s->b, v[i]));
    return all < CUT_NEVER ? vertices + 1 : 1;
}

static int64_t toll(const struct solver *s, uint32_t v, int64_t unit)
{
    const int64_t more = place_comparisons(s->b, v);
    return s->b->g->nodes[s->b->at[v].maker].op == IR_DROPOUT || more > CUT_NEVER / unit ? CUT_NEVER : unit * more;
}

static void cut(struct solver *s, const uint32_t *v, uint32_t n)
{
    const uint32_t vertices = number_vertices(s, v, n);
    if (vertices == 0)
        return;
    const int64_t unit = cost_unit(s, v, n, vertices);
    struct cut *c = cut_new(s->arena, vertices);
    for (uint32_t i = 0; i < n; i++) {
        const struct bare *bare = &s->b->at[v[i]];
        const uint32_t x = s->vertex[v[i]];
        if (!s->reached[v[i]])
            continue;
        cut_cost(c, x, unit * place_elements(s->b, v[i]) + (unit > 1 && s->at[v[i]].first_relu == IR_NONE));
        if (bare->relu_wanted)
            cut_source(c, x);
        if (bare->opaque)
            cut_sink(c, x);
        if (s->toll[v[i]])
            cut_toll(c, x, toll(s, v[i], unit));
        for (uint32_t k = 0; k < bare->n_in; k++)
            if (s->reached[bare->in[k]])
                cut_edge(c, x, s->vertex[bare->in[k]]);
    }
    const bool *chosen = cut_solve(c);
    for (uint32_t i = 0; i < n; i++)
        s->at[v[i]].here = s->reached[v[i]] && chosen[s->vertex[v[i]]];
}

/* What is read of each value. */
static void use(struct solver *s, const uint32_t *v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        s->at[v[i]].bare_used = s->b->at[v[i]].wanted;
        s->at[v[i]].relu_used = s->b->at[v[i]].relu_wanted;
    }
    for (uint32_t i = n; i-- > 0;) {
        const struct bare *bare = &s->b->at[v[i]];
        struct place *p = &s->at[v[i]];
        p->bare_used |= p->relu_used && (p->here || bare->free);
        for (uint32_t k = 0; k < bare->n_in; k++) {
            s->at[bare->in[k]].bare_used |= p->bare_used;
            s->at[bare->in[k]].relu_used |= is_passed(s, v[i]);
        }
    }
}

static void solve(struct solver *s, const uint32_t *v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        s->toll[v[i]] =
            !s->b->at[v[i]].opaque && bare_is_single(s->b->g->nodes[s->b->at[v[i]].maker].op) && s->b->at[v[i]].wanted;
    bool again;
    do {
        again = false;
        cut(s, v, n);
        use(s, v, n);
        for (uint32_t i = 0; i < n; i++) {
            const bool twice =
                s->at[v[i]].bare_used && is_passed(s, v[i]) && bare_is_single(s->b->g->nodes[s->b->at[v[i]].maker].op);
            again |= twice && !s->toll[v[i]];
            s->toll[v[i]] |= twice;
        }
    } while (again); /* ends: every turn adds a toll */
}

/* Of two nodes, either of which may be IR_NONE. */
static ir_id larger(const struct ir_graph *g, ir_id m, ir_id n)
{
    if (m == IR_NONE || n == IR_NONE)
        return m == IR_NONE ? n : m;
    const int64_t elements = ir_elements(g->nodes[m].shape), others = ir_elements(g->nodes[n].shape);
    return elements != others ? (elements > others ? m : n) : m < n ? m : n;
}

/* Which old ReLU each place stands for: the first of this very value, or else the largest that made nodes with this value, or
 * else what the values below say, that now read it. */
static void find_origins(struct solver *s, const uint32_t *v, uint32_t n)
{
    for (uint32_t i = n; i-- > 0;) {
        const struct bare *bare = &s->b->at[v[i]];
        struct place *p = &s->at[v[i]];
        if (s->own[v[i]] != IR_NONE)
            p->origin = p->first_relu != IR_NONE ? p->first_relu : s->own[v[i]];
        for (uint32_t k = 0; k < bare->n_in && is_passed(s, v[i]); k++) {
            struct place *in = &s->at[bare->in[k]];
            in->origin = larger(s->b->g, in->origin, p->origin);
            in->prune &= p->prune;
            in->served = in->served + p->served < INT32_MAX ? in->served + p->served : INT32_MAX;
        }
    }
}

static int64_t after(const struct solver *s, const uint32_t *v, uint32_t n)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += s->at[v[i]].here ? place_elements(s->b, v[i]) : 0;
        sum += (s->at[v[i]].bare_used + is_passed(s, v[i])) * place_comparisons(s->b, v[i]);
    }
    return sum;
}

/* --- budgets of parts of the network --- */

static int64_t cost_as_written(const struct bare_graph *b, ir_id old)
{
    const bool ours = bare_is_movable(&b->g->nodes[old]) || !b->at[b->of[old].bare].opaque;
    return ours ? ir_cost_node(b->g, old).relu_equivalents : 0;
}

static void charge(struct solver *s, ir_id old, int64_t relus)
{
    for (uint32_t i = s->first_budget[old]; relus && i < s->first_budget[old + 1]; i++) {
        s->more[s->budgets[i]] += relus;
        vec_push(s->arena, &s->charged, s->budgets[i]);
    }
}

/* A budget that would have to pay more than as written; NULL: none. */
static const struct ir_budget *find_veto(struct solver *s, uint32_t part, const uint32_t *v, uint32_t n)
{
    const struct ir_budget *veto = NULL;
    for (uint32_t i = s->first_old[part]; i < s->first_old[part + 1]; i++)
        charge(s, s->old[i], -cost_as_written(s->b, s->old[i]));
    for (uint32_t i = 0; i < n; i++) {
        const struct place *p = &s->at[v[i]];
        if (p->here)
            charge(s, p->origin, place_elements(s->b, v[i]));
        if (p->bare_used && !s->b->at[v[i]].opaque)
            charge(s, p->bare_like, place_comparisons(s->b, v[i]));
        if (is_passed(s, v[i]))
            charge(s, p->relu_like, place_comparisons(s->b, v[i]));
    }
    for (size_t i = 0; i < s->charged.n; i++) {
        const uint32_t budget = s->charged.at[i];
        if (s->more[budget] > 0)
            veto = &s->b->g->budgets[budget];
        s->more[budget] = 0;
    }
    s->charged.n = 0;
    return veto;
}

/* The budgets that cover each node, as lists one after another. */
static void index_budgets(struct solver *s)
{
    const struct ir_graph *g = s->b->g;
    uint32_t *first = ARENA_ARRAY(s->arena, uint32_t, (size_t)g->n_nodes + 2), *list;
    for (uint32_t i = 0; i < g->n_budgets; i++)
        for (uint32_t k = 0; g->budgets[i].nodes && k < g->budgets[i].n_nodes; k++)
            first[g->budgets[i].nodes[k] + 2]++;
    for (ir_id id = 0; id < g->n_nodes; id++)
        first[id + 2] += first[id + 1];
    list = ARENA_ARRAY(s->arena, uint32_t, first[g->n_nodes + 1]);
    for (uint32_t i = 0; i < g->n_budgets; i++)
        for (uint32_t k = 0; g->budgets[i].nodes && k < g->budgets[i].n_nodes; k++)
            list[first[g->budgets[i].nodes[k] + 1]++] = i;
    s->budgets = list;
    s->first_budget = first;
    s->more = ARENA_ARRAY(s->arena, int64_t, g->n_budgets);
}

/* --- all of them --- */

/* Numbers 0..n-1 grouped by key, which is below `keys`, and in order in each group: group k is from first[k] up to first[k + 1].
 */
static const uint32_t *group(struct arena *a, const uint32_t *key, uint32_t n, uint32_t keys, const uint32_t **first_of)
{
    uint32_t *first = ARENA_ARRAY(a, uint32_t, (size_t)keys + 2), *list = ARENA_ARRAY(a, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        first[key[i] + 2]++;
    for (uint32_t k = 0; k < keys; k++)
        first[k + 2] += first[k + 1];
    for (uint32_t i = 0; i < n; i++)
        list[first[key[i] + 1]++] = i;
    *first_of = first;
    return list;
}

/* What the old graph's nodes say of the values: which ReLUs there are as written, and who wants which. */
static void read_old_nodes(struct solver *s)
{
    const struct bare_graph *b = s->b;
    const struct ir_graph *g = b->g;
    ir_id *origin = ARENA_ARRAY(s->arena, ir_id,
                                g->n_nodes); /* of a node that is the ReLU of its bare form: the largest ReLU that makes it so */
    bool *prune = ARENA_ARRAY(s->arena, bool, g->n_nodes); /* all ReLUs that its bare form leaves out may be pruned */
    s->own = ARENA_ARRAY(s->arena, ir_id, b->n);
    for (uint32_t v = 0; v < b->n; v++) {
        s->own[v] = IR_NONE;
        s->at[v] =
            (struct place){.first_relu = IR_NONE, .origin = IR_NONE, .prune = true, .bare_like = IR_NONE, .relu_like = IR_NONE};
    }
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        const struct bare_value *value = &b->of[id];
        struct place *p = &s->at[value->bare];
        origin[id] = IR_NONE;
        prune[id] = true;
        if (bare_is_movable(n)) {
            origin[id] = id;
            prune[id] = n->prune;
            if (p->first_relu == IR_NONE)
                p->first_relu = id;
        } else if (value->form == BARE_RELU && p->relu_like == IR_NONE) {
            p->relu_like = id;
        } else if (value->form == BARE_AS_IT_IS && p->bare_like == IR_NONE) {
            p->bare_like = id;
        }
        const bool opaque = !bare_is_movable(n) && b->at[value->bare].opaque;
        for (uint32_t i = 0; !opaque && i < n->n_in; i++) {
            const ir_id x = n->in[i];
            prune[id] &= prune[x];
            if (value->form == BARE_RELU)
                origin[id] = larger(g, origin[id], origin[x]);
        }
        if (value->form == BARE_RELU) {
            s->own[value->bare] = larger(g, s->own[value->bare], origin[id]);
            p->served += value->wanted;
            p->prune &= prune[id] || !value->wanted;
        }
    }
    for (uint32_t v = 0; v < b->n; v++) {
        if (s->at[v].bare_like == IR_NONE)
            s->at[v].bare_like = b->at[v].maker;
        if (s->at[v].relu_like == IR_NONE)
            s->at[v].relu_like = b->at[v].maker;
    }
}

struct placement *placement_new(struct arena *a, const struct bare_graph *b)
{
    const struct ir_graph *g = b->g;
    struct placement *p = ARENA_NEW(a, struct placement);
    struct solver s = {.arena = a,
                       .b = b,
                       .at = ARENA_ARRAY(a, struct place, b->n),
                       .toll = ARENA_ARRAY(a, bool, b->n),
                       .reached = ARENA_ARRAY(a, bool, b->n),
                       .vertex = ARENA_ARRAY(a, uint32_t, b->n)};
    *p = (struct placement){b, s.at, ARENA_ARRAY(a, bool, b->n), ARENA_ARRAY(a, const struct ir_budget *, b->n), false};
    read_old_nodes(&s);
    index_budgets(&s);
    uint32_t *part_of_old = ARENA_ARRAY(a, uint32_t, g->n_nodes), *part = ARENA_ARRAY(a, uint32_t, b->n);
    int64_t *before = ARENA_ARRAY(a, int64_t, b->n); /* per part: ReLU-equivalents as written */
    for (ir_id id = 0; id < g->n_nodes; id++) {
        part_of_old[id] = b->at[b->of[id].bare].part;
        before[part_of_old[id]] += cost_as_written(b, id);
    }
    for (uint32_t v = 0; v < b->n; v++)
        part[v] = b->at[v].part;
    const uint32_t *first_value, *value = group(a, part, b->n, b->n, &first_value);
    s.old = group(a, part_of_old, g->n_nodes, b->n, &s.first_old);

    for (uint32_t k = 0; k < b->n; k++) {
        const uint32_t *v = value + first_value[k], n = first_value[k + 1] - first_value[k];
        if (before[k] == 0)
            continue;
        solve(&s, v, n);
        find_origins(&s, v, n);
        if (after(&s, v, n) >= before[k])
            continue;
        p->veto[k] = find_veto(&s, k, v, n);
        p->changed[k] = !p->veto[k];
        p->any |= p->changed[k];
    }
    return p;
}
