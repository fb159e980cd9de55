#include "tests/support/norm_case.h"

#include <check.h>
#include <stdlib.h>

static const struct { uint32_t n, c, h, w; } shapes[NORM_SHAPES] = {
    {1, 1, 1, 1}, {2, 3, 5, 7}, {3, 16, 4, 4}, {2, 17, 3, 3}, {5, 8, 9, 1}, {1, 33, 7, 5}, {4, 70, 3, 5}, {3, 31, 5, 5}, {2, 9, 1, 1},
};

int norm_case_begin(struct norm_case *f, int i)
{
    const struct cn_engine_simd *simd = variant(i / NORM_SHAPES % VARIANTS);
    if (!simd)
        return 0;
    cn_engine_simd_use(simd);
    size_t s = (size_t)i % NORM_SHAPES;
    *f = (struct norm_case){.type = i / NORM_SHAPES / VARIANTS ? CN_ENGINE_BF16 : CN_ENGINE_F32, .n = shapes[s].n, .c = shapes[s].c,
                            .hw = (size_t)shapes[s].h * shapes[s].w, .map = {shapes[s].c, shapes[s].h, shapes[s].w},
                            .rng = test_rng_make(7 + (uint64_t)s)};
    f->elements = f->n * f->c * f->hw;
    ck_assert_int_eq(cnas_ctx_new(&f->ctx, 1), CNAS_OK);
    return 1;
}

static struct guarded plain_new(const double *d, size_t n)
{
    struct guarded g = guarded_new(n * sizeof(float));
    for (size_t i = 0; i < n; i++)
        ((float *)g.p)[i] = (float)d[i];
    return g;
}

struct norm_layer norm_layer_new(struct norm_case *f)
{
    struct norm_layer l = {.gamma = random_numbers(&f->rng, CN_ENGINE_F32, f->c, 1),
                           .beta = random_numbers(&f->rng, CN_ENGINE_F32, f->c, 1),
                           .scale = malloc(f->c * sizeof(double)), .shift = malloc(f->c * sizeof(double))};
    ck_assert(l.scale && l.shift);
    l.gamma_f = plain_new(l.gamma, f->c);
    l.beta_f = plain_new(l.beta, f->c);
    l.running_mean = plain_new(l.beta, f->c);
    l.running_var = plain_new(l.gamma, f->c);
    l.dgamma = guarded_new(f->c * sizeof(float));
    l.dbeta = guarded_new(f->c * sizeof(float));
    for (int i = 0; i < 7; i++)
        l.vectors[i] = guarded_new(cn_engine_channels(f->map.c) * sizeof(float));
    l.bn = (struct cn_engine_bn){.gamma = l.gamma_f.p, .beta = l.beta_f.p, .running_mean = l.running_mean.p,
                                 .running_var = l.running_var.p, .epsilon = 1e-5f, .decay = 0.75f, .mean = l.vectors[0].p,
                                 .invstd = l.vectors[1].p, .scale = l.vectors[2].p, .shift = l.vectors[3].p, .dgamma = l.dgamma.p,
                                 .dbeta = l.dbeta.p, .of_g = l.vectors[4].p, .of_z = l.vectors[5].p, .of_1 = l.vectors[6].p};
    return l;
}

void norm_layer_free(struct norm_layer *l)
{
    free(l->gamma);
    free(l->beta);
    free(l->scale);
    free(l->shift);
    struct guarded *all[] = {&l->gamma_f, &l->beta_f, &l->running_mean, &l->running_var, &l->dgamma, &l->dbeta};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        guarded_free(all[i]);
    for (int i = 0; i < 7; i++)
        guarded_free(&l->vectors[i]);
}

void norm_layer_statistics(struct norm_case *f, struct norm_layer *l, const void *z)
{
    cn_engine_bn_statistics(f->ctx, &l->bn, f->type, f->map, z, f->n);
    for (size_t c = 0; c < f->c; c++) {
        l->scale[c] = (double)l->bn.scale[c];
        l->shift[c] = (double)l->bn.shift[c];
    }
}
