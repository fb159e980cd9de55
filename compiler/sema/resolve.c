/* Walks every module's text in order. Assignment gives a new value to the nearest variable of that name in the same block,
 * or makes one in the innermost scope: so every use that resolves has a value when it is reached.
 *
 * A group `label: { ... }` is no scope: it only names its statements. */
#include "compiler/sema/resolve.h"

#include "compiler/base/map.h"
#include "compiler/base/nearest.h"
#include "compiler/sema/annotation.h"
#include "compiler/sema/scope.h"

#include <stdlib.h>
#include <string.h>

/* A module-level name, as one module sees it. */
struct decl {
    const struct ast_constant *constant; /* one of the two is set */
    const struct ast_block *block;
    const struct ast_module *module; /* where it is declared */
    const struct ast_import *import; /* NULL: declared here */
    bool selected;                   /* by import ... { name } */
    bool used;
    const struct decl *rival;        /* another module's declaration of the same name: the plain name is ambiguous */
    struct span at;
};

struct names { /* of one module */
    struct map own;      /* name -> struct decl: declared here, or imported by { name } */
    struct map imported; /* name -> struct decl: from plain imports */
    struct map modules;  /* last part of the path, or alias -> struct ast_import */
};

struct resolver {
    struct arena *arena;
    struct diag *diag;
    const struct ast_module *module;
    struct names *names; /* [module->index] */
    struct ref **refs;
    struct scope scope;
    bool *used_imports;  /* of the module */
    VEC(struct resolve_warning) warnings;
    const char *section; /* whose settings are walked; NULL: none */
};

unsigned resolve_type_kinds(const char *name)
{
    static const struct {
        const char *name;
        unsigned kinds;
    } types[] = {
        {"int", KIND(VALUE_INT) | KIND(VALUE_SYMBOL)},
        {"real", KIND(VALUE_REAL) | KIND(VALUE_SYMBOL)},
        {"bool", KIND(VALUE_BOOL)},
        {"string", KIND(VALUE_STRING)},
        {"list", KIND(VALUE_LIST)},
        {"tensor", KIND(VALUE_TENSOR)},
        {"block", KIND(VALUE_BLOCK) | KIND(VALUE_BUILTIN)},
        {"any", KIND_ANY},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].kinds;
    return 0;
}

/* ---- module level ---- */

