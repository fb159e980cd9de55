/* Options of a training. */
#ifndef RUNTIME_TRAIN_OPTIONS_H
#define RUNTIME_TRAIN_OPTIONS_H

#include <cnas/train.h>

CNAS_CHECKED enum cnas_status cn_train_check_options(const struct cnas_train_options *o, struct cnas_error *err);

#endif
