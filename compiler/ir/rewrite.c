#include "compiler/ir/rewrite.h"

#include "compiler/base/vec.h"

#include <stdlib.h>

struct stand_in { /* the new node counts in the budgets of the old one */
    ir_id old, new;
};

struct ir_rewrite {
    struct arena *arena;
    const struct ir_graph *g;
    struct ir_builder *builder;
    ir_id *to;   /* old -> new */
    bool *named; /* a new node has the name of this old one */
    VEC(struct stand_in) stand_ins;
};

struct ir_rewrite *ir_rewrite_new(struct arena *a, const struct ir_graph *g)
{
    struct ir_rewrite *r = ARENA_NEW(a, struct ir_rewrite);
    r->arena = a;
    r->g = g;
    r->builder = ir_builder_new(a, g->name);
    r->to = ARENA_ARRAY(a, ir_id, g->n_nodes);
    r->named = ARENA_ARRAY(a, bool, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        r->to[id] = IR_NONE;
        ir_builder_reserve(r->builder, g->nodes[id].name);
    }
    return r;
}

ir_id ir_rewrite_of(const struct ir_rewrite *r, ir_id old)
{
    return r->to[old];
}

const struct ir_node *ir_rewrite_node(const struct ir_rewrite *r, ir_id new)
{
    return ir_builder_node(r->builder, new);
}

static void decide(struct ir_rewrite *r, ir_id old, ir_id new)
{
    if (r->to[old] != IR_NONE)
        bug("a pass decides a node twice");
    r->to[old] = new;
}

ir_id ir_rewrite_make(struct ir_rewrite *r, const struct ir_node *like, const ir_id *in, uint32_t n_in, ir_id for_node)
{
    const char *why;
    if (!r->named[for_node] && strcmp(like->name, r->g->nodes[for_node].name) == 0) {
        ir_builder_give_up(r->builder, like->name);
        r->named[for_node] = true;
    }
    ir_id new = ir_build(r->builder, like->op, like->name, in, n_in, like, like->site, &why);
    if (new == IR_NONE)
        bug(why);
    vec_push(r->arena, &r->stand_ins, ((struct stand_in){for_node, new}));
    return new;
}

ir_id ir_rewrite_copy(struct ir_rewrite *r, ir_id old)
{
    const struct ir_node *n = &r->g->nodes[old];
    ir_id *in = ARENA_ARRAY(r->arena, ir_id, n->n_in);
    for (uint32_t i = 0; i < n->n_in; i++) {
        in[i] = r->to[n->in[i]];
        if (in[i] == IR_NONE)
            bug("a pass copies a node before its inputs");
    }
    decide(r, old, ir_rewrite_make(r, n, in, n->n_in, old));
    return r->to[old];
}

void ir_rewrite_replace(struct ir_rewrite *r, ir_id old, ir_id new)
{
    ir_builder_node(r->builder, new); /* it exists */
    decide(r, old, new);
}

static int by_old(const void *x, const void *y)
{
    const struct stand_in *a = x, *b = y;
    return a->old != b->old ? (a->old > b->old) - (a->old < b->old) : (a->new > b->new) - (a->new < b->new);
}

/* The new nodes that stand for an old one are neighbours in the sorted list: first[old] .. first[old + 1] - 1. */
static uint32_t *index_stand_ins(struct ir_rewrite *r)
{
    uint32_t *first = ARENA_ARRAY(r->arena, uint32_t, (size_t)r->g->n_nodes + 1);
    if (r->stand_ins.n)
        qsort(r->stand_ins.at, r->stand_ins.n, sizeof *r->stand_ins.at, by_old);
    uint32_t k = 0;
    for (ir_id old = 0; old <= r->g->n_nodes; old++) {
        while (k < r->stand_ins.n && r->stand_ins.at[k].old < old)
            k++;
        first[old] = k;
    }
    return first;
}

static void carry_budget(struct ir_rewrite *r, struct ir_budget budget, const uint32_t *first)
{
    if (budget.nodes) {
        VEC(ir_id) nodes = {0};
        for (uint32_t i = 0; i < budget.n_nodes; i++)
            for (uint32_t k = first[budget.nodes[i]]; k < first[budget.nodes[i] + 1]; k++)
                vec_push(r->arena, &nodes, r->stand_ins.at[k].new);
        static const ir_id nothing;
        budget.nodes = nodes.n ? nodes.at : &nothing;
        budget.n_nodes = (uint32_t)nodes.n;
    }
    ir_builder_budget(r->builder, budget);
}

const struct ir_graph *ir_rewrite_finish(struct ir_rewrite *r)
{
    const struct ir_graph *g = r->g;
    for (uint32_t i = 0; i < g->n_outputs; i++)
        ir_builder_output(r->builder, g->outputs[i].name, r->to[g->outputs[i].node]);
    const uint32_t *first = g->n_budgets ? index_stand_ins(r) : NULL;
    for (uint32_t i = 0; i < g->n_budgets; i++)
        carry_budget(r, g->budgets[i], first);
    for (uint32_t i = 0; i < g->n_wishes; i++)
        ir_builder_wish(r->builder, g->wishes[i]);
    ir_builder_train(r->builder, &g->train);
    ir_builder_private(r->builder, &g->private);
    struct ir_graph *done = ARENA_NEW(r->arena, struct ir_graph);
    *done = *ir_builder_finish(r->builder, NULL);
    done->whole = NULL; /* what a pass made superfluous is no part of the network as it was written */
    return done;
}
