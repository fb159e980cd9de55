#include "compiler/pass/remark.h"

#include <stdarg.h>
#include <stdio.h>

const char *const remark_flags[REMARK_KINDS] = {"pass", "pass-missed", "pass-analysis"};

void remark(struct remarks *r, enum remark_kind kind, const struct site *site, int64_t relus, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        bug("bad printf format");
    char *text = arena_alloc(r->arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    vec_push(r->arena, &r->list, ((struct remark){kind, *site, relus, text}));
}
