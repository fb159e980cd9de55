/* What the tests of single kernels share: a context, and tensors in both precisions whose gradients are compared. */
#ifndef TESTS_SUPPORT_LAYER_H
#define TESTS_SUPPORT_LAYER_H

#include "tests/support/grad.h"
#include "tests/support/kernel_ref.h"

/* A fixture for each test: a context with three threads, which must be well at the end, and the test's random numbers. */
extern struct cnas_ctx *ctx;
extern struct test_rng rng;
void layer_setup(void);
void layer_teardown(void);

enum { TENSOR_MOST = 512 }; /* elements of any tensor that is differentiated */

/* A tensor in both precisions and its gradient. */
struct tensor {
    float f[TENSOR_MOST], df[TENSOR_MOST];
    double d[TENSOR_MOST], dd[TENSOR_MOST];
    size_t n;
};
void fill(struct tensor *t, size_t n); /* f, d and df with random numbers */

/* df must be d(sum g y)/d in[which]; twice as much after a second backward call that adds. */
void check_gradient(struct tensor *t, const struct grad_function *f, const double *g, double *const *in, size_t which, double tolerance);
void check_twice(struct tensor *t);

#endif
