/* Winograd convolution on blocked values: all three passes against naive loops in double precision, with everything that reading and
 * writing can do on the way; threads and ranges. */
#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/engine/block_simd.h"
#include "runtime/engine/wino_group.h"
#include "tests/support/wino_ref.h"

enum { GUARD = 64 };
#define GUARD_BYTE 0xa5

/* c h w k pad_y pad_x; n */
static const struct { uint32_t v[6]; size_t n; } shapes[] = {
    {{16, 32, 32, 16, 1, 1}, 3},
    {{32, 16, 16, 32, 1, 1}, 5},
    {{64, 8, 8, 64, 1, 1}, 9},
    {{3, 9, 10, 5, 1, 1}, 2},    /* less than a block; tiles cut on both sides */
    {{17, 7, 7, 33, 1, 1}, 4},   /* blocks that are nearly empty; an odd number of them */
    {{48, 6, 5, 16, 0, 0}, 2},
    {{16, 3, 9, 48, 2, 2}, 2},
    {{16, 4, 4, 20, 2, 0}, 19},  /* more samples than a group holds */
    {{1, 1, 1, 1, 1, 1}, 1},     /* a map in its padding */
    {{16, 2, 300, 16, 1, 1}, 1}, /* a row of tiles that is a group alone */
    {{192, 4, 4, 160, 1, 1}, 3}, /* large weights: all results of a group wait together */
    {{352, 4, 3, 520, 1, 1}, 2}, /* larger: in slices of output channels, unequal ones */
};

struct made { /* a value: as the kernels see it, and as numbers, (N,C,H,W) */
    void *memory, *value;
    double *numbers;
    enum cn_engine_type type;
    struct cn_engine_map map;
    size_t n, bytes;
};

static size_t count(const struct made *m)
{
    return m->n * m->map.c * m->map.h * m->map.w;
}

static size_t place(const struct made *m, size_t i) /* of number i */
{
    size_t block = cn_engine_block(), hw = (size_t)m->map.h * m->map.w, c = i / hw % m->map.c, sample = i / hw / m->map.c;
    return ((sample * (cn_engine_channels(m->map.c) / block) + c / block) * hw + i % hw) * block + c % block;
}

