/* Choices: choose(a, b, ...) and choose_subset(list). Each one that is met becomes a named member of the search space; what it gives is
 * decided by a pick: of the caller, of the network's @pick(name = value), of @pick(value) on the expression, in this order. Without
 * one it is the first alternative, or the empty list.
 *
 * All alternatives are evaluated, and so are compile-time values or blocks: the network never holds more than what was picked. */
#include "compiler/base/nearest.h"
#include "compiler/sema/elab.h"
#include "compiler/sema/eval.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ELEMENTS = 1000, SHOWN = 8 };

struct choice {
    struct elab_choice shown;
    struct value list;       /* alternatives, or elements */
    const char *pinned_by;   /* NULL: open */
    struct span pinned_at;   /* source NULL: by the caller */
};

struct network_pick {
    const struct ast_arg *arg;
    struct value value;
    bool used;
};

struct choices {
    const struct elab_options *options;
    struct map picks;    /* name -> struct elab_pick of the caller */
    struct map used;     /* name -> anything: of those */
    struct map network;  /* name -> struct network_pick */
    struct map names;    /* name -> struct choice */
    struct map counters; /* name without suffix -> int64_t: the last suffix given */
    VEC(struct choice *) met;
};

struct choices *choices_new(struct eval *e, const struct elab_options *o)
{
    struct choices *c = ARENA_NEW(e->arena, struct choices);
    *c = (struct choices){.options = o, .picks = map_new(e->arena), .used = map_new(e->arena), .network = map_new(e->arena),
                          .names = map_new(e->arena), .counters = map_new(e->arena)};
    for (size_t i = 0; i < o->n_picks; i++)
        map_set(&c->picks, o->picks[i].name, (void *)&o->picks[i]);
    return c;
}

void choices_network_picks(struct eval *e, const struct ast_annotation *a)
{
    for (size_t i = 0; i < a->args.n && !e->halted; i++) {
        const struct ast_arg *arg = &a->args.at[i];
        if (!arg->name.text) {
            eval_fail(e, arg->value->at, E_PICK_FORM, "@pick of a network names its choices: @pick(stage0_k = 3, stage0_from = [0, 2])");
            continue;
        }
        const struct network_pick *before = map_get(&e->choices->network, arg->name.text);
        if (before) {
            diag_error(e->diag, arg->name.at, E_PICKED_TWICE, "choice `%s` is picked twice", arg->name.text);
            diag_note(e->diag, before->arg->name.at, "the first pick is here");
            continue;
        }
        struct network_pick *pick = ARENA_NEW(e->arena, struct network_pick);
        *pick = (struct network_pick){arg, eval_expr(e, arg->value), false};
        map_set(&e->choices->network, arg->name.text, pick);
    }
}

/* ---- names and texts ---- */

static const char *new_name(struct eval *e)
{
    char *name = arena_strdup(e->arena, eval_node_name(e, ""));
    size_t n = strlen(name);
    if (n > 0)
        name[n - 1] = '\0'; /* the blank before the operator that is not there */
    const char *base = n > 1 ? name : "choice", *unique = base;
    int64_t *counter = map_get(&e->choices->counters, base);
    if (!counter) {
        counter = ARENA_NEW(e->arena, int64_t);
        *counter = 1;
        map_set(&e->choices->counters, base, counter);
    }
    while (map_get(&e->choices->names, unique))
        unique = arena_printf(e->arena, "%s_%" PRId64, base, ++*counter);
    return unique;
}

static const char *alternative_text(struct eval *e, const struct value *v)
{
    return v->kind == VALUE_TENSOR ? ir_builder_node(e->builder, v->tensor)->name : value_text(e->arena, v);
}

/* "3, 5 and 7" */
static const char *alternatives_text(struct eval *e, const struct choice *c)
{
    struct text t = text_new(e->arena);
    for (uint32_t i = 0; i < c->shown.n && i < SHOWN; i++)
        text_add(&t, "%s%s", i == 0 ? "" : i + 1 == c->shown.n ? " and " : ", ", c->shown.alternatives[i]);
    if (c->shown.n > SHOWN)
        text_add(&t, ", ...");
    return text_str(&t);
}

