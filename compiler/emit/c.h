/* How generated text is laid out: braces, indents, wrapped lists, comments, literals. The only place that knows. */
#ifndef COMPILER_EMIT_C_H
#define COMPILER_EMIT_C_H

#include "compiler/base/text.h"
#include "compiler/base/vec.h"

#include <stdbool.h>

#define C_COLUMNS 120 /* longer lists are broken after a comma */

struct c_items {
    struct arena *arena;
    VEC(const char *) v;
};
struct c_items c_items_new(struct arena *a);
void c_item(struct c_items *items, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "head item, item, item tail" on one line, or on several that align after head. */
void c_list(struct text *t, const char *head, const struct c_items *items, const char *tail);

enum c_call { C_CALL, C_TRY, C_RETURN }; /* f(...);  CNAS_TRY(f(...));  return f(...); */
void c_call(struct text *t, enum c_call how, const char *function, const struct c_items *arguments);

void c_open(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));  /* a function's head, then { */
void c_begin(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3))); /* a declaration that ends in { */
void c_end(struct text *t, const char *tail);                                                /* } and tail */
void c_blank(struct text *t);
/* A comment, broken between words where it is long. */
void c_comment(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *c_string(struct arena *a, const char *s);   /* a string literal, quotes included */
const char *c_float(struct arena *a, double x);         /* a literal of type float */
const char *c_double(struct arena *a, double x);        /* a literal of type double */
const char *c_harmless(struct arena *a, const char *s); /* for a comment: printable, no end of comment */

#endif
