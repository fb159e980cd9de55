#include "compiler/sema/written.h"

#include "compiler/sema/builtin.h"

#include <math.h>
#include <string.h>

struct writer {
    struct arena *arena;
    const struct names *names; /* of the module */
    bool literal;
};

static struct ast_expr *name(struct writer *w, const char *module, const char *text)
{
    w->literal = false;
    return ast_name_expr(w->arena, (struct span){0}, (struct ast_name){.text = module}, (struct ast_name){.text = text}, 0);
}

/* The module's plain name for the block, or that of its import; NULL: it sees neither. */
static struct ast_expr *block_name(struct writer *w, const struct ast_block *block, const struct ast_module *from)
{
    const struct names *n = w->names;
    const char *text = block->target.name.text;
    const struct decl *own = map_get(&n->own, text), *imported = map_get(&n->imported, text);
    if (own ? own->block == block : imported && imported->block == block && !imported->rival)
        return name(w, NULL, text);
    for (size_t i = 0; i < n->modules.n; i++) {
        const struct ast_import *import = n->modules.entries[i].value;
        if (import && import->module == from)
            return name(w, n->modules.entries[i].key, text);
    }
    return NULL;
}

/* A word of the language, unless a declaration hides it. */
static struct ast_expr *word(struct writer *w, const char *text)
{
    bool hidden = map_get(&w->names->own, text) || map_get(&w->names->imported, text);
    return hidden ? NULL : name(w, NULL, text);
}

static struct ast_expr *write(struct writer *w, const struct value *v)
{
    const struct span at = {0};
    struct ast_exprs items = {0};
    switch (v->kind) {
    case VALUE_INT:
        return v->integer == INT64_MIN ? NULL : ast_int(w->arena, at, v->integer); /* its digits alone are too large a number */
    case VALUE_REAL:
        return isfinite(v->real) ? ast_real(w->arena, at, v->real) : NULL;
    case VALUE_BOOL:
        return ast_bool(w->arena, at, v->boolean);
    case VALUE_STRING:
        return ast_string(w->arena, at, v->string.bytes, v->string.n);
    case VALUE_LIST:
        for (size_t i = 0; i < v->list.n; i++) {
            struct ast_expr *item = write(w, &value_items(v)[i]);
            if (!item)
                return NULL;
            vec_push(w->arena, &items, item);
        }
        return ast_list(w->arena, at, items);
    case VALUE_BLOCK:
        return block_name(w, v->block.decl, v->block.module);
    case VALUE_BUILTIN:
        return word(w, v->builtin->name);
    case VALUE_SYMBOL:
        return word(w, v->symbol);
    default:
        return NULL;
    }
}

static const char *text_of(struct arena *a, const struct ast_expr *x)
{
    struct text t = text_new(a);
    ast_print_expr(&t, x);
    return text_str(&t);
}

struct written written_value(struct arena *a, const struct names *names, const struct ast_module *m, const struct value *v)
{
    struct writer w = {a, &names[m->index], true};
    const struct ast_expr *x = write(&w, v);
    return (struct written){x ? text_of(a, x) : NULL, w.literal};
}

const char *written_string(struct arena *a, const char *bytes)
{
    return text_of(a, ast_string(a, (struct span){0}, bytes, strlen(bytes)));
}
