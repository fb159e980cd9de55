/* A program around the drivers, for test_cli.sh: a small network as cnasc would write it, by hand.
 *   cli_model train ...   cli_model infer ...   as NET-train and NET-infer
 *   cli_model data DIR    writes a data set of 8x8 images: three classes, a bright row, column or diagonal, with noise
 * Network: conv 3x3 (1 -> 4), ReLU, linear (4*64 -> 3). */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cnas/cli.h>

enum { SIDE = 8, PIXELS = SIDE * SIDE, MAPS = 4, CLASSES = 3, HIDDEN = MAPS * PIXELS };
enum { CONV_W = 0, CONV_B = CONV_W + MAPS * 9, FC_W = CONV_B + MAPS, FC_B = FC_W + CLASSES * HIDDEN, PARAMS = FC_B + CLASSES };
enum { AT_X = 0, AT_Z = PIXELS, AT_Y = AT_Z + HIDDEN, AT_LOGITS = AT_Y + HIDDEN, FLOATS = AT_LOGITS + 16 };
enum { D_Z = 0, D_Y = HIDDEN, D_LOGITS = 2 * HIDDEN, GRAD_FLOATS = D_LOGITS + 16 };

static const struct cnas_conv_shape conv = {1, SIDE, SIDE, MAPS, SIDE, SIDE, 3, 3, 1, 1, 1, 1, 1};

static void forward(const struct cnas_run *r)
{
    cnas_conv2d_forward(r->ctx, cnas_act(r, AT_Z), cnas_act(r, AT_X), r->params + CONV_W, r->params + CONV_B, r->n, &conv);
    cnas_relu_forward(r->ctx, cnas_act(r, AT_Y), cnas_act(r, AT_Z), r->n * HIDDEN);
    cnas_linear_forward(r->ctx, cnas_act(r, AT_LOGITS), cnas_act(r, AT_Y), r->params + FC_W, r->params + FC_B, r->n, HIDDEN, CLASSES);
}

static void backward(const struct cnas_run *r)
{
    cnas_linear_backward(r->ctx, cnas_dact(r, D_Y), 0, r->grads + FC_W, r->grads + FC_B, cnas_dact(r, D_LOGITS), cnas_act(r, AT_Y),
                         r->params + FC_W, r->n, HIDDEN, CLASSES);
    cnas_relu_backward(r->ctx, cnas_dact(r, D_Z), 0, cnas_dact(r, D_Y), cnas_act(r, AT_Y), r->n * HIDDEN);
    cnas_conv2d_backward(r->ctx, NULL, 0, r->grads + CONV_W, r->grads + CONV_B, cnas_dact(r, D_Z), cnas_act(r, AT_X),
                         r->params + CONV_W, r->n, &conv);
}

static enum cnas_status fold(struct cnas_fold *f, const float *w)
{
    CNAS_TRY(cnas_fold_source(f, 0, 0));
    CNAS_TRY(cnas_fold_conv(f, 1, 0, w + CONV_W, w + CONV_B, &conv));
    CNAS_TRY(cnas_fold_point(f, 1, 1));
    CNAS_TRY(cnas_fold_source(f, 0, 1));
    CNAS_TRY(cnas_fold_flatten(f, 1, 0));
    CNAS_TRY(cnas_fold_linear(f, 0, 1, w + FC_W, w + FC_B, HIDDEN, CLASSES));
    return cnas_fold_point(f, 2, 0);
}

static const struct cnas_param params[] = {
    {"conv.weight", CNAS_PARAM_WEIGHT, 4, {MAPS, 1, 3, 3}, CONV_W, MAPS * 9},
    {"conv.bias", CNAS_PARAM_BIAS, 1, {MAPS}, CONV_B, MAPS},
    {"linear.weight", CNAS_PARAM_WEIGHT, 2, {CLASSES, HIDDEN}, FC_W, CLASSES * HIDDEN},
    {"linear.bias", CNAS_PARAM_BIAS, 1, {CLASSES}, FC_B, CLASSES},
};
static const struct cnas_point points[] = {
    {"image", CNAS_POINT_INPUT, 1, SIDE, SIDE, 0, 0},
    {"relu", CNAS_POINT_RELU, MAPS, SIDE, SIDE, 0, 1},
    {"logits", CNAS_POINT_OUTPUT, CLASSES, 1, 1, 1, 1},
};
static const struct cnas_term terms[] = {{1, 0, 3, 3, 1, 1, 1}, {2, 1, SIDE, SIDE, 1, 0, 0}};
static const float mean[] = {0.3f}, deviation[] = {0.25f};

