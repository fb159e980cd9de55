/* The train { } section: its own small vocabulary, evaluated like any expression, into struct ir_train. */
#include "compiler/sema/section.h"

#include <string.h>

#define I KIND(VALUE_INT)
#define R KIND(VALUE_REAL)
#define B KIND(VALUE_BOOL)
#define S KIND(VALUE_STRING)
#define L KIND(VALUE_LIST)
#define X KIND(VALUE_SETTING)

static struct value run_setting(struct eval *e, const struct builtin *b, const struct call *c)
{
    struct setting *s = ARENA_NEW(e->arena, struct setting);
    struct value args[BUILTIN_MAX_PARAMS];
    size_t n = 0;
    for (; n < BUILTIN_MAX_PARAMS && b->params[n].name; n++)
        args[n] = c->args[n];
    struct value *copy = ARENA_ARRAY(e->arena, struct value, n);
    memcpy(copy, args, n * sizeof *copy);
    *s = (struct setting){b->name, copy, n};
    return (struct value){.kind = VALUE_SETTING, .setting = s};
}

#define DEFAULT_INT(n) true, false, {.kind = VALUE_INT, .integer = (n)}
#define DEFAULT_REAL(x) true, false, {.kind = VALUE_REAL, .real = (x)}
#define DEFAULT_BOOL(b) true, false, {.kind = VALUE_BOOL, .boolean = (b)}
#define DEFAULT_STRING(s) true, false, {.kind = VALUE_STRING, .string = {s, sizeof(s) - 1}}
#define NEEDED false, false, {.kind = VALUE_NONE}
#define OPTIONAL true, false, {.kind = VALUE_NONE}
#define SETTING(word, ...) {.name = word, .params = {__VA_ARGS__}, .run = run_setting}

const struct builtin builtin_train_table[] = {
    SETTING("sgd", {"momentum", R, DEFAULT_REAL(0.9)}, {"nesterov", B, DEFAULT_BOOL(true)}, {"weight_decay", R, DEFAULT_REAL(2e-4)},
            {"decoupled", B, DEFAULT_BOOL(false)}, {"decay_all", B, DEFAULT_BOOL(false)}, {"bias_lr", R, DEFAULT_REAL(1)}),
    SETTING("adamw", {"beta1", R, DEFAULT_REAL(0.9)}, {"beta2", R, DEFAULT_REAL(0.999)}, {"epsilon", R, DEFAULT_REAL(1e-8)},
            {"weight_decay", R, DEFAULT_REAL(0.01)}, {"decay_all", B, DEFAULT_BOOL(false)}, {"bias_lr", R, DEFAULT_REAL(1)}),
    SETTING("cosine", {"max", R, DEFAULT_REAL(0.05)}, {"min", R, DEFAULT_REAL(0.001)}, {"restarts", X, OPTIONAL},
            {"warmup", R, DEFAULT_REAL(0)}, {"by_epoch", B, DEFAULT_BOOL(false)}),
    SETTING("one_cycle", {"max", R, NEEDED}, {"min", R, DEFAULT_REAL(0)}, {"up", R, DEFAULT_REAL(0.3)}, {"start", R, DEFAULT_REAL(0.04)},
            {"down", S, DEFAULT_STRING("linear")}),
    SETTING("steps", {"max", R, NEEDED}, {"at", L, NEEDED}, {"factor", R, DEFAULT_REAL(0.1)}, {"min", R, DEFAULT_REAL(0)},
            {"warmup", R, DEFAULT_REAL(0)}),
    SETTING("constant", {"rate", R, NEEDED}, {"warmup", R, DEFAULT_REAL(0)}),
    SETTING("warm_restarts", {"t0", I, NEEDED}, {"mul", I, DEFAULT_INT(2)}),
    SETTING("crop", {"padding", I, NEEDED}, {"border", S, DEFAULT_STRING("zero")}),
    SETTING("cutout", {"size", I, NEEDED}),
    SETTING("cutmix", {"share", R, NEEDED}),
    SETTING("soft_labels", {"weight", R, DEFAULT_REAL(0.9)}, {"temperature", R, DEFAULT_REAL(4)}),
    SETTING("flip", {"alternate", B, DEFAULT_BOOL(false)}), /* or `flip` alone */
    {0},
};

/* ---- what each setting means ---- */

static bool is_setting(const struct value *v, const char *name)
{
    return v->kind == VALUE_SETTING && strcmp(v->setting->name, name) == 0;
}

