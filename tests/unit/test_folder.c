/* Image folders: order, labels, sizes, PNG and JPEG, and each way to be wrong. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_JPEG
#include <jpeglib.h>
#endif

#include "tests/support/image_set.h"

START_TEST(order_and_labels)
{
    put_set();
    check_train(4);
    ck_assert_msg(!load("test", 3), "%s", err.text);
    ck_assert(d.n == 1 && d.labels[0] == 2 && d.classes == 3 && d.pixels[0] == 50); /* class b as in train, though it is alone */
    cnas_dataset_clear(&d);
    ck_assert_msg(!load("test", 1), "%s", err.text);
    ck_assert(d.c == 1 && d.pixels[0] == (77 * 50 + 150 * 100 + 29 * 200 + 128) >> 8);
    cnas_dataset_clear(&d);
    ck_assert(load("test", 2) == CNAS_E_RANGE && strstr(err.text, "channels"));
}
END_TEST

START_TEST(test_alone)
{
    put_set();
    char command[96];
    snprintf(command, sizeof command, "rm -r '%s/set/train'", dir);
    ck_assert_int_eq(system(command), 0);
    ck_assert_msg(!load("test", 3), "%s", err.text);
    ck_assert(d.n == 1 && d.labels[0] == 0);
    cnas_dataset_clear(&d);
    load_fails("train", CNAS_E_IO, "set/train: cannot read");
}
END_TEST

START_TEST(resampled)
{
    char name[256];
    uint8_t want[6];
    put_set();
    put_png("set/train/a/y.png", 2, 4, 0);
    put_png("set/train/a/z.png", 3, 1, 60);
    load_fails("train", CNAS_E_MISMATCH, "a/y.png: the image is 2 pixels wide and 4 high, the first one of the set 4 x 2; --resize resamples them");
    for (int again = 0; again < 2; again++) {
        ck_assert_msg(!load_as("train", 3, 1, 2), "%s", err.text);
        ck_assert_uint_eq(decoded, again ? 0 : 6);
        ck_assert(d.n == 6 && d.c == 3 && d.h == 1 && d.w == 2);
        static const uint8_t red[][2] = {{43, 45}, {33, 35}, {3, 4}, {60, 62}, {13, 15}, {23, 25}}; /* means of 2 x 2, of 4 x 1; 60 + 1/3 */
        for (size_t i = 0; i < 6; i++)
            ck_assert_msg(d.pixels[6 * i] == red[i][0] && d.pixels[6 * i + 1] == red[i][1], "image %zu: %d %d", i, d.pixels[6 * i],
                          d.pixels[6 * i + 1]);
        ck_assert(d.pixels[2] == 100 && d.pixels[4] == 200);
        cnas_dataset_clear(&d);
    }
    unlink(in_dir("set/train/a/y.png"));
    unlink(in_dir("set/train/a/z.png"));
    check_train(4); /* another pack */
    ck_assert_uint_eq(packs(name), 2);
    check_train(0);
    ck_assert_msg(!load_as("train", 3, 2, 4), "%s", err.text); /* the size they have */
    ck_assert(d.n == 4 && d.pixels[0] == 40 && d.pixels[7] == 47);
    cnas_dataset_clear(&d);
    snprintf(name, sizeof name, "%s", in_dir("set/train/B/x.png"));
    ck_assert_msg(!cnas_image_load(want, 3, 1, 2, 1, name, &err), "%s", err.text);
    ck_assert(want[0] == 43 && want[1] == 45 && want[3] == 100);
    ck_assert(cnas_image_load(want, 3, 1, 2, 1, "/nonexistent.png", &err) == CNAS_E_IO && strstr(err.text, "nonexistent"));
    put("set/train/a/x.PNG", "GIF89a", 6);
    ck_assert(load_as("train", 3, 1, 2) == CNAS_E_FORMAT && strstr(err.text, "a/x.PNG: neither PNG, JPEG"));
}
END_TEST

START_TEST(unreadable)
{
    put_set();
    ck_assert_int_eq(chmod(in_dir("set/train/b/10.png"), 0), 0);
    if (!access(in_dir("set/train/b/10.png"), R_OK))
        return; /* root reads everything */
    load_fails("train", CNAS_E_IO, "b/10.png: cannot open it: Permission denied");
    ck_assert_int_eq(chmod(in_dir("set/train/b"), 0), 0);
    load_fails("train", CNAS_E_IO, "train/b: cannot read this folder: Permission denied");
    ck_assert_int_eq(chmod(in_dir("set/train/b"), 0700), 0);
}
END_TEST

