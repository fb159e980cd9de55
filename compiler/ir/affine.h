/* Affine values between points: sums of convolution terms on points, as geometry only. The rules, in words, are in
 * compiler/lower/plan.h. */
#ifndef COMPILER_IR_AFFINE_H
#define COMPILER_IR_AFFINE_H

#include "compiler/base/arena.h"
#include "compiler/ir/term.h"

struct affine_dims { /* features: h = w = 1 */
    uint32_t c, h, w;
};

struct affine_term {
    uint32_t src;            /* point */
    struct affine_dims from; /* its shape */
    struct term_axis y, x; /* equal strides */
};

struct affine {
    const struct affine_term *terms; /* ascending sources, one term each */
    uint32_t n;
    bool biased;             /* may differ from zero where all sources are zero */
    struct affine_dims dims; /* of the map, also when it is seen as a vector */
    double parts;            /* the fewest weights in which it can be written with points of its own in between; see segment.h */
};

/* A window operator on one axis; pad may be negative. */
struct affine_window {
    int64_t k, stride, pad, dilation;
};

struct affine affine_point(struct arena *a, uint32_t point, struct affine_dims dims);

/* Whether zero padding of x is what x, continued beyond its map, gives. */
bool affine_pads_exactly(const struct affine *x, struct affine_window rows, struct affine_window columns);
struct affine affine_compose(struct arena *a, const struct affine *x, struct affine_window rows, struct affine_window columns,
                             struct affine_dims dims);

/* y += x on maps of equal height and width, channels apart; false: one source at two strides. dims stay y's. */
bool affine_unite(struct arena *a, struct affine *y, const struct affine *x);
/* The same with room for y->n + x->n terms, which y does not use yet. */
bool affine_unite_into(struct affine_term *room, struct affine *y, const struct affine *x);

/* Whether each kernel, stride and pad fits a term of the plan. One more operator on such a value cannot overflow. */
bool affine_is_small(const struct affine *v);

/* Weights of all terms; a double because absurd compositions overflow integers. */
double affine_weights(const struct affine *v);

#endif
