/* Convolution on blocked values: every way that there is for a shape, in every direction and type, in blocks of 16 channels and of 8,
 * against the kernels of <cnas/kernel.h>, between guard bytes. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/engine/conv_packs.h"
#include "tests/support/conv_case.h"

/* Runs one way and compares. */
static void check_way(const struct conv_case *f, const struct cn_engine_conv_site *site, struct cn_engine_conv_way *way)
{
    const enum cn_engine_type type = site->want->type;
    const double limit = type == CN_ENGINE_BF16 ? HALF : strstr(way->name, "wino") ? WINOGRAD : EXACT;
    const size_t y_bytes = value_bytes(f->y_map, type, f->n), dx_bytes = value_bytes(f->x_map, type, f->n);
    struct guarded x = input_x(f, type), g = to_blocks(f->y_map, type, f->g, f->n), scratch = guarded_new(way->scratch);
    struct guarded y = guarded_new(y_bytes), dx = guarded_new(dx_bytes);
    struct guarded dw = guarded_new(f->nw * sizeof(float)), db = guarded_new(f->s.k * sizeof(float));
    float *out = floats(f->nx > f->ny ? f->nx : f->ny);
    struct cn_engine_conv_call call = {.scratch = scratch.p};
    double d;
    switch (site->pass) {
    case CN_ENGINE_CONV_FORWARD:
        call.y = y.p, call.x = x.p;
        way->run(way, &call);
        from_blocks(f->y_map, type, out, y.p, f->n);
        d = distance(out, f->y, f->ny);
        break;
    case CN_ENGINE_CONV_DATA:
        call.dx = dx.p, call.dy = g.p;
        way->run(way, &call);
        from_blocks(f->x_map, type, out, dx.p, f->n);
        d = distance(out, f->dx, f->nx);
        break;
    default:
        call.dw = dw.p, call.dbias = db.p, call.dy = g.p, call.x = x.p;
        way->run(way, &call);
        d = distance(dw.p, f->dw, f->nw);
        if (site->want->bias)
            d = fmax(d, distance(db.p, f->db, f->s.k));
    }
    ck_assert_msg(d < limit, "%s, pass %d: %g", way->name, (int)site->pass, d);
    struct guarded *all[] = {&x, &g, &y, &dx, &dw, &db, &scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        guarded_free(all[i]);
    free(out);
}

static void every_way(const struct conv_shape *shape, enum cn_engine_type type, unsigned threads)
{
    struct conv_case f = conv_begin(shape, type, threads);
    const struct cn_engine_conv_want want = {.shape = f.s, .n = f.n, .type = type, .plain_x = shape->plain, .bias = shape->bias};
    struct cn_engine_conv_packs *packs;
    ck_assert_int_eq(cn_engine_conv_packs_new(&packs, shape->bias ? cn_engine_channels(f.s.k) : 0), CNAS_OK);
    cn_engine_conv_packs_weights(packs, f.ctx, f.w, shape->bias ? f.bias : NULL, f.s.k);
    for (enum cn_engine_conv_pass pass = 0; pass < CN_ENGINE_CONV_PASSES; pass++) {
        struct cn_engine_conv_site site = {.ctx = f.ctx, .want = &want, .n = f.n, .pass = pass, .packs = packs};
        struct cn_engine_conv_way *ways = NULL;
        if (pass == CN_ENGINE_CONV_DATA && shape->plain)
            continue;
        ck_assert_int_eq(cn_engine_conv_split_ways(&ways, &site), CNAS_OK);
        if (shape < conv_shapes + CONV_ODD && cn_engine_dnnl(NULL) &&
            (cn_engine_block() == 16 || (f.s.dilation == 1 && f.s.h > 1)) && /* for which AVX2 has no kernels */
            (type == CN_ENGINE_F32 || cn_engine_dnnl_has_bf16(cn_engine_dnnl(NULL))))
            ck_assert_ptr_nonnull(ways);
        struct cn_engine_conv_site inside = site;
        inside.chunked = 1;
        ck_assert_int_eq(cn_engine_conv_dnnl_ways(&ways, &inside), CNAS_OK);
        ck_assert_int_eq(cn_engine_conv_wino_ways(&ways, &site), CNAS_OK);
        ck_assert_int_eq(cn_engine_conv_plain_ways(&ways, &site), CNAS_OK);
        for (struct cn_engine_conv_way *way = ways; way; way = way->next)
            check_way(&f, &site, way);
        cn_engine_conv_free_ways(&ways);
    }
    ck_assert_uint_eq(cn_engine_conv_packs_bytes(packs), (shape->bias ? cn_engine_channels(f.s.k) : 0) * sizeof(float));
    cn_engine_conv_packs_free(&packs);
    conv_end(&f);
}

START_TEST(every_way_in_f32)
{
    every_way(&conv_shapes[_i], CN_ENGINE_F32, 2);
}
END_TEST

START_TEST(every_way_in_bf16)
{
    every_way(&conv_shapes[_i], CN_ENGINE_BF16, 2);
}
END_TEST

START_TEST(every_way_with_three_threads)
{
    every_way(&conv_shapes[_i], CN_ENGINE_F32, 3);
}
END_TEST

/* Parts are summed in order, whoever makes them. */
START_TEST(the_same_bits_again)
{
    struct conv_case f = conv_begin(&conv_shapes[_i], CN_ENGINE_F32, 3);
    const struct cn_engine_conv_want want = {
        .shape = f.s, .n = f.n, .type = CN_ENGINE_F32, .plain_x = f.shape->plain, .bias = f.shape->bias};
    const size_t count = f.nw + (f.shape->bias ? f.s.k : 0);
    struct guarded x = input_x(&f, CN_ENGINE_F32), g = to_blocks(f.y_map, CN_ENGINE_F32, f.g, f.n);
    float *sums[2] = {floats(count), floats(count)};
    struct cn_engine_conv_packs *packs;
    struct cn_engine_conv_way *ways = NULL;
    ck_assert_int_eq(cn_engine_conv_packs_new(&packs, f.shape->bias ? cn_engine_channels(f.s.k) : 0), CNAS_OK);
    struct cn_engine_conv_site site = {.ctx = f.ctx, .want = &want, .n = f.n, .pass = CN_ENGINE_CONV_WEIGHTS, .packs = packs};
    ck_assert_int_eq(cn_engine_conv_split_ways(&ways, &site), CNAS_OK);
    for (struct cn_engine_conv_way *way = ways; way; way = way->next)
        for (int round = 0; round < 5; round++) {
            float *dw = sums[round > 0];
            struct guarded scratch = guarded_new(way->scratch);
            way->run(way, &(struct cn_engine_conv_call){
                              .scratch = scratch.p, .x = x.p, .dy = g.p, .dw = dw, .dbias = f.shape->bias ? dw + f.nw : NULL});
            guarded_free(&scratch);
            if (round)
                ck_assert_msg(!memcmp(sums[0], sums[1], count * sizeof(float)), "%s", way->name);
        }
    cn_engine_conv_free_ways(&ways);
    cn_engine_conv_packs_free(&packs);
    guarded_free(&x);
    guarded_free(&g);
    free(sums[0]);
    free(sums[1]);
    conv_end(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/conv");
    TCase *t = tcase_create("conv");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, every_way_in_f32, 0, CONV_SHAPES);
    tcase_add_loop_test(t, every_way_in_bf16, 0, CONV_SHAPES);
    tcase_add_loop_test(t, every_way_with_three_threads, 0, CONV_SHAPES);
    tcase_add_loop_test(t, the_same_bits_again, 0, CONV_SHAPES);
    suite_add_tcase(suite, t);
    if (cn_engine_block() == 16 && cn_engine_simd_avx2()) {
        t = tcase_create("blocks of 8");
        tcase_set_timeout(t, 60);
        tcase_add_checked_fixture(t, blocks_of_8, NULL);
        tcase_add_loop_test(t, every_way_in_f32, 0, CONV_SHAPES);
        tcase_add_loop_test(t, every_way_in_bf16, 0, CONV_SHAPES);
        suite_add_tcase(suite, t);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
