/* The engine at work: what the units' functions share. Private to this room. */
#ifndef RUNTIME_ENGINE_RUN_H
#define RUNTIME_ENGINE_RUN_H

#include "runtime/engine/block.h"
#include "runtime/engine/conv.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/graph.h"
#include "runtime/engine/memory.h"

struct cn_engine_state { /* what a unit holds besides memory of the plan */
    struct cn_engine_conv *conv; /* CONV: one of the two */
    struct cn_engine_wino_unit *wino;
    struct cn_engine_bn bn[2];   /* SUM */
    double *sums;                /* SUM: of a gradient g, g z[0] and g z[1], padded; by the convolution that reads a virtual result */
    float *vectors;              /* SUM: of bn; KERNEL: batch norm's mean and inverse deviation */
    double forward_s, backward_s;
    double gradient_s, pack_s[2]; /* CONV: parts of them: the gradient of the weights; weights packed forward, backward */
};

struct cn_engine {
    struct cnas_ctx *ctx;
    const struct cnas_model *m;
    struct cn_engine_options o;
    struct cn_engine_graph g;
    struct cn_engine_state *states;      /* per unit */
    struct cn_engine_places train, infer;
    const struct cn_engine_places *at;   /* of this batch */
    double weights_s; /* in cn_engine_weights */

    /* this batch */
    float *params, *grads;
    const float *images;
    size_t n;
    uint64_t seed;
    int training;
};

/* One unit of one batch. */
struct cn_engine_step {
    struct cn_engine *e;
    const struct cn_engine_unit *u;
    struct cn_engine_state *s;
    uint32_t i;
};

/* What the unit reads for operand j: forward, and in backward. */
static inline const void *cn_engine_x(const struct cn_engine_step *t, uint32_t j)
{
    const int32_t v = cn_engine_source(&t->e->g, t->u->x[j].value);
    return v ? t->e->at->act[v] : t->e->images;
}
static inline const void *cn_engine_x_again(const struct cn_engine_step *t, uint32_t j)
{
    const int32_t v = cn_engine_source(&t->e->g, t->u->x[j].value);
    return v && t->e->at->again[v] ? t->e->at->again[v] : cn_engine_x(t, j);
}
static inline void *cn_engine_y(const struct cn_engine_step *t)
{
    return t->e->at->act[t->u->y];
}
/* Where the gradient of operand j is to be written or added; NULL: not wanted. */
static inline void *cn_engine_dx(const struct cn_engine_step *t, uint32_t j)
{
    const struct cn_engine_places *at = t->e->at;
    switch (t->u->x[j].pass) {
    case CN_ENGINE_PASS_NOT:
        return NULL;
    case CN_ENGINE_PASS_MORE:
        return at->more[t->u->x[j].value];
    case CN_ENGINE_PASS_TEMP:
        return at->temp[t->i];
    default:
        return at->grad[t->u->x[j].value];
    }
}
static inline int cn_engine_adds(const struct cn_engine_step *t, uint32_t j)
{
    return t->u->x[j].pass == CN_ENGINE_PASS_ADD;
}
static inline void *cn_engine_dy(const struct cn_engine_step *t)
{
    return t->e->at->grad[t->u->y];
}
static inline const struct cn_engine_map *cn_engine_map_of(const struct cn_engine_step *t, int32_t v)
{
    return &t->e->g.values[v].map;
}

static inline float *cn_engine_param(float *block, const struct cnas_param *p)
{
    return p ? block + p->offset : NULL;
}

/* unit_conv.c */
CNAS_CHECKED enum cnas_status cn_engine_unit_conv_new(const struct cn_engine_step *t, struct cnas_error *err);
int cn_engine_unit_conv_prefers_wino(const struct cn_engine_step *t); /* before _new, and after it */
size_t cn_engine_unit_conv_scratch(const struct cn_engine_step *t);
void cn_engine_unit_conv_weights(const struct cn_engine_step *t);
void cn_engine_unit_conv_forward(const struct cn_engine_step *t);
void cn_engine_unit_conv_backward(const struct cn_engine_step *t);

/* unit_wino.c */
struct cn_engine_wino_unit;
CNAS_CHECKED enum cnas_status cn_engine_wino_new(const struct cn_engine_step *t); /* on failure there may be something to free */
void cn_engine_wino_free(struct cn_engine_wino_unit **w);
size_t cn_engine_wino_memory(const struct cn_engine_wino_unit *w);
double *cn_engine_wino_sums(struct cn_engine_wino_unit *w); /* of the last result, and of its squares: as cn_engine_bn_finish */
void cn_engine_wino_unit_weights(const struct cn_engine_step *t);
void cn_engine_wino_forward(const struct cn_engine_step *t);
void cn_engine_wino_backward(const struct cn_engine_step *t);

/* unit_sum.c */
CNAS_CHECKED enum cnas_status cn_engine_sum_new(const struct cn_engine_step *t);
size_t cn_engine_sum_vectors(const struct cn_engine_unit *u); /* floats that it holds */
void cn_engine_sum_weights(const struct cn_engine_step *t);
void cn_engine_sum_forward(const struct cn_engine_step *t);
void cn_engine_sum_again(const struct cn_engine_step *t); /* the result once more, for backward */
void cn_engine_sum_backward(const struct cn_engine_step *t);

/* unit_kernel.c */
CNAS_CHECKED enum cnas_status cn_engine_kernel_new(const struct cn_engine_step *t);
void cn_engine_kernel_forward(const struct cn_engine_step *t);
void cn_engine_kernel_backward(const struct cn_engine_step *t);

/* unit.c: every kind, by these. */
CNAS_CHECKED enum cnas_status cn_engine_unit_new(const struct cn_engine_step *t, struct cnas_error *err);
void cn_engine_unit_clear(struct cn_engine_state *s);
void cn_engine_unit_weights(const struct cn_engine_step *t);
size_t cn_engine_unit_scratch(const struct cn_engine_step *t);
void cn_engine_unit_forward(const struct cn_engine_step *t);
void cn_engine_unit_backward(const struct cn_engine_step *t); /* adds what had to go aside */

#endif
