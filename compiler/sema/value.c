/* Values: lists that grow in place, equality, and how they are called in messages. */
#include "compiler/sema/value.h"

#include <string.h>

#include "compiler/sema/builtin.h"

struct value value_string(struct arena *a, const char *bytes, size_t n)
{
    return (struct value){.kind = VALUE_STRING, .string = {arena_strndup(a, bytes, n), n}};
}

struct value value_list(struct arena *a, const struct value *items, size_t n)
{
    struct value empty = {.kind = VALUE_LIST};
    return value_append(a, empty, items, n);
}

int value_depth(const struct value *v)
{
    return v->kind != VALUE_LIST ? 0 : v->list.buffer ? v->list.buffer->depth : 1;
}

struct value value_append(struct arena *a, struct value list, const struct value *items, size_t n)
{
    if (n == 0)
        return list;
    struct list_buffer *b = list.list.buffer;
    size_t have = list.list.n;
    if (!b || b->used != have || b->cap - have < n) {
        struct list_buffer *grown = ARENA_NEW(a, struct list_buffer);
        grown->cap = have + n < 4 ? 4 : 2 * (have + n);
        grown->at = ARENA_ARRAY(a, struct value, grown->cap);
        if (have)
            memcpy(grown->at, b->at, have * sizeof *grown->at);
        b = grown;
    }
    memcpy(b->at + have, items, n * sizeof *items);
    b->depth = value_depth(&list) > 1 ? value_depth(&list) : 1;
    for (size_t i = 0; i < n; i++)
        if (value_depth(&items[i]) >= b->depth)
            b->depth = value_depth(&items[i]) + 1;
    b->used = have + n;
    return (struct value){.kind = VALUE_LIST, .list = {b, have + n}};
}

static bool is_number(const struct value *v)
{
    return v->kind == VALUE_INT || v->kind == VALUE_REAL;
}

static double number(const struct value *v)
{
    return v->kind == VALUE_INT ? (double)v->integer : v->real;
}

static bool lists_equal(const struct value *x, const struct value *y, bool *equal, int64_t *steps)
{
    *equal = x->list.n == y->list.n;
    for (size_t i = 0; *equal && i < x->list.n; i++)
        if (!value_equal(&value_items(x)[i], &value_items(y)[i], equal, steps))
            return false;
    return true;
}

bool value_equal(const struct value *x, const struct value *y, bool *equal, int64_t *steps)
{
    *equal = false;
    if (*steps == 0)
        return true;
    --*steps;
    if (is_number(x) && is_number(y)) {
        *equal = x->kind == VALUE_INT && y->kind == VALUE_INT ? x->integer == y->integer : number(x) == number(y);
        return true;
    }
    if (x->kind != y->kind) { /* `channels == balanced` may be asked of a number */
        *equal = false;
        return x->kind == VALUE_SYMBOL || y->kind == VALUE_SYMBOL;
    }
    switch (x->kind) {
    case VALUE_BOOL:
        *equal = x->boolean == y->boolean;
        return true;
    case VALUE_STRING:
        *equal = x->string.n == y->string.n && memcmp(x->string.bytes, y->string.bytes, x->string.n) == 0;
        return true;
    case VALUE_LIST:
        return lists_equal(x, y, equal, steps);
    case VALUE_SYMBOL:
        *equal = strcmp(x->symbol, y->symbol) == 0;
        return true;
    case VALUE_BLOCK:
        *equal = x->block.decl == y->block.decl;
        return true;
    case VALUE_BUILTIN:
        *equal = x->builtin == y->builtin;
        return true;
    case VALUE_TENSOR:
        *equal = x->tensor == y->tensor; /* the same tensor, not the same numbers: those are not known yet */
        return true;
    default:
        return false;
    }
}

const char *value_kind_text(enum value_kind kind)
{
    static const char *const text[] = {
        [VALUE_ERROR] = "an error",    [VALUE_NONE] = "nothing",      [VALUE_INT] = "an integer",  [VALUE_REAL] = "a real number",
        [VALUE_BOOL] = "a boolean",    [VALUE_STRING] = "a string",   [VALUE_LIST] = "a list",     [VALUE_TENSOR] = "a tensor",
        [VALUE_BLOCK] = "a block",     [VALUE_BUILTIN] = "an operator", [VALUE_SYMBOL] = "a word of the language",
        [VALUE_SETTING] = "a setting",
    };
    return text[kind];
}

const char *value_kinds_text(struct arena *a, unsigned kinds)
{
    struct text t = text_new(a);
    if (kinds & KIND(VALUE_REAL))
        kinds &= ~KIND(VALUE_INT); /* an integer is welcome wherever a real number is */
    if (kinds & KIND(VALUE_BLOCK))
        kinds &= ~KIND(VALUE_BUILTIN);
    kinds &= ~KIND(VALUE_SYMBOL);
    int left = __builtin_popcount(kinds);
    for (int k = 0; k <= VALUE_SETTING; k++)
        if (kinds & KIND(k)) {
            left--;
            text_add(&t, "%s%s", t.n == 0 ? "" : left ? ", " : " or ", value_kind_text((enum value_kind)k));
        }
    return text_str(&t);
}

static void add_value(struct text *t, const struct value *v, int depth)
{
    enum { SHOWN = 6, DEEPEST = 3 };
    switch (v->kind) {
    case VALUE_INT:
        text_add(t, "%lld", (long long)v->integer);
        break;
    case VALUE_REAL:
        text_add(t, "%.9g", v->real);
        break;
    case VALUE_BOOL:
        text_add(t, "%s", v->boolean ? "true" : "false");
        break;
    case VALUE_STRING:
        text_add(t, "\"%.60s%s\"", v->string.bytes, v->string.n > 60 ? "..." : "");
        break;
    case VALUE_LIST:
        text_add(t, "[");
        for (size_t i = 0; i < v->list.n; i++) {
            if (i == SHOWN || depth == DEEPEST) {
                text_add(t, "%s...", i ? ", " : "");
                break;
            }
            text_add(t, "%s", i ? ", " : "");
            add_value(t, &value_items(v)[i], depth + 1);
        }
        text_add(t, "]");
        break;
    case VALUE_BLOCK:
        text_add(t, "%s", v->block.decl->target.name.text);
        break;
    case VALUE_BUILTIN:
        text_add(t, "%s", v->builtin->name);
        break;
    case VALUE_SYMBOL:
        text_add(t, "%s", v->symbol);
        break;
    case VALUE_SETTING:
        text_add(t, "%s(...)", v->setting->name);
        break;
    default:
        text_add(t, "%s", v->kind == VALUE_TENSOR ? "a tensor" : "nothing");
    }
}

const char *value_text(struct arena *a, const struct value *v)
{
    struct text t = text_new(a);
    add_value(&t, v, 0);
    return text_str(&t);
}
