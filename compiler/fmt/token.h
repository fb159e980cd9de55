/* Tokens with the comments around them. */
#ifndef COMPILER_FMT_TOKEN_H
#define COMPILER_FMT_TOKEN_H

#include "compiler/base/source.h"
#include "compiler/base/vec.h"

#include <stdbool.h>

struct fmt_comment {
    const char *bytes; /* without blanks at its end */
    size_t n;
    bool is_line;  /* runs to the end of the line */
    bool own_line; /* nothing but blanks beside it on its line */
    bool blank;    /* an empty line before it */
};

struct fmt_comments {
    struct fmt_comment *at;
    size_t n, cap;
};

struct fmt_token {
    const char *bytes; /* "" for the end of the file */
    size_t n;
    struct fmt_comments before; /* those that do not belong to the token before */
    struct fmt_comments behind; /* on the same line */
    bool newline;               /* it is not on the line of the token before */
    bool blank;                 /* an empty line before it, or before the first comment of `before` */
    bool blank_here;            /* an empty line between its last comment and it */
};

struct fmt_tokens {
    struct fmt_token *at; /* the last one is the end of the file */
    size_t n, cap;
};

/* s parses without errors. */
struct fmt_tokens fmt_tokens(struct arena *a, const struct source *s);

bool fmt_is(const struct fmt_token *t, const char *text);
bool fmt_is_word(const struct fmt_token *t); /* a name or a keyword */

#endif
