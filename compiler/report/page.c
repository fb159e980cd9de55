/* The frame of the page, and the pieces that its sections share. */
#include "compiler/report/page.h"

#include "compiler/base/table.h"
#include "compiler/pass/budget.h"
#include "compiler/report/html.h"
#include "compiler/report/page_parts.h"
#include "compiler/report/words.h"

#include <inttypes.h>
#include <string.h>

static const char style[] =
#include "compiler/report/page.inc"
    ;

void page_section(struct text *t, const char *id, const char *title)
{
    text_add(t, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n", id, id, id, title);
}

void page_place(struct text *t, const struct page_facts *f, const struct site *s)
{
    const struct page *p = f->page;
    for (const struct site *from = s; from && from->file; from = from->from) {
        size_t i = 0;
        while (i < p->n_sources && p->sources[i]->name != from->file && strcmp(p->sources[i]->name, from->file) != 0)
            i++;
        const bool shown = i < p->n_sources && from->line > 0 && from->line <= PAGE_MOST_LINES && (uint32_t)from->line <= p->sources[i]->n_lines;
        if (from != s && !shown)
            continue;
        text_add(t, from == s ? "<span class=\"place\">" : ", for ");
        if (shown)
            text_add(t, "<a href=\"#s%zu-%d\">", i, from->line);
        html_text(t, words_place(t->arena, from));
        text_add(t, shown ? "</a>" : "");
        if (shown)
            break;
    }
    text_add(t, s->file ? "</span>" : "");
}

void page_more(struct text *t, size_t shown, size_t all, const char *what)
{
    if (shown < all)
        text_add(t, "<p class=\"note\">and %s more %s, which <code>cnasc count</code> shows</p>\n", table_number(t->arena, (int64_t)(all - shown)),
                 what);
}

void page_percent_style(struct text *t, const char *property, int64_t part, int64_t whole)
{
    double percent = whole > 0 ? 100.0 * (double)part / (double)whole : 0;
    text_add(t, " style=\"%s:%.2f%%\"", property, percent > 100 ? 100 : percent);
}

static void figure(struct text *t, const char *name, const char *value, const char *under)
{
    text_add(t, "<div><dt>%s</dt><dd><b>%s</b>", name, value);
    if (under && *under)
        text_add(t, "<small>%s</small>", under);
    text_add(t, "</dd></div>\n");
}

/* "was 9,408": as it is written, if passes changed it. */
static const char *was(struct arena *a, int64_t written, int64_t now)
{
    return written == now ? "" : arena_printf(a, "%s as written", html_short(a, written));
}

static void key_figures(struct text *t, const struct page_facts *f)
{
    struct arena *a = t->arena;
    const struct ir_cost *w = &f->written.cost, *c = &f->now.cost;
    const struct plan *plan = f->page->plan;
    text_add(t, "<dl class=\"figures\">\n");
    figure(t, c->relus == c->relu_equivalents ? "ReLUs" : "ReLU-equivalents", table_number(a, c->relu_equivalents),
           was(a, w->relu_equivalents, c->relu_equivalents));
    figure(t, "Parameters", html_short(a, c->parameters), was(a, w->parameters, c->parameters));
    figure(t, "MACs", html_short(a, c->macs), was(a, w->macs, c->macs));
    figure(t, "Activations", html_memory(a, f->now.bytes), "float32, at once at most");
    if (plan && plan->is_private)
        figure(t, "Private inference", arena_printf(a, "%s points", table_number(a, plan->n_points)),
               plan->n_terms == 1 ? "1 term" : arena_printf(a, "%s terms", table_number(a, plan->n_terms)));
    else
        figure(t, "Private inference", "not available", NULL);
    text_add(t, "</dl>\n");
}

static void budget_line(struct text *t, const struct page_facts *f)
{
    const struct ir_graph *g = f->page->graph;
    size_t broken = 0;
    for (uint32_t i = 0; i < g->n_budgets; i++)
        broken += budget_used(g, &g->budgets[i]) > g->budgets[i].limit;
    if (g->n_budgets == 0)
        text_add(t, "<p class=\"verdict\">No ReLU budget.</p>\n");
    else if (broken)
        text_add(t, "<p class=\"verdict bad\">%s of %s ReLU %s broken.</p>\n", table_number(t->arena, (int64_t)broken),
                 table_number(t->arena, g->n_budgets), g->n_budgets == 1 ? "budget is" : broken == 1 ? "budgets is" : "budgets are");
    else if (g->n_budgets == 1)
        text_add(t, "<p class=\"verdict good\">The ReLU budget holds.</p>\n");
    else
        text_add(t, "<p class=\"verdict good\">All %s ReLU budgets hold.</p>\n", table_number(t->arena, g->n_budgets));
}

static void head(struct text *t, const struct page_facts *f)
{
    static const char *const sections[][2] = {{"budgets", "Budgets"}, {"graph", "Graph"}, {"relus", "ReLUs"}, {"passes", "Passes"},
                                              {"costs", "Costs"}, {"layers", "Layers"}, {"source", "Source"}};
    const struct page *p = f->page;
    text_add(t, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                "<meta name=\"color-scheme\" content=\"light dark\"/>\n<meta name=\"generator\" content=\"cnasc %s\"/>\n<title>",
             p->version);
    html_text(t, p->graph->name);
    text_add(t, ": ReLUs and costs</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n<p class=\"kicker\">cnasc report", style);
    if (p->n_sources) {
        const struct site file = {.file = p->sources[0]->name};
        text_add(t, " \u00b7 ");
        html_text(t, words_place(t->arena, &file));
    }
    text_add(t, "</p>\n<h1>");
    html_text(t, p->graph->name);
    text_add(t, "</h1>\n");
    budget_line(t, f);
    if (*p->about) {
        text_add(t, "<p class=\"note about\">");
        html_text(t, p->about);
        text_add(t, "</p>\n");
    }
    key_figures(t, f);
    text_add(t, "<nav aria-label=\"sections\">");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (strcmp(sections[i][0], "source") != 0 || p->n_sources)
            text_add(t, "<a href=\"#%s\">%s</a>", sections[i][0], sections[i][1]);
    text_add(t, "</nav>\n</header>\n<main>\n");
}

bool page_print(struct text *out, const struct page *p)
{
    struct arena *a = out->arena;
    const struct ir_graph *written = measure_written(p->passes);
    struct page_facts f = {.page = p};
    if (!measure_graph(a, written, &f.written) || !measure_graph(a, p->graph, &f.now))
        return false;
    for (size_t i = 0; i < p->passes->n; i++) {
        struct measure m;
        if (!measure_graph(a, p->passes->steps[i].after, &m))
            return false;
    }
    f.layers = measure_layers(a, written, p->graph);
    f.diagram = diagram_new(a, p->graph, p->plan);
    head(out, &f);
    page_budgets(out, &f);
    page_graph(out, &f);
    page_relus(out, &f);
    page_passes(out, &f);
    page_costs(out, &f);
    page_layers(out, &f);
    if (p->n_sources)
        page_source(out, &f);
    text_add(out, "</main>\n<footer>Made by cnasc %s. All numbers are for one sample.</footer>\n</body>\n</html>\n", p->version);
    return true;
}
