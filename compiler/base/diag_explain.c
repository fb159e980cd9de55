#include "compiler/base/diag_explain.h"

const struct diag_explanation *diag_explain(enum diag_code c)
{
    static const struct diag_explanation all[DIAG_N_CODES] = {
#define EXPLAIN(code, text, wrong, right) [code] = {text, wrong, right},
#include "compiler/base/diag_explain.def"
#undef EXPLAIN
    };
    return &all[c];
}
