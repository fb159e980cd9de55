/* Recipes by name. */
#include <string.h>

#include <cnas/train.h>

#include "runtime/train/options.h"

static const struct {
    const char *name, *about;
    struct cnas_train_options o;
} presets[] = {
#define TRAIN_PRESET(name_, about_, schedule_, lr_max_, lr_min_, restart_first_, by_epoch_, cycle_up_, momentum_, weight_decay_,     \
                     decay_all_, epochs_, batch_, flip_, crop_, padding_, cutout_, label_smoothing_, ema_)                           \
    {name_, about_,                                                                                                                  \
     {.optimizer = CNAS_SGD, .momentum = momentum_, .nesterov = 1, .weight_decay = weight_decay_, .decay_all = decay_all_,           \
      .bias_lr = 1, .schedule = CNAS_##schedule_, .lr_max = lr_max_, .lr_min = lr_min_, .restart_first = restart_first_,             \
      .restart_factor = 2, .by_epoch = by_epoch_, .cycle_up = cycle_up_, .cycle_start = 0.04, .epochs = epochs_, .batch = batch_,    \
      .flip = CNAS_FLIP_##flip_, .crop = crop_, .padding = CNAS_PADDING_##padding_, .cutout = cutout_,                               \
      .label_smoothing = label_smoothing_, .ema = ema_, .seed = 1}},
#include <cnas/presets.def>
#undef TRAIN_PRESET
};

const char *cnas_train_preset_name(size_t i, const char **about)
{
    if (i >= sizeof presets / sizeof *presets)
        return NULL;
    if (about)
        *about = presets[i].about;
    return presets[i].name;
}

enum cnas_status cnas_train_preset(struct cnas_train_options *o, const char *name)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (!strcmp(presets[i].name, name)) {
            *o = presets[i].o;
            cn_train_default_distillation(o);
            return CNAS_OK;
        }
    return CNAS_E_RANGE;
}
