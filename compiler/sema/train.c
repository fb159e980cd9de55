/* The train { } section: its own small vocabulary, evaluated like any expression, into struct ir_train. */
#include "compiler/base/nearest.h"
#include "compiler/sema/eval.h"

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

struct setter {
    struct eval *e;
    struct ir_train *out;
    struct span at;
};

static void refuse(struct setter *s, const char *expected, const struct value *v)
{
    eval_fail(s->e, s->at, E_SETTING_VALUE,
              "expected %s, found %s", expected, v->kind == VALUE_SETTING ? value_text(s->e->arena, v) : eval_describe(s->e, v));
}

static bool is_setting(const struct value *v, const char *name)
{
    return v->kind == VALUE_SETTING && strcmp(v->setting->name, name) == 0;
}

static bool within(struct setter *s, const char *what, double x, double low, double high)
{
    if (x >= low && x <= high)
        return true;
    eval_fail(s->e, s->at, E_SETTING_RANGE, "%s is between %g and %g, not %g", what, low, high, x);
    return false;
}

static void set_optimizer(struct setter *s, struct value v)
{
    if (!is_setting(&v, "sgd")) {
        refuse(s, "sgd(momentum = ..., nesterov = ..., weight_decay = ...)", &v);
        return;
    }
    const struct value *a = v.setting->args;
    if (within(s, "momentum", a[0].real, 0, 0.9999) && within(s, "weight_decay", a[2].real, 0, 1)) {
        s->out->momentum = a[0].real;
        s->out->nesterov = a[1].boolean;
        s->out->weight_decay = a[2].real;
    }
}

static void set_schedule(struct setter *s, struct value v)
{
    if (!is_setting(&v, "cosine")) {
        refuse(s, "cosine(max = ..., min = ..., warm_restarts(t0 = ..., mul = ...))", &v);
        return;
    }
    const struct value *a = v.setting->args;
    if (!within(s, "the largest learning rate", a[0].real, 1e-9, 100) || !within(s, "the smallest learning rate", a[1].real, 0, a[0].real))
        return;
    s->out->lr_max = a[0].real;
    s->out->lr_min = a[1].real;
    if (a[2].kind == VALUE_NONE)
        return;
    if (!is_setting(&a[2], "warm_restarts")) {
        refuse(s, "warm_restarts(t0 = ..., mul = ...)", &a[2]);
        return;
    }
    const struct value *w = a[2].setting->args;
    if (within(s, "t0", (double)w[0].integer, 1, 1e6) && within(s, "mul", (double)w[1].integer, 1, 1000)) {
        s->out->restart_first = w[0].integer;
        s->out->restart_factor = w[1].integer;
    }
}

static void set_count(struct setter *s, const char *what, struct value v, int64_t *out)
{
    if (v.kind != VALUE_INT)
        refuse(s, "an integer", &v);
    else if (within(s, what, (double)v.integer, 1, 1e6))
        *out = v.integer;
}

static void set_epochs(struct setter *s, struct value v)
{
    set_count(s, "epochs", v, &s->out->epochs);
}

static void set_batch(struct setter *s, struct value v)
{
    set_count(s, "batch", v, &s->out->batch);
}

static void set_augment(struct setter *s, struct value v)
{
    if (v.kind != VALUE_LIST) {
        refuse(s, "a list such as [flip, crop(4), cutout(8)]", &v);
        return;
    }
    s->out->augment_flip = false;
    s->out->augment_crop = s->out->augment_cutout = 0;
    for (size_t i = 0; i < v.list.n; i++) {
        const struct value *item = &value_items(&v)[i];
        if (is_setting(item, "flip"))
            s->out->augment_flip = true;
        else if (is_setting(item, "crop"))
            set_count(s, "crop's padding", item->setting->args[0], &s->out->augment_crop);
        else if (is_setting(item, "cutout"))
            set_count(s, "cutout's size", item->setting->args[0], &s->out->augment_cutout);
        else
            refuse(s, "flip, crop(...) or cutout(...)", item);
    }
}

static const struct {
    const char *name;
    void (*set)(struct setter *s, struct value v);
} settings[] = {
    {"optimizer", set_optimizer}, {"schedule", set_schedule}, {"epochs", set_epochs}, {"batch", set_batch}, {"augment", set_augment},
};

void eval_train(struct eval *e, const struct ast_stmt *s)
{
    if (e->frame->block) {
        eval_fail(e, s->label.at, E_WRONG_PLACE, "`train { }` belongs into a network, not into a block");
        return;
    }
    if (e->has_train) {
        eval_fail(e, s->label.at, E_SECOND_TRAIN, "a network has one `train { }`; this is another one");
        return;
    }
    e->has_train = true;
    struct ir_train train = ir_train_default;
    for (size_t i = 0; i < s->settings.n; i++) {
        const struct ast_arg *one = &s->settings.at[i];
        for (size_t k = 0; k < i; k++)
            if (strcmp(s->settings.at[k].name.text, one->name.text) == 0) {
                diag_error(e->diag, one->name.at, E_SET_TWICE, "`%s` is set twice", one->name.text);
                diag_note(e->diag, s->settings.at[k].name.at, "it is first set here");
                break;
            }
        struct nearest near = nearest_to(one->name.text);
        size_t which = 0;
        for (; which < sizeof settings / sizeof *settings && strcmp(settings[which].name, one->name.text) != 0; which++)
            nearest_try(&near, settings[which].name);
        if (which == sizeof settings / sizeof *settings) {
            diag_error(e->diag, one->name.at, E_UNKNOWN_SETTING, "`train` has no setting `%s`", one->name.text);
            if (near.best)
                diag_note(e->diag, one->name.at, "did you mean `%s`?", near.best);
            else
                diag_note(e->diag, one->name.at, "its settings are optimizer, schedule, epochs, batch and augment");
            continue;
        }
        struct value v = eval_expr(e, one->value);
        struct setter setter = {e, &train, one->value->at};
        if (v.kind != VALUE_ERROR)
            settings[which].set(&setter, v);
    }
    ir_builder_train(e->builder, &train);
}
