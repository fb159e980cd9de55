/* What a training is about, said before it begins. */
#ifndef RUNTIME_CLI_TRAIN_ANNOUNCE_H
#define RUNTIME_CLI_TRAIN_ANNOUNCE_H

#include "runtime/cli/ranks.h"
#include "runtime/cli/train_options.h"

struct cn_train_scene {
    const struct cn_train_cli *o;
    const struct cnas_model *m;
    struct cnas_ctx *ctx;
    const struct cnas_train_sets *sets;
    const struct cnas_dataset *test;
    struct cn_ranks *ranks;
};

/* On stdout, unless the user wants it quiet. */
void cn_train_announce(const struct cn_train_scene *s);

#endif
