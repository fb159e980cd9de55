/* Layout of generated text. */
#include "compiler/emit/c.h"

#include "compiler/lower/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *formatted(struct arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        bug("bad printf format");
    char *s = arena_alloc(a, (size_t)n + 1);
    vsnprintf(s, (size_t)n + 1, format, again);
    va_end(again);
    return s;
}

struct c_items c_items_new(struct arena *a)
{
    return (struct c_items){.arena = a};
}

void c_item(struct c_items *items, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *item = formatted(items->arena, format, args);
    va_end(args);
    vec_push(items->arena, &items->v, item);
}

void c_list(struct text *t, const char *head, const struct c_items *items, const char *tail)
{
    const size_t start = 4 * (size_t)t->indent + strlen(head);
    size_t column = start;
    text_add(t, "%*s%s", 4 * t->indent, "", head);
    for (size_t i = 0; i < items->v.n; i++) {
        const char *item = items->v.at[i], *after = i + 1 < items->v.n ? "," : tail;
        if (i > 0 && column + 1 + strlen(item) + strlen(after) > C_COLUMNS) {
            text_add(t, "\n%*s", (int)start, "");
            column = start;
        } else if (i > 0) {
            text_add(t, " ");
            column++;
        }
        text_add(t, "%s%s", item, after);
        column += strlen(item) + strlen(after);
    }
    text_add(t, "%s\n", items->v.n ? "" : tail);
}

void c_call(struct text *t, enum c_call how, const char *function, const struct c_items *arguments)
{
    static const char *const before[] = {[C_CALL] = "", [C_TRY] = "CNAS_TRY(", [C_RETURN] = "return "};
    static const char *const after[] = {[C_CALL] = ");", [C_TRY] = "));", [C_RETURN] = ");"};
    c_list(t, arena_printf(t->arena, "%s%s(", before[how], function), arguments, after[how]);
}

void c_open(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_line(t, "%s", formatted(t->arena, format, args));
    va_end(args);
    text_line(t, "{");
    t->indent++;
}

void c_begin(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_line(t, "%s {", formatted(t->arena, format, args));
    va_end(args);
    t->indent++;
}

void c_end(struct text *t, const char *tail)
{
    t->indent--;
    text_line(t, "}%s", tail);
}

void c_blank(struct text *t)
{
    text_add(t, "\n");
}

void c_comment(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *s = c_harmless(t->arena, formatted(t->arena, format, args));
    va_end(args);
    size_t column = 4 * (size_t)t->indent + 2;
    text_add(t, "%*s/*", 4 * t->indent, "");
    for (const char *word = s; *word;) {
        const size_t n = strcspn(word, " ");
        if (column + 1 + n > C_COLUMNS - 3 && column > 4 * (size_t)t->indent + 2) {
            text_add(t, "\n%*s *", 4 * t->indent, "");
            column = 4 * (size_t)t->indent + 2;
        }
        text_add(t, " %.*s", (int)n, word);
        column += 1 + n;
        word += n;
        word += strspn(word, " ");
    }
    text_add(t, " */\n");
}

/* --- literals --- */

const char *c_string(struct arena *a, const char *s)
{
    struct text t = text_new(a);
    text_add(&t, "\"");
    for (const unsigned char *at = (const unsigned char *)s; *at; at++) {
        if (*at == '"' || *at == '\\')
            text_add(&t, "\\%c", *at);
        else if (*at < 0x20 || *at >= 0x7f || *at == '?') /* octal ends after three digits; no trigraphs */
            text_add(&t, "\\%03o", *at);
        else
            text_add(&t, "%c", *at);
    }
    text_add(&t, "\"");
    return text_str(&t);
}

const char *c_double(struct arena *a, double x)
{
    const char *s = plan_number(a, x);
    return strpbrk(s, ".e") ? s : arena_printf(a, "%s.0", s);
}

const char *c_float(struct arena *a, double x)
{
    return arena_printf(a, "%sf", c_double(a, x));
}

const char *c_harmless(struct arena *a, const char *s)
{
    char *out = arena_strdup(a, s);
    for (char *at = out; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f || *at == '\\' || (*at == '/' && at > out && at[-1] == '*') ||
            (*at == '*' && at > out && at[-1] == '/'))
            *at = '?';
    return out;
}
