#include "tests/support/random_dag.h"

#include "tests/support/random_moves.h"

#include <math.h>

/* --- ends --- */

/* The values that nobody reads, the newest first. */
static uint32_t loose_ends(struct dag *d, ir_id *ends, uint32_t most)
{
    const uint32_t n_nodes = ir_builder_count(d->b);
    bool *used = ARENA_ARRAY(d->a, bool, n_nodes);
    uint32_t n = 0;
    for (ir_id id = 0; id < n_nodes; id++) {
        const struct ir_node *node = ir_builder_node(d->b, id);
        for (uint32_t i = 0; i < node->n_in; i++)
            used[node->in[i]] = true;
    }
    for (ir_id id = n_nodes; id-- > 0 && n < most;)
        if (!used[id])
            ends[n++] = id;
    return n;
}

/* All of them as one vector, then a layer over it, most of the time. */
static ir_id head(struct dag *d, const ir_id *ends, uint32_t n)
{
    ir_id *parts = ARENA_ARRAY(d->a, ir_id, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct ir_shape s = dag_shape(d, ends[i]);
        parts[i] = s.rank == 1             ? ends[i]
                   : ir_elements(s) <= 48 ? dag_make_one(d, IR_FLATTEN, ends[i], (struct ir_node){0})
                                          : dag_make_one(d, dag_one_in(d, 4) ? IR_GLOBAL_MAX_POOL : IR_GLOBAL_AVG_POOL, ends[i], (struct ir_node){0});
    }
    ir_id y = n == 1 && dag_one_in(d, 2) ? parts[0] : dag_make(d, IR_CONCAT, parts, n, NULL);
    if (dag_one_in(d, 3))
        y = dag_relu(d, y);
    if (!dag_one_in(d, 4)) {
        const int64_t features = 2 + dag_below(d, 6);
        y = dag_make_one(d, IR_LINEAR, y, (struct ir_node){.linear = {features, dag_one_in(d, 2)}});
    }
    const int64_t result = dag_below(d, 10);
    return result == 0 ? dag_make_one(d, IR_SOFTMAX, y, (struct ir_node){0}) : result == 1 ? dag_make_one(d, IR_ARGMAX, y, (struct ir_node){0}) : y;
}

static void outputs(struct dag *d)
{
    ir_id ends[8];
    const uint32_t n = loose_ends(d, ends, 8);
    const int64_t how = dag_below(d, 6);
    if (how == 0) { /* the last value, as it is */
        ir_builder_output(d->b, "y", ends[0]);
    } else if (how == 1) { /* several */
        for (uint32_t i = 0; i < n && i < 3; i++)
            ir_builder_output(d->b, "y", ends[i]);
    } else {
        ir_builder_output(d->b, "logits", head(d, ends, n));
    }
}

static void budgets(struct dag *d)
{
    const uint32_t n = ir_builder_count(d->b);
    ir_id *nodes = ARENA_ARRAY(d->a, ir_id, n);
    for (int64_t i = dag_below(d, 3); i > 0; i--) {
        uint32_t covered = 0;
        const int64_t sparse = 1 + dag_below(d, 5);
        for (ir_id id = 0; id < n; id++)
            if (dag_one_in(d, sparse))
                nodes[covered++] = id;
        const bool whole = dag_one_in(d, 4);
        ir_builder_budget(d->b, (struct ir_budget){.scope = "some", .limit = dag_below(d, 4000), .nodes = whole ? NULL : nodes,
                                                   .n_nodes = whole ? 0 : covered});
    }
    for (ir_id id = 0; id < n; id++)
        nodes[id] = id;
    ir_builder_budget(d->b, (struct ir_budget){.scope = "all", .limit = 1 << 20, .nodes = nodes, .n_nodes = n});
}

const struct ir_graph *random_dag(struct arena *a, struct random *r, int nodes)
{
    struct dag d = {.a = a, .r = r, .b = ir_builder_new(a, "Random")};
    const int64_t side = 2 + dag_below(&d, 7), channels = 1 + dag_below(&d, 3);
    const char *why;
    ir_build_input(d.b, "x", dag_one_in(&d, 10) ? (struct ir_shape){1, 4 * channels, 1, 1} : (struct ir_shape){3, channels, side, side}, NULL,
                   (struct site){0}, &why);
    for (int i = 0; i < 4 * nodes && ir_builder_count(d.b) < (uint32_t)nodes; i++)
        random_move(&d);
    outputs(&d);
    budgets(&d);
    if (dag_one_in(&d, 3)) {
        struct ir_train t = ir_train_default;
        t.epochs = 1 + dag_below(&d, 99);
        ir_builder_train(d.b, &t);
        ir_builder_private(d.b, &(struct ir_private){.ring = 16 + dag_below(&d, 45)});
    }
    return ir_builder_finish(d.b, NULL);
}

/* --- weights --- */

static uint64_t hash(const char *s, uint64_t seed) /* FNV-1a */
{
    uint64_t h = 0xcbf29ce484222325 ^ seed;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3;
    return h;
}

void random_weights(float *params, const struct cnas_model *m, uint64_t seed)
{
    for (size_t i = 0; i < m->n_params; i++) {
        const struct cnas_param *p = &m->params[i];
        struct random r = {hash(p->name, seed)};
        const double spread = p->kind == CNAS_PARAM_WEIGHT ? sqrt(3.0 * p->dim[0] / (double)p->size) : 0; /* uniform, variance 1 / fan-in */
        for (size_t k = 0; k < p->size; k++) {
            const double u = ldexp((double)(random_next(&r) >> 11), -52) - 1; /* -1 .. 1 */
            double x = 0.5 * u;                                               /* bias, beta, mean, coefficients */
            if (p->kind == CNAS_PARAM_WEIGHT)
                x = spread * u;
            else if (p->kind == CNAS_PARAM_GAMMA)
                x = u < 0 ? u - 0.3 : u + 0.3;
            else if (p->kind == CNAS_PARAM_VAR)
                x = 1 + 0.9 * u;
            params[p->offset + k] = (float)x;
        }
    }
}
