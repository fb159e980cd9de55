/* Folding against direct evaluation: random affine expressions over random maps, every call of fixed.h, and the geometry that a
 * point takes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/fixed/fold.h"
#include "tests/support/fixed_net.h"

enum { SIDE = 12, MOST = 16 * SIDE * SIDE, SOURCES = 3, ROUNDS = 300 };

struct map { /* a value evaluated directly */
    uint32_t k, h, w;
    double v[MOST];
};

static struct cnas_point points[SOURCES];
static struct map source[SOURCES];
static const struct cnas_model model = {.points = points, .n_points = SOURCES};

/* The folded value's own formula. */
static void evaluate(double *out, const struct fold_value *v)
{
    for (uint32_t k = 0; k < v->k; k++)
        for (uint32_t i = 0; i < v->h; i++)
            for (uint32_t j = 0; j < v->w; j++) {
                double sum = v->bias[k];
                for (size_t n = 0; n < v->n_terms; n++) {
                    const struct fold_term *t = &v->terms[n];
                    const struct map *x = &source[t->src];
                    for (uint32_t c = 0; c < t->c; c++)
                        for (int64_t a = 0; a < t->kh; a++)
                            for (int64_t b = 0; b < t->kw; b++) {
                                int64_t r = i * t->stride + a - t->pad_y, q = j * t->stride + b - t->pad_x;
                                if (r >= 0 && r < x->h && q >= 0 && q < x->w)
                                    sum += t->w[((k * t->c + c) * t->kh + a) * t->kw + b] * x->v[(c * x->h + r) * x->w + q];
                            }
                }
                out[(k * v->h + i) * v->w + j] = sum;
            }
}

static void same(const struct cnas_fold *f, uint32_t slot, const struct map *m, uint64_t seed)
{
    static double folded[MOST];
    const struct fold_value *v = &f->slots[slot];
    ck_assert_uint_eq(v->k, m->k);
    ck_assert_uint_eq(v->h, m->h);
    ck_assert_uint_eq(v->w, m->w);
    evaluate(folded, v);
    for (uint32_t i = 0; i < m->k * m->h * m->w; i++)
        ck_assert_msg(fabs(folded[i] - m->v[i]) < 1e-9 * (1 + fabs(m->v[i])), "seed %lu: element %u is %.12g, folded %.12g",
                      (unsigned long)seed, i, m->v[i], folded[i]);
}

static void fill(float *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        w[i] = (float)random_real();
}

/* A convolution (random geometry, pad only where it is allowed) of slot x; the direct map goes to y. */
static void conv_step(struct cnas_fold *f, uint32_t y, uint32_t x, struct map *out, const struct map *in, uint32_t pad)
{
    static float w[16 * 16 * 9], bias[16];
    struct cnas_conv_shape s = {.c = in->k, .h = in->h, .w = in->w, .dilation = 1, .groups = 1};
    s.kh = 1 + random_below(in->h + 2 * pad < 3 ? in->h + 2 * pad : 3);
    s.kw = 1 + random_below(in->w + 2 * pad < 3 ? in->w + 2 * pad : 3);
    s.pad_y = pad;
    s.pad_x = pad;
    s.stride = 1 + random_below(2);
    if (s.kh * 2 - 1 <= in->h && s.kw * 2 - 1 <= in->w)
        s.dilation += random_below(2);
    s.oh = (in->h + 2 * s.pad_y - s.dilation * (s.kh - 1) - 1) / s.stride + 1;
    s.ow = (in->w + 2 * s.pad_x - s.dilation * (s.kw - 1) - 1) / s.stride + 1;
    if (in->k % 2 == 0 && random_below(3) == 0)
        s.groups = 2;
    s.k = s.groups * (1 + random_below(3));
    fill(w, (size_t)s.k * s.c * s.kh * s.kw);
    fill(bias, s.k);
    const float *b = random_below(2) ? bias : NULL;
    ck_assert_int_eq(cnas_fold_conv(f, y, x, w, b, &s), CNAS_OK);
    *out = (struct map){.k = s.k, .h = s.oh, .w = s.ow};
    plain_conv(out->v, in->v, w, b, &s);
}

