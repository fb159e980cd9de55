/* What the lexer, the parser and front.c share about one parse. Nobody else includes this. */
#ifndef GRAMMAR_SCAN_H
#define GRAMMAR_SCAN_H

#include "compiler/ast/ast.h"
#include "compiler/base/diag.h"

/* Where a token or construct is: bytes [from, to), and the doc comment (///) right before it, or NULL. */
struct front_place {
    uint32_t from, to;
    const char *doc;
};

struct front {
    struct arena *arena;
    struct diag *diag;
    const struct source *source;
    struct ast_module *module;
    struct ast_define *define; /* where "name = expr" goes; NULL for a module */

    bool started;         /* the lexer has sent the token that says what is parsed */
    uint32_t offset;      /* of the next byte to scan */
    uint32_t token_end;   /* the end of the last token that was handed out, and the one before it */
    uint32_t previous_end;
    uint32_t open;        /* start of an unclosed comment */
    struct text doc;      /* lines of the doc comment that waits for its declaration */
    struct text module_doc;
    bool too_deep;        /* said so already */
    bool cut_off;         /* an unclosed comment was reported: the end of the file is no news */
    VEC(uint32_t) brackets; /* where the open (, [ and { are */

    /* A `;` that is missing at the end of a line is put in for the parser, so that the next statement is not skipped. */
    enum { NOTHING_PUT_IN, SEMICOLON_NEXT, TOKEN_AGAIN } put_in;
    int token; /* the last one, which comes again after that `;` */
    struct front_token *last;
};

/* The parser's yylex: the scanner's tokens, and what is put in. */
union FRONT_YYSTYPE;
int front_yylex(union FRONT_YYSTYPE *value, struct front_place *place, struct front *f, void *scanner);

static inline struct span front_span(const struct front *f, struct front_place p)
{
    return (struct span){f->source, p.from, p.to};
}

/* front.c: what a token's text means */
struct ast_expr *front_number(struct front *f, struct span at, const char *text, size_t n);
struct ast_expr *front_string(struct front *f, struct span at, const char *text, size_t n);
void front_doc_line(struct front *f, struct text *doc, const char *text, size_t n);
struct ast_expr *front_shallow(struct front *f, struct ast_expr *e);      /* e, or a stand-in when it is nested too deeply */
struct ast_stmt *front_shallow_stmt(struct front *f, struct ast_stmt *s); /* the same */
void front_unexpected(struct front *f, struct span at, const char *token, const char *const *expected, int n_expected);

/* hint.c: a note about what is written in place of the unexpected token at `at`, if that is known */
void front_hint(struct front *f, struct span at, const char *wanted);

#endif
