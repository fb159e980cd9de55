/* Remarks for programs: one JSON object in a line. docs/report.md describes it. */
#ifndef COMPILER_REPORT_REMARKS_H
#define COMPILER_REPORT_REMARKS_H

#include "compiler/base/text.h"
#include "compiler/pass/pass.h"

void remarks_json(struct text *t, const char *network, const struct pass_info *pass, const struct remark *r);

#endif
