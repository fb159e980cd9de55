/* The graph for other programs: to draw it, or to read it with a JSON library. One way only: nothing reads these back. */
#ifndef COMPILER_IR_EXPORT_H
#define COMPILER_IR_EXPORT_H

#include "compiler/base/text.h"
#include "compiler/ir/ir.h"

/* Graphviz: a box for each node with its operator and shape, ReLUs filled with their count, edges with the data. */
void ir_print_dot(struct text *t, const struct ir_graph *g);

/* One JSON object:
 *   { "network": "N",
 *     "nodes": [ { "name": "conv", "op": "conv", "inputs": ["image"], "shape": [16, 28, 28], "attributes": { "channels": 16, ... },
 *                  "keep": false, "prune": false, "parameters": 144, "macs": 112896, "relus": 0, "relu_equivalents": 0,
 *                  "at": [ { "file": "net.cnas", "line": 5, "column": 9, "block": "core" }, ... outwards ] }, ... ],
 *     "outputs": [ { "name": "logits", "node": "fc" } ],
 *     "budgets": [ { "scope": "network N", "limit": 84000, "nodes": null (all) or ["relu", ...], "at": [...] } ],
 *     "train": { "lr_max": 0.05, ... } }
 * A vector's shape has one number. Bytes that are no UTF-8 become U+FFFD. */
void ir_print_json(struct text *t, const struct ir_graph *g);

#endif
