/* The table of annotations, and what it says of one in the text. Values are looked at where the annotation is carried out. */
#include "compiler/sema/annotation.h"

#include "compiler/base/nearest.h"

#include <stdint.h>
#include <string.h>

enum { MOST_NAMED = 2 };

static const struct annotation_kind {
    const char *name;
    unsigned places;
    size_t least, most; /* arguments */
    const char *usage;
    enum { BY_PLACE, BY_NAME, ANY_NAME } naming; /* of the arguments: none has a name; those of `named`; whatever the reader makes of them */
    const char *named[MOST_NAMED];
    bool text;  /* its argument is a string, and not computed: `cnasc doc` reads it */
    bool later; /* recognised, not available yet */
} kinds[] = {
    {.name = "relu_budget", .places = ON_NETWORK | ON_BLOCK | ON_GROUP | ON_EXPRESSION, .least = 1, .most = 1, .usage = "@relu_budget(84Ki)"},
    {.name = "normalize", .places = ON_INPUT, .least = 2, .most = 2, .usage = "@normalize(mean = [0.5], std = [0.25])", .naming = BY_NAME,
     .named = {"mean", "std"}},
    {.name = "keep", .places = ON_EXPRESSION, .usage = "@keep"},
    {.name = "prune", .places = ON_EXPRESSION, .usage = "@prune"},
    {.name = "doc", .places = ON_NETWORK | ON_BLOCK, .least = 1, .most = 1, .usage = "@doc(\"what it is\")", .text = true},
    {.name = "passes", .places = ON_NETWORK, .most = 32, .usage = "@passes(shuffle)", .naming = ANY_NAME},
    {.name = "pick", .places = ON_NETWORK | ON_EXPRESSION, .least = 1, .most = SIZE_MAX,
     .usage = "@pick(3) on a choice, @pick(name = 3, ...) on a network", .naming = ANY_NAME},
    {.name = "pi_budget", .places = ON_NETWORK | ON_BLOCK | ON_GROUP | ON_EXPRESSION, .least = 1, .most = 1, .usage = "@pi_budget(100)", .later = true},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

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

/* "a network, a block or an expression" */
static const char *places_text(struct arena *a, unsigned places)
{
    struct text t = text_new(a);
    for (unsigned p = ON_NETWORK; p <= ON_EXPRESSION; p *= 2)
        if (places & p) {
            bool last = places < 2 * p;
            text_add(&t, "%s%s", t.n == 0 ? "" : last ? " or " : ", ", place_name((enum annotation_place)p));
        }
    return text_str(&t);
}

bool annotation_is(const struct ast_annotation *a, const char *name)
{
    return strcmp(a->name.text, name) == 0;
}

static const struct annotation_kind *kind_of(const struct ast_annotation *a)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (annotation_is(a, kinds[i].name))
            return &kinds[i];
    return NULL;
}

/* ---- arguments ---- */

/* The place among `named` of argument number i; MOST_NAMED: none has its name. */
static size_t place_of(const struct annotation_kind *k, const struct ast_annotation *a, size_t i)
{
    size_t which = i;
    if (a->args.at[i].name.text)
        for (which = 0; which < MOST_NAMED && !(k->named[which] && strcmp(k->named[which], a->args.at[i].name.text) == 0);)
            which++;
    return which;
}

static void unknown_argument(struct diag *d, const struct annotation_kind *k, const struct ast_name *name)
{
    struct nearest near = nearest_to(name->text);
    for (size_t i = 0; i < MOST_NAMED && k->named[i]; i++)
        nearest_try(&near, k->named[i]);
    diag_error(d, name->at, E_ANNOTATION_ARGUMENTS, "`@%s` has no argument `%s`: %s", k->name, name->text, k->usage);
    if (near.best)
        diag_note(d, name->at, "did you mean `%s`?", near.best);
}

/* d NULL: nothing is said. */
static bool check_names(struct diag *d, const struct annotation_kind *k, const struct ast_annotation *a)
{
    const struct ast_arg *first[MOST_NAMED] = {0};
    bool good = true;
    for (size_t i = 0; i < a->args.n && k->naming != ANY_NAME; i++) {
        const struct ast_arg *arg = &a->args.at[i];
        size_t which = place_of(k, a, i);
        if (k->naming == BY_PLACE ? arg->name.text != NULL : which == MOST_NAMED) {
            good = false;
            if (d)
                unknown_argument(d, k, &arg->name);
        } else if (k->naming == BY_NAME && first[which]) {
            good = false;
            if (!d)
                continue;
            diag_error(d, arg->name.text ? arg->name.at : arg->value->at, E_ANNOTATION_ARGUMENTS, "`%s` of `@%s` is given twice", k->named[which], k->name);
            diag_note(d, first[which]->name.text ? first[which]->name.at : first[which]->value->at, "the first value is here");
        } else if (k->naming == BY_NAME) {
            first[which] = arg;
        }
    }
    return good;
}

static void wrong_number(struct diag *d, const struct annotation_kind *k, const struct ast_annotation *a)
{
    size_t bound = a->args.n < k->least ? k->least : k->most;
    const char *how = k->least == k->most ? "" : a->args.n < k->least ? "at least " : "at most ";
    diag_error(d, a->at, E_ANNOTATION_ARGUMENTS, "`@%s` takes %s%zu argument%s, not %zu: %s", k->name, how, bound, bound == 1 ? "" : "s", a->args.n,
               k->usage);
}

static bool check_arguments(struct diag *d, const struct annotation_kind *k, const struct ast_annotation *a)
{
    if (a->args.n < k->least || a->args.n > k->most) {
        if (d)
            wrong_number(d, k, a);
        return false;
    }
    if (!check_names(d, k, a))
        return false;
    if (!k->text || a->args.at[0].value->kind == AST_STRING)
        return true;
    if (d)
        diag_error(d, a->args.at[0].value->at, E_ANNOTATION_ARGUMENTS, "`@%s` takes a text in quotes: %s", k->name, k->usage);
    return false;
}

size_t annotation_argument(const struct ast_annotation *a, size_t i)
{
    return place_of(kind_of(a), a, i);
}

/* ---- the whole ---- */

bool annotation_good(const struct ast_annotation *a, enum annotation_place place)
{
    const struct annotation_kind *k = kind_of(a);
    return k && !k->later && (k->places & place) && check_arguments(NULL, k, a);
}

bool annotation_check(struct arena *arena, struct diag *d, const struct ast_annotation *a, enum annotation_place place)
{
    const struct annotation_kind *k = kind_of(a);
    if (!k) {
        struct nearest near = nearest_to(a->name.text);
        for (size_t i = 0; i < N_KINDS; i++)
            nearest_try(&near, kinds[i].name);
        diag_error(d, a->at, E_UNKNOWN_ANNOTATION, "unknown annotation `@%s`", a->name.text);
        if (near.best)
            diag_note(d, a->at, "did you mean `@%s`?", near.best);
        return false;
    }
    if (k->later) {
        diag_error(d, a->at, E_NOT_AVAILABLE, "`@%s` is not available yet", k->name);
        return false;
    }
    if (!(k->places & place)) {
        diag_error(d, a->at, E_ANNOTATION_PLACE, "`@%s` belongs on %s, not on %s", k->name, places_text(arena, k->places), place_name(place));
        return false;
    }
    return check_arguments(d, k, a);
}
