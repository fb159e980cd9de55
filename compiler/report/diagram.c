/* How the boxes are found. Every value has a level: how many points (the input, results of operators that are not affine, rescaled
 * values) lie before it on the longest way. Affine operators of one level that feed each other are one segment. So no box lies before
 * itself, even where a value flows both into a ReLU and around it: what comes together behind the ReLU is a level further on. */
#include "compiler/report/diagram.h"

#include "compiler/base/map.h"
#include "compiler/base/vec.h"

#include <stdlib.h>

struct drawing {
    struct arena *a;
    const struct ir_graph *g;
    bool *rescaled;     /* per node */
    uint32_t *level;    /* per node, of the operator itself */
    ir_id *root;        /* per node: union-find */
    uint32_t *box_of, *out_of; /* per node: its box, and the one from which its value is taken */
    VEC(struct diagram_box) boxes;
    VEC(struct diagram_link) links;
};

static bool is_affine(const struct ir_node *n)
{
    return n->op != IR_INPUT && ir_op_is_linear(n->op);
}

static ir_id find(struct drawing *d, ir_id id)
{
    while (d->root[id] != id)
        id = d->root[id] = d->root[d->root[id]];
    return id;
}

static void find_levels(struct drawing *d)
{
    for (ir_id id = 0; id < d->g->n_nodes; id++) {
        const struct ir_node *n = &d->g->nodes[id];
        d->root[id] = id;
        for (uint32_t i = 0; i < n->n_in; i++) {
            const ir_id in = n->in[i];
            const uint32_t level = d->level[in] + (!is_affine(&d->g->nodes[in]) || d->rescaled[in]);
            d->level[id] = level > d->level[id] ? level : d->level[id];
        }
        for (uint32_t i = 0; is_affine(n) && i < n->n_in; i++) {
            const ir_id in = n->in[i];
            if (is_affine(&d->g->nodes[in]) && !d->rescaled[in] && d->level[in] == d->level[id]) {
                const ir_id one = find(d, in), other = find(d, id);
                d->root[one > other ? one : other] = one > other ? other : one;
            }
        }
    }
}

/* In a box's rank until ranks are found: segments of a level, then what ends it. */
static uint32_t order(uint32_t level, enum diagram_kind kind)
{
    return 2 * level + (kind != DIAGRAM_SEGMENT);
}

static void make_boxes(struct drawing *d)
{
    const struct ir_graph *g = d->g;
    uint32_t *size = ARENA_ARRAY(d->a, uint32_t, g->n_nodes), *box = ARENA_ARRAY(d->a, uint32_t, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (is_affine(&g->nodes[id]))
            size[find(d, id)]++;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        const ir_id root = find(d, id);
        if (!is_affine(n)) {
            const enum diagram_kind kind = n->op == IR_INPUT ? DIAGRAM_INPUT : n->op == IR_RELU ? DIAGRAM_RELU : DIAGRAM_OTHER;
            d->box_of[id] = (uint32_t)d->boxes.n;
            vec_push(d->a, &d->boxes,
                     ((struct diagram_box){.kind = kind, .node = id, .cost = ir_cost_node(g, id), .rank = order(d->level[id], kind)}));
        } else {
            if (root == id) { /* the least of its segment */
                box[id] = (uint32_t)d->boxes.n;
                vec_push(d->a, &d->boxes,
                         ((struct diagram_box){.kind = DIAGRAM_SEGMENT, .node = id, .nodes = ARENA_ARRAY(d->a, ir_id, size[id]),
                                               .rank = order(d->level[id], DIAGRAM_SEGMENT)}));
            }
            struct diagram_box *b = &d->boxes.at[box[root]];
            ((ir_id *)b->nodes)[b->n_nodes++] = id;
            ir_cost_add(&b->cost, ir_cost_node(g, id));
            d->box_of[id] = box[root];
        }
        d->out_of[id] = d->box_of[id];
        if (d->rescaled[id]) {
            d->out_of[id] = (uint32_t)d->boxes.n;
            vec_push(d->a, &d->boxes,
                     ((struct diagram_box){.kind = DIAGRAM_RESCALE, .node = id, .rank = order(d->level[id], DIAGRAM_RESCALE)}));
        }
    }
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        const ir_id id = g->outputs[i].node;
        vec_push(d->a, &d->boxes,
                 ((struct diagram_box){.kind = DIAGRAM_OUTPUT, .node = id, .name = g->outputs[i].name, .rank = 2 * d->level[id] + 2}));
    }
}

