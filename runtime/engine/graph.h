/* The network as the engine runs it: values, and units that make them. A unit is one or more layers of the model that pass over
 * memory together, or a change of format between two of them.
 *
 * Each value has one format, decided when the graph is made: maps lie in blocks of channels (format.h), in the engine's type;
 * features, the network's input and whatever runs on the kernels of <cnas/kernel.h> are plain NCHW floats. Where a layer needs the other
 * format, a unit of its own makes it, once for all who need it. */
#ifndef RUNTIME_ENGINE_GRAPH_H
#define RUNTIME_ENGINE_GRAPH_H

#include <cnas/model.h>

#include "runtime/engine/format.h"

enum { CN_ENGINE_NONE = -1 };

struct cn_engine_value {
    struct cn_engine_map map;
    int blocked;
    int32_t unit; /* that makes it; NONE: the input */
    int wants;         /* a gradient: parameters flow into it */
    int contributions; /* how many units hand on a part of it */
    int is_virtual;    /* not in memory: the convolution that reads it makes it from the operand of the sum that is its unit */
    int32_t behind;    /* not NONE: nor is its gradient, which its unit makes from that of this sum */
    int state;         /* of whoever passes over the graph */
};

enum cn_engine_kind {
    CN_ENGINE_CONV,
    CN_ENGINE_SUM,     /* y = relu(norm(x[0]) + norm(x[1])), any part of it: see cn_engine_apply */
    CN_ENGINE_POOL,    /* average and max */
    CN_ENGINE_GLOBAL_POOL, /* blocked map -> plain features */
    CN_ENGINE_CONCAT,
    CN_ENGINE_CHANNELS, /* some of x's channels */
    CN_ENGINE_SUBSAMPLE,
    CN_ENGINE_PACK,     /* plain -> blocked */
    CN_ENGINE_UNPACK,   /* blocked -> plain */
    CN_ENGINE_KERNEL,   /* any layer, plain -> plain, as generated code calls it */
    CN_ENGINE_KINDS
};

/* How a unit hands the gradient of an operand on. A value's gradient is the sum of one or two buffers. */
enum cn_engine_pass {
    CN_ENGINE_PASS_NOT,   /* not wanted */
    CN_ENGINE_PASS_WRITE, /* the first: overwrites */
    CN_ENGINE_PASS_ADD,   /* a later one that can add */
    CN_ENGINE_PASS_MORE,  /* a later one that cannot: overwrites the second buffer, which whoever made the value adds */
    CN_ENGINE_PASS_TEMP   /* a later one that cannot, and the second buffer is taken or not understood: written aside, then added */
};

struct cn_engine_use {
    int32_t value;
    enum cn_engine_pass pass;
};

struct cn_engine_unit {
    enum cn_engine_kind kind;
    const struct cnas_layer *layer;   /* whose result this is; PACK, UNPACK: NULL */
    const struct cnas_layer *norm[2]; /* SUM: the batch norm over x[i], or NULL */
    int relu;                         /* SUM */
    uint32_t n_x;
    struct cn_engine_use *x;
    int32_t y;
    int wants;    /* has a backward step */
    int wino;     /* CONV: runs on wino.h */
    int sums;     /* CONV with wino: a batch norm wants the sums of the result */
};

struct cn_engine_graph {
    const struct cnas_model *m;
    struct cn_engine_value *values; /* 0 is the input */
    struct cn_engine_unit *units;   /* in order of execution */
    uint32_t n_values, n_units;
    int32_t logits; /* plain */
    /* private to graph.c */
    struct cn_engine_use *uses;
    uint32_t n_uses;
};

/* graph.c. CNAS_E_MEMORY: there is nothing to free. */
CNAS_CHECKED enum cnas_status cn_engine_graph_new(struct cn_engine_graph *g, const struct cnas_model *m);
void cn_engine_graph_clear(struct cn_engine_graph *g);

/* passes.c. Sets `wants` everywhere; then, when `wino` is known, each use's pass. */
void cn_engine_graph_wants(struct cn_engine_graph *g);
void cn_engine_graph_passes(struct cn_engine_graph *g);

/* virtual.c. When `wino` is known: which values, and when passes are, which gradients are not in memory. */
void cn_engine_graph_virtual_values(struct cn_engine_graph *g);
void cn_engine_graph_virtual_gradients(struct cn_engine_graph *g);
/* Whose gradient buffer holds what passes a sum's ReLU, once the sum has run backward. */
int32_t cn_engine_sum_gradient(const struct cn_engine_unit *u);
/* What lies in memory where v is read. */
static inline int32_t cn_engine_source(const struct cn_engine_graph *g, int32_t v)
{
    return g->values[v].is_virtual ? g->units[g->values[v].unit].x[0].value : v;
}

static inline const struct cnas_operand *cn_engine_operand(const struct cn_engine_graph *g, const struct cnas_layer *l, uint32_t i)
{
    return &g->m->operands[l->first_x + i];
}

#endif
