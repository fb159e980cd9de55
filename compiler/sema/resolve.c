/* Walks every module's text in order. Assignment gives a new value to the nearest variable of that name in the same block,
 * or makes one in the innermost scope: so every use that resolves has a value when it is reached.
 *
 * A group `label: { ... }` is no scope: it only names its statements. */
#include "compiler/sema/resolve.h"

#include "compiler/sema/annotation.h"
#include "compiler/sema/resolver.h"
#include "compiler/sema/type.h"

#include <string.h>

static void close_scope(struct resolver *r)
{
    resolver_warn_locals(r);
    scope_close(&r->scope);
}

static struct local *new_local(struct resolver *r, const struct ast_target *t, enum local_kind kind)
{
    const struct local *outer = scope_find(&r->scope, t->name.text);
    if (outer && !scope_is_innermost(&r->scope, outer))
        resolver_warn(r, W_SHADOW, t->name.at, t->name.text, outer->at);
    struct local *l = scope_add(&r->scope, &t->name, kind);
    *resolver_ref(r, t->id) = (struct ref){.kind = REF_LOCAL, .slot = l->slot};
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
    *resolver_ref(r, t->id) = (struct ref){.kind = REF_LOCAL, .slot = l->slot};
}

static void walk_expr(struct resolver *r, const struct ast_expr *e);

static void walk_args(struct resolver *r, const struct ast_args *args)
{
    for (size_t i = 0; i < args->n; i++)
        walk_expr(r, args->at[i].value);
}

static void annotation_twice(struct resolver *r, const struct ast_annotation *a, const struct ast_annotation *first)
{
    diag_error(r->diag, a->at, E_ANNOTATION_TWICE, "`@%s` stands here twice", a->name.text);
    diag_note(r->diag, first->at, "the first one is here");
}

static void walk_annotations(struct resolver *r, const struct ast_annotations *as, enum annotation_place place)
{
    for (size_t i = 0; i < as->n; i++) {
        const struct ast_annotation *a = &as->at[i];
        if (!annotation_check(r->arena, r->diag, a, place))
            continue;
        for (size_t k = 0; k < i; k++)
            if (strcmp(as->at[k].name.text, a->name.text) == 0) {
                annotation_twice(r, a, &as->at[k]);
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

static void walk_annotated(struct resolver *r, const struct ast_expr *e)
{
    const struct ast_annotation *a = &e->annotated.annotation;
    if (!annotation_check(r->arena, r->diag, a, ON_EXPRESSION))
        return;
    for (const struct ast_expr *inner = e->annotated.inner; inner->kind == AST_ANNOTATED; inner = inner->annotated.inner)
        if (!annotation_is(a, "pick") && annotation_is(&inner->annotated.annotation, a->name.text)) { /* a second pick names its choice */
            annotation_twice(r, a, &inner->annotated.annotation);
            break;
        }
    walk_args(r, &a->args);
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
        resolver_use(r, e);
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
        walk_annotated(r, e);
        break;
    }
}

/* ---- statements ---- */

static void walk_type(struct resolver *r, const struct ast_type *t)
{
    bool dimensions = type_check(r->diag, t);
    for (size_t i = 0; dimensions && i < t->args.n; i++)
        walk_expr(r, t->args.at[i]);
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

static void assign_all(struct resolver *r, const struct ast_targets *targets)
{
    struct map seen = map_new(r->arena);
    for (size_t i = 0; i < targets->n; i++) {
        const struct ast_target *t = &targets->at[i];
        if (i > 0 && map_get(&seen, t->name.text))
            diag_error(r->diag, t->name.at, E_DECLARED_TWICE, "`%s` stands here twice", t->name.text);
        if (targets->n > 1)
            map_set(&seen, t->name.text, (void *)t);
        assign(r, t);
    }
}

static void walk_stmt(struct resolver *r, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_ASSIGN:
        walk_expr(r, s->value);
        assign_all(r, &s->targets);
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
    *resolver_ref(r, b->target.id) = (struct ref){.kind = REF_LOCAL, .slot = r->scope.n_slots};
}

uint32_t resolved_frame_size(const struct resolved *r, const struct ast_module *m, const struct ast_block *b)
{
    return r->refs[m->index][b->target.id].slot;
}

const struct resolved *resolve_program(struct arena *a, struct diag *d, const struct ast_program *p)
{
    struct resolver r = {.arena = a, .diag = d};
    r.names = ARENA_ARRAY(a, struct names, p->n_modules);
    r.refs = ARENA_ARRAY(a, struct ref *, p->n_modules);
    for (size_t i = 0; i < p->n_modules; i++) { /* what a module imports stands before it */
        const struct ast_module *m = r.module = p->modules[i];
        r.refs[i] = ARENA_ARRAY(a, struct ref, m->n_ids);
        declared_own(a, d, r.names, m);
        r.used_imports = ARENA_ARRAY(a, bool, m->imports.n);
        declared_imports(a, d, r.names, m);
        r.scope = scope_new(a);
        for (size_t c = 0, b = 0; c < m->constants.n || b < m->blocks.n;) /* in the order of the text, so that errors are */
            if (b == m->blocks.n || (c < m->constants.n && m->constants.at[c]->target.name.at.from < m->blocks.at[b]->target.name.at.from))
                walk_expr(&r, m->constants.at[c++]->value);
            else
                walk_block(&r, m->blocks.at[b++]);
        resolver_warn_imports(&r);
    }
    struct resolved *out = ARENA_NEW(a, struct resolved);
    out->refs = (const struct ref *const *)r.refs;
    out->names = r.names;
    resolver_sort_warnings(&r);
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
