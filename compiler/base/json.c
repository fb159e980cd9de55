#include "compiler/base/json.h"

#include <stdbool.h>
#include <string.h>

/* The length of the well-formed code point at s, which ends in a NUL, or 0 (Unicode 15, table 3-7). */
static size_t code_point(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool outside = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
    return overlong || outside ? 0 : length;
}

void text_json_string(struct text *t, const char *s)
{
    text_add(t, "\"");
    while (*s) {
        size_t n = code_point((const unsigned char *)s);
        if (n == 0)
            text_add(t, "\xef\xbf\xbd");
        else if (*s == '"' || *s == '\\')
            text_add(t, "\\%c", *s);
        else if (n == 1 && (*s < 0x20 || *s == 0x7f))
            text_add(t, "\\u%04x", (unsigned)*s);
        else
            text_add_bytes(t, s, n);
        s += n ? n : 1;
    }
    text_add(t, "\"");
}

void text_json_real(struct text *t, double value)
{
    size_t before = t->n;
    text_real(t, value);
    if (!strpbrk(t->bytes + before, ".e"))
        text_add(t, ".0");
}

void text_json_site(struct text *t, const struct site *s)
{
    text_add(t, "[");
    for (bool first = true; s && s->file; s = s->from, first = false) {
        text_add(t, "%s{\"file\": ", first ? "" : ", ");
        text_json_string(t, s->file);
        text_add(t, ", \"line\": %d, \"column\": %d, \"block\": ", s->line, s->column);
        if (s->block)
            text_json_string(t, s->block);
        else
            text_add(t, "null");
        text_add(t, "}");
    }
    text_add(t, "]");
}
