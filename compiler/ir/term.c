/* Geometry of terms, one axis at a time.
 * z[i] = sum_a B[a] v[i*s + a*d - p]  over  v[j] = sum_y A[y] src[j*s1 + y - p1]  gives
 * z[i] = sum_a,y B[a] A[y] src[i*s*s1 + (a*d*s1 + y) - (p*s1 + p1)]. */
#include "compiler/ir/term.h"

struct term_axis term_compose(struct term_axis inner, int64_t k, int64_t stride, int64_t pad, int64_t dilation)
{
    return (struct term_axis){
        .k = inner.k + dilation * (k - 1) * inner.stride,
        .stride = stride * inner.stride,
        .pad = inner.pad + pad * inner.stride,
    };
}

/* Whether kernel row y lies inside the source for some position. */
static bool reads(struct term_axis t, int64_t y, int64_t source, int64_t rows)
{
    const int64_t start = y - t.pad;                                       /* where position 0 reads */
    const int64_t i = start >= 0 ? 0 : (-start + t.stride - 1) / t.stride; /* the first position that is not before the source */
    return i < rows && start + i * t.stride < source;
}

static int64_t between(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

struct term_axis term_crop(struct term_axis t, int64_t source, int64_t rows)
{
    /* all at once what lies before the source even for the last position, and after it even for the first */
    const int64_t above = between(t.pad - (rows - 1) * t.stride, 0, t.k - 1);
    t.k -= above;
    t.pad -= above;
    t.k -= between(t.k - t.pad - source, 0, t.k - 1);
    /* what falls on both sides and never inside: strides longer than the source */
    while (t.k > 1 && !reads(t, 0, source, rows)) {
        t.k--;
        t.pad--;
    }
    while (t.k > 1 && !reads(t, t.k - 1, source, rows))
        t.k--;
    return t;
}

bool term_zero_outside(struct term_axis t, int64_t source, int64_t rows)
{
    return t.k - 1 - t.stride - t.pad < 0 && rows * t.stride - t.pad >= source;
}

struct term_axis term_union(struct term_axis s, struct term_axis t)
{
    const int64_t pad = s.pad > t.pad ? s.pad : t.pad;
    const int64_t below = s.k - s.pad > t.k - t.pad ? s.k - s.pad : t.k - t.pad;
    return (struct term_axis){.k = below + pad, .stride = s.stride, .pad = pad};
}
