#include "compiler/fmt/token.h"

#include "grammar/front.h"

#include <ctype.h>

bool fmt_is(const struct fmt_token *t, const char *text)
{
    return strlen(text) == t->n && memcmp(t->bytes, text, t->n) == 0;
}

bool fmt_is_word(const struct fmt_token *t)
{
    return t->n > 0 && (isalpha((unsigned char)t->bytes[0]) || t->bytes[0] == '_');
}

static size_t trimmed(const char *s, size_t n)
{
    while (n && strchr(" \t\r\f", s[n - 1]))
        n--;
    return n;
}

/* What lies between two tokens: a comment goes behind the token before if it starts on its line, and before the next one otherwise. */
static void read_gap(struct arena *a, const char *s, const char *end, struct fmt_token *before, struct fmt_token *next)
{
    int newlines = before ? 0 : 1; /* since the last thing that shows */
    bool first = true;
    while (s < end) {
        if (*s == '\n' || *s != '/') { /* a byte order mark is a blank, too */
            if (*s == '\n') {
                newlines++;
                next->newline = true;
            }
            s++;
            continue;
        }
        bool is_line = s[1] == '/';
        const char *stop = is_line ? memchr(s, '\n', (size_t)(end - s)) : strstr(s + 2, "*/") + 2;
        stop = stop ? stop : end;
        const char *after = stop;
        while (after < end && (*after == ' ' || *after == '\t' || *after == '\r'))
            after++;
        bool last_on_line = is_line || (after == end ? next->n == 0 : *after == '\n');
        struct fmt_comment c = {s, trimmed(s, (size_t)(stop - s)), is_line, newlines > 0 && last_on_line, newlines > 1 && (before || !first)};
        if (before && newlines == 0 && first) {
            vec_push(a, &before->behind, c);
        } else {
            if (first)
                next->blank = c.blank;
            first = false;
            vec_push(a, &next->before, c);
        }
        newlines = 0;
        s = stop;
    }
    if (first)
        next->blank = before && newlines > 1;
    else
        next->blank_here = newlines > 1;
}

/* `a // why` and then `, b` on the next line: the comment goes behind the comma, which stays with its element. A doc comment would
 * become that of b. */
static void pull_comma(struct arena *a, struct fmt_token *t)
{
    struct fmt_token *next = t + 1;
    if (t->behind.n != 1 || next->before.n || next->behind.n || !(fmt_is(next, ",") || fmt_is(next, ";")))
        return;
    const struct fmt_comment *c = &t->behind.at[0];
    if (c->n > 2 && c->is_line && (c->bytes[2] == '/' || c->bytes[2] == '!'))
        return;
    vec_push(a, &next->behind, *c);
    next->newline = false;
    t->behind.n = 0;
}

struct fmt_tokens fmt_tokens(struct arena *a, const struct source *s)
{
    struct front_ranges ranges = front_tokens(a, s);
    struct fmt_tokens all = {ARENA_ARRAY(a, struct fmt_token, ranges.n + 1), ranges.n + 1, ranges.n + 1};
    uint32_t at = 0;
    for (size_t i = 0; i <= ranges.n; i++) {
        struct front_range r = i < ranges.n ? ranges.at[i] : (struct front_range){(uint32_t)s->n, (uint32_t)s->n};
        all.at[i].bytes = s->bytes + r.from;
        all.at[i].n = r.to - r.from;
        read_gap(a, s->bytes + at, s->bytes + r.from, i ? &all.at[i - 1] : NULL, &all.at[i]);
        at = r.to;
    }
    for (size_t i = 0; i < ranges.n; i++)
        pull_comma(a, &all.at[i]);
    return all;
}