static void pool_step(struct cnas_fold *f, uint32_t y, uint32_t x, struct map *out, const struct map *in)
{
    static float ones[16 * 9];
    struct cnas_conv_shape s = {.c = in->k, .h = in->h, .w = in->w, .k = in->k, .stride = 2, .dilation = 1, .groups = in->k};
    s.kh = in->h < 2 ? 1 : 2;
    s.kw = in->w < 2 ? 1 : 2;
    s.oh = (in->h - s.kh) / 2 + 1;
    s.ow = (in->w - s.kw) / 2 + 1;
    ck_assert_int_eq(cnas_fold_avg_pool(f, y, x, &s), CNAS_OK);
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++)
        ones[i] = (float)(1.0 / (s.kh * s.kw)); /* a power of two: exact */
    *out = (struct map){.k = in->k, .h = s.oh, .w = s.ow};
    plain_conv(out->v, in->v, ones, NULL, &s);
}

static void norm_step(struct cnas_fold *f, uint32_t y, uint32_t x, struct map *out, const struct map *in)
{
    float g[16], b[16], m[16], v[16];
    fill(g, 16);
    fill(b, 16);
    fill(m, 16);
    fill(v, 16);
    for (int i = 0; i < 16; i++)
        v[i] = fabsf(v[i]);
    ck_assert_int_eq(cnas_fold_batch_norm(f, y, x, g, b, m, v, 0.01f), CNAS_OK);
    *out = *in;
    for (uint32_t i = 0; i < in->k * in->h * in->w; i++) {
        uint32_t c = i / (in->h * in->w);
        out->v[i] = (in->v[i] - m[c]) / sqrt((double)v[c] + 0.01f) * g[c] + b[c];
    }
}

static void subsample_step(struct cnas_fold *f, uint32_t y, uint32_t x, struct map *out, const struct map *in)
{
    uint32_t stride = 1 + random_below(3), oy = random_below(in->h < stride ? in->h : stride),
             ox = random_below(in->w < stride ? in->w : stride);
    ck_assert_int_eq(cnas_fold_subsample(f, y, x, stride, oy, ox), CNAS_OK);
    *out = (struct map){.k = in->k, .h = (in->h - oy - 1) / stride + 1, .w = (in->w - ox - 1) / stride + 1};
    for (uint32_t c = 0; c < in->k; c++)
        for (uint32_t i = 0; i < out->h; i++)
            for (uint32_t j = 0; j < out->w; j++)
                out->v[(c * out->h + i) * out->w + j] = in->v[(c * in->h + i * stride + oy) * in->w + j * stride + ox];
}

/* Channels and a window of the map, that may reach over the edges where the value is zero there. */
static void slice_step(struct cnas_fold *f, uint32_t y, uint32_t x, struct map *out, const struct map *in, int pad)
{
    struct cnas_slice_shape s = {.c = in->k, .h = in->h, .w = in->w, .channel = random_below(in->k)};
    s.row = pad ? -(int32_t)random_below(3) : (int32_t)random_below(in->h);
    s.column = pad ? -(int32_t)random_below(3) : (int32_t)random_below(in->w);
    s.oc = 1 + random_below(in->k - s.channel);
    s.oh = pad ? (uint32_t)((int32_t)in->h - s.row) + random_below(2) : 1 + random_below(in->h - (uint32_t)s.row);
    s.ow = pad ? (uint32_t)((int32_t)in->w - s.column) + random_below(2) : 1 + random_below(in->w - (uint32_t)s.column);
    ck_assert_int_eq(cnas_fold_slice(f, y, x, &s), CNAS_OK);
    *out = (struct map){.k = s.oc, .h = s.oh, .w = s.ow};
    for (uint32_t c = 0; c < s.oc; c++)
        for (uint32_t i = 0; i < s.oh; i++)
            for (uint32_t j = 0; j < s.ow; j++) {
                const int64_t r = (int64_t)i + s.row, q = (int64_t)j + s.column;
                out->v[(c * s.oh + i) * s.ow + j] =
                    r < 0 || r >= in->h || q < 0 || q >= in->w ? 0 : in->v[((c + s.channel) * in->h + r) * in->w + q];
            }
}

