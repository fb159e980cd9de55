/* --epochs auto: as many epochs as fit into --time-budget. */
#ifndef RUNTIME_CLI_TRAIN_EPOCHS_H
#define RUNTIME_CLI_TRAIN_EPOCHS_H

#include "runtime/cli/train_announce.h"

/* Sets o->recipe.epochs, to the number of the checkpoint where there is one to go on from; else a few steps are trained, on params, to
 * learn how long an epoch takes. All ranks call it. -1 to go on, else an exit status. */
int cn_train_choose_epochs(struct cn_train_cli *o, float *params, const struct cn_train_scene *s);

/* Of `fit` epochs those after which the learning rate is at its minimum: where it restarts, the end of the last whole period. */
uint32_t cn_train_whole_epochs(const struct cnas_train_options *o, double fit);

#endif
