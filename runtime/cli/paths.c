/* Names of files. One file has many: `x`, `./x`, `dir/../x`, and links to it. */
#define _GNU_SOURCE
#include "runtime/cli/paths.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *cn_folder(char *out, size_t size, const char *path)
{
    const char *slash = strrchr(path, '/');
    return snprintf(out, size, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".") < (int)size ? out : NULL;
}

static int stat_folder(struct stat *out, const char *path)
{
    char name[PATH_MAX];
    return cn_folder(name, sizeof name, path) && !stat(name, out);
}

static int same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int cn_same_file(const char *a, const char *b)
{
    struct stat x, y;
    if (!strcmp(a, b))
        return 1;
    if (!stat(a, &x) && !stat(b, &y))
        return same(&x, &y);
    /* one of them is not there yet: basename() of GNU is what follows the last slash */
    return !strcmp(basename(a), basename(b)) && stat_folder(&x, a) && stat_folder(&y, b) && same(&x, &y);
}
