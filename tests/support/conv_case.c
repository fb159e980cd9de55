#include "tests/support/conv_case.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct conv_shape conv_shapes[CONV_SHAPES] = {
    {{16, 8, 8, 16, 3, 3, 1, 1, 1, 1, 1}, 2, 0, 0},
    {{1, 5, 5, 1, 3, 3, 1, 1, 1, 1, 1}, 1, 0, 1},
    {{3, 32, 32, 64, 3, 3, 1, 1, 1, 1, 1}, 5, 1, 0}, /* a network's first layer */
    {{3, 9, 11, 7, 3, 3, 1, 1, 1, 1, 1}, 3, 1, 1},
    {{1, 28, 28, 6, 5, 5, 1, 2, 2, 1, 1}, 4, 1, 1},
    {{3, 33, 33, 16, 7, 7, 2, 3, 3, 1, 1}, 2, 1, 0},
    {{20, 8, 8, 12, 3, 3, 1, 1, 1, 1, 1}, 3, 1, 1}, /* more input channels than one block, plain */
    {{6, 14, 14, 24, 3, 3, 1, 1, 1, 1, 1}, 3, 0, 1},
    {{17, 7, 7, 33, 3, 3, 1, 1, 1, 1, 1}, 5, 0, 1},
    {{70, 6, 5, 35, 3, 3, 1, 1, 1, 1, 1}, 2, 0, 0},
    {{64, 32, 32, 64, 3, 3, 1, 1, 1, 1, 1}, 2, 0, 0},
    {{32, 16, 16, 32, 3, 3, 1, 1, 1, 1, 1}, 128, 0, 0},
    {{64, 4, 4, 48, 3, 3, 1, 1, 1, 1, 1}, 131, 0, 1},
    {{256, 4, 4, 256, 3, 3, 1, 1, 1, 1, 1}, 4, 0, 0},
    {{32, 16, 16, 64, 3, 3, 2, 1, 1, 1, 1}, 4, 0, 0},
    {{32, 15, 17, 20, 3, 3, 2, 1, 1, 1, 1}, 3, 0, 1},
    {{32, 16, 16, 64, 1, 1, 2, 0, 0, 1, 1}, 4, 0, 0},
    {{48, 8, 8, 40, 1, 1, 1, 0, 0, 1, 1}, 5, 0, 1},
    {{24, 9, 9, 18, 5, 5, 1, 2, 2, 1, 1}, 2, 0, 1},
    {{16, 9, 9, 16, 5, 5, 2, 0, 0, 1, 1}, 2, 0, 0},
    {{16, 10, 10, 16, 3, 3, 1, 2, 2, 2, 1}, 3, 0, 1}, /* dilated */
    {{32, 8, 8, 32, 3, 3, 1, 1, 1, 1, 2}, 2, 0, 1},   /* groups of whole blocks */
    {{24, 8, 8, 24, 3, 3, 1, 1, 1, 1, 24}, 3, 0, 1},  /* depthwise */
    {{16, 6, 9, 16, 1, 3, 1, 0, 1, 1, 1}, 2, 0, 0},
    {{16, 9, 6, 16, 3, 1, 1, 1, 0, 1, 1}, 2, 0, 0},
    {{16, 1, 1, 16, 3, 3, 1, 1, 1, 1, 1}, 3, 0, 0},
    {{16, 3, 3, 16, 2, 2, 3, 1, 1, 1, 1}, 2, 0, 1},
    /* what oneDNN leaves to its reference loops, or to nobody */
    {{16, 9, 9, 32, 3, 3, 1, 1, 1, 1, 4}, 2, 0, 1},
    {{5, 9, 9, 10, 3, 3, 1, 1, 1, 1, 5}, 2, 0, 1},
    {{12, 9, 9, 6, 3, 3, 1, 1, 1, 1, 3}, 2, 1, 1},
    {{3, 7, 7, 1, 3, 3, 2, 1, 0, 2, 1}, 3, 0, 0},
};