static void join_step(struct cnas_fold *f, uint32_t y, uint32_t a, uint32_t b, struct map *out, const struct map *p, const struct map *q,
                      int stack)
{
    const uint32_t x[] = {a, b};
    ck_assert_int_eq(stack ? cnas_fold_concat(f, y, x, 2) : cnas_fold_add(f, y, x, 2), CNAS_OK);
    const size_t n = (size_t)p->k * p->h * p->w, r = (size_t)q->k * q->h * q->w;
    *out = (struct map){.k = stack ? p->k + q->k : p->k, .h = p->h, .w = p->w};
    memcpy(out->v, p->v, n * sizeof *p->v);
    for (size_t i = 0; i < r; i++)
        out->v[stack ? n + i : i] = (stack ? 0 : p->v[i]) + q->v[i];
}

static void linear_step(struct cnas_fold *f, uint32_t y, uint32_t x, uint32_t spare, struct map *out, const struct map *in, int global)
{
    static float w[4 * MOST], bias[4];
    struct map pooled = *in;
    if (global) {
        ck_assert_int_eq(cnas_fold_global_avg_pool(f, spare, x), CNAS_OK);
        pooled = (struct map){.k = in->k, .h = 1, .w = 1};
        for (uint32_t i = 0; i < in->k * in->h * in->w; i++)
            pooled.v[i / (in->h * in->w)] += in->v[i] / (in->h * in->w);
    } else {
        ck_assert_int_eq(cnas_fold_flatten(f, spare, x), CNAS_OK);
    }
    const uint32_t n = pooled.k * pooled.h * pooled.w;
    fill(w, 4 * (size_t)n);
    fill(bias, 4);
    ck_assert_int_eq(cnas_fold_linear(f, y, spare, w, bias, n, 4), CNAS_OK);
    *out = (struct map){.k = 4, .h = 1, .w = 1};
    for (uint32_t k = 0; k < 4; k++) {
        out->v[k] = bias[k];
        for (uint32_t i = 0; i < n; i++)
            out->v[k] += (double)w[k * n + i] * pooled.v[i];
    }
}

START_TEST(random_expressions)
{
    static struct map now, next, other, branch;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct cnas_fold *f;
        random_state = 1000 + round;
        uint32_t h = 1 + random_below(SIDE), w = 1 + random_below(SIDE), slot = 1;
        for (uint32_t p = 0; p < SOURCES; p++) {
            points[p] = (struct cnas_point){.c = 1 + random_below(3), .h = h, .w = w};
            source[p] = (struct map){.k = points[p].c, .h = h, .w = w};
            for (uint32_t i = 0; i < points[p].c * h * w; i++)
                source[p].v[i] = random_real();
        }
        ck_assert_int_eq(cn_fold_new(&f, &model), CNAS_OK);
        ck_assert_int_eq(cnas_fold_source(f, 0, random_below(SOURCES)), CNAS_OK);
        now = source[f->slots[0].terms[0].src];
        if (random_below(2)) { /* padding is allowed on points and stacks of points */
            uint32_t second = random_below(SOURCES);
            ck_assert_int_eq(cnas_fold_source(f, 5, second), CNAS_OK);
            join_step(f, 6, 0, 5, &next, &now, &source[second], 1);
            uint32_t padded = 6;
            if (random_below(2)) { /* what was padded is zero outside too, so that the convolution may pad again */
                slice_step(f, 7, 6, &other, &next, 1);
                same(f, 7, &other, random_state);
                next = other;
                padded = 7;
            }
            conv_step(f, 0, padded, &now, &next, 1 + random_below(2));
            same(f, 0, &now, random_state);
        }
        for (uint32_t step = 0; step < 4; step++) {
            uint32_t x = slot ^ 1, kind = random_below(7);
            if (kind <= 1) {
                conv_step(f, slot, x, &next, &now, 0);
            } else if (kind == 2) {
                pool_step(f, slot, x, &next, &now);
            } else if (kind == 3) {
                norm_step(f, slot, x, &next, &now);
            } else if (kind == 4) {
                subsample_step(f, slot, x, &next, &now);
            } else if (kind == 5) {
                slice_step(f, slot, x, &next, &now, 0);
            } else {
                /* two branches of the same value meet: kernels of different extents over the same sources */
                norm_step(f, 5, x, &branch, &now);
                norm_step(f, 6, x, &other, &now);
                join_step(f, slot, 5, 6, &next, &branch, &other, now.k <= 5 && random_below(2));
            }
            now = next;
            same(f, slot, &now, random_state);
            slot ^= 1;
        }
        linear_step(f, 8, slot ^ 1, 7, &next, &now, (int)random_below(2));
        same(f, 8, &next, random_state);
        cn_fold_free(&f);
    }
}
END_TEST

