#include "compiler/report/html.h"

#include "compiler/base/table.h"
#include "compiler/base/utf8.h"

#include <inttypes.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069, U+061C */
static bool turns(const unsigned char *s, size_t n)
{
    if (n == 2)
        return s[0] == 0xd8 && s[1] == 0x9c;
    if (n != 3 || s[0] != 0xe2)
        return false;
    return (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xaa && s[2] <= 0xae))) || (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

static void add(struct text *t, const char *s, size_t n)
{
    switch (*s) {
    case '&':
        text_add(t, "&amp;");
        return;
    case '<':
        text_add(t, "&lt;");
        return;
    case '>':
        text_add(t, "&gt;");
        return;
    case '"':
        text_add(t, "&quot;");
        return;
    case '\'':
        text_add(t, "&#39;");
        return;
    }
    const unsigned char c = (unsigned char)*s;
    if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f || (c == 0xc2 && (unsigned char)s[1] < 0xa0) || turns((const unsigned char *)s, n))
        text_add(t, REPLACEMENT);
    else
        text_add_bytes(t, s, n);
}

void html_bytes(struct text *t, const char *s, size_t n)
{
    for (const char *end = s + n; s < end;) {
        const size_t length = utf8_length((const unsigned char *)s);
        if (length)
            add(t, s, length);
        else
            text_add(t, REPLACEMENT);
        s += length ? length : 1;
    }
}

void html_text(struct text *t, const char *s)
{
    html_bytes(t, s, strlen(s));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

void html_words(struct text *t, const char *s)
{
    for (const char *from = s;; s++) {
        const bool times = *s == 'x' && s > from && is_digit(s[-1]) && is_digit(s[1]);
        if (*s && !times)
            continue;
        html_bytes(t, from, (size_t)(s - from));
        if (!*s)
            return;
        text_add(t, "\u00d7");
        from = s + 1;
    }
}

void html_remark(struct text *t, const char *s)
{
    for (const char *quote; (quote = strchr(s, '`'));) {
        const char *end = strchr(quote + 1, '`');
        if (!end)
            break;
        html_words(t, arena_strndup(t->arena, s, (size_t)(quote - s)));
        text_add(t, "<code>");
        html_bytes(t, quote + 1, (size_t)(end - quote - 1));
        text_add(t, "</code>");
        s = end + 1;
    }
    html_words(t, s);
}

/* value / unit with three digits. */
static const char *rounded(struct arena *a, int64_t value, int64_t unit, const char *name)
{
    const double x = (double)value / (double)unit;
    return arena_printf(a, "%.*f\u00a0%s", x < 9.995 ? 2 : x < 99.95 ? 1 : 0, x, name);
}

const char *html_short(struct arena *a, int64_t value)
{
    static const struct {
        int64_t unit;
        const char *name;
    } units[] = {{1000000, "M"}, {1000000000, "G"}, {1000000000000, "T"}, {1000000000000000, "P"}, {1000000000000000000, "E"}};
    size_t i = 0;
    if (value < units[0].unit)
        return table_number(a, value);
    while (i + 1 < sizeof units / sizeof *units && value / 1000 >= units[i].unit)
        i++;
    return rounded(a, value, units[i].unit, units[i].name);
}

const char *html_memory(struct arena *a, int64_t bytes)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024)
        return arena_printf(a, "%" PRId64 "\u00a0bytes", bytes);
    size_t i = 0;
    int64_t unit = 1024;
    for (; i + 1 < sizeof names / sizeof *names && bytes / 1024 >= unit; i++)
        unit *= 1024;
    return rounded(a, bytes, unit, names[i]);
}

const char *html_percent(struct arena *a, int64_t part, int64_t whole)
{
    const double x = whole ? 100.0 * (double)part / (double)whole : 0;
    return arena_printf(a, "%.*f", x > 0 && x < 9.95 ? 1 : 0, x > 0 && x < 0.1 ? 0.1 : x);
}
