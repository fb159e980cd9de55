/* The number of networks is a product over choices, as if each could be made whatever the others are; where a choice decides whether
 * another one is met at all, only those that are met now are counted. */
#include "compiler/space.h"

#include "compiler/base/table.h"
#include "compiler/ir/cost.h"

#include <inttypes.h>
#include <math.h>

enum {
    LINE = 130,
    MOST_ROWS = 64,
    MOST_TRIES = 200,      /* elaborations for one report */
    MOST_NODES = 200000,   /* made by all of them together */
};
#define MOST_STEPS (2 * ELAB_MAX_STEPS) /* of all of them together */

static const char *picked_text(struct arena *a, const struct elab_choice *c)
{
    struct text t = text_new(a);
    if (!c->subset)
        return c->alternatives[c->picked[0]];
    text_add(&t, "[");
    for (uint32_t i = 0; i < c->n_picked; i++)
        text_add(&t, "%s%" PRIu32, i ? ", " : "", c->picked[i]);
    text_add(&t, "]");
    return text_str(&t);
}

static const char *alternatives_text(struct arena *a, const struct elab_choice *c)
{
    struct text t = text_new(a);
    if (c->subset)
        text_add(&t, "some of %" PRIu32 ": ", c->n);
    for (uint32_t i = 0; i < c->n; i++)
        text_add(&t, "%s%s", i ? ", " : "", c->alternatives[i]);
    return table_shorten(a, text_str(&t), 60);
}

/* ---- trying alternatives ---- */

static size_t tries_of(const struct elab_choice *c)
{
    return c->pinned ? 0 : !c->subset ? c->n : c->n > 0 ? 2 : 1; /* a subset: none, all */
}

static bool is_cheap(const struct space *s)
{
    size_t tries = 0;
    for (size_t i = 0; i < s->found->n_choices; i++)
        tries += tries_of(&s->found->choices[i]);
    return tries <= MOST_TRIES && tries * s->graph->n_nodes <= MOST_NODES;
}