/* Branches with different padding and kernels over one source are aligned: 3x3 with padding 1, 1x1, 5x5 with padding 2. */
START_TEST(alignment)
{
    static struct map now[4];
    struct cnas_fold *f;
    static float w[3 * 2 * 25];
    points[0] = (struct cnas_point){.c = 2, .h = 7, .w = 6};
    source[0] = (struct map){.k = 2, .h = 7, .w = 6};
    for (int i = 0; i < 2 * 42; i++)
        source[0].v[i] = random_real();
    ck_assert_int_eq(cn_fold_new(&f, &model), CNAS_OK);
    ck_assert_int_eq(cnas_fold_source(f, 0, 0), CNAS_OK);
    for (uint32_t i = 0; i < 3; i++) {
        const uint32_t kernel[] = {3, 1, 5};
        struct cnas_conv_shape s = {2, 7, 6, 3, 7, 6, kernel[i], kernel[i], 1, kernel[i] / 2, kernel[i] / 2, 1, 1};
        fill(w, sizeof w / sizeof *w);
        ck_assert_int_eq(cnas_fold_conv(f, 1 + i, 0, w, NULL, &s), CNAS_OK);
        now[i] = (struct map){.k = 3, .h = 7, .w = 6};
        plain_conv(now[i].v, source[0].v, w, NULL, &s);
    }
    const uint32_t x[] = {1, 2, 3};
    ck_assert_int_eq(cnas_fold_add(f, 4, x, 3), CNAS_OK);
    now[3] = now[0];
    for (int i = 0; i < 3 * 42; i++)
        now[3].v[i] += now[1].v[i] + now[2].v[i];
    same(f, 4, &now[3], 0);
    ck_assert_uint_eq(f->slots[4].n_terms, 1);
    ck_assert_int_eq(f->slots[4].terms[0].kh, 5);
    ck_assert_int_eq(f->slots[4].terms[0].pad_y, 2);
    cn_fold_free(&f);
}
END_TEST

