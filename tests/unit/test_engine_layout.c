/* Packing, conversion, pooling and channel copies of blocked values against plain loops in double, with every vector unit that this
 * CPU has, in float and bfloat16. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/blocked.h"
#include "tests/support/kernel_ref.h"

enum { CASES = 2 * VARIANTS };

struct fixture {
    enum cn_engine_type type;
    struct cnas_ctx *ctx;
    struct test_rng rng;
};

static int setup_case(struct fixture *f, int i)
{
    const struct cn_engine_simd *simd = variant(i % VARIANTS);
    if (!simd)
        return 0;
    cn_engine_simd_use(simd);
    *f = (struct fixture){.type = i / VARIANTS ? CN_ENGINE_BF16 : CN_ENGINE_F32, .rng = test_rng_make(17)};
    ck_assert_int_eq(cnas_ctx_new(&f->ctx, 2), CNAS_OK);
    return 1;
}

static void expect_same(const char *what, const struct guarded *a, const struct guarded *b)
{
    if (a->bytes != b->bytes || memcmp(a->p, b->p, a->bytes))
        ck_abort_msg("%s, %s: other bytes", what, cn_engine_simd()->name);
}

/* Plain floats from doubles and back. */
static struct guarded plain_new(const double *d, size_t n)
{
    struct guarded g = guarded_new(n * sizeof(float));
    for (size_t i = 0; d && i < n; i++)
        ((float *)g.p)[i] = (float)d[i];
    return g;
}

static void plain_expect(const char *what, const struct guarded *g, const double *want, size_t n, double relative)
{
    for (size_t i = 0; i < n; i++) {
        double got = (double)((const float *)g->p)[i];
        if (!(fabs(got - want[i]) <= relative * fabs(want[i])))
            ck_abort_msg("%s, %s: number %zu is %.9g, should be %.9g", what, cn_engine_simd()->name, i, got, want[i]);
    }
}

START_TEST(pack_and_unpack)
{
    struct fixture f;
    if (!setup_case(&f, _i))
        return;
    for (uint32_t c = 1; c <= 70; c += c < 20 ? 1 : 5)
        for (int k = 0; k < 3; k++) {
            static const uint32_t sizes[3][3] = {{2, 5, 7}, {3, 4, 4}, {1, 9, 11}};
            const size_t n = sizes[k][0], hw = (size_t)sizes[k][1] * sizes[k][2], elements = n * c * hw;
            const struct cn_engine_map map = {c, sizes[k][1], sizes[k][2]};
            double *x = random_numbers(&f.rng, CN_ENGINE_F32, elements, 5), *kept = random_numbers(&f.rng, f.type, elements, 1);
            for (size_t i = 0; i < elements; i++)
                kept[i] = rounded(f.type, x[i]);
            struct guarded want = blocked_new(f.type, kept, n, c, hw), plain = plain_new(x, elements), y = guarded_new(want.bytes),
                           part = guarded_new(want.bytes), back = plain_new(NULL, elements), back_part = plain_new(NULL, elements);
            cn_engine_pack(f.ctx, f.type, map, y.p, plain.p, n);
            expect_same("pack", &y, &want);
            cn_engine_pack_range(f.type, map, part.p, plain.p, 0, n / 2);
            cn_engine_pack_range(f.type, map, part.p, plain.p, n / 2, n);
            expect_same("pack in parts", &part, &want);
            cn_engine_unpack(f.ctx, f.type, map, back.p, y.p, n);
            plain_expect("unpack", &back, kept, elements, 0);
            cn_engine_unpack_range(f.type, map, back_part.p, y.p, 0, n / 2);
            cn_engine_unpack_range(f.type, map, back_part.p, y.p, n / 2, n);
            expect_same("unpack in parts", &back_part, &back);
            struct guarded *all[] = {&want, &plain, &y, &part, &back, &back_part};
            for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                guarded_free(all[i]);
            free(x);
            free(kept);
        }
    cnas_ctx_free(&f.ctx);
}
END_TEST

