/* The text is edited, not printed from the tree: what the answer does not change stays as its author wrote it. */
#include "compiler/pin.h"

#include "compiler/fmt/fmt.h"
#include "compiler/fmt/token.h"
#include "compiler/ir/print.h"

#include <stdlib.h>
#include <string.h>

struct edit { /* bytes [from, to) of the source become text */
    uint32_t from, to;
    const char *text;
    size_t order; /* of those at one place */
};

struct pin {
    struct arena *arena;
    struct diag *diag;
    const struct source *source;
    VEC(struct edit) edits;
    VEC(const struct elab_choice *) added; /* to the network's @pick */
    bool good;
};

static void edit(struct pin *p, uint32_t from, uint32_t to, const char *text)
{
    struct edit e = {from, to, text, p->edits.n};
    vec_push(p->arena, &p->edits, e);
}

/* ---- parameters ---- */

static void pin_param(struct pin *p, const struct elab_param *one)
{
    const struct ast_param *param = one->param;
    const struct ast_name *name = &param->target.name;
    uint32_t end = param->type.name.text ? param->type.at.to : name->at.to;
    if (!one->written) {
        diag_error(p->diag, name->at, E_NOT_WRITTEN, "the value of parameter `%s` cannot be written as its default", name->text);
        p->good = false;
    } else if (param->value) {
        edit(p, param->value->at.from, param->value->at.to, one->written);
    } else {
        edit(p, end, end, arena_printf(p->arena, " = %s", one->written));
    }
}

/* ---- choices ---- */

static void refuse(struct pin *p, const struct elab_choice *c)
{
    diag_error_at(p->diag, &c->site, E_NOT_WRITTEN, "what is picked for choice `%s` cannot be written in @pick of the network", c->name);
    diag_note(p->diag, (struct span){0}, "a block gets a name there when it is imported, or when the alternatives have different names");
    p->good = false;
}

static void add(struct pin *p, const struct elab_choice *c)
{
    if (c->written)
        vec_push(p->arena, &p->added, c);
    else
        refuse(p, c);
}

/* One @pick beside a choice that was made n times: it stays if it holds for all of them, says something else if that does, and
 * otherwise makes way for picks of the network. */
static void pin_beside(struct pin *p, const struct elab_choice *const *c, size_t n)
{
    const struct ast_annotation *a = c[0]->beside;
    bool holds = true, alike = c[0]->written && c[0]->written_beside;
    for (size_t i = 0; i < n; i++) {
        holds = holds && !c[i]->overridden;
        alike = alike && c[i]->written && strcmp(c[i]->written, c[0]->written) == 0 && c[i]->written_beside &&
                strcmp(c[i]->written_beside, c[0]->written_beside) == 0;
    }
    if (holds)
        return;
    if (alike) {
        edit(p, a->args.at[0].value->at.from, a->args.at[0].value->at.to, c[0]->written_beside);
        return;
    }
    edit(p, a->at.from, a->at.to, "");
    for (size_t i = 0; i < n; i++)
        add(p, c[i]);
}

static int by_place(const void *x, const void *y)
{
    const struct elab_choice *a = *(const struct elab_choice *const *)x, *b = *(const struct elab_choice *const *)y;
    uint32_t m = a->beside->at.from, n = b->beside->at.from;
    return m != n ? (m > n) - (m < n) : (a > b) - (a < b);
}

static int by_order(const void *x, const void *y) /* in which they were met */
{
    const struct elab_choice *a = *(const struct elab_choice *const *)x, *b = *(const struct elab_choice *const *)y;
    return (a > b) - (a < b);
}

static void pin_choices(struct pin *p, const struct elab_found *found)
{
    VEC(const struct elab_choice *) beside = {0};
    for (size_t i = 0; i < found->n_choices; i++) {
        const struct elab_choice *c = &found->choices[i];
        bool here = c->beside && c->beside->at.source == p->source;
        if (c->n < 2 && !(c->subset && c->n == 1) && !here) /* nothing to choose */
            continue;
        if (c->in_network && !c->overridden)
            continue;
        if (c->in_network && c->written)
            edit(p, c->in_network->value->at.from, c->in_network->value->at.to, c->written);
        else if (c->in_network)
            refuse(p, c);
        else if (here)
            vec_push(p->arena, &beside, c);
        else if (!c->beside || c->overridden)
            add(p, c);
    }
    if (beside.n)
        qsort(beside.at, beside.n, sizeof *beside.at, by_place);
    for (size_t i = 0, n; i < beside.n; i += n) {
        for (n = 1; i + n < beside.n && beside.at[i + n]->beside == beside.at[i]->beside; n++)
            continue;
        pin_beside(p, beside.at + i, n);
    }
    if (p->added.n)
        qsort(p->added.at, p->added.n, sizeof *p->added.at, by_order);
}

/* "a = 3,": one pick a line. */
static const char *lines_of(struct pin *p)
{
    struct text t = text_new(p->arena);
    for (size_t i = 0; i < p->added.n; i++)
        text_add(&t, "%s = %s,\n", p->added.at[i]->name, p->added.at[i]->written);
    return text_str(&t);
}

