/* When a training is saved, and what happens when it cannot be. */
#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/train/trainer.h"

enum cnas_status cn_train_resume(struct cn_trainer *t, int *found)
{
    const char *path = t->control->checkpoint;
    *found = 0;
    if (!path || !cn_train_is_first(&t->together))
        return CNAS_OK;
    CNAS_TRY(cn_train_lock(&t->lock, path, "another training is using this checkpoint", t->err));
    if (t->control->fresh)
        return CNAS_OK;
    CNAS_TRY(cn_train_checkpoint_load(found, path, &t->at, t->m, &t->id, t->err));
    if (*found && (t->at.place.epoch > t->o->epochs || t->at.place.step >= t->steps || t->at.best.epoch > t->at.place.epoch))
        return cn_error(t->err, CNAS_E_FORMAT, "%.200s: the checkpoint is beyond the end of its own training", path);
    return CNAS_OK;
}

/* A full disk must not end a training of hours: the old checkpoint is still there, and there may be room later. */
enum cnas_status cn_train_save(struct cn_trainer *t, int must)
{
    struct cnas_error err = {CNAS_OK, ""};
    t->saved_s = cn_clock_s();
    if (!t->control->checkpoint || !cn_train_is_first(&t->together))
        return CNAS_OK;
    enum cnas_status status = cn_train_checkpoint_save(t->control->checkpoint, &t->at, t->m, &t->id, t->o->epochs, &err);
    if (!status)
        return CNAS_OK;
    if (must || status == CNAS_E_DIVERGED)
        return cn_error(t->err, status, "%s", err.text);
    t->progress.warning = err.text;
    cn_train_notify(t, CNAS_TRAIN_WARNING);
    t->progress.warning = NULL;
    return CNAS_OK;
}

int cn_train_save_is_due(const struct cn_trainer *t)
{
    return t->control->checkpoint && t->control->checkpoint_s > 0 && cn_clock_s() - t->saved_s >= t->control->checkpoint_s;
}
