/* Single images, PNG and the binary forms of PNM: what is read, each way to be wrong, every truncation. */
#include <check.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cnas/data.h>

#include "tests/support/folder.h"

static char path[128];

static void setup(void)
{
    folder_make();
    snprintf(path, sizeof path, "%s/file", dir);
}

static void put_png(unsigned w, unsigned h, uint32_t format, const void *pixels)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = format};
    ck_assert(png_image_write_to_file(&image, path, 0, pixels, 0, NULL));
}

START_TEST(image_formats)
{
    static const uint8_t grey[] = {0, 50, 100, 150, 200, 255}; /* 2 high, 3 wide */
    static const uint8_t rgb[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 10, 10, 255, 255, 255, 0, 0, 0};
    static const uint8_t luma[] = {77, 149, 29, 10, 255, 0}; /* BT.601: 0.299, 0.587, 0.114 of 255, 8-bit weights */
    uint8_t out[18];
    put_png(3, 2, PNG_FORMAT_GRAY, grey);
    ck_assert_msg(!cnas_image_load(out, 1, 2, 3, 0, path, &err), "%s", err.text);
    ck_assert_mem_eq(out, grey, 6);
    ck_assert_int_eq(cnas_image_load(out, 3, 2, 3, 0, path, &err), CNAS_OK);
    for (int k = 0; k < 3; k++)
        ck_assert_mem_eq(out + 6 * k, grey, 6);
    put_png(3, 2, PNG_FORMAT_RGB, rgb);
    ck_assert_int_eq(cnas_image_load(out, 3, 2, 3, 0, path, &err), CNAS_OK);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 3; k++)
            ck_assert_uint_eq(out[6 * k + i], rgb[3 * i + k]);
    ck_assert_int_eq(cnas_image_load(out, 1, 2, 3, 0, path, &err), CNAS_OK);
    ck_assert_mem_eq(out, luma, 6);
    static const char ppm[] = "P6\n# a comment\n3 2\n255\n";
    uint8_t file[64];
    memcpy(file, ppm, sizeof ppm - 1);
    memcpy(file + sizeof ppm - 1, rgb, sizeof rgb);
    put("file", file, sizeof ppm - 1 + sizeof rgb);
    ck_assert_int_eq(cnas_image_load(out, 1, 2, 3, 0, path, &err), CNAS_OK);
    ck_assert_mem_eq(out, luma, 6);
    put("file", "P5 3 2 255\n\0\x32\x64\x96\xc8\xff", 17);
    ck_assert_int_eq(cnas_image_load(out, 1, 2, 3, 0, path, &err), CNAS_OK);
    ck_assert_mem_eq(out, grey, 6);
    put("file", "P5 3 1 1023\n\0\0\x03\xff\x02\x01", 18); /* 16-bit samples, scaled */
    ck_assert_int_eq(cnas_image_load(out, 1, 1, 3, 0, path, &err), CNAS_OK);
    ck_assert(out[0] == 0 && out[1] == 255 && out[2] == 128);
}
END_TEST

START_TEST(image_errors)
{
    static const uint8_t grey[784];
    static const struct {
        const char *bytes;
        size_t n;
        const char *words;
    } bad[] = {
        {"", 0, "empty"},
        {"P", 1, "empty"},
        {"GIF89a", 6, "neither PNG"},
        {"P2 2 2 255 1 2 3 4", 18, "neither PNG"},
        {"P5 3 2 255\nab", 13, "truncated"},
        {"P5 3 2 0\nabcdef", 15, "header"},
        {"P5 3 2 70000\nabcdef", 19, "header"},
        {"P5 -3 2 255\nabcdef", 18, "header"},
        {"P5 3 2 99\nabcdef\xff", 16, "truncated"},
        {"P5 3 2 99\naaa\xff" "aa", 16, "maximum"},
        {"P5 3", 4, "header"},
        {"P5 # no end", 11, "header"},
        {"\x89PNG\r\n\x1a\n", 8, "PNG"},
        {"\x89Pudding", 8, "PNG"},
    };
    uint8_t out[784];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put("file", bad[i].bytes, bad[i].n);
        if (!strcmp(bad[i].words, "truncated") && bad[i].n == 16)
            put("file", "P5 3 2 99\naaaaa", 15);
        fails(cnas_image_load(out, 1, 2, 3, 0, path, &err), CNAS_E_FORMAT, bad[i].words);
    }
    put_png(28, 28, PNG_FORMAT_GRAY, grey);
    fails(cnas_image_load(out, 1, 28, 27, 0, path, &err), CNAS_E_MISMATCH, "28 pixels wide");
    unsigned char b[2048];
    const size_t n = get(path, b, sizeof b);
    for (size_t cut = 0; cut + 12 < n; cut++) { /* libpng needs no IEND chunk (12 bytes) to know all pixels */
        put("file", b, cut);
        ck_assert_msg(cnas_image_load(out, 1, 28, 28, 0, path, &err), "cut to %zu of %zu", cut, n);
    }
    fails(cnas_image_load(out, 2, 2, 3, 0, path, &err), CNAS_E_RANGE, "channels");
    fails(cnas_image_load(out, 1, 2, 3, 0, "/nonexistent.png", &err), CNAS_E_IO, "nonexistent");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("image");
    TCase *t = tcase_create("image");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, folder_remove);
    tcase_add_test(t, image_formats);
    tcase_add_test(t, image_errors);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
