#include "compiler/report/drawing.h"

#include "compiler/base/table.h"
#include "compiler/report/box.h"
#include "compiler/report/html.h"
#include "compiler/report/layout.h"
#include "compiler/report/words.h"

#include <math.h>
#include <stdlib.h>

/* Pixels. A column is a character of a monospaced font of 12 pixels, the widest that systems have. */
#define COLUMN 7.25
#define LINE 16.0
#define PADDING_X 10.0
#define PADDING_Y 7.0
#define MARGIN 6.0
#define SMALLEST 0.72 /* of its size: a narrow screen shrinks the picture so far, then scrolls it */
#define STRIP 480.0 /* two fit on a printed page */

static const char *const classes[DIAGRAM_KINDS] = {[DIAGRAM_INPUT] = "end", [DIAGRAM_SEGMENT] = "segment", [DIAGRAM_RELU] = "relu",
                                                   [DIAGRAM_OTHER] = "other", [DIAGRAM_RESCALE] = "rescale", [DIAGRAM_OUTPUT] = "end"};

struct picture {
    struct arena *a;
    const struct ir_graph *g;
    const struct diagram *d;
    struct box *texts;
    struct layout l;
    int64_t most_relus, all_relus;
};

/* How far to the right the edge of the box is from x, which the layout may have put beside it: it thinks that boxes are a little wider. */
static double to_edge(const struct layout_box *b, double x)
{
    const double left = b->x - b->width / 2, right = b->x + b->width / 2;
    return x < left ? left - x : x > right ? right - x : 0;
}

static void arrow(struct text *t, const struct picture *p, uint32_t i)
{
    const struct layout_link *l = &p->l.links[i];
    const char *skip = p->d->links[i].skip ? " skip" : "";
    const struct layout_point *at = l->path, neck = at[l->n - 1];
    const double start = to_edge(&p->l.boxes[l->from], at[0].x), end = to_edge(&p->l.boxes[l->to], l->tip.x);
    const double dx = l->tip.x - neck.x, dy = l->tip.y - neck.y;
    text_add(t, "<path class=\"link%s\" d=\"M%.1f,%.1f", skip, at[0].x + start, at[0].y);
    if (start != 0)
        text_add(t, "L%.1f,%.1f", at[0].x, at[0].y);
    for (uint32_t k = 1; k < l->n; k++)
        text_add(t, "%s%.1f,%.1f", k == 1 ? "C" : " ", at[k].x, at[k].y);
    if (end != 0)
        text_add(t, "L%.1f,%.1f", neck.x + end, neck.y);
    text_add(t, "\"/><path class=\"tip%s\" d=\"M%.1f,%.1fL%.1f,%.1f %.1f,%.1fZ\"/>\n", skip, l->tip.x + end, l->tip.y, neck.x + end - dy / 2.5,
             neck.y + dx / 2.5, neck.x + end + dy / 2.5, neck.y - dx / 2.5);
}

/* What a pointer that rests on the box shows, and a screen reader says. */
static void title(struct text *t, const struct picture *p, uint32_t i)
{
    const struct diagram_box *b = &p->d->boxes[i];
    const struct ir_node *n = &p->g->nodes[b->node];
    const char *place = words_place(p->a, &n->site);
    text_add(t, "<title>");
    if (b->kind == DIAGRAM_SEGMENT) {
        text_add(t, "linear segment %u: ", (unsigned)b->number);
        const struct box_operators all = box_operators(p->a, p->g, b);
        for (size_t k = 0; k < all.n && k < 40; k++) {
            text_add(t, k ? "; " : "");
            html_text(t, all.at[k]);
        }
    } else {
        html_text(t, b->kind == DIAGRAM_OUTPUT ? b->name : n->name);
        if (b->cost.relu_equivalents)
            text_add(t, ", %s %s, %s %% of all", table_number(p->a, b->cost.relu_equivalents),
                     b->kind == DIAGRAM_RELU ? "ReLUs" : "comparisons", html_percent(p->a, b->cost.relu_equivalents, p->all_relus));
        if (b->kind == DIAGRAM_RESCALE)
            text_add(t, ": private inference truncates this value under the protocol of a ReLU");
    }
    if (*place && b->kind != DIAGRAM_SEGMENT) {
        text_add(t, ", ");
        html_text(t, place);
    }
    text_add(t, "</title>");
}

