/* The recipe of NET-train. */
#include "runtime/cli/train_recipe.h"

#include "runtime/cli/recipe_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static const char *say(char help[CN_RECIPE_HELP], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(help, CN_RECIPE_HELP, format, args);
    va_end(args);
    return help;
}

static const char *preset_help(char help[CN_RECIPE_HELP])
{
    size_t n = (size_t)snprintf(help, CN_RECIPE_HELP, "instead of the network's recipe:");
    const char *name;
    for (size_t i = 0; (name = cnas_train_preset_name(i, NULL)) && n < CN_RECIPE_HELP; i++)
        n += (size_t)snprintf(help + n, CN_RECIPE_HELP - n, "%s %s", i ? " or" : "", name);
    if (n < CN_RECIPE_HELP)
        snprintf(help + n, CN_RECIPE_HELP - n, "; what follows changes it");
    return help;
}

size_t cn_recipe_args(struct cn_arg *args, struct cn_recipe *r, const struct cnas_model *m)
{
    struct cnas_train_options d;
    char a[CN_REAL_TEXT], b[CN_AUGMENT_TEXT];
    cnas_train_defaults(&d, m);
    r->lr = r->lr_min = r->momentum = r->weight_decay = r->bias_lr = r->warmup = r->label_smoothing = r->ema = r->clip = r->distill_weight =
        r->temperature = NAN;
#define HELP(i, ...) say(r->help[i], __VA_ARGS__)
    const struct cn_arg all[CN_RECIPE_ARGS] = {
        {"preset", CN_ARG_STRING, &r->preset, "NAME", preset_help(r->help[0]), 0, 0},
        {"epochs", CN_ARG_STRING, &r->epochs, "N|auto",
         HELP(1, "passes over the training set (default %" PRIu32 "); auto: as many as --time-budget has\ntime for, validation included", d.epochs), 0, 0},
        {"batch", CN_ARG_UINT, &r->batch, "N", HELP(2, "images in one step (default %" PRIu32 ")", d.batch), 1, 65536},
        {"optimizer", CN_ARG_STRING, &r->optimizer, "NAME",
         HELP(3, "sgd, sgdw (decoupled decay) or adamw (default %s%s)", cn_optimizer_name(d.optimizer), d.decoupled ? "w" : ""), 0, 0},
        {"lr", CN_ARG_REAL, &r->lr, "R", HELP(4, "highest learning rate (default %s); the lowest keeps its ratio to it", cn_real_text(a, d.lr_max)), 1e-9, 1000},
        {"lr-min", CN_ARG_REAL, &r->lr_min, "R", HELP(5, "lowest learning rate (default %s)", cn_real_text(a, d.lr_min)), 0, 1000},
        {"momentum", CN_ARG_REAL, &r->momentum, "R", HELP(6, "of sgd (default %s)", cn_real_text(a, d.momentum)), 0, 0.9999},
        {"weight-decay", CN_ARG_REAL, &r->weight_decay, "R", HELP(7, "(default %s)", cn_real_text(a, d.weight_decay)), 0, 1},
        {"decay", CN_ARG_STRING, &r->decay, "WHAT",
         HELP(8, "weights, or all: biases and batch norm decay too (default %s)", d.decay_all ? "all" : "weights"), 0, 0},
        {"bias-lr", CN_ARG_REAL, &r->bias_lr, "R", HELP(9, "factor of the biases' learning rate (default %s)", cn_real_text(a, d.bias_lr > 0 ? d.bias_lr : 1)), 1e-3, 1000},
        {"schedule", CN_ARG_STRING, &r->schedule, "NAME",
         HELP(10, "of the learning rate: cosine, one_cycle, steps or constant (default %s)", cn_schedule_name(d.schedule)), 0, 0},
        {"milestones", CN_ARG_STRING, &r->milestones, "N,N...", "steps: the rate falls after these epochs (default: half and three quarters of all)", 0, 0},
        {"warmup", CN_ARG_REAL, &r->warmup, "R", HELP(11, "epochs in which the rate rises to the schedule's (default %s); not of one_cycle", cn_real_text(a, d.warmup)), 0, 1e6},
        {"augment", CN_ARG_STRING, &r->augment, "LIST",
         HELP(12, "of flip or flip=alternate, crop=N or crop=N:reflect, cutout=N, cutmix=SHARE; or as the language\nhas it; or none (default %s)",
              d.flip || d.crop || d.cutout || d.cutmix > 0 ? cn_augment_text(b, &d, 0) : "none"), 0, 0},
        {"label-smoothing", CN_ARG_REAL, &r->label_smoothing, "R", HELP(13, "share of each target for all classes (default %s)", cn_real_text(a, d.label_smoothing)), 0, 0.99},
        {"ema", CN_ARG_REAL, &r->ema, "R", HELP(14, "average the weights with this decay, 0: do not (default %s)", cn_real_text(a, d.ema)), 0, 0.999999},
        {"clip", CN_ARG_REAL, &r->clip, "R", HELP(15, "largest norm of the gradient, 0: any (default %s)", cn_real_text(a, d.clip)), 0, 1e6},
        {"distill-weight", CN_ARG_REAL, &r->distill_weight, "R", HELP(16, "--soft-labels: the teacher's share of the loss, the labels have the rest (default %s)", cn_real_text(a, d.distill_weight)), 0, 1},
        {"temperature", CN_ARG_REAL, &r->temperature, "R", HELP(17, "--soft-labels: how much both answers are softened before they are compared (default %s)", cn_real_text(a, d.temperature)), 0.01, 1000},
        {"print-recipe", CN_ARG_FLAG, &r->print, NULL, "print the recipe as a train section of the language, and exit", 0, 0},
    };
#undef HELP
    memcpy(args, all, sizeof all);
    return CN_RECIPE_ARGS;
}