static double at(const struct made *m, size_t place)
{
    if (m->type == CN_ENGINE_F32)
        return ((const float *)m->value)[place];
    uint32_t bits = (uint32_t)((const uint16_t *)m->value)[place] << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* Random numbers with r, else bytes that no one should see again; surplus channels zero. */
static struct made make(struct test_rng *r, enum cn_engine_type type, uint32_t c, uint32_t h, uint32_t w, size_t n)
{
    struct made m = {.type = type, .map = {c, h, w}, .n = n};
    m.bytes = n * cn_engine_elements(m.map) * cn_engine_type_size(type);
    m.memory = aligned(m.bytes + 2 * GUARD);
    m.value = (char *)m.memory + GUARD;
    m.numbers = malloc(count(&m) * sizeof *m.numbers);
    ck_assert_ptr_nonnull(m.numbers);
    memset(m.memory, GUARD_BYTE, m.bytes + 2 * GUARD);
    if (!r)
        return m;
    memset(m.value, 0, m.bytes);
    for (size_t i = 0; i < count(&m); i++) {
        float f = (float)test_rng_normal(r);
        uint32_t bits;
        memcpy(&bits, &f, sizeof bits);
        if (type == CN_ENGINE_F32)
            ((float *)m.value)[place(&m, i)] = f;
        else
            ((uint16_t *)m.value)[place(&m, i)] = (uint16_t)(bits >> 16);
        m.numbers[i] = at(&m, place(&m, i));
    }
    return m;
}

/* The value is the numbers, about; surplus channels are zero; nothing beside it was written. */
static void is(const struct made *m, double most)
{
    double worst = 0, largest = 1e-6, sum = 0, surplus = 0;
    for (size_t i = 0; i < count(m); i++) {
        double d = fabs(at(m, place(m, i)) - m->numbers[i]);
        worst = d >= worst || isnan(d) ? d : worst;
        largest = fmax(largest, fabs(m->numbers[i]));
        sum += fabs(at(m, place(m, i)));
    }
    for (size_t i = 0; i < m->bytes / cn_engine_type_size(m->type); i++)
        surplus += fabs(at(m, i));
    ck_assert_double_le(worst / largest, most);
    ck_assert_double_le(fabs(surplus - sum), 1e-9 * sum);
    for (size_t i = 0; i < GUARD; i++) {
        ck_assert_int_eq(((unsigned char *)m->memory)[i], GUARD_BYTE);
        ck_assert_int_eq(((unsigned char *)m->value)[m->bytes + i], GUARD_BYTE);
    }
}

static void drop(struct made *m)
{
    free(m->memory);
    free(m->numbers);
}

static float *by_channel(struct test_rng *r, uint32_t c)
{
    float *p = aligned(cn_engine_channels(c) * sizeof *p);
    memset(p, 0, cn_engine_channels(c) * sizeof *p);
    test_rng_fill(r, p, NULL, c);
    return p;
}

static struct cnas_conv_shape shape(int i)
{
    const uint32_t *v = shapes[i].v;
    return ref_shape(v[0], v[1], v[2], v[3], 3, 3, 1, v[4], v[5], 1, 1);
}

static struct cnas_ctx *context(unsigned threads)
{
    struct cnas_ctx *ctx;
    ck_assert_int_eq(cnas_ctx_new(&ctx, threads), CNAS_OK);
    return ctx;
}

static void all_passes(int i, enum cn_engine_type type)
{
    struct cnas_conv_shape s = shape(i), mirror = cn_engine_wino_mirror(&s);
    size_t n = shapes[i].n, nw = (size_t)s.k * s.c * 9;
    struct test_rng r = test_rng_make(5 + (uint64_t)i);
    struct cnas_ctx *ctx = context(2);
    struct made x = make(&r, type, s.c, s.h, s.w, n), dy = make(&r, type, s.k, s.oh, s.ow, n);
    struct made y = make(NULL, type, s.k, s.oh, s.ow, n), dx = make(NULL, type, s.c, s.h, s.w, n);
    float *w = aligned(nw * 4), *dw = aligned(nw * 4), *bias = by_channel(&r, s.k), *dbias = aligned(s.k * 4);
    double *W = malloc(nw * 8), *DW = malloc(nw * 8), *B = malloc(s.k * 8);
    test_rng_fill(&r, w, W, nw);
    for (size_t k = 0; k < s.k; k++)
        B[k] = bias[k];
    float *packed = aligned(cn_engine_wino_weights(&s) * 4), *packed_back = aligned(cn_engine_wino_weights(&mirror) * 4);
    double most = type == CN_ENGINE_BF16 ? 4e-3 : s.c > 256 ? 6e-6 : 3e-6; /* sums of more products */

    ck_assert(cn_engine_wino_fits(&s) && cn_engine_wino_fits(&mirror));
    cn_engine_wino_pack(ctx, packed, w, 0, &s);
    cn_engine_wino_pack(ctx, packed_back, w, 1, &mirror);
    struct cn_engine_wino_read from_x = {.type = type, .x = x.value}, from_dy = {.type = type, .x = dy.value};
    struct cn_engine_wino_write to_y = {.type = type, .y = y.value}, to_dx = {.type = type, .y = dx.value};

    ref_conv2d(y.numbers, x.numbers, W, NULL, n, &s);
    cn_engine_wino_run(ctx, &to_y, &from_x, &(struct cn_engine_wino_filter){.packed = packed}, &s, n, NULL);
    is(&y, most);
    ref_conv2d(y.numbers, x.numbers, W, B, n, &s);
    to_y.bias = bias;
    cn_engine_wino_run(ctx, &to_y, &from_x, &(struct cn_engine_wino_filter){.w = w}, &s, n, NULL);
    is(&y, most);

    ref_back(dx.numbers, DW, B, dy.numbers, x.numbers, W, n, &s);
    cn_engine_wino_run(ctx, &to_dx, &from_dy, &(struct cn_engine_wino_filter){.packed = packed_back}, &mirror, n, NULL);
    is(&dx, most);
    memset(dx.value, GUARD_BYTE, dx.bytes);
    cn_engine_wino_run(ctx, &to_dx, &from_dy, &(struct cn_engine_wino_filter){.w = w, .mirrored = 1}, &mirror, n, NULL);
    is(&dx, most);
    cn_engine_wino_gradient(ctx, dw, dbias, &from_dy, &from_x, &s, n);
    ck_assert_double_le(test_distance(dw, DW, nw), 3e-6);
    ck_assert_double_le(test_distance(dbias, B, s.k), 3e-6);
    memset(dw, 0, nw * 4);
    cn_engine_wino_gradient(ctx, dw, NULL, &from_dy, &from_x, &s, n);
    ck_assert_double_le(test_distance(dw, DW, nw), 3e-6);

    /* in two parts, the second made of two ranges */
    size_t channels = cn_engine_channels(s.k), blocks = channels / cn_engine_block(), floats = cn_engine_wino_weights(&s);
    float *parts = aligned(2 * floats * 4), *scratch = aligned(cn_engine_wino_gradient_scratch(&s, blocks) * 4);
    double *sums = aligned(2 * channels * 8);
    for (size_t j = 0; j < 3 && n >= 3; j++)
        cn_engine_wino_gradient_range(parts + (j > 0) * floats, sums + (j > 0) * channels, j == 2, &from_dy, &from_x, &s, n * j / 3,
                                      n * (j + 1) / 3, 0, blocks, scratch);
    if (n >= 3) {
        cn_engine_wino_finish_range(dw, parts, 2, floats, &s, 0, blocks);
        ck_assert_double_le(test_distance(dw, DW, nw), 3e-6);
        for (size_t k = 0; k < s.k; k++)
            dbias[k] = (float)(sums[k] + sums[channels + k]);
        ck_assert_double_le(test_distance(dbias, B, s.k), 3e-6);
    }

    ck_assert_int_eq(cnas_ctx_status(ctx), CNAS_OK);
    cnas_ctx_free(&ctx);
    drop(&x), drop(&y), drop(&dx), drop(&dy);
    void *all[] = {w, dw, bias, dbias, W, DW, B, packed, packed_back, parts, scratch, sums};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++)
        free(all[j]);
}

