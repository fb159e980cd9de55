#include "tests/support/folder.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char dir[] = "/tmp/cnas-test-XXXXXX";
struct cnas_error err;

void folder_make(void)
{
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

void folder_remove(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

void folder_remove_empty(void)
{
    ck_assert_msg(rmdir(dir) == 0, "something was left in %s", dir);
}

const char *in_dir(const char *name)
{
    static char full[256];
    snprintf(full, sizeof full, "%s/%s", dir, name);
    return full;
}

void put(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(in_dir(name), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

size_t get(const char *path, unsigned char *out, size_t room)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(out, 1, room, f);
    fclose(f);
    return n;
}

void fails(enum cnas_status status, enum cnas_status expected, const char *words)
{
    ck_assert_msg(status == expected, "status %d, not %d: %s", status, expected, err.text);
    ck_assert_int_eq(err.status, expected);
    ck_assert_msg(strstr(err.text, words) != NULL, "`%s' does not say `%s'", err.text, words);
    ck_assert_ptr_null(strchr(err.text, '\n'));
}