struct recipe {
    struct ir_train train;
    const struct ir_train *preset; /* that it began with; NULL: none */
    bool scheduled;                /* the section has a schedule of its own */
};

static struct recipe *recipe_of(struct setter *s)
{
    return s->record;
}

static struct ir_train *train_of(struct setter *s)
{
    return &recipe_of(s)->train;
}

static bool set_decay(struct setter *s, const struct value *decay, const struct value *all, const struct value *bias_lr)
{
    if (!section_within(s, "weight_decay", decay->real, 0, 1) || !section_within(s, "bias_lr", bias_lr->real, 1e-3, 1000))
        return false;
    train_of(s)->weight_decay = decay->real;
    train_of(s)->decay_all = all->boolean;
    train_of(s)->bias_lr = bias_lr->real;
    return true;
}

static void use_sgd(struct setter *s, const struct value *a)
{
    if (!section_within(s, "momentum", a[0].real, 0, 0.9999) || !set_decay(s, &a[2], &a[4], &a[5]))
        return;
    train_of(s)->optimizer = IR_SGD;
    train_of(s)->momentum = a[0].real;
    train_of(s)->nesterov = a[1].boolean;
    train_of(s)->decoupled = a[3].boolean;
}

static void use_adamw(struct setter *s, const struct value *a)
{
    if (!section_within(s, "beta1", a[0].real, 0, 0.9999) || !section_within(s, "beta2", a[1].real, 0, 0.999999) ||
        !section_within(s, "epsilon", a[2].real, 1e-16, 1) || !set_decay(s, &a[3], &a[4], &a[5]))
        return;
    train_of(s)->optimizer = IR_ADAMW;
    train_of(s)->beta1 = a[0].real;
    train_of(s)->beta2 = a[1].real;
    train_of(s)->epsilon = a[2].real;
    train_of(s)->decoupled = false; /* of sgd */
}

/* ---- recipes by name ---- */

enum { FLIP_RANDOM = false, FLIP_ALTERNATE = true, PADDING_ZERO = false, PADDING_REFLECT = true };
static const struct {
    const char *name;
    struct ir_train train;
} presets[] = {
#define TRAIN_PRESET(name_, about_, schedule_, lr_max_, lr_min_, restart_first_, by_epoch_, cycle_up_, momentum_, weight_decay_,     \
                     decay_all_, epochs_, batch_, flip_, crop_, padding_, cutout_, label_smoothing_, ema_)                           \
    {name_,                                                                                                                          \
     {.optimizer = IR_SGD, .momentum = momentum_, .nesterov = true, .weight_decay = weight_decay_, .decay_all = decay_all_,          \
      .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .bias_lr = 1, .schedule = IR_##schedule_, .lr_max = lr_max_, .lr_min = lr_min_, \
      .restart_first = restart_first_, .restart_factor = 2, .by_epoch = by_epoch_, .cycle_up = cycle_up_, .cycle_start = 0.04,       \
      .step_factor = 0.1, .epochs = epochs_, .batch = batch_, .augment_flip = true, .flip_alternate = FLIP_##flip_,                  \
      .augment_crop = crop_, .crop_reflect = PADDING_##padding_, .augment_cutout = cutout_, .label_smoothing = label_smoothing_,     \
      .ema = ema_}},
#include "runtime/include/cnas/presets.def"
#undef TRAIN_PRESET
};
enum { N_PRESETS = sizeof presets / sizeof *presets };

static void set_preset(struct setter *s, struct value v)
{
    for (int i = 0; v.kind == VALUE_STRING && i < N_PRESETS; i++)
        if (strcmp(v.string.bytes, presets[i].name) == 0) {
            recipe_of(s)->preset = &presets[i].train;
            *train_of(s) = presets[i].train;
            return;
        }
    section_refuse(s, "\"paper\" or \"fast\"", &v);
}

/* ---- the settings ---- */

static void set_optimizer(struct setter *s, struct value v)
{
    if (is_setting(&v, "sgd"))
        use_sgd(s, v.setting->args);
    else if (is_setting(&v, "adamw"))
        use_adamw(s, v.setting->args);
    else
        section_refuse(s, "sgd(momentum = ..., nesterov = ..., weight_decay = ...) or adamw(weight_decay = ...)", &v);
}

static bool set_rates(struct setter *s, const struct value *max, const struct value *min)
{
    if (!section_within(s, "the largest learning rate", max->real, 1e-9, 1000) ||
        !section_within(s, "the smallest learning rate", min->real, 0, max->real))
        return false;
    train_of(s)->lr_max = max->real;
    train_of(s)->lr_min = min->real;
    return true;
}