START_TEST(floats)
{
    all_passes(_i, CN_ENGINE_F32);
}
END_TEST

START_TEST(bfloats)
{
    all_passes(_i, CN_ENGINE_BF16);
}
END_TEST

/* All output blocks. */
static void run_range(const struct cn_engine_wino_write *y, const struct cn_engine_wino_read *x, const float *packed, const struct cnas_conv_shape *s,
                      size_t first, size_t last, float *scratch)
{
    cn_engine_wino_run_blocks(y, x, packed, s, first, last, 0, cn_engine_channels(s->k) / cn_engine_block(), scratch);
}

/* Batch norm and ReLU on the way in, addition and sums on the way out, and the gradient behind a batch norm. */
static void on_the_way(int i, enum cn_engine_type type)
{
    struct cnas_conv_shape s = shape(i);
    size_t n = shapes[i].n, nw = (size_t)s.k * s.c * 9, hw = (size_t)s.h * s.w, ohw = (size_t)s.oh * s.ow;
    size_t channels = cn_engine_channels(s.k);
    struct test_rng r = test_rng_make(50 + (uint64_t)i);
    struct made x = make(&r, type, s.c, s.h, s.w, n), z = make(&r, type, s.c, s.h, s.w, n), y = make(&r, type, s.k, s.oh, s.ow, n);
    struct made q = make(&r, type, s.k, s.oh, s.ow, n), plain = make(NULL, CN_ENGINE_F32, s.c, s.h, s.w, n);
    double *W = malloc(nw * 8), *before = malloc(count(&y) * 8), *sums = aligned(2 * channels * 8);
    float *w = aligned(nw * 4), *packed = aligned(cn_engine_wino_weights(&s) * 4), *scratch = aligned(cn_engine_wino_scratch(&s) * 4);
    float *a = by_channel(&r, s.c), *b = by_channel(&r, s.c), *of_g = by_channel(&r, s.c), *of_z = by_channel(&r, s.c);
    float *of_1 = by_channel(&r, s.c), *out_a = by_channel(&r, s.k), *out_b = by_channel(&r, s.k);
    double most = type == CN_ENGINE_BF16 ? 4e-3 : s.c > 256 ? 6e-6 : 3e-6; /* sums of more products */
    test_rng_fill(&r, w, W, nw);
    cn_engine_wino_pack_range(packed, w, 0, &s, 0, 0, channels / cn_engine_block());
    memcpy(before, y.numbers, count(&y) * 8);

    /* y = y + conv(relu(a x + b)), in two ranges */
    for (size_t j = 0; j < count(&x); j++)
        plain.numbers[j] = fmax(0, fmaf(a[j / hw % s.c], (float)x.numbers[j], b[j / hw % s.c]));
    struct cn_engine_wino_read read = {.type = type, .x = x.value, .scale = a, .shift = b, .relu = 1};
    struct cn_engine_wino_write write = {.type = type, .y = y.value, .add = 1, .sums = sums, .products = sums + channels};
    ref_conv2d(y.numbers, plain.numbers, W, NULL, n, &s);
    for (size_t j = 0; j < count(&y); j++)
        y.numbers[j] += before[j];
    memset(sums, 0, 2 * channels * 8);
    run_range(&write, &read, packed, &s, 0, n / 2, scratch);
    run_range(&write, &read, packed, &s, n / 2, n, scratch);
    is(&y, most);
    for (size_t k = 0; k < s.k; k++) {
        double sum = 0, square = 0, size = 0;
        for (size_t j = 0; j < count(&y); j++)
            if (j / ohw % s.k == k) {
                double v = at(&y, place(&y, j));
                sum += v, square += v * v, size += fabs(v);
            }
        ck_assert_double_le(fabs(sums[k] - sum), 1e-6 * size + 1e-9);
        ck_assert_double_le(fabs(sums[channels + k] - square), 1e-6 * square + 1e-9);
    }
    for (size_t k = s.k; k < channels; k++)
        ck_assert(sums[k] == 0 && sums[channels + k] == 0);

    /* without ReLU; sums of g and g q where out_a q + out_b > 0 */
    for (size_t j = 0; j < count(&x); j++)
        plain.numbers[j] = (double)a[j / hw % s.c] * x.numbers[j] + b[j / hw % s.c];
    ref_conv2d(y.numbers, plain.numbers, W, NULL, n, &s);
    read.relu = 0;
    write.add = 0;
    write.z = q.value, write.scale = out_a, write.shift = out_b;
    memset(sums, 0, 2 * channels * 8);
    run_range(&write, &read, packed, &s, 0, n, scratch);
    is(&y, most);
    for (size_t k = 0; k < s.k; k++) {
        double sum = 0, product = 0, size = 0;
        for (size_t j = 0; j < count(&y); j++)
            if (j / ohw % s.k == k && fmaf(out_a[k], (float)q.numbers[j], out_b[k]) > 0) {
                double v = at(&y, place(&y, j));
                sum += v, product += v * q.numbers[j], size += fabs(v) * (1 + fabs(q.numbers[j]));
            }
        ck_assert_double_le(fabs(sums[k] - sum), 1e-6 * size + 1e-9);
        ck_assert_double_le(fabs(sums[channels + k] - product), 1e-6 * size + 1e-9);
    }

    /* the gradient behind a batch norm and a ReLU, and behind a batch norm alone */
    for (int relu = 0; relu < 2; relu++) {
        for (size_t j = 0; j < count(&x); j++) {
            size_t c = j / hw % s.c;
            double g = !relu || fmaf(a[c], (float)z.numbers[j], b[c]) > 0 ? x.numbers[j] : 0;
            plain.numbers[j] = of_g[c] * g + of_z[c] * z.numbers[j] + of_1[c];
        }
        read = (struct cn_engine_wino_read){.type = type, .x = x.value, .scale = relu ? a : NULL, .shift = b, .relu = relu, .z = z.value,
                                            .of_g = of_g, .of_z = of_z, .of_1 = of_1};
        ref_conv2d(y.numbers, plain.numbers, W, NULL, n, &s);
        run_range(&(struct cn_engine_wino_write){.type = type, .y = y.value}, &read, packed, &s, 0, n, scratch);
        is(&y, most);
    }
    drop(&x), drop(&y), drop(&z), drop(&q), drop(&plain);
    void *all[] = {W, before, sums, w, packed, scratch, a, b, of_g, of_z, of_1, out_a, out_b};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++)
        free(all[j]);
}

