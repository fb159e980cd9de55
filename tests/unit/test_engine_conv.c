/* Convolution on blocked values: every way that there is for a shape, in every direction and type, against the kernels of
 * <cnas/kernel.h>, between guard bytes; and what chooses among the ways. */
#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/mem.h"
#include "runtime/engine/conv.h"
#include "runtime/engine/conv_packs.h"
#include "runtime/engine/conv_way.h"
#include "runtime/kernel/ctx.h"
#include "tests/support/grad.h"
#include "tests/support/kernel_ref.h"

/* c h w k kh kw stride pad_y pad_x dilation groups; n; plain x; bias */
static const struct shape {
    uint32_t v[11];
    size_t n;
    int plain, bias;
} shapes[] = {
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
enum { SHAPES = sizeof shapes / sizeof *shapes, ODD = SHAPES - 4 };

/* Largest error relative to the largest value. Winograd multiplies by up to 16 and divides again; bfloat16 has 8 bits. */
static const double exact = 4e-6, winograd = 4e-5, half = 1.2e-2;

static struct cnas_conv_shape geometry(const struct shape *s)
{
    const uint32_t *v = s->v;
    return ref_shape(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10]);
}

static struct cnas_ctx *context(unsigned threads)
{
    struct cnas_ctx *ctx;
    ck_assert_int_eq(cnas_ctx_new(&ctx, threads), CNAS_OK);
    return ctx;
}

/* ---- buffers between guard bytes ---- */

enum { GUARD = 64, PATTERN = 0xA5 };

static void *guarded(size_t bytes)
{
    unsigned char *p = cn_mem_alloc(bytes + 2 * GUARD, 1);
    ck_assert_ptr_nonnull(p);
    memset(p, PATTERN, bytes + 2 * GUARD);
    return p + GUARD;
}

static void check_guards(const void *data, size_t bytes)
{
    const unsigned char *before = (const unsigned char *)data - GUARD, *after = (const unsigned char *)data + bytes;
    for (size_t i = 0; i < GUARD; i++)
        ck_assert_msg(before[i] == PATTERN && after[i] == PATTERN, "a byte outside of a buffer was written");
}

static void release(void *data, size_t bytes)
{
    check_guards(data, bytes);
    cn_mem_free((unsigned char *)data - GUARD);
}

/* ---- formats, element by element ---- */

static uint16_t to_half(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float from_half(uint16_t h)
{
    const uint32_t bits = (uint32_t)h << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static size_t place(struct cn_engine_map m, size_t n, size_t c, size_t pixel)
{
    const size_t block = cn_engine_block(), blocks = cn_engine_channels(m.c) / block;
    return (((n * blocks + c / block) * m.h * m.w) + pixel) * block + c % block;
}

static size_t value_bytes(struct cn_engine_map m, enum cn_engine_type type, size_t n)
{
    return n * cn_engine_elements(m) * cn_engine_type_size(type);
}

static void *to_blocks(struct cn_engine_map m, enum cn_engine_type type, const float *x, size_t n)
{
    const size_t bytes = value_bytes(m, type, n), pixels = (size_t)m.h * m.w;
    void *out = guarded(bytes);
    memset(out, 0, bytes);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < m.c; c++)
            for (size_t p = 0; p < pixels; p++) {
                const float value = x[(i * m.c + c) * pixels + p];
                if (type == CN_ENGINE_F32)
                    ((float *)out)[place(m, i, c, p)] = value;
                else
                    ((uint16_t *)out)[place(m, i, c, p)] = to_half(value);
            }
    return out;
}

/* Fails where a surplus channel is not zero. */
static void from_blocks(struct cn_engine_map m, enum cn_engine_type type, float *x, const void *in, size_t n)
{
    const size_t pixels = (size_t)m.h * m.w;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < cn_engine_channels(m.c); c++)
            for (size_t p = 0; p < pixels; p++) {
                const size_t at = place(m, i, c, p);
                const float value = type == CN_ENGINE_F32 ? ((const float *)in)[at] : from_half(((const uint16_t *)in)[at]);
                if (c < m.c)
                    x[(i * m.c + c) * pixels + p] = value;
                else
                    ck_assert_msg(value == 0, "a surplus channel holds %g", (double)value);
            }
}