static bool set_warmup(struct setter *s, const struct value *epochs)
{
    train_of(s)->warmup = epochs->real;
    return section_within(s, "warmup, in epochs,", epochs->real, 0, 1e6);
}

static void use_cosine(struct setter *s, const struct value *a)
{
    train_of(s)->schedule = IR_COSINE;
    train_of(s)->by_epoch = a[4].boolean;
    train_of(s)->restart_first = 0;
    train_of(s)->restart_factor = ir_train_default.restart_factor;
    if (!set_rates(s, &a[0], &a[1]) || !set_warmup(s, &a[3]) || a[2].kind == VALUE_NONE)
        return;
    if (!is_setting(&a[2], "warm_restarts")) {
        section_refuse(s, "warm_restarts(t0 = ..., mul = ...)", &a[2]);
        return;
    }
    const struct value *w = a[2].setting->args;
    if (section_within(s, "t0", (double)w[0].integer, 1, 1e6) && section_within(s, "mul", (double)w[1].integer, 1, 1000)) {
        train_of(s)->restart_first = w[0].integer;
        train_of(s)->restart_factor = w[1].integer;
    }
}

static void use_one_cycle(struct setter *s, const struct value *a)
{
    const char *down = a[4].string.bytes;
    train_of(s)->schedule = IR_ONE_CYCLE;
    train_of(s)->cycle_up = a[2].real;
    train_of(s)->cycle_start = a[3].real;
    train_of(s)->cycle_cosine = strcmp(down, "cosine") == 0;
    if (strcmp(down, "cosine") != 0 && strcmp(down, "linear") != 0)
        section_refuse(s, "down = \"linear\" or \"cosine\"", &a[4]);
    else if (set_rates(s, &a[0], &a[1]) && section_within(s, "the share of the steps that go up", a[2].real, 0, 0.99))
        section_within(s, "the rate to start with, as a share of the largest,", a[3].real, 0, 0.99);
}

static void use_steps(struct setter *s, const struct value *a)
{
    const struct value *epochs = a[1].list.n ? value_items(&a[1]) : NULL;
    train_of(s)->schedule = IR_STEPS;
    train_of(s)->step_factor = a[2].real;
    memset(train_of(s)->milestones, 0, sizeof train_of(s)->milestones);
    if (!set_rates(s, &a[0], &a[3]) || !section_within(s, "the factor of a step", a[2].real, 0, 1000) || !set_warmup(s, &a[4]) ||
        !section_within(s, "the number of steps down", (double)a[1].list.n, 0, IR_MILESTONES))
        return;
    for (size_t i = 0; i < a[1].list.n; i++) {
        const double least = i ? (double)train_of(s)->milestones[i - 1] + 1 : 1;
        if (epochs[i].kind != VALUE_INT) {
            section_refuse(s, "a list of epochs such as at = [80, 120]", &epochs[i]);
            return;
        }
        if (!section_within(s, i ? "an epoch that comes after the one before it" : "an epoch to step down after", (double)epochs[i].integer, least, 1e6))
            return;
        train_of(s)->milestones[i] = epochs[i].integer;
    }
}

static void use_constant(struct setter *s, const struct value *a)
{
    static const struct value zero = {.kind = VALUE_REAL, .real = 0};
    train_of(s)->schedule = IR_CONSTANT;
    if (set_rates(s, &a[0], &zero))
        set_warmup(s, &a[1]);
}

static void set_schedule(struct setter *s, struct value v)
{
    static const struct {
        const char *name;
        void (*use)(struct setter *s, const struct value *a);
    } kinds[] = {{"cosine", use_cosine}, {"one_cycle", use_one_cycle}, {"steps", use_steps}, {"constant", use_constant}};
    recipe_of(s)->scheduled = true;
    train_of(s)->by_epoch = false;
    train_of(s)->warmup = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (is_setting(&v, kinds[i].name)) {
            kinds[i].use(s, v.setting->args);
            return;
        }
    section_refuse(s, "cosine(...), one_cycle(...), steps(...) or constant(...)", &v);
}

/* A share of things, or a decay: in [0, most]. */
static void set_share(struct setter *s, const char *what, struct value v, double most, double *out)
{
    if (v.kind != VALUE_REAL && v.kind != VALUE_INT) {
        section_refuse(s, "a number", &v);
        return;
    }
    *out = v.kind == VALUE_INT ? (double)v.integer : v.real;
    section_within(s, what, *out, 0, most);
}

