/* Several teachers of a student: the mean of what they answer, each scaled to the same spread. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cnas/train.h>

#include "runtime/data/safetensors.h"
#include "tests/support/soft_file.h"
#include "tests/support/train_net.h"

enum { TEACHERS = 3, VIEWS = 4 };
static const char augmented[] = "flip 1 padding 1 crop 2 cutout 3 seed 9";
static struct soft_file by_hand[TEACHERS];
static char path[TEACHERS][64];
static const uint32_t views[TEACHERS] = {VIEWS, VIEWS - 2, VIEWS - 1};

/* Numbers that bfloat16 has, of teachers that are sure of themselves and others that are not. */
static float number(size_t teacher, size_t view, size_t image, size_t class)
{
    const uint32_t mixed = (uint32_t)(teacher * 1000003 + view * 50021 + image * 701 + class * 31) * 2654435761u;
    return (float)((int)(mixed >> 26) - 32) * (teacher == 1 ? 0.03125f : 0.5f) + (float)teacher;
}

static void setup(void)
{
    make_data();
    for (size_t k = 0; k < TEACHERS; k++) {
        snprintf(path[k], sizeof path[k], "test_soft_labels_several.%ld.%zu", (long)getpid(), k);
        soft_file_make(&by_hand[k], &data[0], CLASSES, views[k], augmented);
        by_hand[k].about[CN_TRAIN_SOFT_NETWORK] = k == 0 ? "One" : k == 1 ? "Two" : "Three";
        for (size_t v = 0; v < views[k]; v++)
            for (size_t i = 0; i < data[0].n; i++)
                for (size_t c = 0; c < CLASSES; c++)
                    soft_file_set(&by_hand[k], v, i, c, number(k, v, i, c));
        soft_file_write(&by_hand[k], path[k]);
    }
}
static void teardown(void)
{
    for (size_t k = 0; k < TEACHERS; k++) {
        unlink(path[k]);
        soft_file_free(&by_hand[k]);
    }
}

static struct cnas_soft_labels *load(size_t n, const size_t *order)
{
    struct cnas_soft_labels *s;
    struct cnas_error err = {0};
    ck_assert_msg(!cnas_soft_labels_load(&s, path[order[0]], &data[0], CLASSES, &err), "%s", err.text);
    for (size_t k = 1; k < n; k++)
        ck_assert_msg(!cnas_soft_labels_add(s, path[order[k]], &data[0], &err), "%s", err.text);
    return s;
}
static const size_t in_order[TEACHERS] = {0, 1, 2};

static double mean(size_t k, size_t v, size_t i)
{
    double sum = 0;
    for (size_t c = 0; c < CLASSES; c++)
        sum += (double)number(k, v, i, c);
    return sum / CLASSES;
}

static double spread(size_t k)
{
    double sum = 0;
    for (size_t v = 0; v < views[k]; v++)
        for (size_t i = 0; i < data[0].n; i++)
            for (size_t c = 0; c < CLASSES; c++)
                sum += pow((double)number(k, v, i, c) - mean(k, v, i), 2);
    return sqrt(sum / ((double)views[k] * (double)data[0].n * CLASSES));
}

START_TEST(one_is_as_in_the_file)
{
    struct cnas_soft_labels *s = load(1, in_order);
    float got[CLASSES];
    for (uint32_t v = 0; v < VIEWS; v++)
        for (uint32_t i = 0; i < data[0].n; i++) {
            cn_train_soft_read(s, got, v, &i, 1);
            for (size_t c = 0; c < CLASSES; c++)
                ck_assert(got[c] == number(0, v, i, c));
        }
    ck_assert_str_eq(cnas_soft_labels_teacher(s), "One");
    cnas_soft_labels_free(&s);
}
END_TEST

