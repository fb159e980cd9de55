#include "compiler/pass/schedule.h"

#include "compiler/base/nearest.h"
#include "compiler/base/text.h"

struct list {
    struct arena *arena;
    VEC(struct pass_item) items;
};

const char *pass_args_wrong(struct arena *a, const struct pass_info *pass, const char *text, struct pass_args *args)
{
    const char *why;
    if (!pass_args_read(a, text, args, &why))
        return why;
    if (pass->check)
        return pass->check(a, args);
    return args->n ? arena_printf(a, "%s takes no arguments, not `%s`", pass->name, text) : NULL;
}

static size_t find(const struct list *l, const struct pass_info *pass)
{
    size_t i = 0;
    while (i < l->items.n && l->items.at[i].pass != pass)
        i++;
    return i;
}

static void insert(struct list *l, size_t at, struct pass_item item)
{
    vec_push(l->arena, &l->items, item);
    for (size_t i = l->items.n - 1; i > at; i--)
        l->items.at[i] = l->items.at[i - 1];
    l->items.at[at] = item;
}

static void remove_at(struct list *l, size_t at)
{
    for (; at + 1 < l->items.n; at++)
        l->items.at[at] = l->items.at[at + 1];
    l->items.n--;
}

/* Before the first that comes later in pass.def. */
static size_t place_of(const struct list *l, const struct pass_info *pass)
{
    size_t i = 0;
    while (i < l->items.n && l->items.at[i].pass < pass)
        i++;
    return i;
}

static void unknown(struct arena *a, struct diag *d, const struct ir_wish *wish)
{
    struct nearest near = nearest_to(wish->pass);
    struct text all = text_new(a);
    for (size_t i = 0; i < pass_count(); i++) {
        nearest_try(&near, pass_at(i)->word);
        text_add(&all, "%s%s", i ? ", " : "", pass_at(i)->word);
    }
    diag_error_at(d, &wish->site, E_UNKNOWN_PASS, "this version has no pass `%s`", wish->pass);
    if (near.best)
        diag_note_at(d, &wish->site, "did you mean `%s`?", near.best);
    else
        diag_note_at(d, &wish->site, "its passes are: %s", text_str(&all));
}

static bool add_wish(struct list *l, struct diag *d, const struct ir_wish *wish)
{
    struct pass_item item = {.pass = pass_find(wish->pass), .asked_at = wish->site};
    if (!item.pass)
        return unknown(l->arena, d, wish), false;
    const char *why = pass_args_wrong(l->arena, item.pass, wish->args, &item.args);
    if (why)
        return diag_error_at(d, &wish->site, E_PASS_ARGUMENTS, "%s", why), false;
    bool there = find(l, item.pass) < l->items.n;
    if (there && item.pass->level > 0)
        return diag_error_at(d, &wish->site, E_PASS_TWICE, "pass `%s` is asked for twice", wish->pass), false;
    if (!there)
        insert(l, l->items.n, item);
    return true;
}

/* Passes of this kind come after all others, each in its order. */
static void put_last(struct list *l, enum pass_kind kind)
{
    for (size_t n = l->items.n, i = 0; n-- > 0;) {
        struct pass_item item = l->items.at[i];
        if (item.pass->kind != kind) {
            i++;
            continue;
        }
        remove_at(l, i);
        insert(l, l->items.n, item);
    }
}

bool pass_schedule(struct arena *a, struct diag *d, const struct ir_graph *g, const struct pass_settings *settings, struct pass_schedule *s)
{
    static const struct pass_settings none;
    struct list l = {.arena = a};
    bool good = true;
    settings = settings ? settings : &none;
    int level = settings->level_given ? settings->level : 1;
    for (size_t i = 0; i < pass_count(); i++)
        if (pass_at(i)->level <= (g->n_wishes ? 0 : level))
            insert(&l, l.items.n, (struct pass_item){.pass = pass_at(i)});
    for (uint32_t i = 0; i < g->n_wishes; i++)
        good = add_wish(&l, d, &g->wishes[i]) && good;
    for (size_t i = 0; i < settings->n_switches; i++) {
        const struct pass_switch *w = &settings->switches[i];
        struct pass_item item = {.pass = w->pass};
        size_t at = find(&l, w->pass);
        if (w->on && pass_args_wrong(a, w->pass, w->args, &item.args))
            bug("arguments of a pass that nobody checked");
        if (!w->on && at < l.items.n)
            remove_at(&l, at);
        else if (w->on && at == l.items.n)
            insert(&l, place_of(&l, w->pass), item);
        else if (w->on && *w->args)
            l.items.at[at].args = item.args;
    }
    put_last(&l, PASS_MARKS); /* of what is trained */
    put_last(&l, PASS_CLOSE); /* for inference alone */
    *s = (struct pass_schedule){l.items.at, l.items.n};
    return good;
}
