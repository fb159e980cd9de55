/* relu-balance by itself, for its tests; beside tests/unit/pass_text.h. */
#ifndef TESTS_SUPPORT_BALANCE_H
#define TESTS_SUPPORT_BALANCE_H

#include "compiler/base/diag.h"
#include "compiler/pass/pass.h"

extern struct remarks balance_remarks; /* of the last run */
extern struct diag *balance_diag;

/* NULL: refused, the reason is in balance_diag. */
const struct ir_graph *balance_in(struct arena *a, const struct ir_graph *g, const char *args);
bool remarked(enum remark_kind kind, const char *words);
bool holds(const struct ir_graph *g); /* every budget */

#endif
