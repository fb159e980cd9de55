/* Data sets: which form lies in a folder, CIFAR's binary files, each way to be wrong. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cnas/train.h>

#include "tests/support/folder.h"

static struct cnas_dataset d;
static const struct cnas_dataset_options colour = {.channels = 3};

static void load_fails(const char *part, enum cnas_status expected, const char *words)
{
    fails(cnas_dataset_load(&d, dir, part, &colour, &err), expected, words);
    ck_assert(!d.pixels && !d.labels && !d.n);
}

enum { PIXELS = 3072, TEN = 1 + PIXELS, HUNDRED = 2 + PIXELS };
static const char *const batches[] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                                      "data_batch_5.bin"};
static unsigned char records[3 * HUNDRED];

static uint8_t pixel(size_t image, size_t i)
{
    return (uint8_t)(image * 31 + i * 7 + i / 1024);
}

/* n records from image `first` on, each with `labels` label bytes: 5, then 3 * image. */
static void make(size_t first, size_t n, size_t labels)
{
    for (size_t r = 0; r < n; r++) {
        unsigned char *p = records + r * (labels + PIXELS);
        p[0] = 5;
        p[labels - 1] = (unsigned char)(3 * (first + r));
        for (size_t i = 0; i < PIXELS; i++)
            p[labels + i] = pixel(first + r, i);
    }
}

static void load(const char *part, size_t n, uint32_t classes)
{
    ck_assert_msg(!cnas_dataset_load(&d, dir, part, &colour, &err), "%s", err.text);
    ck_assert(d.n == n && d.c == 3 && d.h == 32 && d.w == 32);
    ck_assert_uint_eq(d.classes, classes);
}

static void check_and_clear(void)
{
    for (size_t r = 0; r < d.n; r++) {
        ck_assert_uint_eq(d.labels[r], 3 * r);
        for (size_t i = 0; i < PIXELS; i++)
            ck_assert_uint_eq(d.pixels[r * PIXELS + i], pixel(r, i));
    }
    cnas_dataset_clear(&d);
}

/* One image in each of the five batches, a label that 10 classes have in the last. */
START_TEST(cifar10)
{
    for (size_t i = 0; i < 5; i++) {
        make(i, 1, 1);
        records[0] = i < 4 ? records[0] : 9;
        put(batches[i], records, TEN);
    }
    make(0, 3, 1);
    put("test_batch.bin", records, 3 * TEN);
    load("test", 3, 7);
    check_and_clear();
    load("train", 5, 10);
    ck_assert(d.labels[3] == 9 && d.labels[4] == 9 && d.pixels[4 * PIXELS + 100] == pixel(4, 100));
    cnas_dataset_clear(&d);
    char full[256];
    snprintf(full, sizeof full, "%s/%s", dir, batches[3]);
    unlink(full);
    load_fails("train", CNAS_E_IO, "data_batch_4.bin");
    ck_assert_int_eq(mkfifo(full, 0600), 0);
    load_fails("train", CNAS_E_IO, "not a regular file");
}
END_TEST

START_TEST(cifar100)
{
    make(0, 3, 2);
    put("train.bin", records, 3 * HUNDRED);
    put("test.bin", records, HUNDRED);
    load("train", 3, 7);
    check_and_clear();
    load("test", 1, 1);
    check_and_clear();
    records[HUNDRED + 1] = 99;
    put("train.bin", records, 3 * HUNDRED);
    load("train", 3, 100);
    cnas_dataset_clear(&d);
    records[HUNDRED + 1] = 100;
    put("train.bin", records, 3 * HUNDRED);
    load_fails("train", CNAS_E_FORMAT, "train.bin: image 1 has label 100");
    records[HUNDRED + 1] = 9;
    records[2 * HUNDRED] = 20;
    put("train.bin", records, 3 * HUNDRED);
    load_fails("train", CNAS_E_FORMAT, "train.bin: image 2 has coarse label 20");
}
END_TEST

