#include "compiler/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- reading --- */

static const char *read_open(struct arena *a, int fd, const char *name, size_t most, size_t *n, const char **why)
{
    size_t used = 0, cap = 1 << 16;
    char *bytes = arena_alloc(a, cap + 1);
    for (;;) {
        ssize_t got = read(fd, bytes + used, cap - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            *why = arena_printf(a, "cannot read %s: %s", name, strerror(errno));
            return NULL;
        }
        if (got == 0)
            break;
        used += (size_t)got;
        if (used > most) {
            *why = arena_printf(a, "cannot read %s: larger than %zu bytes", name, most);
            return NULL;
        }
        if (used == cap) {
            char *grown = arena_alloc(a, 2 * cap + 1);
            memcpy(grown, bytes, used);
            bytes = grown;
            cap *= 2;
        }
    }
    bytes[used] = '\0';
    *n = used;
    return bytes;
}

const char *file_read(struct arena *a, const char *path, size_t most, size_t *n, const char **why)
{
    if (strcmp(path, "-") == 0)
        return read_open(a, STDIN_FILENO, "standard input", most, n, why);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        *why = arena_printf(a, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    const char *bytes = read_open(a, fd, path, most, n, why);
    close(fd);
    return bytes;
}

/* --- writing --- */

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, bytes, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes += put;
        n -= (size_t)put;
    }
    return true;
}

bool file_print(struct arena *a, const char *bytes, size_t n, const char **why)
{
    if (write_all(STDOUT_FILENO, bytes, n))
        return true;
    *why = arena_printf(a, "cannot write standard output: %s", strerror(errno));
    return false;
}

struct file_set file_set_new(struct arena *a)
{
    return (struct file_set){.arena = a};
}

void file_set_add(struct file_set *s, const char *path, const char *bytes, size_t n)
{
    struct file_wanted f = {.path = path, .bytes = bytes, .n = n};
    vec_push(s->arena, &s->files, f);
}

static void undo(struct file_set *s)
{
    for (size_t i = 0; i < s->files.n; i++)
        if (s->files.at[i].temporary)
            unlink(s->files.at[i].temporary);
    for (size_t i = s->made.n; i-- > 0;)
        rmdir(s->made.at[i]); /* stays if someone else put a file there */
    s->made.n = 0;
}

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool file_set_directory(struct file_set *s, const char *path, const char **why)
{
    for (size_t i = 1, n = strlen(path); i <= n; i++) {
        if (i < n && path[i] != '/')
            continue;
        const char *part = arena_strndup(s->arena, path, i);
        if (mkdir(part, 0777) == 0) {
            vec_push(s->arena, &s->made, part);
            continue;
        }
        int error = errno == EEXIST ? ENOTDIR : errno; /* what exists is fine if it is a directory, whatever mkdir said */
        if (!is_directory(part)) {
            *why = arena_printf(s->arena, "cannot make directory %s: %s", part, strerror(error));
            undo(s);
            return false;
        }
    }
    return true;
}

static bool holds(const char *path, const char *bytes, size_t n)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != n)
        return false;
    struct arena *scratch = arena_new();
    size_t got;
    const char *why, *there = file_read(scratch, path, n, &got, &why);
    bool same = there && got == n && memcmp(there, bytes, n) == 0;
    arena_free(&scratch);
    return same;
}

/* f's bytes under a temporary name beside it. */
static bool write_temporary(struct arena *a, struct file_wanted *f)
{
    const char *slash = strrchr(f->path, '/'), *base = slash ? slash + 1 : f->path;
    char *name = arena_printf(a, "%.*s.%s.XXXXXX", (int)(base - f->path), f->path, base);
    int fd = mkstemp(name);
    if (fd < 0)
        return false;
    f->temporary = name;
    mode_t mask = umask(0);
    umask(mask);
    bool ok = write_all(fd, f->bytes, f->n) && fchmod(fd, 0666 & ~mask) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    errno = error;
    return ok;
}

/* A pipe or a device cannot be replaced: it is written as it is. */
static bool write_special(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, bytes, n);
    int error = errno;
    close(fd);
    errno = error;
    return ok;
}

static bool prepare(struct file_set *s, struct file_wanted *f)
{
    struct stat st;
    if (stat(f->path, &st) != 0)
        return write_temporary(s->arena, f);
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (!S_ISREG(st.st_mode))
        return true;
    char *real = realpath(f->path, NULL); /* behind links: the links stay */
    if (!real)
        return false;
    f->path = arena_strdup(s->arena, real);
    free(real);
    f->done = holds(f->path, f->bytes, f->n);
    return f->done || write_temporary(s->arena, f);
}

static bool finish(struct file_wanted *f)
{
    bool ok = f->done || (f->temporary ? rename(f->temporary, f->path) == 0 : write_special(f->path, f->bytes, f->n));
    if (ok)
        f->temporary = NULL;
    return ok;
}

bool file_set_commit(struct file_set *s, const char **why)
{
    for (size_t i = 0; i < 2 * s->files.n; i++) { /* every one is prepared before the first is finished */
        struct file_wanted *f = &s->files.at[i % s->files.n];
        const char *path = f->path;
        if (!(i < s->files.n ? prepare(s, f) : finish(f))) {
            *why = arena_printf(s->arena, "cannot write %s: %s", path, strerror(errno));
            undo(s);
            return false;
        }
    }
    return true;
}
