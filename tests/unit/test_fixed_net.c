/* Integers: linear segments against a naive evaluation modulo 2^l, the quantised network against naive integers and against the
 * float network, and files: identity, refusal of other networks and of every damaged byte. */
#define _GNU_SOURCE
#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/fixed/fold.h"
#include "runtime/fixed/quant.h"
#include "runtime/fixed/segment.h"
#include "tests/support/fixed_net.h"

enum { IMAGES = 40, PIXELS = 2 * 81 };

static char directory[] = "/tmp/cnas-fixed-XXXXXX";
static char file[64], other_file[64];
static float params[NET_PARAMS], images[IMAGES * PIXELS];
static struct cnas_ctx *ctx;

/* The linker sends every free here (see fixed.mk): while watching, counts freed blocks that hold the weights. */
void __real_free(void *p);
void __wrap_free(void *p);
static const int32_t *watched; /* 8 of them */
static int leaks;
void __wrap_free(void *p)
{
    if (p && watched && p != watched && memmem(p, malloc_usable_size(p), watched, 8 * sizeof *watched))
        leaks++;
    __real_free(p);
}

static void setup(void)
{
    random_state = 7;
    net_random_params(params);
    for (int i = 0; i < IMAGES * PIXELS; i++)
        images[i] = (float)random_real() + 1;
    ck_assert_int_eq(cnas_ctx_new(&ctx, 2), CNAS_OK);
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(file, sizeof file, "%s/q.safetensors", directory);
    snprintf(other_file, sizeof other_file, "%s/r.safetensors", directory);
}

static void teardown(void)
{
    cnas_ctx_free(&ctx);
    unlink(file);
    unlink(other_file);
    ck_assert_int_eq(rmdir(directory), 0); /* nothing temporary was left behind */
}

/* z of one point in plain 64-bit arithmetic, which is exact modulo 2^64 and so modulo 2^l. */
static void naive_segment(uint64_t *z, const struct cnas_fixed *q, const struct cnas_model *m, uint32_t p, const uint64_t *const *values)
{
    const struct cnas_point *point = &m->points[p];
    for (uint32_t k = 0, o = 0; k < point->c; k++)
        for (uint32_t i = 0; i < point->h; i++)
            for (uint32_t j = 0; j < point->w; j++, o++) {
                z[o] = cn_fixed_bias(q, p)[k];
                for (uint32_t n = point->first_term; n < point->first_term + point->n_terms; n++) {
                    const struct cnas_term *t = &m->terms[n];
                    const struct cnas_point *s = &m->points[t->src];
                    for (uint32_t c = 0; c < s->c; c++)
                        for (uint32_t a = 0; a < t->kh; a++)
                            for (uint32_t b = 0; b < t->kw; b++) {
                                int64_t r = (int64_t)i * t->stride + a - t->pad_y, x = (int64_t)j * t->stride + b - t->pad_x;
                                if (r >= 0 && r < s->h && x >= 0 && x < s->w)
                                    z[o] += (uint64_t)(int64_t)cn_fixed_weights(q, n)[((k * s->c + c) * t->kh + a) * t->kw + b] *
                                            values[t->src][(c * s->h + r) * s->w + x];
                            }
                }
                z[o] &= cn_ring_mask(q->plan.ring_bits);
            }
}

