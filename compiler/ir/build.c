/* Record-only constructors: a builder holds a growing graph; every node is checked by its shape rule before it is recorded. */
#include "compiler/base/map.h"
#include "compiler/base/vec.h"
#include "compiler/ir/names.h"
#include "compiler/ir/shape.h"

#include <inttypes.h>
#include <stdlib.h>

const struct ir_train ir_train_default = {
    .lr_max = 0.05,
    .lr_min = 0.001,
    .momentum = 0.9,
    .weight_decay = 2e-4,
    .nesterov = true,
    .epochs = 10,
    .batch = 100,
    .restart_factor = 2,
    .beta1 = 0.9,
    .beta2 = 0.999,
    .epsilon = 1e-8,
    .bias_lr = 1,
    .cycle_up = 0.3,
    .cycle_start = 0.04,
    .step_factor = 0.1,
};

const char *const ir_protocol_names[2] = {"auto", "gc"}, *const ir_network_names[2] = {"lan", "wan"};

struct ir_builder {
    struct arena *arena;
    const char *name;
    VEC(struct ir_node) nodes;
    VEC(struct ir_output) outputs;
    VEC(struct ir_budget) budgets;
    VEC(struct ir_wish) wishes;
    struct ir_train train;
    struct ir_private private;
    struct ir_names names, output_names;
};

static const struct {
    const char *name;
    bool linear;
} ops[IR_OP_COUNT] = {
#define OP(enumerator, name, least, most, linear) {name, linear},
#include "compiler/ir/op.def"
#undef OP
};

const char *ir_op_name(enum ir_op op)
{
    return ops[op].name;
}

bool ir_op_is_linear(enum ir_op op)
{
    return ops[op].linear;
}

bool ir_may_rescale(enum ir_op op)
{
    return (ir_op_is_linear(op) && op != IR_INPUT) || op == IR_MAX_POOL || op == IR_GLOBAL_MAX_POOL;
}

bool ir_op_from_name(const char *name, enum ir_op *op)
{
    for (int i = 0; i < IR_OP_COUNT; i++)
        if (strcmp(ops[i].name, name) == 0) {
            *op = (enum ir_op)i;
            return true;
        }
    return false;
}

struct ir_builder *ir_builder_new(struct arena *a, const char *network_name)
{
    struct ir_builder *b = ARENA_NEW(a, struct ir_builder);
    b->arena = a;
    b->name = arena_strdup(a, network_name);
    b->train = ir_train_default;
    b->names = ir_names_new(a);
    b->output_names = ir_names_new(a);
    return b;
}

static struct ir_node *node_of(const struct ir_builder *b, ir_id id)
{
    if (id >= b->nodes.n)
        bug("a node that this builder did not make");
    return &b->nodes.at[id];
}

static const double *copy_numbers(struct arena *a, const double *from, int64_t n)
{
    double *copy = ARENA_ARRAY(a, double, (size_t)n);
    memcpy(copy, from, (size_t)n * sizeof *copy);
    return copy;
}

ir_id ir_build(struct ir_builder *b, enum ir_op op, const char *name, const ir_id *in, uint32_t n_in, const struct ir_node *attr,
               struct site site, const char **why)
{
    struct arena *a = b->arena;
    if (b->nodes.n >= IR_NONE)
        bug("more nodes than ids");
    ir_id id = (ir_id)b->nodes.n;
    ir_id *in_copy = ARENA_ARRAY(a, ir_id, n_in);
    struct ir_shape *in_shapes = ARENA_ARRAY(a, struct ir_shape, n_in);
    for (uint32_t i = 0; i < n_in; i++) {
        in_copy[i] = in[i];
        in_shapes[i] = node_of(b, in[i])->shape;
    }

    struct ir_node node = attr ? *attr : (struct ir_node){.op = op};
    if (!ir_shape_infer(a, op, in_shapes, n_in, &node, &node.shape, why))
        return IR_NONE;
    if (op == IR_INPUT && node.input.mean) {
        node.input.mean = copy_numbers(a, node.input.mean, node.shape.c);
        node.input.std = copy_numbers(a, node.input.std, node.shape.c);
    }
    node.op = op;
    node.name = ir_names_take(&b->names, name, ops[op].name, id);
    node.n_in = n_in;
    node.in = in_copy;
    node.site = site;
    vec_push(a, &b->nodes, node);
    return id;
}

