/* Key files: form, permissions, nothing is overwritten, malformed files are refused. */
#include <cnas/private.h>

#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], secret_path[128], public_path[128];

static void setup(void)
{
    strcpy(dir, "/tmp/cnas-key-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(secret_path, sizeof secret_path, "%s/k", dir);
    snprintf(public_path, sizeof public_path, "%s/k.pub", dir);
}
static void teardown(void)
{
    unlink(secret_path);
    unlink(public_path);
    ck_assert_int_eq(rmdir(dir), 0); /* no temporary file is left */
}

static void put(const char *path, const char *text, size_t n)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, n, f), n);
    fclose(f);
    chmod(path, 0600);
}

START_TEST(make_and_load)
{
    unsigned char secret[32], a[32], b[32], c[32];
    char hex[65];
    struct stat st;
    struct cnas_error e;
    ck_assert_int_eq(cnas_key_make(secret_path, public_path, &e), CNAS_OK);
    ck_assert_int_eq(stat(secret_path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq((int)st.st_size, 65);
    ck_assert_int_eq(stat(public_path, &st), 0);
    ck_assert_int_eq((int)st.st_size, 65);
    ck_assert_int_eq(cnas_key_load_secret(secret, a, secret_path, &e), CNAS_OK);
    ck_assert_int_eq(cnas_key_load_public(b, public_path, &e), CNAS_OK);
    ck_assert_mem_eq(a, b, 32);
    sodium_bin2hex(hex, sizeof hex, a, 32);
    ck_assert_int_eq(cnas_key_load_public(c, hex, &e), CNAS_OK);
    ck_assert_mem_eq(a, c, 32);
    /* never overwritten */
    ck_assert_int_eq(cnas_key_make(secret_path, public_path, &e), CNAS_E_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "exists"));
    unlink(secret_path);
    ck_assert_int_eq(cnas_key_make(secret_path, public_path, &e), CNAS_E_IO);
    ck_assert_int_ne(access(secret_path, F_OK), 0);
    ck_assert_int_eq(cnas_key_load_public(c, public_path, &e), CNAS_OK);
    ck_assert_mem_eq(a, c, 32);
}
END_TEST

START_TEST(refused)
{
    unsigned char secret[32], key[32];
    struct cnas_error e;
    char digits[80];
    memset(digits, 'a', sizeof digits);
    digits[64] = '\n';
    const size_t bad_sizes[] = {0, 1, 63, 66, 80};
    for (size_t i = 0; i < sizeof bad_sizes / sizeof *bad_sizes; i++) {
        put(secret_path, digits, bad_sizes[i]);
        ck_assert_int_eq(cnas_key_load_public(key, secret_path, &e), CNAS_E_FORMAT);
        ck_assert_int_eq(cnas_key_load_secret(secret, key, secret_path, &e), CNAS_E_FORMAT);
    }
    put(secret_path, digits, 65);
    ck_assert_int_eq(cnas_key_load_secret(secret, key, secret_path, &e), CNAS_OK);
    put(secret_path, digits, 64);
    ck_assert_int_eq(cnas_key_load_secret(secret, key, secret_path, &e), CNAS_OK);
    digits[10] = 'g';
    put(secret_path, digits, 65);
    ck_assert_int_eq(cnas_key_load_secret(secret, key, secret_path, &e), CNAS_E_FORMAT);
    digits[10] = 'a';
    put(secret_path, digits, 65);
    chmod(secret_path, 0640);
    ck_assert_int_eq(cnas_key_load_secret(secret, key, secret_path, &e), CNAS_E_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "chmod 600"));
    unlink(secret_path);
    ck_assert_int_eq(cnas_key_load_secret(secret, key, secret_path, &e), CNAS_E_IO);
    ck_assert_int_eq(cnas_key_load_public(key, dir, &e), CNAS_E_IO);
    ck_assert_int_eq(cnas_key_make("/nonexistent/dir/k", public_path, &e), CNAS_E_IO);
    ck_assert_int_ne(access(public_path, F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net/key");
    TCase *t = tcase_create("files");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, make_and_load);
    tcase_add_test(t, refused);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
