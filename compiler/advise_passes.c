/* Which passes that nobody asked for would meet the budgets: a few are run, alone and in pairs, and only what was run is named. */
#include "compiler/advise.h"

#include "compiler/base/table.h"
#include "compiler/pass/schedule.h"

#include <string.h>

enum { MOST_WAYS = 4, MOST_NODES = 1000000 /* of the graphs that are tried, all together: about a second */ };

struct way { /* one of those that are tried */
    const struct pass_info *pass;
    const char *word; /* the argument that is added to those that the pass has; NULL: none */
    bool meets;       /* every budget, alone */
};

struct trial {
    struct arena *arena;
    const struct advise *advise;
    struct pass_schedule now;
    struct way ways[MOST_WAYS];
    size_t n_ways;
    int64_t nodes; /* that may still be tried */
    const char *best; /* the switches with which fewest ReLUs were left */
    int64_t best_relus;
    bool best_changes, any_meets;
};

static const struct pass_item *running(const struct trial *t, const struct pass_info *pass)
{
    for (size_t i = 0; i < t->now.n; i++)
        if (t->now.items[i].pass == pass)
            return &t->now.items[i];
    return NULL;
}

/* Nothing to try: the pass runs, and this way; or all ReLUs but some that are named go already. */
static bool is_done(const struct pass_item *item, const char *word)
{
    return item && (!word || pass_args_have(&item->args, word) || pass_args_have(&item->args, "keep") ||
                    (item->args.n == 0 && strcmp(word, "marked") == 0));
}

static void add_way(struct trial *t, const char *pass, const char *word)
{
    const struct pass_info *p = pass_find(pass);
    if (!is_done(running(t, p), word))
        t->ways[t->n_ways++] = (struct way){p, word, false};
}

static bool any_node(const struct ir_graph *g, bool marked, enum ir_op op)
{
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (marked ? g->nodes[id].prune : g->nodes[id].op == op)
            return true;
    return false;
}

/* The words of the pass's arguments now, and these. */
static const char *arguments(const struct trial *t, const struct pass_info *pass, const char *word, const char *other)
{
    struct text text = text_new(t->arena);
    const struct pass_item *item = running(t, pass);
    const char *words[] = {item && item->args.n == 0 && word ? "marked" : NULL, word, other};
    for (size_t i = 0; item && i < item->args.n; i++)
        text_add(&text, "%s%s%s%s", text.n ? "," : "", item->args.at[i].word, item->args.at[i].value ? "=" : "",
                 item->args.at[i].value ? item->args.at[i].value : "");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i])
            text_add(&text, "%s%s", text.n ? "," : "", words[i]);
    return text_str(&text);
}

static const char *switches_text(struct arena *a, const struct pass_switch *s, size_t n)
{
    struct text text = text_new(a);
    for (size_t i = 0; i < n; i++)
        text_add(&text, "%s-f%s%s%s", i ? " " : "", s[i].pass->name, *s[i].args ? "=" : "", s[i].args);
    return text_str(&text);
}

/* Do all budgets hold with these switches besides? *relus: ReLU-equivalents then; -1: unknown. */
static bool meets(const struct trial *t, const struct pass_switch *s, size_t n, int64_t *relus)
{
    struct arena *scratch = arena_new();
    struct pass_settings settings = *t->advise->passes;
    struct pass_switch *all = ARENA_ARRAY(scratch, struct pass_switch, settings.n_switches + n);
    for (size_t i = 0; i < settings.n_switches; i++)
        all[i] = settings.switches[i];
    for (size_t i = 0; i < n; i++)
        all[settings.n_switches + i] = s[i];
    settings.switches = all;
    settings.n_switches += n;
    struct pass_trace trace;
    struct ir_cost cost;
    const struct ir_graph *g = pass_all(scratch, diag_new(scratch), t->advise->elaborated, &settings, &trace);
    bool ok = g && ir_cost_total(g, &cost);
    *relus = ok ? cost.relu_equivalents : -1;
    for (uint32_t i = 0; ok && i < g->n_budgets; i++)
        ok = budget_used(g, &g->budgets[i]) <= g->budgets[i].limit;
    arena_free(&scratch);
    return ok;
}

/* One way, or two. */
static bool try_ways(struct trial *t, struct diag *d, const struct way *way, const struct way *other)
{
    struct pass_switch s[2] = {{way->pass, true, arguments(t, way->pass, way->word, NULL)}};
    size_t n = 1;
    int64_t relus;
    if (other && other->pass == way->pass)
        s[0].args = arguments(t, way->pass, way->word, other->word);
    else if (other)
        s[n++] = (struct pass_switch){other->pass, true, arguments(t, other->pass, other->word, NULL)};
    bool changes = way->pass->kind == PASS_CHANGES || (other && other->pass->kind == PASS_CHANGES);
    bool ok = meets(t, s, n, &relus);
    if (ok)
        diag_note(d, (struct span){0}, "with %s every budget holds: %s ReLUs; %s", switches_text(t->arena, s, n), table_number(t->arena, relus),
                  changes ? "the function changes, so train the network with it" : "the function stays the same");
    t->any_meets |= ok;
    if (relus >= 0 && relus < t->best_relus) {
        t->best = switches_text(t->arena, s, n);
        t->best_relus = relus;
        t->best_changes = changes;
    }
    return ok;
}

static bool may_try(struct trial *t)
{
    t->nodes -= t->advise->elaborated->n_nodes;
    return t->nodes >= 0;
}

void advise_passes(const struct advise *a, struct diag *d, const struct ir_graph *g)
{
    struct ir_cost now;
    struct trial t = {.arena = a->arena, .advise = a, .nodes = MOST_NODES};
    if (!ir_cost_total(g, &now) || !pass_schedule(a->arena, d, a->elaborated, a->passes, &t.now))
        return;
    t.best_relus = now.relu_equivalents;
    add_way(&t, "relu-shuffle", NULL);
    if (any_node(a->elaborated, true, IR_RELU))
        add_way(&t, "relu-prune", "marked");
    add_way(&t, "relu-prune", "skips");
    if (any_node(a->elaborated, false, IR_MAX_POOL) || any_node(a->elaborated, false, IR_GLOBAL_MAX_POOL))
        add_way(&t, "maxpool-to-avgpool", NULL);
    for (size_t i = 0; i < t.n_ways; i++)
        t.ways[i].meets = may_try(&t) && try_ways(&t, d, &t.ways[i], NULL);
    for (size_t i = 0; i < t.n_ways; i++)
        for (size_t k = i + 1; k < t.n_ways; k++)
            if (!t.ways[i].meets && !t.ways[k].meets && may_try(&t))
                try_ways(&t, d, &t.ways[i], &t.ways[k]);
    if (!t.any_meets && t.best)
        diag_note(d, (struct span){0}, "no pass that was tried is enough: with %s, %s ReLUs are left%s", t.best, table_number(a->arena, t.best_relus),
                  t.best_changes ? ", and the function changes" : "");
}
