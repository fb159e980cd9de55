/* Central differences, random test numbers, distances. */
#include "tests/support/grad.h"

#include <math.h>
#include <stdlib.h>

struct test_rng test_rng_make(uint64_t seed)
{
    const char *s = getenv("CNAS_SEED");
    return (struct test_rng){s ? strtoull(s, NULL, 0) : seed};
}

uint64_t test_rng_u64(struct test_rng *r) /* xorshift64* (Vigna 2016) on an odd state */
{
    uint64_t x = r->state | 1;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    r->state = x;
    return x * UINT64_C(2685821657736338717);
}

double test_rng_normal(struct test_rng *r)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += (double)(test_rng_u64(r) >> 11) * 0x1p-53;
    return sum;
}

void test_rng_fill(struct test_rng *r, float *f, double *d, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float v = (float)test_rng_normal(r);
        if (f)
            f[i] = v;
        if (d)
            d[i] = v;
    }
}

void grad_by_difference(double *out, const struct grad_function *f, const double *g, double *const *inputs, size_t which, size_t n,
                        double step)
{
    double *y = malloc(f->outputs * sizeof *y);
    if (!y)
        abort();
    for (size_t i = 0; i < n; i++) {
        double saved = inputs[which][i], sum = 0;
        for (int side = 1; side >= -1; side -= 2) {
            inputs[which][i] = saved + side * step;
            f->call(y, inputs, f->shape);
            for (size_t o = 0; o < f->outputs; o++)
                sum += side * g[o] * y[o];
        }
        inputs[which][i] = saved;
        out[i] = sum / (2 * step);
    }
    free(y);
}

double test_distance(const float *a, const double *b, size_t n)
{
    double most = 0, scale = 1e-6;
    for (size_t i = 0; i < n; i++) {
        double d = fabs(a[i] - b[i]);
        if (isnan(d))
            return INFINITY;
        most = d > most ? d : most;
        scale = fabs(b[i]) > scale ? fabs(b[i]) : scale;
    }
    return most / scale;
}
