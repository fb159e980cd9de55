#include "compiler/report/box.h"

#include "compiler/base/map.h"
#include "compiler/base/table.h"
#include "compiler/base/vec.h"
#include "compiler/report/html.h"
#include "compiler/report/words.h"

static bool has_weights(enum ir_op op)
{
    return op == IR_CONV || op == IR_LINEAR;
}

/* Where id stands among the nodes of the segment; n_nodes: it is none of them. */
static uint32_t place_in(const struct diagram_box *segment, ir_id id)
{
    uint32_t low = 0, high = segment->n_nodes;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (segment->nodes[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < segment->n_nodes && segment->nodes[low] == id ? low : segment->n_nodes;
}

struct box_operators box_operators(struct arena *a, const struct ir_graph *g, const struct diagram_box *segment)
{
    struct box_operators all = {0};
    struct map number = map_new(a); /* of equal lines */
    const uint32_t n = segment->n_nodes;
    bool *with = ARENA_ARRAY(a, bool, n); /* batch norm stands behind what it normalises */
    for (uint32_t i = 0; i < n; i++) {
        const struct ir_node *node = &g->nodes[segment->nodes[i]];
        const uint32_t before = node->op == IR_BATCH_NORM ? place_in(segment, node->in[0]) : n;
        if (before < n && has_weights(g->nodes[node->in[0]].op))
            with[before] = with[i] = true;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct ir_node *node = &g->nodes[segment->nodes[i]];
        if (node->op == IR_BATCH_NORM && with[i])
            continue;
        const char *line = arena_printf(a, "%s%s  %s", words_operator(a, node), with[i] ? " + bn" : "", ir_shape_text(a, node->shape));
        const uintptr_t count = (uintptr_t)map_get(&number, line);
        if (!count)
            vec_push(a, &all, line);
        map_set(&number, line, (void *)(count + 1));
    }
    for (size_t i = 0; i < all.n; i++) {
        const uintptr_t count = (uintptr_t)map_get(&number, all.at[i]);
        if (count > 1)
            all.at[i] = arena_printf(a, "%zu of %s", (size_t)count, all.at[i]);
    }
    return all;
}

static void add_line(struct arena *a, struct box *b, const char *line)
{
    b->lines[b->n++] = table_shorten(a, line, BOX_COLUMNS);
}

static void segment(struct arena *a, const struct ir_graph *g, const struct diagram_box *d, struct box *b)
{
    const struct box_operators all = box_operators(a, g, d);
    const size_t shown = all.n > BOX_LINES ? BOX_LINES - 1 : all.n;
    for (size_t i = 0; i < shown; i++)
        add_line(a, b, all.at[i]);
    if (shown < all.n)
        add_line(a, b, arena_printf(a, "and %zu more", all.n - shown));
    b->title = arena_printf(a, "segment %u", (unsigned)d->number);
    b->aside = d->cost.macs ? arena_printf(a, "%s MACs", html_short(a, d->cost.macs)) : "";
}

static int columns(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

struct box box_text(struct arena *a, const struct ir_graph *g, const struct diagram_box *d)
{
    struct box b = {.title = "", .aside = ""};
    const struct ir_node *n = &g->nodes[d->node];
    const char *shape = ir_shape_text(a, n->shape);
    switch (d->kind) {
    case DIAGRAM_SEGMENT:
        segment(a, g, d, &b);
        break;
    case DIAGRAM_INPUT:
    case DIAGRAM_OUTPUT:
        b.title = table_shorten(a, d->kind == DIAGRAM_INPUT ? n->name : d->name, BOX_COLUMNS);
        add_line(a, &b, arena_printf(a, "%s  %s", d->kind == DIAGRAM_INPUT ? "input" : "output", shape));
        break;
    case DIAGRAM_RELU:
        b.title = arena_printf(a, "ReLU %s", table_number(a, d->cost.relus));
        add_line(a, &b, shape);
        break;
    case DIAGRAM_OTHER:
        b.title = words_operator(a, n);
        if (d->cost.relu_equivalents)
            add_line(a, &b, arena_printf(a, "%s comparisons", table_number(a, d->cost.relu_equivalents)));
        add_line(a, &b, shape);
        break;
    case DIAGRAM_RESCALE:
        b.title = "rescale";
        add_line(a, &b, shape);
        break;
    case DIAGRAM_KINDS:
        bug("no kind of box");
    }
    b.columns = columns(b.title) + (*b.aside ? 2 + columns(b.aside) : 0);
    for (int i = 0; i < b.n; i++)
        b.columns = columns(b.lines[i]) > b.columns ? columns(b.lines[i]) : b.columns;
    return b;
}