START_TEST(floats_on_the_way)
{
    on_the_way(_i, CN_ENGINE_F32);
}
END_TEST

START_TEST(bfloats_on_the_way)
{
    on_the_way(_i, CN_ENGINE_BF16);
}
END_TEST

/* A NaN in x is one in every result that it meets, after a ReLU too: a diverged network must not look healthy. */
START_TEST(nan_passes)
{
    const enum cn_engine_type type = _i % 2 ? CN_ENGINE_BF16 : CN_ENGINE_F32;
    const int on_the_way_in = _i / 2 % 2, on_the_way_out = _i / 4 % 2;
    struct cnas_conv_shape s = ref_shape(16, 9, 9, 16, 3, 3, 1, 1, 1, 1, 1);
    struct test_rng r = test_rng_make(3);
    struct made x = make(&r, type, s.c, s.h, s.w, 1), y = make(NULL, type, s.k, s.oh, s.ow, 1);
    float *w = aligned(16 * 16 * 9 * 4), *packed = aligned(cn_engine_wino_weights(&s) * 4), *scratch = aligned(cn_engine_wino_scratch(&s) * 4);
    float *a = by_channel(&r, s.c), *b = by_channel(&r, s.c);
    const size_t nan = place(&x, (3 * s.h + 4) * s.w + 5); /* channel 3, row 4, column 5 */
    test_rng_fill(&r, w, NULL, 16 * 16 * 9);
    cn_engine_wino_pack_range(packed, w, 0, &s, 0, 0, cn_engine_channels(s.k) / cn_engine_block());
    if (type == CN_ENGINE_F32)
        ((float *)x.value)[nan] = NAN;
    else
        ((uint16_t *)x.value)[nan] = 0x7fc0;
    struct cn_engine_wino_read read = {.type = type, .x = x.value, .scale = on_the_way_in ? a : NULL, .shift = b, .relu = on_the_way_in};
    struct cn_engine_wino_write write = {.type = type, .y = y.value, .add = on_the_way_out};
    run_range(&write, &read, packed, &s, 0, 1, scratch);
    for (size_t k = 0; k < s.k; k++)
        for (size_t i = 0; i < 9; i++)
            ck_assert_msg(isnan(at(&y, place(&y, (k * s.oh + 3 + i / 3) * s.ow + 4 + i % 3))), "channel %zu, %zu: the NaN is lost", k, i);
    drop(&x), drop(&y);
    void *all[] = {w, packed, scratch, a, b};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++)
        free(all[j]);
}
END_TEST

