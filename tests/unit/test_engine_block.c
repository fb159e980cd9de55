/* Batch norm, addition and ReLU on blocked values against plain loops in double, in every form, with every vector unit that this
 * CPU has, in float and bfloat16. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/norm_case.h"

/* The forms of a block: what its two branches are. */
struct form {
    int scale0, branch1, scale1, relu;
};
static struct form form_of(int i)
{
    return (struct form){.scale0 = i & 1, .branch1 = i / 2 % 3 > 0, .scale1 = i / 2 % 3 > 1, .relu = i / 6};
}
enum { FORMS = 12 };

/* Values, layers and the sum of branches in double. */
struct block {
    double *z[2], *sum;
    struct guarded zb[2];
    struct norm_layer l[2];
    struct cn_engine_branch in[2];
};

static struct block block_new(struct norm_case *f, struct form form)
{
    struct block b = {.sum = calloc(f->elements, sizeof(double))};
    const int there[2] = {1, form.branch1}, scaled[2] = {form.scale0, form.scale1};
    for (int k = 0; k < 2; k++) {
        b.z[k] = random_numbers(&f->rng, f->type, f->elements, 2);
        b.zb[k] = blocked_new(f->type, b.z[k], f->n, f->c, f->hw);
        b.l[k] = norm_layer_new(f);
        norm_layer_statistics(f, &b.l[k], b.zb[k].p);
        if (!there[k])
            continue;
        b.in[k].z = b.zb[k].p;
        if (scaled[k]) {
            b.in[k].scale = b.l[k].bn.scale;
            b.in[k].shift = b.l[k].bn.shift;
        }
        for (size_t i = 0; i < f->elements; i++) {
            size_t c = i / f->hw % f->c;
            b.sum[i] += scaled[k] ? b.z[k][i] * b.l[k].scale[c] + b.l[k].shift[c] : b.z[k][i];
        }
    }
    return b;
}

static void block_free(struct block *b)
{
    for (int k = 0; k < 2; k++) {
        free(b->z[k]);
        guarded_free(&b->zb[k]);
        norm_layer_free(&b->l[k]);
    }
    free(b->sum);
}

START_TEST(apply_matches)
{
    struct norm_case f;
    if (!norm_case_begin(&f, _i))
        return;
    for (int k = 0; k < 2 * FORMS; k++) {
        struct form form = form_of(k % FORMS);
        struct block b = block_new(&f, form);
        double *want = malloc(f.elements * sizeof *want);
        ck_assert_ptr_nonnull(want);
        for (size_t i = 0; i < f.elements; i++)
            want[i] = form.relu && b.sum[i] < 0 ? 0 : b.sum[i];
        size_t bytes = b.zb[0].bytes, signs_bytes = f.n * cn_engine_elements(f.map) / 8;
        struct guarded y = guarded_new(bytes), part = guarded_new(bytes), signs = guarded_new(signs_bytes);
        struct cn_engine_apply a = {.type = f.type, .map = f.map, .y = y.p, .signs = k / FORMS ? signs.p : NULL,
                                    .in = {b.in[0], b.in[1]}, .relu = form.relu};
        cn_engine_apply(f.ctx, &a, f.n);
        blocked_expect("apply", f.type, y.p, want, f.n, f.c, f.hw, 0.51, f.n * f.hw < 3 ? 1e-3 : 2e-6);
        if (a.signs)
            for (size_t n = 0; n < f.n; n++)
                for (size_t c = 0; c < cn_engine_channels(f.map.c); c++)
                    for (size_t p = 0; p < f.hw; p++) {
                        size_t block = cn_engine_block(), word = (n * (cn_engine_channels(f.map.c) / block) + c / block) * f.hw + p;
                        unsigned bit = ((unsigned char *)signs.p)[word * (block / 8) + c % block / 8] >> c % 8 & 1;
                        double sum = c < f.c ? b.sum[(n * f.c + c) * f.hw + p] : -1;
                        if (fabs(sum) > 1e-5 && bit != (sum > 0))
                            ck_abort_msg("%s: a sign is wrong", cn_engine_simd()->name);
                    }
        a.y = part.p;
        cn_engine_apply_range(&a, 0, f.n / 2);
        a.stream = 1;
        cn_engine_apply_range(&a, f.n / 2, f.n);
        ck_assert_mem_eq(part.p, y.p, bytes);
        for (int in_place = 0; in_place < 1 + form.branch1; in_place++) {
            struct block again = b;
            memcpy(part.p, b.zb[in_place].p, bytes);
            again.in[in_place].z = part.p;
            struct cn_engine_apply own = {.type = f.type, .map = f.map, .y = part.p, .in = {again.in[0], again.in[1]}, .relu = form.relu};
            cn_engine_apply(f.ctx, &own, f.n);
            ck_assert_mem_eq(part.p, y.p, bytes);
        }
        guarded_free(&y);
        guarded_free(&part);
        guarded_free(&signs);
        block_free(&b);
        free(want);
    }
    cnas_ctx_free(&f.ctx);
}
END_TEST

