/* The file of soft labels, read: its numbers; what is not such a file is refused; the digest tells any two apart. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cnas/train.h>

#include "tests/support/soft_file.h"
#include "tests/support/train_net.h"

static const char augmented[] = "flip 1 padding 1 crop 2 cutout 3 seed 9";
static char path[64];

static void setup(void)
{
    make_data();
    snprintf(path, sizeof path, "test_soft_labels_file.%ld.safetensors", (long)getpid());
    unlink(path);
}
static void teardown(void)
{
    unlink(path);
}

START_TEST(bfloat16)
{
    static const struct {
        uint32_t bits;
        unsigned rounded;
    } cases[] = {{0x3f800000, 0x3f80}, {0x3f807fff, 0x3f80}, {0x3f808000, 0x3f80}, {0x3f808001, 0x3f81}, {0x3f818000, 0x3f82}, {0xbf818000, 0xbf82},
                 {0x3fffffff, 0x4000}, {0x00000001, 0x0000}, {0x7f7fffff, 0x7f80}, {0x80000000, 0x8000}};
    unsigned char out[2];
    float x;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(&x, &cases[i].bits, sizeof x);
        cn_train_soft_put(out, x);
        ck_assert_uint_eq(out[0] | (unsigned)out[1] << 8, cases[i].rounded);
        ck_assert_int_eq(cn_train_soft_is_finite(out), cases[i].rounded != 0x7f80);
    }
    for (uint32_t b = 0; b < 1 << 16; b++) {
        const uint32_t bits = b << 16;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x))
            continue;
        cn_train_soft_put(out, x);
        ck_assert_uint_eq(out[0] | (unsigned)out[1] << 8, b);
    }
}
END_TEST

START_TEST(sizes_beyond_memory)
{
    ck_assert_uint_eq(cn_train_soft_bytes(3, 5, 7), 210);
    ck_assert_uint_eq(cn_train_soft_bytes(SIZE_MAX / 2 + 1, 1, 1), SIZE_MAX);
    ck_assert_uint_eq(cn_train_soft_bytes(10000, UINT32_MAX, UINT32_MAX), SIZE_MAX);
}
END_TEST

static struct soft_file by_hand;

static void expect(enum cnas_status want, const char *text)
{
    struct cnas_soft_labels *s;
    struct cnas_error err = {0};
    ck_assert_msg(cnas_soft_labels_load(&s, path, &data[0], CLASSES, &err) == want, "%d, not %d: %s", err.status, want, err.text);
    ck_assert_msg(!text || strstr(err.text, text) != NULL, "%s", err.text);
    ck_assert_int_eq(s != NULL, want == CNAS_OK);
    cnas_soft_labels_free(&s);
}

static void expect_of(enum cnas_status want, const char *text)
{
    soft_file_write(&by_hand, path);
    expect(want, text);
}

START_TEST(metadata)
{
    static const char *const nonsense[] = {"", "flip", "flip 1", "flip 9 padding 0 crop 0 cutout 0 seed 1", "flip 1 padding 2 crop 0 cutout 0 seed 1",
                                           "flip -1 padding 0 crop 0 cutout 0 seed 1", "flip 1 padding 0 crop 1025 cutout 0 seed 1",
                                           "flip 1 padding 0 crop 0 cutout 4097 seed 1", "flip 4294967297 padding 0 crop 0 cutout 0 seed 1",
                                           "flip 1 padding 0 crop 4294967296 cutout 0 seed 1", "flip 1 padding 0 crop 0 cutout 0 seed 18446744073709551616",
                                           "flip 1 padding 0 crop 0 cutout 0 seed 1 ", "flip 01 padding 0 crop 0 cutout 0 seed 1",
                                           "flip  1 padding 0 crop 0 cutout 0 seed 1", "flip +1 padding 0 crop 0 cutout 0 seed 1",
                                           "flip 1 padding 0 crop 0 cutout 0 seed -1", "flip 1 padding 0 crop 0 cutout 0 seed ",
                                           "padding 1 flip 0 crop 0 cutout 0 seed 1", "FLIP 1 padding 0 crop 0 cutout 0 seed 1",
                                           "flip 1 padding 0 crop 0 cutout 0 cutmix 1.5 seed 1", "flip 1 padding 0 crop 0 cutout 0 cutmix nan seed 1",
                                           "flip 1 padding 0 crop 0 cutout 0 cutmix 0 seed 1", "flip 1 padding 0 crop 0 cutout 0 cutmix -0.5 seed 1",
                                           "flip 1 padding 0 crop 0 cutout 0 cutmix 0x1p-1 seed 1", "flip 1 padding 0 crop 0 cutout 0 cutmix seed 1"};
    char name[CN_SAFETENSORS_NAME_MAX + 2];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    soft_file_make(&by_hand, &data[0], CLASSES, 2, augmented);
    const struct soft_file right = by_hand;
    expect_of(CNAS_OK, NULL);
    for (unsigned key = 0; key < CN_TRAIN_SOFT_KEYS; key++) {
        const char *value = by_hand.about[key];
        char text[64];
        snprintf(text, sizeof text, "its metadata have no \"%s\"", cn_train_soft_key(key));
        by_hand.about[key] = NULL;
        expect_of(CNAS_E_FORMAT, text);
        by_hand.about[key] = value;
    }
    by_hand.about[CN_TRAIN_SOFT_FORMAT] = "cnas-soft-labels-2";
    expect_of(CNAS_E_FORMAT, "its \"format\" is not cnas-soft-labels-1");
    by_hand.about[CN_TRAIN_SOFT_FORMAT] = right.about[CN_TRAIN_SOFT_FORMAT];
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        by_hand.about[CN_TRAIN_SOFT_AUGMENT] = nonsense[i];
        expect_of(CNAS_E_FORMAT, "its \"augment\" makes no sense");
    }
    by_hand.about[CN_TRAIN_SOFT_AUGMENT] = "flip 0 padding 0 crop 0 cutout 0 seed 18446744073709551615";
    expect_of(CNAS_OK, NULL);
    by_hand.about[CN_TRAIN_SOFT_AUGMENT] = "flip 0 padding 0 crop 0 cutout 0 cutmix 0.10000000000000001 seed 1";
    expect_of(CNAS_OK, NULL);
    const char *const names[] = {"", "bell\a", "\x1b[2J", "Zo\xc3\xab", "two\nlines", name};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        by_hand.about[CN_TRAIN_SOFT_NETWORK] = names[i];
        expect_of(CNAS_E_FORMAT, "its \"network\" is no name");
    }
    name[CN_SAFETENSORS_NAME_MAX] = '\0';
    expect_of(CNAS_OK, NULL);
    by_hand.about[CN_TRAIN_SOFT_NETWORK] = "resnet-50 (timm)";
    expect_of(CNAS_OK, NULL);
    by_hand.about[CN_TRAIN_SOFT_DATA] = "another set";
    expect_of(CNAS_E_MISMATCH, "soft labels of other training images");
    soft_file_free(&by_hand);
}
END_TEST

START_TEST(tensors)
{
    soft_file_make(&by_hand, &data[0], CLASSES, 2, augmented);
    const struct cn_tensor right = by_hand.logits;
    const struct {
        struct cn_tensor tensor;
        enum cnas_status status;
        const char *text;
    } cases[] = {
        {{.name = "logit", .dtype = CN_BF16, .rank = 3, .dim = {2, N, CLASSES}}, CNAS_E_FORMAT, "no tensor `logits`"},
        {{.name = "logits", .dtype = CN_F16, .rank = 3, .dim = {2, N, CLASSES}}, CNAS_E_FORMAT, "of BF16"},
        {{.name = "logits", .dtype = CN_F32, .rank = 3, .dim = {1, N, CLASSES}}, CNAS_E_FORMAT, "of BF16"},
        {{.name = "logits", .dtype = CN_BF16, .rank = 2, .dim = {2 * N, CLASSES}}, CNAS_E_FORMAT, "shape (views, images, classes)"},
        {{.name = "logits", .dtype = CN_BF16, .rank = 4, .dim = {2, N, CLASSES, 1}}, CNAS_E_FORMAT, "shape (views, images, classes)"},
        {{.name = "logits", .dtype = CN_BF16, .rank = 3, .dim = {0, N, CLASSES}}, CNAS_E_FORMAT, "1 to 10000 views"},
        {{.name = "logits", .dtype = CN_BF16, .rank = 3, .dim = {2, N / 2, 2 * CLASSES}}, CNAS_E_MISMATCH, "250 training images and 6 classes"},
        {{.name = "logits", .dtype = CN_BF16, .rank = 3, .dim = {2, CLASSES, N}}, CNAS_E_MISMATCH, "3 training images and 500 classes"},
        {{.name = "logits", .dtype = CN_BF16, .rank = 3, .dim = {CNAS_VIEWS_MAX + 1, 0, CLASSES}}, CNAS_E_FORMAT, "1 to 10000 views"},
        {{.name = "logits", .dtype = CN_BF16, .rank = 3, .dim = {2, 0, UINT32_MAX}}, CNAS_E_MISMATCH, "0 training images"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        by_hand.logits = cases[i].tensor;
        by_hand.logits.data = by_hand.bytes;
        by_hand.logits.bytes = cn_dtype_size(by_hand.logits.dtype);
        for (uint32_t d = 0; d < by_hand.logits.rank; d++)
            by_hand.logits.bytes *= by_hand.logits.dim[d];
        expect_of(cases[i].status, cases[i].text);
    }
    by_hand.logits = right;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        soft_file_set(&by_hand, 1, N - 1, CLASSES - 1, bad[i]);
        expect_of(CNAS_E_FORMAT, "not finite");
    }
    soft_file_set(&by_hand, 1, N - 1, CLASSES - 1, 3e38f);
    expect_of(CNAS_OK, NULL);
    soft_file_free(&by_hand);
}
END_TEST

/* Cut off anywhere, or with a byte changed anywhere in what is not a number: an error or another file, never a crash. */
START_TEST(damaged_files)
{
    struct cnas_soft_labels *s;
    size_t n;
    soft_file_make(&by_hand, &data[0], CLASSES, 2, augmented);
    soft_file_write(&by_hand, path);
    char *bytes = soft_file_bytes(path, &n);
    const size_t head = n - by_hand.logits.bytes;
    for (size_t cut = 0; cut < n; cut += cut < head ? 1 : 97) {
        soft_file_put(path, bytes, cut);
        expect(CNAS_E_FORMAT, NULL);
    }
    soft_file_put(path, bytes, n + 1); /* of the buffer: zeros */
    expect(CNAS_E_FORMAT, NULL);
    for (size_t at = 0; at < head; at++) {
        bytes[at] ^= 0x15;
        soft_file_put(path, bytes, n);
        bytes[at] ^= 0x15;
        if (!cnas_soft_labels_load(&s, path, &data[0], CLASSES, NULL))
            cnas_soft_labels_free(&s);
    }
    unlink(path);
    expect(CNAS_E_IO, "cannot open it");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect(CNAS_E_IO, "not a regular file");
    free(bytes);
    soft_file_free(&by_hand);
}
END_TEST