/* ---- from a pick to indices ---- */

static void wrong(struct eval *e, const struct choice *c, struct span at, const char *found)
{
    if (!c->shown.subset)
        diag_error(e->diag, at, E_PICK_VALUE, "choice `%s` is %s%s, not %s", c->shown.name, c->shown.n > 1 ? "between " : "", alternatives_text(e, c), found);
    else if (c->shown.n == 0)
        diag_error(e->diag, at, E_PICK_VALUE, "choice `%s` has no elements to pick: its pick is [], not %s", c->shown.name, found);
    else
        diag_error(e->diag, at, E_PICK_VALUE,
                   "choice `%s` takes the indices of some of its %" PRIu32 " element%s, ascending, such as [%s]; not %s",
                   c->shown.name, c->shown.n, c->shown.n == 1 ? "" : "s", c->shown.n > 2 ? "0, 2" : "0", found);
    struct site site = c->shown.site;
    diag_note_at(e->diag, &site, "the choice is made here");
    eval_stack(e);
}

static bool ascending(const struct choice *c, const uint32_t *at, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (at[i] >= c->shown.n || (i > 0 && at[i] <= at[i - 1]))
            return false;
    return c->shown.subset || n == 1;
}

static void set(struct choice *c, const uint32_t *at, uint32_t n, const char *by, struct span where)
{
    c->shown.picked = at;
    c->shown.n_picked = n;
    c->shown.pinned = true;
    c->pinned_by = by;
    c->pinned_at = where;
}

/* v, written in the source, as indices; false after an error. */
static bool indices_of(struct eval *e, const struct choice *c, const struct value *v, struct span at, const uint32_t **out, uint32_t *n)
{
    uint32_t *found = ARENA_ARRAY(e->arena, uint32_t, c->shown.subset && v->kind == VALUE_LIST ? v->list.n : 1);
    bool good = true;
    *n = 1;
    if (c->shown.subset) {
        good = v->kind == VALUE_LIST && v->list.n <= c->shown.n;
        *n = good ? (uint32_t)v->list.n : 0;
        for (uint32_t i = 0; good && i < *n; i++) {
            const struct value *one = &value_items(v)[i];
            good = one->kind == VALUE_INT && one->integer >= 0 && one->integer < c->shown.n;
            found[i] = good ? (uint32_t)one->integer : 0;
        }
        good = good && ascending(c, found, *n);
    } else {
        bool equal = false;
        int64_t steps = EVAL_MAX_STEPS - e->steps;
        for (*found = 0; *found < c->shown.n; ++*found)
            if (value_equal(&value_items(&c->list)[*found], v, &equal, &steps) && equal)
                break;
        e->steps = EVAL_MAX_STEPS - steps;
        good = equal;
    }
    *out = found;
    if (!good)
        wrong(e, c, at, v->kind == VALUE_TENSOR ? "a tensor" : value_text(e->arena, v));
    return good;
}

/* --pick: "5", "[0, 2]"; false: not understood */
static bool indices_of_text(struct eval *e, const struct choice *c, const char *text, const uint32_t **out, uint32_t *n)
{
    uint32_t *found = ARENA_ARRAY(e->arena, uint32_t, c->shown.n + 1);
    *out = found;
    *n = 0;
    if (!c->shown.subset) {
        *n = 1;
        for (*found = 0; *found < c->shown.n; ++*found)
            if (strcmp(c->shown.alternatives[*found], text) == 0)
                return true;
        return false;
    }
    const char *p = text;
    if (*p++ != '[')
        return false;
    while (*p == ' ')
        p++;
    while (*p != ']') {
        char *end;
        errno = 0;
        unsigned long one = *p >= '0' && *p <= '9' ? strtoul(p, &end, 10) : UINT32_MAX;
        if (one >= c->shown.n || errno || *n >= c->shown.n)
            return false;
        found[(*n)++] = (uint32_t)one;
        p = end;
        while (*p == ' ')
            p++;
        if (*p != ',' && *p != ']')
            return false;
        if (*p == ',')
            p++;
        while (*p == ' ')
            p++;
    }
    return p[1] == '\0' && ascending(c, found, *n);
}