static void set_label_smoothing(struct setter *s, struct value v)
{
    set_share(s, "label_smoothing", v, 0.99, &train_of(s)->label_smoothing);
}

static void set_ema(struct setter *s, struct value v)
{
    set_share(s, "ema, the decay of the average of the weights,", v, 0.999999, &train_of(s)->ema);
}

static void set_clip(struct setter *s, struct value v)
{
    set_share(s, "clip, the largest norm of the gradient,", v, 1e6, &train_of(s)->clip);
}

static void set_distill(struct setter *s, struct value v)
{
    if (!is_setting(&v, "soft_labels")) {
        section_refuse(s, "soft_labels(weight = ..., temperature = ...)", &v);
        return;
    }
    const struct value *a = v.setting->args;
    if (section_within(s, "weight, the teacher's share of the loss,", a[0].real, 0, 1) && section_within(s, "temperature", a[1].real, 0.01, 1000)) {
        train_of(s)->distill_weight = a[0].real;
        train_of(s)->temperature = a[1].real;
    }
}

static void set_count(struct setter *s, const char *what, struct value v, double most, int64_t *out)
{
    if (v.kind != VALUE_INT)
        section_refuse(s, "an integer", &v);
    else if (section_within(s, what, (double)v.integer, 1, most))
        *out = v.integer;
}

static void set_epochs(struct setter *s, struct value v)
{
    set_count(s, "epochs", v, 1e6, &train_of(s)->epochs);
}

static void set_batch(struct setter *s, struct value v)
{
    set_count(s, "batch", v, 1e6, &train_of(s)->batch);
}

static void use_flip(struct setter *s, const struct value *item)
{
    train_of(s)->augment_flip = true;
    train_of(s)->flip_alternate = item->kind == VALUE_SETTING && item->setting->args[0].boolean;
}

static void use_crop(struct setter *s, const struct value *a)
{
    const char *border = a[1].string.bytes;
    train_of(s)->crop_reflect = strcmp(border, "reflect") == 0;
    if (strcmp(border, "reflect") != 0 && strcmp(border, "zero") != 0)
        section_refuse(s, "border = \"zero\" or \"reflect\"", &a[1]);
    else
        set_count(s, "crop's padding", a[0], IR_MAX_CROP, &train_of(s)->augment_crop);
}

static void set_augment(struct setter *s, struct value v)
{
    if (v.kind != VALUE_LIST) {
        section_refuse(s, "a list such as [flip, crop(4), cutout(8)]", &v);
        return;
    }
    train_of(s)->augment_flip = train_of(s)->flip_alternate = train_of(s)->crop_reflect = false;
    train_of(s)->augment_crop = train_of(s)->augment_cutout = 0;
    train_of(s)->augment_cutmix = 0;
    for (size_t i = 0; i < v.list.n; i++) {
        const struct value *item = &value_items(&v)[i];
        if (is_setting(item, "flip") || (item->kind == VALUE_BUILTIN && strcmp(item->builtin->name, "flip") == 0))
            use_flip(s, item);
        else if (is_setting(item, "crop"))
            use_crop(s, item->setting->args);
        else if (is_setting(item, "cutout"))
            set_count(s, "cutout's size", item->setting->args[0], IR_MAX_CUTOUT, &train_of(s)->augment_cutout);
        else if (is_setting(item, "cutmix"))
            set_share(s, "cutmix, the share of images that get a part of another,", item->setting->args[0], 1, &train_of(s)->augment_cutmix);
        else
            section_refuse(s, "flip, crop(...), cutout(...) or cutmix(...)", item);
    }
}

static const struct section train_section = {
    "train",
    {{"preset", set_preset},
     {"optimizer", set_optimizer},
     {"schedule", set_schedule},
     {"epochs", set_epochs},
     {"batch", set_batch},
     {"augment", set_augment},
     {"label_smoothing", set_label_smoothing},
     {"ema", set_ema},
     {"clip", set_clip},
     {"distill", set_distill}},
    "preset, optimizer, schedule, epochs, batch, augment, label_smoothing, ema, clip and distill",
    "preset",
};

void eval_train(struct eval *e, const struct ast_stmt *s)
{
    struct recipe r = {.train = ir_train_default};
    if (!eval_section(e, s, &train_section, &e->train_at, &r))
        return;
    if (r.preset && !r.scheduled) { /* its learning rate goes with the batch: Goyal et al. 2017 */
        const double larger = (double)r.train.batch / (double)r.preset->batch;
        r.train.lr_max *= larger;
        r.train.lr_min *= larger;
    }
    ir_builder_train(e->builder, &r.train);
}