START_TEST(mean_of_three)
{
    struct cnas_soft_labels *s = load(TEACHERS, in_order);
    const double of[TEACHERS] = {spread(0), spread(1), spread(2)}, all = (of[0] + of[1] + of[2]) / TEACHERS;
    uint32_t samples[2] = {3, 0};
    float got[2 * CLASSES];
    ck_assert_uint_eq(cnas_soft_labels_views(s), VIEWS - 2);
    ck_assert_str_eq(cnas_soft_labels_teacher(s), "One + Two + Three");
    for (uint32_t v = 0; v < VIEWS - 2; v++)
        for (samples[1] = 0; samples[1] < data[0].n; samples[1]++) {
            cn_train_soft_read(s, got, v, samples, 2);
            for (size_t j = 0; j < 2; j++)
                for (size_t c = 0; c < CLASSES; c++) {
                    double want = 0;
                    for (size_t k = 0; k < TEACHERS; k++)
                        want += ((double)number(k, v, samples[j], c) - mean(k, v, samples[j])) * all / of[k] / TEACHERS;
                    ck_assert_double_eq_tol((double)got[j * CLASSES + c], want, 1e-5);
                }
        }
    ck_assert_uint_eq(cn_train_soft_view(s, 3), 1);
    ck_assert(cn_train_soft_fit(s, data[0].n, CLASSES) && !cn_train_soft_fit(s, data[0].n, CLASSES + 1));
    cnas_soft_labels_free(&s);
}
END_TEST

/* Who says the same of all classes does not move the others, only makes them less sure. */
START_TEST(one_says_nothing)
{
    memset(by_hand[1].bytes, 0, by_hand[1].logits.bytes);
    soft_file_write(&by_hand[1], path[1]);
    struct cnas_soft_labels *s = load(2, in_order), *silent = load(1, in_order + 1);
    const uint32_t image = 5;
    float got[CLASSES];
    cn_train_soft_read(s, got, 1, &image, 1);
    for (size_t c = 0; c < CLASSES; c++) /* half the spread in the mean, half of that by two teachers */
        ck_assert_double_eq_tol((double)got[c], ((double)number(0, 1, image, c) - mean(0, 1, image)) / 4, 1e-5);
    ck_assert(!cnas_soft_labels_add(silent, path[1], &data[0], NULL));
    cn_train_soft_read(silent, got, 1, &image, 1);
    for (size_t c = 0; c < CLASSES; c++)
        ck_assert(got[c] == 0);
    cnas_soft_labels_free(&s);
    cnas_soft_labels_free(&silent);
}
END_TEST

START_TEST(digests)
{
    static const size_t orders[][TEACHERS] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {0, 0, 0}};
    char seen[12][CN_TRAIN_DIGEST];
    size_t n = 0;
    for (size_t o = 0; o < 4; o++)
        for (size_t k = 1; k <= TEACHERS; k++) {
            if (k == 1 && o != 0 && o != 2)
                continue;
            struct cnas_soft_labels *s = load(k, orders[o]), *again = load(k, orders[o]);
            ck_assert_str_eq(cnas_soft_labels_digest(s), cnas_soft_labels_digest(again));
            snprintf(seen[n++], CN_TRAIN_DIGEST, "%s", cnas_soft_labels_digest(s));
            ck_assert_uint_eq(strlen(seen[n - 1]), 64);
            for (size_t j = 0; j + 1 < n; j++)
                ck_assert_str_ne(seen[j], seen[n - 1]);
            cnas_soft_labels_free(&s);
            cnas_soft_labels_free(&again);
        }
}
END_TEST

/* s stays as it was. */
static void refused(enum cnas_status want, const char *text)
{
    struct cnas_soft_labels *s = load(2, in_order);
    struct cnas_error err = {0};
    char digest[CN_TRAIN_DIGEST];
    float before[CLASSES], after[CLASSES];
    const uint32_t image = 2;
    snprintf(digest, sizeof digest, "%s", cnas_soft_labels_digest(s));
    cn_train_soft_read(s, before, 0, &image, 1);
    ck_assert_msg(cnas_soft_labels_add(s, path[2], &data[0], &err) == want && strstr(err.text, text), "%d: %s", err.status, err.text);
    cn_train_soft_read(s, after, 0, &image, 1);
    ck_assert(!memcmp(before, after, sizeof before));
    ck_assert_str_eq(cnas_soft_labels_digest(s), digest);
    ck_assert_str_eq(cnas_soft_labels_teacher(s), "One + Two");
    cnas_soft_labels_free(&s);
}

