/* The recipe of NET-train: --preset and the options that change one thing of it. */
#ifndef RUNTIME_CLI_TRAIN_RECIPE_H
#define RUNTIME_CLI_TRAIN_RECIPE_H

#include <cnas/train.h>

#include "runtime/cli/args.h"

enum { CN_RECIPE_ARGS = 20, CN_RECIPE_HELP = 192 };

struct cn_recipe {
    const char *epochs, *preset, *optimizer, *decay, *schedule, *milestones, *augment; /* NULL: not given */
    uint64_t batch;                                                           /* 0: not given */
    double lr, lr_min, momentum, weight_decay, bias_lr, warmup, label_smoothing, ema, clip; /* NAN: not given */
    double distill_weight, temperature;                                                     /* ... */
    int print;                                /* --print-recipe */
    int auto_epochs;                          /* set by _make: --epochs auto. Then _set_epochs has to follow */
    char help[CN_RECIPE_ARGS][CN_RECIPE_HELP];
};

/* The options, with m's defaults in their help; args has room for CN_RECIPE_ARGS. Returns how many there are. */
size_t cn_recipe_args(struct cn_arg *args, struct cn_recipe *r, const struct cnas_model *m);
/* After parsing: the preset's or m's recipe, changed. -1 to go on, else an exit status. */
int cn_recipe_make(struct cnas_train_options *o, struct cn_recipe *r, const struct cnas_model *m);
/* The first option given that only a training has, without its dashes; NULL: none. */
const char *cn_recipe_of_training(const struct cn_recipe *r);
/* Milestones that nobody has given follow. */
void cn_recipe_set_epochs(struct cnas_train_options *o, uint32_t epochs);
#endif