/* One, three and seven threads, weights packed before or by the run, and each sample for itself, give the same bits. */
START_TEST(threads_and_ranges_do_not_matter)
{
    struct cnas_conv_shape s = shape(_i);
    size_t n = 41, nw = (size_t)s.k * s.c * 9;
    struct test_rng r = test_rng_make(90);
    struct made x = make(&r, CN_ENGINE_F32, s.c, s.h, s.w, n), dy = make(&r, CN_ENGINE_F32, s.k, s.oh, s.ow, n);
    struct made y = make(NULL, CN_ENGINE_F32, s.k, s.oh, s.ow, n), other = make(NULL, CN_ENGINE_F32, s.k, s.oh, s.ow, n);
    float *w = aligned(nw * 4), *dw = aligned(nw * 4), *other_dw = aligned(nw * 4), *packed = aligned(cn_engine_wino_weights(&s) * 4);
    float *scratch = aligned(cn_engine_wino_scratch(&s) * 4), dbias[520], other_dbias[520];
    struct cn_engine_wino_read from_x = {.x = x.value}, from_dy = {.x = dy.value};
    const size_t channels = cn_engine_channels(s.k);
    double *sums = aligned(2 * channels * 8), *other_sums = aligned(2 * channels * 8);
    test_rng_fill(&r, w, NULL, nw);
    for (unsigned threads = 1; threads <= 7; threads += 2) {
        struct cnas_ctx *ctx = context(threads);
        cn_engine_wino_pack(ctx, packed, w, 0, &s);
        const struct cn_engine_wino_filter filter = {.packed = threads == 1 ? packed : NULL, .w = w};
        cn_engine_wino_run(ctx, &(struct cn_engine_wino_write){.y = threads == 1 ? y.value : other.value}, &from_x, &filter, &s, n,
                           threads == 1 ? sums : other_sums);
        cn_engine_wino_gradient(ctx, threads == 1 ? dw : other_dw, threads == 1 ? dbias : other_dbias, &from_dy, &from_x, &s, n);
        if (threads > 1) {
            ck_assert_mem_eq(y.value, other.value, y.bytes);
            ck_assert_mem_eq(sums, other_sums, 2 * channels * sizeof *sums);
            ck_assert_mem_eq(dw, other_dw, nw * 4);
            ck_assert_mem_eq(dbias, other_dbias, s.k * 4);
        }
        cnas_ctx_free(&ctx);
    }
    memset(other.value, 0, other.bytes);
    for (size_t i = 0; i < n; i++)
        run_range(&(struct cn_engine_wino_write){.y = other.value}, &from_x, packed, &s, i, i + 1, scratch);
    ck_assert_mem_eq(y.value, other.value, y.bytes);
    for (size_t k = 0; k < s.k; k++) {
        double sum = 0, square = 0, v;
        for (size_t i = 0; i < count(&y); i++)
            if (i / ((size_t)s.oh * s.ow) % s.k == k)
                v = at(&y, place(&y, i)), sum += v, square += v * v;
        ck_assert_double_le(fabs(sums[k] - sum), 1e-6 * square + 1e-6);
        ck_assert_double_le(fabs(sums[channels + k] - square), 1e-6 * square + 1e-9);
    }
    drop(&x), drop(&dy), drop(&y), drop(&other);
    void *all[] = {w, dw, other_dw, packed, scratch, sums, other_sums};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++)
        free(all[j]);
}
END_TEST