/* Rounding: ties go to the even neighbour, what overflows becomes infinite, a NaN stays one even if its bits are all low. */
START_TEST(conversion_rounds_to_nearest_even)
{
    struct fixture f;
    if (!setup_case(&f, _i))
        return;
    static const struct { uint32_t bits; uint16_t want; } known[] = {
        {0x3f800000, 0x3f80}, {0x3f808000, 0x3f80}, {0x3f818000, 0x3f82}, {0x3f808001, 0x3f81}, {0x3f807fff, 0x3f80},
        {0xbf808000, 0xbf80}, {0xbf818000, 0xbf82}, {0x7f7fffff, 0x7f80}, {0xff7fffff, 0xff80}, {0x7f800000, 0x7f80},
        {0x00000000, 0x0000}, {0x80000000, 0x8000}, {0x7f800001, 0x7fc0}, {0x7fc01234, 0x7fc0}, {0xffbfffff, 0xffff},
        {0x7f7f7fff, 0x7f7f}, {0x7f7f8000, 0x7f80}, {0x00800000, 0x0080}, {0x3fffffff, 0x4000},
    };
    for (size_t count = 1; count <= sizeof known / sizeof *known; count++) {
        struct guarded x = guarded_new(count * sizeof(float)), y = guarded_new(count * sizeof(uint16_t)), back = guarded_new(count * sizeof(float));
        for (size_t i = 0; i < count; i++)
            memcpy((float *)x.p + i, &known[i].bits, sizeof(float));
        cn_engine_convert(f.ctx, CN_ENGINE_BF16, y.p, CN_ENGINE_F32, x.p, count);
        cn_engine_convert(f.ctx, CN_ENGINE_F32, back.p, CN_ENGINE_BF16, y.p, count);
        for (size_t i = 0; i < count; i++) {
            uint32_t bits;
            memcpy(&bits, (float *)back.p + i, sizeof bits);
            if (((uint16_t *)y.p)[i] != known[i].want || bits != (uint32_t)known[i].want << 16)
                ck_abort_msg("%s: %08x becomes %04x and %08x", cn_engine_simd()->name, known[i].bits, ((uint16_t *)y.p)[i], bits);
        }
        guarded_free(&x);
        guarded_free(&y);
        guarded_free(&back);
    }
    enum { MANY = 100003 };
    double *d = random_numbers(&f.rng, CN_ENGINE_F32, MANY, 1);
    struct guarded x = plain_new(d, MANY), y = guarded_new(MANY * sizeof(uint16_t)), back = plain_new(NULL, MANY), same = plain_new(NULL, MANY);
    cn_engine_convert(f.ctx, CN_ENGINE_BF16, y.p, CN_ENGINE_F32, x.p, MANY);
    cn_engine_convert(f.ctx, CN_ENGINE_F32, back.p, CN_ENGINE_BF16, y.p, MANY);
    cn_engine_convert(f.ctx, CN_ENGINE_F32, same.p, CN_ENGINE_F32, x.p, MANY);
    expect_same("copy", &same, &x);
    for (size_t i = 0; i < MANY; i++)
        d[i] = rounded(CN_ENGINE_BF16, d[i]);
    plain_expect("conversion", &back, d, MANY, 0);
    guarded_free(&x);
    guarded_free(&y);
    guarded_free(&back);
    guarded_free(&same);
    free(d);
    cnas_ctx_free(&f.ctx);
}
END_TEST

START_TEST(global_average)
{
    struct fixture f;
    if (!setup_case(&f, _i))
        return;
    for (uint32_t c = 1; c <= 70; c += 3) {
        const size_t n = 1 + c % 4, hw = c % 3 ? 15 : 1, elements = n * c * hw;
        const struct cn_engine_map map = {c, hw == 1 ? 1 : 3, hw == 1 ? 1 : 5};
        double *x = random_numbers(&f.rng, f.type, elements, 1), *dy = random_numbers(&f.rng, CN_ENGINE_F32, n * c, 1),
               *want = random_numbers(&f.rng, CN_ENGINE_F32, n * c, 0);
        for (size_t i = 0; i < elements; i++)
            want[i / hw] += x[i] / (double)hw;
        struct guarded xb = blocked_new(f.type, x, n, c, hw), y = plain_new(NULL, n * c), part = plain_new(NULL, n * c), d = plain_new(dy, n * c);
        cn_engine_global_avg_pool(f.ctx, f.type, map, y.p, xb.p, n);
        plain_expect("global average", &y, want, n * c, 1e-6);
        cn_engine_global_avg_pool_range(f.type, map, part.p, xb.p, 0, n / 2);
        cn_engine_global_avg_pool_range(f.type, map, part.p, xb.p, n / 2, n);
        expect_same("global average in parts", &part, &y);
        for (int add = 0; add < 2; add++) {
            struct guarded dx = blocked_new(f.type, x, n, c, hw), dx_part = blocked_new(f.type, x, n, c, hw);
            double *back = random_numbers(&f.rng, f.type, elements, 0);
            for (size_t i = 0; i < elements; i++)
                back[i] = dy[i / hw] / (double)hw + (add ? x[i] : 0);
            cn_engine_global_avg_pool_back(f.ctx, f.type, map, dx.p, add, d.p, n);
            blocked_expect("global average backward", f.type, dx.p, back, n, c, hw, 0.51, 1e-6);
            cn_engine_global_avg_pool_back_range(f.type, map, dx_part.p, add, d.p, 0, n / 2);
            cn_engine_global_avg_pool_back_range(f.type, map, dx_part.p, add, d.p, n / 2, n);
            expect_same("global average backward in parts", &dx_part, &dx);
            guarded_free(&dx);
            guarded_free(&dx_part);
            free(back);
        }
        guarded_free(&xb);
        guarded_free(&y);
        guarded_free(&part);
        guarded_free(&d);
        free(x);
        free(dy);
        free(want);
    }
    cnas_ctx_free(&f.ctx);
}
END_TEST

