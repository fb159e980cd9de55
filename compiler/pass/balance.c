/* ReLU balancing: the same number of ReLUs in every layer, by other channel counts.
 *
 * Requires: a verified graph whose channels can follow: a reshape or a slice that fixes those of a ReLU layer is an error.
 * Gives:    the same operators on maps of the same heights and widths, with other channels (balance_widths.h); inputs, outputs and linear
 *           layers keep theirs. The weights are others, so the network is trained after it. The width is the one asked for, or the largest
 *           for which every budget holds, or, if none bounds it, for which the network has no more ReLUs than before. Balancing what is
 *           balanced changes nothing where no layer was rounded, and no grouped convolution is left with one channel in each group.
 * Source:   CryptoNAS (Ghodsi et al., NeurIPS 2020), ReLU balancing: capacity for ReLUs is best with constant ReLUs per layer. FLOP and
 *           channel balancing are what the paper compares with.
 * @keep:    a ReLU that is marked keeps its size, so its channels and all that are tied to them are given. */
#include "compiler/base/table.h"
#include "compiler/pass/balance_search.h"
#include "compiler/pass/pass.h"

#include <inttypes.h>

/* --- arguments --- */

enum { LARGEST_WIDTH = 0, WRITTEN_WIDTH = -1 };

struct wish {
    enum balance_rule rule;
    int64_t width; /* or LARGEST_WIDTH, WRITTEN_WIDTH */
};

static const char *read_wish(struct arena *a, const struct pass_args *args, struct wish *wish)
{
    bool ruled = false, wide = false;
    *wish = (struct wish){BALANCE_RELU, LARGEST_WIDTH};
    for (size_t i = 0; i < args->n; i++) {
        const struct pass_arg *arg = &args->at[i];
        int rule = 0;
        while (rule < BALANCE_RULES && strcmp(arg->word, balance_rule_names[rule]) != 0)
            rule++;
        if (strcmp(arg->word, "width") == 0 && !wide && arg->value && strcmp(arg->value, "written") == 0) {
            wish->width = WRITTEN_WIDTH;
            wide = true;
        } else if (strcmp(arg->word, "width") == 0 && !wide && pass_arg_count(arg, &wish->width) && wish->width > 0) {
            wide = true;
        } else if (rule < BALANCE_RULES && !ruled && !arg->value) {
            wish->rule = (enum balance_rule)rule;
            ruled = true;
        } else {
            return arena_printf(a, "relu-balance takes one of relu, flop and channel, and width=, a number or `written`; not `%s%s%s`", arg->word,
                                arg->value ? "=" : "", arg->value ? arg->value : "");
        }
    }
    return NULL;
}

const char *pass_balance_check(struct arena *a, const struct pass_args *args)
{
    struct wish wish;
    return read_wish(a, args, &wish);
}

/* --- what is said --- */

struct work {
    struct pass_context *c;
    struct balance *b;
    const struct ir_graph *g, *after;
    struct wish wish;
    struct balance_limit limit;
    int64_t width;
};

static const char *number(const struct work *w, int64_t value)
{
    return table_number(w->c->arena, value);
}

static const struct site *relu_site(const struct work *w, ir_id id)
{
    return &w->g->nodes[id].site;
}

static void say_stage(const struct work *w, uint32_t stage)
{
    const struct balance_stage *s = &w->b->stages.at[stage];
    ir_id id = w->b->layers.at[s->reference].node;
    struct ir_shape before = w->g->nodes[id].shape, after = w->after->nodes[id].shape;
    int64_t saved = 0;
    for (size_t i = 0; i < w->b->layers.n; i++)
        if (w->b->layers.at[i].stage == stage)
            saved += ir_elements(w->g->nodes[w->b->layers.at[i].node].shape) - ir_elements(w->after->nodes[w->b->layers.at[i].node].shape);
    if (before.c != after.c)
        remark(w->c->remarks, REMARK_PASSED, relu_site(w, id), saved,
               "%" PRId64 "x%" PRId64 " maps: the width of %" PRIu32 " ReLU layer%s becomes %s instead of %s; that is %s ReLUs in a layer",
               before.h, before.w, s->n_layers, s->n_layers == 1 ? "" : "s", number(w, after.c), number(w, before.c),
               number(w, ir_elements(after)));
}

