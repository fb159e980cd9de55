/* Speed of the convolution kernels: nominal GFLOP/s (2 N K C/groups KH KW OH OW operations a pass), best of several runs.
 * Usage: bench_kernel [THREADS]     (default: all cores) */
#include <stdio.h>
#include <stdlib.h>

#include <cnas/kernel.h>

#include "runtime/base/clock.h"

static const struct {
    size_t n;
    uint32_t c, hw, k, kernel, stride;
} shapes[] = {
    {128, 3, 32, 64, 3, 1},  {128, 16, 32, 16, 3, 1},  {128, 32, 32, 32, 3, 1},   {128, 64, 32, 64, 3, 1},   {128, 128, 16, 128, 3, 1},
    {128, 256, 8, 256, 3, 1}, {128, 512, 4, 512, 3, 1}, {128, 64, 32, 128, 3, 2},  {128, 1, 28, 6, 3, 1},     {128, 6, 28, 6, 3, 1},
    {128, 18, 28, 6, 1, 1},  {128, 6, 14, 12, 1, 1},   {128, 24, 14, 24, 3, 1},   {128, 72, 14, 24, 1, 1},   {128, 96, 7, 96, 3, 1},
    {128, 288, 7, 96, 1, 1},
};

static float *random_floats(size_t n)
{
    float *p = malloc(n * sizeof *p);
    if (!p)
        exit(1);
    for (size_t i = 0; i < n; i++)
        p[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return p;
}

int main(int argc, char **argv)
{
    struct cnas_ctx *ctx;
    char advice[300];
    if (cnas_ctx_new(&ctx, argc > 1 ? (unsigned)atoi(argv[1]) : 0))
        return 1;
    printf("OpenBLAS core %s, %u threads\n", cnas_blas_core(), cnas_ctx_threads(ctx));
    if (cnas_blas_core_is_slow(advice, sizeof advice))
        printf("warning: %s\n", advice);
    printf("%-30s %9s %9s %9s   GFLOP/s\n", "shape", "forward", "data", "weights");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        uint32_t hw = shapes[i].hw, kernel = shapes[i].kernel, out = (hw - 1) / shapes[i].stride + 1;
        struct cnas_conv_shape s = {.c = shapes[i].c, .h = hw, .w = hw, .k = shapes[i].k, .oh = out, .ow = out, .kh = kernel,
                                    .kw = kernel, .stride = shapes[i].stride, .pad_y = kernel / 2, .pad_x = kernel / 2,
                                    .dilation = 1, .groups = 1};
        size_t n = shapes[i].n, nx = n * s.c * hw * hw, nw = (size_t)s.k * s.c * kernel * kernel, ny = n * s.k * out * out;
        float *x = random_floats(nx), *w = random_floats(nw), *y = random_floats(ny), *dx = random_floats(nx), *dw = random_floats(nw);
        double best[3] = {1e9, 1e9, 1e9}, flop = 2e-9 * (double)(ny * s.c * kernel * kernel), start = cn_clock_s();
        for (int run = 0; run < 3 || (run < 100 && cn_clock_s() - start < 1); run++) {
            double t0 = cn_clock_s();
            cnas_conv2d_forward(ctx, y, x, w, NULL, n, &s);
            double t1 = cn_clock_s();
            cnas_conv2d_backward(ctx, NULL, 0, dw, NULL, y, x, w, n, &s);
            double t2 = cn_clock_s();
            cnas_conv2d_backward(ctx, dx, 0, dw, NULL, y, x, w, n, &s);
            double t3 = cn_clock_s();
            const double took[] = {t1 - t0, t3 - t2, t2 - t1}; /* the second: data and weights */
            for (int p = 0; p < 3; p++)
                best[p] = took[p] < best[p] ? took[p] : best[p];
        }
        printf("%4u -> %-4u %2ux%-2u k%u s%u n%-8zu %9.0f %9.0f %9.0f\n", s.c, s.k, hw, hw, kernel, s.stride, n, flop / best[0],
               flop / (best[1] - best[2]), flop / best[2]);
        free(x);
        free(w);
        free(y);
        free(dx);
        free(dw);
    }
    cnas_ctx_free(&ctx);
    return 0;
}