/* What backward should be, with the mask from the forward sum. kept: g has been written in between, as its type keeps it. */
static void back_reference(const struct norm_case *f, const struct block *b, const struct form *form, int kept, const double *dy,
                           const double *more, double *g, double *dz[2], double *dgamma[2], double *dbeta[2])
{
    double m = (double)(f->n * f->hw);
    for (size_t i = 0; i < f->elements; i++)
        g[i] = !form->relu || b->sum[i] > 0 ? dy[i] + (more ? more[i] : 0) : 0;
    for (size_t i = 0; kept && i < f->elements; i++)
        g[i] = rounded(f->type, g[i]);
    for (int k = 0; k < 2; k++) {
        memcpy(dz[k], g, f->elements * sizeof *g);
        if (!(k ? form->scale1 : form->scale0))
            continue;
        for (size_t c = 0; c < f->c; c++) {
            double mean = 0, squares = 0;
            dgamma[k][c] = dbeta[k][c] = 0;
            for (size_t i = 0; i < f->elements; i++)
                mean += i / f->hw % f->c == c ? b->z[k][i] / m : 0;
            for (size_t i = 0; i < f->elements; i++)
                squares += i / f->hw % f->c == c ? pow(b->z[k][i] - mean, 2) : 0;
            double invstd = 1 / sqrt(squares / m + (double)1e-5f);
            for (size_t i = 0; i < f->elements; i++)
                if (i / f->hw % f->c == c) {
                    dbeta[k][c] += g[i];
                    dgamma[k][c] += g[i] * (b->z[k][i] - mean) * invstd;
                }
            for (size_t i = 0; i < f->elements; i++)
                if (i / f->hw % f->c == c)
                    dz[k][i] = b->l[k].gamma[c] * invstd * (g[i] - dbeta[k][c] / m - (b->z[k][i] - mean) * invstd * dgamma[k][c] / m);
        }
    }
}

struct expectation {
    double *dy, *more, *g, *dz[2], *dgamma[2], *dbeta[2], *old[2];
    struct guarded dyb, moreb;
};

static struct cn_engine_back_out back_out(void *dz, const struct cn_engine_bn *bn, int add)
{
    return (struct cn_engine_back_out){.dz = dz, .of_g = bn ? bn->of_g : NULL, .of_z = bn ? bn->of_z : NULL, .of_1 = bn ? bn->of_1 : NULL, .add = add};
}