static const char *last_part(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

static void declare(struct resolver *r, struct names *n, const struct ast_name *name, struct decl decl)
{
    const struct decl *before = map_get(&n->own, name->text);
    if (before) {
        diag_error(r->diag, name->at, E_DECLARED_TWICE, "`%s` is declared twice", name->text);
        diag_note(r->diag, before->at, "the first declaration is here");
        return;
    }
    struct decl *d = ARENA_NEW(r->arena, struct decl);
    *d = decl;
    d->at = name->at;
    map_set(&n->own, name->text, d);
}

static void declare_own(struct resolver *r, const struct ast_module *m)
{
    struct names *n = &r->names[m->index];
    n->own = map_new(r->arena);
    n->imported = map_new(r->arena);
    n->modules = map_new(r->arena);
    for (size_t i = 0; i < m->constants.n; i++)
        declare(r, n, &m->constants.at[i]->target.name, (struct decl){.constant = m->constants.at[i], .module = m});
    for (size_t i = 0; i < m->blocks.n; i++)
        declare(r, n, &m->blocks.at[i]->target.name, (struct decl){.block = m->blocks.at[i], .module = m});
}

/* What module m itself declares under that name, and lets others use: not what it imports. */
static const struct decl *exported(const struct resolver *r, const struct ast_module *m, const char *name)
{
    const struct decl *d = map_get(&r->names[m->index].own, name);
    return d && d->module == m ? d : NULL;
}

static void import_selected(struct resolver *r, struct names *n, const struct ast_import *import)
{
    for (size_t i = 0; i < import->names.n; i++) {
        const struct ast_name *name = &import->names.at[i].name;
        const struct decl *d = exported(r, import->module, name->text);
        if (d) {
            struct decl theirs = *d;
            theirs.import = import;
            theirs.selected = true;
            theirs.used = false; /* by its own module it may be */
            declare(r, n, name, theirs);
            continue;
        }
        diag_error(r->diag, name->at, E_UNKNOWN_MEMBER, "module `%s` declares no `%s`", import->path.text, name->text);
        struct nearest near = nearest_to(name->text);
        const struct map *own = &r->names[import->module->index].own;
        for (size_t k = 0; k < own->n; k++)
            nearest_try(&near, own->entries[k].key);
        if (near.best)
            diag_note(r->diag, name->at, "did you mean `%s`?", near.best);
    }
}

static void import_all(struct resolver *r, struct names *n, const struct ast_import *import)
{
    const struct map *own = &r->names[import->module->index].own;
    for (size_t k = 0; k < own->n; k++) {
        const struct decl *theirs = own->entries[k].value;
        if (theirs->module != import->module || (theirs->block && theirs->block->is_network))
            continue;
        struct decl *d = ARENA_NEW(r->arena, struct decl);
        *d = *theirs;
        d->import = import;
        const struct decl *before = map_get(&n->imported, own->entries[k].key);
        d->rival = before && before->module != d->module ? before : NULL;
        map_set(&n->imported, own->entries[k].key, d);
    }
}

static void declare_imports(struct resolver *r, const struct ast_module *m)
{
    struct names *n = &r->names[m->index];
    for (size_t i = 0; i < m->imports.n; i++) {
        struct ast_import *import = m->imports.at[i];
        const char *key = import->alias.text ? import->alias.text : last_part(import->path.text);
        struct span at = import->alias.text ? import->alias.at : import->path.at;
        const struct ast_import *before = map_get(&n->modules, key);
        if (before && before->path.text && strcmp(before->path.text, import->path.text) == 0 && !import->selective) {
            diag_error(r->diag, at, E_IMPORTED_TWICE, "`%s` is imported twice", import->path.text);
            diag_note(r->diag, before->at, "the first import is here");
            continue;
        }
        if (before && !import->selective && !before->selective) {
            diag_error(r->diag, at, E_IMPORT_CLASH, "two imports are called `%s`; write `import %s as ...;`", key, import->path.text);
            diag_note(r->diag, before->at, "the other one is here");
            continue;
        }
        if (!import->module)
            continue;
        if (!before || before->selective)
            map_set(&n->modules, key, import);
        if (import->selective)
            import_selected(r, n, import);
        else if (!import->alias.text)
            import_all(r, n, import);
    }
}

/* ---- uses ---- */

static struct ref *ref_at(struct resolver *r, uint32_t id)
{
    return &r->refs[r->module->index][id];
}

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
        *ref_at(r, id) = (struct ref){.kind = REF_BLOCK, .block = {d->block, d->module}};
    else
        *ref_at(r, id) = (struct ref){.kind = REF_CONSTANT, .constant = {d->constant, d->module}};
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
    struct names *n = &r->names[r->module->index];
    struct nearest near = nearest_to(name->text);
    scope_suggest(&r->scope, &near);
    for (size_t i = 0; i < n->own.n; i++)
        nearest_try(&near, n->own.entries[i].key);
    for (size_t i = 0; i < n->imported.n; i++)
        nearest_try(&near, n->imported.entries[i].key);
    for (size_t i = 0; i < builtin_count(); i++)
        nearest_try(&near, builtin_at(i)->name);
    if (near.best)
        diag_note(r->diag, name->at, "did you mean `%s`?", near.best);
}

static void use_qualified(struct resolver *r, const struct ast_expr *e)
{
    struct names *n = &r->names[r->module->index];
    const struct ast_name *module = &e->name.module, *name = &e->name.name;
    const struct ast_import *import = map_get(&n->modules, module->text);
    if (!import) {
        diag_error(r->diag, module->at, E_UNKNOWN_MODULE_NAME, "no imported module is called `%s`", module->text);
        struct nearest near = nearest_to(module->text);
        for (size_t i = 0; i < n->modules.n; i++)
            nearest_try(&near, n->modules.entries[i].key);
        if (near.best)
            diag_note(r->diag, module->at, "did you mean `%s`?", near.best);
        return;
    }
    use_import(r, import);
    const struct decl *d = exported(r, import->module, name->text);
    if (d) {
        struct decl theirs = *d;
        use_decl(r, e->name.id, &theirs, e->at);
        return;
    }
    diag_error(r->diag, name->at, E_UNKNOWN_MEMBER, "module `%s` declares no `%s`", import->path.text, name->text);
    struct nearest near = nearest_to(name->text);
    const struct map *own = &r->names[import->module->index].own;
    for (size_t i = 0; i < own->n; i++)
        nearest_try(&near, own->entries[i].key);
    if (near.best)
        diag_note(r->diag, name->at, "did you mean `%s.%s`?", module->text, near.best);
}

