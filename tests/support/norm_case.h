/* Batch norm layers on blocked values for tests: values of every shape, in both types, with every vector unit. */
#ifndef TESTS_SUPPORT_NORM_CASE_H
#define TESTS_SUPPORT_NORM_CASE_H

#include "tests/support/blocked.h"

/* What a case is about; case i of NORM_CASES is a shape, a vector unit and a type. */
struct norm_case {
    enum cn_engine_type type;
    size_t n, c, hw, elements;
    struct cn_engine_map map;
    struct cnas_ctx *ctx; /* one thread */
    struct test_rng rng;
};
enum { NORM_SHAPES = 9, NORM_CASES = NORM_SHAPES * VARIANTS * 2 };
int norm_case_begin(struct norm_case *f, int i); /* 0: this case has no vector unit here */

/* A layer with random parameters, and room for what it computes between guards. */
struct norm_layer {
    double *gamma, *beta, *scale, *shift; /* (C) */
    struct guarded gamma_f, beta_f, running_mean, running_var, dgamma, dbeta, vectors[7];
    struct cn_engine_bn bn;
};
struct norm_layer norm_layer_new(struct norm_case *f);
void norm_layer_free(struct norm_layer *l);
/* Statistics of z for the kernels and, as the kernels rounded them, in scale and shift for the reference. */
void norm_layer_statistics(struct norm_case *f, struct norm_layer *l, const void *z);

#endif
