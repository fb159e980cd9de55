/* Atomic replacement of files: temporary name, fsync, rename, fsync of the directory. Opening them. */
#include "runtime/data/file.h"

#include <cnas/train.h>

#include "runtime/base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LABEL_MAX = 96, TEMPORARY_TRIES = 100 };

const char *cn_file_label(const char *path)
{
    size_t n = strlen(path);
    return n > LABEL_MAX ? path + n - LABEL_MAX : path;
}

enum cnas_status cn_file_open(int *fd, uint64_t *size, const char *path, struct cnas_error *err)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const int cause = *fd < 0 || fstat(*fd, &st) ? errno : S_ISREG(st.st_mode) ? 0 : EINVAL;
    *size = cause ? 0 : (uint64_t)st.st_size;
    if (!cause)
        return CNAS_OK;
    const enum cnas_status status = *fd < 0         ? cn_error(err, CNAS_E_IO, "%s: cannot open it: %s", cn_file_label(path), strerror(cause))
                                    : cause == EINVAL ? cn_error(err, CNAS_E_IO, "%s: not a regular file", cn_file_label(path))
                                                      : cn_error(err, CNAS_E_IO, "%s: cannot read it: %s", cn_file_label(path), strerror(cause));
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = cause;
    return status;
}

char *cn_file_cache_folder(void)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const int own = !base || base[0] != '/';
    if (own && (!home || home[0] != '/'))
        return NULL;
    const char *start = own ? home : base, *below = own ? "/.cache" : "";
    const size_t size = strlen(start) + 16;
    char *path = malloc(size);
    if (!path)
        return NULL;
    snprintf(path, size, "%s%s", start, below);
    mkdir(path, 0700); /* what cannot be made is noticed when a file in it is opened */
    snprintf(path, size, "%s%s/cnas", start, below);
    mkdir(path, 0700);
    return path;
}

static int write_all(int fd, const void *data, size_t size)
{
    const unsigned char *p = data;
    while (size) {
        ssize_t n = write(fd, p, size < (1u << 30) ? size : 1u << 30);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Makes a new file "PATH.tmp-PID-TRY". O_EXCL: never follows or truncates what is there. */
static int open_temporary(char *name, size_t size, const char *path)
{
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        snprintf(name, size, "%s.tmp-%ld-%d", path, (long)getpid(), i);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* The directory that path is in; negative: it cannot be opened. */
static int open_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    const int fd = name ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(name);
    return fd;
}

/* The rename is durable only when its directory is on disk. Some file systems refuse fsync of a directory: no error then. */
static void sync_directory(const char *path)
{
    const int fd = open_directory(path);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

/* name is "BASE.tmp-PID-TRY" of a process that is no more. */
static int is_left(const char *name, const char *base)
{
    const size_t n = strlen(base);
    long pid;
    int attempt, end = 0;
    if (strncmp(name, base, n) != 0 || sscanf(name + n, ".tmp-%ld-%d%n", &pid, &attempt, &end) != 2 || name[n + (size_t)end] || pid <= 0)
        return 0;
    return kill((pid_t)pid, 0) && errno == ESRCH;
}

static void sweep(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const int fd = open_directory(path);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *e; d && (e = readdir(d));)
        if (is_left(e->d_name, base))
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    else if (fd >= 0)
        close(fd);
}

enum cnas_status cn_file_replace(const char *path, const struct cn_file_part *parts, size_t n_parts, struct cnas_error *err)
{
    enum cnas_status status = CNAS_OK;
    size_t size = strlen(path) + 48;
    struct stat st;
    if (!stat(path, &st) && !S_ISREG(st.st_mode)) /* /dev/stdout would be gone for everybody */
        return cn_error(err, CNAS_E_IO, "%s: not a regular file; it is left as it is", cn_file_label(path));
    char *name = malloc(size);
    if (!name)
        return cn_error(err, CNAS_E_MEMORY, "%s: no memory to write it", cn_file_label(path));
    sweep(path);
    int fd = open_temporary(name, size, path);
    if (fd < 0) {
        status = cn_error(err, CNAS_E_IO, "%s: cannot create a file beside it: %s", cn_file_label(path), strerror(errno));
        free(name);
        return status;
    }
    int bad = 0;
    for (size_t i = 0; i < n_parts && !bad; i++)
        bad = write_all(fd, parts[i].data, parts[i].size);
    bad = bad || fsync(fd);
    int cause = errno;
    if (close(fd) && !bad) {
        bad = 1;
        cause = errno;
    }
    if (!bad && rename(name, path)) {
        bad = 1;
        cause = errno;
    }
    if (bad) {
        unlink(name);
        status = cn_error(err, CNAS_E_IO, "%s: cannot write it: %s", cn_file_label(path), strerror(cause));
    } else {
        sync_directory(path);
    }
    free(name);
    return status;
}

enum cnas_status cnas_file_replace(const char *path, const void *data, size_t size, struct cnas_error *err)
{
    return cn_file_replace(path, &(struct cn_file_part){data, size}, 1, err);
}
