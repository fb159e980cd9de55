#include "tests/support/random_dag.h"

#include <math.h>

enum { MOST_ELEMENTS = 600, MOST_PARTS = 4 };

struct dag {
    struct arena *a;
    struct random *r;
    struct ir_builder *b;
    int squares; /* not too many, so that values stay near 1 */
};

/* --- draws --- */

static int64_t below(struct dag *d, int64_t n)
{
    return random_below(d->r, n);
}

static bool one_in(struct dag *d, int64_t n)
{
    return random_below(d->r, n) == 0;
}

static struct ir_shape shape_of(struct dag *d, ir_id id)
{
    return ir_builder_node(d->b, id)->shape;
}

/* Any value, the newest ones more often: chains grow long, and old values are still joined. */
static ir_id some(struct dag *d)
{
    const int64_t n = ir_builder_count(d->b), newest = n < 4 ? n : 4;
    return (ir_id)(one_in(d, 3) ? below(d, n) : n - 1 - below(d, newest));
}

static ir_id some_of_rank(struct dag *d, int rank)
{
    for (int i = 0; i < 8; i++) {
        const ir_id id = some(d);
        if (shape_of(d, id).rank == rank)
            return id;
    }
    return IR_NONE;
}

/* --- one operator --- */

static ir_id make(struct dag *d, enum ir_op op, const ir_id *in, uint32_t n_in, const struct ir_node *attr)
{
    const char *why;
    const struct site site = {.file = "random.cnas", .line = (int)ir_builder_count(d->b) + 1, .column = 1};
    for (uint32_t i = 0; i < n_in; i++)
        if (in[i] == IR_NONE)
            return IR_NONE;
    return ir_build(d->b, op, "", in, n_in, attr, site, &why);
}

static ir_id make_one(struct dag *d, enum ir_op op, ir_id x, struct ir_node attr)
{
    return make(d, op, &x, 1, &attr);
}

static ir_id make_relu(struct dag *d, ir_id x)
{
    const bool keep = one_in(d, 12), prune = one_in(d, 6);
    return make_one(d, IR_RELU, x, (struct ir_node){.keep = keep, .prune = prune});
}

static ir_id make_batch_norm(struct dag *d, ir_id x)
{
    return make_one(d, IR_BATCH_NORM, x, (struct ir_node){.batch_norm = {one_in(d, 3) ? 0.01 : 1e-5, 0.9}});
}

/* k x k, as many rows and columns as x has. */
static ir_id make_same_conv(struct dag *d, ir_id x, int64_t channels, int64_t k)
{
    return make_one(d, IR_CONV, x, (struct ir_node){.conv = {channels, k, k, 1, k / 2, k / 2, 1, 1, one_in(d, 3)}});
}

/* --- moves: each adds one operator or a few, or nothing --- */

static void conv(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    if (x == IR_NONE)
        return;
    const struct ir_shape s = shape_of(d, x);
    if (one_in(d, 2)) {
        make_same_conv(d, x, one_in(d, 2) ? s.c : 1 + below(d, 6), one_in(d, 3) ? 1 : 3);
        return;
    }
    const int64_t groups = one_in(d, 2) ? 1 : one_in(d, 2) ? s.c : 2, most = 8 / groups;
    struct ir_conv v = {.groups = groups, .channels = groups * (1 + below(d, most < 1 ? 1 : most))};
    v.bias = one_in(d, 2);
    v.kh = 1 + below(d, 3);
    v.kw = 1 + below(d, 3);
    v.stride = one_in(d, 4) ? 2 : 1;
    v.pad_y = below(d, 2);
    v.pad_x = below(d, 2);
    v.dilation = one_in(d, 5) ? 2 : 1;
    if (v.channels * s.h * s.w <= 2 * MOST_ELEMENTS)
        make_one(d, IR_CONV, x, (struct ir_node){.conv = v});
}

static void batch_norm(struct dag *d)
{
    make_batch_norm(d, some(d));
}

static void relu(struct dag *d)
{
    make_relu(d, some(d));
}

static void relu_of_newest(struct dag *d)
{
    make_relu(d, ir_builder_count(d->b) - 1);
}

static struct ir_pool random_pool(struct dag *d)
{
    struct ir_pool p = {.kernel = 1 + below(d, 3)};
    p.stride = one_in(d, 4) ? p.kernel : 1 + below(d, 2);
    p.pad = one_in(d, 4) ? p.kernel / 2 : 0;
    return p;
}

