#include "compiler/pass/remark.h"

#include <stdarg.h>

const char *const remark_flags[REMARK_KINDS] = {"pass", "pass-missed", "pass-analysis"};

void remark(struct remarks *r, enum remark_kind kind, const struct site *site, int64_t relus, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(r->arena, format, args);
    va_end(args);
    vec_push(r->arena, &r->list, ((struct remark){kind, *site, relus, text}));
}
