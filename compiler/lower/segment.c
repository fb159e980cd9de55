/* Points and terms of the plan, from the segments of the graph. The rules are in plan.h; what is a point is decided by the pass
 * fixed-point, whose marks compiler/ir/segment.h obeys. Where that pass did not run, a value that an operator cannot read otherwise
 * is a point all the same. */
#include "compiler/base/map.h"
#include "compiler/ir/segment.h"
#include "compiler/lower/lower.h"

#include <inttypes.h>
#include <string.h>

static const char *unique_name(struct lower *l, struct map *names, const char *wish)
{
    const char *name = wish;
    for (uint32_t k = 2; map_get(names, name); k++)
        name = arena_printf(l->a, "%s_%" PRIu32, wish, k);
    map_set(names, name, names);
    return name;
}

static struct plan_point point_of(struct lower *l, struct map *names, const struct segment_point *p)
{
    static const enum plan_point_kind kinds[] = {[SEGMENT_INPUT] = PLAN_POINT_INPUT, [SEGMENT_RELU] = PLAN_POINT_RELU,
                                                 [SEGMENT_RESCALE] = PLAN_POINT_RESCALE, [SEGMENT_OUTPUT] = PLAN_POINT_OUTPUT};
    const struct ir_node *n = &l->g->nodes[p->node];
    const char *wish = p->kind == SEGMENT_OUTPUT    ? l->p->output_name
                       : p->kind == SEGMENT_RESCALE ? arena_printf(l->a, "%s_rescale", n->name)
                                                    : n->name;
    return (struct plan_point){.name = unique_name(l, names, wish),
                               .node = n->name,
                               .kind = kinds[p->kind],
                               .dims = {p->dims.c, p->dims.h, p->dims.w},
                               .site = n->site,
                               .first_term = p->first_term,
                               .n_terms = p->n_terms};
}

static struct plan_term term_of(const struct affine_term *t, uint32_t dst)
{
    return (struct plan_term){.dst = dst,
                              .src = t->src,
                              .kh = (uint32_t)t->y.k,
                              .kw = (uint32_t)t->x.k,
                              .stride = (uint32_t)t->y.stride,
                              .pad_y = (int32_t)t->y.pad,
                              .pad_x = (int32_t)t->x.pad};
}

bool lower_segments(struct lower *l)
{
    const struct segments *s = segments_new(l->a, l->g, segment_marks(l->a, l->g));
    if (s->refused != IR_NONE) {
        const struct ir_node *n = &l->g->nodes[s->refused];
        return lower_refuse(l, n->site, arena_printf(l->a, "`%s` is not available in private inference, because %s", ir_op_name(n->op), s->why));
    }
    for (ir_id id = 0; id < l->g->n_nodes; id++) {
        l->v[id].fold = s->root[id];
        l->v[id].point = s->point[id];
        l->v[id].pool_point = s->pool_point[id];
    }
    struct map names = map_new(l->a);
    struct plan_point *points = ARENA_ARRAY(l->a, struct plan_point, s->points.n);
    struct plan_term *terms = ARENA_ARRAY(l->a, struct plan_term, s->terms.n);
    for (uint32_t i = 0; i < s->points.n; i++) {
        const struct segment_point *p = &s->points.at[i];
        points[i] = point_of(l, &names, p);
        for (uint32_t k = p->first_term; k < p->first_term + p->n_terms; k++)
            terms[k] = term_of(&s->terms.at[k], i);
    }
    l->points = points;
    l->p->points = points;
    l->p->n_points = (uint32_t)s->points.n;
    l->p->terms = terms;
    l->p->n_terms = (uint32_t)s->terms.n;
    return true;
}
