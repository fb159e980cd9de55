/* One training at a time writes a checkpoint. */
#ifndef RUNTIME_TRAIN_LOCK_H
#define RUNTIME_TRAIN_LOCK_H

#include <cnas/status.h>

/* All zero: it is not held. */
struct cn_train_lock {
    char *path;
    int fd;
};

/* CNAS_E_BUSY: another training has this checkpoint, in this process, another one or, where the file system passes locks on, on another machine. */
CNAS_CHECKED enum cnas_status cn_train_lock(struct cn_train_lock *l, const char *checkpoint, struct cnas_error *err);
void cn_train_unlock(struct cn_train_lock *l);

#endif