float *floats(size_t n)
{
    float *p = malloc((n ? n : 1) * sizeof *p);
    ck_assert_ptr_nonnull(p);
    return p;
}

static void round_to(enum cn_engine_type type, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rounded(type, (double)x[i]);
}

struct conv_case conv_begin(const struct conv_shape *shape, enum cn_engine_type type, unsigned threads)
{
    const uint32_t *v = shape->v;
    struct conv_case f = {.shape = shape, .s = ref_shape(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10]), .n = shape->n};
    const struct cnas_conv_shape *s = &f.s;
    struct test_rng r = test_rng_make(5);
    ck_assert_int_eq(cnas_ctx_new(&f.ctx, threads), CNAS_OK);
    f.x_map = (struct cn_engine_map){s->c, s->h, s->w};
    f.y_map = (struct cn_engine_map){s->k, s->oh, s->ow};
    f.nx = f.n * s->c * s->h * s->w;
    f.ny = f.n * s->k * s->oh * s->ow;
    f.nw = cn_engine_conv_w_floats(s);
    f.x = floats(f.nx), f.w = floats(f.nw), f.bias = floats(s->k), f.g = floats(f.ny);
    f.y = floats(f.ny), f.dx = floats(f.nx), f.dw = floats(f.nw), f.db = floats(s->k);
    test_rng_fill(&r, f.x, NULL, f.nx);
    test_rng_fill(&r, f.w, NULL, f.nw);
    test_rng_fill(&r, f.bias, NULL, s->k);
    test_rng_fill(&r, f.g, NULL, f.ny);
    round_to(type, f.x, f.nx);
    round_to(type, f.g, f.ny);
    round_to(type, f.w, f.nw);
    cnas_conv2d_forward(f.ctx, f.y, f.x, f.w, shape->bias ? f.bias : NULL, f.n, s);
    cnas_conv2d_backward(f.ctx, f.dx, 0, f.dw, f.db, f.g, f.x, f.w, f.n, s);
    return f;
}

void conv_end(struct conv_case *f)
{
    ck_assert_int_eq(cnas_ctx_status(f->ctx), CNAS_OK);
    cnas_ctx_free(&f->ctx);
    float *all[] = {f->x, f->w, f->bias, f->g, f->y, f->dx, f->dw, f->db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

size_t value_bytes(struct cn_engine_map m, enum cn_engine_type type, size_t n)
{
    return n * cn_engine_elements(m) * cn_engine_type_size(type);
}

struct guarded to_blocks(struct cn_engine_map m, enum cn_engine_type type, const float *x, size_t n)
{
    const size_t hw = (size_t)m.h * m.w, count = n * m.c * hw;
    double *d = malloc(count * sizeof *d);
    ck_assert_ptr_nonnull(d);
    for (size_t i = 0; i < count; i++)
        d[i] = (double)x[i];
    const struct guarded g = blocked_new(type, d, n, m.c, hw);
    free(d);
    return g;
}

void from_blocks(struct cn_engine_map m, enum cn_engine_type type, float *x, const void *in, size_t n)
{
    const size_t hw = (size_t)m.h * m.w;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < cn_engine_channels(m.c); c++)
            for (size_t p = 0; p < hw; p++) {
                const double value = blocked_get(type, in, m.c, hw, i, c, p);
                if (c < m.c)
                    x[(i * m.c + c) * hw + p] = (float)value;
                else if (value != 0)
                    ck_abort_msg("a surplus channel holds %g", value);
            }
}

struct guarded input_x(const struct conv_case *f, enum cn_engine_type type)
{
    if (!f->shape->plain)
        return to_blocks(f->x_map, type, f->x, f->n);
    const struct guarded x = guarded_new(f->nx * sizeof(float));
    memcpy(x.p, f->x, x.bytes);
    return x;
}

double distance(const float *a, const float *b, size_t n)
{
    double worst = 0, most = 1e-6;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)a[i] - b[i]);
        worst = d >= worst ? d : isnan(d) ? INFINITY : worst;
        most = fmax(most, fabs(b[i]));
    }
    return worst / most;
}
