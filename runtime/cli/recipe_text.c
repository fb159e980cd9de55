/* Printing a recipe. */
#include "runtime/cli/recipe_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *cn_real_text(char text[CN_REAL_TEXT], double value)
{
    for (int n = 1; n <= 17; n++) {
        snprintf(text, CN_REAL_TEXT, "%.*g", n, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return text;
}

const char *cn_optimizer_name(size_t i)
{
    static const char *const names[] = {[CNAS_SGD] = "sgd", [CNAS_ADAMW] = "adamw"};
    return i < sizeof names / sizeof *names ? names[i] : NULL;
}

const char *cn_schedule_name(size_t i)
{
    static const char *const names[] = {
        [CNAS_COSINE] = "cosine", [CNAS_ONE_CYCLE] = "one_cycle", [CNAS_STEPS] = "steps", [CNAS_CONSTANT] = "constant"};
    return i < sizeof names / sizeof *names ? names[i] : NULL;
}

/* What is printed: every argument, or only those that have an effect. */
struct call {
    int all, n;
};

static void begin(struct call *c, const char *what, const char *name)
{
    c->n = 0;
    printf("%s%s(", what, name);
}

__attribute__((format(printf, 3, 4))) static void argument(struct call *c, int has_effect, const char *format, ...)
{
    va_list args;
    if (!has_effect && !c->all)
        return;
    fputs(c->n++ ? ", " : "", stdout);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
}

static void real(struct call *c, int has_effect, const char *name, double value)
{
    char text[CN_REAL_TEXT];
    argument(c, has_effect, "%s = %s", name, cn_real_text(text, value));
}

static void flag(struct call *c, int has_effect, const char *name, int value)
{
    argument(c, has_effect && value, "%s = %s", name, value ? "true" : "false");
}

static void print_optimizer(struct call c, const struct cnas_train_options *o)
{
    const double bias_lr = o->bias_lr > 0 ? o->bias_lr : 1;
    const int decays = o->weight_decay > 0;
    begin(&c, "optimizer = ", cn_optimizer_name(o->optimizer));
    if (o->optimizer == CNAS_ADAMW) {
        real(&c, 1, "beta1", o->beta1);
        real(&c, 1, "beta2", o->beta2);
        real(&c, 1, "epsilon", o->epsilon);
        real(&c, decays, "weight_decay", o->weight_decay);
    } else {
        real(&c, 1, "momentum", o->momentum);
        flag(&c, o->momentum > 0, "nesterov", o->nesterov);
        real(&c, decays, "weight_decay", o->weight_decay);
        flag(&c, decays, "decoupled", o->decoupled);
    }
    flag(&c, decays, "decay_all", o->decay_all);
    real(&c, bias_lr < 1 || bias_lr > 1, "bias_lr", bias_lr);
    putchar(')');
}

static void print_schedule(struct call c, const struct cnas_train_options *o)
{
    begin(&c, "schedule = ", cn_schedule_name(o->schedule));
    real(&c, 1, o->schedule == CNAS_CONSTANT ? "rate" : "max", o->lr_max);
    if (o->schedule != CNAS_CONSTANT)
        real(&c, o->schedule != CNAS_STEPS || o->lr_min > 0, "min", o->lr_min);
    if (o->schedule == CNAS_COSINE && o->restart_first)
        argument(&c, 1, "warm_restarts(t0 = %" PRIu32 ", mul = %" PRIu32 ")", o->restart_first, o->restart_factor);
    if (o->schedule == CNAS_ONE_CYCLE) {
        real(&c, 1, "up", o->cycle_up);
        real(&c, 1, "start", o->cycle_start);
        argument(&c, 1, "down = \"%s\"", o->cycle_cosine ? "cosine" : "linear");
    }
    if (o->schedule == CNAS_STEPS) {
        argument(&c, 1, "at = [");
        for (uint32_t i = 0; i < o->n_milestones; i++)
            printf("%s%" PRIu32, i ? ", " : "", o->milestones[i]);
        putchar(']');
        real(&c, 1, "factor", o->step_factor);
    }
    if (o->schedule != CNAS_ONE_CYCLE)
        real(&c, o->warmup > 0, "warmup", o->warmup);
    if (o->schedule == CNAS_COSINE)
        flag(&c, 1, "by_epoch", o->by_epoch);
    putchar(')');
}

static void print_distillation(struct call c, const struct cnas_train_options *o)
{
    begin(&c, "distill = ", "soft_labels");
    real(&c, 1, "weight", o->distill_weight);
    real(&c, 1, "temperature", o->temperature);
    putchar(')');
}

/* The settings, each between `before` and `after`. */
static void print(const struct cnas_train_options *o, int all, const char *before, const char *after)
{
    char text[CN_AUGMENT_TEXT];
    const struct call c = {all, 0};
    const struct {
        const char *name;
        double value;
    } shares[] = {{"label_smoothing", o->label_smoothing}, {"ema", o->ema}, {"clip", o->clip}};
    fputs(before, stdout);
    print_optimizer(c, o);
    printf("%s%s", after, before);
    print_schedule(c, o);
    printf("%s%sepochs = %" PRIu32 "%s%sbatch = %" PRIu32 "%s", after, before, o->epochs, after, before, o->batch, after);
    if (all || o->flip || o->crop || o->cutout || o->cutmix > 0)
        printf("%saugment = [%s]%s", before, cn_augment_text(text, o, 1), after);
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        if (all || shares[i].value > 0)
            printf("%s%s = %s%s", before, shares[i].name, cn_real_text(text, shares[i].value), after);
    if (!all)
        return;
    fputs(before, stdout);
    print_distillation(c, o);
    fputs(after, stdout);
}

void cn_recipe_print(const struct cnas_train_options *o)
{
    printf("train {\n");
    print(o, 1, "    ", ";\n");
    printf("}\n");
}

void cn_recipe_print_line(const struct cnas_train_options *o)
{
    printf("recipe, seed %" PRIu64 ":", o->seed);
    print(o, 0, " ", ";");
    putchar('\n');
}