/* Backward of pooling in double: what each window gives to its elements. */
static void pool_back_reference(double *dx, const double *dy, const double *x, size_t n, const struct cnas_conv_shape *s, int max)
{
    const long h = s->h, w = s->w;
    for (size_t m = 0; m < n * s->c; m++)
        for (long i = 0; i < (long)s->oh; i++)
            for (long o = 0; o < (long)s->ow; o++) {
                const double d = dy[(m * s->oh + (size_t)i) * s->ow + (size_t)o];
                const long y0 = i * s->stride - s->pad_y, x0 = o * s->stride - s->pad_x;
                long best = -1;
                for (long r = y0; r < y0 + (long)s->kh; r++)
                    for (long q = x0; q < x0 + (long)s->kw; q++) {
                        if (r < 0 || r >= h || q < 0 || q >= w)
                            continue;
                        const size_t at = m * s->h * s->w + (size_t)(r * w + q);
                        if (!max)
                            dx[at] += d / (s->kh * s->kw);
                        else if (best < 0 || x[at] > x[best])
                            best = (long)at;
                    }
                if (max)
                    dx[best] += d;
            }
}

START_TEST(pools)
{
    struct fixture f;
    if (!setup_case(&f, _i))
        return;
    static const uint32_t shapes[][9] = { /* n c h w kh kw stride pad_y pad_x */
        {2, 3, 4, 6, 2, 2, 2, 0, 0}, {1, 17, 7, 5, 3, 3, 2, 1, 1}, {3, 16, 5, 5, 3, 3, 1, 1, 1}, {1, 33, 6, 6, 2, 2, 1, 0, 0},
        {2, 8, 1, 1, 1, 1, 1, 0, 0}, {1, 70, 7, 9, 3, 2, 3, 0, 1}, {2, 5, 9, 4, 5, 3, 2, 2, 1}, {1, 2, 5, 5, 2, 2, 3, 0, 0},
    };
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
        for (int max = 0; max < 2; max++)
            for (int add = 0; add < 2; add++) {
                const uint32_t *v = shapes[k];
                const struct cnas_conv_shape s = ref_shape(v[1], v[2], v[3], v[1], v[4], v[5], v[6], v[7], v[8], 1, 1);
                const size_t n = v[0], in = n * s.c * s.h * s.w, out = n * s.c * s.oh * s.ow;
                double *x = random_numbers(&f.rng, f.type, in, 1), *dy = random_numbers(&f.rng, f.type, out, 1),
                       *y = random_numbers(&f.rng, f.type, out, 1), *dx = random_numbers(&f.rng, f.type, in, add);
                for (size_t i = 0; i < in; i += 2)
                    x[i] = rounded(f.type, floor(x[i])); /* so that maxima are often equal */
                struct guarded xb = blocked_new(f.type, x, n, s.c, (size_t)s.h * s.w), dyb = blocked_new(f.type, dy, n, s.c, (size_t)s.oh * s.ow),
                               dxb = blocked_new(f.type, dx, n, s.c, (size_t)s.h * s.w), dx_part = blocked_new(f.type, dx, n, s.c, (size_t)s.h * s.w),
                               yb = guarded_new(dyb.bytes), part = guarded_new(dyb.bytes);
                struct cn_engine_pool p = {.type = f.type, .shape = &s, .max = max, .y = yb.p, .x = xb.p, .dy = dyb.p, .dx = dxb.p, .add_dx = add};
                cn_engine_pool(f.ctx, &p, n);
                cn_engine_pool_back(f.ctx, &p, n);
                (max ? ref_max_pool : ref_avg_pool)(y, x, n, &s);
                pool_back_reference(dx, dy, x, n, &s, max);
                blocked_expect("pool", f.type, yb.p, y, n, s.c, (size_t)s.oh * s.ow, 0.51, 1e-6);
                /* gradients of overlapping maximum windows are rounded at each addition */
                blocked_expect("pool backward", f.type, dxb.p, dx, n, s.c, (size_t)s.h * s.w, max ? 8 : 0.51, f.type == CN_ENGINE_BF16 && max ? 2e-2 : 2e-6);
                p.y = part.p;
                p.dx = dx_part.p;
                cn_engine_pool_range(&p, 0, n / 2);
                cn_engine_pool_range(&p, n / 2, n);
                cn_engine_pool_back_range(&p, 0, n / 2);
                cn_engine_pool_back_range(&p, n / 2, n);
                expect_same("pool in parts", &part, &yb);
                expect_same("pool backward in parts", &dx_part, &dxb);
                struct guarded *all[] = {&xb, &dyb, &dxb, &dx_part, &yb, &part};
                for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                    guarded_free(all[i]);
                free(x);
                free(dy);
                free(y);
                free(dx);
            }
    cnas_ctx_free(&f.ctx);
}
END_TEST

