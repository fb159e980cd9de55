/* What the steps of lowering share while one plan is made. Private to this room. */
#ifndef COMPILER_LOWER_LOWER_H
#define COMPILER_LOWER_LOWER_H

#include "compiler/base/vec.h"
#include "compiler/ir/ir.h"
#include "compiler/lower/plan.h"

/* The most floats of one slab per sample, or of the parameters: offsets are written as int constants. */
#define LOWER_MAX_FLOATS ((uint64_t)INT32_MAX)
/* The most layers: what plans memory and checks plans compares them in pairs. */
enum { LOWER_MAX_LAYERS = 20000 };

struct lower_value {    /* one node of the IR */
    uint32_t layer;     /* PLAN_NONE: the input, or only another view of its operand */
    ir_id train, infer; /* the node whose buffer holds this value in training, at inference */
    ir_id fold;         /* with points only: the node whose affine value this is, dropout and the like looked through */
    bool wants_grad;
    uint32_t train_buffer, infer_buffer, grad_buffer; /* set for roots only */
    uint32_t pool_point; /* max_pool: the first of the points that compare */
    uint32_t point; /* that this value is: the input, a relu, or a rescaled value; else PLAN_NONE */
};

struct lower {
    struct arena *a;
    const struct ir_graph *g;
    struct plan *p;
    struct plan_refusal *why;
    struct lower_value *v; /* n_nodes */
    struct plan_layer *layers;
    struct plan_point *points;
    ir_id input, output; /* output: the logits */
    ir_id result;        /* softmax or argmax of them; IR_NONE: the logits themselves */
};

bool lower_refuse(struct lower *l, struct site site, const char *text); /* always false */
struct plan_dims lower_dims(struct ir_shape s);

bool lower_layers(struct lower *l);   /* layers.c: layers but their operands, parameters, views; counts */
bool lower_buffers(struct lower *l);  /* buffers.c: operands, lifetimes, slabs, order of gradients */
bool lower_segments(struct lower *l); /* segment.c: points, terms */
void lower_folds(struct lower *l);    /* fold.c: the calls that compose the terms, and their slots */

#endif