/* c as its alternative number which, all else as it is. */
static struct elab_options options_with(struct arena *a, const struct space *s, const struct elab_choice *c, uint32_t which)
{
    struct elab_options o = *s->elab;
    struct elab_pick *picks = ARENA_ARRAY(a, struct elab_pick, o.n_picks + 1);
    for (size_t i = 0; i < o.n_picks; i++)
        picks[i] = o.picks[i];
    uint32_t n = !c->subset ? 1 : which ? c->n : 0, *at = ARENA_ARRAY(a, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        at[i] = c->subset ? i : which;
    picks[o.n_picks++] = (struct elab_pick){.name = c->name, .at = at, .n = n};
    o.picks = picks;
    o.optional_picks = true;
    return o;
}

enum { TRY_WRONG = -1, TRY_TOO_LONG = -2 };

/* The network's ReLUs with that alternative, or TRY_WRONG after an error in d, or TRY_TOO_LONG when the steps are used up. */
static int64_t try_one(struct arena *a, struct diag *d, const struct space *s, const struct elab_choice *c, uint32_t which, int64_t *steps)
{
    struct arena *scratch = arena_new();
    struct elab_options o = options_with(scratch, s, c, which);
    struct pass_trace trace;
    struct ir_cost cost = {0};
    struct diag *ignored = diag_new(scratch);
    o.steps = steps;
    const struct ir_graph *g = elab_network(scratch, ignored, s->program, &o, NULL);
    bool elaborated = g;
    g = g ? pass_all(scratch, ignored, g, s->passes, &trace) : NULL;
    bool passed = g, countable = g && ir_cost_total(g, &cost);
    arena_free(&scratch);
    if (countable)
        return cost.relu_equivalents;
    if (!elaborated && *steps <= 0)
        return TRY_TOO_LONG;
    struct elab_choice with = *c;
    o = options_with(a, s, c, which);
    o.steps = NULL;
    with.picked = o.picks[o.n_picks - 1].at;
    with.n_picked = o.picks[o.n_picks - 1].n;
    if (passed) {
        diag_error_at(d, &c->site, E_TOO_LARGE, "the network is too large to be counted");
    } else { /* again, to hear why not */
        g = elab_network(a, d, s->program, &o, NULL);
        if (elaborated)
            pass_all(a, d, g, s->passes, &trace);
    }
    diag_note_at(d, &c->site, "this is so with %s = %s", c->name, picked_text(a, &with));
    return TRY_WRONG;
}

/* "86,016", or "49,152 .. 86,016", or "?" when the steps are used up; NULL after an error. */
static const char *relus_text(struct arena *a, struct diag *d, const struct space *s, const struct elab_choice *c, int64_t *steps)
{
    int64_t least = INT64_MAX, most = 0;
    for (uint32_t i = 0; i < tries_of(c); i++) {
        int64_t n = *steps > 0 ? try_one(a, d, s, c, i, steps) : TRY_TOO_LONG;
        if (n < 0)
            return n == TRY_TOO_LONG ? "?" : NULL;
        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    if (tries_of(c) == 0)
        return "";
    return least == most ? table_number(a, least) : arena_printf(a, "%s .. %s", table_number(a, least), table_number(a, most));
}

/* ---- the size ---- */

/* "1,024", or "about 10^82.5" where that is more than can be counted. */
static const char *size_text(struct arena *a, const struct elab_found *f)
{
    int64_t exact = 1;
    bool fits = true;
    double digits = 0;
    for (size_t i = 0; i < f->n_choices; i++) {
        const struct elab_choice *c = &f->choices[i];
        if (c->pinned)
            continue;
        digits += c->subset ? c->n * log10(2) : log10(c->n);
        fits = fits && (!c->subset || c->n < 62) && !__builtin_mul_overflow(exact, c->subset ? (int64_t)1 << c->n : (int64_t)c->n, &exact);
    }
    return fits ? table_number(a, exact) : arena_printf(a, "about 10^%.1f", digits);
}

size_t space_open(const struct elab_found *found)
{
    size_t open = 0;
    for (size_t i = 0; i < found->n_choices; i++)
        open += !found->choices[i].pinned;
    return open;
}

bool space_report(struct text *out, struct diag *d, const struct space *s)
{
    const struct elab_found *f = s->found;
    struct arena *a = out->arena;
    const size_t open = space_open(f);
    size_t left = 0;
    int64_t steps = s->elab->steps ? *s->elab->steps : MOST_STEPS;
    bool tried = is_cheap(s), good = true;
    if (f->n_choices == 0)
        return true;
    struct table t = table_new(a, tried ? "lllr" : "lll");
    table_row(&t, (const char *[]){"choice", "alternatives", "picked", "ReLUs"});
    table_rule(&t);
    for (size_t i = 0; i < f->n_choices && good; i++) {
        const struct elab_choice *c = &f->choices[i];
        const char *relus = tried ? relus_text(a, d, s, c, &steps) : "";
        good = relus;
        if (i < MOST_ROWS)
            table_row(&t, (const char *[]){c->name, alternatives_text(a, c),
                                           arena_printf(a, "%s%s", table_shorten(a, picked_text(a, c), 24), c->pinned ? "" : " (open)"), relus});
        else
            left++;
    }
    if (!good)
        return false;
    table_fit(&t, LINE);
    text_add(out, "\n");
    table_print(out, &t);
    if (left)
        text_add(out, "and %zu more\n", left);
    if (open)
        text_add(out, "%zu of %zu choices are open: %s networks; the table of layers shows the one picked here\n", open, f->n_choices,
                 size_text(a, f));
    return true;
}

bool space_check_pinned(struct arena *a, struct diag *d, const struct elab_found *found)
{
    enum { SHOWN = 6 };
    const struct elab_choice *first = NULL;
    struct text names = text_new(a);
    size_t open = 0;
    for (size_t i = 0; i < found->n_choices; i++) {
        const struct elab_choice *c = &found->choices[i];
        if (c->pinned)
            continue;
        first = first ? first : c;
        if (open++ < SHOWN)
            text_add(&names, "%s%s", open == 1 ? "" : ", ", c->name);
    }
    if (open == 0)
        return true;
    if (open > SHOWN)
        text_add(&names, ", ...");
    diag_error_at(d, &first->site, E_OPEN_CHOICE, "choice `%s` is open: a network is built when every choice is picked", first->name);
    if (open > 1)
        diag_note(d, (struct span){0}, "%zu choices are open: %s", open, text_str(&names));
    diag_note(d, (struct span){0}, "pick with --pick '%s=%s', or on the network with @pick(%s = %s), or right after the choice with @pick(%s)",
              first->name, picked_text(a, first), first->name, picked_text(a, first), picked_text(a, first));
    return false;
}
