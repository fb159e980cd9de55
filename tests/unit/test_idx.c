/* Data sets in MNIST's IDX files, plain and gzipped: what is read, each way to be wrong, every truncation. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cnas/train.h>

#include "tests/support/folder.h"

static void put_gz(const char *name, const void *bytes, unsigned n)
{
    gzFile f = gzopen(in_dir(name), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(gzwrite(f, bytes, n), (int)n);
    gzclose(f);
}

/* 3 images of 2x2, labels 0 2 1. */
static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 0, 2, 1};

START_TEST(idx_plain_and_gz)
{
    for (int gz = 0; gz < 2; gz++) {
        struct cnas_dataset d;
        if (gz) {
            put_gz("train-images-idx3-ubyte.gz", images, sizeof images);
            put_gz("train-labels-idx1-ubyte.gz", labels, sizeof labels);
        } else {
            put("t10k-images-idx3-ubyte", images, sizeof images);
            put("t10k-labels-idx1-ubyte", labels, sizeof labels);
        }
        ck_assert_msg(!cnas_dataset_load_idx(&d, dir, gz ? "train" : "test", &err), "%s", err.text);
        ck_assert_uint_eq(d.n, 3);
        ck_assert(d.c == 1 && d.h == 2 && d.w == 2 && d.classes == 3);
        ck_assert_mem_eq(d.pixels, images + 16, 12);
        ck_assert(d.labels[0] == 0 && d.labels[1] == 2 && d.labels[2] == 1);
        struct cnas_model m = {.name = "n", .c = 1, .h = 2, .w = 2, .classes = 3};
        ck_assert_int_eq(cnas_dataset_check(&d, &m, &err), CNAS_OK);
        m.classes = 2;
        fails(cnas_dataset_check(&d, &m, &err), CNAS_E_MISMATCH, "label 2");
        m.h = 3;
        fails(cnas_dataset_check(&d, &m, &err), CNAS_E_MISMATCH, "1x3x2");
        cnas_dataset_clear(&d);
    }
}
END_TEST

START_TEST(idx_missing)
{
    struct cnas_dataset d;
    fails(cnas_dataset_load_idx(&d, dir, "test", &err), CNAS_E_IO, "t10k-images");
    put("t10k-images-idx3-ubyte", images, sizeof images);
    fails(cnas_dataset_load_idx(&d, dir, "test", &err), CNAS_E_IO, "t10k-labels");
    ck_assert_ptr_null(d.pixels);
}
END_TEST

START_TEST(idx_truncated_or_long)
{
    struct cnas_dataset d;
    unsigned char longer[sizeof images + 1] = {0};
    memcpy(longer, images, sizeof images);
    put("train-labels-idx1-ubyte", labels, sizeof labels);
    for (size_t n = 0; n <= sizeof longer; n++) {
        put("train-images-idx3-ubyte", longer, n);
        enum cnas_status status = cnas_dataset_load_idx(&d, dir, "train", &err);
        if (n == sizeof images)
            cnas_dataset_clear(&d);
        else
            fails(status, CNAS_E_FORMAT, "train-images");
    }
    put("train-images-idx3-ubyte", images, sizeof images);
    for (size_t n = 0; n < sizeof labels; n++) {
        put("train-labels-idx1-ubyte", labels, n);
        fails(cnas_dataset_load_idx(&d, dir, "train", &err), CNAS_E_FORMAT, "train-labels");
    }
}
END_TEST

START_TEST(idx_damaged_gz)
{
    struct cnas_dataset d;
    unsigned char b[256];
    put_gz("train-images-idx3-ubyte.gz", images, sizeof images);
    put_gz("train-labels-idx1-ubyte.gz", labels, sizeof labels);
    const size_t n = get(in_dir("train-images-idx3-ubyte.gz"), b, sizeof b);
    for (size_t cut = 0; cut < n; cut++) {
        put("train-images-idx3-ubyte.gz", b, cut);
        ck_assert_msg(cnas_dataset_load_idx(&d, dir, "train", &err), "cut to %zu of %zu bytes", cut, n);
    }
    b[n - 6] ^= 1; /* the checksum */
    put("train-images-idx3-ubyte.gz", b, n);
    fails(cnas_dataset_load_idx(&d, dir, "train", &err), CNAS_E_FORMAT, "train-images");
}
END_TEST

START_TEST(idx_bad_headers)
{
    static const struct {
        size_t at;
        unsigned char value;
        const char *words;
    } cases[] = {
        {2, 9, "not an IDX file"},    {3, 1, "not an IDX file"}, {0, 1, "not an IDX file"},
        {7, 0, "axis 0 has size 0"},  {4, 255, "axis 0"},        {8, 1, "axis 1"},
        {7, 4, "promises"},           {7, 2, "longer"},          {11, 200, "promises"},
    };
    struct cnas_dataset d;
    put("train-labels-idx1-ubyte", labels, sizeof labels);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char b[sizeof images];
        memcpy(b, images, sizeof b);
        b[cases[i].at] = cases[i].value;
        unsigned char l[sizeof labels];
        memcpy(l, labels, sizeof l);
        if (cases[i].at == 7 && cases[i].value == 2) { /* fits the labels, but the images go on */
            l[7] = 2;
            put("train-labels-idx1-ubyte", l, sizeof l - 1);
        }
        put("train-images-idx3-ubyte", b, sizeof b);
        fails(cnas_dataset_load_idx(&d, dir, "train", &err), CNAS_E_FORMAT, cases[i].words);
        put("train-labels-idx1-ubyte", labels, sizeof labels);
    }
    put("train-images-idx3-ubyte", images, sizeof images);
    static const struct {
        unsigned char sizes[12];
        const char *words;
    } large[] = {{{0, 1, 134, 160, 0, 0, 0, 112, 0, 0, 0, 112}, "promises 1254400000 bytes"}, /* sets of 1.2 GB are taken, were it one */
                 {{0, 152, 150, 128, 0, 0, 16, 0, 0, 0, 16, 0}, "167772160000000 bytes of data are more than this program takes"}};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        unsigned char b[sizeof images];
        memcpy(b, images, sizeof b);
        memcpy(b + 4, large[i].sizes, sizeof large[i].sizes);
        put("train-images-idx3-ubyte", b, sizeof b);
        fails(cnas_dataset_load_idx(&d, dir, "train", &err), CNAS_E_FORMAT, large[i].words);
    }
    put("train-images-idx3-ubyte", images, sizeof images);
    static const unsigned char two[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 2};
    put("train-labels-idx1-ubyte", two, sizeof two);
    fails(cnas_dataset_load_idx(&d, dir, "train", &err), CNAS_E_FORMAT, "2 labels, but 3 images");
}
END_TEST

/* A FIFO would keep us waiting for its writer. */
START_TEST(idx_no_file)
{
    struct cnas_dataset d;
    put("train-labels-idx1-ubyte", labels, sizeof labels);
    ck_assert_int_eq(mkfifo(in_dir("train-images-idx3-ubyte"), 0600), 0);
    fails(cnas_dataset_load_idx(&d, dir, "train", &err), CNAS_E_IO, "train-images-idx3-ubyte: not a regular file");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("idx");
    TCase *t = tcase_create("idx");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, folder_make, folder_remove);
    tcase_add_test(t, idx_plain_and_gz);
    tcase_add_test(t, idx_missing);
    tcase_add_test(t, idx_truncated_or_long);
    tcase_add_test(t, idx_damaged_gz);
    tcase_add_test(t, idx_bad_headers);
    tcase_add_test(t, idx_no_file);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