/* Random maps and kernels, also with kernels that start inside the map, and extreme numbers. */
START_TEST(segments_are_exact)
{
    for (int round = 0; round < 200; round++) {
        random_state = 500 + (uint64_t)round;
        struct cnas_point points[4] = {{"in", CNAS_POINT_INPUT, 1 + random_below(5), 1 + random_below(9), 1 + random_below(9), 0, 0}};
        struct cnas_term terms[3];
        for (uint32_t s = 1; s < 3; s++) /* two more sources; nothing enters them here */
            points[s] = (struct cnas_point){"s", CNAS_POINT_RELU, 1 + random_below(5), 1 + random_below(9), 1 + random_below(9), 0, 0};
        points[3] = (struct cnas_point){"z", CNAS_POINT_OUTPUT, 1 + random_below(6), 1 + random_below(7), 1 + random_below(7), 0, 3};
        for (uint32_t t = 0; t < 3; t++)
            terms[t] = (struct cnas_term){3, t, 1 + random_below(4), 1 + random_below(4), 1 + random_below(3), (int32_t)random_below(5) - 2,
                                          (int32_t)random_below(5) - 2};
        const struct cnas_model m = {.points = points, .n_points = 4, .terms = terms, .n_terms = 3};
        struct cnas_fixed *q;
        struct cn_fixed_workspace *ws;
        ck_assert_int_eq(cn_quant_new(&q, &m), CNAS_OK);
        q->plan.ring_bits = CN_RING_BITS_MIN + random_below(CN_RING_BITS_MAX - CN_RING_BITS_MIN + 1);
        q->plan.weight_bits = CN_WEIGHT_BITS_MIN + random_below(CN_WEIGHT_BITS_MAX - CN_WEIGHT_BITS_MIN + 1);
        const uint64_t mask = cn_ring_mask(q->plan.ring_bits);
        const int32_t top = (1 << (q->plan.weight_bits - 1)) - 1;
        const int extreme = round % 4 == 0;
        for (size_t i = 0; i < q->weight_at[3]; i++)
            q->weights[i] = extreme ? (random_below(9) ? top : -top) : (int32_t)random_below(2 * (uint32_t)top + 1) - top;
        for (size_t i = 0; i < q->bias_at[4]; i++)
            q->bias[i] = random_u64() & mask;
        cn_quant_seal(q);
        uint64_t value[3][405], z[294], expected[294];
        const uint64_t *values[3] = {value[0], value[1], value[2]};
        for (int s = 0; s < 3; s++)
            for (int i = 0; i < 405; i++)
                value[s][i] = extreme ? mask >> (random_below(9) == 0) : random_u64() & mask; /* -1 or the largest positive */
        ck_assert_int_eq(cn_fixed_workspace_new(&ws, q, &m), CNAS_OK);
        cn_fixed_segment(z, q, &m, ws, 3, values);
        naive_segment(expected, q, &m, 3, values);
        for (size_t i = 0; i < cn_point_size(&m, 3); i++)
            ck_assert_msg(z[i] == expected[i], "round %d, element %zu: %lx, not %lx (l = %u)", round, i, (long)z[i], (long)expected[i],
                          q->plan.ring_bits);
        cn_fixed_workspace_free(&ws);
        cnas_fixed_free(&q);
    }
}
END_TEST

/* Large odd numbers in long sums: the case in which a double would round if limbs were a bit too wide. */
START_TEST(long_sums_are_exact)
{
    const struct cnas_point points[2] = {{"in", CNAS_POINT_INPUT, 300, 4, 4, 0, 0}, {"z", CNAS_POINT_OUTPUT, 3, 4, 4, 0, 1}};
    const struct cnas_term terms[1] = {{1, 0, 3, 3, 1, 1, 1}};
    const struct cnas_model m = {.points = points, .n_points = 2, .terms = terms, .n_terms = 1};
    for (uint32_t weight_bits = 4; weight_bits <= 24; weight_bits += 5)
        for (uint32_t l = 20; l <= 60; l += 8) {
            struct cnas_fixed *q;
            struct cn_fixed_workspace *ws;
            ck_assert_int_eq(cn_quant_new(&q, &m), CNAS_OK);
            q->plan.ring_bits = l;
            q->plan.weight_bits = weight_bits;
            for (size_t i = 0; i < q->weight_at[1]; i++)
                q->weights[i] = (1 << (weight_bits - 1)) - 1 - (int32_t)random_below(2);
            cn_quant_seal(q);
            static uint64_t value[300 * 16], z[48], expected[48];
            const uint64_t *values[1] = {value};
            for (int i = 0; i < 300 * 16; i++)
                value[i] = (cn_ring_mask(l) >> 1) - random_below(4);
            ck_assert_int_eq(cn_fixed_workspace_new(&ws, q, &m), CNAS_OK);
            cn_fixed_segment(z, q, &m, ws, 1, values);
            naive_segment(expected, q, &m, 1, values);
            ck_assert_mem_eq(z, expected, sizeof z);
            cn_fixed_workspace_free(&ws);
            cnas_fixed_free(&q);
        }
}
END_TEST

