/* The argument skips of relu-prune: what a skip carries stays linear (prune_join.c says what a skip is). An operand of a join that is a skip
 * is read without its ReLUs, and a joining concat without any, below it or above: the step from (c) to (d) in figure 2 of CryptoNAS.
 *
 * Only where ReLU-equivalents are saved. A ReLU is saved when nothing reads it any more, so several joins may have to agree: a choice (all of a
 * joining concat, or one operand of another join) pays if some ReLU of it is saved when all choices are made. Those that do not pay are given
 * up; since they save nothing, the others still pay. */
#include "compiler/base/table.h"
#include "compiler/base/vec.h"
#include "compiler/ir/rewrite.h"
#include "compiler/pass/prune.h"

enum { EVERY_OPERAND = UINT32_MAX };

struct choice {
    uint32_t join, operand; /* EVERY_OPERAND: of a joining concat, with the ReLUs over it */
    uint32_t saved;         /* ReLUs of it that nothing reads any more */
    bool given_up;
};

struct member { /* of a ReLU: it belongs to this choice; next: the ReLU's next member + 1, or 0 */
    uint32_t choice, next;
};

struct chooser {
    struct pass_context *c;
    const struct ir_graph *g;
    struct prune_joins joins;
    VEC(struct choice) choices;
    VEC(struct member) members;
    uint32_t *first;       /* of each ReLU, its first member + 1, or 0 */
    uint32_t *readers;     /* of each node, if the choices that are not given up are made */
    ir_id *join_of;        /* of each node, its place in joins, or IR_NONE */
    ir_id *unrectified;    /* of each node below a join, the new value without its ReLUs, or IR_NONE */
};

static bool in_chain(const struct ir_node *n)
{
    return n->op == IR_RELU || prune_looks_through(n->op);
}

static const struct ir_node *join_node(const struct chooser *s, const struct choice *ch)
{
    return &s->g->nodes[s->joins.at[ch->join].id];
}

static bool has_operand(const struct chooser *s, const struct choice *ch, uint32_t k)
{
    return s->joins.at[ch->join].linear[k] && (ch->operand == EVERY_OPERAND || ch->operand == k);
}

/* --- what pays --- */

/* What nothing reads any more reads nothing itself. */
static void leave(struct chooser *s, ir_id id)
{
    while (--s->readers[id] == 0 && in_chain(&s->g->nodes[id])) {
        for (uint32_t m = s->first[id]; m; m = s->members.at[m - 1].next)
            s->choices.at[s->members.at[m - 1].choice].saved++;
        id = s->g->nodes[id].in[0];
    }
}

static void come_back(struct chooser *s, ir_id id)
{
    while (s->readers[id]++ == 0 && in_chain(&s->g->nodes[id]))
        id = s->g->nodes[id].in[0];
}

static void add_choice(struct chooser *s, uint32_t join, uint32_t operand)
{
    const struct prune_join *j = &s->joins.at[join];
    struct choice ch = {.join = join, .operand = operand};
    const struct ir_node *n = join_node(s, &ch);
    for (uint32_t k = 0; k < n->n_in; k++)
        for (ir_id id = n->in[k]; has_operand(s, &ch, k) && id != j->base[k]; id = s->g->nodes[id].in[0])
            if (s->g->nodes[id].op == IR_RELU) {
                vec_push(s->c->arena, &s->members, ((struct member){(uint32_t)s->choices.n, s->first[id]}));
                s->first[id] = (uint32_t)s->members.n;
            }
    if (operand == EVERY_OPERAND)
        for (ir_id id = s->g->nodes[j->conv].in[0]; id != j->id; id = s->g->nodes[id].in[0])
            ch.saved += s->g->nodes[id].op == IR_RELU;
    vec_push(s->c->arena, &s->choices, ch);
}

static void choose(struct chooser *s)
{
    for (uint32_t i = 0; i < s->joins.n; i++) {
        const struct prune_join *j = &s->joins.at[i];
        for (uint32_t k = 0; k < s->g->nodes[j->id].n_in && j->conv == IR_NONE; k++)
            if (j->linear[k])
                add_choice(s, i, k);
        if (j->conv != IR_NONE)
            add_choice(s, i, EVERY_OPERAND);
    }
    for (uint32_t i = 0; i < s->choices.n; i++)
        for (uint32_t k = 0; k < join_node(s, &s->choices.at[i])->n_in; k++)
            if (has_operand(s, &s->choices.at[i], k))
                leave(s, join_node(s, &s->choices.at[i])->in[k]);
    for (uint32_t i = 0; i < s->choices.n; i++) {
        struct choice *ch = &s->choices.at[i];
        ch->given_up = ch->saved == 0;
        for (uint32_t k = 0; k < join_node(s, ch)->n_in && ch->given_up; k++)
            if (has_operand(s, ch, k))
                come_back(s, join_node(s, ch)->in[k]);
    }
}

