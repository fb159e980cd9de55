#include "compiler/base/map.h"
#include "compiler/base/vec.h"
#include "compiler/pass/prune.h"

#include <inttypes.h>

static const char *name_of(struct arena *a, struct ir_shape s)
{
    return s.rank == 3 ? arena_printf(a, "%" PRId64 "x%" PRId64, s.h, s.w) : "vectors";
}

struct prune_stages prune_stages_of(struct arena *a, const struct ir_graph *g)
{
    VEC(struct prune_stage) stages = {0};
    struct map index = map_new(a); /* by name: the place in stages + 1 */
    uint32_t *of = ARENA_ARRAY(a, uint32_t, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        of[id] = UINT32_MAX;
        if (n->op == IR_INPUT)
            continue;
        const char *name = name_of(a, n->shape);
        if (!map_get(&index, name)) {
            vec_push(a, &stages, ((struct prune_stage){.name = name}));
            map_set(&index, name, (void *)(uintptr_t)stages.n);
        }
        of[id] = (uint32_t)(uintptr_t)map_get(&index, name) - 1;
        struct prune_stage *stage = &stages.at[of[id]];
        stage->relus += n->op == IR_RELU;
        stage->number = stage->number || n->op == IR_CONV || n->op == IR_LINEAR;
    }
    int64_t number = 0;
    for (size_t i = 0; i < stages.n; i++)
        if (stages.at[i].number)
            stages.at[i].number = ++number;
    return (struct prune_stages){(uint32_t)stages.n, stages.at, of};
}
