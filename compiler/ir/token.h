/* The words of textual IR. One error ends the reading: after it every function returns false and looks at nothing more. */
#ifndef COMPILER_IR_TOKEN_H
#define COMPILER_IR_TOKEN_H

#include "compiler/ir/print.h"

enum ir_token_kind {
    IR_TOKEN_END,
    IR_TOKEN_WORD,   /* letters, digits and . + - _ : names, keywords, numbers, shapes */
    IR_TOKEN_NODE,   /* % and a word; the text is the word */
    IR_TOKEN_STRING, /* the text is what it means */
    IR_TOKEN_ARROW,  /* -> */
    IR_TOKEN_SIGN,   /* one of = [ ] : */
};

struct ir_tokens {
    struct arena *arena;
    const char *bytes;
    size_t n, at;
    int line, column;             /* of at */
    enum ir_token_kind kind;      /* of the next one, already looked at */
    const char *text;             /* its text */
    int token_line, token_column; /* where it begins */
    struct ir_read_error *error;  /* why is set: failed */
};

bool ir_token_next(struct ir_tokens *t); /* steps over the next one; the first call finds the first */
bool ir_token_is(const struct ir_tokens *t, enum ir_token_kind kind, const char *text);
bool ir_token_accept(struct ir_tokens *t, enum ir_token_kind kind, const char *text); /* steps over it if it is this one */
bool ir_token_expect(struct ir_tokens *t, enum ir_token_kind kind, const char *text); /* the same, and fails if it is not */

bool ir_token_fail(struct ir_tokens *t, int line, int column, const char *why); /* always false; the first error stays */
const char *ir_token_shown(const struct ir_tokens *t); /* the next one for a message: short, nothing that a terminal would obey */

/* Fails at the next one. */
#define IR_TOKEN_FAIL(t, ...) ir_token_fail((t), (t)->token_line, (t)->token_column, arena_printf((t)->arena, __VA_ARGS__))

#endif
