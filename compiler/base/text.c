/* A growing text with an indent. */
#include "compiler/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text text_new(struct arena *a)
{
    return (struct text){.arena = a};
}

void text_add_bytes(struct text *t, const char *bytes, size_t n)
{
    if (t->cap - t->n < n + 1) {
        size_t cap = t->cap ? 2 * t->cap : 256;
        while (cap - t->n < n + 1)
            cap *= 2;
        char *grown = arena_alloc(t->arena, cap);
        if (t->n)
            memcpy(grown, t->bytes, t->n);
        t->bytes = grown;
        t->cap = cap;
    }
    if (n)
        memcpy(t->bytes + t->n, bytes, n);
    t->n += n;
    t->bytes[t->n] = '\0';
}

static void add_list(struct text *t, const char *format, va_list args)
{
    char small[512];
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, format, args);
    if (n < 0)
        bug("bad printf format");
    if ((size_t)n < sizeof small) {
        text_add_bytes(t, small, (size_t)n);
    } else {
        char *large = arena_alloc(t->arena, (size_t)n + 1);
        vsnprintf(large, (size_t)n + 1, format, again);
        text_add_bytes(t, large, (size_t)n);
    }
    va_end(again);
}

void text_add(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_list(t, format, args);
    va_end(args);
}

void text_line(struct text *t, const char *format, ...)
{
    if (*format)
        for (int i = 0; i < t->indent; i++)
            text_add_bytes(t, "    ", 4);
    va_list args;
    va_start(args, format);
    add_list(t, format, args);
    va_end(args);
    text_add_bytes(t, "\n", 1);
}

void text_real(struct text *t, double value)
{
    char digits[40];
    for (int precision = 1; precision <= 17; precision++) { /* 17 are enough for any double */
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    text_add(t, "%s", digits);
}

const char *text_str(const struct text *t)
{
    return t->bytes ? t->bytes : "";
}
