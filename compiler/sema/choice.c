/* Choices: choose(a, b, ...) and choose_subset(list). Each one that is met becomes a named member of the search space; what it gives is
 * decided by a pick: of the caller, of the network's @pick(name = value), of @pick(value) on the expression, in this order. Without
 * one it is the first alternative, or the empty list.
 *
 * All alternatives are evaluated, and so are compile-time values or blocks: the network never holds more than what was picked. */
#include "compiler/sema/choice.h"

#include "compiler/base/nearest.h"
#include "compiler/sema/written.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum { MOST_ELEMENTS = 1000 };

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

/* ---- picks ---- */

static void set(struct choice *c, const uint32_t *at, uint32_t n)
{
    c->shown.picked = at;
    c->shown.n_picked = n;
    c->shown.pinned = true;
    c->decided = true;
}

/* A pick that is written in the text holds if the caller has none. */
static void set_written(struct choice *c, const uint32_t *at, uint32_t n)
{
    if (c->decided)
        c->shown.overridden = c->shown.n_picked != n || (n > 0 && memcmp(c->shown.picked, at, n * sizeof *at) != 0);
    else
        set(c, at, n);
}

static void pick_of_caller(struct eval *e, struct choice *c)
{
    const struct elab_pick *p = map_get(&e->choices->picks, c->shown.name);
    if (!p)
        return;
    map_set(&e->choices->used, c->shown.name, c);
    const uint32_t *at = p->at;
    uint32_t n = p->n;
    bool good = p->text ? pick_of_text(e, c, p->text, &at, &n) : pick_ascending(c, at, n);
    if (good)
        set(c, at, n);
    else
        pick_wrong(e, c, (struct span){0}, p->text ? p->text : "these indices");
}

static void pick_of_network(struct eval *e, struct choice *c)
{
    struct network_pick *p = map_get(&e->choices->network, c->shown.name);
    const uint32_t *at;
    uint32_t n;
    if (!p)
        return;
    p->used = true;
    c->shown.in_network = p->arg;
    if (p->value.kind != VALUE_ERROR && pick_of_value(e, c, &p->value, p->arg->value->at, &at, &n))
        set_written(c, at, n);
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

/* where: each alternative; NULL for a subset. */
static struct value choose(struct eval *e, const struct call *call, bool subset, struct value list, const struct span *where)
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
    *c = (struct choice){.list = list, .where = where};
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
    return choose(e, call, false, *list, call->rest_where);
}

static struct value run_choose_subset(struct eval *e, const struct builtin *b, const struct call *call)
{
    (void)b;
    if (call->args[0].list.n > MOST_ELEMENTS)
        return eval_fail(e, call->where[0], E_ALTERNATIVES, "`choose_subset` takes a list of at most %d elements, not of %zu", MOST_ELEMENTS, call->args[0].list.n);
    return choose(e, call, true, call->args[0], NULL);
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
    /* a pick in another module is that module's answer, which the network may replace */
    const struct ast_arg *above = c->shown.in_network;
    struct span other = c->shown.beside ? c->shown.beside->at : above && above->name.at.source == a->at.source ? above->name.at : (struct span){0};
    if (other.source) {
        diag_error(e->diag, a->at, E_PICKED_TWICE, "choice `%s` is picked twice", c->shown.name);
        diag_note(e->diag, other, "the other pick is here");
        eval_stack(e);
        return value_error();
    }
    const uint32_t *at;
    uint32_t n;
    v = eval_expr(e, a->args.at[0].value);
    if (v.kind == VALUE_ERROR || !pick_of_value(e, c, &v, a->args.at[0].value->at, &at, &n))
        return value_error();
    c->shown.beside = a;
    if (!above)
        set_written(c, at, n);
    e->call_choice = c;
    return result(e, c);
}

/* ---- the end ---- */

static void unknown(struct eval *e, struct span at, const char *name)
{
    struct nearest near = nearest_to(name);
    diag_error(e->diag, at, E_UNKNOWN_CHOICE, "there is no choice `%s` in this network", name);
    for (size_t i = 0; diag_takes_notes(e->diag) && i < e->choices->met.n; i++)
        nearest_try(&near, e->choices->met.at[i]->shown.name);
    if (near.best)
        diag_note(e->diag, at, "did you mean `%s`?", near.best);
    else if (e->choices->met.n > 0)
        diag_note(e->diag, at, "`cnasc check` lists the choices, of which the first is `%s`", e->choices->met.at[0]->shown.name);
}

/* Whether the text is a name, perhaps with its module's. */
static bool is_name(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)bytes[i]) && bytes[i] != '_' && bytes[i] != '.')
            return false;
    return n > 0;
}

/* What is picked as the text would say it: in @pick of the network, and right after the choice. */
static void write_pick(struct eval *e, struct choice *c)
{
    struct elab_choice *shown = &c->shown;
    if (shown->subset) {
        struct text t = text_new(e->arena);
        for (uint32_t i = 0; i < shown->n_picked; i++)
            text_add(&t, "%s%" PRIu32, i ? ", " : "", shown->picked[i]);
        shown->written = shown->written_beside = arena_printf(e->arena, "[%s]", text_str(&t));
        return;
    }
    uint32_t which = shown->picked[0], alike = 0;
    const struct written w = written_value(e->arena, e->resolved->names, e->network_module, &value_items(&c->list)[which]);
    shown->written = w.text;
    if (w.literal)
        shown->written_beside = w.text;
    else if (c->where && is_name(c->where[which].source->bytes + c->where[which].from, c->where[which].to - c->where[which].from))
        shown->written_beside = arena_strndup(e->arena, c->where[which].source->bytes + c->where[which].from,
                                              c->where[which].to - c->where[which].from);
    for (uint32_t i = 0; i < shown->n; i++)
        alike += strcmp(shown->alternatives[i], shown->alternatives[which]) == 0;
    if (!w.text && alike == 1)
        shown->written = written_string(e->arena, shown->alternatives[which]);
}

void choices_finish(struct eval *e, struct elab_found *found)
{
    struct choices *c = e->choices;
    struct elab_choice *all = found ? ARENA_ARRAY(e->arena, struct elab_choice, c->met.n) : NULL;
    for (size_t i = 0; found && i < c->met.n; i++) {
        write_pick(e, c->met.at[i]);
        all[i] = c->met.at[i]->shown;
    }
    if (found) {
        found->choices = all;
        found->n_choices = c->met.n;
    }
    for (size_t i = 0; i < c->network.n; i++) {
        const struct network_pick *p = c->network.entries[i].value;
        if (!p->used)
            unknown(e, p->arg->name.at, p->arg->name.text);
    }
    for (size_t i = 0; !c->options->optional_picks && i < c->picks.n; i++)
        if (!map_get(&c->used, c->picks.entries[i].key))
            unknown(e, (struct span){0}, c->picks.entries[i].key);
}