START_TEST(what_does_not_fit)
{
    by_hand[2].about[CN_TRAIN_SOFT_AUGMENT] = "flip 1 padding 1 crop 2 cutout 3 seed 8";
    soft_file_write(&by_hand[2], path[2]);
    refused(CNAS_E_MISMATCH, "answer for the same views: these are flip 1 padding 1 crop 2 cutout 3 seed 8, the first teacher's flip 1 padding 1 crop 2 cutout 3 seed 9");
    by_hand[2].about[CN_TRAIN_SOFT_AUGMENT] = augmented;
    by_hand[2].about[CN_TRAIN_SOFT_DATA] = "others";
    soft_file_write(&by_hand[2], path[2]);
    refused(CNAS_E_MISMATCH, "soft labels of other training images");
    by_hand[2].about[CN_TRAIN_SOFT_DATA] = by_hand[2].data;
    soft_file_set(&by_hand[2], 1, 2, 1, 3e38f);
    soft_file_write(&by_hand[2], path[2]);
    refused(CNAS_E_FORMAT, "too large for a mean");
    soft_file_put(path[2], "cut", 3);
    refused(CNAS_E_FORMAT, "");
    unlink(path[2]);
    refused(CNAS_E_IO, "No such file");
}
END_TEST

/* A file that fits the images it is given with, which are not those of the first. */
START_TEST(other_images)
{
    struct cnas_dataset fewer = data[0];
    struct cnas_soft_labels *s = load(1, in_order);
    struct cnas_error err = {0};
    struct soft_file f;
    fewer.n = 7;
    memset(&err, 0, sizeof err);
    soft_file_make(&f, &fewer, CLASSES, VIEWS, augmented);
    soft_file_write(&f, path[2]);
    ck_assert_int_eq(cnas_soft_labels_add(s, path[2], &fewer, &err), CNAS_E_MISMATCH);
    ck_assert_msg(strstr(err.text, "other images than the first teacher's") != NULL, "%s", err.text);
    soft_file_free(&f);
    soft_file_make(&f, &data[1], CLASSES, VIEWS, augmented);
    soft_file_write(&f, path[2]);
    ck_assert_int_eq(cnas_soft_labels_add(s, path[2], &data[1], &err), CNAS_E_MISMATCH);
    ck_assert_msg(strstr(err.text, "other images than the first teacher's") != NULL, "%s", err.text);
    soft_file_free(&f);
    cnas_soft_labels_free(&s);
}
END_TEST

START_TEST(as_many_as_there_can_be)
{
    struct cnas_soft_labels *s = load(1, in_order);
    struct cnas_error err = {0};
    char name[CN_SAFETENSORS_NAME_MAX + 1];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    by_hand[1].about[CN_TRAIN_SOFT_NETWORK] = name;
    soft_file_write(&by_hand[1], path[1]);
    for (int k = 1; k < CNAS_TEACHERS_MAX; k++)
        ck_assert_msg(!cnas_soft_labels_add(s, path[1], &data[0], &err), "%s", err.text);
    ck_assert_uint_eq(strlen(cnas_soft_labels_teacher(s)), 3 + (CNAS_TEACHERS_MAX - 1) * (3 + CN_SAFETENSORS_NAME_MAX));
    ck_assert_int_eq(cnas_soft_labels_add(s, path[1], &data[0], &err), CNAS_E_RANGE);
    ck_assert_msg(strstr(err.text, "there can be 16 teachers") != NULL, "%s", err.text);
    cnas_soft_labels_free(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("soft labels of several teachers");
    TCase *t = tcase_create("soft labels of several teachers");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, one_is_as_in_the_file);
    tcase_add_test(t, mean_of_three);
    tcase_add_test(t, one_says_nothing);
    tcase_add_test(t, digests);
    tcase_add_test(t, what_does_not_fit);
    tcase_add_test(t, other_images);
    tcase_add_test(t, as_many_as_there_can_be);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
