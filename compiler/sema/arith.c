/* Operators on compile-time values. Integers are 64 bits and never wrap; a division of integers must come out whole, so that
 * `channels(x) / 2` of an odd number is an error at that place and not a wrong shape later. */
#include "compiler/sema/eval.h"

#include <math.h>
#include <string.h>

static bool number_of(const struct value *v, double *x)
{
    *x = v->kind == VALUE_INT ? (double)v->integer : v->real;
    return v->kind == VALUE_INT || v->kind == VALUE_REAL;
}

static struct value checked_real(struct eval *e, const struct ast_expr *x, double r)
{
    if (!isfinite(r))
        return eval_fail(e, x->at, E_NOT_FINITE, "the result is not a finite number");
    return value_real(r);
}

static struct value overflow(struct eval *e, const struct ast_expr *x, int64_t a, int64_t b)
{
    return eval_fail(e, x->at, E_OVERFLOW, "integer overflow in %lld %s %lld", (long long)a, ast_operator_text(x->binary.op), (long long)b);
}

static struct value power(struct eval *e, const struct ast_expr *x, int64_t base, int64_t exponent)
{
    if (exponent < 0)
        return eval_fail(e, x->at, E_NEGATIVE_POWER,
                         "an integer to the power of %lld is no integer; write the base as a real number", (long long)exponent);
    int64_t result = 1, square = base, left = exponent;
    while (left) {
        if ((left & 1) && __builtin_mul_overflow(result, square, &result))
            return overflow(e, x, base, exponent);
        left >>= 1;
        if (left && __builtin_mul_overflow(square, square, &square))
            return overflow(e, x, base, exponent);
    }
    return value_int(result);
}

static struct value int_arith(struct eval *e, const struct ast_expr *x, int64_t a, int64_t b)
{
    int64_t r;
    switch (x->binary.op) {
    case AST_ADD:
        return __builtin_add_overflow(a, b, &r) ? overflow(e, x, a, b) : value_int(r);
    case AST_SUB:
        return __builtin_sub_overflow(a, b, &r) ? overflow(e, x, a, b) : value_int(r);
    case AST_MUL:
        return __builtin_mul_overflow(a, b, &r) ? overflow(e, x, a, b) : value_int(r);
    case AST_POWER:
        return power(e, x, a, b);
    default:
        break;
    }
    if (b == 0)
        return eval_fail(e, x->at, E_DIVISION_BY_ZERO, "division by zero");
    if (b == -1) /* INT64_MIN / -1 traps */
        return x->binary.op == AST_MOD ? value_int(0) : __builtin_sub_overflow(0, a, &r) ? overflow(e, x, a, b) : value_int(r);
    if (x->binary.op == AST_MOD)
        return value_int(a % b + (a % b != 0 && (a % b < 0) != (b < 0) ? b : 0)); /* the sign of the divisor, as div() rounds down */
    if (a % b != 0)
        return eval_fail(e, x->at, E_NOT_WHOLE,
                         "%lld / %lld is not a whole number; write div(a, b) to round down, or use real numbers", (long long)a,
                         (long long)b);
    return value_int(a / b);
}

static struct value real_arith(struct eval *e, const struct ast_expr *x, double a, double b)
{
    switch (x->binary.op) {
    case AST_ADD:
        return checked_real(e, x, a + b);
    case AST_SUB:
        return checked_real(e, x, a - b);
    case AST_MUL:
        return checked_real(e, x, a * b);
    case AST_POWER:
        return checked_real(e, x, pow(a, b));
    case AST_DIV:
        if (b == 0)
            return eval_fail(e, x->at, E_DIVISION_BY_ZERO, "division by zero");
        return checked_real(e, x, a / b);
    default:
        if (b == 0)
            return eval_fail(e, x->at, E_DIVISION_BY_ZERO, "division by zero");
        return checked_real(e, x, a - b * floor(a / b));
    }
}

static struct value does_not_fit(struct eval *e, const struct ast_expr *x, const struct value *l, const struct value *r)
{
    diag_error(e->diag, x->binary.op_at, E_OPERAND_TYPES,
               "`%s` does not work on %s and %s", ast_operator_text(x->binary.op), eval_describe(e, l),
               eval_describe(e, r));
    eval_stack(e);
    return value_error();
}

static struct value add_tensors(struct eval *e, const struct ast_expr *x, const struct value *l, const struct value *r)
{
    struct call c = {.at = x->at, .name_at = x->binary.op_at};
    ir_id in[] = {l->tensor, r->tensor};
    struct span at[] = {x->binary.left->at, x->binary.right->at};
    return eval_node(e, IR_ADD, &c, in, at, 2, NULL);
}

static struct value add(struct eval *e, const struct ast_expr *x, const struct value *l, const struct value *r)
{
    if (l->kind == VALUE_TENSOR && r->kind == VALUE_TENSOR)
        return add_tensors(e, x, l, r);
    if (l->kind == VALUE_LIST && r->kind == VALUE_LIST) {
        if (l->list.n + r->list.n > VALUE_MAX_LIST)
            return eval_fail(e, x->at, E_TOO_LONG, "a list of more than 1,048,576 elements");
        if (!eval_step(e, x->at, r->list.n))
            return value_error();
        return value_append(e->arena, *l, value_items(r), r->list.n);
    }
    if (l->kind == VALUE_STRING && r->kind == VALUE_STRING) {
        if (l->string.n + r->string.n > VALUE_MAX_STRING)
            return eval_fail(e, x->at, E_TOO_LONG, "a string of more than 65,536 bytes");
        if (!eval_step(e, x->at, (l->string.n + r->string.n) / 8))
            return value_error();
        char *both = arena_alloc(e->arena, l->string.n + r->string.n + 1);
        memcpy(both, l->string.bytes, l->string.n);
        memcpy(both + l->string.n, r->string.bytes, r->string.n);
        return (struct value){.kind = VALUE_STRING, .string = {both, l->string.n + r->string.n}};
    }
    return does_not_fit(e, x, l, r);
}