static struct cnas_fixed *make(uint32_t activation_bits, uint32_t weight_bits, uint32_t ring_bits)
{
    struct cnas_fixed *q;
    struct cnas_error err;
    const struct cnas_fixed_options o = {.activation_bits = activation_bits, .weight_bits = weight_bits, .ring_bits = ring_bits};
    ck_assert_msg(!cnas_fixed_make(&q, ctx, &net_model, params, images, IMAGES, &o, &err), "%s", err.text);
    return q;
}

/* The network on plain integers, activation written from the header's words: add half (in the bias), max with 0, drop low bits. */
static void naive_network(int64_t *logits, const struct cnas_fixed *q, const uint64_t *input)
{
    static uint64_t value[NET_POINTS][405];
    const uint64_t *values[NET_POINTS];
    for (int p = 0; p < NET_POINTS; p++)
        values[p] = value[p];
    memcpy(value[0], input, PIXELS * sizeof *input);
    for (uint32_t p = 1; p < NET_POINTS; p++) {
        naive_segment(value[p], q, &net_model, p, values);
        for (size_t i = 0; i < cn_point_size(&net_model, p); i++) {
            int64_t v = (int64_t)value[p][i], modulus = (int64_t)1 << q->plan.ring_bits;
            v -= v >= modulus / 2 ? modulus : 0;
            if (net_points[p].kind == CNAS_POINT_RELU && v < 0)
                v = 0;
            for (int s = 0; s < q->plan.shift[p]; s++)
                v = v < 0 ? -((1 - v) / 2) : v / 2; /* towards minus infinity */
            value[p][i] = (uint64_t)v & cn_ring_mask(q->plan.ring_bits);
            if (p == NET_OUT)
                logits[i] = v;
        }
    }
}

/* The folded network in double precision, plainly. */
static void float_network(double *logits, const struct cnas_fold *f, const float *image)
{
    static double value[NET_POINTS][405];
    for (int i = 0; i < PIXELS; i++)
        value[0][i] = image[i];
    for (uint32_t p = 1; p < NET_POINTS; p++) {
        const struct cnas_point *point = &net_points[p];
        for (uint32_t o = 0; o < cn_point_size(&net_model, p); o++) {
            const uint32_t k = o / (point->h * point->w), i = o / point->w % point->h, j = o % point->w;
            double z = f->bias[p][k];
            for (uint32_t n = point->first_term; n < point->first_term + point->n_terms; n++) {
                const struct cnas_term *t = &net_terms[n];
                const struct cnas_point *s = &net_points[t->src];
                for (uint32_t c = 0; c < s->c; c++)
                    for (uint32_t a = 0; a < t->kh; a++)
                        for (uint32_t b = 0; b < t->kw; b++) {
                            int64_t r = (int64_t)i * t->stride + a - t->pad_y, x = (int64_t)j * t->stride + b - t->pad_x;
                            if (r >= 0 && r < s->h && x >= 0 && x < s->w)
                                z += f->weights[n][((k * s->c + c) * t->kh + a) * t->kw + b] * value[t->src][(c * s->h + r) * s->w + x];
                        }
            }
            value[p][o] = point->kind == CNAS_POINT_RELU && z < 0 ? 0 : z;
        }
    }
    memcpy(logits, value[NET_OUT], 4 * sizeof *logits);
}

/* Root mean square of the logits' error against float, relative to the logits. */
static double logit_error(const struct cnas_fixed *q)
{
    static uint64_t input[IMAGES * PIXELS];
    static int64_t sums[IMAGES * 4], expected[4];
    const struct cnas_fixed_plan *plan = cnas_fixed_plan(q);
    struct cnas_fold *f;
    double power = 0, error = 0;
    ck_assert_int_eq(cn_fold_new(&f, &net_model), CNAS_OK);
    ck_assert_int_eq(net_fold(f, params), CNAS_OK);
    for (int i = 0; i < IMAGES; i++)
        cnas_fixed_input(input + i * PIXELS, images + i * PIXELS, &net_model, plan);
    ck_assert_int_eq(cnas_fixed_infer(q, &net_model, ctx, sums, input, IMAGES), CNAS_OK);
    for (int i = 0; i < IMAGES; i++) {
        double logits[4];
        naive_network(expected, q, input + i * PIXELS);
        ck_assert_mem_eq(expected, sums + 4 * i, sizeof expected); /* integers: bit for bit */
        float_network(logits, f, images + i * PIXELS);
        for (int c = 0; c < 4; c++) {
            double e = ldexp((double)sums[4 * i + c], -plan->frac[NET_OUT]) - logits[c];
            power += logits[c] * logits[c];
            error += e * e;
        }
    }
    cn_fold_free(&f);
    return sqrt(error / power);
}

