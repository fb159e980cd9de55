/* Source: Gansner, Koutsofios, North, Vo: "A Technique for Drawing Directed Graphs", IEEE TSE 1993, as Graphviz's dot does it. Only the
 * positions are taken. Boxes come with their sizes and without texts, so that no fonts of this machine are asked. */
#include "config.h"

#include "compiler/report/layout.h"

#ifdef HAVE_GRAPHVIZ

#include <gvc.h>

#include <stdio.h>

#ifndef __has_feature
#define __has_feature(x) 0 /* clang's way to tell */
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable() ((void)0)
#define __lsan_enable() ((void)0)
#endif

/* Room on both sides of a box. Arrows that pass by each other need less than boxes: that is what nodesep is for. */
#define BESIDE 7.0

bool layout_available(void)
{
    return true;
}

static void set(void *object, const char *name, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.4f", value);
    agsafeset(object, (char *)name, text, (char *)"");
}

static Agraph_t *make(struct arena *a, const struct layout *l, Agnode_t **nodes, Agedge_t **edges)
{
    static const struct {
        int kind;
        const char *name, *value;
    } attributes[] = {
        {AGRAPH, "nodesep", "0.05"}, {AGRAPH, "ranksep", "0.36"}, {AGRAPH, "splines", "true"}, {AGRAPH, "nslimit", "2"},
        {AGRAPH, "nslimit1", "2"},   {AGNODE, "shape", "box"},    {AGNODE, "fixedsize", "true"},
        {AGNODE, "label", ""},       {AGEDGE, "label", ""},        {AGEDGE, "arrowsize", "0.6"},
    };
    Agraph_t *g = agopen((char *)"net", Agstrictdirected, NULL);
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        agattr(g, attributes[i].kind, (char *)attributes[i].name, (char *)attributes[i].value);
    agattr(g, AGRAPH, (char *)"mclimit", (char *)(l->span > LAYOUT_QUICK_SPAN ? "0.2" : "1")); /* how often crossings are looked at again */
    for (uint32_t i = 0; i < l->n_boxes; i++) {
        nodes[i] = agnode(g, arena_printf(a, "b%u", (unsigned)i), 1);
        set(nodes[i], "width", (l->boxes[i].width + 2 * BESIDE) / POINTS_PER_INCH);
        set(nodes[i], "height", l->boxes[i].height / POINTS_PER_INCH);
        if (l->boxes[i].spine)
            agsafeset(nodes[i], (char *)"group", (char *)"spine", (char *)"");
    }
    for (uint32_t i = 0; i < l->n_links; i++) {
        edges[i] = agedge(g, nodes[l->links[i].from], nodes[l->links[i].to], NULL, 1);
        set(edges[i], "weight", l->links[i].weight);
    }
    return g;
}

static struct layout_point place(const struct layout *l, pointf p)
{
    return (struct layout_point){p.x, l->height - p.y};
}

static bool take(struct arena *a, struct layout *l, Agraph_t *g, Agnode_t **nodes, Agedge_t **edges)
{
    l->width = GD_bb(g).UR.x;
    l->height = GD_bb(g).UR.y;
    for (uint32_t i = 0; i < l->n_boxes; i++) {
        const struct layout_point at = place(l, ND_coord(nodes[i]));
        l->boxes[i].x = at.x;
        l->boxes[i].y = at.y;
    }
    for (uint32_t i = 0; i < l->n_links; i++) {
        const splines *s = ED_spl(edges[i]);
        if (!s || s->size < 1 || s->list[0].size < 4)
            return false;
        const bezier *b = &s->list[0];
        struct layout_point *points = ARENA_ARRAY(a, struct layout_point, (size_t)b->size);
        for (int k = 0; k < b->size; k++)
            points[k] = place(l, b->list[k]);
        l->links[i].path = points;
        l->links[i].n = (uint32_t)b->size;
        l->links[i].tip = b->eflag ? place(l, b->ep) : points[b->size - 1];
    }
    return true;
}

bool layout_find(struct arena *a, struct layout *l)
{
    if (l->n_boxes > LAYOUT_MOST_BOXES || l->n_links > LAYOUT_MOST_LINKS || l->span > LAYOUT_MOST_SPAN)
        return false;
    Agnode_t **nodes = ARENA_ARRAY(a, Agnode_t *, l->n_boxes);
    Agedge_t **edges = ARENA_ARRAY(a, Agedge_t *, l->n_links);
    agseterr(AGMAX); /* silent: the caller says what follows from a failure */
    __lsan_disable(); /* gvContext forgets the text of its configuration file */
    GVC_t *context = gvContext();
    __lsan_enable();
    Agraph_t *g = make(a, l, nodes, edges);
    const bool laid = gvLayout(context, g, "dot") == 0;
    const bool good = laid && take(a, l, g, nodes, edges);
    if (laid)
        gvFreeLayout(context, g);
    agclose(g);
    gvFreeContext(context);
    return good;
}

#else

bool layout_available(void)
{
    return false;
}

bool layout_find(struct arena *a, struct layout *l)
{
    (void)a;
    (void)l;
    return false;
}

#endif
