/* The learning rate. */
#include "runtime/train/rate.h"

#include <math.h>

double cn_train_rate(const struct cnas_train_options *o, uint32_t epoch, size_t step, size_t steps)
{
    const double pi = 3.14159265358979323846;
    double now = epoch, period = o->restart_first ? o->restart_first : o->epochs; /* in epochs since the last restart */
    while (now >= period) {
        now -= period;
        period *= o->restart_factor;
    }
    now += (double)step / (double)steps;
    return o->lr_min + 0.5 * (o->lr_max - o->lr_min) * (1 + cos(pi * now / period));
}