static void avg_pool(struct dag *d)
{
    make_one(d, IR_AVG_POOL, some_of_rank(d, 3), (struct ir_node){.avg_pool = random_pool(d)});
}

static void max_pool(struct dag *d)
{
    make_one(d, IR_MAX_POOL, some_of_rank(d, 3), (struct ir_node){.max_pool = random_pool(d)});
}

static void global_pool(struct dag *d)
{
    make_one(d, one_in(d, 2) ? IR_GLOBAL_AVG_POOL : IR_GLOBAL_MAX_POOL, some_of_rank(d, 3), (struct ir_node){0});
}

/* in[0] and others that fit beside it: of the same shape, or for a concatenation of the same rows and columns. */
static uint32_t gather(struct dag *d, ir_id in[MOST_PARTS], bool same_channels)
{
    const uint32_t wanted = 2 + (uint32_t)below(d, MOST_PARTS - 1);
    const struct ir_shape s = shape_of(d, in[0]);
    int64_t channels = s.c;
    uint32_t n = 1;
    for (int i = 0; i < 40 && n < wanted; i++) {
        const ir_id id = some(d);
        const struct ir_shape t = shape_of(d, id);
        const bool fits = same_channels ? ir_shape_equal(s, t)
                                        : s.rank == t.rank && s.h == t.h && s.w == t.w && (channels + t.c) * s.h * s.w <= MOST_ELEMENTS;
        if (fits && (id != in[n - 1] || one_in(d, 4))) {
            channels += t.c;
            in[n++] = id;
        }
    }
    return n;
}

static void add(struct dag *d)
{
    ir_id in[MOST_PARTS] = {some(d)};
    uint32_t n = gather(d, in, true);
    if (n == 1)
        in[n++] = one_in(d, 2) ? make_relu(d, in[0]) : make_batch_norm(d, in[0]);
    make(d, IR_ADD, in, n, NULL);
}

static void concat(struct dag *d)
{
    ir_id in[MOST_PARTS] = {some(d)};
    make(d, IR_CONCAT, in, gather(d, in, false), NULL);
}

static void slice(struct dag *d)
{
    const ir_id x = some(d);
    const struct ir_shape s = shape_of(d, x);
    struct ir_slice p = {.channel = below(d, s.c), .rows = s.h, .columns = s.w};
    p.channels = 1 + below(d, s.c - p.channel);
    if (s.h > 1 && one_in(d, 2)) {
        p.row = below(d, 2);
        p.rows = s.h - p.row - below(d, s.h - p.row);
    }
    if (s.w > 1 && one_in(d, 2)) {
        p.column = below(d, 2);
        p.columns = s.w - p.column - below(d, s.w - p.column);
    }
    make_one(d, IR_SLICE, x, (struct ir_node){.slice = p});
}

static void pad(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    if (x == IR_NONE || ir_elements(shape_of(d, x)) > MOST_ELEMENTS)
        return;
    int64_t side[4];
    for (int i = 0; i < 4; i++)
        side[i] = below(d, 4) - 1;
    make_one(d, IR_PAD, x, (struct ir_node){.pad = {side[0], side[1], side[2], side[3]}});
}

static void subsample(struct dag *d)
{
    const int64_t stride = 1 + below(d, 3), y = below(d, 2), x = below(d, 2);
    make_one(d, IR_SUBSAMPLE, some_of_rank(d, 3), (struct ir_node){.subsample = {stride, y, x}});
}

static void upsample(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    if (x != IR_NONE && 4 * ir_elements(shape_of(d, x)) <= MOST_ELEMENTS)
        make_one(d, IR_UPSAMPLE, x, (struct ir_node){.upsample = {2}});
}

/* To a vector, or to a map of the same elements. */
static void reshape(struct dag *d)
{
    const ir_id x = some(d);
    const int64_t n = ir_elements(shape_of(d, x)), h = 1 + below(d, 4), w = 1 + below(d, 4);
    struct ir_reshape p = {n, 0, 0};
    if (n % (h * w) == 0 && !one_in(d, 3))
        p = (struct ir_reshape){n / (h * w), h, w};
    make_one(d, IR_RESHAPE, x, (struct ir_node){.reshape = p});
}

static void flatten(struct dag *d)
{
    make_one(d, IR_FLATTEN, some(d), (struct ir_node){0});
}

