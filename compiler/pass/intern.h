/* Equal operators on equal inputs: a hash table from operator, attributes and numbered inputs to a number. */
#ifndef COMPILER_PASS_INTERN_H
#define COMPILER_PASS_INTERN_H

#include "compiler/ir/ir.h"

struct intern;
struct intern *intern_new(struct arena *a);

/* The number of this operator on these inputs: that of the first call which was equal to this one, or else fresh. in, n_in:
 * numbers that say what is equal, whatever they stand for. what: its operator and attributes; what it points to must live as long
 * as the table. */
uint32_t intern_number(struct intern *t, const struct ir_node *what, const uint32_t *in, uint32_t n_in, uint32_t fresh);

bool intern_same_attributes(const struct ir_node *m, const struct ir_node *n); /* of two nodes with one operator */

#endif