/* ---- a case: numbers, and what should come out ---- */

struct fixture {
    const struct shape *shape;
    struct cnas_conv_shape s;
    struct cnas_ctx *ctx;
    struct cn_engine_map x_map, y_map;
    size_t n, nx, ny, nw;
    float *x, *w, *bias, *g, *y, *dx, *dw, *db; /* plain; g: the gradient of y */
};

static float *floats(size_t n)
{
    float *p = malloc((n ? n : 1) * sizeof *p);
    ck_assert_ptr_nonnull(p);
    return p;
}

static void round_to(enum cn_engine_type type, float *x, size_t n)
{
    for (size_t i = 0; type == CN_ENGINE_BF16 && i < n; i++)
        x[i] = from_half(to_half(x[i]));
}

static struct fixture begin(const struct shape *shape, enum cn_engine_type type, unsigned threads)
{
    struct fixture f = {.shape = shape, .s = geometry(shape), .ctx = context(threads), .n = shape->n};
    const struct cnas_conv_shape *s = &f.s;
    struct test_rng r = test_rng_make(5);
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

static void end(struct fixture *f)
{
    ck_assert_int_eq(cnas_ctx_status(f->ctx), CNAS_OK);
    cnas_ctx_free(&f->ctx);
    float *all[] = {f->x, f->w, f->bias, f->g, f->y, f->dx, f->dw, f->db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* Largest difference relative to the largest expected value. */
static double distance(const float *a, const float *b, size_t n)
{
    double worst = 0, most = 1e-6;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)a[i] - b[i]);
        worst = d >= worst ? d : isnan(d) ? INFINITY : worst;
        most = fmax(most, fabs(b[i]));
    }
    return worst / most;
}

static void *input_x(const struct fixture *f, enum cn_engine_type type, size_t *bytes)
{
    if (!f->shape->plain) {
        *bytes = value_bytes(f->x_map, type, f->n);
        return to_blocks(f->x_map, type, f->x, f->n);
    }
    *bytes = f->nx * sizeof(float);
    return memcpy(guarded(*bytes), f->x, *bytes);
}

/* Runs one way and compares. */
static void check_way(const struct fixture *f, const struct cn_engine_conv_site *site, struct cn_engine_conv_way *way)
{
    const enum cn_engine_type type = site->want->type;
    const double limit = type == CN_ENGINE_BF16 ? half : strstr(way->name, "wino") ? winograd : exact;
    size_t x_bytes, y_bytes = value_bytes(f->y_map, type, f->n), dx_bytes = value_bytes(f->x_map, type, f->n);
    void *x = input_x(f, type, &x_bytes), *g = to_blocks(f->y_map, type, f->g, f->n);
    void *scratch = guarded(way->scratch), *y = guarded(y_bytes), *dx = guarded(dx_bytes);
    float *dw = guarded(f->nw * sizeof *dw), *db = guarded(f->s.k * sizeof *db), *out = floats(f->nx > f->ny ? f->nx : f->ny);
    struct cn_engine_conv_call call = {.scratch = scratch};
    double d;
    switch (site->pass) {
    case CN_ENGINE_CONV_FORWARD:
        call.y = y, call.x = x;
        way->run(way, &call);
        from_blocks(f->y_map, type, out, y, f->n);
        d = distance(out, f->y, f->ny);
        break;
    case CN_ENGINE_CONV_DATA:
        call.dx = dx, call.dy = g;
        way->run(way, &call);
        from_blocks(f->x_map, type, out, dx, f->n);
        d = distance(out, f->dx, f->nx);
        break;
    default:
        call.dw = dw, call.dbias = db, call.dy = g, call.x = x;
        way->run(way, &call);
        d = distance(dw, f->dw, f->nw);
        if (site->want->bias)
            d = fmax(d, distance(db, f->db, f->s.k));
    }
    ck_assert_msg(d < limit, "%s, pass %d: %g", way->name, (int)site->pass, d);
    release(x, x_bytes);
    release(g, y_bytes);
    release(y, y_bytes);
    release(dx, dx_bytes);
    release(dw, f->nw * sizeof *dw);
    release(db, f->s.k * sizeof *db);
    release(scratch, way->scratch);
    free(out);
}

