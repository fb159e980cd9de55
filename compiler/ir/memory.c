/* Memory of activations, from lifetimes alone: what an allocator that never wastes a byte would need at the worst moment. */
#include "compiler/ir/cost.h"

static bool is_view(const struct ir_node *n)
{
    return n->op == IR_FLATTEN || n->op == IR_RESHAPE || n->op == IR_DROPOUT || (n->op == IR_CONCAT && n->n_in == 1);
}

bool ir_cost_memory(struct arena *a, const struct ir_graph *g, int64_t *bytes)
{
    ir_id *root = ARENA_ARRAY(a, ir_id, g->n_nodes), *last = ARENA_ARRAY(a, ir_id, g->n_nodes);
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        root[id] = is_view(n) ? root[n->in[0]] : id;
        for (uint32_t i = 0; i < n->n_in; i++)
            last[root[n->in[i]]] = id;
        last[root[id]] = id;
    }
    for (uint32_t i = 0; i < g->n_outputs; i++)
        last[root[g->outputs[i].node]] = g->n_nodes;
    /* ends[t]: the first of the values whose last reader is t; next: the others */
    ir_id *ends = ARENA_ARRAY(a, ir_id, (size_t)g->n_nodes + 1), *next = ARENA_ARRAY(a, ir_id, g->n_nodes);
    for (uint32_t t = 0; t <= g->n_nodes; t++)
        ends[t] = IR_NONE;
    int64_t alive = 0, most = 0;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        if (root[id] != id)
            continue;
        next[id] = ends[last[id]];
        ends[last[id]] = id;
        if (g->nodes[id].op == IR_INPUT && __builtin_add_overflow(alive, 4 * ir_elements(g->nodes[id].shape), &alive))
            return false;
    }
    most = alive;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        if (root[id] == id && g->nodes[id].op != IR_INPUT && __builtin_add_overflow(alive, 4 * ir_elements(g->nodes[id].shape), &alive))
            return false;
        most = alive > most ? alive : most;
        for (ir_id dead = ends[id]; dead != IR_NONE; dead = next[dead])
            alive -= 4 * ir_elements(g->nodes[dead].shape);
    }
    *bytes = most;
    return true;
}