/* Puts picks behind those that an annotation has. */
static void extend(struct pin *p, const struct ast_annotation *a)
{
    const struct fmt_tokens tokens = fmt_tokens(p->arena, p->source);
    size_t close = 0;
    while (tokens.at[close].bytes != p->source->bytes + a->at.to - 1)
        close++;
    const struct fmt_token *last = &tokens.at[close - 1];
    uint32_t end = (uint32_t)(last->bytes + last->n - p->source->bytes);
    if (!fmt_is(last, ","))
        edit(p, end, end, ",");
    edit(p, a->at.to - 1, a->at.to - 1, arena_printf(p->arena, "%s%s", tokens.at[close].newline ? "" : "\n", lines_of(p)));
}

static void pin_network(struct pin *p, const struct ast_block *network)
{
    if (!p->added.n)
        return;
    for (size_t i = 0; i < network->annotations.n; i++)
        if (strcmp(network->annotations.at[i].name.text, "pick") == 0) {
            extend(p, &network->annotations.at[i]);
            return;
        }
    const struct elab_choice *only = p->added.n == 1 ? p->added.at[0] : NULL;
    edit(p, network->at.from, network->at.from,
         only ? arena_printf(p->arena, "@pick(%s = %s)\n", only->name, only->written) : arena_printf(p->arena, "@pick(\n%s)\n", lines_of(p)));
}

/* ---- the text ---- */

static int by_from(const void *x, const void *y)
{
    const struct edit *a = x, *b = y;
    return a->from != b->from ? (a->from > b->from) - (a->from < b->from) : (a->order > b->order) - (a->order < b->order);
}

static const struct source *edited(struct pin *p)
{
    struct text t = text_new(p->arena);
    uint32_t at = 0;
    if (p->edits.n)
        qsort(p->edits.at, p->edits.n, sizeof *p->edits.at, by_from);
    for (size_t i = 0; i < p->edits.n; i++) {
        const struct edit *e = &p->edits.at[i];
        text_add_bytes(&t, p->source->bytes + at, e->from - at);
        text_add(&t, "%s", e->text);
        at = e->to;
    }
    text_add_bytes(&t, p->source->bytes + at, p->source->n - at);
    return source_new(p->arena, p->source->name, text_str(&t), t.n);
}

bool pin_source(struct text *out, struct diag *d, const struct elab_found *found)
{
    struct pin p = {.arena = out->arena, .diag = d, .source = found->network->target.name.at.source, .good = true};
    for (size_t i = 0; i < found->n_params; i++)
        pin_param(&p, &found->params[i]);
    pin_choices(&p, found);
    pin_network(&p, found->network);
    if (p.good)
        fmt_source(out, edited(&p));
    return p.good;
}

/* ---- verifying ---- */

/* A graph's text without places in the source, which lines that were added move. */
static const char *text_without_places(struct arena *a, const struct ir_graph *g)
{
    struct ir_graph bare = *g;
    struct ir_node *nodes = ARENA_ARRAY(a, struct ir_node, g->n_nodes);
    struct ir_budget *budgets = ARENA_ARRAY(a, struct ir_budget, g->n_budgets);
    struct ir_wish *wishes = ARENA_ARRAY(a, struct ir_wish, g->n_wishes);
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        nodes[i] = g->nodes[i];
        nodes[i].site = (struct site){0};
    }
    for (uint32_t i = 0; i < g->n_budgets; i++) {
        budgets[i] = g->budgets[i];
        budgets[i].scope = ""; /* an expression's is its place */
        budgets[i].site = (struct site){0};
    }
    for (uint32_t i = 0; i < g->n_wishes; i++) {
        wishes[i] = g->wishes[i];
        wishes[i].site = (struct site){0};
    }
    bare.nodes = nodes;
    bare.budgets = budgets;
    bare.wishes = wishes;
    struct text t = text_new(a);
    ir_print(&t, &bare);
    return text_str(&t);
}

const char *pin_verify(const struct text *pinned, const struct load_options *load, const struct pass_settings *settings,
                       const struct elab_found *found, const struct ir_graph *graph)
{
    struct arena *a = pinned->arena;
    const struct ast_name *network = &found->network->target.name;
    struct elab_options elab = {.network = network->text};
    struct elab_found again;
    struct pass_trace passes;
    struct diag *d = diag_new(a);
    const struct ast_program *program = load_text(a, d, network->at.source->name, pinned->bytes, pinned->n, load);
    const struct ir_graph *g = elab_network(a, d, program, &elab, &again);
    g = g ? pass_all(a, d, g, settings, &passes) : NULL;
    if (!g)
        return "the pinned source is wrong";
    if (strcmp(text_without_places(a, g), text_without_places(a, graph)) != 0)
        return "the pinned source is that of another network";
    struct text second = text_new(a);
    if (!pin_source(&second, d, &again) || strcmp(text_str(&second), pinned->bytes) != 0)
        return "pinning twice gives another text";
    return NULL;
}