static const char *reason(const struct work *w, const struct balance_layer *l)
{
    bool larger = false;
    for (uint32_t k = 0; k < l->n_leaves; k++) {
        const struct bundle *leaf = &w->b->channels->bundles.at[l->leaves[k].bundle];
        if (leaf->fixed)
            return w->g->nodes[leaf->fixed_by].keep ? "it has channels of a ReLU marked @keep" : "it has channels of the network's input or output";
        larger = larger || w->b->area[l->leaves[k].bundle] > l->area;
    }
    return larger ? "it has channels of larger maps" : "channels are whole numbers";
}

/* Layers that are not what the rule asks for; one remark for equal neighbours. */
static void say_off(const struct work *w)
{
    const struct balance_layer *said = NULL;
    for (size_t i = 0; i < w->b->n_turns; i++) {
        const struct balance_layer *l = w->b->turns[i];
        int64_t relus = ir_elements(w->after->nodes[l->node].shape), want = balance_relus(w->b, w->wish.rule, w->width, l);
        if (relus == want || (said && said->stage == l->stage && ir_elements(w->after->nodes[said->node].shape) == relus))
            continue;
        remark(w->c->remarks, REMARK_MISSED, relu_site(w, l->node), 0, "ReLU `%s` has %s ReLUs, not %s: %s", w->g->nodes[l->node].name,
               number(w, relus), number(w, want), reason(w, l));
        said = l;
    }
    for (size_t i = 0; i < w->b->layers.n; i++) {
        const struct balance_layer *l = &w->b->layers.at[i];
        int64_t relus = ir_elements(w->after->nodes[l->node].shape);
        if (l->stage == BALANCE_NO_STAGE && (!w->b->stages.n || relus != balance_relus(w->b, w->wish.rule, w->width, l)))
            remark(w->c->remarks, REMARK_MISSED, relu_site(w, l->node), 0, "ReLU `%s` is not balanced, and has %s ReLUs: %s", w->g->nodes[l->node].name,
                   number(w, relus), reason(w, l));
    }
}

/* --- the balancings side by side --- */

static void compare_row(struct work *w, struct table *t, const char *name, const struct ir_graph *g, bool network)
{
    struct arena *a = w->c->arena;
    struct text widths = text_new(a);
    struct ir_cost cost;
    if (!g || !ir_cost_total(g, &cost)) {
        table_row(t, (const char *[]){name, "none is small enough", "", "", ""});
        return;
    }
    for (uint32_t s = 0; s < w->b->stages.n; s++)
        if (s < 6 || s + 1 == w->b->stages.n)
            text_add(&widths, "%s%" PRId64, s ? "/" : "", g->nodes[w->b->layers.at[w->b->stages.at[s].reference].node].shape.c);
        else if (s == 6)
            text_add(&widths, "/..");
    table_row(t, (const char *[]){name, text_str(&widths), number(w, cost.parameters), number(w, cost.macs), number(w, cost.relu_equivalents)});
    remark(w->c->remarks, REMARK_ANALYSIS, &w->c->asked_at, 0, "%s: widths %s, %s parameters, %s MACs, %s ReLUs%s", name, text_str(&widths),
           number(w, cost.parameters), number(w, cost.macs), number(w, cost.relu_equivalents), network ? "; this is the network now" : "");
}

static void compare(struct work *w)
{
    static const char *const names[BALANCE_RULES] = {"equal ReLUs (relu)", "equal FLOPs (flop)", "equal channels (channel)"};
    struct arena *a = w->c->arena;
    struct table t = table_new(a, "llrrr");
    struct balance_limit limit = w->limit;
    struct ir_cost cost;
    if (w->wish.width != LARGEST_WIDTH) /* nothing was searched: the others may have as many ReLUs */
        limit = (struct balance_limit){BALANCE_TOTAL, ir_cost_total(w->after, &cost) ? cost.relu_equivalents : INT64_MAX};
    table_row(&t, (const char *[]){"balanced", "widths", "parameters", "MACs", "ReLUs"});
    table_rule(&t);
    compare_row(w, &t, "as it was", w->g, false);
    for (int rule = 0; rule < BALANCE_RULES; rule++) {
        const char *why;
        bool this = rule == (int)w->wish.rule;
        int64_t width = this ? w->width : balance_largest(w->b, (enum balance_rule)rule, &limit);
        compare_row(w, &t, names[rule], this ? w->after : width ? balance_try(a, w->b, (enum balance_rule)rule, width, &why) : NULL, this);
    }
    table_print(w->c->shown, &t);
}

