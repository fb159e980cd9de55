/* The packs that keep decoded image folders: when one is used, and that a damaged or hostile one, a full disk, a killed writer or a
 * second process costs time alone. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/data/pack.h"
#include "tests/support/image_set.h"

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

int main(void)
{
    Suite *s = suite_create("pack");
    TCase *t = tcase_create("pack");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, image_set_make, folder_remove);
    tcase_add_test(t, packed_once);
    tcase_add_test(t, damaged_packs);
    tcase_add_test(t, hostile_pack);
    tcase_add_test(t, no_cache);
    tcase_add_test(t, full_disk);
    tcase_add_test(t, leftovers);
    tcase_add_test(t, at_once);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
