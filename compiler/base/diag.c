/* Collecting diagnostics. How they look is diag_print.c's matter. */
#include "compiler/base/diag.h"
#include "compiler/base/diag_internal.h"

#include <stdarg.h>
#include <string.h>

struct diag *diag_new(struct arena *a)
{
    struct diag *d = ARENA_NEW(a, struct diag);
    d->arena = a;
    d->max = DIAG_MAX_ERRORS;
    d->wanted = diag_warnings_default();
    return d;
}

void diag_choose_warnings(struct diag *d, const struct diag_warnings *w)
{
    d->wanted = *w;
}

void diag_limit(struct diag *d, size_t max_errors)
{
    d->max = max_errors;
}

void diag_source(struct diag *d, const struct source *s)
{
    vec_push(d->arena, &d->sources, s);
}

size_t diag_errors(const struct diag *d)
{
    return d->errors;
}

size_t diag_warnings(const struct diag *d)
{
    return d->warnings;
}

static bool said_before(const struct diag *d, enum diag_kind kind, struct span at)
{
    for (size_t i = 0; i < d->items.n; i++) {
        const struct diag_item *item = &d->items.at[i];
        if (item->kind == kind && at.source && item->at.source == at.source && item->at.from == at.from && item->at.to == at.to)
            return true;
    }
    return false;
}

/* Returns whether the message is kept, so that its notes are too. */
static bool report(struct diag *d, enum diag_kind kind, struct span at, const struct site *site, enum diag_code code, const char *format,
                   va_list args)
{
    if (kind != DIAG_NOTE && *diag_code_text(code) != (kind == DIAG_ERROR ? 'E' : 'W'))
        bug("a code of the other kind");
    if (kind == DIAG_WARNING) {
        d->quiet = d->wanted.off[code];
        if (d->quiet)
            return false;
        kind = d->wanted.as_error[code] ? DIAG_ERROR : DIAG_WARNING;
    }
    size_t *count = kind == DIAG_ERROR ? &d->errors : &d->warnings;
    if (kind != DIAG_NOTE) {
        d->quiet = said_before(d, kind, at);
        if (d->quiet)
            return false;
        ++*count;
        d->quiet = d->max && *count > d->max;
    }
    if (d->quiet)
        return false;
    struct diag_item item = {.kind = kind, .at = at, .code = code, .text = arena_vprintf(d->arena, format, args)};
    if (site)
        item.site = *site;
    vec_push(d->arena, &d->items, item);
    return true;
}

void diag_error(struct diag *d, struct span at, enum diag_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(d, DIAG_ERROR, at, NULL, code, format, args);
    va_end(args);
}

void diag_warning(struct diag *d, struct span at, enum diag_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(d, DIAG_WARNING, at, NULL, code, format, args);
    va_end(args);
}

void diag_note(struct diag *d, struct span at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(d, DIAG_NOTE, at, NULL, 0, format, args);
    va_end(args);
}

bool diag_takes_notes(const struct diag *d)
{
    return !d->quiet;
}

/* The span that a site stands for: the place is known, its length is not, so the caret marks one byte. */
static struct span span_of(const struct diag *d, const struct site *site)
{
    for (size_t i = 0; site->file && i < d->sources.n; i++) {
        const struct source *s = d->sources.at[i];
        if (strcmp(s->name, site->file) != 0 || site->line < 1 || (uint32_t)site->line > s->n_lines)
            continue;
        size_t n;
        const char *line = source_line(s, site->line, &n);
        size_t column = site->column > 0 ? (size_t)site->column - 1 : 0;
        uint32_t from = (uint32_t)(line - s->bytes) + (uint32_t)(column < n ? column : n);
        return (struct span){s, from, from + 1};
    }
    return (struct span){0};
}

void diag_note_stack(struct diag *d, const struct site *from, const char *block)
{
    enum { SHOWN = 8 }; /* deep recursion prints its innermost calls only */
    int shown = 0, left = 0;
    for (const struct site *before = NULL; from; before = from, block = from->block, from = from->from) {
        bool again = before && before->line == from->line && before->column == from->column && before->file == from->file;
        if (again || shown == SHOWN) {
            left++;
            continue;
        }
        diag_note_at(d, from, "in block `%s`, instantiated here", block ? block : "?");
        shown++;
    }
    if (left)
        diag_note(d, (struct span){0}, "... and %d more instantiations", left);
}

void diag_error_at(struct diag *d, const struct site *at, enum diag_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (report(d, DIAG_ERROR, span_of(d, at), at, code, format, args))
        diag_note_stack(d, at->from, at->block);
    va_end(args);
}

void diag_warning_at(struct diag *d, const struct site *at, enum diag_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (report(d, DIAG_WARNING, span_of(d, at), at, code, format, args))
        diag_note_stack(d, at->from, at->block);
    va_end(args);
}

void diag_note_at(struct diag *d, const struct site *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(d, DIAG_NOTE, span_of(d, at), at, 0, format, args);
    va_end(args);
}

void diag_remark_at(struct diag *d, const struct site *at, const char *flag, const char *text)
{
    struct diag_item item = {.kind = DIAG_REMARK, .at = span_of(d, at), .site = *at, .flag = flag, .text = text};
    d->quiet = false;
    vec_push(d->arena, &d->items, item);
    diag_note_stack(d, at->from, at->block);
}