ir_id ir_build_input(struct ir_builder *b, const char *name, struct ir_shape shape, const struct ir_input *normalize, struct site site,
                     const char **why)
{
    struct ir_node attr = {.op = IR_INPUT, .shape = shape};
    if (normalize)
        attr.input = *normalize;
    return ir_build(b, IR_INPUT, name, NULL, 0, &attr, site, why);
}

const struct ir_node *ir_builder_node(const struct ir_builder *b, ir_id id)
{
    return node_of(b, id);
}

uint32_t ir_builder_count(const struct ir_builder *b)
{
    return (uint32_t)b->nodes.n;
}

void ir_builder_set_flags(struct ir_builder *b, ir_id id, bool keep, bool prune)
{
    struct ir_node *n = node_of(b, id);
    n->keep = keep;
    n->prune = prune;
}

void ir_builder_rename(struct ir_builder *b, ir_id id, const char *name)
{
    struct ir_node *n = node_of(b, id);
    ir_names_release(&b->names, n->name); /* first, so that a node may be renamed to what it is called */
    n->name = ir_names_take(&b->names, name, ops[n->op].name, id);
}

void ir_builder_reserve(struct ir_builder *b, const char *name)
{
    if (strcmp(ir_names_take(&b->names, name, name, IR_NONE), name) != 0)
        bug("a name to be reserved is in use");
}

void ir_builder_give_up(struct ir_builder *b, const char *name)
{
    ir_names_release(&b->names, name);
}

void ir_builder_output(struct ir_builder *b, const char *name, ir_id node)
{
    node_of(b, node);
    struct ir_output o = {ir_names_take(&b->output_names, name, "output", (uint32_t)b->outputs.n), node};
    vec_push(b->arena, &b->outputs, o);
}

static int by_id(const void *x, const void *y)
{
    ir_id a = *(const ir_id *)x, b = *(const ir_id *)y;
    return (a > b) - (a < b);
}

void ir_builder_budget(struct ir_builder *b, struct ir_budget budget)
{
    budget.scope = arena_strdup(b->arena, budget.scope);
    if (budget.nodes) {
        ir_id *nodes = ARENA_ARRAY(b->arena, ir_id, budget.n_nodes);
        for (uint32_t i = 0; i < budget.n_nodes; i++) {
            node_of(b, budget.nodes[i]);
            nodes[i] = budget.nodes[i];
        }
        qsort(nodes, budget.n_nodes, sizeof *nodes, by_id);
        uint32_t n = 0;
        for (uint32_t i = 0; i < budget.n_nodes; i++)
            if (n == 0 || nodes[n - 1] != nodes[i])
                nodes[n++] = nodes[i];
        budget.nodes = nodes;
        budget.n_nodes = n;
    }
    vec_push(b->arena, &b->budgets, budget);
}

void ir_builder_number_budgets(struct ir_builder *b)
{
    struct alike {
        uint32_t n, next;
    };
    struct map scopes = map_new(b->arena);
    for (size_t i = 0; i < b->budgets.n; i++) {
        struct alike *alike = map_get(&scopes, b->budgets.at[i].scope);
        if (!alike) {
            alike = ARENA_NEW(b->arena, struct alike);
            map_set(&scopes, b->budgets.at[i].scope, alike);
        }
        alike->n++;
    }
    for (size_t i = 0; i < b->budgets.n; i++) {
        struct alike *alike = map_get(&scopes, b->budgets.at[i].scope);
        if (alike->n > 1)
            b->budgets.at[i].scope = arena_printf(b->arena, "%s[%" PRIu32 "]", b->budgets.at[i].scope, alike->next++);
    }
}

void ir_builder_wish(struct ir_builder *b, struct ir_wish wish)
{
    wish.pass = arena_strdup(b->arena, wish.pass);
    wish.args = arena_strdup(b->arena, wish.args);
    vec_push(b->arena, &b->wishes, wish);
}