static struct chooser chooser_new(struct pass_context *c, const struct ir_graph *g)
{
    struct chooser s = {.c = c, .g = g, .joins = prune_joins_of(c->arena, g)};
    s.first = ARENA_ARRAY(c->arena, uint32_t, g->n_nodes);
    s.readers = ARENA_ARRAY(c->arena, uint32_t, g->n_nodes);
    s.join_of = ARENA_ARRAY(c->arena, ir_id, g->n_nodes);
    s.unrectified = ARENA_ARRAY(c->arena, ir_id, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        s.first[id] = s.readers[id] = 0;
        s.join_of[id] = s.unrectified[id] = IR_NONE;
        for (uint32_t k = 0; k < g->nodes[id].n_in; k++)
            s.readers[g->nodes[id].in[k]]++;
    }
    for (uint32_t i = 0; i < g->n_outputs; i++)
        s.readers[g->outputs[i].node]++;
    return s;
}

static bool fallen(const struct chooser *s, ir_id id)
{
    return s->readers[id] == 0 && in_chain(&s->g->nodes[id]);
}

/* --- the new graph --- */

static void say_dropped(struct chooser *s, ir_id id, ir_id join)
{
    const struct ir_node *n = &s->g->nodes[id];
    int64_t relus = ir_elements(n->shape);
    remark(s->c->remarks, REMARK_PASSED, &n->site, relus, "dropped ReLU `%s` (%s): what `%s` joins with a skip stays linear: %s ReLUs saved", n->name,
           ir_shape_text(s->c->arena, n->shape), s->g->nodes[join].name, table_number(s->c->arena, relus));
}

/* The operand without its ReLUs, from the base on upwards; each operator on the way is made once, whoever asks for it. */
static ir_id unrectified(struct chooser *s, struct ir_rewrite *r, ir_id operand, ir_id base)
{
    VEC(ir_id) way = {0};
    ir_id id = operand, new;
    for (; id != base && s->unrectified[id] == IR_NONE; id = s->g->nodes[id].in[0])
        vec_push(s->c->arena, &way, id);
    new = id == base ? ir_rewrite_of(r, base) : s->unrectified[id];
    while (way.n) {
        id = way.at[--way.n];
        if (s->g->nodes[id].op != IR_RELU)
            new = ir_rewrite_make(r, &s->g->nodes[id], &new, 1, id);
        s->unrectified[id] = new;
    }
    return new;
}

static void rewrite_join(struct chooser *s, struct ir_rewrite *r, ir_id id, const bool *linear)
{
    const struct ir_node *n = &s->g->nodes[id];
    const struct prune_join *j = &s->joins.at[s->join_of[id]];
    ir_id *in = ARENA_ARRAY(s->c->arena, ir_id, n->n_in);
    for (uint32_t k = 0; k < n->n_in; k++)
        in[k] = linear[k] ? unrectified(s, r, n->in[k], j->base[k]) : ir_rewrite_of(r, n->in[k]);
    ir_rewrite_replace(r, id, ir_rewrite_make(r, n, in, n->n_in, id));
}

/* What the choices that pay come to: for each node, the join whose choice lets this ReLU go, and for each join, its operands without ReLUs. */
struct outcome {
    ir_id *dropped_at;
    bool **linear;
    bool any;
};

