/* Augmentation against a slow reference that builds the padded image. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/train/batch.h"
#include "runtime/train/rng.h"

enum { C = 2, MAX_SIDE = 12, MAX_CROP = 40, IMAGES = 9, MAX_IMAGE = C * MAX_SIDE * MAX_SIDE };

static uint8_t pixels[IMAGES * MAX_IMAGE];
static uint32_t labels[IMAGES], got_labels[IMAGES];
static float levels[C * 256], got[IMAGES * MAX_IMAGE], want[MAX_IMAGE];

/* One step at a time from i to the inside, turning round at the ends. */
static int bounce(int i, int n)
{
    while (n > 1 && (i < 0 || i >= n))
        i = i < 0 ? -i : 2 * (n - 1) - i;
    return n > 1 ? i : 0;
}

/* The draws in the order that batch.c documents by its code; everything after them is done in another way. */
static void reference(const struct cnas_dataset *d, size_t at, const struct cn_train_augment *a)
{
    static float padded[MAX_SIDE + 2 * MAX_CROP][MAX_SIDE + 2 * MAX_CROP];
    const int h = (int)d->h, w = (int)d->w, crop = (int)a->crop, half = (int)a->cutout / 2;
    struct cn_train_rng r = cn_train_rng_make(a->seed, CN_TRAIN_AUGMENT, a->epoch, at);
    const int dy = (int)cn_train_rng_below(&r, 2 * a->crop + 1), dx = (int)cn_train_rng_below(&r, 2 * a->crop + 1);
    int mirror = (int)cn_train_rng_below(&r, 2);
    const int cy = (int)cn_train_rng_below(&r, d->h), cx = (int)cn_train_rng_below(&r, d->w);
    struct cn_train_rng phase = cn_train_rng_make(a->seed, CN_TRAIN_PHASE, at, 0);
    if (a->flip != CNAS_FLIP_RANDOM)
        mirror = a->flip == CNAS_FLIP_ALTERNATE && (cn_train_rng_below(&phase, 2) + a->epoch) % 2;
    for (int k = 0; k < C; k++) {
        const uint8_t *map = pixels + (at * C + (size_t)k) * d->h * d->w;
        for (int y = 0; y < h + 2 * crop; y++)
            for (int x = 0; x < w + 2 * crop; x++) {
                const int inside = y >= crop && y < h + crop && x >= crop && x < w + crop;
                padded[y][x] = inside || a->padding == CNAS_PADDING_REFLECT ? levels[k * 256 + map[bounce(y - crop, h) * w + bounce(x - crop, w)]] : 0;
            }
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                const int hidden = a->cutout && y >= cy - half && y < cy - half + (int)a->cutout && x >= cx - half && x < cx - half + (int)a->cutout;
                want[(k * h + y) * w + x] = hidden ? 0 : padded[y + dy][(mirror ? w - 1 - x : x) + dx];
            }
    }
}

static struct cnas_dataset random_set(uint32_t h, uint32_t w)
{
    for (size_t i = 0; i < IMAGES * C * (size_t)h * w; i++)
        pixels[i] = (uint8_t)rand();
    for (uint32_t i = 0; i < IMAGES; i++)
        labels[i] = i;
    for (int i = 0; i < C * 256; i++)
        levels[i] = (float)(1 + rand() % 1000);
    return (struct cnas_dataset){C, h, w, IMAGES, IMAGES, pixels, labels};
}

START_TEST(as_the_reference)
{
    static const uint32_t sides[][2] = {{1, 1}, {1, 5}, {2, 2}, {3, 8}, {12, 12}}, crops[] = {0, 1, 2, 5, MAX_CROP}, cutouts[] = {0, 1, 4, 7, 30};
    static const uint32_t order[IMAGES + 1] = {99, 3, 1, 4, 0, 8, 2, 7, 6, 5};
    const struct cn_train_batch batch = {.images = got, .labels = got_labels};
    struct cnas_ctx *ctx;
    ck_assert(!cnas_ctx_new(&ctx, 3));
    srand(11);
    for (size_t s = 0; s < sizeof sides / sizeof *sides; s++)
        for (size_t c = 0; c < 5; c++)
            for (size_t o = 0; o < 5; o++)
                for (int form = 0; form < 6; form++) {
                    const struct cnas_dataset d = random_set(sides[s][0], sides[s][1]);
                    const size_t image = (size_t)C * d.h * d.w;
                    const struct cn_train_augment a = {.seed = (uint64_t)rand(), .epoch = (uint32_t)rand() % 50, .crop = crops[c],
                                                       .cutout = cutouts[o], .flip = form % 3, .padding = form / 3};
                    cn_train_batch(form % 2 ? ctx : NULL, &batch, &d, levels, order, 1, IMAGES, &a);
                    for (size_t i = 0; i < IMAGES; i++) {
                        reference(&d, order[i + 1], &a);
                        ck_assert_uint_eq(got_labels[i], order[i + 1]);
                        ck_assert_msg(!memcmp(got + i * image, want, image * sizeof(float)), "side %ux%u, crop %u, cutout %u, form %d", d.h, d.w,
                                      a.crop, a.cutout, form);
                    }
                }
    cnas_ctx_free(&ctx);
}
END_TEST