void ir_builder_private(struct ir_builder *b, const struct ir_private *private)
{
    b->private = *private;
}

void ir_builder_train(struct ir_builder *b, const struct ir_train *train)
{
    b->train = *train;
}

const bool *ir_needed(struct arena *a, const struct ir_graph *g)
{
    bool *needed = ARENA_ARRAY(a, bool, g->n_nodes);
    for (uint32_t i = 0; i < g->n_outputs; i++)
        needed[g->outputs[i].node] = true;
    for (ir_id id = g->n_nodes; id-- > 0;) /* inputs have smaller ids: one sweep backwards finds all that is needed */
        for (uint32_t k = 0; needed[id] && k < g->nodes[id].n_in; k++)
            needed[g->nodes[id].in[k]] = true;
    return needed;
}

/* Budgets without the nodes that were dropped, in the new numbers. */
static const struct ir_budget *budgets_of_rest(struct arena *a, const struct ir_graph *whole, const ir_id *to)
{
    struct ir_budget *budgets = ARENA_ARRAY(a, struct ir_budget, whole->n_budgets);
    for (uint32_t i = 0; i < whole->n_budgets; i++) {
        budgets[i] = whole->budgets[i];
        if (!budgets[i].nodes)
            continue;
        ir_id *covered = ARENA_ARRAY(a, ir_id, budgets[i].n_nodes);
        uint32_t m = 0;
        for (uint32_t k = 0; k < budgets[i].n_nodes; k++)
            if (to[budgets[i].nodes[k]] != IR_NONE)
                covered[m++] = to[budgets[i].nodes[k]];
        budgets[i].nodes = covered;
        budgets[i].n_nodes = m;
    }
    return budgets;
}

const struct ir_graph *ir_builder_finish(struct ir_builder *b, uint32_t *dropped)
{
    struct arena *a = b->arena;
    struct ir_graph *whole = ARENA_NEW(a, struct ir_graph);
    *whole = (struct ir_graph){
        .arena = a,
        .name = b->name,
        .n_nodes = (uint32_t)b->nodes.n,
        .nodes = b->nodes.at,
        .n_outputs = (uint32_t)b->outputs.n,
        .outputs = b->outputs.at,
        .n_budgets = (uint32_t)b->budgets.n,
        .budgets = b->budgets.at,
        .n_wishes = (uint32_t)b->wishes.n,
        .wishes = b->wishes.at,
        .train = b->train,
        .private = b->private,
    };
    const bool *needed = ir_needed(a, whole);
    ir_id *to = ARENA_ARRAY(a, ir_id, whole->n_nodes); /* old id -> new id; IR_NONE: dropped */
    uint32_t kept = 0;
    for (ir_id id = 0; id < whole->n_nodes; id++)
        to[id] = needed[id] ? kept++ : IR_NONE;
    if (dropped)
        *dropped = whole->n_nodes - kept;
    if (kept == whole->n_nodes)
        return whole;

    struct ir_node *nodes = ARENA_ARRAY(a, struct ir_node, kept);
    for (ir_id id = 0; id < whole->n_nodes; id++) {
        if (!needed[id])
            continue;
        struct ir_node *node = &nodes[to[id]];
        *node = whole->nodes[id];
        ir_id *in = ARENA_ARRAY(a, ir_id, node->n_in);
        for (uint32_t k = 0; k < node->n_in; k++)
            in[k] = to[node->in[k]];
        node->in = in;
    }
    struct ir_output *outputs = ARENA_ARRAY(a, struct ir_output, whole->n_outputs);
    for (uint32_t i = 0; i < whole->n_outputs; i++)
        outputs[i] = (struct ir_output){whole->outputs[i].name, to[whole->outputs[i].node]};

    struct ir_graph *g = ARENA_NEW(a, struct ir_graph);
    *g = *whole;
    g->n_nodes = kept;
    g->nodes = nodes;
    g->outputs = outputs;
    g->budgets = budgets_of_rest(a, whole, to);
    g->whole = whole;
    return g;
}
