/* The table of measured answers: looking up, the text form, the file of the machine. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/mem.h"
#include "runtime/engine/tuning.h"

static char folder[] = "/tmp/cnas-tuning-XXXXXX", cache[64];

static void set_up(void)
{
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(cache, sizeof cache, "%s/cnas", folder);
    setenv("XDG_CACHE_HOME", folder, 1);
}

/* The only file in the cache; 0: there is none. */
static int the_file(char *path, size_t size)
{
    DIR *d = opendir(cache);
    int found = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.') {
            ck_assert_int_eq(found++, 0);
            snprintf(path, size, "%s/%.100s", cache, e->d_name);
        }
    if (d)
        closedir(d);
    return found;
}

static void tear_down(void)
{
    char path[200];
    if (the_file(path, sizeof path))
        unlink(path);
    rmdir(cache);
    rmdir(folder);
}

static struct cn_engine_tuning *fresh(void)
{
    struct cn_engine_tuning *t;
    ck_assert_int_eq(cn_engine_tuning_new(&t, NULL, NULL), CNAS_OK);
    return t;
}

static struct cn_engine_tuning *loaded(void)
{
    struct cn_engine_tuning *t = fresh();
    cn_engine_tuning_load(t);
    return t;
}

START_TEST(answers)
{
    struct cn_engine_tuning *t = fresh();
    char question[40], answer[40];
    for (int i = 0; i < 500; i++) {
        snprintf(question, sizeof question, "question %d", i * 7919 % 500);
        snprintf(answer, sizeof answer, "answer %d", i * 7919 % 500);
        ck_assert_ptr_null(cn_engine_tuning_lookup(t, question));
        ck_assert_int_eq(cn_engine_tuning_record(t, question, answer, 0), CNAS_OK);
    }
    ck_assert_int_eq(cn_engine_tuning_record(t, "question 9", "another", 0), CNAS_OK);
    for (int i = 0; i < 500; i++) {
        snprintf(question, sizeof question, "question %d", i);
        snprintf(answer, sizeof answer, "answer %d", i);
        ck_assert_str_eq(cn_engine_tuning_lookup(t, question), i == 9 ? "another" : answer);
    }
    cn_engine_tuning_free(&t);
    ck_assert_ptr_null(t);
}
END_TEST

START_TEST(as_text)
{
    static const char text[] = "a = 1\nb = 2\nc d = 3 4\n";
    struct cn_engine_tuning *t = fresh();
    char *out;
    ck_assert_int_eq(cn_engine_tuning_record(t, "b", "old", 0), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_import(t, text, strlen(text), NULL), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_export(t, &out), CNAS_OK);
    ck_assert_str_eq(out, "b = 2\n"); /* nobody asked for the others */
    cn_mem_free(out);
    ck_assert_str_eq(cn_engine_tuning_lookup(t, "c d"), "3 4");
    ck_assert_str_eq(cn_engine_tuning_lookup(t, "a"), "1");
    ck_assert_int_eq(cn_engine_tuning_export(t, &out), CNAS_OK);
    ck_assert_str_eq(out, text);
    cn_mem_free(out);
    cn_engine_tuning_free(&t);
}
END_TEST

START_TEST(foreign_texts)
{
    char longest[600];
    snprintf(longest, sizeof longest, "a = %0300d\n", 1);
    const char *bad[] = {"a = 1\nb",    "a = 1\nb = \n", " = 1\n",         "a=1\n", "\n",
                         "a = 1 = 2\n", "a = \x01\n",    "a = \xc3\xa9\n", longest, "b = 1\na = 1\n", "a = 1\na = 1\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cn_engine_tuning *t = fresh();
        ck_assert_msg(cn_engine_tuning_import(t, bad[i], strlen(bad[i]), NULL) == CNAS_E_FORMAT, "%s", bad[i]);
        ck_assert_ptr_null(cn_engine_tuning_lookup(t, "a")); /* nothing of it */
        cn_engine_tuning_free(&t);
    }
    struct cn_engine_tuning *t = fresh();
    ck_assert_int_eq(cn_engine_tuning_import(t, "a = 1\0\n", 7, NULL), CNAS_E_FORMAT);
    ck_assert_int_eq(cn_engine_tuning_import(t, "", 0, NULL), CNAS_OK);
    cn_engine_tuning_free(&t);
}
END_TEST