const char *cn_recipe_of_training(const struct cn_recipe *r)
{
    const struct {
        const char *name;
        int given;
    } all[] = {{"epochs", r->epochs != NULL},       {"optimizer", r->optimizer != NULL},       {"lr", !isnan(r->lr)},
               {"lr-min", !isnan(r->lr_min)},       {"momentum", !isnan(r->momentum)},         {"weight-decay", !isnan(r->weight_decay)},
               {"decay", r->decay != NULL},         {"bias-lr", !isnan(r->bias_lr)},           {"schedule", r->schedule != NULL},
               {"milestones", r->milestones != NULL}, {"warmup", !isnan(r->warmup)},           {"label-smoothing", !isnan(r->label_smoothing)},
               {"ema", !isnan(r->ema)},             {"clip", !isnan(r->clip)}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].given)
            return all[i].name;
    return NULL;
}

/* ---- what was asked for, on top of the defaults ---- */

static void set(double *to, double given)
{
    if (!isnan(given))
        *to = given;
}

/* What a chosen optimizer needs and another one left open. Rates and decays of the two differ by orders of magnitude. */
static int choose_optimizer(struct cnas_train_options *o, const char *name)
{
    const int adamw = !strcmp(name, "adamw"), decoupled = !strcmp(name, "sgdw");
    if (!adamw && !decoupled && strcmp(name, "sgd"))
        return cn_fail(2, "--optimizer needs sgd, sgdw or adamw, not `%s'", name);
    if (adamw && o->optimizer != CNAS_ADAMW) {
        o->beta1 = 0.9;
        o->beta2 = 0.999;
        o->epsilon = 1e-8;
        o->weight_decay = 0.01;
        o->lr_min *= 1e-3 / o->lr_max;
        o->lr_max = 1e-3;
    } else if (!adamw && o->optimizer != CNAS_SGD) {
        o->momentum = 0.9;
        o->nesterov = 1;
        o->weight_decay = 2e-4;
        o->lr_min *= 0.05 / o->lr_max;
        o->lr_max = 0.05;
    }
    o->optimizer = adamw ? CNAS_ADAMW : CNAS_SGD;
    o->decoupled = decoupled;
    return -1;
}

static int choose_schedule(struct cnas_train_options *o, const char *name)
{
    const char *known;
    size_t which = 0;
    while ((known = cn_schedule_name(which)) && strcmp(name, known))
        which++;
    if (!known)
        return cn_fail(2, "--schedule needs cosine, one_cycle, steps or constant, not `%s'", name);
    if (o->schedule == (enum cnas_schedule)which)
        return -1;
    o->schedule = (enum cnas_schedule)which;
    o->restart_first = 0;
    o->restart_factor = 2;
    o->by_epoch = 0;
    o->n_milestones = 0;
    o->step_factor = 0.1;
    o->cycle_up = 0.3;
    o->cycle_start = 0.04;
    o->cycle_cosine = 0;
    if (o->schedule == CNAS_ONE_CYCLE || o->schedule == CNAS_CONSTANT)
        o->lr_min = 0;
    if (o->schedule == CNAS_ONE_CYCLE)
        o->warmup = 0;
    return -1;
}

