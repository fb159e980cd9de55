/* The validation split and the moments of a data set. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cnas/data.h>

#include "runtime/base/mem.h"

enum { MAX_CLASSES = 12 };

static struct cnas_error err;
static struct cnas_dataset train, validation;

/* Image i has the bytes of i in its four pixels; labels come round and round, each class until it has its count. */
static void make(const uint32_t *counts, uint32_t classes)
{
    size_t n = 0, have[MAX_CLASSES] = {0};
    for (uint32_t c = 0; c < classes; c++)
        n += counts[c];
    train = (struct cnas_dataset){.c = 1, .h = 2, .w = 2, .classes = classes, .n = n, .pixels = cn_mem_alloc(n, 4),
                                  .labels = cn_mem_alloc(n, sizeof(uint32_t))};
    for (size_t i = 0, c = 0; i < n; c = (c + 1) % classes)
        if (have[c] < counts[c]) {
            const uint32_t name = (uint32_t)i;
            memcpy(train.pixels + 4 * i, &name, 4);
            train.labels[i++] = (uint32_t)c;
            have[c]++;
        }
}

static uint32_t name_at(const struct cnas_dataset *d, size_t i)
{
    uint32_t name;
    memcpy(&name, d->pixels + 4 * i, 4);
    return name;
}

static void split(size_t n, uint64_t seed)
{
    ck_assert_msg(!cnas_dataset_split(&train, &validation, n, seed, &err), "%s", err.text);
    ck_assert_uint_eq(validation.n, n);
}

static void clear(void)
{
    cnas_dataset_clear(&train);
    cnas_dataset_clear(&validation);
}

static size_t of_class(const struct cnas_dataset *d, uint32_t label)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        n += d->labels[i] == label;
    return n;
}

/* Every image is in one of the two sets, in its old order, with its label. */
START_TEST(nothing_is_lost)
{
    static const uint32_t counts[] = {7, 30, 0, 21, 1};
    for (size_t n = 1; n < 59; n++) {
        make(counts, 5);
        struct cnas_dataset whole = train;
        uint32_t labels[59];
        memcpy(labels, train.labels, sizeof labels);
        split(n, 3);
        ck_assert(train.pixels == whole.pixels && train.n == whole.n - n);
        ck_assert(validation.classes == 5 && train.classes == 5 && validation.c == 1 && validation.h == 2 && validation.w == 2);
        size_t a = 0, b = 0;
        for (size_t i = 0; i < whole.n; i++) {
            const int here = a < train.n && name_at(&train, a) == i;
            ck_assert(here || (b < validation.n && name_at(&validation, b) == i));
            ck_assert_uint_eq(here ? train.labels[a] : validation.labels[b], labels[i]);
            *(here ? &a : &b) += 1;
        }
        ck_assert(a == train.n && b == validation.n);
        clear();
    }
}
END_TEST

/* The shares are the quotas, rounded down or up; classes that would give their last image are rounded up last. */
START_TEST(it_has_the_proportions)
{
    static const struct {
        uint32_t counts[3];
        size_t n, want[3];
    } known[] = {
        {{50, 50, 50}, 30, {10, 10, 10}}, {{50, 30, 20}, 10, {5, 3, 2}},
        {{50, 30, 21}, 10, {5, 3, 2}},  /* quotas 4.95, 2.97, 2.08 */
        {{53, 24, 23}, 10, {5, 3, 2}},  /* 5.3, 2.4, 2.3: the middle one has the largest remainder */
        {{10, 10, 10}, 1, {1, 0, 0}},     {{4, 1, 1}, 3, {3, 0, 0}}, /* quotas 2, 0.5, 0.5: nobody gives all */
        {{4, 1, 1}, 5, {3, 1, 1}},        {{1, 1, 1}, 2, {1, 1, 0}},
    };
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        make(known[k].counts, 3);
        split(known[k].n, k);
        for (uint32_t c = 0; c < 3; c++)
            ck_assert_msg(of_class(&validation, c) == known[k].want[c], "case %zu, class %u: %zu", k, c, of_class(&validation, c));
        clear();
    }
    srand(5);
    for (int round = 0; round < 200; round++) {
        uint32_t counts[MAX_CLASSES], total = 0;
        for (int c = 0; c < MAX_CLASSES; c++)
            total += counts[c] = 2 + (uint32_t)rand() % 40;
        make(counts, MAX_CLASSES);
        const size_t n = 1 + (size_t)rand() % (total - 1);
        split(n, (uint64_t)round);
        for (uint32_t c = 0; c < MAX_CLASSES; c++) {
            const double quota = (double)counts[c] * (double)n / total, got = (double)of_class(&validation, c);
            ck_assert_msg(fabs(got - quota) < 1, "%g of quota %g", got, quota);
            if (2 * n <= total)
                ck_assert_uint_ge(of_class(&train, c), 1);
        }
        clear();
    }
}
END_TEST

