/* Making a changed copy of a graph, as a pass does: everything that the pass does not say otherwise is carried over, and what is then
 * needed by no output is left out.
 *
 *     struct ir_rewrite *r = ir_rewrite_new(a, g);
 *     for (ir_id id = 0; id < g->n_nodes; id++)
 *         if (...) ir_rewrite_replace(r, id, other);      // users of id now read `other`, a new node
 *         else     ir_rewrite_copy(r, id);
 *     return ir_rewrite_finish(r);
 *
 * Budgets: a budget that covers an old node covers its copy, and every node made on its behalf (ir_rewrite_make's `for_node`). A node that
 * is replaced by one that stands for another old node leaves the budget: it is evaluated there, and counts there.
 *
 * Names: a weight belongs to its node by name, so what is copied keeps its name. Of the nodes made on behalf of an old one, the first
 * that wishes for its name has it. */
#ifndef COMPILER_IR_REWRITE_H
#define COMPILER_IR_REWRITE_H

#include "compiler/ir/ir.h"

struct ir_rewrite;

struct ir_rewrite *ir_rewrite_new(struct arena *a, const struct ir_graph *g);

ir_id ir_rewrite_of(const struct ir_rewrite *r, ir_id old); /* the new node that users of `old` read; IR_NONE: not yet decided */
const struct ir_node *ir_rewrite_node(const struct ir_rewrite *r, ir_id new); /* valid until the next node is made */

/* The same operator with the same attributes, name and place, on what its inputs became. Decides `old`. */
ir_id ir_rewrite_copy(struct ir_rewrite *r, ir_id old);
/* Users of `old` read `new`, which was made already. Decides `old`. */
void ir_rewrite_replace(struct ir_rewrite *r, ir_id old, ir_id new);
/* A new node on new inputs; name, place and what is not the operator's business come from `like`, a node of the old graph or a
 * changed copy of one: its op and attributes say what is made, its keep and prune are taken over. for_node: the old node on whose
 * behalf it is made, for budgets. A shape rule that refuses is a mistake of the pass. */
ir_id ir_rewrite_make(struct ir_rewrite *r, const struct ir_node *like, const ir_id *in, uint32_t n_in, ir_id for_node);

/* Outputs, budgets, wishes, training and private sections follow. Every output must be decided. */
const struct ir_graph *ir_rewrite_finish(struct ir_rewrite *r);

#endif