static void pick_of_caller(struct eval *e, struct choice *c)
{
    const struct elab_pick *p = map_get(&e->choices->picks, c->shown.name);
    if (!p)
        return;
    map_set(&e->choices->used, c->shown.name, c);
    const uint32_t *at = p->at;
    uint32_t n = p->n;
    bool good = p->text ? indices_of_text(e, c, p->text, &at, &n) : ascending(c, at, n);
    if (good)
        set(c, at, n, "--pick", (struct span){0});
    else
        wrong(e, c, (struct span){0}, p->text ? p->text : "these indices");
}

static void pick_of_network(struct eval *e, struct choice *c)
{
    struct network_pick *p = map_get(&e->choices->network, c->shown.name);
    const uint32_t *at;
    uint32_t n;
    if (!p)
        return;
    p->used = true;
    if (p->value.kind == VALUE_ERROR || !indices_of(e, c, &p->value, p->arg->value->at, &at, &n))
        return;
    if (!c->pinned_by)
        set(c, at, n, "@pick", p->arg->name.at);
}

static struct value result(struct eval *e, const struct choice *c)
{
    if (!c->shown.subset)
        return value_items(&c->list)[c->shown.picked[0]];
    struct value out = {.kind = VALUE_LIST};
    for (uint32_t i = 0; i < c->shown.n_picked; i++)
        out = value_append(e->arena, out, &value_items(&c->list)[c->shown.picked[i]], 1);
    return out;
}

/* ---- the functions of the language ---- */

static struct value choose(struct eval *e, const struct call *call, bool subset, struct value list)
{
    static const uint32_t first[] = {0};
    if (!e->builder)
        return eval_fail(e, call->at, E_WRONG_PLACE, "a choice belongs into a network or a block");
    if (!eval_step(e, call->at, 10 * list.list.n)) /* texts are made of them */
        return value_error();
    struct choice *c = ARENA_NEW(e->arena, struct choice);
    const char **texts = ARENA_ARRAY(e->arena, const char *, list.list.n);
    for (size_t i = 0; i < list.list.n; i++)
        texts[i] = alternative_text(e, &value_items(&list)[i]);
    *c = (struct choice){.list = list};
    c->shown = (struct elab_choice){.name = new_name(e), .site = eval_site(e, call->name_at), .subset = subset, .alternatives = texts,
                                    .n = (uint32_t)list.list.n, .picked = first, .n_picked = subset ? 0 : 1,
                                    .pinned = subset ? list.list.n == 0 : list.list.n == 1}; /* then there is nothing to choose */
    map_set(&e->choices->names, c->shown.name, c);
    vec_push(e->arena, &e->choices->met, c);
    pick_of_caller(e, c);
    pick_of_network(e, c);
    e->call_choice = c;
    return result(e, c);
}

static bool has_tensor(const struct value *v, int64_t *steps)
{
    if (v->kind == VALUE_TENSOR || *steps <= 0)
        return true;
    --*steps;
    for (size_t i = 0; v->kind == VALUE_LIST && i < v->list.n; i++)
        if (has_tensor(&value_items(v)[i], steps))
            return true;
    return false;
}

static struct value run_choose(struct eval *e, const struct builtin *b, const struct call *call)
{
    (void)b;
    const struct value *list = &call->args[0];
    if (list->list.n == 0)
        return eval_fail(e, call->at, E_ALTERNATIVES, "`choose` needs alternatives: choose(3, 5)");
    if (list->list.n > MOST_ELEMENTS)
        return eval_fail(e, call->at, E_ALTERNATIVES, "`choose` is between at most %d alternatives", MOST_ELEMENTS);
    for (size_t i = 0; i < list->list.n; i++) {
        int64_t steps = MOST_ELEMENTS;
        if (!has_tensor(&value_items(list)[i], &steps))
            continue;
        eval_fail(e, call->rest_where[i], E_ALTERNATIVES, "the alternatives of `choose` are values or blocks, not tensors");
        diag_note(e->diag, call->at, "choose a block, then apply it: `x |> choose(f, g)`");
        return value_error();
    }
    return choose(e, call, false, *list);
}