/* Not in the square of its length; one line more than there can be is none. */
START_TEST(a_long_text)
{
    enum { LINES = 1 << 14, LINE = 16 };
    char *text = malloc((LINES + 2) * LINE), *at = text;
    struct cn_engine_tuning *t = fresh();
    ck_assert_ptr_nonnull(text);
    for (int i = 0; i <= LINES; i++)
        at += sprintf(at, "q%05d = %d\n", i, i % 10);
    ck_assert_int_eq(cn_engine_tuning_import(t, text, (size_t)(at - text), NULL), CNAS_E_FORMAT);
    ck_assert_int_eq(cn_engine_tuning_import(t, text + 11, (size_t)(at - text - 11), NULL), CNAS_OK);
    ck_assert_str_eq(cn_engine_tuning_lookup(t, "q16384"), "4");
    ck_assert_int_eq(cn_engine_tuning_import(t, "a = 1\n", 6, NULL), CNAS_E_MEMORY); /* the table is full */
    ck_assert_ptr_null(cn_engine_tuning_lookup(t, "a"));
    ck_assert_int_eq(cn_engine_tuning_import(t, "q16384 = 5\n", 11, NULL), CNAS_OK);
    ck_assert_str_eq(cn_engine_tuning_lookup(t, "q16384"), "5");
    cn_engine_tuning_free(&t);
    free(text);
}
END_TEST

START_TEST(the_file_is_kept)
{
    char path[200];
    struct cn_engine_tuning *t = loaded(), *other = loaded();
    ck_assert_int_eq(cn_engine_tuning_save(t, NULL), CNAS_OK);
    ck_assert_int_eq(the_file(path, sizeof path), 0); /* nothing to say */
    ck_assert_int_eq(cn_engine_tuning_record(t, "a", "1", 0), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_record(other, "b", "2", 0), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_save(t, NULL), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_save(other, NULL), CNAS_OK); /* loses nothing of the first */
    cn_engine_tuning_free(&t);
    cn_engine_tuning_free(&other);
    t = loaded();
    ck_assert_str_eq(cn_engine_tuning_lookup(t, "a"), "1");
    ck_assert_str_eq(cn_engine_tuning_lookup(t, "b"), "2");
    cn_engine_tuning_free(&t);
}
END_TEST

/* What holds for a run alone: answers in passing and those of a checkpoint. The file keeps its own. */
START_TEST(what_is_not_for_the_file)
{
    static const char text[] = "a = of a checkpoint\nd = of a checkpoint\n";
    char *out;
    struct cn_engine_tuning *t = loaded();
    ck_assert_int_eq(cn_engine_tuning_record(t, "a", "1", 0), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_record(t, "b", "2", 1), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_save(t, NULL), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_import(t, text, strlen(text), NULL), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_record(t, "c", "3", 0), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_record(t, "e", "5", 0), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_import(t, "e = 6\n", 6, NULL), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_save(t, NULL), CNAS_OK);
    ck_assert_str_eq(cn_engine_tuning_lookup(t, "d"), "of a checkpoint");
    ck_assert_int_eq(cn_engine_tuning_export(t, &out), CNAS_OK);
    ck_assert_str_eq(out, "a = of a checkpoint\nb = 2\nc = 3\nd = of a checkpoint\ne = 6\n");
    cn_mem_free(out);
    cn_engine_tuning_free(&t);
    t = loaded();
    ck_assert_str_eq(cn_engine_tuning_lookup(t, "a"), "1");
    ck_assert_ptr_null(cn_engine_tuning_lookup(t, "b"));
    ck_assert_str_eq(cn_engine_tuning_lookup(t, "c"), "3");
    ck_assert_ptr_null(cn_engine_tuning_lookup(t, "d"));
    ck_assert_ptr_null(cn_engine_tuning_lookup(t, "e"));
    cn_engine_tuning_free(&t);
}
END_TEST

