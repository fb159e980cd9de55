/* C leaves the order open in which arguments and initialisers are evaluated: of two draws, at most one stands in such a list, so that
 * a seed gives the same graph with every compiler. */
#include "tests/support/random_moves.h"

enum { MOST_ELEMENTS = 600, MOST_PARTS = 4 };

/* --- draws --- */

int64_t dag_below(struct dag *d, int64_t n)
{
    return random_below(d->r, n);
}

bool dag_one_in(struct dag *d, int64_t n)
{
    return random_below(d->r, n) == 0;
}

struct ir_shape dag_shape(struct dag *d, ir_id id)
{
    return ir_builder_node(d->b, id)->shape;
}

/* Any value, the newest ones more often: chains grow long, and old values are still joined. */
static ir_id some(struct dag *d)
{
    const int64_t n = ir_builder_count(d->b), newest = n < 4 ? n : 4;
    return (ir_id)(dag_one_in(d, 3) ? dag_below(d, n) : n - 1 - dag_below(d, newest));
}

static ir_id some_of_rank(struct dag *d, int rank)
{
    for (int i = 0; i < 8; i++) {
        const ir_id id = some(d);
        if (dag_shape(d, id).rank == rank)
            return id;
    }
    return IR_NONE;
}

/* --- one operator --- */

ir_id dag_make(struct dag *d, enum ir_op op, const ir_id *in, uint32_t n_in, const struct ir_node *attr)
{
    const char *why;
    const struct site site = {.file = "random.cnas", .line = (int)ir_builder_count(d->b) + 1, .column = 1};
    for (uint32_t i = 0; i < n_in; i++)
        if (in[i] == IR_NONE)
            return IR_NONE;
    return ir_build(d->b, op, "", in, n_in, attr, site, &why);
}

ir_id dag_make_one(struct dag *d, enum ir_op op, ir_id x, struct ir_node attr)
{
    return dag_make(d, op, &x, 1, &attr);
}

ir_id dag_relu(struct dag *d, ir_id x)
{
    const bool keep = dag_one_in(d, 12), prune = dag_one_in(d, 6);
    return dag_make_one(d, IR_RELU, x, (struct ir_node){.keep = keep, .prune = prune});
}

static ir_id make_batch_norm(struct dag *d, ir_id x)
{
    return dag_make_one(d, IR_BATCH_NORM, x, (struct ir_node){.batch_norm = {dag_one_in(d, 3) ? 0.01 : 1e-5, 0.9}});
}

/* k x k, as many rows and columns as x has. */
static ir_id make_same_conv(struct dag *d, ir_id x, int64_t channels, int64_t k)
{
    return dag_make_one(d, IR_CONV, x, (struct ir_node){.conv = {channels, k, k, 1, k / 2, k / 2, 1, 1, dag_one_in(d, 3)}});
}

/* --- moves: each adds one operator or a few, or nothing --- */

static void conv(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    if (x == IR_NONE)
        return;
    const struct ir_shape s = dag_shape(d, x);
    if (dag_one_in(d, 2)) {
        const int64_t channels = dag_one_in(d, 2) ? s.c : 1 + dag_below(d, 6), k = dag_one_in(d, 3) ? 1 : 3;
        make_same_conv(d, x, channels, k);
        return;
    }
    const int64_t groups = dag_one_in(d, 2) ? 1 : dag_one_in(d, 2) ? s.c : 2, most = 8 / groups;
    struct ir_conv v = {.groups = groups, .channels = groups * (1 + dag_below(d, most < 1 ? 1 : most))};
    v.bias = dag_one_in(d, 2);
    v.kh = 1 + dag_below(d, 3);
    v.kw = 1 + dag_below(d, 3);
    v.stride = dag_one_in(d, 4) ? 2 : 1;
    v.pad_y = dag_below(d, 2);
    v.pad_x = dag_below(d, 2);
    v.dilation = dag_one_in(d, 5) ? 2 : 1;
    if (v.channels * s.h * s.w <= 2 * MOST_ELEMENTS)
        dag_make_one(d, IR_CONV, x, (struct ir_node){.conv = v});
}

static void batch_norm(struct dag *d)
{
    make_batch_norm(d, some(d));
}

static void relu(struct dag *d)
{
    dag_relu(d, some(d));
}

static void relu_of_newest(struct dag *d)
{
    dag_relu(d, ir_builder_count(d->b) - 1);
}