static void every_way(const struct shape *shape, enum cn_engine_type type, unsigned threads)
{
    struct fixture f = begin(shape, type, threads);
    const struct cn_engine_conv_want want = {.shape = f.s, .n = f.n, .type = type, .plain_x = shape->plain, .bias = shape->bias};
    struct cn_engine_conv_packs *packs;
    ck_assert_int_eq(cn_engine_conv_packs_new(&packs, shape->bias ? cn_engine_channels(f.s.k) : 0), CNAS_OK);
    cn_engine_conv_packs_weights(packs, f.ctx, f.w, shape->bias ? f.bias : NULL, f.s.k);
    if (cn_engine_dnnl(NULL))
        cn_engine_dnnl_adopt(cn_engine_dnnl(NULL), f.ctx);
    for (enum cn_engine_conv_pass pass = 0; pass < CN_ENGINE_CONV_PASSES; pass++) {
        struct cn_engine_conv_site site = {.ctx = f.ctx, .want = &want, .n = f.n, .pass = pass, .packs = packs};
        struct cn_engine_conv_way *ways = NULL;
        if (pass == CN_ENGINE_CONV_DATA && shape->plain)
            continue;
        ck_assert_int_eq(cn_engine_conv_dnnl_ways(&ways, &site), CNAS_OK);
        if (shape < shapes + ODD && cn_engine_dnnl(NULL) && cn_engine_block() == 16 &&
            (type == CN_ENGINE_F32 || cn_engine_dnnl_has_bf16(cn_engine_dnnl(NULL))))
            ck_assert_ptr_nonnull(ways);
        const struct cn_engine_conv_want alone = {
            .shape = f.s, .n = f.n, .type = type, .plain_x = shape->plain, .bias = shape->bias, .chunked = 1};
        struct cn_engine_conv_site inside = site;
        inside.want = &alone;
        ck_assert_int_eq(cn_engine_conv_wino_ways(&ways, &site), CNAS_OK);
        ck_assert_int_eq(cn_engine_conv_wino_ways(&ways, &inside), CNAS_OK);
        ck_assert_int_eq(cn_engine_conv_plain_ways(&ways, &site), CNAS_OK);
        for (struct cn_engine_conv_way *way = ways; way; way = way->next)
            check_way(&f, &site, way);
        cn_engine_conv_free_ways(&ways);
    }
    ck_assert_uint_eq(cn_engine_conv_packs_bytes(packs), (shape->bias ? cn_engine_channels(f.s.k) : 0) * sizeof(float));
    cn_engine_conv_packs_free(&packs);
    end(&f);
}

START_TEST(every_way_in_f32)
{
    every_way(&shapes[_i], CN_ENGINE_F32, 2);
}
END_TEST

START_TEST(every_way_in_bf16)
{
    every_way(&shapes[_i], CN_ENGINE_BF16, 2);
}
END_TEST

START_TEST(every_way_with_three_threads)
{
    every_way(&shapes[_i], CN_ENGINE_F32, 3);
}
END_TEST

/* ---- the layer ---- */

static struct cn_engine_conv *layer(const struct fixture *f, struct cn_engine_conv_want want, struct cn_engine_tuning *tuning)
{
    struct cn_engine_conv *conv;
    struct cnas_error err;
    want.shape = f->s;
    want.n = f->n;
    want.plain_x = f->shape->plain;
    want.bias = f->shape->bias;
    ck_assert_msg(cn_engine_conv_new(&conv, f->ctx, &want, tuning, &err) == CNAS_OK, "%s", err.text);
    return conv;
}