static int by_order(const void *one, const void *other)
{
    const struct diagram_box *const *x = one, *const *y = other;
    if ((*x)->rank != (*y)->rank)
        return (*x)->rank < (*y)->rank ? -1 : 1;
    return *x < *y ? -1 : *x > *y;
}

/* Sorts the boxes so that what flows into a box stands before it, and numbers the segments. */
static void sort_boxes(struct drawing *d, struct diagram *made)
{
    const uint32_t n = (uint32_t)d->boxes.n;
    const struct diagram_box **sorted = ARENA_ARRAY(d->a, const struct diagram_box *, n);
    uint32_t *now = ARENA_ARRAY(d->a, uint32_t, n);
    made->boxes = ARENA_ARRAY(d->a, struct diagram_box, n);
    made->n_boxes = n;
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = &d->boxes.at[i];
    qsort(sorted, n, sizeof *sorted, by_order);
    for (uint32_t i = 0; i < n; i++) {
        made->boxes[i] = *sorted[i];
        made->boxes[i].rank = 0;
        if (sorted[i]->kind == DIAGRAM_SEGMENT)
            made->boxes[i].number = ++made->n_segments;
        now[sorted[i] - d->boxes.at] = i;
    }
    for (ir_id id = 0; id < d->g->n_nodes; id++) {
        d->box_of[id] = now[d->box_of[id]];
        d->out_of[id] = now[d->out_of[id]];
    }
}

static int by_ends(const void *one, const void *other)
{
    const struct diagram_link *x = one, *y = other;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void make_links(struct drawing *d, struct diagram *made)
{
    const struct ir_graph *g = d->g;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        for (uint32_t i = 0; i < g->nodes[id].n_in; i++)
            if (d->out_of[g->nodes[id].in[i]] != d->box_of[id])
                vec_push(d->a, &d->links, ((struct diagram_link){.from = d->out_of[g->nodes[id].in[i]], .to = d->box_of[id]}));
        if (d->rescaled[id])
            vec_push(d->a, &d->links, ((struct diagram_link){.from = d->box_of[id], .to = d->out_of[id]}));
    }
    for (uint32_t i = 0; i < made->n_boxes; i++)
        if (made->boxes[i].kind == DIAGRAM_OUTPUT)
            vec_push(d->a, &d->links, ((struct diagram_link){.from = d->out_of[made->boxes[i].node], .to = i}));
    if (d->links.n)
        qsort(d->links.at, d->links.n, sizeof *d->links.at, by_ends);
    uint32_t n = 0;
    for (size_t i = 0; i < d->links.n; i++)
        if (n == 0 || by_ends(&d->links.at[n - 1], &d->links.at[i]) != 0)
            d->links.at[n++] = d->links.at[i];
    made->links = d->links.at;
    made->n_links = n;
    for (uint32_t i = 0; i < n; i++) { /* the links into a box come after all into boxes before it */
        const struct diagram_link *l = &made->links[i];
        if (made->boxes[l->from].rank + 1 > made->boxes[l->to].rank)
            made->boxes[l->to].rank = made->boxes[l->from].rank + 1;
    }
    for (uint32_t i = 0; i < n; i++)
        made->links[i].skip = made->boxes[made->links[i].to].rank - made->boxes[made->links[i].from].rank > 1;
}

struct diagram *diagram_new(struct arena *a, const struct ir_graph *g, const struct plan *plan)
{
    struct diagram *made = ARENA_NEW(a, struct diagram);
    struct drawing d = {.a = a, .g = g, .rescaled = ARENA_ARRAY(a, bool, g->n_nodes), .level = ARENA_ARRAY(a, uint32_t, g->n_nodes),
                        .root = ARENA_ARRAY(a, ir_id, g->n_nodes), .box_of = ARENA_ARRAY(a, uint32_t, g->n_nodes),
                        .out_of = ARENA_ARRAY(a, uint32_t, g->n_nodes)};
    struct map index = map_new(a);
    for (ir_id id = 0; plan && id < g->n_nodes; id++)
        map_set(&index, g->nodes[id].name, (void *)((uintptr_t)id + 1));
    for (uint32_t i = 0; plan && i < plan->n_points; i++)
        if (plan->points[i].kind == PLAN_POINT_RESCALE)
            d.rescaled[(uintptr_t)map_get(&index, plan->points[i].node) - 1] = true;
    find_levels(&d);
    make_boxes(&d);
    sort_boxes(&d, made);
    make_links(&d, made);
    made->box_of = d.box_of;
    return made;
}
