/* Module by module: what it declares itself, then what its imports make visible. A name of its own hides an imported one; two modules that
 * export one name are rivals, and only the qualified name is clear then. */
#include "compiler/sema/declared.h"

#include "compiler/base/nearest.h"

#include <string.h>

struct declarer {
    struct arena *arena;
    struct diag *diag;
    struct names *names; /* [module->index] */
};

const char *declared_last_part(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

static void declare(struct declarer *c, struct names *n, const struct ast_name *name, struct decl decl)
{
    const struct decl *before = map_get(&n->own, name->text);
    if (before) {
        diag_error(c->diag, name->at, E_DECLARED_TWICE, "`%s` is declared twice", name->text);
        diag_note(c->diag, before->at, "the first declaration is here");
        return;
    }
    struct decl *d = ARENA_NEW(c->arena, struct decl);
    *d = decl;
    d->at = name->at;
    map_set(&n->own, name->text, d);
}

void declared_own(struct arena *a, struct diag *d, struct names *names, const struct ast_module *m)
{
    struct declarer c = {a, d, names};
    struct names *n = &names[m->index];
    *n = (struct names){map_new(a), map_new(a), map_new(a)};
    for (size_t i = 0; i < m->constants.n; i++)
        declare(&c, n, &m->constants.at[i]->target.name, (struct decl){.constant = m->constants.at[i], .module = m});
    for (size_t i = 0; i < m->blocks.n; i++)
        declare(&c, n, &m->blocks.at[i]->target.name, (struct decl){.block = m->blocks.at[i], .module = m});
}

const struct decl *declared_export(const struct names *names, const struct ast_module *m, const char *name)
{
    const struct decl *d = map_get(&names[m->index].own, name);
    return d && d->module == m ? d : NULL;
}

void declared_no_member(struct diag *d, const struct names *names, const struct ast_import *import, const struct ast_name *name,
                        const char *qualifier)
{
    diag_error(d, name->at, E_UNKNOWN_MEMBER, "module `%s` declares no `%s`", import->path.text, name->text);
    struct nearest near = nearest_to(name->text);
    const struct map *own = &names[import->module->index].own;
    for (size_t i = 0; diag_takes_notes(d) && i < own->n; i++)
        nearest_try(&near, own->entries[i].key);
    if (near.best)
        diag_note(d, name->at, "did you mean `%s%s`?", qualifier, near.best);
}

static void import_selected(struct declarer *c, struct names *n, const struct ast_import *import)
{
    for (size_t i = 0; i < import->names.n; i++) {
        const struct ast_name *name = &import->names.at[i].name;
        const struct decl *d = declared_export(c->names, import->module, name->text);
        if (d) {
            struct decl theirs = *d;
            theirs.import = import;
            theirs.selected = true;
            theirs.used = false; /* by its own module it may be */
            declare(c, n, name, theirs);
            continue;
        }
        declared_no_member(c->diag, c->names, import, name, "");
    }
}

static void import_all(struct declarer *c, struct names *n, const struct ast_import *import)
{
    const struct map *own = &c->names[import->module->index].own;
    for (size_t k = 0; k < own->n; k++) {
        const struct decl *theirs = own->entries[k].value;
        if (theirs->module != import->module || (theirs->block && theirs->block->is_network))
            continue;
        struct decl *d = ARENA_NEW(c->arena, struct decl);
        *d = *theirs;
        d->import = import;
        const struct decl *before = map_get(&n->imported, own->entries[k].key);
        d->rival = before && before->module != d->module ? before : NULL;
        map_set(&n->imported, own->entries[k].key, d);
    }
}

void declared_imports(struct arena *a, struct diag *d, struct names *names, const struct ast_module *m)
{
    struct declarer c = {a, d, names};
    struct names *n = &names[m->index];
    for (size_t i = 0; i < m->imports.n; i++) {
        struct ast_import *import = m->imports.at[i];
        const char *key = import->alias.text ? import->alias.text : declared_last_part(import->path.text);
        struct span at = import->alias.text ? import->alias.at : import->path.at;
        const struct ast_import *before = map_get(&n->modules, key);
        if (before && before->path.text && strcmp(before->path.text, import->path.text) == 0 && !import->selective) {
            diag_error(d, at, E_IMPORTED_TWICE, "`%s` is imported twice", import->path.text);
            diag_note(d, before->at, "the first import is here");
            continue;
        }
        if (before && !import->selective && !before->selective) {
            diag_error(d, at, E_IMPORT_CLASH, "two imports are called `%s`; write `import %s as ...;`", key, import->path.text);
            diag_note(d, before->at, "the other one is here");
            continue;
        }
        if (!import->module)
            continue;
        if (!before || before->selective)
            map_set(&n->modules, key, import);
        if (import->selective)
            import_selected(&c, n, import);
        else if (!import->alias.text)
            import_all(&c, n, import);
    }
}
