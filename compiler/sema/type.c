/* Types, as parameters and inputs write them. */
#include "compiler/sema/type.h"

#include "compiler/base/nearest.h"

#include <string.h>

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

unsigned type_kinds(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].kinds;
    return 0;
}

bool type_check(struct diag *d, const struct ast_type *t)
{
    if (!t->name.text)
        return false;
    if (type_kinds(t->name.text) == 0) {
        diag_error(d, t->name.at, E_UNKNOWN_TYPE, "unknown type `%s`", t->name.text);
        struct nearest near = nearest_to(t->name.text);
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            nearest_try(&near, types[i].name);
        if (near.best)
            diag_note(d, t->name.at, "did you mean `%s`?", near.best);
        else
            diag_note(d, t->name.at, "the types are int, real, bool, string, list, tensor, block and any");
        return false;
    }
    if (!t->has_args)
        return false;
    if (strcmp(t->name.text, "tensor") == 0) {
        if (t->args.n != 1 && t->args.n != 3)
            diag_error(d, t->at, E_TYPE_FORM, "a tensor has 1 dimension (features) or 3 (channels, height, width), not %zu", t->args.n);
        return true;
    }
    if (strcmp(t->name.text, "list") != 0) {
        diag_error(d, t->at, E_TYPE_FORM, "type `%s` takes nothing in brackets", t->name.text);
        return false;
    }
    const struct ast_expr *of = t->args.n == 1 ? t->args.at[0] : NULL;
    if (!of || of->kind != AST_NAME || of->name.module.text || type_kinds(of->name.name.text) == 0)
        diag_error(d, t->at, E_TYPE_FORM, "a list type is written `list[tensor]`, with one type in the brackets");
    return false;
}
