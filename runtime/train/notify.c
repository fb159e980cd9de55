/* Telling the caller how far the training is, and hearing whether to stop. */
#include <time.h>

#include "runtime/train/trainer.h"

static const double REPORT_S = 0.2; /* the callback hears from us after the first step that ends later than this */

double cn_train_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cn_train_notify(struct cn_trainer *t, enum cnas_train_event event)
{
    double now = cn_train_now_s();
    if (event == CNAS_TRAIN_STEP && now - t->notified_s < REPORT_S)
        return;
    t->notified_s = now;
    t->progress.event = event;
    if (t->callback && t->callback(t->user, &t->progress))
        t->stop = 1;
}
