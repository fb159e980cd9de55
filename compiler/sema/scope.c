/* Scopes as one hash map with an undo list: opening and closing cost what the scope holds, not what surrounds it. */
#include "compiler/sema/scope.h"

struct scope scope_new(struct arena *a)
{
    return (struct scope){.arena = a, .names = map_new(a), .gone = map_new(a)};
}

void scope_open(struct scope *s)
{
    vec_push(s->arena, &s->starts, s->locals.n);
}

void scope_close(struct scope *s)
{
    size_t start = s->starts.at[--s->starts.n];
    while (s->locals.n > start) {
        struct local *l = s->locals.at[--s->locals.n];
        map_set(&s->names, l->name, l->shadowed);
        map_set(&s->gone, l->name, l);
    }
}

struct local *scope_find(const struct scope *s, const char *name)
{
    return map_get(&s->names, name);
}

const struct local *scope_ended(const struct scope *s, const char *name)
{
    return map_get(&s->gone, name);
}

struct local *scope_add(struct scope *s, const struct ast_name *name, enum local_kind kind)
{
    struct local *l = ARENA_NEW(s->arena, struct local);
    *l = (struct local){.name = name->text, .kind = kind, .at = name->at, .slot = s->n_slots++, .level = s->starts.n,
                        .shadowed = scope_find(s, name->text)};
    vec_push(s->arena, &s->locals, l);
    map_set(&s->names, l->name, l);
    return l;
}

bool scope_is_innermost(const struct scope *s, const struct local *l)
{
    return l->level == s->starts.n;
}

void scope_suggest(const struct scope *s, struct nearest *near)
{
    enum { MOST = 1000 }; /* suggestions are not worth more time than that */
    for (size_t i = s->locals.n, tried = 0; i > 0 && tried < MOST; tried++)
        nearest_try(near, s->locals.at[--i]->name);
}
