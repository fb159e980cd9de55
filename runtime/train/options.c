/* What a training is asked to do: its options' defaults, which values make sense, and the options as a text. */
#include "runtime/train/options.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/base/decimal.h"
#include "runtime/base/error.h"

void cnas_train_defaults(struct cnas_train_options *o, const struct cnas_model *m)
{
    *o = m->train;
    o->seed = 1;
    if (!(o->temperature > 0)) /* the network says nothing of teachers */
        cn_train_default_distillation(o);
}

void cn_train_default_distillation(struct cnas_train_options *o)
{
    o->distill_weight = 0.9;
    o->temperature = 4;
}

static int is_share(double x) /* [0, 1) */
{
    return x >= 0 && x < 1;
}

static int is_amount(double x)
{
    return x >= 0 && isfinite(x);
}

static enum cnas_status check_optimizer(const struct cnas_train_options *o, struct cnas_error *err)
{
    if ((unsigned)o->optimizer > CNAS_ADAMW)
        return cn_error(err, CNAS_E_RANGE, "there is no optimizer %d", (int)o->optimizer);
    if (!is_share(o->momentum) || !is_amount(o->weight_decay))
        return cn_error(err, CNAS_E_RANGE, "momentum must be in [0, 1) and weight decay finite and not negative");
    if (o->optimizer == CNAS_ADAMW && (!is_share(o->beta1) || !is_share(o->beta2) || !is_amount(o->epsilon) || o->epsilon < 1e-30))
        return cn_error(err, CNAS_E_RANGE, "AdamW needs beta1 and beta2 in [0, 1) and a positive epsilon");
    if (!is_amount(o->bias_lr) || !is_amount(o->clip))
        return cn_error(err, CNAS_E_RANGE, "the factor of biases' learning rate and the largest norm must be finite and not negative");
    if (!is_share(o->label_smoothing) || !is_share(o->ema))
        return cn_error(err, CNAS_E_RANGE, "label smoothing and the decay of the weights' average must be in [0, 1)");
    if (!(o->distill_weight >= 0 && o->distill_weight <= 1) || (o->distill_weight > 0 && !(o->temperature >= 0.01 && o->temperature <= 1000)))
        return cn_error(err, CNAS_E_RANGE, "the teacher's share of the loss must be in [0, 1] and the temperature in [0.01, 1000]");
    return CNAS_OK;
}

static enum cnas_status check_schedule(const struct cnas_train_options *o, struct cnas_error *err)
{
    if ((unsigned)o->schedule > CNAS_CONSTANT)
        return cn_error(err, CNAS_E_RANGE, "there is no schedule %d", (int)o->schedule);
    if (!is_amount(o->lr_max) || !is_amount(o->lr_min))
        return cn_error(err, CNAS_E_RANGE, "learning rates must be finite and not negative");
    if (!is_amount(o->warmup))
        return cn_error(err, CNAS_E_RANGE, "the epochs of the warm-up must be finite and not negative");
    if (o->schedule == CNAS_COSINE && o->restart_first && !o->restart_factor)
        return cn_error(err, CNAS_E_RANGE, "the factor of warm restarts must be at least 1");
    if (o->schedule == CNAS_ONE_CYCLE && (!(o->cycle_up >= 0 && o->cycle_up <= 1) || !(o->cycle_start >= 0 && o->cycle_start <= 1)))
        return cn_error(err, CNAS_E_RANGE, "one cycle goes up for a share from 0 to 1 of the steps, from a share from 0 to 1 of its largest rate");
    if (o->schedule != CNAS_STEPS)
        return CNAS_OK;
    if (!is_amount(o->step_factor) || o->n_milestones > CNAS_MILESTONES)
        return cn_error(err, CNAS_E_RANGE, "a schedule of steps needs a factor that is not negative, and at most %d epochs", CNAS_MILESTONES);
    for (uint32_t i = 1; i < o->n_milestones; i++)
        if (o->milestones[i] <= o->milestones[i - 1])
            return cn_error(err, CNAS_E_RANGE, "the epochs of a schedule of steps must ascend: %u does not follow %u", o->milestones[i],
                            o->milestones[i - 1]);
    return CNAS_OK;
}

enum cnas_status cn_train_check_augment(const struct cnas_train_options *o, struct cnas_error *err)
{
    if (o->crop > 1024 || o->cutout > 4096)
        return cn_error(err, CNAS_E_RANGE, "crop must be at most 1024 and cutout at most 4096 pixels");
    if (o->flip < 0 || o->flip > CNAS_FLIP_ALTERNATE || o->padding < 0 || o->padding > CNAS_PADDING_REFLECT)
        return cn_error(err, CNAS_E_RANGE, "there is no flip %d or no padding %d", o->flip, o->padding);
    if (!(o->cutmix >= 0 && o->cutmix <= 1))
        return cn_error(err, CNAS_E_RANGE, "the share of images for CutMix must be in [0, 1]");
    return CNAS_OK;
}

