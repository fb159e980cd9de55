/* Options of a training. */
#ifndef RUNTIME_TRAIN_OPTIONS_H
#define RUNTIME_TRAIN_OPTIONS_H

#include <cnas/train.h>

CNAS_CHECKED enum cnas_status cn_train_check_options(const struct cnas_train_options *o, struct cnas_error *err);
/* Of these, what is done to the images. */
CNAS_CHECKED enum cnas_status cn_train_check_augment(const struct cnas_train_options *o, struct cnas_error *err);

/* How a teacher's answers count where the recipe does not say. */
void cn_train_default_distillation(struct cnas_train_options *o);

#endif