/* Both passes for one form and one source of the mask; direct: the second pass makes g again. */
static void back_case(struct norm_case *f, const struct block *b, const struct form *form, const struct expectation *e, int with_more,
                      enum cn_engine_mask mask, const void *mask_from, int direct, int add)
{
    const struct cn_engine_bn *const bn[2] = {form->scale0 ? &b->l[0].bn : NULL, form->scale1 ? &b->l[1].bn : NULL};
    size_t bytes = e->dyb.bytes;
    struct guarded g = guarded_new(bytes), dz[2] = {blocked_new(f->type, e->old[0], f->n, f->c, f->hw), blocked_new(f->type, e->old[1], f->n, f->c, f->hw)};
    double *want = malloc(f->elements * sizeof *want);
    ck_assert_ptr_nonnull(want);
    struct cn_engine_back back = {.type = f->type, .map = f->map, .dy = e->dyb.p, .dy_more = with_more ? e->moreb.p : NULL, .mask = mask,
                                  .mask_from = mask_from, .in = {b->in[0], b->in[1]}, .g = direct ? NULL : g.p};
    if (bn[0] || bn[1])
        cn_engine_back_sums(f->ctx, &back, bn, f->n);
    for (int k = 0; k < 2; k++)
        for (size_t c = 0; bn[k] && c < f->c; c++) {
            double tolerance = 1e-6 * (double)(f->n * f->hw);
            if (!(fabs(bn[k]->dbeta[c] - e->dbeta[k][c]) <= tolerance && fabs(bn[k]->dgamma[c] - e->dgamma[k][c]) <= tolerance * 2))
                ck_abort_msg("dbeta %g %g, dgamma %g %g", bn[k]->dbeta[c], e->dbeta[k][c], bn[k]->dgamma[c], e->dgamma[k][c]);
        }
    if (bn[0] || bn[1]) {
        size_t doubles = 3 * cn_engine_channels(f->map.c);
        struct guarded sums = guarded_new(2 * doubles * sizeof(double)), first[2];
        for (int k = 0; k < 2; k++) {
            first[k] = guarded_new(f->c * sizeof(float));
            if (bn[k])
                memcpy(first[k].p, bn[k]->dgamma, f->c * sizeof(float));
        }
        cn_engine_back_sums_range(sums.p, &back, 0, f->n / 2);
        cn_engine_back_sums_range((double *)sums.p + doubles, &back, f->n / 2, f->n);
        cn_engine_back_finish(f->ctx, bn, f->map, sums.p, 2, f->n);
        for (int k = 0; k < 2; k++) {
            for (size_t c = 0; bn[k] && c < f->c; c++)
                if (!(fabsf(bn[k]->dgamma[c] - ((float *)first[k].p)[c]) <= 1e-6f * (float)(f->n * f->hw)))
                    ck_abort_msg("dgamma in parts");
            guarded_free(&first[k]);
        }
        guarded_free(&sums);
    }
    if ((bn[0] || bn[1]) && !direct) {
        blocked_expect("g", f->type, g.p, e->g, f->n, f->c, f->hw, 0.51, 0);
        back.dy = g.p;
        back.dy_more = back.mask_from = NULL;
        back.mask = CN_ENGINE_MASK_NONE;
    }
    const int there[2] = {1, form->branch1};
    for (int k = 0; k < 2; k++)
        if (there[k])
            back.out[k] = back_out(dz[k].p, bn[k], add >> k & 1);
    cn_engine_back_apply(f->ctx, &back, f->n);
    for (int k = 0; k < 2; k++) {
        if (!there[k])
            continue;
        for (size_t i = 0; i < f->elements; i++)
            want[i] = e->dz[k][i] + (add >> k & 1 ? e->old[k][i] : 0);
        /* one or two values have a deviation of almost nothing, and an invstd of hundreds */
        blocked_expect("dz", f->type, dz[k].p, want, f->n, f->c, f->hw, 0.51, f->n * f->hw < 3 ? 3e-3 : 1e-5);
    }
    struct guarded part = guarded_new(bytes);
    if (!(add & 1)) {
        back.out[0].dz = part.p;
        back.out[1].dz = NULL;
        cn_engine_back_apply_range(&back, 0, f->n / 2);
        back.out[0].stream = 1;
        cn_engine_back_apply_range(&back, f->n / 2, f->n);
        ck_assert_mem_eq(part.p, dz[0].p, bytes);
        memcpy(part.p, back.dy, bytes); /* in place */
        back.dy = part.p;
        back.out[0].stream = 0;
        cn_engine_back_apply(f->ctx, &back, f->n);
        ck_assert_mem_eq(part.p, dz[0].p, bytes);
    }
    guarded_free(&part);
    guarded_free(&g);
    guarded_free(&dz[0]);
    guarded_free(&dz[1]);
    free(want);
}

