/* A small network with everything that linear segments have: padding, strides, skips, concatenation, a rescale, pooling, linear.
 * Random numbers come from a fixed seed through the tests' own generator. */
#ifndef TESTS_SUPPORT_FIXED_NET_H
#define TESTS_SUPPORT_FIXED_NET_H

#include <math.h>
#include <stdint.h>

#include <cnas/fixed.h>

static uint64_t random_state = 1;

static inline uint64_t random_u64(void) /* splitmix64 */
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
static inline uint32_t random_below(uint32_t n)
{
    return (uint32_t)(random_u64() % n);
}
static inline double random_real(void) /* -1..1 */
{
    return (double)(random_u64() >> 11) * 0x1p-52 - 1;
}

/* in 2x9x9 -> a = relu(conv3x3 p1 in, 4) -> b = relu(bn(1x1(concat(a, in))), 3) -> c = rescale(conv3x3 s2 p1 b, 5) 5x5
 * -> d = relu(c + subsample2(conv1x1 a)) 5x5 -> out = linear(flatten(avgpool2 d)) + linear(global pool(c)), 4 classes. */
enum { NET_IN, NET_A, NET_B, NET_C, NET_D, NET_OUT, NET_POINTS };
static const struct cnas_point net_points[] = {
    {"in", CNAS_POINT_INPUT, 2, 9, 9, 0, 0},   {"a", CNAS_POINT_RELU, 4, 9, 9, 0, 1}, {"b", CNAS_POINT_RELU, 3, 9, 9, 1, 2},
    {"c", CNAS_POINT_RESCALE, 5, 5, 5, 3, 1},  {"d", CNAS_POINT_RELU, 5, 5, 5, 4, 2}, {"out", CNAS_POINT_OUTPUT, 4, 1, 1, 6, 2},
};
static const struct cnas_term net_terms[] = {
    {NET_A, NET_IN, 3, 3, 1, 1, 1}, {NET_B, NET_A, 1, 1, 1, 0, 0}, {NET_B, NET_IN, 1, 1, 1, 0, 0}, {NET_C, NET_B, 3, 3, 2, 1, 1},
    {NET_D, NET_C, 1, 1, 1, 0, 0},  {NET_D, NET_A, 1, 1, 2, 0, 0}, {NET_OUT, NET_D, 4, 4, 1, 0, 0}, {NET_OUT, NET_C, 5, 5, 1, 0, 0},
};
enum { /* offsets of parameters */
    W_A = 0, B_A = W_A + 4 * 2 * 9, W_B = B_A + 4, BN_B = W_B + 3 * 6, W_C = BN_B + 4 * 3, B_C = W_C + 5 * 3 * 9,
    W_S = B_C + 5, W_D = W_S + 5 * 4, B_D = W_D + 4 * 20, W_G = B_D + 4, NET_PARAMS = W_G + 4 * 5
};

#define NET_TRY(call)                                                                                                              \
    do {                                                                                                                           \
        enum cnas_status status_ = (call);                                                                                         \
        if (status_)                                                                                                               \
            return status_;                                                                                                        \
    } while (0)

