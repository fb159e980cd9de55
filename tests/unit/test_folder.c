/* Image folders: order, labels, PNG and JPEG, the packs that keep them, and each way to be wrong. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <glob.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef HAVE_JPEG
#include <jpeglib.h>
#endif

#include <cnas/data.h>

#include "runtime/data/pack.h"

static char dir[] = "/tmp/cnas-folder-XXXXXX";
static char cache[64];
static struct cnas_error err;
static struct cnas_dataset d;
static size_t decoded, warnings;
static char warned[512];

static const char *in_dir(const char *name)
{
    static char full[256];
    snprintf(full, sizeof full, "%s/%s", dir, name);
    return full;
}

static void make_folder(const char *name)
{
    ck_assert_int_eq(mkdir(in_dir(name), 0700), 0);
}

/* The data lie in the folder "set", the cache in "cache". */
static void setup(void)
{
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(cache, sizeof cache, "%s/cache", dir);
    setenv("XDG_CACHE_HOME", cache, 1);
    setenv("HOME", dir, 1);
    static const char *const folders[] = {"set", "set/train", "set/train/b", "set/train/a", "set/train/B", "set/test", "set/test/b"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        make_folder(folders[i]);
}

static void teardown(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

static void put(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(in_dir(name), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static size_t get(const char *path, unsigned char *out, size_t room)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(out, 1, room, f);
    fclose(f);
    return n;
}

/* An image of 4 x 2 pixels, or another size: red counts from `first`, green and blue are 100 and 200. */
static void put_png(const char *name, uint32_t w, uint32_t h, uint8_t first)
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

static void put_set(void)
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

static enum cnas_status load_as(const char *part, uint32_t channels, uint32_t h, uint32_t w)
{
    char set[64];
    const struct cnas_dataset_options o = {
        .channels = channels, .h = h, .w = w, .progress = on_decoded, .warning = on_warning, .user = &decoded};
    snprintf(set, sizeof set, "%s/set", dir);
    decoded = warnings = 0;
    warned[0] = 0;
    return cnas_dataset_load(&d, set, part, &o, &err);
}

static enum cnas_status load(const char *part, uint32_t channels)
{
    return load_as(part, channels, 0, 0);
}

/* Loads the training set of put_set; `expected` images of it had to be decoded. */
static void check_train(size_t expected)
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

static void fails(const char *part, enum cnas_status expected, const char *words)
{
    enum cnas_status status = load(part, 3);
    ck_assert_msg(status == expected, "status %d, not %d: %s", status, expected, err.text);
    ck_assert_int_eq(err.status, expected);
    ck_assert_msg(strstr(err.text, words) != NULL, "`%s' does not say `%s'", err.text, words);
    ck_assert_ptr_null(strchr(err.text, '\n'));
    ck_assert(!d.pixels && !d.labels && !d.n);
}

/* The packs in the cache; their number, and the first one's name in *first. */
static size_t packs(char first[256])
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
    fails("train", CNAS_E_IO, "set/train: cannot read");
}
END_TEST

START_TEST(packed_once)
{
    char name[256];
    put_set();
    check_train(4);
    check_train(0);
    ck_assert_uint_eq(packs(name), 1);
    struct timespec times[2] = {{1000000000, 5}, {1000000000, 5}};
    ck_assert_int_eq(utimensat(AT_FDCWD, in_dir("set/train/a/x.PNG"), times, 0), 0);
    check_train(4);
    check_train(0);
    put_png("set/train/b/3.png", 4, 2, 60);
    ck_assert_msg(!load("train", 3), "%s", err.text);
    ck_assert(d.n == 5 && decoded == 5 && d.pixels[4 * 24] == 60);
    cnas_dataset_clear(&d);
    unlink(in_dir("set/train/b/3.png"));
    check_train(4);
    char before[256];
    snprintf(before, sizeof before, "%s", in_dir("set/train/a"));
    ck_assert_int_eq(rename(before, in_dir("set/train/aa")), 0);
    check_train(4);
    ck_assert_uint_eq(packs(name), 1); /* the same set: its pack is replaced */
    ck_assert_msg(!load("train", 1), "%s", err.text);
    ck_assert_uint_eq(decoded, 4);
    cnas_dataset_clear(&d);
    ck_assert_uint_eq(packs(name), 2);
}
END_TEST

START_TEST(damaged_packs)
{
    char name[256];
    unsigned char b[512];
    put_set();
    check_train(4);
    ck_assert_uint_eq(packs(name), 1);
    const size_t n = get(name, b, sizeof b);
    ck_assert_uint_eq(n, 64 + 4 * 4 + 4 * 24 + 32);
    for (size_t i = 0; i < n; i += 3) {
        FILE *f = fopen(name, "wb");
        b[i] ^= 0x40;
        ck_assert_uint_eq(fwrite(b, 1, n, f), n);
        b[i] ^= 0x40;
        fclose(f);
        check_train(4);
        ck_assert_int_eq(truncate(name, (off_t)i), 0);
        check_train(4);
    }
    FILE *f = fopen(name, "ab");
    putc(0, f);
    fclose(f);
    check_train(4);
    check_train(0);
    unlink(name);
    ck_assert_int_eq(mkfifo(name, 0600), 0);
    check_train(4);
    check_train(4); /* only regular files are replaced: the FIFO stays, and is told of */
    ck_assert_msg(warnings == 1 && strstr(warned, "not a regular file"), "%s", warned);
}
END_TEST

/* Whole by its digest, but with a label that no set can have: it would be the number of classes less one, which does not fit. */
START_TEST(hostile_pack)
{
    uint8_t pixels[2 * 3 * 4] = {0};
    uint32_t labels[2] = {7, 7};
    const unsigned char key[CN_PACK_KEY] = {1};
    struct cnas_dataset set = {.n = 2, .c = 3, .h = 2, .w = 2, .classes = 8, .pixels = pixels, .labels = labels};
    ck_assert_int_eq(cn_pack_save(&set, in_dir("set.pack"), key, &err), CNAS_OK);
    ck_assert(cn_pack_load(&d, in_dir("set.pack"), 2, key));
    ck_assert(d.n == 2 && d.classes == 8);
    cnas_dataset_clear(&d);
    labels[1] = UINT32_MAX;
    ck_assert_int_eq(cn_pack_save(&set, in_dir("set.pack"), key, &err), CNAS_OK);
    ck_assert(!cn_pack_load(&d, in_dir("set.pack"), 2, key));
    ck_assert(!d.n && !d.pixels);
}
END_TEST

START_TEST(no_cache)
{
    char name[256];
    put_set();
    put("cache", "a file", 6);
    check_train(4);
    check_train(4);
    ck_assert_msg(warnings == 1 && strstr(warned, "not kept: ") && strstr(warned, ".pack: cannot create"), "%s", warned);
    unlink(in_dir("cache"));
    setenv("XDG_CACHE_HOME", "relative", 1); /* not taken, says the specification: ~/.cache */
    check_train(4);
    check_train(0);
    ck_assert_int_eq(access(in_dir(".cache/cnas"), F_OK), 0);
    unsetenv("XDG_CACHE_HOME");
    check_train(0);
    unsetenv("HOME");
    check_train(4);
    ck_assert_msg(warnings == 1 && strstr(warned, "neither XDG_CACHE_HOME nor HOME is set"), "%s", warned);
    ck_assert_uint_eq(packs(name), 0);
}
END_TEST

/* No room for the pack, as on a full disk: the set is there, the warning names the file, nothing is left behind. */
START_TEST(full_disk)
{
    char name[256];
    struct rlimit limit;
    put_set();
    ck_assert(!getrlimit(RLIMIT_FSIZE, &limit));
    const struct rlimit small = {100, limit.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert(!setrlimit(RLIMIT_FSIZE, &small));
    check_train(4);
    ck_assert(!setrlimit(RLIMIT_FSIZE, &limit));
    ck_assert_msg(warnings == 1 && strstr(warned, ".pack: cannot write it: "), "%s", warned);
    ck_assert_uint_eq(packs(name), 0);
    check_train(4);
    ck_assert_uint_eq(warnings, 0);
    check_train(0);
}
END_TEST

/* Those of writers that were killed go; those of living ones stay. */
START_TEST(leftovers)
{
    char name[256], dead[300], alive[300];
    put_set();
    check_train(4);
    ck_assert_uint_eq(packs(name), 1);
    const pid_t child = fork();
    if (!child)
        _exit(0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    snprintf(dead, sizeof dead, "%s.tmp-%ld-0", name, (long)child);
    snprintf(alive, sizeof alive, "%s.tmp-%ld-7", name, (long)getpid());
    for (int i = 0; i < 2; i++)
        fclose(fopen(i ? dead : alive, "wb"));
    unlink(name);
    check_train(4);
    ck_assert(access(dead, F_OK) && !access(alive, F_OK) && !access(name, F_OK));
    check_train(0);
}
END_TEST

/* Two processes that pack at once, again and again: both have the set, and one whole pack remains. */
START_TEST(at_once)
{
    char name[256];
    put_set();
    for (int round = 0; round < 30; round++) {
        pid_t child[2];
        for (int i = 0; i < 2; i++)
            if (!(child[i] = fork()))
                _exit(load("train", 3) || d.n != 4 || d.pixels[24] != 30);
        for (int i = 0; i < 2; i++) {
            int status;
            ck_assert(waitpid(child[i], &status, 0) == child[i] && WIFEXITED(status) && !WEXITSTATUS(status));
        }
        ck_assert_uint_eq(packs(name), 1);
        check_train(0);
        unlink(name);
    }
}
END_TEST

START_TEST(resampled)
{
    char name[256];
    uint8_t want[6];
    put_set();
    put_png("set/train/a/y.png", 2, 4, 0);
    put_png("set/train/a/z.png", 3, 1, 60);
    fails("train", CNAS_E_MISMATCH, "a/y.png: the image is 2 pixels wide and 4 high, the first one of the set 4 x 2; --resize resamples them");
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
    fails("train", CNAS_E_IO, "b/10.png: cannot open it: Permission denied");
    ck_assert_int_eq(chmod(in_dir("set/train/b"), 0), 0);
    fails("train", CNAS_E_IO, "train/b: cannot read this folder: Permission denied");
    ck_assert_int_eq(chmod(in_dir("set/train/b"), 0700), 0);
}
END_TEST

START_TEST(wrong_sets)
{
    fails("train", CNAS_E_FORMAT, "set/train/B: no image in this class folder");
    put_set();
    put_png("set/train/b/11.png", 2, 4, 0);
    fails("train", CNAS_E_MISMATCH, "b/11.png: the image is 2 pixels wide and 4 high, the first one of the set 4 x 2");
    put("set/train/b/11.png", "\x89PNG\r\n\x1a\n", 8);
    fails("train", CNAS_E_FORMAT, "b/11.png");
    put("set/train/b/11.png", "", 0);
    fails("train", CNAS_E_FORMAT, "b/11.png: the file is empty");
    put("set/train/b/11.png", "GIF89a", 6);
    fails("train", CNAS_E_FORMAT, "b/11.png: neither PNG, JPEG");
    unlink(in_dir("set/train/b/11.png"));
    ck_assert_int_eq(mkfifo(in_dir("set/train/b/11.png"), 0600), 0);
    fails("train", CNAS_E_IO, "b/11.png: not a regular file");
    unlink(in_dir("set/train/b/11.png"));
    put("set/train/b/notes.txt", "x", 1);
    fails("train", CNAS_E_FORMAT, "b/notes.txt: a class folder holds .png");
    unlink(in_dir("set/train/b/notes.txt"));
    check_train(4);
    make_folder("set/test/c");
    put_png("set/test/c/1.png", 4, 2, 0);
    fails("test", CNAS_E_FORMAT, "set/test/c: train has no class of this name");
}
END_TEST

START_TEST(no_classes)
{
    char command[96];
    snprintf(command, sizeof command, "rmdir '%s'/set/train/*", dir);
    ck_assert_int_eq(system(command), 0);
    put("set/train/image.png", "x", 1);
    fails("train", CNAS_E_FORMAT, "set/train: no class folders");
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
        fails("test", CNAS_E_FORMAT, "b/1.jpg");
    }
    put_jpeg("set/test/b/1.jpg", 12, 8, JCS_CMYK, 4);
    fails("test", CNAS_E_FORMAT, "b/1.jpg: the JPEG is damaged, or of a kind that is not read");
    put_jpeg("set/test/b/1.jpg", 12, 8, JCS_RGB, 3);
    put_jpeg("set/test/b/2.JPEG", 8, 12, JCS_RGB, 3);
    fails("test", CNAS_E_MISMATCH, "b/2.JPEG: the image is 8 pixels wide and 12 high, the first one of the set 12 x 8");
}
END_TEST
#else
START_TEST(jpeg)
{
    put("set/test/b/1.jpg", "\xff\xd8\xff\xe0", 4);
    fails("test", CNAS_E_FORMAT, "b/1.jpg: a JPEG, and cnasc was built without libjpeg");
}
END_TEST
#endif

int main(void)
{
    Suite *s = suite_create("folder");
    TCase *t = tcase_create("folder");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, order_and_labels);
    tcase_add_test(t, test_alone);
    tcase_add_test(t, packed_once);
    tcase_add_test(t, damaged_packs);
    tcase_add_test(t, hostile_pack);
    tcase_add_test(t, full_disk);
    tcase_add_test(t, leftovers);
    tcase_add_test(t, at_once);
    tcase_add_test(t, resampled);
    tcase_add_test(t, unreadable);
    tcase_add_test(t, no_cache);
    tcase_add_test(t, wrong_sets);
    tcase_add_test(t, no_classes);
    tcase_add_test(t, jpeg);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