static struct value order(struct eval *e, const struct ast_expr *x, const struct value *l, const struct value *r)
{
    int sign;
    double a, b;
    if (l->kind == VALUE_INT && r->kind == VALUE_INT)
        sign = (l->integer > r->integer) - (l->integer < r->integer);
    else if (number_of(l, &a) && number_of(r, &b))
        sign = (a > b) - (a < b);
    else if (l->kind == VALUE_STRING && r->kind == VALUE_STRING)
        sign = strcmp(l->string.bytes, r->string.bytes);
    else
        return does_not_fit(e, x, l, r);
    switch (x->binary.op) {
    case AST_LT:
        return value_bool(sign < 0);
    case AST_LE:
        return value_bool(sign <= 0);
    case AST_GT:
        return value_bool(sign > 0);
    default:
        return value_bool(sign >= 0);
    }
}

struct value eval_range(struct eval *e, struct span at, int64_t from, int64_t to, int64_t step)
{
    if (step == 0)
        return eval_fail(e, at, E_RANGE_STEP, "a range cannot go in steps of 0");
    /* unsigned: the distance may be as large as 2^64 - 1 */
    uint64_t distance = step > 0 ? (from < to ? (uint64_t)to - (uint64_t)from : 0) : (from > to ? (uint64_t)from - (uint64_t)to : 0);
    uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    uint64_t n = distance / stride + (distance % stride != 0);
    if (n > VALUE_MAX_LIST)
        return eval_fail(e, at, E_TOO_LONG, "a range of %llu elements; the most is 1,048,576", (unsigned long long)n);
    if (!eval_step(e, at, n))
        return value_error();
    struct value *items = ARENA_ARRAY(e->arena, struct value, n);
    for (uint64_t i = 0; i < n; i++)
        items[i] = value_int((int64_t)((uint64_t)from + i * (uint64_t)step));
    return value_list(e->arena, items, n);
}

/* value_equal, with its comparisons counted as steps. */
static bool equal_values(struct eval *e, const struct ast_expr *x, const struct value *l, const struct value *r, bool *equal)
{
    int64_t left = e->max_steps - e->steps + 1, before = left;
    bool comparable = value_equal(l, r, equal, &left);
    return eval_step(e, x->at, (size_t)(before - left)) && comparable;
}

static struct value contains(struct eval *e, const struct ast_expr *x, const struct value *l, const struct value *r)
{
    if (r->kind != VALUE_LIST)
        return does_not_fit(e, x, l, r);
    bool equal = false;
    for (size_t i = 0; !equal && i < r->list.n; i++)
        if (!equal_values(e, x, l, &value_items(r)[i], &equal))
            equal = false;
    return e->halted ? value_error() : value_bool(equal);
}

struct value eval_binary(struct eval *e, const struct ast_expr *x, struct value l, struct value r)
{
    if (l.kind == VALUE_ERROR || r.kind == VALUE_ERROR)
        return value_error();
    double a, b;
    switch (x->binary.op) {
    case AST_EQ:
    case AST_NE: {
        bool equal;
        if (!equal_values(e, x, &l, &r, &equal))
            return e->halted ? value_error() : does_not_fit(e, x, &l, &r);
        return value_bool(equal == (x->binary.op == AST_EQ));
    }
    case AST_LT:
    case AST_LE:
    case AST_GT:
    case AST_GE:
        return order(e, x, &l, &r);
    case AST_IN:
        return contains(e, x, &l, &r);
    case AST_RANGE:
        if (l.kind != VALUE_INT || r.kind != VALUE_INT)
            return does_not_fit(e, x, &l, &r);
        return eval_range(e, x->at, l.integer, r.integer, 1);
    default:
        if (l.kind == VALUE_INT && r.kind == VALUE_INT)
            return int_arith(e, x, l.integer, r.integer);
        if (number_of(&l, &a) && number_of(&r, &b))
            return real_arith(e, x, a, b);
        return x->binary.op == AST_ADD ? add(e, x, &l, &r) : does_not_fit(e, x, &l, &r);
    }
}

struct value eval_unary(struct eval *e, const struct ast_expr *x, struct value v)
{
    if (v.kind == VALUE_ERROR)
        return v;
    if (x->binary.op == AST_NOT) {
        if (v.kind == VALUE_BOOL)
            return value_bool(!v.boolean);
        return eval_fail(e, x->binary.right->at, E_OPERAND_TYPES, "`not` needs a boolean, not %s", eval_describe(e, &v));
    }
    int64_t r;
    if (v.kind == VALUE_INT)
        return __builtin_sub_overflow(0, v.integer, &r) ? eval_fail(e, x->at, E_OVERFLOW,
                                                                    "integer overflow in -(%lld)", (long long)v.integer) : value_int(r);
    if (v.kind == VALUE_REAL)
        return value_real(-v.real);
    return eval_fail(e, x->binary.right->at, E_OPERAND_TYPES, "`-` needs a number, not %s", eval_describe(e, &v));
}
