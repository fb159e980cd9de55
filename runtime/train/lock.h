/* One at a time writes a checkpoint, or soft labels. */
#ifndef RUNTIME_TRAIN_LOCK_H
#define RUNTIME_TRAIN_LOCK_H

#include <cnas/status.h>

/* All zero: it is not held. */
struct cn_train_lock {
    char *path;
    int fd;
};

/* CNAS_E_BUSY: somebody has this file, in this process, another one or, where the file system passes locks on, on another machine; who, `busy` says:
 * "another training is using this checkpoint". */
CNAS_CHECKED enum cnas_status cn_train_lock(struct cn_train_lock *l, const char *path, const char *busy, struct cnas_error *err);
void cn_train_unlock(struct cn_train_lock *l);

#endif
