/* Costs by stage; points and terms of private inference; all layers. */
#include "compiler/base/table.h"
#include "compiler/report/html.h"
#include "compiler/report/page_parts.h"
#include "compiler/report/words.h"

#include <inttypes.h>

enum { OPEN_LAYERS = 40 }; /* a longer table is folded */

static void cell(struct text *t, int64_t value)
{
    text_add(t, "<td class=\"n\">%s</td>", value ? table_number(t->arena, value) : "");
}

static void stages(struct text *t, const struct page_facts *f)
{
    const struct measure_stages all = measure_stages(t->arena, measure_written(f->page->passes), f->page->graph);
    size_t shown = 0;
    text_add(t, "<h3>By stage</h3>\n<p class=\"note\">A stage is all layers whose results have the same height and width.</p>\n"
                "<div class=\"scroll\"><table>\n<thead><tr><th>stage</th><th class=\"n\">layers</th><th class=\"n\">ReLUs as written</th>"
                "<th class=\"n\">ReLUs now</th><th class=\"n\">share</th><th class=\"n\">parameters</th><th class=\"n\">MACs</th></tr></thead>\n<tbody>\n");
    for (; shown < all.n && shown < PAGE_MOST_ROWS; shown++) {
        const struct measure_stage *s = &all.at[shown];
        text_add(t, "<tr><th scope=\"row\">");
        html_words(t, s->name);
        text_add(t, "</th>");
        cell(t, s->layers);
        cell(t, s->written.relu_equivalents);
        cell(t, s->now.relu_equivalents);
        text_add(t, "<td class=\"n\">%s%s</td>", s->now.relu_equivalents ? html_percent(t->arena, s->now.relu_equivalents, f->now.cost.relu_equivalents) : "",
                 s->now.relu_equivalents ? " %" : "");
        cell(t, s->now.parameters);
        cell(t, s->now.macs);
        text_add(t, "</tr>\n");
    }
    text_add(t, "</tbody>\n<tfoot><tr><th scope=\"row\">total</th>");
    cell(t, f->now.layers);
    cell(t, f->written.cost.relu_equivalents);
    cell(t, f->now.cost.relu_equivalents);
    text_add(t, "<td></td>");
    cell(t, f->now.cost.parameters);
    cell(t, f->now.cost.macs);
    text_add(t, "</tr></tfoot>\n</table></div>\n");
    page_more(t, shown, all.n, "stages");
}

static const char *point_kind(enum plan_point_kind kind)
{
    return kind == PLAN_POINT_INPUT ? "input" : kind == PLAN_POINT_RELU ? "ReLU" : kind == PLAN_POINT_RESCALE ? "rescaling" : "output";
}

static void points(struct text *t, const struct page_facts *f)
{
    const struct plan *p = f->page->plan;
    uint32_t of[4] = {0}, shown = 0;
    uint64_t values = 0;
    for (uint32_t i = 0; i < p->n_points; i++) {
        const struct plan_point *q = &p->points[i];
        of[q->kind]++;
        if (q->kind == PLAN_POINT_RELU || q->kind == PLAN_POINT_RESCALE)
            values += (uint64_t)q->dims.c * q->dims.h * q->dims.w;
    }
    text_add(t, "<p>%s ReLU %s%s, %s %s: %s values go through a protocol. Each point is a bias and a sum of convolutions of points before it, one "
                "for each term.</p>\n",
             table_number(t->arena, of[PLAN_POINT_RELU]), of[PLAN_POINT_RELU] == 1 ? "point" : "points",
             of[PLAN_POINT_RESCALE] ? arena_printf(t->arena, " and %s of rescaling", table_number(t->arena, of[PLAN_POINT_RESCALE])) : "",
             table_number(t->arena, p->n_terms), p->n_terms == 1 ? "term" : "terms", table_number(t->arena, (int64_t)values));
    text_add(t, "<details>\n<summary>Points and terms</summary>\n<div class=\"scroll\"><table>\n<thead><tr><th>point</th><th>what</th><th>values</th>"
                "<th>terms</th></tr></thead>\n<tbody>\n");
    for (; shown < p->n_points && shown < PAGE_MOST_ROWS; shown++) {
        const struct plan_point *q = &p->points[shown];
        text_add(t, "<tr><th scope=\"row\"><span class=\"name\">%s</span></th><td>%s</td><td>%" PRIu32 "\u00d7%" PRIu32 "\u00d7%" PRIu32 "</td><td>",
                 q->name, point_kind(q->kind), q->dims.c, q->dims.h, q->dims.w);
        for (uint32_t i = q->first_term; i < q->first_term + q->n_terms && i < q->first_term + 40; i++) {
            const struct plan_term *m = &p->terms[i];
            text_add(t, "%s%" PRIu32 "\u00d7%" PRIu32, i > q->first_term ? "<br/>" : "", m->kh, m->kw);
            if (m->stride > 1)
                text_add(t, " /%" PRIu32, m->stride);
            text_add(t, " of <span class=\"name\">%s</span>", p->points[m->src].name);
        }
        if (q->n_terms > 40)
            text_add(t, "<br/>and %" PRIu32 " more", q->n_terms - 40);
        text_add(t, "</td></tr>\n");
    }
    text_add(t, "</tbody>\n</table></div>\n");
    if (shown < p->n_points)
        text_add(t, "<p class=\"note\">and %s more points, which <code>cnasc build --emit=plan</code> shows</p>\n",
                 table_number(t->arena, p->n_points - shown));
    text_add(t, "</details>\n");
}

void page_costs(struct text *t, const struct page_facts *f)
{
    page_section(t, "costs", "Costs");
    stages(t, f);
    text_add(t, "<h3>Private inference</h3>\n");
    if (f->page->plan && f->page->plan->is_private) {
        points(t, f);
    } else {
        text_add(t, "<p>Not available: ");
        html_text(t, f->page->not_private);
        text_add(t, ".</p>\n");
    }
    text_add(t, "</section>\n");
}

void page_layers(struct text *t, const struct page_facts *f)
{
    const struct ir_graph *g = f->page->graph;
    ir_id shown = 0;
    page_section(t, "layers", "Layers");
    text_add(t, "<details%s>\n<summary>%s layers</summary>\n", g->n_nodes <= OPEN_LAYERS ? " open=\"\"" : "", table_number(t->arena, f->now.layers));
    text_add(t, "<div class=\"scroll\"><table>\n<thead><tr><th>layer</th><th>operator</th><th>result</th><th class=\"n\">parameters</th>"
                "<th class=\"n\">MACs</th><th class=\"n\">ReLUs</th><th>written at</th></tr></thead>\n<tbody>\n");
    for (; shown < g->n_nodes && shown < PAGE_MOST_ROWS; shown++) {
        const struct ir_node *n = &g->nodes[shown];
        const struct ir_cost c = ir_cost_node(g, shown);
        text_add(t, "<tr id=\"layer-%s\"%s><th scope=\"row\"><span class=\"name\">%s</span></th><td>", n->name,
                 c.relu_equivalents ? " class=\"has\"" : "", n->name);
        html_words(t, words_operator(t->arena, n));
        text_add(t, "</td><td>");
        html_words(t, ir_shape_text(t->arena, n->shape));
        text_add(t, "</td>");
        cell(t, c.parameters);
        cell(t, c.macs);
        cell(t, c.relu_equivalents);
        text_add(t, "<td>");
        page_place(t, f, &n->site);
        text_add(t, "</td></tr>\n");
    }
    text_add(t, "</tbody>\n</table></div>\n");
    page_more(t, shown, g->n_nodes, "layers");
    text_add(t, "</details>\n</section>\n");
}
