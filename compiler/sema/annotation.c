/* The table of annotations. */
#include "compiler/sema/annotation.h"

#include "compiler/base/nearest.h"

#include <stdint.h>
#include <string.h>

static const struct annotation_kind kinds[] = {
    {"relu_budget", ON_NETWORK | ON_BLOCK | ON_GROUP | ON_EXPRESSION, 1, 1, "@relu_budget(84Ki)", false},
    {"normalize", ON_INPUT, 2, 2, "@normalize(mean = [0.5], std = [0.25])", false},
    {"keep", ON_EXPRESSION, 0, 0, "@keep", false},
    {"prune", ON_EXPRESSION, 0, 0, "@prune", false},
    {"doc", ON_NETWORK | ON_BLOCK, 1, 1, "@doc(\"what it is\")", false},
    {"passes", ON_NETWORK, 0, 32, "@passes(shuffle)", false},
    {"pick", ON_NETWORK | ON_EXPRESSION, 1, SIZE_MAX, "@pick(3) on a choice, @pick(name = 3, ...) on a network", false},
    {"pi_budget", ON_NETWORK | ON_BLOCK | ON_GROUP | ON_EXPRESSION, 1, 1, "@pi_budget(100)", true},
};

static const char *place_name(enum annotation_place place)
{
    switch (place) {
    case ON_NETWORK:
        return "a network";
    case ON_BLOCK:
        return "a block";
    case ON_GROUP:
        return "a labelled group";
    case ON_INPUT:
        return "an input";
    case ON_EXPRESSION:
        return "an expression";
    }
    return "this";
}

static const char *first_place(unsigned places)
{
    for (unsigned p = ON_NETWORK; p <= ON_EXPRESSION; p *= 2)
        if (places & p)
            return place_name((enum annotation_place)p);
    return "nothing";
}

bool annotation_is(const struct ast_annotation *a, const char *name)
{
    return strcmp(a->name.text, name) == 0;
}

bool annotation_good(const struct ast_annotation *a, enum annotation_place place)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (annotation_is(a, kinds[i].name))
            return !kinds[i].later && (kinds[i].places & place) && a->args.n >= kinds[i].least && a->args.n <= kinds[i].most;
    return false;
}

const struct annotation_kind *annotation_check(struct diag *d, const struct ast_annotation *a, enum annotation_place place)
{
    const struct annotation_kind *k = NULL;
    struct nearest near = nearest_to(a->name.text);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, a->name.text) == 0)
            k = &kinds[i];
        nearest_try(&near, kinds[i].name);
    }
    if (!k) {
        diag_error(d, a->at, E_UNKNOWN_ANNOTATION, "unknown annotation `@%s`", a->name.text);
        if (near.best)
            diag_note(d, a->at, "did you mean `@%s`?", near.best);
        return NULL;
    }
    if (k->later) {
        diag_error(d, a->at, E_NOT_AVAILABLE, "`@%s` is not available yet", k->name);
        return NULL;
    }
    if (!(k->places & place)) {
        diag_error(d, a->at, E_ANNOTATION_PLACE, "`@%s` belongs on %s, not on %s", k->name, first_place(k->places), place_name(place));
        return NULL;
    }
    if (a->args.n < k->least || a->args.n > k->most) {
        diag_error(d, a->at, E_ANNOTATION_ARGUMENTS,
                   "`@%s` takes %zu argument%s, not %zu: %s", k->name, k->least, k->least == 1 ? "" : "s", a->args.n, k->usage);
        return NULL;
    }
    if (strcmp(k->name, "doc") == 0 && a->args.at[0].value->kind != AST_STRING) {
        diag_error(d, a->args.at[0].value->at, E_ANNOTATION_ARGUMENTS, "`@doc` takes a text in quotes: %s", k->usage);
        return NULL;
    }
    return k;
}
