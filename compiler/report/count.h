/* `cnasc count`: what the network costs as it is written and after each pass, for people and for programs. */
#ifndef COMPILER_REPORT_COUNT_H
#define COMPILER_REPORT_COUNT_H

#include "compiler/base/text.h"
#include "compiler/pass/pass.h"

enum count_by { COUNT_TOTAL, COUNT_STAGE, COUNT_LAYER };

/* g: the graph after all passes. False: a total is too large to count. The JSON is described in docs/report.md. */
bool count_text(struct text *out, const struct ir_graph *g, const struct pass_trace *passes, enum count_by by);
bool count_json(struct text *out, const struct ir_graph *g, const struct pass_trace *passes, enum count_by by);

#endif