START_TEST(other_shapes_do_not_fit)
{
    struct cnas_conv_shape s = ref_shape(16, 8, 8, 16, 3, 3, 1, 1, 1, 1, 1), t = s;
    ck_assert(cn_engine_wino_fits(&s));
    t = ref_shape(16, 8, 8, 16, 3, 3, 2, 1, 1, 1, 1);
    ck_assert(!cn_engine_wino_fits(&t));
    t = ref_shape(16, 8, 8, 16, 3, 3, 1, 2, 2, 2, 1);
    ck_assert(!cn_engine_wino_fits(&t));
    t = ref_shape(16, 8, 8, 16, 3, 3, 1, 1, 1, 1, 2);
    ck_assert(!cn_engine_wino_fits(&t));
    t = ref_shape(16, 8, 8, 16, 1, 3, 1, 0, 1, 1, 1);
    ck_assert(!cn_engine_wino_fits(&t));
    t = ref_shape(16, 8, 8, 16, 3, 3, 1, 3, 3, 1, 1);
    ck_assert(!cn_engine_wino_fits(&t));
    t = s, t.oh = 9;
    ck_assert(!cn_engine_wino_fits(&t));
}
END_TEST

START_TEST(a_shape_that_does_not_fit_aborts)
{
    struct cnas_conv_shape s = ref_shape(16, 8, 8, 16, 3, 3, 2, 1, 1, 1, 1);
    cn_engine_wino_weights(&s);
}
END_TEST

/* Blocks of 8 channels, as on a CPU without AVX-512. */
static void narrow(void)
{
    cn_engine_simd_use(cn_engine_simd_avx2());
}

int main(void)
{
    Suite *suite = suite_create("engine/wino");
    TCase *t = tcase_create("wino");
    int all = sizeof shapes / sizeof *shapes;
    tcase_set_timeout(t, 120);
    struct cnas_conv_shape s = shape(0);
    if (cn_engine_wino_fits(&s)) {
        tcase_add_loop_test(t, floats, 0, all);
        tcase_add_loop_test(t, bfloats, 0, all);
        tcase_add_loop_test(t, floats_on_the_way, 0, all);
        tcase_add_loop_test(t, bfloats_on_the_way, 0, all);
        tcase_add_loop_test(t, threads_and_ranges_do_not_matter, 0, all);
        tcase_add_loop_test(t, nan_passes, 0, 8);
        tcase_add_test(t, other_shapes_do_not_fit);
        tcase_add_test_raise_signal(t, a_shape_that_does_not_fit_aborts, SIGABRT);
    }
    suite_add_tcase(suite, t);
    if (cn_engine_block() == 16 && cn_engine_simd_avx2()) {
        t = tcase_create("blocks of 8");
        tcase_set_timeout(t, 120);
        tcase_add_checked_fixture(t, narrow, NULL);
        tcase_add_loop_test(t, floats, 0, all);
        tcase_add_loop_test(t, bfloats, 0, all);
        tcase_add_loop_test(t, floats_on_the_way, 0, all);
        tcase_add_loop_test(t, bfloats_on_the_way, 0, all);
        tcase_add_loop_test(t, threads_and_ranges_do_not_matter, 0, all);
        tcase_add_loop_test(t, nan_passes, 0, 8);
        suite_add_tcase(suite, t);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
