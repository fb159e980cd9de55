/* Files that are replaced whole or not at all, and reading them. */
#ifndef RUNTIME_DATA_FILE_H
#define RUNTIME_DATA_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <cnas/status.h>

struct cn_file_part {
    const void *data;
    size_t size;
};

/* The parts one after the other become the file at path: written under a temporary name in the same directory, fsynced,
 * renamed over path, directory fsynced. After a failure or a crash path holds either its old content or all of the new. What
 * processes that were killed while they replaced path have left beside it is removed. */
CNAS_CHECKED enum cnas_status cn_file_replace(const char *path, const struct cn_file_part *parts, size_t n_parts,
                                              struct cnas_error *err);

/* Opens a regular file to read: a FIFO, say, does not hang and is CNAS_E_IO, like what cannot be opened; then *fd is negative and errno says why.
 * size: its bytes. */
CNAS_CHECKED enum cnas_status cn_file_open(int *fd, uint64_t *size, const char *path, struct cnas_error *err);

/* The end of path that fits a message: errors keep their reason however long the path is. */
const char *cn_file_label(const char *path);

/* $XDG_CACHE_HOME/cnas or ~/.cache/cnas (XDG Base Directory Specification 0.8), made if it is not there. NULL: none, or no
 * memory. Freed with free(). */
char *cn_file_cache_folder(void);

#endif
