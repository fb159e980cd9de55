#include "compiler/base/json.h"

#include "compiler/base/utf8.h"

#include <stdbool.h>
#include <string.h>

void text_json_string(struct text *t, const char *s)
{
    text_add(t, "\"");
    while (*s) {
        size_t n = utf8_length((const unsigned char *)s);
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
