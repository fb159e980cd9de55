/* Where values lie: lifetimes in the three slabs, and which backward step writes a gradient first.
 * A value is kept for backward only if its own layer or a consumer reads it there: the operand of conv, linear, batch_norm, max_pool, square and poly2,
 * the result of relu. Nobody reads the gradient of the network's input, so it does not exist; nor does that of any value that
 * no parameter flows into. */
#include "compiler/lower/lower.h"
#include "compiler/lower/memory.h"

#include <inttypes.h>

struct buffers {
    struct plan_buffer *at;
    uint32_t n;
};

static struct buffers buffers_new(struct lower *l)
{
    return (struct buffers){.at = ARENA_ARRAY(l->a, struct plan_buffer, l->g->n_nodes)};
}

static uint32_t add_buffer(struct buffers *b, const struct ir_node *n, uint32_t first)
{
    b->at[b->n] = (struct plan_buffer){.name = n->name, .floats = (uint64_t)ir_elements(n->shape), .first = first, .last = first};
    return b->n++;
}

static void read_at(struct plan_buffer *b, uint32_t time)
{
    if (time > b->last)
        b->last = time;
}

static bool backward_reads_operand(enum plan_op op)
{
    return op == PLAN_CONV || op == PLAN_LINEAR || op == PLAN_BATCH_NORM || op == PLAN_MAX_POOL || op == PLAN_SQUARE ||
           op == PLAN_POLY2;
}

static void plan_activations(struct lower *l, struct buffers *train, struct buffers *infer)
{
    struct lower_value *v = l->v;
    for (ir_id id = 0; id < l->g->n_nodes; id++) {
        const struct ir_node *n = &l->g->nodes[id];
        const uint32_t forward = v[id].layer == PLAN_NONE ? 0 : plan_time_forward(v[id].layer);
        if (v[id].train == id)
            v[id].train_buffer = add_buffer(train, n, forward);
        if (v[id].infer == id)
            v[id].infer_buffer = add_buffer(infer, n, forward);
        if (v[id].layer == PLAN_NONE)
            continue;
        struct plan_layer *layer = &l->layers[v[id].layer];
        const uint32_t backward = plan_time_backward(l->p->n_layers, v[id].layer);
        layer->y.train = v[id].train_buffer;
        layer->y.infer = v[v[id].infer].infer_buffer;
        struct plan_operand *x = ARENA_ARRAY(l->a, struct plan_operand, n->n_in);
        layer->x = x;
        for (uint32_t i = 0; i < n->n_in; i++) {
            x[i].dims = lower_dims(l->g->nodes[n->in[i]].shape);
            x[i].train = v[v[n->in[i]].train].train_buffer;
            x[i].infer = v[v[n->in[i]].infer].infer_buffer;
            x[i].grad = PLAN_NONE;
            read_at(&train->at[x[i].train], forward);
            if (layer->op != PLAN_DROPOUT)
                read_at(&infer->at[x[i].infer], forward);
            if (v[id].wants_grad && backward_reads_operand(layer->op))
                read_at(&train->at[x[i].train], backward);
        }
        if (v[id].wants_grad && layer->op == PLAN_RELU)
            read_at(&train->at[layer->y.train], backward);
    }
}

/* In the order in which backward runs: the first step that reaches a value's gradient writes it, later ones add. */
static void plan_gradients(struct lower *l, struct buffers *grad)
{
    struct lower_value *v = l->v;
    struct lower_value *output = &v[v[l->output].train];
    output->grad_buffer = add_buffer(grad, &l->g->nodes[v[l->output].train], plan_time_loss(l->p->n_layers));
    for (ir_id id = l->g->n_nodes; id-- > 0;) {
        if (v[id].layer == PLAN_NONE)
            continue;
        struct plan_layer *layer = &l->layers[v[id].layer];
        layer->y.grad = PLAN_NONE;
        if (!v[id].wants_grad)
            continue;
        const struct ir_node *n = &l->g->nodes[id];
        const uint32_t now = plan_time_backward(l->p->n_layers, v[id].layer);
        layer->y.grad = v[id].grad_buffer;
        if (layer->y.grad == PLAN_NONE)
            bug("a value whose gradient nobody writes");
        read_at(&grad->at[layer->y.grad], now);
        struct plan_operand *x = (struct plan_operand *)layer->x; /* made above */
        for (uint32_t i = 0; i < n->n_in; i++) {
            struct lower_value *root = &v[v[n->in[i]].train];
            if (!root->wants_grad)
                continue;
            x[i].add = root->grad_buffer != PLAN_NONE;
            if (!x[i].add)
                root->grad_buffer = add_buffer(grad, &l->g->nodes[v[n->in[i]].train], now);
            x[i].grad = root->grad_buffer;
        }
    }
}

static bool check_size(struct lower *l, const struct plan_slab *slab, const char *what)
{
    if (slab->floats > LOWER_MAX_FLOATS)
        return lower_refuse(
            l, l->g->nodes[l->input].site,
            arena_printf(l->a, "%s needs %" PRIu64 " numbers per image, more than the 2^31 - 1 a generated program can have",
                         what, slab->floats));
    return true;
}

bool lower_buffers(struct lower *l)
{
    struct plan *p = l->p;
    struct buffers train = buffers_new(l), infer = buffers_new(l), grad = buffers_new(l);
    plan_activations(l, &train, &infer);
    plan_gradients(l, &grad);
    p->input_infer = l->v[l->input].infer_buffer;
    p->input_train = l->v[l->input].train_buffer;
    p->logits_infer = l->v[l->v[l->output].infer].infer_buffer;
    p->logits_train = l->v[l->v[l->output].train].train_buffer;
    p->logits_grad = l->v[l->v[l->output].train].grad_buffer;
    read_at(&infer.at[p->logits_infer], plan_time_loss(p->n_layers));
    read_at(&train.at[p->logits_train], plan_time_loss(p->n_layers));
    memory_plan(l->a, &p->infer, infer.at, infer.n, p->input_infer);
    memory_plan(l->a, &p->train, train.at, train.n, p->input_train);
    memory_plan(l->a, &p->grad, grad.at, grad.n, PLAN_NONE);
    return check_size(l, &p->infer, "inference") && check_size(l, &p->train, "training") &&
           check_size(l, &p->grad, "the gradient");
}

uint32_t plan_value(const struct plan *p, uint32_t train_buffer)
{
    if (train_buffer == p->input_train)
        return 0;
    for (uint32_t i = 0; i < p->n_layers; i++)
        if (p->layers[i].y.train == train_buffer)
            return i + 1;
    bug("a buffer that no layer writes");
}
