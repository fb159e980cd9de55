/* One scan and parse: text in, syntax tree and diagnostics out. */
#ifndef GRAMMAR_FRONT_H
#define GRAMMAR_FRONT_H

#include "compiler/ast/ast.h"
#include "compiler/base/diag.h"

/* Never NULL: what could be parsed, with errors reported to d. The module's name is left to the caller. */
struct ast_module *front_parse(struct arena *a, struct diag *d, const struct source *s);

/* "name = expression", as -D takes it. False after an error. */
bool front_parse_define(struct arena *a, struct diag *d, const struct source *s, struct ast_define *out);

/* The tokens of a source that parses without errors, as byte ranges; comments and blanks are what lies between them. */
struct front_range {
    uint32_t from, to;
};
struct front_ranges {
    struct front_range *at;
    size_t n, cap;
};
struct front_ranges front_tokens(struct arena *a, const struct source *s);

#endif
