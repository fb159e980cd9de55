/* The table of ReLU budgets that `cnasc check` and `cnasc count` end with. */
#ifndef COMPILER_REPORT_BUDGETS_H
#define COMPILER_REPORT_BUDGETS_H

#include "compiler/base/text.h"
#include "compiler/ir/ir.h"

void budgets_table(struct text *out, const struct ir_graph *g); /* limit, used, left; or that there is no budget */

#endif