START_TEST(network_matches_naive_integers_and_float)
{
    static const struct {
        uint32_t activation_bits, weight_bits, ring_bits;
        double rms;
    } cases[] = {{16, 20, 44, 1e-4}, {10, 14, 30, 1e-2}, {8, 14, 24, 0.04}, {6, 5, 20, 0.5}, {0, 0, 0, 0.2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cnas_fixed *q = make(cases[i].activation_bits, cases[i].weight_bits, cases[i].ring_bits);
        double rms = logit_error(q);
        ck_assert_msg(rms < cases[i].rms, "case %zu (ring %u): the error is %.5f of the logits", i, q->plan.ring_bits, rms);
                if (cases[i].ring_bits)
            ck_assert_uint_eq(q->plan.ring_bits, cases[i].ring_bits);
        cnas_fixed_free(&q);
    }
}
END_TEST

/* With coarse weights and inputs far from mean zero, each channel of the first sum is right on average to about a unit: rounding alone
 * would leave half a unit of weight times the mean input. */
START_TEST(mean_error_is_taken_away)
{
    static uint64_t input[PIXELS], z[324];
    static double exact[324];
    const struct cnas_conv_shape conv_a = {2, 9, 9, 4, 9, 9, 3, 3, 1, 1, 1, 1, 1};
    double mean[4] = {0}, x[PIXELS];
    struct cnas_fixed *q = make(12, 5, 30);
    struct cn_fixed_workspace *ws;
    const int scale = q->plan.frac[NET_A] + q->plan.shift[NET_A];
    ck_assert_int_eq(cn_fixed_workspace_new(&ws, q, &net_model), CNAS_OK);
    for (int n = 0; n < IMAGES; n++) {
        const uint64_t *values[] = {input};
        cnas_fixed_input(input, images + n * PIXELS, &net_model, &q->plan);
        cn_fixed_segment(z, q, &net_model, ws, NET_A, values);
        for (int i = 0; i < PIXELS; i++)
            x[i] = images[n * PIXELS + i];
        plain_conv(exact, x, params + W_A, params + B_A, &conv_a);
        for (int i = 0; i < 324; i++)
            mean[i / 81] += ((double)cn_fixed_signed(z[i], 30) - ldexp(1, q->plan.shift[NET_A] - 1) - ldexp(exact[i], scale)) / (81 * IMAGES);
    }
    for (int k = 0; k < 4; k++)
        ck_assert_msg(fabs(mean[k]) < 4, "channel %d: %g", k, mean[k]);
    cn_fixed_workspace_free(&ws);
    cnas_fixed_free(&q);
}
END_TEST

/* Scales, widths, and the rounding of whole kernels: every kernel's sum is right to half a unit. */
START_TEST(plan_is_consistent)
{
    struct cnas_fixed *q = make(0, 0, 0);
    const struct cnas_fixed_plan *plan = cnas_fixed_plan(q);
    struct cnas_fold *f;
    ck_assert_int_eq(cn_fold_new(&f, &net_model), CNAS_OK);
    ck_assert_int_eq(net_fold(f, params), CNAS_OK);
    ck_assert_uint_eq(plan->n_points, NET_POINTS);
    ck_assert_uint_ge(plan->ring_bits, 16);
    ck_assert_uint_le(plan->ring_bits, 30);
    ck_assert_uint_eq(plan->shift[NET_IN], 0);
    ck_assert_uint_eq(plan->shift[NET_OUT], 0);
    int32_t largest = 0;
    for (uint32_t t = 0; t < net_model.n_terms; t++) {
        const struct cnas_term *term = &net_terms[t];
        const uint32_t kernel = term->kh * term->kw;
        const int x = plan->frac[term->dst] + plan->shift[term->dst] - plan->frac[term->src];
        for (size_t i = 0; i < cn_term_size(&net_model, t); i += kernel) {
            double exact = 0;
            int64_t rounded = 0;
            for (size_t j = i; j < i + kernel; j++) {
                exact += ldexp(f->weights[t][j], x);
                rounded += q->weights[q->weight_at[t] + j];
                largest = abs(q->weights[q->weight_at[t] + j]) > largest ? abs(q->weights[q->weight_at[t] + j]) : largest;
                ck_assert(fabs(ldexp(f->weights[t][j], x) - q->weights[q->weight_at[t] + j]) <= 1 + 1e-9);
            }
            ck_assert(fabs(exact - (double)rounded) <= 0.5 + 1e-9);
        }
    }
    ck_assert_int_lt(largest, 1 << (plan->weight_bits - 1));
    ck_assert_int_ge(largest, 1 << (plan->weight_bits - 2));
    cn_fold_free(&f);
    cnas_fixed_free(&q);
}
END_TEST

START_TEST(input_rounds_and_clamps)
{
    int8_t frac[NET_POINTS] = {3};
    uint8_t shift[NET_POINTS] = {0};
    const struct cnas_fixed_plan plan = {20, 8, NET_POINTS, frac, shift};
    static float x[PIXELS] = {0.3125f /* 2.5 */, 0.4375f /* 3.5 */, -0.3125f, 1e30f, -1e30f, NAN, -0.125f};
    static uint64_t out[PIXELS];
    cnas_fixed_input(out, x, &net_model, &plan);
    const int64_t expected[] = {2, 4, -2, 1 << 18, -(1 << 18), -(1 << 18), -1};
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(cn_fixed_signed(out[i], 20), expected[i]);
}
END_TEST

/* Weights of two bits cannot keep every label: then the ring is the widest and the widths are those that change the fewest. */
START_TEST(hopeless_widths_still_give_a_network)
{
    struct cnas_fixed *q = make(0, 2, 0);
    ck_assert_uint_eq(q->plan.ring_bits, 40);
    ck_assert_uint_eq(q->plan.weight_bits, 2);
    cnas_fixed_free(&q);
}
END_TEST

START_TEST(make_refuses)
{
    struct cnas_fixed *q = NULL;
    struct cnas_error err;
    ck_assert_int_eq(cnas_fixed_make(&q, ctx, &net_model, params, images, 0, NULL, &err), CNAS_E_RANGE);
    const struct cnas_fixed_options wide = {.weight_bits = 40}, narrow = {.ring_bits = 16, .activation_bits = 15}, low = {.ring_bits = 9};
    ck_assert_int_eq(cnas_fixed_make(&q, ctx, &net_model, params, images, 1, &wide, &err), CNAS_E_RANGE);
    ck_assert_int_eq(cnas_fixed_make(&q, ctx, &net_model, params, images, 1, &narrow, &err), CNAS_E_RANGE);
    ck_assert_int_eq(cnas_fixed_make(&q, ctx, &net_model, params, images, 1, &low, &err), CNAS_E_RANGE);
    params[0] = INFINITY;
    ck_assert_int_eq(cnas_fixed_make(&q, ctx, &net_model, params, images, 1, NULL, &err), CNAS_E_RANGE);
    ck_assert_ptr_null(q);
}
END_TEST

static long size_of(const char *path)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    fclose(f);
    return n;
}

