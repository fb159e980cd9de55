/* What `cnasc check` prints. */
#ifndef COMPILER_REPORT_H
#define COMPILER_REPORT_H

#include "compiler/base/text.h"
#include "compiler/pass/pass.h"

/* g: the graph after all passes. False: a total is too large to count. */
bool report_network(struct text *out, const struct ir_graph *g, const struct pass_trace *passes);

#endif
