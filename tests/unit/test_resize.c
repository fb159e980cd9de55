/* Resampling against sums over every pixel in floating point, and by hand. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cnas/data.h>

#include "runtime/base/mem.h"
#include "runtime/data/dataset.h"
#include "runtime/data/resize.h"

/* The weight of input p in output i, of an axis that goes from n to m. */
static double weight(int p, int i, int n, int m)
{
    if (m < n) { /* the overlap of [p, p + 1) with what i covers */
        const double begin = (double)i * n / m, end = (double)(i + 1) * n / m;
        return fmax(0, fmin(end, p + 1) - fmax(begin, p)) * m / n;
    }
    const double centre = fmin(fmax((i + 0.5) * n / m - 0.5, 0), n - 1);
    return fmax(0, 1 - fabs(centre - p));
}

static void check(uint32_t oh, uint32_t ow, uint32_t h, uint32_t w)
{
    uint8_t in[64 * 64], out[64 * 64];
    struct cn_resize *r;
    for (size_t i = 0; i < h * w; i++)
        in[i] = (uint8_t)rand();
    ck_assert(!cn_resize_new(&r, oh, ow, h, w));
    cn_resize_map(r, out, in);
    cn_resize_free(&r);
    ck_assert_ptr_null(r);
    for (int i = 0; i < (int)oh; i++)
        for (int j = 0; j < (int)ow; j++) {
            double sum = 0;
            for (int y = 0; y < (int)h; y++)
                for (int x = 0; x < (int)w; x++)
                    sum += weight(y, i, (int)h, (int)oh) * weight(x, j, (int)w, (int)ow) * in[y * (int)w + x];
            ck_assert_msg(fabs(out[i * (int)ow + j] - sum) < 0.5 + 1e-9, "%ux%u to %ux%u at %d, %d: %d, not %g", h, w, oh, ow, i, j,
                          out[i * (int)ow + j], sum);
        }
}

START_TEST(as_the_sums)
{
    static const uint32_t side[] = {1, 2, 3, 5, 8, 13, 28, 32, 47, 64};
    srand(4);
    for (size_t a = 0; a < 10; a++)
        for (size_t b = 0; b < 10; b++)
            check(side[a], side[9 - b], side[b], side[a ^ 1]);
}
END_TEST

static void map(uint8_t *out, uint32_t oh, uint32_t ow, const uint8_t *in, uint32_t h, uint32_t w)
{
    struct cn_resize *r;
    ck_assert(!cn_resize_new(&r, oh, ow, h, w));
    cn_resize_map(r, out, in);
    cn_resize_free(&r);
}

START_TEST(by_hand)
{
    static const uint8_t four[] = {0, 10, 20, 31, 100, 100, 101, 101}, two[] = {0, 100};
    uint8_t out[16];
    map(out, 1, 2, four, 2, 4); /* means of 2 x 2: 52.5, 63.25 */
    ck_assert(out[0] == 53 && out[1] == 63);
    map(out, 1, 4, two, 1, 2); /* centres at -0.25, 0.25, 0.75, 1.25 */
    ck_assert(out[0] == 0 && out[1] == 25 && out[2] == 75 && out[3] == 100);
    map(out, 2, 4, four, 2, 4);
    ck_assert(!memcmp(out, four, sizeof four));
    map(out, 3, 1, two, 1, 2); /* one axis grows, the other shrinks */
    ck_assert(out[0] == 50 && out[1] == 50 && out[2] == 50);
    static uint8_t white[4096];
    memset(white, 255, sizeof white);
    map(out, 1, 16, white, 1, 4096);
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(out[i], 255);
}
END_TEST

START_TEST(whole_sets)
{
    struct cnas_error err;
    struct cnas_dataset d = {.c = 3, .h = 4, .w = 6, .classes = 1, .n = 2, .pixels = cn_mem_alloc(2, 72), .labels = cn_mem_zalloc(2, 4)};
    uint8_t before[2 * 72], want[2 * 3 * 15];
    for (size_t i = 0; i < 144; i++)
        before[i] = d.pixels[i] = (uint8_t)(7 * i);
    const uint8_t *same = d.pixels;
    ck_assert(!cnas_dataset_resize(&d, 4, 6, &err) && d.pixels == same);
    ck_assert(!cnas_dataset_resize(&d, 3, 5, &err));
    ck_assert(d.h == 3 && d.w == 5 && d.n == 2 && d.c == 3);
    for (size_t k = 0; k < 6; k++)
        map(want + 15 * k, 3, 5, before + 24 * k, 4, 6);
    ck_assert_mem_eq(d.pixels, want, sizeof want);
    ck_assert_int_eq(cnas_dataset_resize(&d, 0, 5, &err), CNAS_E_RANGE);
    ck_assert_int_eq(cnas_dataset_resize(&d, 5, CN_DATASET_MAX_SIDE + 1, &err), CNAS_E_RANGE);
    ck_assert(d.h == 3 && d.w == 5);
    cnas_dataset_clear(&d);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("resize");
    TCase *t = tcase_create("resize");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, as_the_sums);
    tcase_add_test(t, by_hand);
    tcase_add_test(t, whole_sets);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
