/* A plan as a model: what the constants of generated C are there, made once. Private to this room. */
#ifndef COMPILER_ORACLE_MODEL_H
#define COMPILER_ORACLE_MODEL_H

#include "compiler/oracle/oracle.h"

struct oracle_layer {
    struct cnas_conv_shape conv;   /* conv, avg_pool, max_pool */
    struct cnas_slice_shape slice; /* slice, pad */
    const size_t *channels;        /* concat: of each operand */
    float epsilon, decay, rate;
};

struct oracle_model {
    struct cnas_model model; /* first: run->model points here */
    const struct plan *plan;
    const struct oracle_layer *layers;
    const float **parts; /* scratch: the operands of one join */
    const struct plan_served *served; /* of a trained network that is served by another; NULL: it is not */
};

struct oracle_model *oracle_model_new(struct arena *a, const struct plan *p);

/* walk.c: the functions of every such model. */
void oracle_walk_infer(const struct cnas_run *r);
void oracle_walk_forward(const struct cnas_run *r);
void oracle_walk_backward(const struct cnas_run *r);

#endif