START_TEST(cifar_truncated_or_foreign)
{
    static const size_t size[] = {0, 1, 2, TEN - 1, TEN + 1, HUNDRED, 2 * TEN - 1, 3 * TEN - 3};
    make(0, 3, 1);
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        put("test_batch.bin", records, size[i]);
        load_fails("test", CNAS_E_FORMAT, "test_batch.bin");
    }
    records[TEN] = 10;
    put("test_batch.bin", records, 2 * TEN);
    load_fails("test", CNAS_E_FORMAT, "test_batch.bin: image 1 has label 10; CIFAR-10 has only 10");
    put("data_batch_1.bin", records, TEN);
    for (int i = 0; i < 2; i++) { /* a file of holes that promises more than memory: refused before any is taken */
        static const off_t huge[] = {(off_t)TEN << 20, (off_t)TEN << 42};
        char full[256];
        snprintf(full, sizeof full, "%s/test_batch.bin", dir);
        if (!truncate(full, huge[i]))
            load_fails("test", CNAS_E_FORMAT, "more than this program takes");
    }
}
END_TEST

START_TEST(which_form)
{
    load_fails("train", CNAS_E_FORMAT, "no data set");
    put("data_batch_1", "x", 1);
    load_fails("train", CNAS_E_FORMAT, "binary version");
    make(0, 1, 2);
    put("train.bin", records, HUNDRED);
    load("train", 1, 1);
    cnas_dataset_clear(&d);
    load_fails("test", CNAS_E_IO, "test.bin");
    put("t10k-images-idx3-ubyte.gz", "x", 1);
    load_fails("test", CNAS_E_FORMAT, "two data sets, MNIST's IDX files and CIFAR-100");
    ck_assert(cnas_dataset_load(&d, "/nonexistent", "train", &colour, &err) == CNAS_E_IO && strstr(err.text, "/nonexistent: cannot read"));
    ck_assert(cnas_dataset_load(&d, "/dev/null", "train", &colour, &err) == CNAS_E_IO && strstr(err.text, "/dev/null: cannot read"));
}
END_TEST

/* A set of one size becomes another; without being asked it is refused with advice. */
START_TEST(resampled)
{
    static const struct cnas_dataset_options small = {.channels = 3, .h = 16, .w = 8};
    struct cnas_model m = {.name = "N", .c = 3, .h = 16, .w = 8, .classes = 10};
    make(0, 2, 1);
    put("test_batch.bin", records, 2 * TEN);
    load("test", 2, 4);
    ck_assert_int_eq(cnas_dataset_check(&d, &m, &err), CNAS_E_MISMATCH);
    ck_assert_msg(strstr(err.text, "3x32x32, network `N` takes 3x16x8; --resize"), "%s", err.text);
    unsigned mean = 0;
    for (size_t i = 0; i < 8; i++)
        mean += d.pixels[PIXELS + 32 * (i / 4) + i % 4];
    cnas_dataset_clear(&d);
    ck_assert_msg(!cnas_dataset_load(&d, dir, "test", &small, &err), "%s", err.text);
    ck_assert(d.n == 2 && d.h == 16 && d.w == 8 && d.labels[1] == 3 && !cnas_dataset_check(&d, &m, &err));
    ck_assert_uint_eq(d.pixels[3 * 16 * 8], (mean + 4) / 8);
    cnas_dataset_clear(&d);
    m.c = 1;
    load("test", 2, 4);
    ck_assert(cnas_dataset_check(&d, &m, &err) && !strstr(err.text, "--resize")); /* which would not help */
    cnas_dataset_clear(&d);
}
END_TEST

START_TEST(idx_too)
{
    static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4};
    static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 1, 6};
    put("t10k-images-idx3-ubyte", images, sizeof images);
    put("t10k-labels-idx1-ubyte", labels, sizeof labels);
    ck_assert_msg(!cnas_dataset_load(&d, dir, "test", &colour, &err), "%s", err.text);
    ck_assert(d.n == 1 && d.c == 1 && d.h == 2 && d.w == 2 && d.classes == 7 && d.pixels[3] == 4);
    cnas_dataset_clear(&d);
    load_fails("train", CNAS_E_IO, "train-images-idx3-ubyte");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dataset");
    TCase *t = tcase_create("dataset");
    tcase_add_checked_fixture(t, folder_make, folder_remove);
    tcase_add_test(t, cifar10);
    tcase_add_test(t, cifar100);
    tcase_add_test(t, cifar_truncated_or_foreign);
    tcase_add_test(t, which_form);
    tcase_add_test(t, resampled);
    tcase_add_test(t, idx_too);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