static struct value run_choose_subset(struct eval *e, const struct builtin *b, const struct call *call)
{
    (void)b;
    if (call->args[0].list.n > MOST_ELEMENTS)
        return eval_fail(e, call->where[0], E_ALTERNATIVES, "`choose_subset` takes a list of at most %d elements, not of %zu", MOST_ELEMENTS, call->args[0].list.n);
    return choose(e, call, true, call->args[0]);
}

const struct builtin builtin_choice_table[] = {
    {.name = "choose", .params = {{"alternatives", KIND_ANY, false, true, {.kind = VALUE_NONE}}}, .run = run_choose},
    {.name = "choose_subset", .params = {{"list", KIND(VALUE_LIST), false, false, {.kind = VALUE_NONE}}}, .run = run_choose_subset},
    {0},
};

bool choice_is_call(const struct eval *e, const struct ast_expr *x)
{
    while (x->kind == AST_ANNOTATED && strcmp(x->annotated.annotation.name.text, "pick") == 0)
        x = x->annotated.inner;
    if (x->kind != AST_CALL || x->call.callee->kind != AST_NAME)
        return false;
    const struct ref *ref = &e->frame->refs[x->call.callee->name.id];
    return ref->kind == REF_BUILTIN && ref->builtin->run == run_choose;
}

struct value choice_pick(struct eval *e, const struct ast_annotation *a, struct value v)
{
    struct choice *c = e->call_choice;
    if (!c)
        return eval_fail(e, a->at, E_PICK_FORM, "`@pick` belongs right after choose(...) or choose_subset(...)");
    if (a->args.n != 1 || a->args.at[0].name.text)
        return eval_fail(e, a->at, E_PICK_FORM, "`@pick` of %s takes %s", c->shown.subset ? "choose_subset" : "choose",
                         c->shown.subset ? "one list of indices: @pick([0, 2])" : "one of its alternatives: @pick(3)");
    if (c->pinned_at.source) {
        diag_error(e->diag, a->at, E_PICKED_TWICE, "choice `%s` is picked twice", c->shown.name);
        diag_note(e->diag, c->pinned_at, "the other pick is here");
        eval_stack(e);
        return value_error();
    }
    const uint32_t *at;
    uint32_t n;
    v = eval_expr(e, a->args.at[0].value);
    if (v.kind == VALUE_ERROR || !indices_of(e, c, &v, a->args.at[0].value->at, &at, &n))
        return value_error();
    if (!c->pinned_by)
        set(c, at, n, "@pick", a->at);
    e->call_choice = c;
    return result(e, c);
}

/* ---- the end ---- */

static void unknown(struct eval *e, struct span at, const char *name)
{
    struct nearest near = nearest_to(name);
    diag_error(e->diag, at, E_UNKNOWN_CHOICE, "there is no choice `%s` in this network", name);
    for (size_t i = 0; i < e->choices->met.n; i++)
        nearest_try(&near, e->choices->met.at[i]->shown.name);
    if (near.best)
        diag_note(e->diag, at, "did you mean `%s`?", near.best);
    else if (e->choices->met.n > 0)
        diag_note(e->diag, at, "`cnasc check` lists the choices, of which the first is `%s`", e->choices->met.at[0]->shown.name);
}

void choices_finish(struct eval *e, struct elab_found *found)
{
    struct choices *c = e->choices;
    struct elab_choice *all = ARENA_ARRAY(e->arena, struct elab_choice, c->met.n);
    for (size_t i = 0; i < c->met.n; i++)
        all[i] = c->met.at[i]->shown;
    *found = (struct elab_found){all, c->met.n};
    for (size_t i = 0; i < c->network.n; i++) {
        const struct network_pick *p = c->network.entries[i].value;
        if (!p->used)
            unknown(e, p->arg->name.at, p->arg->name.text);
    }
    for (size_t i = 0; !c->options->optional_picks && i < c->picks.n; i++)
        if (!map_get(&c->used, c->picks.entries[i].key))
            unknown(e, (struct span){0}, c->picks.entries[i].key);
}