/* --- the pass --- */

static bool refuse(struct work *w, const char *why, ir_id culprit, ir_id relu)
{
    diag_error_at(w->c->diag, relu_site(w, culprit), E_NOT_BALANCED, "the network cannot be balanced: %s", why);
    if (relu != IR_NONE)
        diag_note_at(w->c->diag, relu_site(w, relu), "so the ReLU `%s` has %s channels whatever its maps' size is", w->g->nodes[relu].name,
                     number(w, w->g->nodes[relu].shape.c));
    return false;
}

/* A layer is not what it should be because of an operator that need not be as it is. */
static bool accept(struct work *w)
{
    for (size_t i = 0; i < w->b->layers.n; i++) {
        const struct balance_layer *l = &w->b->layers.at[i];
        if (w->b->stages.n && ir_elements(w->after->nodes[l->node].shape) == balance_relus(w->b, w->wish.rule, w->width, l))
            continue;
        for (uint32_t k = 0; k < l->n_leaves; k++) {
            const struct bundle *leaf = &w->b->channels->bundles.at[l->leaves[k].bundle];
            if (leaf->fixed && leaf->why)
                return refuse(w, leaf->why, leaf->fixed_by, l->node);
        }
    }
    return true;
}

static bool choose_width(struct work *w)
{
    const struct balance_stage *first = &w->b->stages.at[0];
    struct pass_context *c = w->c;
    if (w->wish.width > 0 && w->wish.width % first->unit != 0) {
        diag_error_at(c->diag, c->asked_at.file ? &c->asked_at : relu_site(w, w->b->layers.at[first->reference].node), E_PASS_ARGUMENTS,
                      "relu-balance: a width of %s is no multiple of %s, as the groups of convolutions need it", number(w, w->wish.width),
                      number(w, first->unit));
        return false;
    }
    w->limit = balance_limit_of(w->b, w->wish.rule);
    w->width = w->wish.width == WRITTEN_WIDTH   ? first->width
               : w->wish.width == LARGEST_WIDTH ? balance_largest(w->b, w->wish.rule, &w->limit)
                                                : w->wish.width;
    if (w->width == 0) {
        bool budgets = w->limit.bound == BALANCE_BUDGETS;
        remark(c->remarks, REMARK_MISSED, &c->asked_at, 0, "%s", budgets ? "no width meets every budget" : "balanced, the network would have more ReLUs with any width");
        w->width = budgets ? first->unit : 0;
    }
    return true;
}

static bool same_sizes(const struct work *w, const int64_t *sizes)
{
    for (size_t i = 0; i < w->b->channels->bundles.n; i++)
        if (!w->b->channels->bundles.at[i].n_parts && sizes[i] != w->b->channels->bundles.at[i].size)
            return false;
    return true;
}

const struct ir_graph *pass_balance(struct pass_context *c, const struct ir_graph *g)
{
    struct work w = {.c = c, .b = balance_of(c->arena, g), .g = g, .after = g};
    const char *why;
    if (read_wish(c->arena, c->args, &w.wish))
        bug("arguments of a pass that nobody checked");
    if (w.b->stages.n && !choose_width(&w))
        return NULL;
    int64_t *sizes = w.width ? balance_sizes(c->arena, w.b, w.wish.rule, w.width) : NULL;
    w.after = sizes ? balance_resize(c->arena, w.b, sizes, &why) : g;
    if (!w.after)
        return refuse(&w, arena_printf(c->arena, "with a width of %s, %s", number(&w, w.width), why), w.b->layers.at[0].node, IR_NONE), NULL;
    if (!w.b->stages.n || w.width) {
        if (!accept(&w))
            return NULL;
        for (uint32_t s = 0; s < w.b->stages.n; s++)
            say_stage(&w, s);
        say_off(&w);
    }
    if (w.width && c->shown)
        compare(&w);
    return !sizes || same_sizes(&w, sizes) ? g : balance_stack_zeros(c->arena, w.after);
}
