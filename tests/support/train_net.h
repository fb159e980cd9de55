/* A small network by hand and made-up images, for the tests of training. */
#ifndef TESTS_SUPPORT_TRAIN_NET_H
#define TESTS_SUPPORT_TRAIN_NET_H

#include <cnas/train.h>

#include "runtime/train/rng.h"

/* ---- a network by hand: conv 1->4 3x3, batch norm, ReLU, global average, dropout, linear 4->3; images 1x8x8 ---- */
enum { HW = 64, CH = 4, CLASSES = 3 };
enum { P_CONV = 0, P_GAMMA = 36, P_BETA = 40, P_FC = 44, P_BIAS = 56, P_TRAINED = 59, P_MEAN = 59, P_VAR = 63, P_FLOATS = 67 };
enum { A_X = 0, A_CONV = 64, A_BN = 320, A_RELU = 576, A_GAP = 832, A_DROP = 836, A_Z = 840, A_ALL = 843 };
enum { D_Z = 0, D_DROP = 3, D_GAP = 7, D_RELU = 11, D_BN = 267, D_CONV = 523, D_ALL = 779 };

static const struct cnas_param params_table[] = {
    {"conv.weight", CNAS_PARAM_WEIGHT, 4, {CH, 1, 3, 3}, P_CONV, 36}, {"bn.gamma", CNAS_PARAM_GAMMA, 1, {CH}, P_GAMMA, CH},
    {"bn.beta", CNAS_PARAM_BETA, 1, {CH}, P_BETA, CH},                {"fc.weight", CNAS_PARAM_WEIGHT, 2, {CLASSES, CH}, P_FC, 12},
    {"fc.bias", CNAS_PARAM_BIAS, 1, {CLASSES}, P_BIAS, CLASSES},      {"bn.mean", CNAS_PARAM_MEAN, 1, {CH}, P_MEAN, CH},
    {"bn.var", CNAS_PARAM_VAR, 1, {CH}, P_VAR, CH},
};
static const struct cnas_conv_shape shape = {.c = 1, .h = 8, .w = 8, .k = CH, .oh = 8, .ow = 8, .kh = 3, .kw = 3, .stride = 1,
                                             .pad_y = 1, .pad_x = 1, .dilation = 1, .groups = 1};

static void net_infer(const struct cnas_run *r)
{
    float *a = r->act, *p = r->params;
    size_t n = r->n, k = r->capacity;
    cnas_conv2d_forward(r->ctx, a + A_CONV * k, a + A_X * k, p + P_CONV, NULL, n, &shape);
    cnas_batch_norm_infer(r->ctx, a + A_BN * k, a + A_CONV * k, p + P_GAMMA, p + P_BETA, p + P_MEAN, p + P_VAR, n, CH, HW, 1e-5f);
    cnas_relu_forward(r->ctx, a + A_RELU * k, a + A_BN * k, n * CH * HW);
    cnas_global_avg_pool_forward(r->ctx, a + A_GAP * k, a + A_RELU * k, n, CH, HW);
    cnas_linear_forward(r->ctx, a + A_Z * k, a + A_GAP * k, p + P_FC, p + P_BIAS, n, CH, CLASSES);
}
static void net_forward(const struct cnas_run *r)
{
    float *a = r->act, *p = r->params;
    size_t n = r->n, k = r->capacity;
    cnas_conv2d_forward(r->ctx, a + A_CONV * k, a + A_X * k, p + P_CONV, NULL, n, &shape);
    cnas_batch_norm_train(r->ctx, a + A_BN * k, r->state, r->state + CH, p + P_MEAN, p + P_VAR, a + A_CONV * k, p + P_GAMMA,
                          p + P_BETA, n, CH, HW, 1e-5f, 0.9f);
    cnas_relu_forward(r->ctx, a + A_RELU * k, a + A_BN * k, n * CH * HW);
    cnas_global_avg_pool_forward(r->ctx, a + A_GAP * k, a + A_RELU * k, n, CH, HW);
    cnas_dropout_train(r->ctx, a + A_DROP * k, a + A_GAP * k, n * CH, 0.1f, r->seed, 0);
    cnas_linear_forward(r->ctx, a + A_Z * k, a + A_DROP * k, p + P_FC, p + P_BIAS, n, CH, CLASSES);
}
static void net_backward(const struct cnas_run *r)
{
    float *a = r->act, *d = r->dact, *p = r->params, *g = r->grads;
    size_t n = r->n, k = r->capacity;
    cnas_linear_backward(r->ctx, d + D_DROP * k, 0, g + P_FC, g + P_BIAS, d + D_Z * k, a + A_DROP * k, p + P_FC, n, CH, CLASSES);
    cnas_dropout_backward(r->ctx, d + D_GAP * k, 0, d + D_DROP * k, n * CH, 0.1f, r->seed, 0);
    cnas_global_avg_pool_backward(r->ctx, d + D_RELU * k, 0, d + D_GAP * k, n, CH, HW);
    cnas_relu_backward(r->ctx, d + D_BN * k, 0, d + D_RELU * k, a + A_RELU * k, n * CH * HW);
    cnas_batch_norm_backward(r->ctx, d + D_CONV * k, 0, g + P_GAMMA, g + P_BETA, d + D_BN * k, a + A_CONV * k, p + P_GAMMA, r->state,
                             r->state + CH, n, CH, HW);
    cnas_conv2d_backward(r->ctx, NULL, 0, g + P_CONV, NULL, d + D_CONV * k, a + A_X * k, p + P_CONV, n, &shape);
}

