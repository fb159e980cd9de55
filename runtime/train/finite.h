/* Whether a training is still among the numbers. */
#ifndef RUNTIME_TRAIN_FINITE_H
#define RUNTIME_TRAIN_FINITE_H

#include <stddef.h>

int cn_train_finite(const float *x, size_t n);

#endif