START_TEST(channels_are_copied)
{
    struct fixture f;
    if (!setup_case(&f, _i))
        return;
    static const uint32_t moves[][5] = { /* y_channels y_first x_channels x_first count */
        {1, 0, 1, 0, 1}, {32, 0, 16, 0, 16}, {32, 16, 16, 0, 16}, {16, 0, 64, 32, 16}, {48, 8, 24, 0, 24}, {24, 0, 48, 8, 24},
        {20, 7, 13, 0, 13}, {13, 0, 20, 7, 13}, {70, 3, 61, 20, 41}, {33, 0, 70, 37, 33}, {40, 0, 70, 0, 40}, {19, 5, 9, 2, 6},
    };
    for (size_t k = 0; k < sizeof moves / sizeof *moves; k++)
        for (int add = 0; add < 2; add++) {
            const uint32_t *v = moves[k];
            const size_t n = 3, hw = 11;
            double *x = random_numbers(&f.rng, f.type, n * v[2] * hw, 1), *y = random_numbers(&f.rng, f.type, n * v[0] * hw, 1);
            struct guarded xb = blocked_new(f.type, x, n, v[2], hw), yb = blocked_new(f.type, y, n, v[0], hw), part = blocked_new(f.type, y, n, v[0], hw);
            struct cn_engine_channel_copy c = {.type = f.type, .y = yb.p, .x = xb.p, .y_channels = v[0], .y_first = v[1], .x_channels = v[2],
                                               .x_first = v[3], .count = v[4], .hw = hw, .add = add};
            cn_engine_copy_channels(f.ctx, &c, n);
            for (size_t i = 0; i < n; i++)
                for (size_t ch = 0; ch < v[4]; ch++)
                    for (size_t p = 0; p < hw; p++) {
                        double *to = &y[(i * v[0] + v[1] + ch) * hw + p], from = x[(i * v[2] + v[3] + ch) * hw + p];
                        *to = add ? *to + from : from;
                    }
            blocked_expect("channels", f.type, yb.p, y, n, v[0], hw, add ? 0.51 : 0, add ? 1e-9 : 0);
            c.y = part.p;
            cn_engine_copy_channels_range(&c, 0, 1);
            cn_engine_copy_channels_range(&c, 1, n);
            expect_same("channels in parts", &part, &yb);
            guarded_free(&xb);
            guarded_free(&yb);
            guarded_free(&part);
            free(x);
            free(y);
        }
    cnas_ctx_free(&f.ctx);
}
END_TEST

/* Concatenation into memory that held something else: the surplus channels become zero with the last part. */
START_TEST(concatenation_ends_in_zeros)
{
    struct fixture f;
    if (!setup_case(&f, _i))
        return;
    static const uint32_t parts[] = {5, 16, 20};
    const size_t n = 2, hw = 6, total = 41;
    double *y = random_numbers(&f.rng, f.type, n * total * hw, 1);
    struct guarded yb = guarded_new(n * cn_engine_channels(41) * hw * cn_engine_type_size(f.type));
    for (uint32_t first = 0, k = 0; k < 3; first += parts[k++]) {
        double *x = random_numbers(&f.rng, f.type, n * parts[k] * hw, 1);
        for (size_t i = 0; i < n; i++)
            memcpy(y + (i * total + first) * hw, x + i * parts[k] * hw, parts[k] * hw * sizeof *x);
        struct guarded xb = blocked_new(f.type, x, n, parts[k], hw);
        struct cn_engine_channel_copy c = {.type = f.type, .y = yb.p, .x = xb.p, .y_channels = 41, .y_first = first,
                                           .x_channels = parts[k], .count = parts[k], .hw = hw};
        cn_engine_copy_channels(f.ctx, &c, n);
        guarded_free(&xb);
        free(x);
    }
    blocked_expect("concatenation", f.type, yb.p, y, n, total, hw, 0, 0);
    guarded_free(&yb);
    free(y);
    cnas_ctx_free(&f.ctx);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: layouts, pools, channels");
    TCase *t = tcase_create("layout");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, pack_and_unpack, 0, CASES);
    tcase_add_loop_test(t, conversion_rounds_to_nearest_even, 0, VARIANTS);
    tcase_add_loop_test(t, global_average, 0, CASES);
    tcase_add_loop_test(t, pools, 0, CASES);
    tcase_add_loop_test(t, channels_are_copied, 0, CASES);
    tcase_add_loop_test(t, concatenation_ends_in_zeros, 0, CASES);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
