/* `cnasc count`: what the network costs as it is written and after each pass, for people and for programs. */
#ifndef COMPILER_REPORT_COUNT_H
#define COMPILER_REPORT_COUNT_H

#include "compiler/base/text.h"
#include "compiler/pass/pass.h"

enum count_by { COUNT_TOTAL, COUNT_STAGE, COUNT_LAYER };

struct count {
    const struct ir_graph *graph; /* after all passes */
    const struct pass_trace *passes;
    enum count_by by;
    const char *about;    /* lines on how this network came about, or "" */
    size_t open_choices;
};
/* False: a total is too large to count. The JSON is described in docs/report.md. */
bool count_text(struct text *out, const struct count *c);
bool count_json(struct text *out, const struct count *c);

#endif