/* The digest tells files apart that differ in anything. */
START_TEST(digests)
{
    struct cnas_soft_labels *s[4];
    soft_file_make(&by_hand, &data[0], CLASSES, 2, augmented);
    for (int i = 0; i < 4; i++) {
        if (i == 1)
            soft_file_set(&by_hand, 1, 7, 2, 0.5f);
        if (i == 2)
            by_hand.about[CN_TRAIN_SOFT_WEIGHTS] = "others";
        if (i == 3)
            by_hand.about[CN_TRAIN_SOFT_AUGMENT] = "flip 1 padding 1 crop 2 cutout 3 seed 8";
        soft_file_write(&by_hand, path);
        ck_assert_int_eq(cnas_soft_labels_load(&s[i], path, &data[0], CLASSES, NULL), CNAS_OK);
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(cnas_soft_labels_digest(s[i]), cnas_soft_labels_digest(s[k]));
    }
    for (int i = 0; i < 4; i++)
        cnas_soft_labels_free(&s[i]);
    soft_file_free(&by_hand);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("soft labels, the file");
    TCase *t = tcase_create("soft labels, the file");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, bfloat16);
    tcase_add_test(t, sizes_beyond_memory);
    tcase_add_test(t, metadata);
    tcase_add_test(t, tensors);
    tcase_add_test(t, damaged_files);
    tcase_add_test(t, digests);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