static struct ir_pool random_pool(struct dag *d)
{
    struct ir_pool p = {.kernel = 1 + dag_below(d, 3)};
    p.stride = dag_one_in(d, 4) ? p.kernel : 1 + dag_below(d, 2);
    p.pad = dag_one_in(d, 4) ? p.kernel / 2 : 0;
    return p;
}

static void avg_pool(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    dag_make_one(d, IR_AVG_POOL, x, (struct ir_node){.avg_pool = random_pool(d)});
}

static void max_pool(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    dag_make_one(d, IR_MAX_POOL, x, (struct ir_node){.max_pool = random_pool(d)});
}

static void global_pool(struct dag *d)
{
    const bool max = !dag_one_in(d, 3);
    const ir_id y = dag_make_one(d, max ? IR_GLOBAL_MAX_POOL : IR_GLOBAL_AVG_POOL, some_of_rank(d, 3), (struct ir_node){0});
    if (dag_one_in(d, 2))
        dag_relu(d, y);
}

/* in[0] and others that fit beside it: of the same shape, or for a concatenation of the same rows and columns. */
static uint32_t gather(struct dag *d, ir_id in[MOST_PARTS], bool same_channels)
{
    const uint32_t wanted = 2 + (uint32_t)dag_below(d, MOST_PARTS - 1);
    const struct ir_shape s = dag_shape(d, in[0]);
    int64_t channels = s.c;
    uint32_t n = 1;
    for (int i = 0; i < 40 && n < wanted; i++) {
        const ir_id id = some(d);
        const struct ir_shape t = dag_shape(d, id);
        const bool fits = same_channels ? ir_shape_equal(s, t)
                                        : s.rank == t.rank && s.h == t.h && s.w == t.w && (channels + t.c) * s.h * s.w <= MOST_ELEMENTS;
        if (fits && (id != in[n - 1] || dag_one_in(d, 4))) {
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
        in[n++] = dag_one_in(d, 2) ? dag_relu(d, in[0]) : make_batch_norm(d, in[0]);
    dag_make(d, IR_ADD, in, n, NULL);
}

static void concat(struct dag *d)
{
    ir_id in[MOST_PARTS] = {some(d)};
    dag_make(d, IR_CONCAT, in, gather(d, in, false), NULL);
}

static void slice(struct dag *d)
{
    const ir_id x = some(d);
    const struct ir_shape s = dag_shape(d, x);
    struct ir_slice p = {.channel = dag_below(d, s.c), .rows = s.h, .columns = s.w};
    p.channels = 1 + dag_below(d, s.c - p.channel);
    if (s.h > 1 && dag_one_in(d, 2)) {
        p.row = dag_below(d, 2);
        p.rows = s.h - p.row - dag_below(d, s.h - p.row);
    }
    if (s.w > 1 && dag_one_in(d, 2)) {
        p.column = dag_below(d, 2);
        p.columns = s.w - p.column - dag_below(d, s.w - p.column);
    }
    dag_make_one(d, IR_SLICE, x, (struct ir_node){.slice = p});
}

static void pad(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    if (x == IR_NONE || ir_elements(dag_shape(d, x)) > MOST_ELEMENTS)
        return;
    int64_t side[4];
    for (int i = 0; i < 4; i++)
        side[i] = dag_below(d, 4) - 1;
    dag_make_one(d, IR_PAD, x, (struct ir_node){.pad = {side[0], side[1], side[2], side[3]}});
}

static void subsample(struct dag *d)
{
    const int64_t stride = 1 + dag_below(d, 3), y = dag_below(d, 2), x = dag_below(d, 2);
    dag_make_one(d, IR_SUBSAMPLE, some_of_rank(d, 3), (struct ir_node){.subsample = {stride, y, x}});
}

static void upsample(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    if (x != IR_NONE && 4 * ir_elements(dag_shape(d, x)) <= MOST_ELEMENTS)
        dag_make_one(d, IR_UPSAMPLE, x, (struct ir_node){.upsample = {2}});
}

/* To a vector, or to a map of the same elements. */
static void reshape(struct dag *d)
{
    const ir_id x = some(d);
    const int64_t n = ir_elements(dag_shape(d, x)), h = 1 + dag_below(d, 4), w = 1 + dag_below(d, 4);
    struct ir_reshape p = {n, 0, 0};
    if (n % (h * w) == 0 && !dag_one_in(d, 3))
        p = (struct ir_reshape){n / (h * w), h, w};
    dag_make_one(d, IR_RESHAPE, x, (struct ir_node){.reshape = p});
}

static void flatten(struct dag *d)
{
    dag_make_one(d, IR_FLATTEN, some(d), (struct ir_node){0});
}

static void linear(struct dag *d)
{
    const ir_id x = some_of_rank(d, 1);
    const int64_t features = 1 + dag_below(d, 8);
    dag_make_one(d, IR_LINEAR, x, (struct ir_node){.linear = {features, dag_one_in(d, 2)}});
}

static void dropout(struct dag *d)
{
    dag_make_one(d, IR_DROPOUT, some(d), (struct ir_node){.dropout = {0.25}});
}

static void square(struct dag *d)
{
    if (d->squares++ >= 2)
        return;
    const ir_id x = some(d), y = dag_make_one(d, dag_one_in(d, 2) ? IR_SQUARE : IR_POLY2, x, (struct ir_node){0});
    if (dag_one_in(d, 2))
        dag_relu(d, y);
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
        dag_make(d, n.op, n.in, n.n_in, &n);
        return;
    }
}

/* Operators that do nothing. */
static void identity(struct dag *d)
{
    const ir_id x = some(d);
    const struct ir_shape s = dag_shape(d, x);
    const bool map = s.rank == 3;
    switch (dag_below(d, 9)) {
    case 0:
        dag_make_one(d, IR_RESHAPE, x, (struct ir_node){.reshape = {s.c, map ? s.h : 0, map ? s.w : 0}});
        break;
    case 1:
        dag_make_one(d, IR_SLICE, x, (struct ir_node){.slice = {0, s.c, 0, s.h, 0, s.w}});
        break;
    case 2:
        dag_make_one(d, IR_CONCAT, x, (struct ir_node){0});
        break;
    case 3:
        dag_make_one(d, IR_PAD, x, (struct ir_node){0});
        break;
    case 4:
        dag_make_one(d, IR_SUBSAMPLE, x, (struct ir_node){.subsample = {1, 0, 0}});
        break;
    case 5:
        dag_make_one(d, IR_UPSAMPLE, x, (struct ir_node){.upsample = {1}});
        break;
    case 6:
        dag_make_one(d, IR_AVG_POOL, x, (struct ir_node){.avg_pool = {1, 1, 0}});
        break;
    case 7:
        dag_make_one(d, IR_MAX_POOL, x, (struct ir_node){.max_pool = {1, 1, 0}});
        break;
    default:
        dag_make_one(d, map ? IR_DROPOUT : IR_FLATTEN, x, (struct ir_node){.dropout = {0}});
    }
}

/* A layer of CryptoNAS: the core is ReLU, convolution, batch norm; its skip joins by concatenation and a 1x1 convolution, and the
 * next layers rectify the joined value again, each for itself. */
static void core_layer(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    if (x == IR_NONE)
        return;
    const struct ir_shape s = dag_shape(d, x);
    const ir_id core = make_batch_norm(d, make_same_conv(d, dag_relu(d, x), s.c, 3));
    ir_id joined = dag_make(d, IR_CONCAT, (ir_id[]){dag_one_in(d, 2) ? x : dag_relu(d, x), core}, 2, NULL);
    if (dag_one_in(d, 2))
        joined = dag_relu(d, joined);
    if (2 * ir_elements(s) <= MOST_ELEMENTS)
        make_batch_norm(d, make_same_conv(d, joined, s.c, 1));
}

/* A residual block. */
static void residual(struct dag *d)
{
    const ir_id x = some_of_rank(d, 3);
    if (x == IR_NONE)
        return;
    const ir_id y = make_batch_norm(d, make_same_conv(d, dag_relu(d, x), dag_shape(d, x).c, 3));
    const ir_id sum = dag_make(d, IR_ADD, (ir_id[]){x, y}, 2, NULL);
    if (!dag_one_in(d, 3))
        dag_relu(d, sum);
}

static const struct {
    int weight;
    void (*move)(struct dag *d);
} moves[] = {
    {10, conv},    {6, batch_norm}, {10, relu},    {12, relu_of_newest}, {3, avg_pool}, {5, max_pool}, {3, global_pool}, {7, add},
    {8, concat},   {5, slice},      {4, pad},      {4, subsample},    {3, upsample}, {4, reshape},  {2, flatten},     {3, linear},
    {2, dropout},  {1, square},     {8, repeat},   {7, identity},     {5, core_layer}, {3, residual},
};

void random_move(struct dag *d)
{
    int64_t total = 0;
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        total += moves[i].weight;
    int64_t at = dag_below(d, total);
    size_t i = 0;
    while (at >= moves[i].weight)
        at -= moves[i++].weight;
    moves[i].move(d);
}
