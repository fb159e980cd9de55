/* The train { } section: its own small vocabulary, evaluated like any expression, into struct ir_train. */
#include "compiler/sema/section.h"

#include <string.h>

#define I KIND(VALUE_INT)
#define R KIND(VALUE_REAL)
#define B KIND(VALUE_BOOL)
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
#define NEEDED false, false, {.kind = VALUE_NONE}
#define OPTIONAL true, false, {.kind = VALUE_NONE}
#define SETTING(word, ...) {.name = word, .params = {__VA_ARGS__}, .run = run_setting}

static const struct setting flip = {"flip", NULL, 0};

const struct builtin builtin_train_table[] = {
    SETTING("sgd", {"momentum", R, DEFAULT_REAL(0.9)}, {"nesterov", B, DEFAULT_BOOL(true)}, {"weight_decay", R, DEFAULT_REAL(2e-4)}),
    SETTING("cosine", {"max", R, DEFAULT_REAL(0.05)}, {"min", R, DEFAULT_REAL(0.001)}, {"restarts", X, OPTIONAL}),
    SETTING("warm_restarts", {"t0", I, NEEDED}, {"mul", I, DEFAULT_INT(2)}),
    SETTING("crop", {"padding", I, NEEDED}),
    SETTING("cutout", {"size", I, NEEDED}),
    {.name = "flip", .is_constant = true, .constant = {.kind = VALUE_SETTING, .setting = &flip}},
    {0},
};

/* ---- what each setting means ---- */

static bool is_setting(const struct value *v, const char *name)
{
    return v->kind == VALUE_SETTING && strcmp(v->setting->name, name) == 0;
}

static struct ir_train *train_of(struct setter *s)
{
    return s->record;
}

static void set_optimizer(struct setter *s, struct value v)
{
    if (!is_setting(&v, "sgd")) {
        section_refuse(s, "sgd(momentum = ..., nesterov = ..., weight_decay = ...)", &v);
        return;
    }
    const struct value *a = v.setting->args;
    if (section_within(s, "momentum", a[0].real, 0, 0.9999) && section_within(s, "weight_decay", a[2].real, 0, 1)) {
        train_of(s)->momentum = a[0].real;
        train_of(s)->nesterov = a[1].boolean;
        train_of(s)->weight_decay = a[2].real;
    }
}

static void set_schedule(struct setter *s, struct value v)
{
    if (!is_setting(&v, "cosine")) {
        section_refuse(s, "cosine(max = ..., min = ..., warm_restarts(t0 = ..., mul = ...))", &v);
        return;
    }
    const struct value *a = v.setting->args;
    if (!section_within(s, "the largest learning rate", a[0].real, 1e-9, 100) || !section_within(s, "the smallest learning rate", a[1].real, 0, a[0].real))
        return;
    train_of(s)->lr_max = a[0].real;
    train_of(s)->lr_min = a[1].real;
    if (a[2].kind == VALUE_NONE)
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

static void set_augment(struct setter *s, struct value v)
{
    if (v.kind != VALUE_LIST) {
        section_refuse(s, "a list such as [flip, crop(4), cutout(8)]", &v);
        return;
    }
    train_of(s)->augment_flip = false;
    train_of(s)->augment_crop = train_of(s)->augment_cutout = 0;
    for (size_t i = 0; i < v.list.n; i++) {
        const struct value *item = &value_items(&v)[i];
        if (is_setting(item, "flip"))
            train_of(s)->augment_flip = true;
        else if (is_setting(item, "crop"))
            set_count(s, "crop's padding", item->setting->args[0], IR_MAX_CROP, &train_of(s)->augment_crop);
        else if (is_setting(item, "cutout"))
            set_count(s, "cutout's size", item->setting->args[0], IR_MAX_CUTOUT, &train_of(s)->augment_cutout);
        else
            section_refuse(s, "flip, crop(...) or cutout(...)", item);
    }
}

static const struct section train_section = {
    "train",
    {{"optimizer", set_optimizer}, {"schedule", set_schedule}, {"epochs", set_epochs}, {"batch", set_batch}, {"augment", set_augment}},
    "optimizer, schedule, epochs, batch and augment",
};

void eval_train(struct eval *e, const struct ast_stmt *s)
{
    struct ir_train train = ir_train_default;
    if (eval_section(e, s, &train_section, &e->train_at, &train))
        ir_builder_train(e->builder, &train);
}