/* Every image is mirrored in every second epoch; about half of them in even ones; the seed says which. */
START_TEST(alternating)
{
    enum { N = 2000 };
    static uint8_t two[N][2];
    static uint32_t zeros[N], which[N];
    static float out[N][2];
    static int first[N];
    const struct cnas_dataset d = {1, 1, 2, 1, N, two[0], zeros};
    const struct cnas_model m = {.c = 1, .h = 1, .w = 2};
    const struct cn_train_batch batch = {.images = out[0], .labels = which};
    float one[256];
    int even = 0, same = 0;
    cn_train_levels(one, &m);
    for (int i = 0; i < N; i++)
        two[i][1] = 255;
    for (uint32_t epoch = 0; epoch < 6; epoch++) {
        struct cn_train_augment a = {.seed = 5, .epoch = epoch, .flip = CNAS_FLIP_ALTERNATE};
        cn_train_batch(NULL, &batch, &d, one, NULL, 0, N, &a);
        for (int i = 0; i < N; i++) {
            const int mirrored = out[i][0] == 1;
            if (!epoch)
                even += first[i] = mirrored;
            ck_assert_int_eq(mirrored, epoch % 2 ? !first[i] : first[i]);
        }
    }
    ck_assert_int_lt(abs(even - N / 2), 112); /* five standard deviations */
    struct cn_train_augment other = {.seed = 6, .flip = CNAS_FLIP_ALTERNATE};
    cn_train_batch(NULL, &batch, &d, one, NULL, 0, N, &other);
    for (int i = 0; i < N; i++)
        same += (out[i][0] == 1) == first[i];
    ck_assert_int_lt(abs(same - N / 2), 112);
}
END_TEST

/* An image is what it is without mixing and cutout outside of one box, and in it what its partner is in the same epoch; the box's area is the
 * share. */
static void check_mixed(const struct cnas_dataset *d, const float *own, const float *partner, const float *mixed, float share, int distinct)
{
    const size_t hw = (size_t)d->h * d->w;
    size_t y0 = d->h, y1 = 0, x0 = d->w, x1 = 0;
    for (size_t i = 0; i < hw; i++)
        for (size_t c = 0; c < C; c++)
            if (mixed[c * hw + i] < own[c * hw + i] || mixed[c * hw + i] > own[c * hw + i]) { /* they are whole numbers, or the same */
                const size_t y = i / d->w, x = i % d->w;
                y0 = y < y0 ? y : y0;
                y1 = y >= y1 ? y + 1 : y1;
                x0 = x < x0 ? x : x0;
                x1 = x >= x1 ? x + 1 : x1;
            }
    for (size_t y = y0; y < y1; y++)
        for (size_t x = x0; x < x1; x++)
            for (size_t c = 0; c < C; c++)
                ck_assert_float_eq(mixed[c * hw + y * d->w + x], partner[c * hw + y * d->w + x]);
    if (distinct) /* no row or column of the box is the same in both, as those of two borders of zeros would be */
        ck_assert_float_eq_tol(share, (float)((y1 - y0) * (x1 - x0)) / (float)hw, 1e-6f);
}

START_TEST(mixing)
{
    enum { SIDE = 12, IMAGE = C * SIDE * SIDE, ROUNDS = 400 };
    static float plain[IMAGES * IMAGE], bare[IMAGES * IMAGE], shares[IMAGES];
    static uint32_t others[IMAGES], other_labels[IMAGES];
    double sum = 0;
    size_t mixed = 0, whole = 0, uncut = 0, compared = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const struct cnas_dataset d = random_set(SIDE, SIDE);
        for (int i = 0; i < C * 256; i++)
            levels[i] = (float)(i + 1); /* distinct, and none is zero, the border's */
        struct cn_train_augment a = {.seed = 3 + round, .epoch = round, .crop = round % 3, .cutout = round % 2 ? 4 : 0, .flip = round % 3,
                                     .padding = round / 2 % 2};
        const struct cn_train_batch before = {.images = plain, .labels = other_labels}, uncovered = {.images = bare, .labels = other_labels};
        const struct cn_train_batch batch = {got, got_labels, others, shares};
        a.cutmix = round % 4 ? 0.5 : 1;
        cn_train_batch(NULL, &batch, &d, levels, NULL, 0, IMAGES, &a);
        a.cutmix = 0;
        cn_train_batch(NULL, &before, &d, levels, NULL, 0, IMAGES, &a);
        a.cutout = 0;
        cn_train_batch(NULL, &uncovered, &d, levels, NULL, 0, IMAGES, &a);
        for (uint32_t i = 0; i < IMAGES; i++) {
            ck_assert_uint_eq(got_labels[i], i);
            ck_assert(shares[i] >= 0 && shares[i] <= 1);
            if (!(shares[i] > 0)) {
                ck_assert_uint_eq(others[i], i);
                whole += !(round % 4); /* a box without area: nothing is cut out besides */
                if (memcmp(got + i * IMAGE, plain + i * IMAGE, IMAGE * sizeof *got)) {
                    ck_assert(!memcmp(got + i * IMAGE, bare + i * IMAGE, IMAGE * sizeof *got));
                    uncut++;
                }
                continue;
            }
            mixed++;
            sum += (double)shares[i];
            const int distinct = a.padding && others[i] != i;
            compared += (size_t)distinct;
            check_mixed(&d, bare + i * IMAGE, bare + others[i] * IMAGE, got + i * IMAGE, shares[i], distinct);
        }
    }
    const double all = ROUNDS * IMAGES, expected = all * 0.625; /* a quarter of the rounds mix all images, the others half of them */
    ck_assert_double_lt(fabs((double)(mixed + whole) - expected), 6 * sqrt(all / 4) + all / 50);
    ck_assert_uint_gt(compared, ROUNDS * IMAGES / 5);
    ck_assert_uint_lt(uncut, ROUNDS * IMAGES / 50);
    ck_assert(sum / (double)mixed > 0.25 && sum / (double)mixed < 0.5); /* half, less what the border cuts off */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("batch");
    TCase *t = tcase_create("batch");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, as_the_reference);
    tcase_add_test(t, alternating);
    tcase_add_test(t, mixing);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
