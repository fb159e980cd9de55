#include "compiler/report/measure.h"

#include "compiler/base/map.h"
#include "compiler/report/words.h"

bool measure_graph(struct arena *a, const struct ir_graph *g, struct measure *m)
{
    *m = (struct measure){0};
    for (ir_id id = 0; id < g->n_nodes; id++)
        m->layers += g->nodes[id].op != IR_INPUT;
    return ir_cost_total(g, &m->cost) && ir_cost_memory(a, g, &m->bytes);
}

const struct ir_graph *measure_written(const struct pass_trace *passes)
{
    return passes->elaborated->whole ? passes->elaborated->whole : passes->elaborated;
}

static struct measure_stage *stage_of(struct arena *a, struct map *index, struct measure_stages *stages, struct ir_shape s)
{
    const char *name = words_stage(a, s);
    const uintptr_t number = (uintptr_t)map_get(index, name);
    if (number)
        return &stages->at[number - 1];
    vec_push(a, stages, (struct measure_stage){.name = name});
    map_set(index, name, (void *)(uintptr_t)stages->n);
    return &stages->at[stages->n - 1];
}

struct measure_stages measure_stages(struct arena *a, const struct ir_graph *written, const struct ir_graph *now)
{
    struct measure_stages stages = {0};
    struct map index = map_new(a);
    for (ir_id id = 0; id < written->n_nodes; id++)
        if (written->nodes[id].op != IR_INPUT)
            ir_cost_add(&stage_of(a, &index, &stages, written->nodes[id].shape)->written, ir_cost_node(written, id));
    for (ir_id id = 0; id < now->n_nodes; id++) {
        if (now->nodes[id].op == IR_INPUT)
            continue;
        struct measure_stage *s = stage_of(a, &index, &stages, now->nodes[id].shape);
        s->layers++;
        ir_cost_add(&s->now, ir_cost_node(now, id));
    }
    return stages;
}

static struct map names(struct arena *a, const struct ir_graph *g)
{
    struct map m = map_new(a);
    for (ir_id id = 0; id < g->n_nodes; id++)
        map_set(&m, g->nodes[id].name, (void *)((uintptr_t)id + 1));
    return m;
}

struct measure_layers measure_layers(struct arena *a, const struct ir_graph *written, const struct ir_graph *now)
{
    struct measure_layers layers = {0};
    const struct map was = names(a, written), is = names(a, now);
    ir_id old = 0; /* everything before it is listed or is still to come in the new order */
    for (ir_id id = 0; id <= now->n_nodes; id++) {
        const uintptr_t at = id < now->n_nodes ? (uintptr_t)map_get(&was, now->nodes[id].name) : (uintptr_t)written->n_nodes + 1;
        for (; at && old < at - 1; old++)
            if (!map_get(&is, written->nodes[old].name))
                vec_push(a, &layers, ((struct measure_layer){.node = &written->nodes[old], .written = ir_cost_node(written, old), .was = true}));
        if (id == now->n_nodes)
            break;
        struct measure_layer l = {.node = &now->nodes[id], .now = ir_cost_node(now, id), .was = at, .is = true};
        if (at)
            l.written = ir_cost_node(written, (ir_id)(at - 1));
        vec_push(a, &layers, l);
    }
    return layers;
}