static void use_name(struct resolver *r, const struct ast_expr *e)
{
    const struct ast_name *name = &e->name.name;
    if (e->name.module.text) {
        use_qualified(r, e);
        return;
    }
    const struct builtin *setting = r->section ? builtin_find_section(r->section, name->text) : NULL;
    if (setting) {
        *ref_at(r, e->name.id) = (struct ref){.kind = REF_BUILTIN, .builtin = setting};
        return;
    }
    struct local *l = scope_find(&r->scope, name->text);
    if (l) {
        l->used = true;
        *ref_at(r, e->name.id) = (struct ref){.kind = REF_LOCAL, .slot = l->slot};
        return;
    }
    struct names *n = &r->names[r->module->index];
    struct decl *d = map_get(&n->own, name->text);
    if (!d) {
        d = map_get(&n->imported, name->text);
        if (d && d->rival) {
            diag_error(r->diag, name->at, E_AMBIGUOUS_NAME,
                       "`%s` is declared by two imported modules; write `%s.%s` or `%s.%s`", name->text,
                       last_part(d->rival->module->name), name->text, last_part(d->module->name), name->text);
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
        *ref_at(r, e->name.id) = (struct ref){.kind = REF_BUILTIN, .builtin = b};
    else
        unknown_name(r, name);
}

static void warn(struct resolver *r, enum diag_code code, struct span at, const char *name, struct span other)
{
    struct resolve_warning w = {code, at, other, name};
    if (strncmp(r->module->name ? r->module->name : "", "std.", 4) != 0)
        vec_push(r->arena, &r->warnings, w);
}

static void close_scope(struct resolver *r)
{
    for (size_t i = r->scope.starts.at[r->scope.starts.n - 1]; i < r->scope.locals.n; i++) {
        const struct local *l = r->scope.locals.at[i];
        if (l->used || l->kind == LOCAL_LOOP || l->name[0] == '_')
            continue;
        warn(r, l->kind == LOCAL_PARAMETER ? W_UNUSED_PARAMETER : W_UNUSED_VARIABLE, l->at, l->name, (struct span){0});
    }
    scope_close(&r->scope);
}

static struct local *new_local(struct resolver *r, const struct ast_target *t, enum local_kind kind)
{
    const struct local *outer = scope_find(&r->scope, t->name.text);
    if (outer && !scope_is_innermost(&r->scope, outer))
        warn(r, W_SHADOW, t->name.at, t->name.text, outer->at);
    struct local *l = scope_add(&r->scope, &t->name, kind);
    *ref_at(r, t->id) = (struct ref){.kind = REF_LOCAL, .slot = l->slot};
    return l;
}

/* Names that one construct gives values to at once must differ. */
static void new_locals(struct resolver *r, const struct ast_targets *targets, enum local_kind kind)
{
    for (size_t i = 0; i < targets->n; i++) {
        const struct local *l = scope_find(&r->scope, targets->at[i].name.text);
        if (l && i > 0 && l->slot + i >= r->scope.n_slots && scope_is_innermost(&r->scope, l)) {
            diag_error(r->diag, targets->at[i].name.at, E_DECLARED_TWICE, "`%s` stands here twice", l->name);
            diag_note(r->diag, l->at, "the first one is here");
        }
        new_local(r, &targets->at[i], kind);
    }
}

static void assign(struct resolver *r, const struct ast_target *t)
{
    const struct local *l = scope_find(&r->scope, t->name.text);
    if (!l) {
        new_local(r, t, LOCAL_VARIABLE);
        return;
    }
    if (l->kind == LOCAL_CONSTANT || l->kind == LOCAL_LOOP) {
        diag_error(r->diag, t->name.at, E_KEEPS_VALUE, "`%s` is %s and keeps its value", l->name,
                   l->kind == LOCAL_CONSTANT ? "a constant" : "a loop variable");
        diag_note(r->diag, l->at, "it gets its value here");
    }
    *ref_at(r, t->id) = (struct ref){.kind = REF_LOCAL, .slot = l->slot};
}

static void walk_expr(struct resolver *r, const struct ast_expr *e);

static void walk_args(struct resolver *r, const struct ast_args *args)
{
    for (size_t i = 0; i < args->n; i++)
        walk_expr(r, args->at[i].value);
}

static void walk_annotations(struct resolver *r, const struct ast_annotations *as, enum annotation_place place)
{
    for (size_t i = 0; i < as->n; i++) {
        const struct ast_annotation *a = &as->at[i];
        if (!annotation_check(r->diag, a, place))
            continue;
        for (size_t k = 0; k < i; k++)
            if (strcmp(as->at[k].name.text, a->name.text) == 0) {
                diag_error(r->diag, a->at, E_ANNOTATION_TWICE, "`@%s` stands here twice", a->name.text);
                diag_note(r->diag, as->at[k].at, "the first one is here");
                break;
            }
        if (!annotation_is(a, "passes")) /* its arguments are words, not names */
            walk_args(r, &a->args);
    }
}

static void walk_comprehension(struct resolver *r, const struct ast_expr *e)
{
    const struct ast_clauses *clauses = &e->comprehension.clauses;
    size_t opened = 0;
    for (size_t i = 0; i < clauses->n; i++) {
        walk_expr(r, clauses->at[i].list);
        if (!clauses->at[i].is_for)
            continue;
        scope_open(&r->scope);
        opened++;
        new_locals(r, &clauses->at[i].targets, LOCAL_LOOP);
    }
    walk_expr(r, e->comprehension.element);
    while (opened--)
        close_scope(r);
}

/* The operators of a chain are walked by a loop: chains may be long. */
static const struct ast_expr *walk_spine(struct resolver *r, const struct ast_expr *e)
{
    VEC(const struct ast_expr *) chain = {0};
    enum ast_expr_kind kind = e->kind;
    for (; e->kind == kind; e = kind == AST_PIPE ? e->pipe.left : e->binary.left)
        vec_push(r->arena, &chain, e);
    walk_expr(r, e);
    while (chain.n > 0) {
        const struct ast_expr *link = chain.at[--chain.n];
        walk_expr(r, kind == AST_PIPE ? link->pipe.right : link->binary.right);
    }
    return e;
}

static void walk_expr(struct resolver *r, const struct ast_expr *e)
{
    switch (e->kind) {
    case AST_INT:
    case AST_REAL:
    case AST_BOOL:
    case AST_STRING:
        break;
    case AST_LIST:
        for (size_t i = 0; i < e->list.n; i++)
            walk_expr(r, e->list.at[i]);
        break;
    case AST_COMPREHENSION:
        walk_comprehension(r, e);
        break;
    case AST_NAME:
        use_name(r, e);
        break;
    case AST_CALL:
        walk_expr(r, e->call.callee);
        walk_args(r, &e->call.args);
        break;
    case AST_INDEX:
        walk_expr(r, e->index.list);
        walk_expr(r, e->index.index);
        break;
    case AST_UNARY:
        walk_expr(r, e->binary.right);
        break;
    case AST_BINARY:
    case AST_PIPE:
        walk_spine(r, e);
        break;
    case AST_IF:
        walk_expr(r, e->branch.condition);
        walk_expr(r, e->branch.yes);
        walk_expr(r, e->branch.no);
        break;
    case AST_ANNOTATED:
        walk_expr(r, e->annotated.inner);
        if (annotation_check(r->diag, &e->annotated.annotation, ON_EXPRESSION))
            walk_args(r, &e->annotated.annotation.args);
        break;
    }
}

/* ---- statements ---- */

static void walk_type(struct resolver *r, const struct ast_type *t)
{
    static const char *const names[] = {"int", "real", "bool", "string", "list", "tensor", "block", "any"};
    if (!t->name.text)
        return;
    if (resolve_type_kinds(t->name.text) == 0) {
        diag_error(r->diag, t->name.at, E_UNKNOWN_TYPE, "unknown type `%s`", t->name.text);
        struct nearest near = nearest_to(t->name.text);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            nearest_try(&near, names[i]);
        if (near.best)
            diag_note(r->diag, t->name.at, "did you mean `%s`?", near.best);
        else
            diag_note(r->diag, t->name.at, "the types are int, real, bool, string, list, tensor, block and any");
        return;
    }
    if (!t->has_args)
        return;
    if (strcmp(t->name.text, "tensor") == 0) {
        if (t->args.n != 1 && t->args.n != 3)
            diag_error(r->diag, t->at, E_TYPE_FORM,
                       "a tensor has 1 dimension (features) or 3 (channels, height, width), not %zu", t->args.n);
        for (size_t i = 0; i < t->args.n; i++)
            walk_expr(r, t->args.at[i]);
        return;
    }
    if (strcmp(t->name.text, "list") != 0) {
        diag_error(r->diag, t->at, E_TYPE_FORM, "type `%s` takes nothing in brackets", t->name.text);
        return;
    }
    const struct ast_expr *of = t->args.n == 1 ? t->args.at[0] : NULL;
    if (!of || of->kind != AST_NAME || of->name.module.text || resolve_type_kinds(of->name.name.text) == 0)
        diag_error(r->diag, t->at, E_TYPE_FORM, "a list type is written `list[tensor]`, with one type in the brackets");
}

static void walk_body(struct resolver *r, const struct ast_body *b);

static void walk_scope(struct resolver *r, const struct ast_body *b)
{
    scope_open(&r->scope);
    walk_body(r, b);
    close_scope(r);
}

static void walk_section(struct resolver *r, const struct ast_stmt *s)
{
    r->section = s->label.text;
    walk_args(r, &s->settings);
    r->section = NULL;
}

static void walk_stmt(struct resolver *r, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_ASSIGN:
        walk_expr(r, s->value);
        for (size_t i = 0; i < s->targets.n; i++) {
            for (size_t k = 0; k < i; k++)
                if (strcmp(s->targets.at[k].name.text, s->targets.at[i].name.text) == 0)
                    diag_error(r->diag, s->targets.at[i].name.at, E_DECLARED_TWICE, "`%s` stands here twice", s->targets.at[i].name.text);
            assign(r, &s->targets.at[i]);
        }
        break;
    case AST_CONST:
    case AST_INPUT:
    case AST_OUTPUT: {
        if (s->value)
            walk_expr(r, s->value);
        walk_type(r, &s->type);
        walk_annotations(r, &s->annotations, ON_INPUT);
        const struct local *l = scope_find(&r->scope, s->targets.at[0].name.text);
        if (l && scope_is_innermost(&r->scope, l) && (s->kind != AST_OUTPUT || l->kind == LOCAL_CONSTANT)) {
            diag_error(r->diag, s->targets.at[0].name.at, E_HAS_VALUE, "`%s` has a value already", l->name);
            diag_note(r->diag, l->at, "it gets it here");
        }
        struct local *made = new_local(r, &s->targets.at[0], s->kind == AST_CONST ? LOCAL_CONSTANT : LOCAL_VARIABLE);
        made->used = s->kind != AST_CONST;
        break;
    }
    case AST_FOR:
        walk_expr(r, s->value);
        scope_open(&r->scope);
        new_locals(r, &s->targets, LOCAL_LOOP);
        walk_scope(r, &s->body);
        close_scope(r);
        break;
    case AST_IF_STMT:
        walk_expr(r, s->value);
        walk_scope(r, &s->body);
        walk_scope(r, &s->otherwise);
        break;
    case AST_RETURN:
        for (size_t i = 0; i < s->values.n; i++)
            walk_expr(r, s->values.at[i]);
        break;
    case AST_GROUP:
        walk_annotations(r, &s->annotations, ON_GROUP);
        walk_body(r, &s->body);
        break;
    case AST_SECTION:
        walk_section(r, s);
        break;
    case AST_EVALUATE:
        walk_expr(r, s->value);
        break;
    }
}

static void walk_body(struct resolver *r, const struct ast_body *b)
{
    for (size_t i = 0; i < b->n; i++) {
        walk_stmt(r, b->at[i]);
        if (b->at[i]->kind == AST_RETURN && i + 1 < b->n) {
            diag_error(r->diag, b->at[i + 1]->at, E_NEVER_REACHED, "this is never reached: the statement before it returns");
            diag_note(r->diag, b->at[i]->at, "it returns here");
            break;
        }
    }
}

static void walk_block(struct resolver *r, const struct ast_block *b)
{
    r->scope = scope_new(r->arena);
    walk_annotations(r, &b->annotations, b->is_network ? ON_NETWORK : ON_BLOCK);
    scope_open(&r->scope);
    for (size_t i = 0; i < b->params.n; i++) {
        const struct ast_param *p = &b->params.at[i];
        walk_type(r, &p->type);
        if (p->value)
            walk_expr(r, p->value);
        const struct local *l = scope_find(&r->scope, p->target.name.text);
        if (l) {
            diag_error(r->diag, p->target.name.at, E_DECLARED_TWICE, "two parameters are called `%s`", l->name);
            diag_note(r->diag, l->at, "the first one is here");
        }
        new_local(r, &p->target, LOCAL_PARAMETER);
    }
    for (size_t i = 0; i < b->returns.n; i++)
        walk_type(r, &b->returns.at[i]);
    if (b->is_network && b->has_returns)
        diag_error(r->diag, b->returns.at[0].at, E_NETWORK_RESULT, "a network gives its results by `output`, and has no result type");
    walk_body(r, &b->body);
    close_scope(r);
    *ref_at(r, b->target.id) = (struct ref){.kind = REF_LOCAL, .slot = r->scope.n_slots};
}

uint32_t resolved_frame_size(const struct resolved *r, const struct ast_module *m, const struct ast_block *b)
{
    return r->refs[m->index][b->target.id].slot;
}

static void unused_imports(struct resolver *r, const struct ast_module *m)
{
    const struct names *n = &r->names[m->index];
    for (size_t i = 0; i < m->imports.n; i++)
        if (!m->imports.at[i]->selective && m->imports.at[i]->module && !r->used_imports[i])
            warn(r, W_UNUSED_IMPORT, m->imports.at[i]->path.at, m->imports.at[i]->path.text, (struct span){0});
    for (size_t i = 0; i < n->own.n; i++) {
        const struct decl *d = n->own.entries[i].value;
        if (d->selected && !d->used)
            warn(r, W_UNUSED_IMPORT, d->at, n->own.entries[i].key, (struct span){0});
    }
}

static int by_place(const void *x, const void *y)
{
    const struct resolve_warning *a = x, *b = y;
    if (a->at.source != b->at.source)
        return strcmp(a->at.source->name, b->at.source->name);
    return (a->at.from > b->at.from) - (a->at.from < b->at.from);
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

const struct resolved *resolve_program(struct arena *a, struct diag *d, const struct ast_program *p)
{
    struct resolver r = {.arena = a, .diag = d};
    r.names = ARENA_ARRAY(a, struct names, p->n_modules);
    r.refs = ARENA_ARRAY(a, struct ref *, p->n_modules);
    for (size_t i = 0; i < p->n_modules; i++) {
        r.refs[i] = ARENA_ARRAY(a, struct ref, p->modules[i]->n_ids);
        declare_own(&r, p->modules[i]);
    }
    for (size_t i = 0; i < p->n_modules; i++) {
        const struct ast_module *m = r.module = p->modules[i];
        r.used_imports = ARENA_ARRAY(a, bool, m->imports.n);
        declare_imports(&r, m);
        r.scope = scope_new(a);
        for (size_t k = 0; k < m->constants.n; k++)
            walk_expr(&r, m->constants.at[k]->value);
        for (size_t k = 0; k < m->blocks.n; k++)
            walk_block(&r, m->blocks.at[k]);
        unused_imports(&r, m);
    }
    struct resolved *out = ARENA_NEW(a, struct resolved);
    out->refs = (const struct ref *const *)r.refs;
    if (r.warnings.n)
        qsort(r.warnings.at, r.warnings.n, sizeof *r.warnings.at, by_place);
    out->warnings = r.warnings.at;
    out->n_warnings = r.warnings.n;
    return out;
}

const struct ref *resolve_define(struct arena *a, struct diag *d, const struct ast_expr *value, uint32_t n_ids)
{
    struct ast_module m = {.n_ids = n_ids};
    struct ref *refs = ARENA_ARRAY(a, struct ref, n_ids);
    struct names names = {.own = map_new(a), .imported = map_new(a), .modules = map_new(a)};
    struct resolver r = {.arena = a, .diag = d, .module = &m, .names = &names, .refs = &refs, .scope = scope_new(a)};
    walk_expr(&r, value);
    return refs;
}
