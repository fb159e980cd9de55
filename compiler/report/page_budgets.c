/* Budgets as gauges; one that lies in another is indented below it. */
#include "compiler/base/table.h"
#include "compiler/pass/budget.h"
#include "compiler/report/html.h"
#include "compiler/report/page_parts.h"

#include <string.h>

static uint32_t size(const struct ir_graph *g, const struct ir_budget *b)
{
    return b->nodes ? b->n_nodes : g->n_nodes;
}

static bool is_within(const struct ir_graph *g, const struct ir_budget *inner, const struct ir_budget *outer)
{
    if (!outer->nodes)
        return true;
    if (!inner->nodes)
        return false;
    uint32_t k = 0;
    for (uint32_t i = 0; i < inner->n_nodes; i++) {
        while (k < outer->n_nodes && outer->nodes[k] < inner->nodes[i])
            k++;
        if (k == outer->n_nodes || outer->nodes[k] != inner->nodes[i])
            return false;
    }
    return size(g, inner) > 0;
}

/* The smallest budget that holds all of budget i; of equal ones the first is outermost. n: none. */
static uint32_t parent(const struct ir_graph *g, uint32_t i, uint32_t n)
{
    uint32_t best = n;
    const uint32_t own = size(g, &g->budgets[i]);
    for (uint32_t k = 0; k < n; k++) {
        const uint32_t other = size(g, &g->budgets[k]);
        if (k == i || other < own || (other == own && k > i) || !is_within(g, &g->budgets[i], &g->budgets[k]))
            continue;
        if (best == n || other < size(g, &g->budgets[best]) || (other == size(g, &g->budgets[best]) && k > best))
            best = k;
    }
    return best;
}

/* The ReLUs of the same budget before the passes; -1: it is not there. */
static int64_t used_as_written(const struct page_facts *f, uint32_t i)
{
    const struct ir_graph *written = measure_written(f->page->passes);
    const struct ir_budget *b = &f->page->graph->budgets[i];
    if (i >= written->n_budgets || strcmp(written->budgets[i].scope, b->scope) != 0 || written->budgets[i].limit != b->limit)
        return -1;
    return budget_used(written, &written->budgets[i]);
}

static void gauge(struct text *t, const struct page_facts *f, uint32_t i)
{
    struct arena *a = t->arena;
    const struct ir_budget *b = &f->page->graph->budgets[i];
    const int64_t used = budget_used(f->page->graph, b), written = used_as_written(f, i);
    int64_t whole = b->limit > used ? b->limit : used;
    whole = written > whole ? written : whole;
    whole = whole > 0 ? whole : 1;
    const bool broken = used > b->limit;
    text_add(t, "<div class=\"budget %s\"><p class=\"row\"><b>", broken ? "bad" : "good");
    html_text(t, b->scope);
    text_add(t, "</b> ");
    page_place(t, f, b->site.from ? b->site.from : &b->site);
    text_add(t, "<span class=\"right\">%s of %s</span></p>\n", table_number(a, used), table_number(a, b->limit));
    text_add(t, "<div class=\"gauge\" role=\"img\" aria-label=\"%s of %s ReLUs used\">", table_number(a, used), table_number(a, b->limit));
    if (written > used) {
        text_add(t, "<i class=\"written\"");
        page_percent_style(t, "width", written, whole);
        text_add(t, "></i>");
    }
    text_add(t, "<i class=\"used\"");
    page_percent_style(t, "width", used, whole);
    text_add(t, "></i>");
    if (b->limit < whole) {
        text_add(t, "<i class=\"limit\"");
        page_percent_style(t, "left", b->limit, whole);
        text_add(t, "></i>");
    }
    text_add(t, "</div>\n<p class=\"note\">");
    if (broken)
        text_add(t, "broken: %s too many", table_number(a, used - b->limit));
    else
        text_add(t, "%s %% used, %s left", html_percent(a, used, b->limit), table_number(a, b->limit - used));
    if (written > used)
        text_add(t, "; %s as written", table_number(a, written));
    text_add(t, "</p></div>\n");
}

static void gauges(struct text *t, const struct page_facts *f, const uint32_t *parents, uint32_t n, uint32_t of)
{
    text_add(t, of == n ? "<ul class=\"budgets\">\n" : "<ul>\n");
    for (uint32_t i = 0; i < n; i++) {
        if (parents[i] != of)
            continue;
        text_add(t, "<li>");
        gauge(t, f, i);
        bool has = false;
        for (uint32_t k = 0; k < n; k++)
            has |= parents[k] == i;
        if (has)
            gauges(t, f, parents, n, i);
        text_add(t, "</li>\n");
    }
    text_add(t, "</ul>\n");
}

void page_budgets(struct text *t, const struct page_facts *f)
{
    const struct ir_graph *g = f->page->graph;
    const uint32_t n = g->n_budgets < PAGE_MOST_BUDGETS ? g->n_budgets : PAGE_MOST_BUDGETS;
    page_section(t, "budgets", "ReLU budgets");
    if (n == 0) {
        text_add(t, "<p>The network has no ReLU budget.</p>\n</section>\n");
        return;
    }
    uint32_t *parents = ARENA_ARRAY(t->arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        parents[i] = parent(g, i, n);
    text_add(t, "<p class=\"legend\"><span><i class=\"key good\"></i>used</span><span><i class=\"key written\"></i>as written, before the passes</span>"
                "<span><i class=\"key limit\"></i>the limit, where it is not the end of the bar</span></p>\n");
    gauges(t, f, parents, n, n);
    page_more(t, n, g->n_budgets, "budgets");
    text_add(t, "</section>\n");
}
