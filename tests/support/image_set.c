#include "tests/support/image_set.h"

#include <check.h>
#include <glob.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct cnas_dataset d;
size_t decoded, warnings;
char warned[512];

void make_folder(const char *name)
{
    ck_assert_int_eq(mkdir(in_dir(name), 0700), 0);
}

void image_set_make(void)
{
    folder_make();
    setenv("XDG_CACHE_HOME", in_dir("cache"), 1);
    setenv("HOME", dir, 1);
    static const char *const folders[] = {"set", "set/train", "set/train/b", "set/train/a", "set/train/B", "set/test", "set/test/b"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        make_folder(folders[i]);
}

void put_png(const char *name, uint32_t w, uint32_t h, uint8_t first)
{
    uint8_t rgb[3 * 64];
    for (uint32_t i = 0; i < w * h; i++) {
        rgb[3 * i] = (uint8_t)(first + i);
        rgb[3 * i + 1] = 100;
        rgb[3 * i + 2] = 200;
    }
    png_image image = {.version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = PNG_FORMAT_RGB};
    ck_assert(png_image_write_to_file(&image, in_dir(name), 0, rgb, 0, NULL));
}

void put_set(void)
{
    put_png("set/train/b/2.png", 4, 2, 20);
    put_png("set/train/b/10.png", 4, 2, 10);
    put_png("set/train/a/x.PNG", 4, 2, 30);
    put_png("set/train/B/x.png", 4, 2, 40);
    put_png("set/test/b/t.png", 4, 2, 50);
    put("set/train/README", "beside the classes", 18);
    put("set/train/a/.hidden", "x", 1);
}

static void on_decoded(void *user, size_t done, size_t total)
{
    ck_assert_ptr_eq(user, &decoded);
    ck_assert_uint_eq(done, ++decoded);
    ck_assert_uint_le(done, total);
}

static void on_warning(void *user, const char *text)
{
    ck_assert_ptr_eq(user, &decoded);
    ck_assert_ptr_null(strchr(text, '\n'));
    snprintf(warned, sizeof warned, "%s", text);
    warnings++;
}

enum cnas_status load_as(const char *part, uint32_t channels, uint32_t h, uint32_t w)
{
    char set[64];
    const struct cnas_dataset_options o = {
        .channels = channels, .h = h, .w = w, .progress = on_decoded, .warning = on_warning, .user = &decoded};
    snprintf(set, sizeof set, "%s/set", dir);
    decoded = warnings = 0;
    warned[0] = 0;
    return cnas_dataset_load(&d, set, part, &o, &err);
}

enum cnas_status load(const char *part, uint32_t channels)
{
    return load_as(part, channels, 0, 0);
}

void check_train(size_t expected)
{
    static const struct {
        uint32_t label;
        uint8_t first;
    } order[] = {{0, 40}, {1, 30}, {2, 10}, {2, 20}}; /* B, a, b: bytes; and "10.png" before "2.png" */
    ck_assert_msg(!load("train", 3), "%s", err.text);
    ck_assert_uint_eq(decoded, expected);
    ck_assert(d.n == 4 && d.c == 3 && d.h == 2 && d.w == 4 && d.classes == 3);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(d.labels[i], order[i].label);
        for (size_t k = 0; k < 8; k++) {
            const uint8_t *p = d.pixels + i * 24 + k;
            ck_assert(p[0] == order[i].first + k && p[8] == 100 && p[16] == 200);
        }
    }
    cnas_dataset_clear(&d);
}

void load_fails(const char *part, enum cnas_status expected, const char *words)
{
    fails(load(part, 3), expected, words);
    ck_assert(!d.pixels && !d.labels && !d.n);
}

size_t packs(char first[256])
{
    glob_t found;
    size_t n = 0;
    if (!glob(in_dir("cache/cnas/*"), 0, NULL, &found)) {
        n = found.gl_pathc;
        snprintf(first, 256, "%s", found.gl_pathv[0]);
        globfree(&found);
    }
    return n;
}
