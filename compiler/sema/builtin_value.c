/* Functions on compile-time values, and the language's named constants. */
#include "compiler/sema/eval.h"

#include <math.h>
#include <string.h>

#define I KIND(VALUE_INT)
#define N (KIND(VALUE_REAL) | KIND(VALUE_INT))
#define B KIND(VALUE_BOOL)
#define S KIND(VALUE_STRING)
#define L KIND(VALUE_LIST)

static struct value needs_elements(struct eval *e, const struct builtin *b, const struct call *c)
{
    return eval_fail(e, c->where[0], E_EMPTY_LIST, "`%s` of an empty list", b->name);
}

static struct value run_len(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)e;
    (void)b;
    return value_int((int64_t)(c->args[0].kind == VALUE_LIST ? c->args[0].list.n : c->args[0].string.n));
}

static struct value run_end(struct eval *e, const struct builtin *b, const struct call *c)
{
    const struct value *list = &c->args[0];
    if (list->list.n == 0)
        return needs_elements(e, b, c);
    return value_items(list)[strcmp(b->name, "first") == 0 ? 0 : list->list.n - 1];
}

/* A prefix shares its list's elements; appending to it later copies. */
static struct value run_but_last(struct eval *e, const struct builtin *b, const struct call *c)
{
    struct value list = c->args[0];
    if (list.list.n == 0)
        return needs_elements(e, b, c);
    if (--list.list.n == 0)
        list.list.buffer = NULL;
    return list;
}

static struct value run_but_first(struct eval *e, const struct builtin *b, const struct call *c)
{
    const struct value *list = &c->args[0];
    if (list->list.n == 0)
        return needs_elements(e, b, c);
    if (!eval_step(e, c->at, list->list.n))
        return value_error();
    return value_list(e->arena, value_items(list) + 1, list->list.n - 1);
}

static struct value run_reverse(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    const struct value *list = &c->args[0];
    if (!eval_step(e, c->at, list->list.n))
        return value_error();
    struct value *items = ARENA_ARRAY(e->arena, struct value, list->list.n);
    for (size_t i = 0; i < list->list.n; i++)
        items[i] = value_items(list)[list->list.n - 1 - i];
    return value_list(e->arena, items, list->list.n);
}

enum { PAIR_STEPS = 4 }; /* a list of two takes the memory of so many copied elements */

static struct value run_enumerate(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    const struct value *list = &c->args[0];
    if (!eval_step(e, c->at, list->list.n * PAIR_STEPS))
        return value_error();
    struct value *items = ARENA_ARRAY(e->arena, struct value, list->list.n);
    for (size_t i = 0; i < list->list.n; i++) {
        struct value two[] = {value_int((int64_t)i), value_items(list)[i]};
        items[i] = value_list(e->arena, two, 2);
    }
    return value_list(e->arena, items, list->list.n);
}

static struct value run_zip(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    size_t n = c->args[0].list.n;
    if (n != c->args[1].list.n)
        return eval_fail(e, c->at, E_ZIP_LENGTHS, "`zip` needs two lists of one length, not of %zu and %zu", n, c->args[1].list.n);
    if (!eval_step(e, c->at, n * PAIR_STEPS))
        return value_error();
    struct value *items = ARENA_ARRAY(e->arena, struct value, n);
    for (size_t i = 0; i < n; i++) {
        struct value two[] = {value_items(&c->args[0])[i], value_items(&c->args[1])[i]};
        items[i] = value_list(e->arena, two, 2);
    }
    return value_list(e->arena, items, n);
}

/* range(n), range(from, to), range(from, to, step) */
static struct value run_range(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    int64_t from = 0, to = c->args[0].integer;
    if (c->args[1].kind == VALUE_INT) {
        from = to;
        to = c->args[1].integer;
    }
    return eval_range(e, c->at, from, to, c->args[2].integer);
}

static double as_real(const struct value *v)
{
    return v->kind == VALUE_INT ? (double)v->integer : v->real;
}

/* max, min and sum take numbers, or one list of numbers. */
static struct value run_fold(struct eval *e, const struct builtin *b, const struct call *c)
{
    struct value list = c->args[0];
    if (list.list.n == 1 && value_items(&list)[0].kind == VALUE_LIST)
        list = value_items(&list)[0];
    bool sum = strcmp(b->name, "sum") == 0, max = strcmp(b->name, "max") == 0;
    if (list.list.n == 0)
        return sum ? value_int(0) : needs_elements(e, b, c);
    if (!eval_step(e, c->at, list.list.n))
        return value_error();
    struct value best = value_items(&list)[0];
    for (size_t i = 0; i < list.list.n; i++) {
        const struct value *v = &value_items(&list)[i];
        if (v->kind != VALUE_INT && v->kind != VALUE_REAL)
            return eval_fail(e, c->where[0], E_ARGUMENT_TYPE, "`%s` is of numbers, not of %s", b->name, eval_describe(e, v));
        if (i == 0)
            continue;
        if (!sum) {
            if (max ? as_real(v) > as_real(&best) : as_real(v) < as_real(&best))
                best = *v;
        } else if (best.kind == VALUE_INT && v->kind == VALUE_INT) {
            if (__builtin_add_overflow(best.integer, v->integer, &best.integer))
                return eval_fail(e, c->at, E_OVERFLOW, "integer overflow in `sum`");
        } else {
            best = value_real(as_real(&best) + as_real(v));
        }
    }
    if (best.kind == VALUE_REAL && !isfinite(best.real))
        return eval_fail(e, c->at, E_NOT_FINITE, "the result is not a finite number");
    return best;
}

