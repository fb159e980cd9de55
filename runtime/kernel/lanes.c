/* Sums over a row of floats. */
#include "runtime/kernel/lanes.h"

#include <string.h>

enum { WIDTH = 4, BLOCK = 1024 };
typedef float lanes __attribute__((vector_size(4 * WIDTH))); /* C has no other way to name a vector type */

static lanes load(const float *p)
{
    lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

static double across(lanes a, lanes b, lanes c, lanes d)
{
    lanes s = (a + b) + (c + d);
    return (double)((s[0] + s[1]) + (s[2] + s[3]));
}

double cn_kernel_sum(const float *x, size_t n)
{
    double total = 0;
    while (n) {
        size_t block = n < BLOCK ? n : BLOCK, i = 0;
        lanes a = {0}, b = {0}, c = {0}, d = {0};
        for (; i + 16 <= block; i += 16) {
            a += load(x + i);
            b += load(x + i + 4);
            c += load(x + i + 8);
            d += load(x + i + 12);
        }
        for (; i < block; i++)
            a[0] += x[i];
        total += across(a, b, c, d);
        x += block;
        n -= block;
    }
    return total;
}

double cn_kernel_sum_squares(const float *x, size_t n, float centre)
{
    double total = 0;
    lanes m = {centre, centre, centre, centre};
    while (n) {
        size_t block = n < BLOCK ? n : BLOCK, i = 0;
        lanes a = {0}, b = {0}, c = {0}, d = {0};
        for (; i + 16 <= block; i += 16) {
            lanes e = load(x + i) - m, f = load(x + i + 4) - m, g = load(x + i + 8) - m, h = load(x + i + 12) - m;
            a += e * e;
            b += f * f;
            c += g * g;
            d += h * h;
        }
        for (; i < block; i++)
            a[0] += (x[i] - centre) * (x[i] - centre);
        total += across(a, b, c, d);
        x += block;
        n -= block;
    }
    return total;
}

double cn_kernel_sum_products(const float *y, const float *x, size_t n, float centre)
{
    double total = 0;
    lanes m = {centre, centre, centre, centre};
    while (n) {
        size_t block = n < BLOCK ? n : BLOCK, i = 0;
        lanes a = {0}, b = {0}, c = {0}, d = {0};
        for (; i + 16 <= block; i += 16) {
            a += load(y + i) * (load(x + i) - m);
            b += load(y + i + 4) * (load(x + i + 4) - m);
            c += load(y + i + 8) * (load(x + i + 8) - m);
            d += load(y + i + 12) * (load(x + i + 12) - m);
        }
        for (; i < block; i++)
            a[0] += y[i] * (x[i] - centre);
        total += across(a, b, c, d);
        x += block;
        y += block;
        n -= block;
    }
    return total;
}