START_TEST(wrong_sets)
{
    load_fails("train", CNAS_E_FORMAT, "set/train/B: no image in this class folder");
    put_set();
    put_png("set/train/b/11.png", 2, 4, 0);
    load_fails("train", CNAS_E_MISMATCH, "b/11.png: the image is 2 pixels wide and 4 high, the first one of the set 4 x 2");
    put("set/train/b/11.png", "\x89PNG\r\n\x1a\n", 8);
    load_fails("train", CNAS_E_FORMAT, "b/11.png");
    put("set/train/b/11.png", "", 0);
    load_fails("train", CNAS_E_FORMAT, "b/11.png: the file is empty");
    put("set/train/b/11.png", "GIF89a", 6);
    load_fails("train", CNAS_E_FORMAT, "b/11.png: neither PNG, JPEG");
    unlink(in_dir("set/train/b/11.png"));
    ck_assert_int_eq(mkfifo(in_dir("set/train/b/11.png"), 0600), 0);
    load_fails("train", CNAS_E_IO, "b/11.png: not a regular file");
    unlink(in_dir("set/train/b/11.png"));
    put("set/train/b/notes.txt", "x", 1);
    load_fails("train", CNAS_E_FORMAT, "b/notes.txt: a class folder holds .png");
    unlink(in_dir("set/train/b/notes.txt"));
    check_train(4);
    make_folder("set/test/c");
    put_png("set/test/c/1.png", 4, 2, 0);
    load_fails("test", CNAS_E_FORMAT, "set/test/c: train has no class of this name");
}
END_TEST

START_TEST(no_classes)
{
    char command[96];
    snprintf(command, sizeof command, "rmdir '%s'/set/train/*", dir);
    ck_assert_int_eq(system(command), 0);
    put("set/train/image.png", "x", 1);
    load_fails("train", CNAS_E_FORMAT, "set/train: no class folders");
}
END_TEST

#ifdef HAVE_JPEG
/* w x h pixels of three smooth planes, or one, at quality 100 and without subsampling. */
static void put_jpeg(const char *name, unsigned w, unsigned h, J_COLOR_SPACE space, int components)
{
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr e;
    unsigned char row[4 * 64];
    FILE *f = fopen(in_dir(name), "wb");
    ck_assert_ptr_nonnull(f);
    j.err = jpeg_std_error(&e);
    jpeg_create_compress(&j);
    jpeg_stdio_dest(&j, f);
    j.image_width = w;
    j.image_height = h;
    j.input_components = components;
    j.in_color_space = space;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, 100, TRUE);
    for (int i = 0; i < components; i++)
        j.comp_info[i].h_samp_factor = j.comp_info[i].v_samp_factor = 1;
    jpeg_start_compress(&j, TRUE);
    for (unsigned y = 0; y < h; y++) {
        for (unsigned x = 0; x < w; x++)
            for (int k = 0; k < components; k++)
                row[x * (unsigned)components + (unsigned)k] = (unsigned char)(60 * k + 8 * (int)x + 4 * (int)y);
        JSAMPROW p = row;
        jpeg_write_scanlines(&j, &p, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    fclose(f);
}

START_TEST(jpeg)
{
    unsigned char b[4096];
    char path[256];
    uint8_t pixels[3 * 96];
    put_jpeg("set/test/b/1.jpg", 12, 8, JCS_RGB, 3);
    put_jpeg("set/test/b/2.JPEG", 12, 8, JCS_GRAYSCALE, 1);
    ck_assert_msg(!load("test", 3), "%s", err.text);
    ck_assert(d.n == 2 && d.h == 8 && d.w == 12 && decoded == 2);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 96; i++) {
            const int grey = 8 * (i % 12) + 4 * (i / 12);
            ck_assert_int_le(abs(d.pixels[k * 96 + i] - (60 * k + grey)), 3);
            ck_assert_int_le(abs(d.pixels[288 + k * 96 + i] - grey), 2);
        }
    cnas_dataset_clear(&d);
    snprintf(path, sizeof path, "%s", in_dir("set/test/b/1.jpg"));
    ck_assert(cnas_image_load(pixels, 3, 8, 11, 0, path, &err) == CNAS_E_MISMATCH && strstr(err.text, "12 pixels wide"));
    const size_t n = get(path, b, sizeof b);
    for (size_t cut = 0; cut < n; cut++) {
        put("set/test/b/1.jpg", b, cut);
        load_fails("test", CNAS_E_FORMAT, "b/1.jpg");
    }
    put_jpeg("set/test/b/1.jpg", 12, 8, JCS_CMYK, 4);
    load_fails("test", CNAS_E_FORMAT, "b/1.jpg: the JPEG is damaged, or of a kind that is not read");
    put_jpeg("set/test/b/1.jpg", 12, 8, JCS_RGB, 3);
    put_jpeg("set/test/b/2.JPEG", 8, 12, JCS_RGB, 3);
    load_fails("test", CNAS_E_MISMATCH, "b/2.JPEG: the image is 8 pixels wide and 12 high, the first one of the set 12 x 8");
}
END_TEST
#else
START_TEST(jpeg)
{
    put("set/test/b/1.jpg", "\xff\xd8\xff\xe0", 4);
    load_fails("test", CNAS_E_FORMAT, "b/1.jpg: a JPEG, and cnasc was built without libjpeg");
}
END_TEST
#endif

int main(void)
{
    Suite *s = suite_create("folder");
    TCase *t = tcase_create("folder");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, image_set_make, folder_remove);
    tcase_add_test(t, order_and_labels);
    tcase_add_test(t, test_alone);
    tcase_add_test(t, resampled);
    tcase_add_test(t, unreadable);
    tcase_add_test(t, wrong_sets);
    tcase_add_test(t, no_classes);
    tcase_add_test(t, jpeg);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