/* A change anywhere in the file, or its end missing: it teaches nothing. Then it is replaced. */
START_TEST(a_damaged_file_teaches_nothing)
{
    char path[200], text[4096], bad[4096];
    struct cn_engine_tuning *t = loaded();
    ck_assert_int_eq(cn_engine_tuning_record(t, "a", "1", 0), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_save(t, NULL), CNAS_OK);
    cn_engine_tuning_free(&t);
    ck_assert_int_eq(the_file(path, sizeof path), 1);
    FILE *file = fopen(path, "r");
    const size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    for (size_t i = 0; i < 2 * size; i++) {
        const size_t written = i < size ? i : size;
        memcpy(bad, text, size);
        if (i >= size)
            bad[i - size] ^= 1;
        file = fopen(path, "w");
        ck_assert_uint_eq(fwrite(bad, 1, written, file), written);
        fclose(file);
        t = loaded();
        ck_assert_ptr_null(cn_engine_tuning_lookup(t, "a"));
        cn_engine_tuning_free(&t);
    }
    t = loaded();
    ck_assert_int_eq(cn_engine_tuning_record(t, "b", "2", 0), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_save(t, NULL), CNAS_OK);
    cn_engine_tuning_free(&t);
    t = loaded();
    ck_assert_str_eq(cn_engine_tuning_lookup(t, "b"), "2");
    cn_engine_tuning_free(&t);
}
END_TEST

/* Something in the file's place that cannot be read is not replaced by less. */
START_TEST(an_unreadable_file_stays)
{
    char path[200];
    struct stat is;
    struct cnas_error err = {0};
    struct cn_engine_tuning *t = loaded();
    ck_assert_int_eq(cn_engine_tuning_record(t, "a", "1", 0), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_save(t, NULL), CNAS_OK);
    ck_assert_int_eq(the_file(path, sizeof path), 1);
    ck_assert(!unlink(path) && !mkfifo(path, 0600));
    ck_assert_int_eq(cn_engine_tuning_record(t, "b", "2", 0), CNAS_OK);
    ck_assert_int_ne(cn_engine_tuning_save(t, &err), CNAS_OK);
    ck_assert_msg(*err.text && !stat(path, &is) && S_ISFIFO(is.st_mode), "%s", err.text);
    ck_assert(!unlink(path));
    ck_assert_int_eq(cn_engine_tuning_save(t, NULL), CNAS_OK); /* what was not saved is still to be */
    cn_engine_tuning_free(&t);
    t = loaded();
    ck_assert_str_eq(cn_engine_tuning_lookup(t, "b"), "2");
    cn_engine_tuning_free(&t);
}
END_TEST

START_TEST(no_place_for_a_file)
{
    struct cn_engine_tuning *t;
    struct cnas_error err;
    setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
    t = loaded();
    ck_assert_int_eq(cn_engine_tuning_record(t, "a", "1", 0), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_save(t, &err), CNAS_E_IO);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    ck_assert_int_eq(cn_engine_tuning_save(t, &err), CNAS_E_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "XDG_CACHE_HOME"));
    cn_engine_tuning_free(&t);
    setenv("XDG_CACHE_HOME", folder, 1);
}
END_TEST

static void count(void *user)
{
    ++*(int *)user;
}

START_TEST(a_notice_after_two_seconds)
{
    struct cn_engine_tuning *t;
    int notices = 0;
    ck_assert_int_eq(cn_engine_tuning_new(&t, count, &notices), CNAS_OK);
    cn_engine_tuning_spent(t, 1.5);
    ck_assert_int_eq(notices, 0);
    cn_engine_tuning_spent(t, 0.6);
    cn_engine_tuning_spent(t, 9);
    ck_assert_int_eq(notices, 1);
    cn_engine_tuning_free(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/tuning");
    TCase *t = tcase_create("tuning");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, answers);
    tcase_add_test(t, as_text);
    tcase_add_test(t, foreign_texts);
    tcase_add_test(t, a_long_text);
    tcase_add_test(t, the_file_is_kept);
    tcase_add_test(t, what_is_not_for_the_file);
    tcase_add_test(t, a_damaged_file_teaches_nothing);
    tcase_add_test(t, an_unreadable_file_stays);
    tcase_add_test(t, no_place_for_a_file);
    tcase_add_test(t, a_notice_after_two_seconds);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
