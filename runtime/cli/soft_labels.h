/* Distillation in NET-train: teachers' answers, written and read. */
#ifndef RUNTIME_CLI_SOFT_LABELS_H
#define RUNTIME_CLI_SOFT_LABELS_H

#include "runtime/cli/train_announce.h"

/* --write-soft-labels: the answers of the weights in --out. Returns an exit status. */
int cn_soft_labels_make(const struct cn_train_scene *s);
/* --soft-labels: *soft, NULL without the option; o's recipe augments as the answers want it. -1 to go on, else an exit status. */
int cn_soft_labels_take(struct cnas_soft_labels **soft, struct cn_train_cli *o, const struct cnas_dataset *train, const struct cnas_model *m);

#endif
