/* Folding: the parameters of a linear segment composed into one kernel for each source point, in double precision.
 *
 * A value between points is  v[k,i,j] = bias[k] + sum over its terms of
 *     sum over c,y,x of W[k,c,y,x] src[c, i*stride + y - pad_y, j*stride + x - pad_x],   zero outside the source map.
 * The geometry rules are the compiler's: a convolution with kernel a, stride s, padding p, dilation d over a term (k1, s1, p1) is a
 * term (k1 + d(a-1)s1, s*s1, p1 + p*s1); kernel rows that never meet the source are dropped; a 1x1 map has stride 1. */
#ifndef RUNTIME_FIXED_FOLD_H
#define RUNTIME_FIXED_FOLD_H

#include <cnas/fixed.h>

struct fold_term {
    uint32_t src, c; /* source point and its channels */
    int64_t kh, kw, stride, pad_y, pad_x;
    double *w; /* (K, C, KH, KW) */
};
struct fold_value {
    uint32_t k, h, w; /* of the value; a flattened value keeps the map's shape: the order of its elements is the same */
    double *bias;     /* (K); NULL: the slot is empty */
    struct fold_term *terms;
    size_t n_terms;
    uint32_t step;    /* on the tape, where there is one and its terms are not composed yet */
};
#define FOLD_NO_STEP UINT32_MAX
struct fold_tape;
struct cnas_fold {
    const struct cnas_model *model;
    struct fold_value *slots;
    size_t n_slots;
    double **weights; /* (n_terms of the model), each (K, C, KH, KW): the result */
    double **bias;    /* (n_points), each (K); NULL for the input */
    struct fold_tape *tape; /* tape.h; NULL: operators compose when they are called */
};

CNAS_CHECKED enum cnas_status cn_fold_new(struct cnas_fold **out, const struct cnas_model *m);
void cn_fold_free(struct cnas_fold **f); /* wipes: weights are the server's secret */
CNAS_CHECKED enum cnas_status cn_fold_write(struct cnas_fold *f, uint32_t y, struct fold_value *v); /* slot y; takes over v */

/* --- values --- */
void cn_value_clear(struct fold_value *v); /* leaves an empty value */
/* k channels of h x w, bias zero, room for n_terms terms, none there yet. */
CNAS_CHECKED enum cnas_status cn_value_init(struct fold_value *v, uint32_t k, uint32_t h, uint32_t w, size_t n_terms);
/* Appends a term with kernel zero. */
CNAS_CHECKED enum cnas_status cn_value_append(struct fold_value *v, struct fold_term geometry);
/* Term t of v, or a new one (NULL), in a larger geometry: zeros around what was there. */
CNAS_CHECKED enum cnas_status cn_value_grow(struct fold_value *v, struct fold_term *t, struct fold_term geometry);
/* Rows at both ends of an axis of k that never meet a source of n at `rows` positions; one row always stays. */
void cn_term_idle(int64_t *above, int64_t *below, int64_t k, int64_t stride, int64_t pad, int64_t n, int64_t rows);

/* An operator that acts like a convolution on one value. */
struct fold_operator {
    uint32_t k, h, w;                     /* of the result */
    int64_t kh, kw, stride, pad_y, pad_x, dilation;
    uint32_t groups;
    const double *w_op;                   /* (K, C/groups, KH, KW) */
    const double *bias;                   /* (K); NULL: none */
};
CNAS_CHECKED enum cnas_status cn_value_compose(struct fold_value *y, const struct fold_value *x, const struct fold_operator *op,
                                               const struct cnas_point *points);
/* Channels first .. first + k - 1 of x. */
CNAS_CHECKED enum cnas_status cn_value_channels(struct fold_value *y, const struct fold_value *x, uint32_t first, uint32_t k);
void cn_value_negate(struct fold_value *v);
/* Sum (stack = 0) or stack of channels (stack = 1) of values with equal maps. */
CNAS_CHECKED enum cnas_status cn_value_join(struct fold_value *y, const struct fold_value *const *x, size_t parts, int stack);
/* W of t over the extent of `to`: same numbers at the same source positions; aborts if a row that would be lost can meet the source. */
CNAS_CHECKED enum cnas_status cn_term_fit(double **w, const struct fold_term *t, const struct fold_value *v,
                                          const struct cnas_term *to, const struct cnas_point *src);

#endif
