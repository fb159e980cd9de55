#include "compiler/fmt/trail.h"

#include "compiler/fmt/doc.h"

enum { GAP = 2, MOST_PADDING = 40 };

struct line {
    size_t number, indent, width; /* width: of the text before the comment */
    size_t pad;
};

static struct line line_of(const struct text *t, uint32_t trail, size_t number)
{
    const char *s = t->bytes + trail;
    while (s > t->bytes && s[-1] != '\n')
        s--;
    const char *end = t->bytes + trail;
    while (end > s && end[-1] == ' ')
        end--;
    size_t indent = 0;
    while (s + indent < end && s[indent] == ' ')
        indent++;
    return (struct line){number, indent, doc_columns(s, (size_t)(end - s)), 0};
}

void trail_align(struct text *out, const struct text *in, const uint32_t *trails, size_t n)
{
    struct line *lines = ARENA_ARRAY(out->arena, struct line, n);
    size_t number = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        for (; at < trails[i]; at++)
            number += in->bytes[at] == '\n';
        lines[i] = line_of(in, trails[i], number);
    }
    for (size_t from = 0, to; from < n; from = to) {
        size_t narrow = lines[from].width, wide = narrow;
        for (to = from + 1; to < n && lines[to].number == lines[to - 1].number + 1 && lines[to].indent == lines[from].indent; to++) {
            size_t least = lines[to].width < narrow ? lines[to].width : narrow, most = lines[to].width > wide ? lines[to].width : wide;
            if (most - least > MOST_PADDING)
                break;
            narrow = least;
            wide = most;
        }
        for (size_t i = from; i < to; i++)
            lines[i].pad = lines[i].width ? wide - lines[i].width + GAP - 1 : 0;
    }
    at = 0;
    for (size_t i = 0; i < n; i++) {
        text_add_bytes(out, in->bytes + at, trails[i] - at);
        for (size_t k = 0; k < lines[i].pad; k++)
            text_add_bytes(out, " ", 1);
        at = trails[i];
    }
    text_add_bytes(out, text_str(in) + at, in->n - at);
}