START_TEST(backward_matches)
{
    struct norm_case f;
    if (!norm_case_begin(&f, _i))
        return;
    for (int k = 0; k < 2 * FORMS; k++) {
        struct form form = form_of(k % FORMS);
        const int with_more = k / FORMS;
        struct block b = block_new(&f, form);
        struct expectation e = {.dy = random_numbers(&f.rng, f.type, f.elements, 1), .more = random_numbers(&f.rng, f.type, f.elements, 1),
                                .g = malloc(f.elements * sizeof(double))};
        for (int i = 0; i < 2; i++) {
            e.dz[i] = malloc(f.elements * sizeof(double));
            e.dgamma[i] = malloc(f.c * sizeof(double));
            e.dbeta[i] = malloc(f.c * sizeof(double));
            e.old[i] = random_numbers(&f.rng, f.type, f.elements, 1);
            ck_assert(e.dz[i] && e.dgamma[i] && e.dbeta[i]);
        }
        e.dyb = blocked_new(f.type, e.dy, f.n, f.c, f.hw);
        e.moreb = blocked_new(f.type, e.more, f.n, f.c, f.hw);
        struct guarded y = guarded_new(b.zb[0].bytes), signs = guarded_new(f.n * cn_engine_elements(f.map) / 8);
        struct cn_engine_apply a = {.type = f.type, .map = f.map, .y = y.p, .signs = signs.p, .in = {b.in[0], b.in[1]}, .relu = form.relu};
        cn_engine_apply(f.ctx, &a, f.n);
        for (int direct = 0; direct < 2; direct++) {
            back_reference(&f, &b, &form, !direct && (form.scale0 || form.scale1), e.dy, with_more ? e.more : NULL, e.g, e.dz, e.dgamma, e.dbeta);
            for (int add = 0; add < 4; add += 3)
                if (form.relu) {
                    back_case(&f, &b, &form, &e, with_more, CN_ENGINE_MASK_Y, y.p, direct, add);
                    back_case(&f, &b, &form, &e, with_more, CN_ENGINE_MASK_SIGNS, signs.p, direct, add);
                    back_case(&f, &b, &form, &e, with_more, CN_ENGINE_MASK_AGAIN, NULL, direct, add);
                } else
                    back_case(&f, &b, &form, &e, with_more, CN_ENGINE_MASK_NONE, NULL, direct, add);
        }
        guarded_free(&y);
        guarded_free(&signs);
        guarded_free(&e.dyb);
        guarded_free(&e.moreb);
        for (int i = 0; i < 2; i++) {
            free(e.dz[i]);
            free(e.dgamma[i]);
            free(e.dbeta[i]);
            free(e.old[i]);
        }
        free(e.dy);
        free(e.more);
        free(e.g);
        block_free(&b);
    }
    cnas_ctx_free(&f.ctx);
}
END_TEST

