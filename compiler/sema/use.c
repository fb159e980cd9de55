/* Uses of names: which declaration each one means, from the inside out: settings of a section, variables, declarations of the module,
 * imports, builtins. */
#include "compiler/sema/resolver.h"

#include "compiler/base/nearest.h"

#include <string.h>

static void use_import(struct resolver *r, const struct ast_import *import)
{
    for (size_t i = 0; import && i < r->module->imports.n; i++)
        if (r->module->imports.at[i] == import)
            r->used_imports[i] = true;
}

static void use_decl(struct resolver *r, uint32_t id, struct decl *d, struct span at)
{
    d->used = true;
    use_import(r, d->import);
    if (d->block && d->block->is_network) {
        diag_error(r->diag, at, E_NETWORK_AS_VALUE,
                   "`%s` is a network; only blocks and constants can be used in expressions", d->block->target.name.text);
        return;
    }
    if (d->block)
        *resolver_ref(r, id) = (struct ref){.kind = REF_BLOCK, .block = {d->block, d->module}};
    else
        *resolver_ref(r, id) = (struct ref){.kind = REF_CONSTANT, .constant = {d->constant, d->module}};
}

static void unknown_name(struct resolver *r, const struct ast_name *name)
{
    diag_error(r->diag, name->at, E_UNKNOWN_NAME, "unknown name `%s`", name->text);
    const struct local *ended = scope_ended(&r->scope, name->text);
    if (ended) {
        diag_note(r->diag, ended->at, "`%s` got its value here and lives only up to the end of these braces; give it a value before them",
                  name->text);
        return;
    }
    if (!diag_takes_notes(r->diag))
        return;
    struct names *n = &r->names[r->module->index];
    struct nearest near = nearest_to(name->text);
    scope_suggest(&r->scope, &near);
    for (size_t i = 0; i < n->own.n; i++)
        nearest_try(&near, n->own.entries[i].key);
    for (size_t i = 0; i < n->imported.n; i++)
        nearest_try(&near, n->imported.entries[i].key);
    for (size_t i = 0; i < builtin_count(); i++)
        nearest_try(&near, builtin_at(i)->name);
    nearest_try(&near, "true");
    nearest_try(&near, "false");
    if (map_get(&n->modules, name->text))
        diag_note(r->diag, name->at, "`%s` is a module; its blocks and constants are written `%s.name`", name->text, name->text);
    else if (near.best)
        diag_note(r->diag, name->at, "did you mean `%s`?", near.best);
    else if (r->section)
        diag_note(r->diag, name->at, "the words of `%s { }`: %s", r->section, builtin_section_words(r->arena, r->section));
}

static void use_qualified(struct resolver *r, const struct ast_expr *e)
{
    struct names *n = &r->names[r->module->index];
    const struct ast_name *module = &e->name.module, *name = &e->name.name;
    const struct ast_import *import = map_get(&n->modules, module->text);
    if (!import) {
        diag_error(r->diag, module->at, E_UNKNOWN_MODULE_NAME, "no imported module is called `%s`", module->text);
        if (scope_find(&r->scope, module->text)) {
            diag_note(r->diag, module->at, "`%s` is a value, which has no members: `%s |> relu` applies an operator, and `channels(%s)` asks",
                      module->text, module->text, module->text);
            return;
        }
        struct nearest near = nearest_to(module->text);
        for (size_t i = 0; diag_takes_notes(r->diag) && i < n->modules.n; i++)
            nearest_try(&near, n->modules.entries[i].key);
        if (near.best)
            diag_note(r->diag, module->at, "did you mean `%s`?", near.best);
        return;
    }
    use_import(r, import);
    const struct decl *d = declared_export(r->names, import->module, name->text);
    if (d) {
        struct decl theirs = *d;
        use_decl(r, e->name.id, &theirs, e->at);
        return;
    }
    declared_no_member(r->diag, r->names, import, name, arena_printf(r->arena, "%s.", module->text));
}

void resolver_use(struct resolver *r, const struct ast_expr *e)
{
    const struct ast_name *name = &e->name.name;
    if (e->name.module.text) {
        use_qualified(r, e);
        return;
    }
    const struct builtin *setting = r->section ? builtin_find_section(r->section, name->text) : NULL;
    if (setting) {
        *resolver_ref(r, e->name.id) = (struct ref){.kind = REF_BUILTIN, .builtin = setting};
        return;
    }
    struct local *l = scope_find(&r->scope, name->text);
    if (l) {
        l->used = true;
        *resolver_ref(r, e->name.id) = (struct ref){.kind = REF_LOCAL, .slot = l->slot};
        return;
    }
    struct names *n = &r->names[r->module->index];
    struct decl *d = map_get(&n->own, name->text);
    if (!d) {
        d = map_get(&n->imported, name->text);
        if (d && d->rival) {
            diag_error(r->diag, name->at, E_AMBIGUOUS_NAME,
                       "`%s` is declared by two imported modules; write `%s.%s` or `%s.%s`", name->text,
                       declared_last_part(d->rival->module->name), name->text, declared_last_part(d->module->name), name->text);
            diag_note(r->diag, d->rival->at, "one is here");
            diag_note(r->diag, d->at, "the other is here");
            return;
        }
    }
    if (d) {
        use_decl(r, e->name.id, d, name->at);
        return;
    }
    const struct builtin *b = builtin_find(name->text);
    if (b)
        *resolver_ref(r, e->name.id) = (struct ref){.kind = REF_BUILTIN, .builtin = b};
    else
        unknown_name(r, name);
}