static const struct cnas_model model = {
    .name = "Tiny", .source = "tiny.cnas", .digest = "0f112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    .clear_digest = "0f112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    .c = 1, .h = SIDE, .w = SIDE, .classes = CLASSES, .mean = mean, .std = deviation, .relus = HIDDEN, .macs = HIDDEN * 9 + HIDDEN * CLASSES,
    .params = params, .n_params = 4, .params_floats = PARAMS, .params_trained = PARAMS,
    .infer_floats = FLOATS, .train_floats = FLOATS, .grad_floats = GRAD_FLOATS,
    .input_offset = AT_X, .infer_logits_offset = AT_LOGITS, .train_logits_offset = AT_LOGITS, .logits_grad_offset = D_LOGITS,
    .infer = forward, .forward = forward, .backward = backward,
    .points = points, .n_points = 3, .terms = terms, .n_terms = 2, .fold = fold,
    .train = {.lr_max = 0.02, .lr_min = 0.001, .momentum = 0.9, .weight_decay = 1e-4, .nesterov = 1, .epochs = 3, .batch = 20},
};

static int write_file(const char *dir, const char *name, const unsigned char *header, size_t header_size, const unsigned char *data, size_t n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    int bad = !f || fwrite(header, 1, header_size, f) != header_size || fwrite(data, 1, n, f) != n;
    if (f && fclose(f))
        bad = 1;
    return bad;
}

static int write_data(const char *dir)
{
    static const struct {
        const char *part;
        unsigned n;
    } parts[] = {{"train", 1200}, {"t10k", 300}};
    static unsigned char pixels[1200 * PIXELS], labels[1200];
    uint64_t state = 1;
    for (int p = 0; p < 2; p++) {
        const unsigned n = parts[p].n;
        for (unsigned i = 0; i < n; i++) {
            unsigned label = i % CLASSES, where = i / CLASSES % SIDE;
            labels[i] = (unsigned char)label;
            for (unsigned y = 0; y < SIDE; y++)
                for (unsigned x = 0; x < SIDE; x++) {
                    state = state * 6364136223846793005u + 1442695040888963407u;
                    unsigned on = label == 0 ? y == where : label == 1 ? x == where : (x + where) % SIDE == y;
                    pixels[i * PIXELS + y * SIDE + x] = (unsigned char)((state >> 33) % 100 + (on ? 140 : 0));
                }
        }
        const unsigned char images_header[] = {0, 0, 8, 3, 0, 0, (unsigned char)(n >> 8), (unsigned char)n, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
        const unsigned char labels_header[] = {0, 0, 8, 1, 0, 0, (unsigned char)(n >> 8), (unsigned char)n};
        char name[64];
        snprintf(name, sizeof name, "%s-images-idx3-ubyte", parts[p].part);
        if (write_file(dir, name, images_header, sizeof images_header, pixels, n * PIXELS))
            return 1;
        snprintf(name, sizeof name, "%s-labels-idx1-ubyte", parts[p].part);
        if (write_file(dir, name, labels_header, sizeof labels_header, labels, n))
            return 1;
    }
    const unsigned char pgm[] = "P5 8 8 255\n";
    return write_file(dir, "image.pgm", pgm, sizeof pgm - 1, pixels, PIXELS); /* image 0 of the test set */
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "data"))
        return write_data(argv[2]);
    if (argc >= 2 && !strcmp(argv[1], "train"))
        return cnas_train_main(argc - 1, argv + 1, &model);
    if (argc >= 2 && !strcmp(argv[1], "infer"))
        return cnas_infer_main(argc - 1, argv + 1, &model);
    fprintf(stderr, "usage: cli_model train|infer ... | data DIR\n");
    return 2;
}
