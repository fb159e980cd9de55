/* ReLUs by layer as bars: as written, and now. A table with the numbers in it, so that it says the same without colours. */
#include "compiler/base/table.h"
#include "compiler/report/html.h"
#include "compiler/report/page_parts.h"

static void bar(struct text *t, const char *class, int64_t part, int64_t whole)
{
    if (part <= 0)
        return;
    text_add(t, "<i class=\"%s\"", class);
    page_percent_style(t, "width", part, whole);
    text_add(t, "></i>");
}

static void row(struct text *t, const struct page_facts *f, const struct measure_layer *l, int64_t most)
{
    struct arena *a = t->arena;
    const int64_t was = l->written.relu_equivalents, is = l->now.relu_equivalents;
    text_add(t, "<tr%s><th scope=\"row\"><span class=\"name\">%s</span>", l->is ? "" : " class=\"gone\"", l->node->name);
    page_place(t, f, &l->node->site);
    text_add(t, "</th><td class=\"bars\">");
    bar(t, "written", was, most);
    bar(t, "used", is, most);
    text_add(t, "</td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n", l->was ? table_number(a, was) : "\u2013",
             l->is ? table_number(a, is) : "\u2013");
}

void page_relus(struct text *t, const struct page_facts *f)
{
    struct arena *a = t->arena;
    int64_t most = 0;
    size_t all = 0, shown = 0;
    for (size_t i = 0; i < f->layers.n; i++) {
        const struct measure_layer *l = &f->layers.at[i];
        most = l->written.relu_equivalents > most ? l->written.relu_equivalents : most;
        most = l->now.relu_equivalents > most ? l->now.relu_equivalents : most;
        all += l->written.relu_equivalents || l->now.relu_equivalents;
    }
    page_section(t, "relus", "ReLUs by layer");
    if (all == 0) {
        text_add(t, "<p>The network has no ReLUs.</p>\n</section>\n");
        return;
    }
    text_add(t, "<p class=\"legend\"><span><i class=\"key written\"></i>as written</span><span><i class=\"key used\"></i>after the passes</span></p>\n"
                "<table class=\"bars\">\n<thead><tr><th>layer</th><th class=\"bars\"><span class=\"hidden\">bars</span></th>"
                "<th class=\"n\">as written</th><th class=\"n\">now</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < f->layers.n && shown < PAGE_MOST_ROWS; i++) {
        const struct measure_layer *l = &f->layers.at[i];
        if (!l->written.relu_equivalents && !l->now.relu_equivalents)
            continue;
        row(t, f, l, most);
        shown++;
    }
    text_add(t, "</tbody>\n<tfoot><tr><th scope=\"row\">all layers</th><td></td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr></tfoot>\n</table>\n",
             table_number(a, f->written.cost.relu_equivalents), table_number(a, f->now.cost.relu_equivalents));
    page_more(t, shown, all, "layers with ReLUs");
    text_add(t, "</section>\n");
}
