/* What a training is asked to do: its options' defaults, which values make sense, and the options as a text. */
#include "runtime/train/options.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/error.h"

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
    return CNAS_OK;
}

struct line {
    char *out;
    size_t size, length;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(l->length < l->size ? l->out + l->length : NULL, l->length < l->size ? l->size - l->length : 0, format, args);
    va_end(args);
    l->length += n > 0 ? (size_t)n : 0;
}

static void add_count(struct line *l, const char *name, uint64_t value)
{
    add(l, "%s%s %" PRIu64, l->length ? " " : "", name, value);
}

/* As few digits as give the same number back. */
static void add_real(struct line *l, const char *name, double value)
{
    char digits[32];
    for (int n = 6; n <= 17; n++) {
        snprintf(digits, sizeof digits, "%.*g", n, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    add(l, "%s%s %s", l->length ? " " : "", name, digits);
}

size_t cnas_train_describe(char *out, size_t size, const struct cnas_train_options *o)
{
    struct line l = {out, size, 0};
    add_count(&l, "epochs", o->epochs);
    add_count(&l, "batch", o->batch);
    add_real(&l, "lr_max", o->lr_max);
    add_real(&l, "lr_min", o->lr_min);
    add_real(&l, "momentum", o->momentum);
    add_count(&l, "nesterov", o->nesterov != 0);
    add_real(&l, "weight_decay", o->weight_decay);
    add_count(&l, "restart_first", o->restart_first);
    add_count(&l, "restart_factor", o->restart_factor);
    add_count(&l, "flip", (uint64_t)o->flip);
    add_count(&l, "crop", o->crop);
    add_count(&l, "cutout", o->cutout);
    add_count(&l, "seed", o->seed);
    return l.length;
}
