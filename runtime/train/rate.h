/* The learning rate of a step.
 *   cosine     Loshchilov & Hutter, SGDR, ICLR 2017, equation 5: warm restarts; restart_first = 0 is one period over the whole training.
 *              As there, it changes with every step; by_epoch keeps it inside an epoch, as the programs of ENAS and CryptoNAS do.
 *   one_cycle  Smith & Topin, Super-Convergence, 2018, as torch.optim.lr_scheduler.OneCycleLR with two phases has it: up along a line
 *              from cycle_start * lr_max, then down to lr_min, which is the last step's, along a line or half a cosine.
 *   steps      lr_max times step_factor for each milestone behind us, never below lr_min.
 *   warm-up    Goyal et al., 2017, 2.2: the rate of step t of W is (t + 1) / W of what the schedule says; the schedule does not wait. */
#ifndef RUNTIME_TRAIN_RATE_H
#define RUNTIME_TRAIN_RATE_H

#include <cnas/train.h>

/* epoch from 0, step of the epoch from 0 below steps. */
double cn_train_rate(const struct cnas_train_options *o, uint32_t epoch, size_t step, size_t steps);

#endif
