/* Gradients by central differences in double precision, and random numbers for tests. */
#ifndef TESTS_SUPPORT_GRAD_H
#define TESTS_SUPPORT_GRAD_H

#include <stddef.h>
#include <stdint.h>

struct test_rng {
    uint64_t state;
};
/* The seed is CNAS_SEED from the environment if set, else `seed`; printed to stderr when a test fails by who uses it. */
struct test_rng test_rng_make(uint64_t seed);
uint64_t test_rng_u64(struct test_rng *r);
double test_rng_normal(struct test_rng *r); /* about normal: a sum of uniform numbers, variance 1 */
/* The same numbers as float and, exactly, as double. Either may be NULL. */
void test_rng_fill(struct test_rng *r, float *f, double *d, size_t n);

/* A function under test: y (outputs) from inputs[0..]; shape is its own. */
struct grad_function {
    void (*call)(double *y, double *const *inputs, const void *shape);
    const void *shape;
    size_t outputs;
};
/* d (sum_i g_i y_i) / d inputs[which], which has n elements. */
void grad_by_difference(double *out, const struct grad_function *f, const double *g, double *const *inputs, size_t which, size_t n,
                        double step);

/* Largest |a - b| relative to the largest |b| (at least 1e-6). NaN gives infinity. */
double test_distance(const float *a, const double *b, size_t n);

#endif