static int set_milestones(struct cnas_train_options *o, const char *list)
{
    const char *c = list;
    if (o->schedule != CNAS_STEPS)
        return cn_fail(2, "--milestones belongs to --schedule=steps");
    for (o->n_milestones = 0; *c && o->n_milestones < CNAS_MILESTONES; c += *c == ',') {
        uint64_t epoch;
        const char *end = cn_digits(&epoch, c, o->n_milestones ? o->milestones[o->n_milestones - 1] + 1 : 1, 1000000);
        if (!end || (*end && *end != ','))
            break;
        o->milestones[o->n_milestones++] = (uint32_t)epoch;
        c = end;
    }
    return *c ? cn_fail(2, "--milestones needs up to %d ascending epochs such as 80,120, not `%s'", CNAS_MILESTONES, list) : -1;
}

static int set_rates(struct cnas_train_options *o, const struct cn_recipe *r)
{
    if (!isnan(r->lr) && o->lr_max > 0)
        o->lr_min *= r->lr / o->lr_max;
    else if (r->preset && r->batch && r->batch != o->batch && isnan(r->lr)) { /* Goyal et al. 2017: the rate goes with the batch */
        o->lr_min *= (double)r->batch / o->batch;
        o->lr_max *= (double)r->batch / o->batch;
    }
    set(&o->lr_max, r->lr);
    set(&o->lr_min, r->lr_min);
    if (o->lr_min > o->lr_max)
        return cn_fail(2, "the lowest learning rate, %g, is above the highest, %g", o->lr_min, o->lr_max);
    return -1;
}

static int set_epochs(struct cnas_train_options *o, struct cn_recipe *r)
{
    r->auto_epochs = !strcmp(r->epochs, "auto");
    uint64_t n;
    const char *end = cn_digits(&n, r->epochs, 1, 100000);
    if (!r->auto_epochs && (!end || *end))
        return cn_fail(2, "--epochs needs a whole number from 1 to 100000, or auto, not `%s'", r->epochs);
    if (!r->auto_epochs)
        o->epochs = (uint32_t)n;
    return -1;
}

void cn_recipe_set_epochs(struct cnas_train_options *o, uint32_t epochs)
{
    o->epochs = epochs;
    if (o->schedule == CNAS_STEPS && !o->n_milestones && epochs >= 4) {
        o->n_milestones = 2;
        o->milestones[0] = epochs / 2;
        o->milestones[1] = epochs - epochs / 4;
    }
}

int cn_recipe_make(struct cnas_train_options *o, struct cn_recipe *r, const struct cnas_model *m)
{
    int status = -1;
    cnas_train_defaults(o, m);
    const struct cnas_train_options own = *o;
    if (r->preset && cnas_train_preset(o, r->preset)) {
        const char *name, *about;
        for (size_t i = 0; (name = cnas_train_preset_name(i, &about)); i++)
            fprintf(stderr, "  %-8s %s\n", name, about);
        return cn_fail(2, "--preset: there is no recipe `%s'; those that there are stand above", r->preset);
    }
    o->distill_weight = own.distill_weight; /* of which no preset says anything */
    o->temperature = own.temperature;
    if (r->optimizer)
        status = choose_optimizer(o, r->optimizer);
    if (status < 0 && r->schedule)
        status = choose_schedule(o, r->schedule);
    if (status < 0)
        status = set_rates(o, r);
    if (status < 0 && r->epochs)
        status = set_epochs(o, r);
    if (r->batch)
        o->batch = (uint32_t)r->batch;
    if (status < 0 && r->milestones)
        status = set_milestones(o, r->milestones);
    if (status < 0 && r->augment && !cn_augment_parse(o, r->augment))
        return cn_fail(2, "--augment needs a list such as flip,crop=4,cutout=8 or, as in the language, flip(alternate = true), crop(2, border = "
                          "\"reflect\"); or none; not `%s'", r->augment);
    if (status >= 0)
        return status;
    if (!r->auto_epochs)
        cn_recipe_set_epochs(o, o->epochs);
    if (r->decay && strcmp(r->decay, "all") && strcmp(r->decay, "weights"))
        return cn_fail(2, "--decay needs weights or all, not `%s'", r->decay);
    if (r->decay)
        o->decay_all = !strcmp(r->decay, "all");
    if (o->schedule == CNAS_ONE_CYCLE && r->warmup > 0)
        return cn_fail(2, "--warmup: one_cycle has its own way up");
    set(&o->momentum, r->momentum);
    set(&o->weight_decay, r->weight_decay);
    set(&o->bias_lr, r->bias_lr);
    set(&o->warmup, r->warmup);
    set(&o->label_smoothing, r->label_smoothing);
    set(&o->ema, r->ema);
    set(&o->clip, r->clip);
    set(&o->distill_weight, r->distill_weight);
    set(&o->temperature, r->temperature);
    return -1;
}