/* Everything of a block with 1, 2 and 5 threads gives the same bits; large enough for many pieces. */
START_TEST(threads_do_not_matter)
{
    const struct cn_engine_simd *simd = variant(_i % VARIANTS);
    if (!simd)
        return;
    cn_engine_simd_use(simd);
    struct norm_case f = {.type = _i / VARIANTS ? CN_ENGINE_BF16 : CN_ENGINE_F32, .n = 13, .c = 40, .hw = 19 * 19, .map = {40, 19, 19},
                        .rng = test_rng_make(3)};
    f.elements = f.n * f.c * f.hw;
    struct guarded first[5] = {{0}};
    double *dy = random_numbers(&f.rng, f.type, f.elements, 1);
    struct guarded dyb = blocked_new(f.type, dy, f.n, f.c, f.hw);
    struct test_rng seed = f.rng;
    for (int t = 0; t < 3; t++) {
        static const unsigned threads[] = {1, 2, 5};
        ck_assert_int_eq(cnas_ctx_new(&f.ctx, threads[t]), CNAS_OK);
        f.rng = seed;
        struct block b = block_new(&f, (struct form){1, 1, 1, 1});
        struct guarded now[5];
        for (int i = 0; i < 4; i++)
            now[i] = guarded_new(dyb.bytes);
        now[4] = guarded_new(f.n * cn_engine_elements(f.map) / 8);
        struct cn_engine_apply a = {.type = f.type, .map = f.map, .y = now[0].p, .signs = now[4].p, .in = {b.in[0], b.in[1]}, .relu = 1};
        cn_engine_apply(f.ctx, &a, f.n);
        const struct cn_engine_bn *const bn[2] = {&b.l[0].bn, &b.l[1].bn};
        struct cn_engine_back back = {.type = f.type, .map = f.map, .dy = dyb.p, .mask = CN_ENGINE_MASK_Y, .mask_from = now[0].p,
                                      .in = {b.in[0], b.in[1]}, .g = now[1].p,
                                      .out = {back_out(now[2].p, bn[0], 0), back_out(now[3].p, bn[1], 0)}};
        cn_engine_back_sums(f.ctx, &back, bn, f.n);
        cn_engine_back_apply(f.ctx, &back, f.n);
        for (int i = 0; i < 5; i++)
            if (!t)
                first[i] = now[i];
            else {
                ck_assert_mem_eq(now[i].p, first[i].p, now[i].bytes);
                guarded_free(&now[i]);
            }
        block_free(&b);
        ck_assert_int_eq(cnas_ctx_status(f.ctx), CNAS_OK);
        cnas_ctx_free(&f.ctx);
    }
    for (int i = 0; i < 5; i++)
        guarded_free(&first[i]);
    guarded_free(&dyb);
    free(dy);
}
END_TEST

/* A NaN passes ReLU: a diverged network must not look healthy. */
START_TEST(nan_passes)
{
    if (!variant(_i))
        return;
    cn_engine_simd_use(variant(_i));
    struct cnas_ctx *ctx;
    ck_assert_int_eq(cnas_ctx_new(&ctx, 1), CNAS_OK);
    for (int type = 0; type < 2; type++) {
        double z[6] = {1, -1, NAN, INFINITY, -INFINITY, 2};
        struct guarded zb = blocked_new(type, z, 1, 1, 6);
        struct cn_engine_apply a = {.type = type, .map = {1, 2, 3}, .y = zb.p, .in = {{.z = zb.p}}, .relu = 1};
        cn_engine_apply(ctx, &a, 1);
        blocked_expect("relu", type, zb.p, (const double[]){1, 0, NAN, INFINITY, 0, 2}, 1, 1, 2, 0, 0);
        ck_assert(isnan(blocked_get(type, zb.p, 1, 6, 0, 0, 2)) && isinf(blocked_get(type, zb.p, 1, 6, 0, 0, 3)));
        ck_assert(blocked_get(type, zb.p, 1, 6, 0, 0, 4) == 0);
        guarded_free(&zb);
    }
    cnas_ctx_free(&ctx);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: blocks of batch norm, addition, ReLU");
    TCase *t = tcase_create("block");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, apply_matches, 0, NORM_CASES);
    tcase_add_loop_test(t, backward_matches, 0, NORM_CASES);
    tcase_add_loop_test(t, threads_do_not_matter, 0, 2 * VARIANTS);
    tcase_add_loop_test(t, nan_passes, 0, VARIANTS);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
