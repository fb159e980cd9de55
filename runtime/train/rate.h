/* The learning rate: cosine annealing with warm restarts.
 * Source:  Loshchilov & Hutter, SGDR, ICLR 2017, equation 5. As there, it changes with every step, not only with every epoch.
 * Differs: restart_first = 0 means one period over the whole training. */
#ifndef RUNTIME_TRAIN_RATE_H
#define RUNTIME_TRAIN_RATE_H

#include <cnas/train.h>

/* epoch from 0, step of the epoch from 0 below steps. */
double cn_train_rate(const struct cnas_train_options *o, uint32_t epoch, size_t step, size_t steps);

#endif
