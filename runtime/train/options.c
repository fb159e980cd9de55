/* What a training is asked to do: its options' defaults, and which values make sense. */
#include "runtime/train/options.h"

#include <math.h>

#include "runtime/base/error.h"
#include "runtime/train/loader.h"

void cnas_train_defaults(struct cnas_train_options *o, const struct cnas_model *m)
{
    *o = (struct cnas_train_options){
        .lr_max = m->train.lr_max, .lr_min = m->train.lr_min, .momentum = m->train.momentum, .weight_decay = m->train.weight_decay,
        .nesterov = m->train.nesterov, .flip = m->train.flip, .epochs = m->train.epochs, .batch = m->train.batch,
        .restart_first = m->train.restart_first, .restart_factor = m->train.restart_factor, .crop = m->train.crop,
        .cutout = m->train.cutout, .seed = 1};
}

enum cnas_status cn_train_check_options(const struct cnas_train_options *o, struct cnas_error *err)
{
    if (!o->epochs || !o->batch)
        return cn_error(err, CNAS_E_RANGE, "training needs at least one epoch and one image in a batch");
    if (!(o->lr_max >= 0 && o->lr_min >= 0 && isfinite(o->lr_max) && isfinite(o->lr_min)))
        return cn_error(err, CNAS_E_RANGE, "learning rates must be finite and not negative");
    if (!(o->momentum >= 0 && o->momentum < 1) || !(o->weight_decay >= 0 && isfinite(o->weight_decay)))
        return cn_error(err, CNAS_E_RANGE, "momentum must be in [0, 1) and weight decay finite and not negative");
    if (o->restart_first && !o->restart_factor)
        return cn_error(err, CNAS_E_RANGE, "the factor of warm restarts must be at least 1");
    if (o->crop > 1024 || o->cutout > 4096)
        return cn_error(err, CNAS_E_RANGE, "crop must be at most 1024 and cutout at most 4096 pixels");
    if (o->loader_threads > CN_TRAIN_LOADERS)
        return cn_error(err, CNAS_E_RANGE, "at most %d loader threads", CN_TRAIN_LOADERS);
    return CNAS_OK;
}
