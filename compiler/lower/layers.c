/* From nodes to layers: one layer for each node that computes something, its parameters, and which values are views of others. */
#include "compiler/ir/cost.h"
#include "compiler/ir/segment.h"
#include "compiler/lower/lower.h"

#include <inttypes.h>

const char *plan_op_name(enum plan_op op)
{
    static const char *const names[PLAN_OP_COUNT] = {
        [PLAN_CONV] = "conv",           [PLAN_LINEAR] = "linear",     [PLAN_BATCH_NORM] = "batch_norm",
        [PLAN_RELU] = "relu",           [PLAN_AVG_POOL] = "avg_pool", [PLAN_GLOBAL_AVG_POOL] = "global_avg_pool",
        [PLAN_SUBSAMPLE] = "subsample", [PLAN_ADD] = "add",           [PLAN_CONCAT] = "concat",
        [PLAN_DROPOUT] = "dropout",     [PLAN_MAX_POOL] = "max_pool", [PLAN_SLICE] = "slice",
        [PLAN_PAD] = "pad",             [PLAN_SQUARE] = "square",     [PLAN_POLY2] = "poly2",
        [PLAN_UPSAMPLE] = "upsample",
    };
    if ((unsigned)op >= PLAN_OP_COUNT)
        bug("not an operator of the plan");
    return names[op];
}

static const struct ir_node *node_at(const struct lower *l, ir_id id)
{
    return &l->g->nodes[id];
}

struct plan_dims lower_dims(struct ir_shape s)
{
    return (struct plan_dims){(uint32_t)s.c, (uint32_t)s.h, (uint32_t)s.w};
}

/* Flatten and reshape keep the memory order; concat of one input is that input. Softmax and argmax are no layers: what runs
 * ends at the logits. */
static bool is_view(const struct ir_node *n)
{
    return n->op == IR_SOFTMAX || n->op == IR_ARGMAX || n->op == IR_FLATTEN || n->op == IR_RESHAPE || (n->op == IR_CONCAT && n->n_in == 1);
}

static void find_views(struct lower *l)
{
    for (ir_id id = 0; id < l->g->n_nodes; id++) {
        const struct ir_node *n = node_at(l, id);
        struct lower_value *v = &l->v[id];
        v->layer = v->train_buffer = v->infer_buffer = v->grad_buffer = PLAN_NONE;
        v->train = v->infer = id;
        if (n->n_in == 0)
            continue;
        const struct lower_value *x = &l->v[n->in[0]];
        if (is_view(n))
            v->train = x->train;
        if (is_view(n) || n->op == IR_DROPOUT)
            v->infer = x->infer;
    }
}

static bool check_node(struct lower *l, const struct ir_node *n)
{
    const struct ir_shape s = n->shape;
    if (s.h > SEGMENT_MAX_EXTENT || s.w > SEGMENT_MAX_EXTENT)
        return lower_refuse(l, n->site,
                            arena_printf(l->a,
                                         "a map of %" PRId64 "x%" PRId64
                                         " is larger than the %d rows and columns a generated program can have",
                                         s.h, s.w, SEGMENT_MAX_EXTENT));
    const int64_t largest = segment_extent(n);
    if (largest > SEGMENT_MAX_EXTENT)
        return lower_refuse(l, n->site,
                            arena_printf(l->a,
                                         "a kernel, stride, dilation or padding of %" PRId64 " is larger than the %d a generated program can have",
                                         largest, SEGMENT_MAX_EXTENT));
    return true;
}

static uint32_t add_param(struct lower *l, struct plan_param *params, uint32_t layer, enum plan_param_kind kind, uint32_t rank,
                          const uint32_t dim[4])
{
    static const char *const names[PLAN_PARAM_KINDS] = {[PLAN_WEIGHT] = "weight", [PLAN_BIAS] = "bias", [PLAN_GAMMA] = "gamma",
                                                        [PLAN_BETA] = "beta",     [PLAN_MEAN] = "mean", [PLAN_VAR] = "var",
                                                        [PLAN_COEFFICIENTS] = "coefficients"};
    struct plan_param *p = &params[l->p->n_params];
    *p = (struct plan_param){.name = arena_printf(l->a, "%s.%s", l->layers[layer].name, names[kind]),
                             .kind = kind,
                             .layer = layer,
                             .rank = rank,
                             .size = 1};
    for (uint32_t i = 0; i < rank; i++) {
        p->dim[i] = dim[i];
        p->size *= dim[i];
    }
    l->layers[layer].param[kind] = l->p->n_params;
    return l->p->n_params++;
}