/* The seed alone decides, and every image of a class is as likely as another. */
START_TEST(the_seed_decides)
{
    enum { SEEDS = 2000, CLASS = 20, TAKEN = 4 };
    static const uint32_t counts[] = {CLASS, CLASS};
    size_t chosen[2 * CLASS] = {0}, same = 0;
    uint32_t before[2 * TAKEN] = {0}, names[2 * TAKEN];
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        for (int again = 0; again < 2; again++) {
            make(counts, 2);
            split(2 * TAKEN, seed);
            for (size_t i = 0; i < 2 * TAKEN; i++)
                if (again)
                    ck_assert_uint_eq(names[i], name_at(&validation, i));
                else
                    chosen[names[i] = name_at(&validation, i)]++;
            clear();
        }
        same += !memcmp(names, before, sizeof names);
        memcpy(before, names, sizeof names);
    }
    ck_assert_uint_le(same, 1);
    for (size_t i = 0; i < 2 * CLASS; i++) /* 400 of 2000, five standard deviations */
        ck_assert_double_eq_tol((double)chosen[i], (double)SEEDS * TAKEN / CLASS, 5 * sqrt(SEEDS * 0.2 * 0.8));
}
END_TEST

START_TEST(it_refuses)
{
    static const uint32_t counts[] = {3, 2};
    static const size_t bad[] = {0, 5, 6, SIZE_MAX};
    make(counts, 2);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(cnas_dataset_split(&train, &validation, bad[i], 1, &err), CNAS_E_RANGE);
        ck_assert_msg(strstr(err.text, "allowed is 1 to 4"), "%s", err.text);
        ck_assert(train.n == 5 && !validation.pixels && !validation.n);
    }
    train.labels[3] = 2;
    ck_assert_int_eq(cnas_dataset_split(&train, &validation, 2, 1, &err), CNAS_E_RANGE);
    ck_assert_msg(strstr(err.text, "image 3 has label 2 of 2 classes"), "%s", err.text);
    clear();
    ck_assert_int_eq(cnas_dataset_split(&train, &validation, 1, 1, &err), CNAS_E_RANGE); /* an empty set */
}
END_TEST

/* Against two passes over the pixels in long double, and by hand. */
START_TEST(moments)
{
    enum { N = 50, C = 3, HW = 35 };
    static uint8_t pixels[N * C * HW];
    static uint32_t labels[N];
    const struct cnas_dataset d = {C, 5, 7, 1, N, pixels, labels};
    double mean[C], std[C];
    srand(2);
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(rand() % (60 + 90 * (int)(i / HW % C)));
    cnas_dataset_moments(mean, std, &d);
    for (size_t c = 0; c < C; c++) {
        long double sum = 0, squares = 0;
        for (size_t i = 0; i < N * HW; i++)
            sum += pixels[(i / HW * C + c) * HW + i % HW];
        for (size_t i = 0; i < N * HW; i++)
            squares += powl(pixels[(i / HW * C + c) * HW + i % HW] - sum / (N * HW), 2);
        ck_assert_double_eq_tol(mean[c], (double)(sum / (N * HW) / 255), 1e-14);
        ck_assert_double_eq_tol(std[c], (double)(sqrtl(squares / (N * HW)) / 255), 1e-14);
    }
    uint8_t halves[] = {0, 255, 255, 0}, flat[] = {51, 51, 51, 51};
    cnas_dataset_moments(mean, std, &(struct cnas_dataset){1, 2, 2, 1, 1, halves, labels});
    ck_assert(mean[0] == 0.5 && std[0] == 0.5);
    cnas_dataset_moments(mean, std, &(struct cnas_dataset){1, 2, 2, 1, 1, flat, labels});
    ck_assert_double_eq_tol(mean[0], 0.2, 1e-16);
    ck_assert(std[0] == 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("split");
    TCase *t = tcase_create("split");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, nothing_is_lost);
    tcase_add_test(t, it_has_the_proportions);
    tcase_add_test(t, the_seed_decides);
    tcase_add_test(t, it_refuses);
    tcase_add_test(t, moments);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