static void linear(struct dag *d)
{
    const int64_t features = 1 + below(d, 8);
    make_one(d, IR_LINEAR, some_of_rank(d, 1), (struct ir_node){.linear = {features, one_in(d, 2)}});
}

static void dropout(struct dag *d)
{
    make_one(d, IR_DROPOUT, some(d), (struct ir_node){.dropout = {0.25}});
}

static void square(struct dag *d)
{
    if (d->squares++ < 2)
        make_one(d, one_in(d, 2) ? IR_SQUARE : IR_POLY2, some(d), (struct ir_node){0});
}

static bool has_parameters(enum ir_op op)
{
    return op == IR_CONV || op == IR_LINEAR || op == IR_BATCH_NORM || op == IR_POLY2;
}

/* The same operator on the same values, once more. Two layers with parameters are not the same. */
static void repeat(struct dag *d)
{
    for (int i = 0; i < 6; i++) {
        const struct ir_node n = *ir_builder_node(d->b, some(d));
        if (n.op == IR_INPUT || n.op == IR_SQUARE || has_parameters(n.op))
            continue;
        make(d, n.op, n.in, n.n_in, &n);
        return;
    }
}

/* Operators that do nothing. */
static void identity(struct dag *d)
{
    const ir_id x = some(d);
    const struct ir_shape s = shape_of(d, x);
    const bool map = s.rank == 3;
    switch (below(d, 9)) {
    case 0:
        make_one(d, IR_RESHAPE, x, (struct ir_node){.reshape = {s.c, map ? s.h : 0, map ? s.w : 0}});
        break;
    case 1:
        make_one(d, IR_SLICE, x, (struct ir_node){.slice = {0, s.c, 0, s.h, 0, s.w}});
        break;
    case 2:
        make_one(d, IR_CONCAT, x, (struct ir_node){0});
        break;
    case 3:
        make_one(d, IR_PAD, x, (struct ir_node){0});
        break;
    case 4:
        make_one(d, IR_SUBSAMPLE, x, (struct ir_node){.subsample = {1, 0, 0}});
        break;
    case 5:
        make_one(d, IR_UPSAMPLE, x, (struct ir_node){.upsample = {1}});
        break;
    case 6:
        make_one(d, IR_AVG_POOL, x, (struct ir_node){.avg_pool = {1, 1, 0}});
        break;
    case 7:
        make_one(d, IR_MAX_POOL, x, (struct ir_node){.max_pool = {1, 1, 0}});
        break;
    default:
        make_one(d, map ? IR_DROPOUT : IR_FLATTEN, x, (struct ir_node){.dropout = {0}});
    }
}

/* A layer of CryptoNAS: the core is ReLU, convolution, batch norm; its skip joins by concatenation and a 1x1 convolution, and the
 * next layers rectify the joined value again, each for itself. */
static void core_layer(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    if (x == IR_NONE)
        return;
    const struct ir_shape s = shape_of(d, x);
    const ir_id core = make_batch_norm(d, make_same_conv(d, make_relu(d, x), s.c, 3));
    ir_id joined = make(d, IR_CONCAT, (ir_id[]){one_in(d, 2) ? x : make_relu(d, x), core}, 2, NULL);
    if (one_in(d, 2))
        joined = make_relu(d, joined);
    if (2 * ir_elements(s) <= MOST_ELEMENTS)
        make_batch_norm(d, make_same_conv(d, joined, s.c, 1));
}

/* A residual block. */
static void residual(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    if (x == IR_NONE)
        return;
    const ir_id y = make_batch_norm(d, make_same_conv(d, make_relu(d, x), shape_of(d, x).c, 3));
    const ir_id sum = make(d, IR_ADD, (ir_id[]){x, y}, 2, NULL);
    if (!one_in(d, 3))
        make_relu(d, sum);
}

static const struct {
    int weight;
    void (*move)(struct dag *d);
} moves[] = {
    {10, conv},    {6, batch_norm}, {10, relu},    {12, relu_of_newest}, {3, avg_pool}, {5, max_pool}, {2, global_pool}, {7, add},
    {8, concat},   {5, slice},      {4, pad},      {4, subsample},    {3, upsample}, {4, reshape},  {2, flatten},     {3, linear},
    {2, dropout},  {1, square},     {8, repeat},   {7, identity},     {5, core_layer}, {3, residual},
};

