/* Telling the caller how far the training is, and hearing whether to stop. */
#include "runtime/base/clock.h"
#include "runtime/train/trainer.h"

static void tell_parts(struct cn_trainer *t)
{
    const struct cn_train_spent *s = &t->spent;
    const struct cnas_train_part more[] = {
        {"loss", 0, 0, s->loss_s}, {"waiting for ranks", 0, 0, s->ranks_s}, {"update", 0, 0, s->update_s}, {"batches", 0, 0, s->batches_s}};
    struct cnas_train_progress *p = &t->progress;
    p->parts = t->parts;
    p->n_parts = t->net ? cn_train_net_parts(t->net, t->parts) : 0;
    for (size_t i = 0; p->n_parts && i < sizeof more / sizeof *more; i++)
        if (more[i].other_s > 0)
            t->parts[p->n_parts++] = more[i];
}

void cn_train_notify(struct cn_trainer *t, enum cnas_train_event event)
{
    const struct cnas_train_control *c = t->control;
    double now = cn_clock_s();
    int counted = event == CNAS_TRAIN_STEP && c->report_steps && t->progress.step % c->report_steps == 0;
    if ((event == CNAS_TRAIN_STEP || event == CNAS_TRAIN_MEASURE) && !counted && now - t->notified_s < c->report_s)
        return;
    t->notified_s = now;
    t->progress.event = event;
    tell_parts(t);
    if (c->callback && c->callback(c->user, &t->progress))
        t->wish = 1;
    if (!t->together.group)
        t->stop = t->wish;
}
