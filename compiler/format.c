#include "compiler/format.h"

#include "compiler/base/file.h"
#include "compiler/fmt/fmt.h"
#include "compiler/show.h"
#include "grammar/front.h"

#include <string.h>

/* One formatted file; NULL: errors were reported, or *failure says what could not be read. */
static const struct text *format(struct arena *a, struct diag *d, const char *path, bool *changed, const char **failure)
{
    size_t n;
    const char *bytes = file_read(a, path, SOURCE_MAX, &n, failure);
    if (!bytes)
        return NULL;
    const struct source *s = source_new(a, strcmp(path, "-") == 0 ? "<stdin>" : path, bytes, n);
    size_t before = diag_errors(d);
    front_parse(a, d, s);
    if (diag_errors(d) > before)
        return NULL;
    struct text *out = ARENA_NEW(a, struct text);
    *out = text_new(a);
    fmt_source(out, s);
    *changed = out->n != n || memcmp(text_str(out), bytes, n) != 0;
    return out;
}

int format_run(struct arena *a, const struct options *o)
{
    struct diag *d = diag_new(a);
    diag_limit(d, (size_t)o->max_errors);
    const char *failure = NULL;
    struct text print = text_new(a);
    struct file_set set = file_set_new(a);
    bool other = false; /* --check: some file is not formatted */
    for (size_t i = 0; i < o->words.n && !failure; i++) {
        bool changed;
        const struct text *t = format(a, d, o->words.at[i], &changed, &failure);
        if (!t)
            continue;
        if (o->check)
            text_add(&print, "%s%s", changed ? o->words.at[i] : "", changed ? "\n" : "");
        else if (o->in_place)
            file_set_add(&set, o->words.at[i], text_str(t), t->n);
        else
            text_add_bytes(&print, text_str(t), t->n);
        other |= o->check && changed;
    }
    if (!failure && print.n && (o->check || !diag_errors(d)))
        file_print(a, text_str(&print), print.n, &failure);
    if (!failure && !diag_errors(d))
        file_set_commit(&set, &failure);
    int status = show_diagnostics(a, d, failure, o);
    return status ? status : other;
}
