/* Data sets that are written and read back: names of classes, and what each form cannot hold. tests/e2e/data_tool.sh has the rest. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cnas/data.h>

#include "tests/support/folder.h"

enum { N = 12, MAX_PIXELS = 3 * 32 * 32 };

static uint8_t pixels[N * MAX_PIXELS];
static uint32_t labels[N];
static size_t written;

static void setup(void)
{
    folder_make();
    setenv("XDG_CACHE_HOME", in_dir("cache"), 1);
    srand(8);
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)rand();
}

/* Twelve images whose labels go round. */
static struct cnas_dataset make(uint32_t c, uint32_t h, uint32_t w, uint32_t classes)
{
    for (uint32_t i = 0; i < N; i++)
        labels[i] = (classes - 1) - i % classes;
    return (struct cnas_dataset){c, h, w, classes, N, pixels, labels};
}

static void on_written(void *user, size_t done, size_t total)
{
    ck_assert_ptr_eq(user, &written);
    ck_assert(done == ++written && done <= total);
}

static void save(const struct cnas_dataset *d, const struct cnas_class_names *names, const char *part, enum cnas_dataset_form form)
{
    written = 0;
    ck_assert_msg(!cnas_dataset_save(d, names, dir, part, form, on_written, &written, &err), "%s", err.text);
}

static void refuses(const struct cnas_dataset *d, const char *part, enum cnas_dataset_form form, const char *words)
{
    ck_assert_int_eq(cnas_dataset_save(d, NULL, dir, part, form, NULL, NULL, &err), CNAS_E_MISMATCH);
    ck_assert_msg(strstr(err.text, words), "`%s' does not say `%s'", err.text, words);
}

/* The part that was saved: the images of `d`, in its order or class by class. */
static void check(const struct cnas_dataset *d, const char *part, int class_by_class)
{
    const struct cnas_dataset_options o = {.channels = d->c};
    struct cnas_dataset got;
    const size_t image = (size_t)d->c * d->h * d->w;
    size_t next = 0;
    ck_assert_msg(!cnas_dataset_load(&got, dir, part, &o, &err), "%s", err.text);
    ck_assert(got.n == d->n && got.c == d->c && got.h == d->h && got.w == d->w);
    for (uint32_t label = 0; label < (class_by_class ? d->classes : 1); label++)
        for (size_t i = 0; i < d->n; i++)
            if (!class_by_class || d->labels[i] == label) {
                ck_assert_uint_eq(got.labels[next], d->labels[i]);
                ck_assert(!memcmp(got.pixels + next * image, d->pixels + i * image, image));
                next++;
            }
    ck_assert_uint_eq(next, d->n);
    cnas_dataset_clear(&got);
}

static void check_names(const char *const *want, uint32_t n)
{
    struct cnas_class_names names;
    ck_assert_msg(!cnas_class_names_load(&names, dir, &err), "%s", err.text);
    ck_assert_uint_eq(names.n, n);
    for (uint32_t i = 0; i < n; i++)
        ck_assert_str_eq(names.name[i], want[i]);
    cnas_class_names_clear(&names);
    ck_assert(!names.name && !names.n);
}

START_TEST(idx)
{
    const struct cnas_dataset d = make(1, 5, 7, 4);
    save(&d, NULL, "train", CNAS_DATASET_IDX);
    save(&d, NULL, "test", CNAS_DATASET_IDX);
    check(&d, "train", 0);
    check(&d, "test", 0);
    check_names(NULL, 0);
    struct cnas_dataset bad = d;
    bad.classes = 257;
    refuses(&bad, "train", CNAS_DATASET_IDX, "at most 256 classes");
}
END_TEST

/* Pointers to n texts. */
static char **point(char text[][8], size_t n)
{
    static char *out[2][12];
    static int turn;
    turn = !turn;
    for (size_t i = 0; i < n; i++)
        out[turn][i] = text[i];
    return out[turn];
}

START_TEST(cifar)
{
    static char texts[][8] = {"l", "k", "j", "i", "h", "g", "f", "e", "d", "c", "b", "a"};
    char **twelve = point(texts, 12);
    struct cnas_class_names names = {twelve, 10};
    struct cnas_dataset d = make(3, 32, 32, 10);
    save(&d, &names, "train", CNAS_DATASET_CIFAR10);
    check(&d, "train", 0);
    check_names((const char *const *)twelve, 10);
    folder_remove();
    setup();
    d = make(3, 32, 32, 12);
    names.n = 12;
    refuses(&d, "train", CNAS_DATASET_CIFAR10, "CIFAR-10 has 10 classes, these are 12");
    save(&d, &names, "train", CNAS_DATASET_CIFAR100);
    save(&d, &names, "test", CNAS_DATASET_CIFAR100);
    check(&d, "train", 0);
    check(&d, "test", 0);
    check_names((const char *const *)twelve, 12);
    d = make(3, 32, 32, 3);
    d.n = 4;
    refuses(&d, "train", CNAS_DATASET_CIFAR10, "only 4 images");
    d.h = 16;
    refuses(&d, "test", CNAS_DATASET_CIFAR10, "these are 3x16x32; --resize=32x32");
}
END_TEST

