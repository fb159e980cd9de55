/* The lock is on an empty file beside the one that is written, FILE.lock, because each new FILE is another one under the same name. The
 * system drops it with the process that holds it, however that ends: a file that was left is locked anew.
 *
 * Who is done removes the file before the lock is dropped. So who gets the lock looks whether what is locked still has the name: if not, the
 * lock is worth nothing and it begins again. Where there can be no such file or lock (a folder that cannot be written, a file system without
 * locks) training goes on without: it keeps out what happens by mistake. */
#define _GNU_SOURCE
#include "runtime/train/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/data/file.h"

static int has_name(int fd, const char *path)
{
    struct stat mine, there;
    return !fstat(fd, &mine) && !lstat(path, &there) && mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

/* A descriptor of the locked file; negative: none, and errno says why. */
static int take(const char *path)
{
    for (int tries = 0; tries < 100; tries++) { /* on a file system whose numbers of files change there would be no end */
        const int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd < 0)
            return -1;
        if (!flock(fd, LOCK_EX | LOCK_NB)) {
            if (has_name(fd, path))
                return fd;
            close(fd);
            continue;
        }
        const int cause = errno;
        close(fd);
        errno = cause;
        if (cause != EINTR)
            return -1;
    }
    errno = ENOLCK;
    return -1;
}

enum cnas_status cn_train_lock(struct cn_train_lock *l, const char *path, const char *busy, struct cnas_error *err)
{
    static const char suffix[] = ".lock";
    const size_t size = strlen(path) + sizeof suffix;
    *l = (struct cn_train_lock){.path = cn_mem_alloc(size, 1)};
    if (!l->path)
        return cn_error(err, CNAS_E_MEMORY, "%s: no memory to lock it", cn_file_label(path));
    snprintf(l->path, size, "%s%s", path, suffix);
    l->fd = take(l->path);
    if (l->fd >= 0)
        return CNAS_OK;
    const int taken = errno == EWOULDBLOCK;
    cn_mem_free(l->path);
    l->path = NULL;
    return taken ? cn_error(err, CNAS_E_BUSY, "%s: %s", cn_file_label(path), busy) : CNAS_OK;
}

void cn_train_unlock(struct cn_train_lock *l)
{
    struct stat st;
    if (!l->path)
        return;
    if (has_name(l->fd, l->path) && !fstat(l->fd, &st) && S_ISREG(st.st_mode) && !st.st_size) /* what has something in it is not ours */
        unlink(l->path);
    close(l->fd);
    cn_mem_free(l->path);
    l->path = NULL;
}
