/* Convolutions on blocked values for tests: shapes, random numbers, and what the kernels of <cnas/kernel.h> make of them. */
#ifndef TESTS_SUPPORT_CONV_CASE_H
#define TESTS_SUPPORT_CONV_CASE_H

#include "runtime/engine/conv_way.h"
#include "tests/support/blocked.h"
#include "tests/support/kernel_ref.h"

struct conv_shape {
    uint32_t v[11]; /* c h w k kh kw stride pad_y pad_x dilation groups */
    size_t n;
    int plain, bias; /* x is plain; there is a bias */
};
enum { CONV_SHAPES = 31, CONV_ODD = CONV_SHAPES - 4 }; /* from CONV_ODD on: what oneDNN leaves to its reference loops, or to nobody */
extern const struct conv_shape conv_shapes[CONV_SHAPES];

/* Largest error relative to the largest value: of direct kernels, which add up to 32768 floats; of Winograd, which multiplies by up to
 * 16 and divides again; of bfloat16, which has 8 bits. */
#define EXACT 8e-6
#define WINOGRAD 4e-5
#define HALF 1.2e-2

struct conv_case {
    const struct conv_shape *shape;
    struct cnas_conv_shape s;
    struct cnas_ctx *ctx;
    struct cn_engine_map x_map, y_map;
    size_t n, nx, ny, nw;
    float *x, *w, *bias, *g, *y, *dx, *dw, *db; /* plain; g: the gradient of y */
};
/* x, w and g hold numbers that the type can keep. */
struct conv_case conv_begin(const struct conv_shape *shape, enum cn_engine_type type, unsigned threads);
void conv_end(struct conv_case *f);

size_t value_bytes(struct cn_engine_map m, enum cn_engine_type type, size_t n);
struct guarded to_blocks(struct cn_engine_map m, enum cn_engine_type type, const float *x, size_t n);
/* Fails where a surplus channel is not zero. */
void from_blocks(struct cn_engine_map m, enum cn_engine_type type, float *x, const void *in, size_t n);
struct guarded input_x(const struct conv_case *f, enum cn_engine_type type); /* as the shape wants it */

float *floats(size_t n);
/* Largest difference relative to the largest expected value. */
double distance(const float *a, const float *b, size_t n);

#endif