static const float mean1[] = {0.5f}, std1[] = {0.25f};
static const struct cnas_model model = {
    .name = "Tiny", .source = "tiny.cnas", .digest = "d16e57", .clear_digest = "d16e57", .c = 1, .h = 8, .w = 8, .classes = CLASSES, .mean = mean1, .std = std1,
    .params = params_table, .n_params = 7, .params_floats = P_FLOATS, .params_trained = P_TRAINED, .infer_floats = A_ALL,
    .train_floats = A_ALL, .grad_floats = D_ALL, .state_floats = 2 * CH, .input_offset = A_X, .infer_logits_offset = A_Z,
    .train_logits_offset = A_Z, .logits_grad_offset = D_Z, .infer = net_infer, .forward = net_forward, .backward = net_backward,
    .train = {.lr_max = 0.1, .lr_min = 0.001, .momentum = 0.9, .weight_decay = 1e-4, .nesterov = 1, .epochs = 4, .batch = 32,
              .flip = 1, .crop = 1},
};

/* Stripes across, stripes down, a checkerboard; with noise. */
enum { N = 500 };
static uint8_t pixels[2][N * HW];
static uint32_t labels[2][N];
static struct cnas_dataset data[2];

static void make_data(void)
{
    struct cn_train_rng r = cn_train_rng_make(3, CN_TRAIN_INIT, 1000, 0);
    for (int part = 0; part < 2; part++) {
        for (int i = 0; i < N; i++) {
            uint32_t label = labels[part][i] = cn_train_rng_below(&r, CLASSES);
            for (int p = 0; p < HW; p++) {
                int y = p / 8, x = p % 8, on = label == 0 ? y & 1 : label == 1 ? x & 1 : (x ^ y) & 1;
                pixels[part][i * HW + p] = (uint8_t)((on ? 150 : 20) + (int)cn_train_rng_below(&r, 80));
            }
        }
        data[part] = (struct cnas_dataset){1, 8, 8, CLASSES, N, pixels[part], labels[part]};
    }
}

/* The defaults, and two recipes that have all other parts between them. */
enum { TRAIN_RECIPES = 3 };
static inline void train_recipe(struct cnas_train_options *o, int which)
{
    cnas_train_defaults(o, &model);
    if (which == 0)
        return;
    o->label_smoothing = 0.1;
    o->ema = 0.95;
    o->clip = 1;
    o->schedule = CNAS_ONE_CYCLE;
    o->cycle_up = 0.3;
    o->cycle_start = 0.1;
    o->decay_all = which == 1;
    o->decoupled = which == 2;
    o->bias_lr = which;
    if (which == 1) {
        o->optimizer = CNAS_ADAMW;
        o->beta1 = 0.9;
        o->beta2 = 0.99;
        o->epsilon = 1e-8;
        o->lr_max = 0.03;
    }
}

#endif
