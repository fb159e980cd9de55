/* The learning rate. */
#include "runtime/train/rate.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

static double between(double from, double to, double share)
{
    return from + (to - from) * share;
}

/* From `from` at share 0 to `to` at share 1. */
static double along_cosine(double from, double to, double share)
{
    return to + 0.5 * (from - to) * (1 + cos(pi * share));
}

static double cosine(const struct cnas_train_options *o, uint32_t epoch, double part)
{
    double now = epoch, period = o->restart_first ? o->restart_first : o->epochs; /* in epochs since the last restart */
    while (now >= period) {
        now -= period;
        period *= o->restart_factor;
    }
    return along_cosine(o->lr_max, o->lr_min, (now + (o->by_epoch ? 0 : part)) / period);
}

static double one_cycle(const struct cnas_train_options *o, double t, double all)
{
    const double start = o->cycle_start * o->lr_max;
    const double top = fmax(o->cycle_up * all - 1, 0), last = all - 1; /* steps with the largest and the smallest rate */
    if (t < top)
        return between(start, o->lr_max, t / top);
    if (t >= last) /* also a step beyond the end */
        return last > top ? o->lr_min : o->lr_max;
    const double share = (t - top) / (last - top);
    return o->cycle_cosine ? along_cosine(o->lr_max, o->lr_min, share) : between(o->lr_max, o->lr_min, share);
}

static double steps_down(const struct cnas_train_options *o, uint32_t epoch)
{
    double rate = o->lr_max;
    for (uint32_t i = 0; i < o->n_milestones && epoch >= o->milestones[i]; i++)
        rate *= o->step_factor;
    return rate > o->lr_min ? rate : o->lr_min;
}

double cn_train_rate(const struct cnas_train_options *o, uint32_t epoch, size_t step, size_t steps)
{
    const double t = (double)epoch * (double)steps + (double)step, warm = o->warmup * (double)steps;
    if (o->schedule == CNAS_ONE_CYCLE)
        return one_cycle(o, t, (double)o->epochs * (double)steps);
    const double rate = o->schedule == CNAS_COSINE  ? cosine(o, epoch, (double)step / (double)steps)
                        : o->schedule == CNAS_STEPS ? steps_down(o, epoch)
                                                    : o->lr_max;
    return t + 1 < warm ? rate * (t + 1) / warm : rate;
}
