/* Source texts: the line table is made once, positions are found in it by bisection. */
#include "compiler/base/source.h"

#include <string.h>

const struct source *source_new(struct arena *a, const char *name, const char *bytes, size_t n)
{
    if (n > SOURCE_MAX)
        bug("a source larger than SOURCE_MAX");
    struct source *s = ARENA_NEW(a, struct source);
    s->name = arena_strdup(a, name);
    s->bytes = arena_strndup(a, bytes, n);
    s->n = n;
    s->n_lines = 1;
    for (size_t i = 0; i < n; i++)
        s->n_lines += bytes[i] == '\n';
    uint32_t *start = ARENA_ARRAY(a, uint32_t, s->n_lines);
    uint32_t line = 1;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == '\n')
            start[line++] = (uint32_t)(i + 1);
    s->line_start = start;
    return s;
}

void source_position(const struct source *s, uint32_t offset, int *line, int *column)
{
    uint32_t low = 0, high = s->n_lines; /* the line is in [low, high) */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (s->line_start[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    *line = (int)low + 1;
    *column = (int)(offset - s->line_start[low]) + 1;
}

const char *source_line(const struct source *s, int line, size_t *n)
{
    uint32_t i = (uint32_t)line - 1;
    const char *start = s->bytes + s->line_start[i];
    const char *end = i + 1 < s->n_lines ? s->bytes + s->line_start[i + 1] - 1 : s->bytes + s->n;
    if (end > start && end[-1] == '\r')
        end--;
    *n = (size_t)(end - start);
    return start;
}

struct span span_join(struct span first, struct span last)
{
    return (struct span){first.source, first.from, last.to > first.to ? last.to : first.to};
}

struct site site_of(struct span at, const struct site *from, const char *block)
{
    struct site site = {.from = from, .block = block};
    if (at.source) {
        site.file = at.source->name;
        source_position(at.source, at.from, &site.line, &site.column);
    }
    return site;
}