static struct cn_engine_tuning *no_tuning(void)
{
    struct cn_engine_tuning *t;
    ck_assert_int_eq(cn_engine_tuning_new(&t, NULL, NULL), CNAS_OK);
    return t;
}

/* Forward, both gradients, weights that change, and a number of samples that nobody announced. */
START_TEST(a_layer)
{
    static const size_t some[] = {0, 3, 8, 14, ODD, ODD + 2, ODD + 3};
    struct fixture f = begin(&shapes[some[_i]], CN_ENGINE_F32, 2);
    struct cn_engine_tuning *tuning = no_tuning();
    struct cn_engine_conv *conv = layer(&f, (struct cn_engine_conv_want){0}, tuning);
    const size_t scratch_bytes = cn_engine_conv_scratch(conv), y_bytes = value_bytes(f.y_map, CN_ENGINE_F32, f.n);
    const size_t dx_bytes = value_bytes(f.x_map, CN_ENGINE_F32, f.n);
    size_t x_bytes;
    void *x = input_x(&f, CN_ENGINE_F32, &x_bytes), *g = to_blocks(f.y_map, CN_ENGINE_F32, f.g, f.n), *y = guarded(y_bytes);
    void *scratch = guarded(scratch_bytes), *dx = guarded(dx_bytes);
    float *out = floats(f.nx > f.ny ? f.nx : f.ny), *dw = floats(f.nw), *db = floats(f.s.k), *other = floats(f.nw);
    for (size_t i = 0; i < f.nw; i++)
        other[i] = 1;
    cn_engine_conv_weights(conv, other, f.shape->bias ? f.bias : NULL);
    cn_engine_conv_weights(conv, f.w, f.shape->bias ? f.bias : NULL);
    if (cn_engine_dnnl(NULL) && _i < 4)
        ck_assert_uint_gt(cn_engine_conv_memory(conv), 0);
    for (size_t n = f.n; n; n--) {
        memset(y, PATTERN, y_bytes);
        cn_engine_conv_forward(conv, y, x, n, scratch);
        from_blocks(f.y_map, CN_ENGINE_F32, out, y, n);
        ck_assert_double_lt(distance(out, f.y, f.ny / f.n * n), winograd);
        check_guards(y, value_bytes(f.y_map, CN_ENGINE_F32, n));
        if (!f.shape->plain) {
            cn_engine_conv_backward_data(conv, dx, g, n, scratch);
            from_blocks(f.x_map, CN_ENGINE_F32, out, dx, n);
            ck_assert_double_lt(distance(out, f.dx, f.nx / f.n * n), winograd);
        }
        cnas_conv2d_backward(f.ctx, NULL, 0, f.dw, f.db, f.g, f.x, f.w, n, &f.s);
        cn_engine_conv_backward_weights(conv, dw, f.shape->bias ? db : NULL, g, x, n, scratch);
        ck_assert_double_lt(distance(dw, f.dw, f.nw), winograd);
        if (f.shape->bias)
            ck_assert_double_lt(distance(db, f.db, f.s.k), winograd);
    }
    cn_engine_conv_free(&conv);
    ck_assert_ptr_null(conv);
    cn_engine_tuning_free(&tuning);
    release(x, x_bytes);
    release(g, y_bytes);
    release(y, y_bytes);
    release(dx, dx_bytes);
    release(scratch, scratch_bytes);
    free(out), free(dw), free(db), free(other);
    end(&f);
}
END_TEST

