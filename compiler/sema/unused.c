/* Warnings about names: what is never read, and what hides another one. */
#include "compiler/sema/resolver.h"

#include <stdlib.h>
#include <string.h>

void resolver_warn(struct resolver *r, enum diag_code code, struct span at, const char *name, struct span other)
{
    struct resolve_warning w = {code, at, other, name};
    if (strncmp(r->module->name ? r->module->name : "", "std.", 4) != 0)
        vec_push(r->arena, &r->warnings, w);
}

void resolver_warn_locals(struct resolver *r)
{
    for (size_t i = r->scope.starts.at[r->scope.starts.n - 1]; i < r->scope.locals.n; i++) {
        const struct local *l = r->scope.locals.at[i];
        if (l->used || l->kind == LOCAL_LOOP || l->name[0] == '_')
            continue;
        resolver_warn(r, l->kind == LOCAL_PARAMETER ? W_UNUSED_PARAMETER : W_UNUSED_VARIABLE, l->at, l->name, (struct span){0});
    }
}

void resolver_warn_imports(struct resolver *r)
{
    const struct ast_module *m = r->module;
    const struct names *n = &r->names[m->index];
    for (size_t i = 0; i < m->imports.n; i++)
        if (!m->imports.at[i]->selective && m->imports.at[i]->module && !r->used_imports[i])
            resolver_warn(r, W_UNUSED_IMPORT, m->imports.at[i]->path.at, m->imports.at[i]->path.text, (struct span){0});
    for (size_t i = 0; i < n->own.n; i++) {
        const struct decl *d = n->own.entries[i].value;
        if (d->selected && !d->used)
            resolver_warn(r, W_UNUSED_IMPORT, d->at, n->own.entries[i].key, (struct span){0});
    }
}

static int by_place(const void *x, const void *y)
{
    const struct resolve_warning *a = x, *b = y;
    if (a->at.source != b->at.source)
        return strcmp(a->at.source->name, b->at.source->name);
    return (a->at.from > b->at.from) - (a->at.from < b->at.from);
}

void resolver_sort_warnings(struct resolver *r)
{
    if (r->warnings.n)
        qsort(r->warnings.at, r->warnings.n, sizeof *r->warnings.at, by_place);
}

void resolve_warn(struct diag *d, const struct resolved *r)
{
    for (size_t i = 0; i < r->n_warnings; i++) {
        const struct resolve_warning *w = &r->warnings[i];
        switch (w->code) {
        case W_UNUSED_PARAMETER:
            diag_warning(d, w->at, w->code, "parameter `%s` is not used", w->name);
            break;
        case W_UNUSED_IMPORT:
            diag_warning(d, w->at, w->code, "nothing is used of the import `%s`", w->name);
            break;
        case W_SHADOW:
            diag_warning(d, w->at, w->code, "this `%s` hides another one", w->name);
            diag_note(d, w->other, "the other one is here");
            break;
        default:
            diag_warning(d, w->at, w->code, "the value of `%s` is not used", w->name);
        }
    }
}
