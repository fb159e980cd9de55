/* A growing text with an indent, used by every printer. Lives in an arena. */
#ifndef COMPILER_BASE_TEXT_H
#define COMPILER_BASE_TEXT_H

#include "compiler/base/arena.h"

struct text {
    struct arena *arena;
    char *bytes; /* always terminated by a NUL once something was added */
    size_t n, cap;
    int indent; /* levels; text_line puts 4 spaces for each */
};

struct text text_new(struct arena *a);
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *t, const char *bytes, size_t n);
void text_line(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3))); /* indent, text, newline; "" gives a bare newline */
void text_real(struct text *t, double value); /* finite; as few significant digits as read back the same double */
const char *text_str(const struct text *t);                                                     /* "" when empty */

#endif
