/* Text in aligned columns, for people. */
#ifndef COMPILER_BASE_TABLE_H
#define COMPILER_BASE_TABLE_H

#include "compiler/base/text.h"
#include "compiler/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

#define TABLE_COLUMNS 8

struct table {
    struct arena *arena;
    const char *align; /* one letter a column: 'l' or 'r' */
    VEC(const char **) rows; /* NULL: a rule */
};

struct table table_new(struct arena *a, const char *align);
/* One cell for each column, borrowed. NULL is an empty cell. */
void table_row(struct table *t, const char *const *cells);
void table_rule(struct table *t); /* a line of dashes */
void table_fit(struct table *t, size_t most); /* shortens the first column until a line has at most so many bytes, if 16 are left for it */
void table_print(struct text *out, const struct table *t); /* two blanks between columns, none at the end of a line */

const char *table_number(struct arena *a, int64_t value);               /* 1,234,567 */
const char *table_shorten(struct arena *a, const char *s, size_t most); /* at most so many bytes: the middle gives way to ".." */

#endif