/* y = relu(y + conv(x)) for inference. */
START_TEST(what_follows_forward)
{
    static const size_t some[] = {3, 8, 10, 14, ODD};
    const enum cn_engine_type type = _i % 10 < 5 ? CN_ENGINE_F32 : CN_ENGINE_BF16;
    const int add = _i / 10 % 2, relu = _i / 20 % 2;
    struct fixture f = begin(&shapes[some[_i % 5]], type, 2);
    struct cn_engine_tuning *tuning = no_tuning();
    struct cn_engine_conv *conv =
        layer(&f, (struct cn_engine_conv_want){.type = type, .forward_only = 1, .add = add, .relu = relu}, tuning);
    const size_t scratch_bytes = cn_engine_conv_scratch(conv), y_bytes = value_bytes(f.y_map, type, f.n);
    size_t x_bytes;
    void *x = input_x(&f, type, &x_bytes), *y = to_blocks(f.y_map, type, f.g, f.n), *scratch = guarded(scratch_bytes);
    float *out = floats(f.ny);
    ck_assert_ptr_null(cn_engine_conv_data_way(conv));
    ck_assert_ptr_null(cn_engine_conv_weights_way(conv));
    cn_engine_conv_weights(conv, f.w, f.shape->bias ? f.bias : NULL);
    cn_engine_conv_forward(conv, y, x, f.n, scratch);
    from_blocks(f.y_map, type, out, y, f.n);
    for (size_t i = 0; i < f.ny; i++) {
        f.y[i] += add ? f.g[i] : 0;
        f.y[i] = relu && f.y[i] < 0 ? 0 : f.y[i];
    }
    ck_assert_double_lt(distance(out, f.y, f.ny), type == CN_ENGINE_F32 ? winograd : half);
    cn_engine_conv_free(&conv);
    cn_engine_tuning_free(&tuning);
    release(x, x_bytes);
    release(y, y_bytes);
    release(scratch, scratch_bytes);
    free(out);
    end(&f);
}
END_TEST

/* The choice is an answer of the tuning: forced there, it is taken; measured, it is recorded, and asked for again it is the same.
 */
START_TEST(the_tuning_decides)
{
    struct fixture f = begin(&shapes[10], CN_ENGINE_F32, 2);
    struct cn_engine_tuning *tuning = no_tuning(), *again = no_tuning();
    struct cn_engine_conv *conv = layer(&f, (struct cn_engine_conv_want){0}, tuning);
    char *text, *line, forced[8192] = "";
    ck_assert_int_eq(cn_engine_tuning_export(tuning, &text), CNAS_OK);
    int lines = 0;
    for (line = text; *line; line = strchr(line, '\n') + 1)
        lines++;
    ck_assert_int_eq(lines, 3);
    for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) { /* what is there, but what was not chosen */
        const int wino = strstr(strstr(line, " = "), "wino") != NULL;
        strncat(forced, line, (size_t)(strstr(line, " = ") - line));
        strcat(forced, wino ? " = jit:avx512_core\n" : " = jit_wino_4x3:avx512_core\n");
    }
    if (cn_engine_dnnl(NULL) && strstr(cn_engine_dnnl_version(cn_engine_dnnl(NULL)), "avx512")) {
        ck_assert_int_eq(cn_engine_tuning_import(again, forced, strlen(forced), NULL), CNAS_OK);
        struct cn_engine_conv *other = layer(&f, (struct cn_engine_conv_want){0}, again);
        ck_assert_str_ne(cn_engine_conv_forward_way(conv), cn_engine_conv_forward_way(other));
        ck_assert_str_ne(cn_engine_conv_data_way(conv), cn_engine_conv_data_way(other));
        ck_assert_str_ne(cn_engine_conv_weights_way(conv), cn_engine_conv_weights_way(other));
        cn_engine_conv_free(&other);
    }
    cn_mem_free(text);
    cn_engine_conv_free(&conv);
    cn_engine_tuning_free(&tuning);
    cn_engine_tuning_free(&again);
    end(&f);
}
END_TEST

