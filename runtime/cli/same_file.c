/* Names of one file: `x`, `./x`, `dir/../x`, and links to it. */
#define _GNU_SOURCE
#include "runtime/cli/same_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The folder that a file is or will be in; 0: there is none. */
static int folder(struct stat *out, const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const int n = snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    return n < (int)sizeof dir && !stat(dir, out);
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
    return !strcmp(basename(a), basename(b)) && folder(&x, a) && folder(&y, b) && same(&x, &y);
}
