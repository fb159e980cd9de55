/* Whole files, read and written. A file is written in full or not at all: to a temporary name beside it, then renamed; several
 * files are renamed only after every one of them lies on the disk. Failures are sentences that name the file and the reason. */
#ifndef COMPILER_BASE_FILE_H
#define COMPILER_BASE_FILE_H

#include "compiler/base/arena.h"
#include "compiler/base/vec.h"

#include <stdbool.h>
#include <stddef.h>

/* The bytes of a file, and a NUL behind them; "-" is standard input. NULL: *why says why not. Stops at most bytes. */
const char *file_read(struct arena *a, const char *path, size_t most, size_t *n, const char **why);

struct file_wanted {
    const char *path, *bytes;
    size_t n;
    const char *temporary; /* NULL: none */
    bool done;             /* holds these bytes already */
};

struct file_set {
    struct arena *arena;
    VEC(struct file_wanted) files;
    VEC(const char *) made; /* directories that did not exist before, outermost first */
};

struct file_set file_set_new(struct arena *a);
void file_set_add(struct file_set *s, const char *path, const char *bytes, size_t n); /* path, bytes: borrowed */
bool file_set_directory(struct file_set *s, const char *path, const char **why);      /* makes it now, with its parents */
/* Files that hold these bytes already are left untouched. False: *why; no file is changed and the directories that were made are gone. */
bool file_set_commit(struct file_set *s, const char **why);

/* All bytes to standard output, noticing every failure, also a late one. */
bool file_print(struct arena *a, const char *bytes, size_t n, const char **why);

#endif