static void random_move(struct dag *d)
{
    int64_t total = 0;
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        total += moves[i].weight;
    int64_t at = below(d, total);
    size_t i = 0;
    while (at >= moves[i].weight)
        at -= moves[i++].weight;
    moves[i].move(d);
}

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
        const struct ir_shape s = shape_of(d, ends[i]);
        parts[i] = s.rank == 1             ? ends[i]
                   : ir_elements(s) <= 48 ? make_one(d, IR_FLATTEN, ends[i], (struct ir_node){0})
                                          : make_one(d, one_in(d, 4) ? IR_GLOBAL_MAX_POOL : IR_GLOBAL_AVG_POOL, ends[i], (struct ir_node){0});
    }
    ir_id y = n == 1 && one_in(d, 2) ? parts[0] : make(d, IR_CONCAT, parts, n, NULL);
    if (one_in(d, 3))
        y = make_relu(d, y);
    if (!one_in(d, 4))
        y = make_one(d, IR_LINEAR, y, (struct ir_node){.linear = {2 + below(d, 6), one_in(d, 2)}});
    const int64_t result = below(d, 10);
    return result == 0 ? make_one(d, IR_SOFTMAX, y, (struct ir_node){0}) : result == 1 ? make_one(d, IR_ARGMAX, y, (struct ir_node){0}) : y;
}

static void outputs(struct dag *d)
{
    ir_id ends[8];
    const uint32_t n = loose_ends(d, ends, 8);
    const int64_t how = below(d, 6);
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
    for (int64_t i = below(d, 3); i > 0; i--) {
        uint32_t covered = 0;
        const int64_t sparse = 1 + below(d, 5);
        for (ir_id id = 0; id < n; id++)
            if (one_in(d, sparse))
                nodes[covered++] = id;
        const bool whole = one_in(d, 4);
        ir_builder_budget(d->b, (struct ir_budget){.scope = "some", .limit = below(d, 4000), .nodes = whole ? NULL : nodes,
                                                   .n_nodes = whole ? 0 : covered});
    }
    for (ir_id id = 0; id < n; id++)
        nodes[id] = id;
    ir_builder_budget(d->b, (struct ir_budget){.scope = "all", .limit = 1 << 20, .nodes = nodes, .n_nodes = n});
}

const struct ir_graph *random_dag(struct arena *a, struct random *r, int nodes)
{
    struct dag d = {.a = a, .r = r, .b = ir_builder_new(a, "Random")};
    const int64_t side = 2 + below(&d, 7), channels = 1 + below(&d, 3);
    const char *why;
    ir_build_input(d.b, "x", one_in(&d, 10) ? (struct ir_shape){1, 4 * channels, 1, 1} : (struct ir_shape){3, channels, side, side}, NULL,
                   (struct site){0}, &why);
    for (int i = 0; i < 4 * nodes && ir_builder_count(d.b) < (uint32_t)nodes; i++)
        random_move(&d);
    outputs(&d);
    budgets(&d);
    if (one_in(&d, 3)) {
        struct ir_train t = ir_train_default;
        t.epochs = 1 + below(&d, 99);
        ir_builder_train(d.b, &t);
        ir_builder_private(d.b, &(struct ir_private){.ring = 16 + below(&d, 45)});
    }
    return ir_builder_finish(d.b, NULL);
}

const struct ir_graph *dag_output(struct arena *a, const struct ir_graph *g, uint32_t i)
{
    struct ir_builder *b = ir_builder_new(a, g->name);
    struct ir_graph one = *g;
    one.n_outputs = 1;
    one.outputs = &g->outputs[i];
    const bool *needed = ir_needed(a, &one);
    ir_id *to = ARENA_ARRAY(a, ir_id, g->n_nodes);
    const char *why;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = &g->nodes[id];
        if (!needed[id])
            continue;
        ir_id *in = ARENA_ARRAY(a, ir_id, n->n_in);
        for (uint32_t k = 0; k < n->n_in; k++)
            in[k] = to[n->in[k]];
        to[id] = n->op == IR_INPUT ? ir_build_input(b, n->name, n->shape, &n->input, n->site, &why)
                                   : ir_build(b, n->op, n->name, in, n->n_in, n, n->site, &why);
        if (to[id] == IR_NONE)
            bug(why);
    }
    ir_builder_output(b, g->outputs[i].name, to[g->outputs[i].node]);
    return ir_builder_finish(b, NULL);
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