static struct outcome outcome_of(struct chooser *s)
{
    struct outcome o = {ARENA_ARRAY(s->c->arena, ir_id, s->g->n_nodes), ARENA_ARRAY(s->c->arena, bool *, s->joins.n), false};
    for (ir_id id = 0; id < s->g->n_nodes; id++)
        o.dropped_at[id] = IR_NONE;
    for (size_t i = 0; i < s->joins.n; i++) {
        uint32_t n = s->g->nodes[s->joins.at[i].id].n_in;
        o.linear[i] = ARENA_ARRAY(s->c->arena, bool, n);
        for (uint32_t k = 0; k < n; k++)
            o.linear[i][k] = false;
        s->join_of[s->joins.at[i].id] = (ir_id)i;
    }
    for (size_t i = s->choices.n; i-- > 0;) { /* the first join of several is the one that is named */
        const struct choice *ch = &s->choices.at[i];
        const struct prune_join *j = &s->joins.at[ch->join];
        if (ch->given_up)
            continue;
        o.any = true;
        for (uint32_t k = 0; k < join_node(s, ch)->n_in; k++)
            for (ir_id id = join_node(s, ch)->in[k]; has_operand(s, ch, k) && id != j->base[k]; id = s->g->nodes[id].in[0]) {
                o.linear[ch->join][k] = true;
                if (s->g->nodes[id].op == IR_RELU && fallen(s, id))
                    o.dropped_at[id] = j->id;
            }
        for (ir_id id = ch->operand == EVERY_OPERAND ? s->g->nodes[j->conv].in[0] : j->id; id != j->id; id = s->g->nodes[id].in[0])
            if (s->g->nodes[id].op == IR_RELU)
                o.dropped_at[id] = j->id;
    }
    return o;
}

static const struct ir_graph *rewrite(struct chooser *s, const struct outcome *o)
{
    struct ir_rewrite *r = ir_rewrite_new(s->c->arena, s->g);
    for (ir_id id = 0; id < s->g->n_nodes; id++) {
        if (o->dropped_at[id] != IR_NONE)
            say_dropped(s, id, o->dropped_at[id]);
        if (fallen(s, id))
            continue;
        if (o->dropped_at[id] != IR_NONE)
            ir_rewrite_replace(r, id, ir_rewrite_of(r, s->g->nodes[id].in[0]));
        else if (s->join_of[id] != IR_NONE)
            rewrite_join(s, r, id, o->linear[s->join_of[id]]);
        else
            ir_rewrite_copy(r, id);
    }
    return ir_rewrite_finish(r);
}

/* --- what was not done --- */

static void say_stays(struct chooser *s, ir_id id, ir_id join, const char *why)
{
    const struct ir_node *n = &s->g->nodes[id];
    remark(s->c->remarks, REMARK_MISSED, &n->site, ir_elements(n->shape), "ReLU `%s` (%s) stays before `%s`: %s", n->name,
           ir_shape_text(s->c->arena, n->shape), s->g->nodes[join].name, why);
}

static void say_missed(struct chooser *s)
{
    for (size_t i = 0; i < s->choices.n; i++) {
        const struct choice *ch = &s->choices.at[i];
        ir_id join = s->joins.at[ch->join].id;
        for (uint32_t k = 0; k < join_node(s, ch)->n_in; k++)
            for (ir_id id = join_node(s, ch)->in[k]; has_operand(s, ch, k) && id != s->joins.at[ch->join].base[k]; id = s->g->nodes[id].in[0])
                if (s->g->nodes[id].op == IR_RELU)
                    say_stays(s, id, join, "others read it too, so that no ReLU would be saved");
    }
    for (size_t i = 0; i < s->joins.n; i++) {
        const struct prune_join *j = &s->joins.at[i];
        const struct ir_node *n = &s->g->nodes[j->id];
        for (uint32_t k = 0; k < n->n_in; k++)
            for (ir_id id = n->in[k]; j->skip[k] && id != j->base[k]; id = s->g->nodes[id].in[0])
                if (s->g->nodes[id].keep)
                    say_stays(s, id, j->id, "it is marked @keep");
        for (ir_id id = j->kept_over == IR_NONE ? j->id : s->g->nodes[j->kept_over].in[0]; id != j->id; id = s->g->nodes[id].in[0])
            if (s->g->nodes[id].keep)
                say_stays(s, id, j->kept_over, "it is marked @keep");
        if (j->core_is_linear)
            remark(s->c->remarks, REMARK_MISSED, &n->site, 0, "the ReLUs of what `%s` joins stay: without them a layer would be linear", n->name);
    }
}

const struct ir_graph *prune_skips(struct pass_context *c, const struct ir_graph *g)
{
    for (;;) { /* the last round finds nothing: so the pass is idempotent */
        struct chooser s = chooser_new(c, g);
        choose(&s);
        struct outcome o = outcome_of(&s);
        if (!o.any) {
            say_missed(&s);
            return g;
        }
        g = rewrite(&s, &o);
    }
}