/* An answer that means nothing here is measured anew. */
START_TEST(an_unknown_answer_is_replaced)
{
    struct fixture f = begin(&shapes[0], CN_ENGINE_F32, 2);
    struct cn_engine_tuning *tuning = no_tuning(), *again = no_tuning();
    struct cn_engine_conv *conv = layer(&f, (struct cn_engine_conv_want){0}, tuning);
    char *text, *line, forced[8192] = "";
    ck_assert_int_eq(cn_engine_tuning_export(tuning, &text), CNAS_OK);
    for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        strncat(forced, line, (size_t)(strstr(line, " = ") - line));
        strcat(forced, " = abacus\n");
    }
    cn_mem_free(text);
    cn_engine_conv_free(&conv);
    ck_assert_int_eq(cn_engine_tuning_import(again, forced, strlen(forced), NULL), CNAS_OK);
    conv = layer(&f, (struct cn_engine_conv_want){0}, again);
    ck_assert_str_ne(cn_engine_conv_forward_way(conv), "abacus");
    cn_engine_conv_free(&conv);
    ck_assert_int_eq(cn_engine_tuning_export(again, &text), CNAS_OK);
    ck_assert_ptr_null(strstr(text, "abacus"));
    cn_mem_free(text);
    cn_engine_tuning_free(&tuning);
    cn_engine_tuning_free(&again);
    end(&f);
}
END_TEST

/* ---- in chunks ---- */

struct chunks {
    struct cn_engine_conv *conv;
    char *x, *y, *g, *dx, *scratch;
    float *dw;
    size_t x_sample, y_sample, each, n, scratch_bytes, nw;
};

static void one_chunk(void *job, size_t chunk, float *own)
{
    const struct chunks *c = job;
    const size_t first = chunk * c->each, n = c->n - first < c->each ? c->n - first : c->each;
    char *scratch = c->scratch + chunk * c->scratch_bytes;
    (void)own;
    cn_engine_conv_forward(c->conv, c->y + first * c->y_sample, c->x + first * c->x_sample, n, scratch);
    cn_engine_conv_backward_data(c->conv, c->dx + first * c->x_sample, c->g + first * c->y_sample, n, scratch);
    cn_engine_conv_backward_weights(c->conv, c->dw + chunk * c->nw, NULL, c->g + first * c->y_sample, c->x + first * c->x_sample,
                                    n, scratch);
}

START_TEST(chunks_in_parallel)
{
    if (!cn_engine_dnnl(NULL))
        return;
    const enum cn_engine_type type = _i % 2 ? CN_ENGINE_BF16 : CN_ENGINE_F32;
    struct fixture f = begin(&shapes[11], type, 3);
    struct cn_engine_tuning *tuning = no_tuning();
    struct cn_engine_conv_want want = {.shape = f.s, .n = 5, .type = type, .chunked = 1};
    struct cn_engine_conv *conv;
    enum { CHUNKS = 26 }; /* 128 = 25 * 5 + 3 */
    ck_assert_int_eq(cn_engine_conv_new(&conv, f.ctx, &want, tuning, NULL), CNAS_OK);
    ck_assert_int_eq(cn_engine_conv_prepare(conv, 3, NULL), CNAS_OK);
    cn_engine_conv_weights(conv, f.w, NULL);
    struct chunks c = {.conv = conv, .each = 5, .n = f.n, .nw = f.nw};
    c.x_sample = value_bytes(f.x_map, type, 1), c.y_sample = value_bytes(f.y_map, type, 1);
    c.scratch_bytes = cn_engine_conv_round(cn_engine_conv_scratch(conv));
    c.x = to_blocks(f.x_map, type, f.x, f.n), c.g = to_blocks(f.y_map, type, f.g, f.n);
    c.y = guarded(f.n * c.y_sample), c.dx = guarded(f.n * c.x_sample);
    c.scratch = guarded(CHUNKS * c.scratch_bytes), c.dw = guarded(CHUNKS * f.nw * sizeof(float));
    float *out = floats(f.nx > f.ny ? f.nx : f.ny), *dw = floats(f.nw);
    const double limit = type == CN_ENGINE_F32 ? winograd : half;
    for (int round = 0; round < 5; round++) {
        memset(c.y, PATTERN, f.n * c.y_sample);
        memset(c.dx, PATTERN, f.n * c.x_sample);
        cn_kernel_run(f.ctx, CHUNKS, one_chunk, &c);
        from_blocks(f.y_map, type, out, c.y, f.n);
        ck_assert_double_lt(distance(out, f.y, f.ny), limit);
        from_blocks(f.x_map, type, out, c.dx, f.n);
        ck_assert_double_lt(distance(out, f.dx, f.nx), limit);
        memset(dw, 0, f.nw * sizeof *dw);
        for (size_t i = 0; i < CHUNKS * f.nw; i++)
            dw[i % f.nw] += c.dw[i];
        ck_assert_double_lt(distance(dw, f.dw, f.nw), limit);
    }
    cn_engine_conv_free(&conv);
    cn_engine_tuning_free(&tuning);
    release(c.x, f.n * c.x_sample);
    release(c.dx, f.n * c.x_sample);
    release(c.y, f.n * c.y_sample);
    release(c.g, f.n * c.y_sample);
    release(c.scratch, CHUNKS * c.scratch_bytes);
    release(c.dw, CHUNKS * f.nw * sizeof(float));
    free(out), free(dw);
    end(&f);
}
END_TEST