static inline enum cnas_status net_fold(struct cnas_fold *f, const float *w)
{
    const struct cnas_conv_shape a = {2, 9, 9, 4, 9, 9, 3, 3, 1, 1, 1, 1, 1}, b = {6, 9, 9, 3, 9, 9, 1, 1, 1, 0, 0, 1, 1},
                                 c = {3, 9, 9, 5, 5, 5, 3, 3, 2, 1, 1, 1, 1}, s = {4, 9, 9, 5, 9, 9, 1, 1, 1, 0, 0, 1, 1},
                                 pool = {5, 5, 5, 5, 2, 2, 2, 2, 2, 0, 0, 1, 1};
    NET_TRY(cnas_fold_source(f, 0, NET_IN));
    NET_TRY(cnas_fold_conv(f, 1, 0, w + W_A, w + B_A, &a));
    NET_TRY(cnas_fold_point(f, NET_A, 1));
    NET_TRY(cnas_fold_source(f, 1, NET_A));
    NET_TRY(cnas_fold_concat(f, 2, (const uint32_t[]){1, 0}, 2));
    NET_TRY(cnas_fold_conv(f, 3, 2, w + W_B, NULL, &b));
    NET_TRY(cnas_fold_batch_norm(f, 2, 3, w + BN_B, w + BN_B + 3, w + BN_B + 6, w + BN_B + 9, 1e-5f));
    NET_TRY(cnas_fold_point(f, NET_B, 2));
    NET_TRY(cnas_fold_source(f, 2, NET_B));
    NET_TRY(cnas_fold_conv(f, 3, 2, w + W_C, w + B_C, &c));
    NET_TRY(cnas_fold_point(f, NET_C, 3));
    NET_TRY(cnas_fold_source(f, 3, NET_C));
    NET_TRY(cnas_fold_conv(f, 4, 1, w + W_S, NULL, &s));
    NET_TRY(cnas_fold_subsample(f, 5, 4, 2, 0, 0));
    NET_TRY(cnas_fold_add(f, 6, (const uint32_t[]){3, 5}, 2));
    NET_TRY(cnas_fold_point(f, NET_D, 6));
    NET_TRY(cnas_fold_source(f, 4, NET_D));
    NET_TRY(cnas_fold_avg_pool(f, 5, 4, &pool));
    NET_TRY(cnas_fold_flatten(f, 6, 5));
    NET_TRY(cnas_fold_linear(f, 7, 6, w + W_D, w + B_D, 20, 4));
    NET_TRY(cnas_fold_global_avg_pool(f, 8, 3));
    NET_TRY(cnas_fold_linear(f, 9, 8, w + W_G, NULL, 5, 4));
    NET_TRY(cnas_fold_add(f, 10, (const uint32_t[]){7, 9}, 2));
    return cnas_fold_point(f, NET_OUT, 10);
}

static const struct cnas_model net_model = {
    .name = "tiny", .source = "tiny.cnas", .digest = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    .clear_digest = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    .c = 2, .h = 9, .w = 9, .classes = 4, .points = net_points, .n_points = NET_POINTS, .terms = net_terms,
    .n_terms = sizeof net_terms / sizeof *net_terms, .fold = net_fold, .params_floats = NET_PARAMS, .params_trained = NET_PARAMS,
};

static inline void net_random_params(float *w)
{
    for (int i = 0; i < NET_PARAMS; i++)
        w[i] = (float)(random_real() * 0.5);
    for (int i = 0; i < 3; i++) {
        w[BN_B + i] = (float)(1 + 0.3 * random_real());      /* gamma */
        w[BN_B + 9 + i] = (float)(1.2 + random_real());      /* variance */
    }
}

/* y (k, oh, ow) of one image, plainly. */
static inline void plain_conv(double *y, const double *x, const float *w, const float *bias, const struct cnas_conv_shape *s)
{
    for (uint32_t k = 0; k < s->k; k++)
        for (uint32_t i = 0; i < s->oh; i++)
            for (uint32_t j = 0; j < s->ow; j++) {
                double sum = bias ? bias[k] : 0;
                const uint32_t per_in = s->c / s->groups, group = k / (s->k / s->groups);
                for (uint32_t c = 0; c < per_in; c++)
                    for (uint32_t a = 0; a < s->kh; a++)
                        for (uint32_t b = 0; b < s->kw; b++) {
                            int64_t r = (int64_t)i * s->stride + a * s->dilation - s->pad_y;
                            int64_t q = (int64_t)j * s->stride + b * s->dilation - s->pad_x;
                            if (r >= 0 && r < s->h && q >= 0 && q < s->w)
                                sum += w[((k * per_in + c) * s->kh + a) * s->kw + b] * x[((group * per_in + c) * s->h + r) * s->w + q];
                        }
                y[(k * s->oh + i) * s->ow + j] = sum;
            }
}

#endif