static struct value run_abs(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    if (c->args[0].kind == VALUE_REAL)
        return value_real(fabs(c->args[0].real));
    if (c->args[0].integer == INT64_MIN)
        return eval_fail(e, c->at, E_OVERFLOW, "integer overflow in `abs`");
    return value_int(c->args[0].integer < 0 ? -c->args[0].integer : c->args[0].integer);
}

static struct value run_div(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    int64_t x = c->args[0].integer, y = c->args[1].integer;
    if (y == 0)
        return eval_fail(e, c->at, E_DIVISION_BY_ZERO, "division by zero");
    if (x == INT64_MIN && y == -1)
        return eval_fail(e, c->at, E_OVERFLOW, "integer overflow in `div`");
    return value_int(x / y - (x % y != 0 && (x < 0) != (y < 0)));
}

/* floor, ceil, round: to an integer */
static struct value run_whole(struct eval *e, const struct builtin *b, const struct call *c)
{
    if (c->args[0].kind == VALUE_INT)
        return c->args[0];
    double x = c->args[0].real;
    x = strcmp(b->name, "floor") == 0 ? floor(x) : strcmp(b->name, "ceil") == 0 ? ceil(x) : round(x);
    if (!(x >= -0x1p63 && x < 0x1p63))
        return eval_fail(e, c->at, E_NOT_FINITE, "%g is too large for an integer", x);
    return value_int((int64_t)x);
}

static struct value run_real(struct eval *e, const struct builtin *b, const struct call *c)
{
    double x = as_real(&c->args[0]);
    if (strcmp(b->name, "sqrt") == 0)
        x = sqrt(x);
    else if (strcmp(b->name, "log2") == 0)
        x = log2(x);
    if (!isfinite(x))
        return eval_fail(e, c->at, E_NOT_FINITE, "`%s` of %s is not a finite number", b->name, value_text(e->arena, &c->args[0]));
    return value_real(x);
}

static struct value run_string(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    if (c->args[0].kind == VALUE_STRING)
        return c->args[0];
    const char *text = value_text(e->arena, &c->args[0]);
    return value_string(e->arena, text, strlen(text));
}

/* require(condition, "message"): a block refuses its arguments; the error is shown where the block was instantiated. */
static struct value run_require(struct eval *e, const struct builtin *b, const struct call *c)
{
    (void)b;
    if (!c->args[0].boolean) {
        eval_fail(e, c->at, E_REQUIRE, "%s", c->args[1].string.bytes);
        e->frame->returned = true; /* the rest of the block would only repeat the complaint */
        e->frame->result = value_error();
    }
    return (struct value){.kind = VALUE_NONE};
}

#define NEEDED false, false, {.kind = VALUE_NONE}
#define REST false, true, {.kind = VALUE_NONE}
#define OPTIONAL true, false, {.kind = VALUE_NONE}
#define DEFAULT_INT(n) true, false, {.kind = VALUE_INT, .integer = (n)}
#define FUNCTION(word, function, ...) {.name = word, .params = {__VA_ARGS__}, .run = function}
#define WORD(word) {.name = word, .is_constant = true, .constant = {.kind = VALUE_SYMBOL, .symbol = word}}

const struct builtin builtin_value_table[] = {
    FUNCTION("len", run_len, {"list", L | S, NEEDED}),
    FUNCTION("first", run_end, {"list", L, NEEDED}),
    FUNCTION("last", run_end, {"list", L, NEEDED}),
    FUNCTION("but_last", run_but_last, {"list", L, NEEDED}),
    FUNCTION("but_first", run_but_first, {"list", L, NEEDED}),
    FUNCTION("reverse", run_reverse, {"list", L, NEEDED}),
    FUNCTION("enumerate", run_enumerate, {"list", L, NEEDED}),
    FUNCTION("zip", run_zip, {"a", L, NEEDED}, {"b", L, NEEDED}),
    FUNCTION("range", run_range, {"from", I, NEEDED}, {"to", I, OPTIONAL}, {"step", I, DEFAULT_INT(1)}),
    FUNCTION("max", run_fold, {"values", N | L, REST}),
    FUNCTION("min", run_fold, {"values", N | L, REST}),
    FUNCTION("sum", run_fold, {"values", N | L, REST}),
    FUNCTION("abs", run_abs, {"x", N, NEEDED}),
    FUNCTION("div", run_div, {"a", I, NEEDED}, {"b", I, NEEDED}),
    FUNCTION("floor", run_whole, {"x", N, NEEDED}),
    FUNCTION("ceil", run_whole, {"x", N, NEEDED}),
    FUNCTION("round", run_whole, {"x", N, NEEDED}),
    FUNCTION("sqrt", run_real, {"x", N, NEEDED}),
    FUNCTION("log2", run_real, {"x", N, NEEDED}),
    FUNCTION("real", run_real, {"x", N, NEEDED}),
    FUNCTION("string", run_string, {"x", KIND_ANY, NEEDED}),
    FUNCTION("require", run_require, {"condition", B, NEEDED}, {"message", S, NEEDED}),
    WORD("auto"),
    WORD("balanced"),
    WORD("same"),
    {0},
};