static unsigned char *bytes_of(const char *path, long *n)
{
    *n = size_of(path);
    unsigned char *b = malloc((size_t)*n);
    FILE *f = fopen(path, "rb");
    ck_assert_uint_eq(fread(b, 1, (size_t)*n, f), (size_t)*n);
    fclose(f);
    return b;
}

static void write_bytes(const char *path, const unsigned char *b, long n)
{
    FILE *f = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(b, 1, (size_t)n, f), (size_t)n);
    fclose(f);
}

START_TEST(save_load_is_identity)
{
    struct cnas_error err;
    struct cnas_fixed *q = make(9, 10, 26), *r;
    ck_assert_int_eq(cnas_fixed_save(q, &net_model, file, &err), CNAS_OK);
    ck_assert_msg(!cnas_fixed_load(&r, &net_model, file, &err), "%s", err.text);
    ck_assert_uint_eq(q->plan.ring_bits, r->plan.ring_bits);
    ck_assert_uint_eq(q->plan.weight_bits, r->plan.weight_bits);
    ck_assert_mem_eq(q->plan.frac, r->plan.frac, NET_POINTS);
    ck_assert_mem_eq(q->plan.shift, r->plan.shift, NET_POINTS);
    ck_assert_mem_eq(q->weights, r->weights, q->weight_at[q->n_terms] * sizeof *q->weights);
    ck_assert_mem_eq(q->gemm_weights, r->gemm_weights, q->weight_at[q->n_terms] * sizeof *q->gemm_weights);
    ck_assert_mem_eq(q->bias, r->bias, q->bias_at[NET_POINTS] * sizeof *q->bias);
    ck_assert_int_eq(cnas_fixed_save(r, &net_model, other_file, &err), CNAS_OK);
    long n, k;
    unsigned char *a = bytes_of(file, &n), *b = bytes_of(other_file, &k);
    ck_assert_int_eq(n, k);
    ck_assert_mem_eq(a, b, (size_t)n);
    free(a);
    free(b);
    cnas_fixed_free(&q);
    cnas_fixed_free(&r);
}
END_TEST