static struct plan_window pool_window(const struct ir_pool *p)
{
    return (struct plan_window){.kh = (uint32_t)p->kernel,
                                .kw = (uint32_t)p->kernel,
                                .stride = (uint32_t)p->stride,
                                .pad_y = (uint32_t)p->pad,
                                .pad_x = (uint32_t)p->pad,
                                .dilation = 1,
                                .groups = 1};
}

/* The operator's attributes and parameters. in: shape of the first operand. */
static void fill(struct lower *l, struct plan_layer *y, uint32_t layer, const struct ir_node *n, struct plan_dims in,
                 struct plan_param *params)
{
    const uint32_t c = y->y.dims.c;
    switch (n->op) {
    case IR_CONV:
        y->op = PLAN_CONV;
        y->window = (struct plan_window){.kh = (uint32_t)n->conv.kh,
                                         .kw = (uint32_t)n->conv.kw,
                                         .stride = (uint32_t)n->conv.stride,
                                         .pad_y = (uint32_t)n->conv.pad_y,
                                         .pad_x = (uint32_t)n->conv.pad_x,
                                         .dilation = (uint32_t)n->conv.dilation,
                                         .groups = (uint32_t)n->conv.groups};
        add_param(l, params, layer, PLAN_WEIGHT, 4, (const uint32_t[4]){c, in.c / y->window.groups, y->window.kh, y->window.kw});
        if (n->conv.bias)
            add_param(l, params, layer, PLAN_BIAS, 1, (const uint32_t[4]){c});
        y->macs = (uint64_t)c * y->y.dims.h * y->y.dims.w * (in.c / y->window.groups) * y->window.kh * y->window.kw;
        break;
    case IR_LINEAR:
        y->op = PLAN_LINEAR;
        add_param(l, params, layer, PLAN_WEIGHT, 2, (const uint32_t[4]){c, in.c});
        if (n->linear.bias)
            add_param(l, params, layer, PLAN_BIAS, 1, (const uint32_t[4]){c});
        y->macs = (uint64_t)c * in.c;
        break;
    case IR_BATCH_NORM:
        y->op = PLAN_BATCH_NORM;
        y->epsilon = n->batch_norm.epsilon;
        y->decay = n->batch_norm.decay;
        for (enum plan_param_kind kind = PLAN_GAMMA; kind <= PLAN_VAR; kind++)
            if (kind != PLAN_COEFFICIENTS)
                add_param(l, params, layer, kind, 1, (const uint32_t[4]){c});
        y->state = l->p->state_floats;
        l->p->state_floats += 2 * (uint64_t)c;
        break;
    case IR_RELU:
        y->op = PLAN_RELU;
        break;
    case IR_AVG_POOL:
        y->op = PLAN_AVG_POOL;
        y->window = pool_window(&n->avg_pool);
        break;
    case IR_GLOBAL_AVG_POOL:
        y->op = PLAN_GLOBAL_AVG_POOL;
        break;
    case IR_SQUARE:
        y->op = PLAN_SQUARE;
        break;
    case IR_POLY2:
        y->op = PLAN_POLY2;
        add_param(l, params, layer, PLAN_COEFFICIENTS, 2, (const uint32_t[4]){3, c});
        break;
    case IR_UPSAMPLE:
        y->op = PLAN_UPSAMPLE;
        y->window.stride = (uint32_t)n->upsample.factor;
        break;
    case IR_MAX_POOL:
        y->op = PLAN_MAX_POOL;
        y->window = pool_window(&n->max_pool);
        break;
    case IR_GLOBAL_MAX_POOL:
        y->op = PLAN_MAX_POOL;
        y->window = (struct plan_window){.kh = in.h, .kw = in.w, .stride = 1, .dilation = 1, .groups = 1};
        break;
    case IR_SLICE:
        y->op = PLAN_SLICE;
        y->slice = (struct plan_slice){(uint32_t)n->slice.channel, (int32_t)n->slice.row, (int32_t)n->slice.column};
        break;
    case IR_PAD:
        y->op = PLAN_PAD;
        y->slice = (struct plan_slice){0, (int32_t)-n->pad.top, (int32_t)-n->pad.left};
        break;
    case IR_SUBSAMPLE:
        y->op = PLAN_SUBSAMPLE;
        y->window = (struct plan_window){.kh = 1,
                                         .kw = 1,
                                         .stride = (uint32_t)n->subsample.stride,
                                         .dilation = 1,
                                         .groups = 1,
                                         .offset_y = (uint32_t)n->subsample.offset_y,
                                         .offset_x = (uint32_t)n->subsample.offset_x};
        break;
    case IR_ADD:
        y->op = PLAN_ADD;
        break;
    case IR_CONCAT:
        y->op = PLAN_CONCAT;
        break;
    case IR_DROPOUT:
        y->op = PLAN_DROPOUT;
        y->rate = n->dropout.rate;
        y->seed = layer;
        break;
    default:
        bug("an operator that has no layer");
    }
}

