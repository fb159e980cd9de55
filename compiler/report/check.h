/* What `cnasc check` prints. */
#ifndef COMPILER_REPORT_CHECK_H
#define COMPILER_REPORT_CHECK_H

#include "compiler/base/text.h"
#include "compiler/pass/pass.h"

/* g: the graph after all passes. False: a total is too large to count. */
bool report_check(struct text *out, const struct ir_graph *g, const struct pass_trace *passes);

#endif
