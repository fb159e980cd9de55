/* Batch norm, addition of two and ReLU in one pass each way; see cn_engine_apply and cn_engine_back in block.h. */
#include <string.h>

#include "runtime/base/mem.h"
#include "runtime/engine/run.h"

enum { VECTORS = 7 };

size_t cn_engine_sum_vectors(const struct cn_engine_unit *u)
{
    return ((u->norm[0] != NULL) + (u->norm[1] != NULL)) * VECTORS * cn_engine_channels(u->layer->c);
}

enum cnas_status cn_engine_sum_new(const struct cn_engine_step *t)
{
    const size_t channels = cn_engine_channels(t->u->layer->c);
    t->s->sums = cn_mem_zalloc(3 * channels, sizeof *t->s->sums);
    float *at = t->s->vectors = cn_mem_zalloc(cn_engine_sum_vectors(t->u), sizeof *at);
    if (!at || !t->s->sums)
        return CNAS_E_MEMORY;
    for (uint32_t j = 0; j < t->u->n_x; j++) {
        const struct cnas_layer *l = t->u->norm[j];
        if (!l)
            continue;
        t->s->bn[j] = (struct cn_engine_bn){.epsilon = l->epsilon, .decay = l->decay};
        struct cn_engine_bn *bn = &t->s->bn[j];
        float **const vectors[VECTORS] = {&bn->mean, &bn->invstd, &bn->scale, &bn->shift, &bn->of_g, &bn->of_z, &bn->of_1};
        for (int k = 0; k < VECTORS; k++, at += channels)
            *vectors[k] = at;
    }
    return CNAS_OK;
}

void cn_engine_sum_weights(const struct cn_engine_step *t)
{
    for (uint32_t j = 0; j < t->u->n_x; j++) {
        const struct cnas_layer *l = t->u->norm[j];
        struct cn_engine_bn *bn = &t->s->bn[j];
        if (!l)
            continue;
        bn->gamma = cn_engine_param(t->e->params, l->gamma);
        bn->beta = cn_engine_param(t->e->params, l->beta);
        bn->running_mean = cn_engine_param(t->e->params, l->mean);
        bn->running_var = cn_engine_param(t->e->params, l->var);
    }
}

static struct cn_engine_branch branch(const struct cn_engine_step *t, uint32_t j, const void *z)
{
    const struct cn_engine_bn *bn = &t->s->bn[j];
    return (struct cn_engine_branch){z, t->u->norm[j] ? bn->scale : NULL, t->u->norm[j] ? bn->shift : NULL};
}

/* Statistics of operand j, by the convolution that made it or in a pass of their own. */
static void statistics(const struct cn_engine_step *t, uint32_t j)
{
    const struct cn_engine *e = t->e;
    const int32_t v = t->u->x[j].value, maker = e->g.values[v].unit;
    const struct cn_engine_map map = e->g.values[v].map;
    if (maker != CN_ENGINE_NONE && e->g.units[maker].wino)
        cn_engine_bn_finish(e->ctx, &t->s->bn[j], map, cn_engine_wino_sums(e->states[maker].wino), 1, e->n);
    else
        cn_engine_bn_statistics(e->ctx, &t->s->bn[j], e->o.type, map, cn_engine_x(t, j), e->n);
}

void cn_engine_sum_forward(const struct cn_engine_step *t)
{
    const struct cn_engine *e = t->e;
    struct cn_engine_apply a = {.type = e->o.type, .map = *cn_engine_map_of(t, t->u->y), .y = cn_engine_y(t), .relu = t->u->relu,
                                .signs = e->training ? e->at->signs[t->i] : NULL};
    for (uint32_t j = 0; j < t->u->n_x; j++) {
        if (t->u->norm[j] && e->training)
            statistics(t, j);
        else if (t->u->norm[j])
            cn_engine_bn_inference(&t->s->bn[j], a.map.c);
        a.in[j] = branch(t, j, cn_engine_x(t, j));
    }
    if (!e->g.values[t->u->y].is_virtual)
        cn_engine_apply(e->ctx, &a, e->n);
}