/* The whole small network: the points' kernels give what the layers give. */
START_TEST(network)
{
    static float w[NET_PARAMS];
    static double x[NET_POINTS][405], z[405], t[405], u[405];
    struct cnas_fold *f;
    net_random_params(w);
    ck_assert_int_eq(cn_fold_new(&f, &net_model), CNAS_OK);
    ck_assert_int_eq(net_fold(f, w), CNAS_OK);
    for (uint32_t p = 0; p < NET_POINTS; p++) /* each point alone: any values will do as its sources */
        for (int i = 0; i < 405; i++)
            x[p][i] = random_real();
    for (uint32_t p = 1; p < NET_POINTS; p++) {
        const struct cnas_point *point = &net_points[p];
        const uint32_t size = point->c * point->h * point->w;
        for (uint32_t i = 0; i < size; i++)
            z[i] = f->bias[p][i / (point->h * point->w)];
        for (uint32_t n = point->first_term; n < point->first_term + point->n_terms; n++) {
            const struct cnas_term *term = &net_terms[n];
            const struct cnas_point *s = &net_points[term->src];
            for (uint32_t o = 0; o < size; o++) {
                uint32_t k = o / (point->h * point->w), i = o / point->w % point->h, j = o % point->w;
                for (uint32_t c = 0; c < s->c; c++)
                    for (uint32_t a = 0; a < term->kh; a++)
                        for (uint32_t b = 0; b < term->kw; b++) {
                            int64_t r = (int64_t)i * term->stride + a - term->pad_y, q = (int64_t)j * term->stride + b - term->pad_x;
                            if (r >= 0 && r < s->h && q >= 0 && q < s->w)
                                z[o] += f->weights[n][((k * s->c + c) * term->kh + a) * term->kw + b] *
                                        x[term->src][(c * s->h + r) * s->w + q];
                        }
            }
        }
        const struct cnas_conv_shape conv_a = {2, 9, 9, 4, 9, 9, 3, 3, 1, 1, 1, 1, 1}, conv_b = {6, 9, 9, 3, 9, 9, 1, 1, 1, 0, 0, 1, 1},
                                     conv_c = {3, 9, 9, 5, 5, 5, 3, 3, 2, 1, 1, 1, 1}, conv_s = {4, 9, 9, 5, 5, 5, 1, 1, 2, 0, 0, 1, 1};
        switch (p) {
        case NET_A:
            plain_conv(t, x[NET_IN], w + W_A, w + B_A, &conv_a);
            break;
        case NET_B: {
            static double both[6 * 81];
            memcpy(both, x[NET_A], 4 * 81 * sizeof *both);
            memcpy(both + 4 * 81, x[NET_IN], 2 * 81 * sizeof *both);
            plain_conv(t, both, w + W_B, NULL, &conv_b);
            for (int i = 0; i < 3 * 81; i++)
                t[i] = (t[i] - w[BN_B + 6 + i / 81]) / sqrt(w[BN_B + 9 + i / 81] + (double)1e-5f) * w[BN_B + i / 81] + w[BN_B + 3 + i / 81];
            break;
        }
        case NET_C:
            plain_conv(t, x[NET_B], w + W_C, w + B_C, &conv_c);
            break;
        case NET_D:
            plain_conv(t, x[NET_A], w + W_S, NULL, &conv_s);
            for (int i = 0; i < 125; i++)
                t[i] += x[NET_C][i];
            break;
        default:
            for (int c = 0; c < 5; c++) {
                u[c] = 0;
                for (int i = 0; i < 25; i++)
                    u[c] += x[NET_C][25 * c + i] / 25;
                for (int i = 0; i < 4; i++) {
                    const double *d = x[NET_D] + 25 * c + i / 2 * 10 + i % 2 * 2;
                    u[5 + 4 * c + i] = (d[0] + d[1] + d[5] + d[6]) / 4;
                }
            }
            for (int k = 0; k < 4; k++) {
                t[k] = w[B_D + k];
                for (int i = 0; i < 20; i++)
                    t[k] += w[W_D + 20 * k + i] * u[5 + i];
                for (int i = 0; i < 5; i++)
                    t[k] += w[W_G + 5 * k + i] * u[i];
            }
        }
        for (uint32_t i = 0; i < size; i++)
            ck_assert_msg(fabs(z[i] - t[i]) < 1e-9, "point %u element %u: %.12g, folded %.12g", p, i, t[i], z[i]);
    }
    cn_fold_free(&f);
}
END_TEST

/* Padding of a value with a bias would be wrong at the border: refused loudly. */
START_TEST(padding_a_bias_aborts)
{
    struct cnas_fold *f;
    float w[9] = {1}, bias[1] = {1};
    points[0] = (struct cnas_point){.c = 1, .h = 4, .w = 4};
    ck_assert_int_eq(cn_fold_new(&f, &model), CNAS_OK);
    ck_assert_int_eq(cnas_fold_source(f, 0, 0), CNAS_OK);
    ck_assert_int_eq(cnas_fold_conv(f, 1, 0, w, bias, &(struct cnas_conv_shape){1, 4, 4, 1, 4, 4, 1, 1, 1, 0, 0, 1, 1}), CNAS_OK);
    (void)!cnas_fold_conv(f, 2, 1, w, NULL, &(struct cnas_conv_shape){1, 4, 4, 1, 4, 4, 3, 3, 1, 1, 1, 1, 1});
}
END_TEST

/* A point whose terms are not the model's. */
START_TEST(wrong_geometry_aborts)
{
    struct cnas_fold *f;
    static float w[NET_PARAMS];
    ck_assert_int_eq(cn_fold_new(&f, &net_model), CNAS_OK);
    ck_assert_int_eq(cnas_fold_source(f, 0, NET_IN), CNAS_OK);
    ck_assert_int_eq(cnas_fold_conv(f, 1, 0, w, NULL, &(struct cnas_conv_shape){2, 9, 9, 4, 9, 9, 5, 5, 1, 2, 2, 1, 1}), CNAS_OK);
    (void)!cnas_fold_point(f, NET_A, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fixed_fold");
    TCase *t = tcase_create("fold");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, random_expressions);
    tcase_add_test(t, alignment);
    tcase_add_test(t, network);
    tcase_add_test_raise_signal(t, padding_a_bias_aborts, 6);
    tcase_add_test_raise_signal(t, wrong_geometry_aborts, 6);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
