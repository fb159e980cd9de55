/* The picture, what its colours mean, and the same as a table. */
#include "compiler/base/table.h"
#include "compiler/report/box.h"
#include "compiler/report/drawing.h"
#include "compiler/report/html.h"
#include "compiler/report/page_parts.h"

enum { MOST_SOURCES = 40 };

static void explain(struct text *t, const struct page_facts *f)
{
    bool has[DIAGRAM_KINDS] = {false}, skips = false;
    for (uint32_t i = 0; i < f->diagram->n_boxes; i++)
        has[f->diagram->boxes[i].kind] = true;
    for (uint32_t i = 0; i < f->diagram->n_links; i++)
        skips |= f->diagram->links[i].skip;
    text_add(t, "<p class=\"legend\">");
    if (has[DIAGRAM_SEGMENT])
        text_add(t, "<span><i class=\"key segment\"></i>linear segment: one affine map under private inference</span>");
    if (has[DIAGRAM_RELU])
        text_add(t, "<span><i class=\"key relu\"></i>ReLUs, with their number; the bar compares it with the largest</span>");
    if (has[DIAGRAM_OTHER])
        text_add(t, "<span><i class=\"key other\"></i>another operator that is not affine</span>");
    if (has[DIAGRAM_RESCALE])
        text_add(t, "<span><i class=\"key rescale\"></i>rescaling: a truncation as dear as a ReLU, which private inference needs here</span>");
    if (skips)
        text_add(t, "<span><i class=\"key skip\"></i>a skip: it passes by a box that another way goes through</span>");
    text_add(t, "</p>\n");
}

static void drawing(struct text *t, const struct page_facts *f)
{
    struct text svg = text_new(t->arena);
    const char *why = "";
    switch (drawing_print(&svg, f->page->graph, f->diagram)) {
    case DRAWING_DONE:
        break;
    case DRAWING_NO_GRAPHVIZ:
        why = "There is no picture: this cnasc was built without Graphviz.";
        break;
    case DRAWING_TOO_LARGE:
        why = arena_printf(t->arena, "There is no picture: it would be of no use with %s boxes and %s arrows.",
                           table_number(t->arena, f->diagram->n_boxes), table_number(t->arena, f->diagram->n_links));
        break;
    case DRAWING_FAILED:
        why = "There is no picture: Graphviz could not lay the graph out.";
        break;
    }
    text_add(t, "<figure class=\"drawing\">\n");
    if (*why)
        text_add(t, "<p class=\"note\">%s</p>\n", why);
    else
        explain(t, f);
    text_add(t, "<div class=\"canvas\" tabindex=\"0\" role=\"group\" aria-label=\"the graph; the table below says the same\">\n");
    text_add_bytes(t, text_str(&svg), svg.n);
    text_add(t, "</div>\n</figure>\n");
}

/* "image, segment 2" */
static void sources(struct text *t, const struct page_facts *f, uint32_t box, const uint32_t *first)
{
    const struct diagram *d = f->diagram;
    const uint32_t end = box + 1 < d->n_boxes ? first[box + 1] : d->n_links;
    for (uint32_t i = first[box]; i < end && i < first[box] + MOST_SOURCES; i++) {
        const struct diagram_box *from = &d->boxes[d->links[i].from];
        const bool segment = from->kind == DIAGRAM_SEGMENT;
        const char *name = segment ? arena_printf(t->arena, "segment %u", (unsigned)from->number) : f->page->graph->nodes[from->node].name;
        text_add(t, i > first[box] ? ", " : "");
        if (segment ? from->number <= PAGE_MOST_ROWS : from->node < PAGE_MOST_ROWS)
            text_add(t, "<a href=\"#%s%s\">%s</a>", segment ? "" : "layer-", segment ? arena_printf(t->arena, "segment-%u", (unsigned)from->number) : name, name);
        else
            text_add(t, "%s", name);
        text_add(t, from->kind == DIAGRAM_RESCALE ? " (rescaled)" : "");
    }
    if (end - first[box] > MOST_SOURCES)
        text_add(t, " and %u more", (unsigned)(end - first[box] - MOST_SOURCES));
}

static void segments(struct text *t, const struct page_facts *f)
{
    const struct diagram *d = f->diagram;
    uint32_t *first = ARENA_ARRAY(t->arena, uint32_t, d->n_boxes), shown = 0;
    for (uint32_t i = 0, k = 0; i < d->n_boxes; i++) { /* links are sorted by where they go */
        while (k < d->n_links && d->links[k].to < i)
            k++;
        first[i] = k;
    }
    text_add(t, "<details>\n<summary>The linear segments as a table</summary>\n<div class=\"scroll\"><table>\n<thead><tr><th>segment</th>"
                "<th>from</th><th>operators</th><th class=\"n\">MACs</th><th class=\"n\">parameters</th></tr></thead>\n<tbody>\n");
    for (uint32_t i = 0; i < d->n_boxes && shown < PAGE_MOST_ROWS; i++) {
        const struct diagram_box *b = &d->boxes[i];
        if (b->kind != DIAGRAM_SEGMENT)
            continue;
        text_add(t, "<tr id=\"segment-%u\"><th scope=\"row\">%u</th><td>", (unsigned)b->number, (unsigned)b->number);
        sources(t, f, i, first);
        text_add(t, "</td><td class=\"operators\">");
        const struct box_operators all = box_operators(t->arena, f->page->graph, b);
        for (size_t k = 0; k < all.n && k < 40; k++) {
            text_add(t, k ? "<br/>" : "");
            html_words(t, all.at[k]);
        }
        if (all.n > 40)
            text_add(t, "<br/>and %zu more", all.n - 40);
        text_add(t, "</td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n", table_number(t->arena, b->cost.macs),
                 table_number(t->arena, b->cost.parameters));
        shown++;
    }
    text_add(t, "</tbody>\n</table></div>\n");
    page_more(t, shown, d->n_segments, "segments");
    text_add(t, "</details>\n");
}

void page_graph(struct text *t, const struct page_facts *f)
{
    page_section(t, "graph", "Graph");
    drawing(t, f);
    if (f->diagram->n_segments)
        segments(t, f);
    text_add(t, "</section>\n");
}
