/* `cnasc report`: one HTML page about a network, which needs nothing else: no scripts, no fonts, no requests. */
#ifndef COMPILER_REPORT_PAGE_H
#define COMPILER_REPORT_PAGE_H

#include "compiler/base/source.h"
#include "compiler/base/text.h"
#include "compiler/lower/plan.h"
#include "compiler/pass/pass.h"

struct page {
    const struct ir_graph *graph; /* after all passes */
    const struct pass_trace *passes;
    const struct plan *plan;      /* NULL, or without a private side: */
    const char *not_private;      /* the reason why */
    const char *about;            /* lines on how this network came about, or "" */
    const struct source *const *sources; /* shown in whole, the network's own first */
    size_t n_sources;
    const char *version;
};

/* False: a total is too large to count. */
bool page_print(struct text *out, const struct page *p);

#endif