enum cnas_status cn_train_check_options(const struct cnas_train_options *o, struct cnas_error *err)
{
    if (!o->epochs || !o->batch)
        return cn_error(err, CNAS_E_RANGE, "training needs at least one epoch and one image in a batch");
    if (o->engine > CNAS_ENGINE_DNNL || o->precision > CNAS_PRECISION_BF16)
        return cn_error(err, CNAS_E_RANGE, "there is no such engine or precision");
    CNAS_TRY(cn_train_check_augment(o, err));
    CNAS_TRY(check_optimizer(o, err));
    return check_schedule(o, err);
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
    char digits[CN_DECIMAL];
    for (int n = 6; n <= 17; n++) {
        cn_decimal(digits, value, n);
        if (cn_decimal_read(digits, NULL) == value)
            break;
    }
    add(l, "%s%s %s", l->length ? " " : "", name, digits);
}

static void describe_optimizer(struct line *l, const struct cnas_train_options *o)
{
    static const char *const name[] = {[CNAS_SGD] = "sgd", [CNAS_ADAMW] = "adamw"};
    add(l, " optimizer %s", name[o->optimizer]);
    add_real(l, "momentum", o->momentum);
    add_count(l, "nesterov", o->nesterov != 0);
    add_real(l, "beta1", o->beta1);
    add_real(l, "beta2", o->beta2);
    add_real(l, "epsilon", o->epsilon);
    add_real(l, "weight_decay", o->weight_decay);
    add_count(l, "decoupled", o->decoupled != 0);
    add_count(l, "decay_all", o->decay_all != 0);
    add_real(l, "bias_lr", o->bias_lr);
    add_real(l, "label_smoothing", o->label_smoothing);
    add_real(l, "ema", o->ema);
    add_real(l, "clip", o->clip);
    if (o->distill_weight > 0) {
        add_real(l, "distill_weight", o->distill_weight);
        add_real(l, "temperature", o->temperature);
    }
}

static void describe_schedule(struct line *l, const struct cnas_train_options *o)
{
    static const char *const name[] = {
        [CNAS_COSINE] = "cosine", [CNAS_ONE_CYCLE] = "one_cycle", [CNAS_STEPS] = "steps", [CNAS_CONSTANT] = "constant"};
    add(l, " schedule %s", name[o->schedule]);
    add_real(l, "lr_max", o->lr_max);
    add_real(l, "lr_min", o->lr_min);
    add_real(l, "warmup", o->warmup);
    add_count(l, "restart_first", o->restart_first);
    add_count(l, "restart_factor", o->restart_factor);
    add_count(l, "by_epoch", o->by_epoch != 0);
    add_real(l, "cycle_up", o->cycle_up);
    add_real(l, "cycle_start", o->cycle_start);
    add_count(l, "cycle_cosine", o->cycle_cosine != 0);
    add_real(l, "step_factor", o->step_factor);
    add(l, " milestones %s", o->n_milestones ? "" : "0");
    for (uint32_t i = 0; i < o->n_milestones && i < CNAS_MILESTONES; i++)
        add(l, "%s%" PRIu32, i ? "," : "", o->milestones[i]);
}

static const char *const engines[] = {[CNAS_ENGINE_AUTO] = "auto", [CNAS_ENGINE_PORTABLE] = "portable", [CNAS_ENGINE_DNNL] = "dnnl"};

size_t cnas_train_describe(char *out, size_t size, const struct cnas_train_options *o)
{
    struct line l = {out, size, 0};
    add_count(&l, "epochs", o->epochs);
    add_count(&l, "batch", o->batch);
    describe_optimizer(&l, o);
    describe_schedule(&l, o);
    add_count(&l, "flip", (uint64_t)o->flip);
    add_count(&l, "padding", (uint64_t)o->padding);
    add_count(&l, "crop", o->crop);
    add_count(&l, "cutout", o->cutout);
    if (o->cutmix > 0)
        add_real(&l, "cutmix", o->cutmix);
    add_count(&l, "seed", o->seed);
    add(&l, " engine %s", o->engine <= CNAS_ENGINE_DNNL ? engines[o->engine] : "?");
    add(&l, " precision %s", o->precision == CNAS_PRECISION_BF16 ? "bf16" : "fp32");
    return l.length;
}
