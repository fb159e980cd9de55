/* From tokens to docs: how a header or a simple statement may be laid out. The tokens come from a file that parses; what is
 * not known here is printed word by word, so that new syntax needs no change as long as statements end in `;` or `{ ... }`. */
#ifndef COMPILER_FMT_BUILD_H
#define COMPILER_FMT_BUILD_H

#include "compiler/fmt/doc.h"
#include "compiler/fmt/token.h"

struct build {
    struct arena *arena;
    struct fmt_tokens tokens;
    size_t *match;      /* for an opening bracket, the index of the closing one */
    size_t at;          /* the next token */
    size_t own_comments; /* the token whose comments before it the caller prints */
};

struct build build_new(struct arena *a, struct fmt_tokens tokens);

struct statement {
    struct doc *doc;  /* up to and with the `;`, or the `{` */
    struct doc *pad;  /* before its `=`, if it is a plain assignment; else NULL */
    size_t width;     /* of what stands before pad */
    bool has_body;    /* it ended in `{` */
};

struct statement build_statement(struct build *b);
struct doc *build_token(struct build *b); /* the next one, with its comments */
const struct fmt_token *build_peek(const struct build *b);

#endif