START_TEST(loading_leaves_no_weights_behind)
{
    struct cnas_error err;
    struct cnas_fixed *q = make(9, 10, 26), *r;
    ck_assert_int_eq(cnas_fixed_save(q, &net_model, file, &err), CNAS_OK);
    watched = q->weights;
    ck_assert_int_eq(cnas_fixed_load(&r, &net_model, file, &err), CNAS_OK);
    cnas_fixed_free(&r);
    ck_assert_int_eq(leaks, 0);
    watched = NULL;
    cnas_fixed_free(&q);
}
END_TEST

START_TEST(other_networks_are_refused)
{
    struct cnas_error err;
    struct cnas_fixed *q = make(9, 10, 26), *r;
    struct cnas_model other = net_model;
    ck_assert_int_eq(cnas_fixed_save(q, &net_model, file, &err), CNAS_OK);
    other.digest = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    ck_assert_int_eq(cnas_fixed_load(&r, &other, file, &err), CNAS_E_MISMATCH);
    ck_assert_ptr_nonnull(strstr(err.text, "another build"));
    other = net_model;
    other.name = "huge";
    ck_assert_int_eq(cnas_fixed_load(&r, &other, file, &err), CNAS_E_MISMATCH);
    ck_assert_ptr_nonnull(strstr(err.text, "`tiny`"));
    ck_assert_int_eq(cnas_fixed_load(&r, &net_model, "/nonexistent/q", &err), CNAS_E_IO);
    ck_assert_int_eq(cnas_fixed_save(q, &net_model, "/nonexistent/q", &err), CNAS_E_IO);
    cnas_fixed_free(&q);
}
END_TEST

START_TEST(damaged_files_are_refused)
{
    struct cnas_error err;
    struct cnas_fixed *q = make(9, 10, 26), *r;
    long n;
    ck_assert_int_eq(cnas_fixed_save(q, &net_model, file, &err), CNAS_OK);
    unsigned char *b = bytes_of(file, &n);
    for (long cut = 0; cut < n; cut += cut < 2000 ? 1 : 97) {
        write_bytes(other_file, b, cut);
        ck_assert_msg(cnas_fixed_load(&r, &net_model, other_file, &err) != CNAS_OK, "cut to %ld of %ld bytes", cut, n);
        ck_assert_ptr_null(r);
    }
    for (long at = 0; at < n; at += at < 2500 ? 1 : 13) {
        int bit = (int)random_below(8);
        b[at] ^= (unsigned char)(1 << bit);
        write_bytes(other_file, b, n);
        ck_assert_msg(cnas_fixed_load(&r, &net_model, other_file, &err) != CNAS_OK, "bit %d of byte %ld flipped", bit, at);
        b[at] ^= (unsigned char)(1 << bit);
    }
    free(b);
    cnas_fixed_free(&q);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fixed_net");
    TCase *t = tcase_create("integers");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, segments_are_exact);
    tcase_add_test(t, long_sums_are_exact);
    tcase_add_test(t, network_matches_naive_integers_and_float);
    tcase_add_test(t, mean_error_is_taken_away);
    tcase_add_test(t, plan_is_consistent);
    tcase_add_test(t, input_rounds_and_clamps);
    tcase_add_test(t, hopeless_widths_still_give_a_network);
    tcase_add_test(t, make_refuses);
    tcase_add_test(t, save_load_is_identity);
    tcase_add_test(t, loading_leaves_no_weights_behind);
    tcase_add_test(t, other_networks_are_refused);
    tcase_add_test(t, damaged_files_are_refused);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
