/* A program around the library may write its numbers with a comma: files and texts of the library have points all the same. */
#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cnas/train.h>

#include "runtime/base/decimal.h"
#include "tests/support/soft_file.h"
#include "tests/support/train_net.h"

static char folder[64];

/* The smallest locale that has a comma; localedef belongs to the C library's programs, its sources of real locales do not. */
static int make_locale(void)
{
    static const char source[] = "comment_char %\nescape_char /\nLC_NUMERIC\ndecimal_point \",\"\nthousands_sep \"\"\ngrouping -1\nEND LC_NUMERIC\n";
    char name[96], command[400];
    snprintf(folder, sizeof folder, "test_locale.%ld", (long)getpid());
    snprintf(command, sizeof command, "mkdir %s", folder);
    if (system(command))
        return 0;
    snprintf(name, sizeof name, "%s/source", folder);
    FILE *file = fopen(name, "w");
    if (!file || fputs(source, file) < 0 || fclose(file))
        return 0;
    snprintf(command, sizeof command, "localedef --no-archive -c -i %s/source -f ANSI_X3.4-1968 $PWD/%s/comma >/dev/null 2>&1", folder, folder);
    (void)!system(command); /* it warns of what is missing, and exits with 1 */
    char *here = realpath(folder, NULL);
    setenv("LOCPATH", here, 1);
    free(here);
    return setlocale(LC_NUMERIC, "comma") != NULL;
}

static void remove_locale(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", folder);
    (void)!system(command);
}

static int has_comma(void)
{
    char text[8];
    snprintf(text, sizeof text, "%g", 0.5);
    return !strcmp(text, "0,5");
}

START_TEST(numbers)
{
    char text[CN_DECIMAL], *end;
    ck_assert(has_comma());
    cn_decimal(text, -1234.5625e-7, 17);
    ck_assert_str_eq(text, "-0.00012345625000000001");
    cn_decimal(text, 0.25, 6);
    ck_assert_str_eq(text, "0.25");
    ck_assert(cn_decimal_read("0.25 rest", &end) == 0.25);
    ck_assert_str_eq(end, " rest");
    ck_assert(cn_decimal_read("0,25", &end) == 0);
    ck_assert_str_eq(end, ",25");
    ck_assert(has_comma());
}
END_TEST

/* As it is in checkpoints and logs: a training goes on in any locale. */
START_TEST(a_recipe)
{
    struct cnas_train_options o;
    char comma[2000], point[2000];
    cnas_train_defaults(&o, &model);
    o.cutmix = 0.1;
    cnas_train_describe(comma, sizeof comma, &o);
    setlocale(LC_NUMERIC, "C");
    cnas_train_describe(point, sizeof point, &o);
    setlocale(LC_NUMERIC, "comma");
    ck_assert_str_eq(comma, point);
    ck_assert_msg(strstr(point, " momentum 0.9 ") && strstr(point, " cutmix 0.1 "), "%s", point);
}
END_TEST

START_TEST(soft_labels)
{
    struct soft_file f;
    struct cnas_soft_labels *s;
    struct cnas_error err = {0};
    struct cnas_train_options o = {.flip = 1, .padding = 1, .crop = 2, .cutmix = 0.3, .seed = 4};
    char augment[CN_TRAIN_SOFT_AUGMENT_TEXT], name[96];
    make_data();
    cn_train_soft_augment_text(augment, &o);
    ck_assert_str_eq(augment, "flip 1 padding 1 crop 2 cutout 0 cutmix 0.29999999999999999 seed 4");
    snprintf(name, sizeof name, "%s/soft", folder);
    soft_file_make(&f, &data[0], CLASSES, 1, augment);
    soft_file_write(&f, name);
    soft_file_free(&f);
    ck_assert_msg(!cnas_soft_labels_load(&s, name, &data[0], CLASSES, &err), "%s", err.text);
    o.cutmix = 0;
    cnas_soft_labels_augment(s, &o);
    ck_assert(o.cutmix == 0.3);
    cnas_soft_labels_free(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("locale");
    TCase *t = tcase_create("locale");
    if (!make_locale() || !has_comma()) {
        remove_locale();
        puts("skipped: localedef made no locale with a comma");
        return 77;
    }
    tcase_add_test(t, numbers);
    tcase_add_test(t, a_recipe);
    tcase_add_test(t, soft_labels);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove_locale();
    return failed != 0;
}
