/* Every invariant of a graph, checked. A graph that breaks one is a mistake in the stage that made it, not in the user's file.
 *
 *   1. Every input of a node has a smaller index than the node.
 *   2. Each node's shape rule accepts its inputs and attributes, and gives the shape that is recorded.
 *   3. Node names are valid (names.h) and unique; so are output names; the network's name is a C identifier.
 *   4. There is an output, every output is a node, and every node is needed by some output.
 *   5. A budget's limit is not negative; its nodes are ascending, without repetition, and nodes of the graph.
 *   6. Only results of linear operators and of max pools are rescaled.
 *   7. The names of passes that are asked for are C identifiers. Training attributes are in range, and so are those of private inference. */
#ifndef COMPILER_IR_VERIFY_H
#define COMPILER_IR_VERIFY_H

#include "compiler/ir/ir.h"

/* NULL: all hold. Otherwise a sentence, in arena a, about the first that does not; *node the node it is about, or IR_NONE. */
const char *ir_verify(struct arena *a, const struct ir_graph *g, ir_id *node);

/* Invariant 7 alone, as a sentence for the user; NULL: in range. */
const char *ir_train_verify(struct arena *a, const struct ir_train *t);
const char *ir_private_verify(struct arena *a, const struct ir_private *p);

#endif
