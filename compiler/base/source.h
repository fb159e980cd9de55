/* One source text and its lines. A source never changes and lives in the arena it was made in. */
#ifndef COMPILER_BASE_SOURCE_H
#define COMPILER_BASE_SOURCE_H

#include "compiler/base/arena.h"
#include "compiler/base/site.h"

#include <stdint.h>

#define SOURCE_MAX ((size_t)64 << 20) /* bytes; larger files are refused, and offsets fit 32 bits with room to spare */

struct source {
    const char *name;  /* as it is printed in messages */
    const char *bytes; /* n bytes, then a NUL; may hold anything, also NULs */
    size_t n;
    const uint32_t *line_start; /* offset of the first byte of each line; the first is 0 */
    uint32_t n_lines;           /* at least 1 */
};

/* Bytes [from, to) of a source. source NULL: no place ("the command line"). */
struct span {
    const struct source *source;
    uint32_t from, to;
};

/* Copies name and bytes. n is at most SOURCE_MAX. */
const struct source *source_new(struct arena *a, const char *name, const char *bytes, size_t n);

void source_position(const struct source *s, uint32_t offset, int *line, int *column); /* both from 1, the column in bytes */

/* The bytes of a line (from 1) without its end of line; *n is their number. */
const char *source_line(const struct source *s, int line, size_t *n);

struct span span_join(struct span first, struct span last);       /* from the start of first to the end of last */
struct site site_of(struct span at, const struct site *from, const char *block);

#endif