void cn_engine_sum_again(const struct cn_engine_step *t)
{
    struct cn_engine_apply a = {.type = t->e->o.type, .map = *cn_engine_map_of(t, t->u->y), .y = t->e->at->again[t->u->y],
                                .relu = t->u->relu};
    for (uint32_t j = 0; j < t->u->n_x; j++)
        a.in[j] = branch(t, j, cn_engine_x_again(t, j));
    cn_engine_apply(t->e->ctx, &a, t->e->n);
}

static struct cn_engine_back_out out(const struct cn_engine_step *t, uint32_t j)
{
    const struct cn_engine_bn *bn = &t->s->bn[j];
    const int is_behind = t->e->g.values[t->u->x[j].value].behind == (int32_t)t->i;
    struct cn_engine_back_out o = {.dz = is_behind ? NULL : cn_engine_dx(t, j), .add = cn_engine_adds(t, j)};
    if (t->u->norm[j]) {
        o.of_g = bn->of_g;
        o.of_z = bn->of_z;
        o.of_1 = bn->of_1;
    }
    return o;
}

/* g goes to memory: it is the gradient of the other branch, or there is more to it than a mask that can be made again. */
static void *kept(const struct cn_engine_step *t, const struct cn_engine_back *b)
{
    const int again = b->mask == CN_ENGINE_MASK_NONE || (b->mask == CN_ENGINE_MASK_AGAIN && t->u->n_x == 1);
    const int32_t v = cn_engine_sum_gradient(t->u);
    if (v == t->u->y && again && !b->dy_more)
        return NULL;
    return t->e->at->grad[v];
}

/* First pass, where there is a batch norm. Leaves b as the second pass wants it. */
static void sums(const struct cn_engine_step *t, struct cn_engine_back *b)
{
    const struct cn_engine_bn *bn[2] = {NULL, NULL};
    for (uint32_t j = 0; j < t->u->n_x; j++)
        if (t->u->norm[j]) {
            bn[j] = &t->s->bn[j];
            t->s->bn[j].dgamma = cn_engine_param(t->e->grads, t->u->norm[j]->gamma);
            t->s->bn[j].dbeta = cn_engine_param(t->e->grads, t->u->norm[j]->beta);
        }
    if (t->e->g.values[t->u->y].is_virtual) {
        cn_engine_back_finish(t->e->ctx, bn, b->map, t->s->sums, 1, t->e->n);
        return;
    }
    b->g = kept(t, b);
    cn_engine_back_sums(t->e->ctx, b, bn, t->e->n);
    if (b->g) {
        b->dy = b->g;
        b->dy_more = NULL;
        b->mask = CN_ENGINE_MASK_NONE;
        b->mask_from = NULL;
        b->g = NULL;
    }
    if (cn_engine_sum_gradient(t->u) != t->u->y)
        b->out[1] = (struct cn_engine_back_out){0};
}

void cn_engine_sum_backward(const struct cn_engine_step *t)
{
    const struct cn_engine *e = t->e;
    struct cn_engine_back b = {.type = e->o.type, .map = *cn_engine_map_of(t, t->u->y), .dy = cn_engine_dy(t), .dy_more = e->at->more[t->u->y],
                               .mask_from = e->at->signs[t->i]};
    b.mask = !t->u->relu ? CN_ENGINE_MASK_NONE : b.mask_from ? CN_ENGINE_MASK_SIGNS : CN_ENGINE_MASK_AGAIN;
    for (uint32_t j = 0; j < t->u->n_x; j++) {
        b.in[j] = branch(t, j, cn_engine_x_again(t, j));
        b.out[j] = out(t, j);
    }
    if (t->u->norm[0])
        sums(t, &b);
    if (b.out[0].dz || b.out[1].dz)
        cn_engine_back_apply(e->ctx, &b, e->n);
}
