/* What a code means. */
#ifndef COMPILER_BASE_DIAG_EXPLAIN_H
#define COMPILER_BASE_DIAG_EXPLAIN_H

#include "compiler/base/diag_codes.h"

struct diag_explanation {
    const char *text;
    const char *wrong, *right; /* examples; "": none */
};

const struct diag_explanation *diag_explain(enum diag_code c); /* text NULL: a code that nobody explained */

#endif
