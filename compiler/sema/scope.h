/* The local names of one block or network while its text is walked: nested scopes, one slot per variable. */
#ifndef COMPILER_SEMA_SCOPE_H
#define COMPILER_SEMA_SCOPE_H

#include "compiler/ast/ast.h"
#include "compiler/base/map.h"
#include "compiler/base/nearest.h"

enum local_kind { LOCAL_VARIABLE, LOCAL_PARAMETER, LOCAL_LOOP, LOCAL_CONSTANT };

struct local {
    const char *name;
    enum local_kind kind;
    struct span at; /* where it got its first value */
    uint32_t slot;
    size_t level;           /* of the scope it belongs to */
    bool used;
    struct local *shadowed; /* what the name meant outside */
};

struct scope {
    struct arena *arena;
    struct map names;        /* name -> struct local that is visible */
    struct map gone;         /* name -> struct local of a scope that has ended */
    VEC(struct local *) locals; /* of the open scopes, innermost last */
    VEC(size_t) starts;      /* into locals, one per open scope */
    uint32_t n_slots;
};

struct scope scope_new(struct arena *a);
void scope_open(struct scope *s);
void scope_close(struct scope *s);
struct local *scope_find(const struct scope *s, const char *name);       /* NULL: not visible */
const struct local *scope_ended(const struct scope *s, const char *name); /* a local of that name in a scope that has ended */
struct local *scope_add(struct scope *s, const struct ast_name *name, enum local_kind kind); /* in the innermost scope */
bool scope_is_innermost(const struct scope *s, const struct local *l);
void scope_suggest(const struct scope *s, struct nearest *near);

#endif