/* Trained parameters first, statistics after them; the order of the layers within each. */
static bool order_params(struct lower *l, struct plan_param *params)
{
    struct plan *p = l->p;
    struct plan_param *sorted = ARENA_ARRAY(l->a, struct plan_param, p->n_params);
    uint32_t n = 0;
    for (int statistics = 0; statistics < 2; statistics++) {
        for (uint32_t i = 0; i < p->n_params; i++) {
            if ((params[i].kind == PLAN_MEAN || params[i].kind == PLAN_VAR) != (statistics == 1))
                continue;
            sorted[n] = params[i];
            sorted[n].offset = p->params_floats;
            l->layers[params[i].layer].param[params[i].kind] = n++;
            p->params_floats += params[i].size;
            if (p->params_floats > LOWER_MAX_FLOATS)
                return lower_refuse(l, l->layers[params[i].layer].site,
                                    "the network has more parameters than the 2^31 - 1 a generated program can have");
        }
        if (statistics == 0)
            p->params_trained = p->params_floats;
    }
    p->params = sorted;
    return true;
}

bool lower_layers(struct lower *l)
{
    const struct ir_graph *g = l->g;
    find_views(l);
    l->layers = ARENA_ARRAY(l->a, struct plan_layer, g->n_nodes);
    struct plan_param *params = ARENA_ARRAY(l->a, struct plan_param, (size_t)4 * g->n_nodes); /* no operator has more than four */
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const struct ir_node *n = node_at(l, id);
        if (!check_node(l, n))
            return false;
        if ((n->op == IR_SOFTMAX || n->op == IR_ARGMAX) && id != l->result)
            return lower_refuse(l, n->site, arena_printf(l->a, "`%s` can only be the last step of a network, right before its output", ir_op_name(n->op)));
        if (n->op == IR_INPUT)
            continue;
        for (uint32_t i = 0; i < n->n_in; i++)
            l->v[id].wants_grad |= l->v[n->in[i]].wants_grad;
        if (is_view(n))
            continue;
        if (l->p->n_layers == LOWER_MAX_LAYERS)
            return lower_refuse(l, n->site, arena_printf(l->a, "this is more than the %d layers a generated program can have", LOWER_MAX_LAYERS));
        const uint32_t layer = l->p->n_layers++;
        struct plan_layer *y = &l->layers[layer];
        l->v[id].layer = layer;
        *y = (struct plan_layer){.name = n->name, .site = n->site, .n_x = n->n_in, .y.dims = lower_dims(n->shape)};
        for (int k = 0; k < PLAN_PARAM_KINDS; k++)
            y->param[k] = PLAN_NONE;
        fill(l, y, layer, n, lower_dims(node_at(l, n->in[0])->shape), params);
        const struct ir_cost cost = ir_cost_node(g, id);
        l->p->macs += y->macs;
        l->p->relus += (uint64_t)cost.relus;
        l->p->relu_equivalents += (uint64_t)cost.relu_equivalents;
        if (y->param[PLAN_WEIGHT] != PLAN_NONE || y->param[PLAN_GAMMA] != PLAN_NONE ||
            y->param[PLAN_COEFFICIENTS] != PLAN_NONE)
            l->v[id].wants_grad = true;
    }
    l->p->layers = l->layers;
    return order_params(l, params);
}
