/* bench_engine NET.ir [fp32|bf16] [threads] [batch] [steps] [recompute]: steps of training on the engine without the update: the fastest one, where
 * its time goes and what memory it takes. With steps 0 the plan alone. NET.ir: cnasc build NET.cnas --emit=ir. */
#include "compiler/ir/print.h"
#include "compiler/oracle/oracle.h"
#include "runtime/base/clock.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/tuning.h"

#include <cnas/train.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cnas_model *load(struct arena *a, const char *path)
{
    struct text in = text_new(a);
    FILE *f = fopen(path, "rb");
    char buffer[4096];
    if (!f)
        return NULL;
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;)
        text_add_bytes(&in, buffer, n);
    fclose(f);
    struct ir_read_error error;
    struct plan_refusal why;
    const struct ir_graph *g = ir_read(a, text_str(&in), in.n, &error);
    const struct plan *p = g ? plan_lower(a, g, PLAN_CLEAR, &why) : NULL;
    return p ? oracle_model(a, p) : NULL;
}

static double step(struct cn_engine *e, struct cnas_ctx *ctx, const struct cnas_model *m, float *params, float *grads, const float *images,
                   const uint32_t *labels, size_t n)
{
    const double start = cn_clock_s();
    cn_engine_weights(e, params);
    const float *logits = cn_engine_forward(e, images, n, 1, 1);
    cnas_softmax_cross_entropy(ctx, cn_engine_logits_gradient(e), NULL, logits, labels, n, m->classes, 0);
    cn_engine_backward(e, grads, NULL, NULL);
    return cn_clock_s() - start;
}

int main(int argc, char **argv)
{
    struct arena *a = arena_new();
    const struct cnas_model *m = argc > 1 ? load(a, argv[1]) : NULL;
    if (!m) {
        fprintf(stderr, "usage: bench_engine NET.ir [fp32|bf16] [threads] [batch] [steps] [recompute]\n");
        return 2;
    }
    const int bf16 = argc > 2 && !strcmp(argv[2], "bf16"), steps = argc > 5 ? atoi(argv[5]) : 20;
    const unsigned threads = argc > 3 ? (unsigned)atoi(argv[3]) : 2;
    const size_t n = argc > 4 ? (size_t)atoi(argv[4]) : 128, pixels = (size_t)m->c * m->h * m->w;
    struct cnas_ctx *ctx;
    struct cn_engine *e;
    struct cn_engine_tuning *tuning;
    struct cnas_error err = {0};
    if (cnas_ctx_new(&ctx, threads) || cn_engine_tuning_new(&tuning, NULL, NULL))
        return 1;
    cn_engine_tuning_load(tuning);
    const struct cn_engine_options o = {.type = bf16 ? CN_ENGINE_BF16 : CN_ENGINE_F32, .training = 1, .batch = n, .remake = argc > 6, .tuning = tuning};
    if (cn_engine_new(&e, ctx, m, &o, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    if (cn_engine_tuning_save(tuning, &err))
        fprintf(stderr, "%s\n", err.text);
    float *params = calloc(m->params_floats, sizeof *params), *grads = calloc(m->params_trained, sizeof *grads);
    float *images = aligned_alloc(64, n * pixels * sizeof *images);
    uint32_t *labels = calloc(n, sizeof *labels);
    cnas_params_init(params, m, 1);
    for (size_t i = 0; i < n * pixels; i++)
        images[i] = (float)sin((double)i * 0.37);
    for (size_t i = 0; i < n; i++)
        labels[i] = (uint32_t)(i * 7 % m->classes);
    double best = 1e9, all = 0;
    struct cn_engine_time start[CN_ENGINE_TIMES], end[CN_ENGINE_TIMES];
    for (int i = -2; i < steps; i++) {
        const double s = step(e, ctx, m, params, grads, images, labels, n);
        if (i < 0)
            cn_engine_times(e, start);
        else
            all += s;
        if (i >= 0 && s < best)
            best = s;
    }
    cn_engine_times(e, end);
    struct cn_engine_memory mem;
    cn_engine_memory(e, &mem);
    printf("%s %s, %u threads, batch %zu: %.1f ms (mean %.1f), %.0f images/s, %.0f GFLOP/s\n", m->name, bf16 ? "bf16" : "fp32", threads, n, 1e3 * best,
           1e3 * all / steps, (double)n / best, 6e-9 * (double)m->macs * (double)n / best);
    printf("memory: %.1f MiB planned (values %.1f, gradients %.1f, scratch %.1f), weights %.1f MiB\n", (double)mem.planned / 1048576,
           (double)mem.values / 1048576, (double)mem.gradients / 1048576, (double)mem.scratch / 1048576, (double)mem.weights / 1048576);
    for (int k = 0; k < CN_ENGINE_TIMES; k++)
        if (end[k].forward_s + end[k].backward_s + end[k].other_s > 0)
            printf("  %-28s forward %7.2f ms  backward %7.2f ms  other %7.2f ms\n", end[k].kind, 1e3 * (end[k].forward_s - start[k].forward_s) / steps,
                   1e3 * (end[k].backward_s - start[k].backward_s) / steps, 1e3 * (end[k].other_s - start[k].other_s) / steps);
    cn_engine_free(&e);
    cn_engine_tuning_free(&tuning);
    cnas_ctx_free(&ctx);
    free(params);
    free(grads);
    free(images);
    free(labels);
    arena_free(&a);
    return 0;
}