/* Names in order are the folders; others, and none, get the label before them. */
START_TEST(folders)
{
    static char sorted[][8] = {"B", "a", "b c"}, unsorted[][8] = {"zebra", ".ant", "up/down"};
    char **in_order = point(sorted, 3), **not = point(unsorted, 3);
    static const char *const kept[] = {"0-zebra", "1-.ant", "2"};
    static const char *const numbers[] = {"00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11"};
    struct cnas_class_names names = {in_order, 3};
    struct cnas_dataset d = make(3, 4, 6, 3);
    save(&d, &names, "train", CNAS_DATASET_FOLDERS);
    ck_assert_uint_eq(written, N);
    check(&d, "train", 1);
    check_names((const char *const *)in_order, 3);
    d.n = 1; /* a test set need not have every class */
    save(&d, &names, "test", CNAS_DATASET_FOLDERS);
    check(&d, "test", 1);
    folder_remove();
    setup();
    d = make(1, 1, 1, 3);
    names.name = not;
    save(&d, &names, "train", CNAS_DATASET_FOLDERS);
    check(&d, "train", 1);
    check_names(kept, 3);
    folder_remove();
    setup();
    d = make(3, 2, 2, 12);
    save(&d, NULL, "test", CNAS_DATASET_FOLDERS);
    check(&d, "test", 1);
    check_names(numbers, 12);
    labels[3] = 0;
    refuses(&d, "train", CNAS_DATASET_FOLDERS, "class 8 has no train image");
    d.c = 2;
    refuses(&d, "train", CNAS_DATASET_FOLDERS, "1 or 3 channels");
}
END_TEST

START_TEST(names_that_are_no_names)
{
    char path[64], line[300];
    memset(line, 'x', sizeof line);
    struct cnas_dataset d = make(3, 32, 32, 2);
    struct cnas_class_names names;
    save(&d, NULL, "test", CNAS_DATASET_CIFAR10);
    check_names(NULL, 0);
    snprintf(path, sizeof path, "%s/batches.meta.txt", dir);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs("one\r\n\ntwo\n\n", f);
    fclose(f);
    check_names((const char *const[]){"one", "two"}, 2);
    f = fopen(path, "w");
    ck_assert(f && fwrite(line, 1, sizeof line, f) == sizeof line);
    fclose(f);
    ck_assert(cnas_class_names_load(&names, dir, &err) == CNAS_E_FORMAT && strstr(err.text, "batches.meta.txt: a name has more"));
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    for (int i = 0; i < 257; i++)
        fputs("n\n", f);
    fclose(f);
    ck_assert(cnas_class_names_load(&names, dir, &err) == CNAS_E_FORMAT && strstr(err.text, "more than 256 names"));
    ck_assert(!names.name && !names.n);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert(cnas_class_names_load(&names, dir, &err) == CNAS_E_IO && strstr(err.text, "batches.meta.txt: not a regular file"));
}
END_TEST

START_TEST(images)
{
    char path[64];
    uint8_t back[3 * 35];
    snprintf(path, sizeof path, "%s/image.png", dir);
    for (uint32_t c = 1; c <= 3; c += 2) {
        ck_assert_msg(!cnas_image_save(path, pixels, c, 5, 7, &err), "%s", err.text);
        ck_assert_msg(!cnas_image_load(back, c, 5, 7, 0, path, &err), "%s", err.text);
        ck_assert(!memcmp(back, pixels, c * 35));
    }
    ck_assert(cnas_image_save("/nonexistent/image.png", pixels, 3, 5, 7, &err) == CNAS_E_IO && strstr(err.text, "nonexistent"));
}
END_TEST

START_TEST(what_is_there)
{
    struct cnas_dataset_found f;
    const struct cnas_dataset d = make(1, 2, 2, 2);
    ck_assert_int_eq(cnas_dataset_find(&f, dir, &err), CNAS_E_FORMAT);
    save(&d, NULL, "test", CNAS_DATASET_IDX);
    ck_assert(!cnas_dataset_find(&f, dir, &err) && f.form == CNAS_DATASET_IDX && !f.train && f.test);
    save(&d, NULL, "train", CNAS_DATASET_IDX);
    ck_assert(!cnas_dataset_find(&f, dir, &err) && f.train && f.test);
    ck_assert_int_eq(cnas_dataset_find(&f, "/nonexistent", &err), CNAS_E_IO);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("save");
    TCase *t = tcase_create("save");
    tcase_add_checked_fixture(t, setup, folder_remove);
    tcase_add_test(t, idx);
    tcase_add_test(t, cifar);
    tcase_add_test(t, folders);
    tcase_add_test(t, names_that_are_no_names);
    tcase_add_test(t, images);
    tcase_add_test(t, what_is_there);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