/* ---- our loops on oneDNN's threads ---- */

struct marks {
    unsigned char *seen;
    struct cnas_ctx *ctx;
};

static void mark(void *job, size_t chunk, float *own)
{
    struct marks *m = job;
    m->seen[chunk]++;
    own[0] = (float)chunk; /* each thread has its own */
    ck_assert(own[0] == (float)chunk);
}

START_TEST(adopted_threads)
{
    const struct cn_engine_dnnl *d = cn_engine_dnnl(NULL);
    static const unsigned threads[] = {1, 2, 7};
    enum { CHUNKS = 1000 };
    unsigned char seen[CHUNKS];
    ck_assert_ptr_null(getenv("GOMP_SPINCOUNT")); /* the environment is left as it was */
    for (size_t t = 0; t < 3 && d; t++) {
        struct cnas_ctx *ctx = context(threads[t]);
        struct marks m = {seen, ctx};
        cn_engine_dnnl_adopt(d, ctx);
        cn_engine_dnnl_adopt(d, ctx);
        ck_assert_ptr_nonnull(cn_kernel_scratch(ctx, 16, 0));
        for (size_t chunks = 0; chunks <= CHUNKS; chunks = 2 * chunks + 1) {
            memset(seen, 0, sizeof seen);
            cn_kernel_run(ctx, chunks, mark, &m);
            for (size_t i = 0; i < CHUNKS; i++)
                ck_assert_int_eq(seen[i], i < chunks);
        }
        cnas_ctx_free(&ctx);
    }
}
END_TEST

START_TEST(a_post_op_in_training_aborts)
{
    struct fixture f = begin(&shapes[0], CN_ENGINE_F32, 1);
    struct cn_engine_conv *conv;
    (void)!cn_engine_conv_new(&conv, f.ctx, &(struct cn_engine_conv_want){.shape = f.s, .n = 1, .relu = 1}, NULL, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/conv");
    TCase *t = tcase_create("conv");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, every_way_in_f32, 0, SHAPES);
    tcase_add_loop_test(t, every_way_in_bf16, 0, SHAPES);
    tcase_add_loop_test(t, every_way_with_three_threads, 0, SHAPES);
    tcase_add_loop_test(t, a_layer, 0, 7);
    tcase_add_loop_test(t, what_follows_forward, 0, 40);
    tcase_add_test(t, the_tuning_decides);
    tcase_add_test(t, an_unknown_answer_is_replaced);
    tcase_add_loop_test(t, chunks_in_parallel, 0, 2);
    tcase_add_test(t, adopted_threads);
    tcase_add_test_raise_signal(t, a_post_op_in_training_aborts, SIGABRT);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