static void line(struct text *t, const char *class, double x, double y, const char *s)
{
    text_add(t, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    html_words(t, s);
    text_add(t, "</text>");
}

static void box(struct text *t, const struct picture *p, uint32_t i)
{
    const struct diagram_box *b = &p->d->boxes[i];
    const struct layout_box *l = &p->l.boxes[i];
    const struct box *words = &p->texts[i];
    const double x = l->x - l->width / 2, y = l->y - l->height / 2;
    const bool centred = b->kind != DIAGRAM_SEGMENT;
    const bool linked = b->kind == DIAGRAM_SEGMENT || b->node < DIAGRAM_MOST_ROWS; /* there are fewer boxes than segments with rows */
    if (b->kind == DIAGRAM_SEGMENT)
        text_add(t, "<a href=\"#segment-%u\">", (unsigned)b->number);
    else if (linked)
        text_add(t, "<a href=\"#layer-%s\">", p->g->nodes[b->node].name);
    text_add(t, "<g class=\"box %s\">", classes[b->kind]);
    title(t, p, i);
    text_add(t, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%s\"/>", x, y, l->width, l->height,
             centred ? "14" : "5");
    double at = y + PADDING_Y + 12;
    line(t, centred ? "head mid" : "head", centred ? l->x : x + PADDING_X, at, words->title);
    if (*words->aside)
        line(t, "aside", x + l->width - PADDING_X, at, words->aside);
    for (int k = 0; k < words->n; k++) {
        at += LINE;
        line(t, centred ? "mid" : "op", centred ? l->x : x + PADDING_X, at, words->lines[k]);
    }
    if (b->cost.relu_equivalents && centred) { /* how much of the dearest this one is */
        const double whole = l->width - 28, part = whole * (double)b->cost.relu_equivalents / (double)p->most_relus;
        text_add(t, "<path class=\"share\" d=\"M%.1f,%.1fh%.1f\"/>", x + 14, y + l->height - 5, part < 1 ? 1 : part);
    }
    text_add(t, linked ? "</g></a>\n" : "</g>\n");
}

static int by_top(const void *one, const void *other)
{
    const double x = ((const double *)one)[0], y = ((const double *)other)[0];
    return x < y ? -1 : x > y;
}

/* The end of the strip that begins at `from`: the last height below from + STRIP, or else the next one, that no box is at. */
static double cut(const struct picture *p, const double (*spans)[2], double from)
{
    const double end = p->l.height + 2 * MARGIN;
    double best = 0, reached = 0;
    if (end - from <= STRIP)
        return end;
    for (uint32_t i = 0; i < p->l.n_boxes; i++) {
        if (i && spans[i][0] > reached) {
            const double middle = floor((spans[i][0] + reached) / 2);
            if (middle > from && (middle <= from + STRIP || best <= from))
                best = middle;
        }
        reached = spans[i][1] > reached ? spans[i][1] : reached;
    }
    return best > from ? best : end;
}

static void print_strip(struct text *t, const struct picture *p, double from, double to)
{
    const double width = ceil(p->l.width + 2 * MARGIN);
    text_add(t, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 %.0f %.0f %.0f\" style=\"width:min(%.0fpx,max(100%%,%.0fpx))\" role=\"group\" aria-label=\"a part of the graph\">\n",
             from, width, to - from, width, width * SMALLEST);
    for (uint32_t i = 0; i < p->l.n_links; i++) {
        const struct layout_link *l = &p->l.links[i];
        double top = l->tip.y, bottom = l->tip.y;
        for (uint32_t k = 0; k < l->n; k++) {
            top = fmin(top, l->path[k].y);
            bottom = fmax(bottom, l->path[k].y);
        }
        if (top <= to && bottom >= from)
            arrow(t, p, i);
    }
    for (uint32_t i = 0; i < p->l.n_boxes; i++)
        if (p->l.boxes[i].y >= from && p->l.boxes[i].y < to)
            box(t, p, i);
    text_add(t, "</svg>\n");
}

/* One longest way through the network, from its end. */
static void find_spine(struct picture *p)
{
    uint32_t at = p->l.n_boxes;
    for (uint32_t i = 0; i < p->l.n_boxes; i++)
        if (at == p->l.n_boxes || p->d->boxes[i].rank > p->d->boxes[at].rank)
            at = i;
    for (uint32_t i = p->l.n_links; i-- > 0;) { /* what flows into a box comes before what flows out of it */
        if (p->d->links[i].to != at || p->d->links[i].skip)
            continue;
        p->l.boxes[at].spine = true;
        at = p->d->links[i].from;
    }
    p->l.boxes[at].spine = true;
}

/* Boxes with their sizes, links with their weights. */
static void prepare(struct picture *p)
{
    struct layout *l = &p->l;
    *l = (struct layout){.n_boxes = p->d->n_boxes, .n_links = p->d->n_links};
    l->boxes = ARENA_ARRAY(p->a, struct layout_box, l->n_boxes);
    l->links = ARENA_ARRAY(p->a, struct layout_link, l->n_links);
    p->texts = ARENA_ARRAY(p->a, struct box, l->n_boxes);
    for (uint32_t i = 0; i < l->n_boxes; i++) {
        const struct diagram_box *b = &p->d->boxes[i];
        p->texts[i] = box_text(p->a, p->g, b);
        l->boxes[i].width = p->texts[i].columns * COLUMN + 2 * PADDING_X;
        l->boxes[i].height = (1 + p->texts[i].n) * LINE + 2 * PADDING_Y + (b->cost.relu_equivalents && b->kind != DIAGRAM_SEGMENT ? 4 : 0);
        if (b->kind != DIAGRAM_SEGMENT) {
            p->most_relus = b->cost.relu_equivalents > p->most_relus ? b->cost.relu_equivalents : p->most_relus;
            p->all_relus += b->cost.relu_equivalents; /* the whole was counted, so it fits */
        }
    }
    for (uint32_t i = 0; i < l->n_links; i++) {
        l->span += p->d->boxes[p->d->links[i].to].rank - p->d->boxes[p->d->links[i].from].rank;
        l->links[i] = (struct layout_link){
            .from = p->d->links[i].from, .to = p->d->links[i].to, .weight = p->d->links[i].skip ? 1 : 100};
    }
    find_spine(p);
}

static void move_by_margin(struct layout *l)
{
    for (uint32_t i = 0; i < l->n_boxes; i++) {
        l->boxes[i].x += MARGIN;
        l->boxes[i].y += MARGIN;
    }
    for (uint32_t i = 0; i < l->n_links; i++) {
        struct layout_point *path = (struct layout_point *)l->links[i].path; /* of this picture alone */
        for (uint32_t k = 0; k < l->links[i].n; k++) {
            path[k].x += MARGIN;
            path[k].y += MARGIN;
        }
        l->links[i].tip.x += MARGIN;
        l->links[i].tip.y += MARGIN;
    }
}

enum drawing_result drawing_print(struct text *t, const struct ir_graph *g, const struct diagram *d)
{
    struct picture p = {.a = t->arena, .g = g, .d = d};
    if (!layout_available())
        return DRAWING_NO_GRAPHVIZ;
    if (d->n_boxes > LAYOUT_MOST_BOXES || d->n_links > LAYOUT_MOST_LINKS)
        return DRAWING_TOO_LARGE;
    prepare(&p);
    if (p.l.span > LAYOUT_MOST_SPAN)
        return DRAWING_TOO_LARGE;
    if (!layout_find(t->arena, &p.l))
        return DRAWING_FAILED;
    move_by_margin(&p.l);
    double(*spans)[2] = arena_array(t->arena, p.l.n_boxes, sizeof *spans);
    for (uint32_t i = 0; i < p.l.n_boxes; i++) {
        spans[i][0] = p.l.boxes[i].y - p.l.boxes[i].height / 2;
        spans[i][1] = p.l.boxes[i].y + p.l.boxes[i].height / 2;
    }
    qsort(spans, p.l.n_boxes, sizeof *spans, by_top);
    for (double from = 0, to; from < p.l.height + 2 * MARGIN; from = to) {
        to = cut(&p, (const double(*)[2])spans, from);
        print_strip(t, &p, from, to);
    }
    return DRAWING_DONE;
}
