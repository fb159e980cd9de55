/* Running statements. */
#include "compiler/sema/annotation.h"
#include "compiler/sema/eval.h"

#include <string.h>

static void set(struct eval *e, const struct ast_target *t, struct value v)
{
    const struct ref *ref = &e->frame->refs[t->id];
    if (ref->kind == REF_LOCAL)
        e->frame->slots[ref->slot] = v;
}

/* One target takes the value; several take a list apart. */
bool eval_targets(struct eval *e, const struct ast_targets *targets, struct value v, struct span at)
{
    if (targets->n == 1) {
        set(e, &targets->at[0], v);
        return true;
    }
    bool good = v.kind == VALUE_LIST && v.list.n == targets->n;
    if (!good && v.kind != VALUE_ERROR) {
        diag_error(e->diag, span_join(targets->at[0].name.at, targets->at[targets->n - 1].name.at), E_TAKE_APART,
                   "%zu names cannot take %s apart", targets->n,
                   eval_describe(e, &v));
        diag_note(e->diag, at, "the value comes from here");
        eval_stack(e);
    }
    for (size_t i = 0; i < targets->n; i++)
        set(e, &targets->at[i], good ? value_items(&v)[i] : value_error());
    return good;
}

static void run_assign(struct eval *e, const struct ast_stmt *s)
{
    struct path path = {e->path, s->targets.at[0].name.text, -1};
    const struct path *outer = e->path;
    e->path = &path;
    struct value v = eval_expr(e, s->value);
    e->path = outer;
    if (v.kind == VALUE_NONE)
        v = eval_fail(e, s->value->at, E_NO_VALUE, "this has no value to give to `%s`", s->targets.at[0].name.text);
    eval_targets(e, &s->targets, v, s->value->at);
}

bool eval_shape(struct eval *e, const struct ast_type *t, struct ir_shape *out)
{
    int64_t dims[3] = {1, 1, 1};
    for (size_t i = 0; i < t->args.n && i < 3; i++) {
        struct value v = eval_expr(e, t->args.at[i]);
        if (v.kind != VALUE_INT) {
            if (v.kind != VALUE_ERROR)
                eval_fail(e, t->args.at[i]->at, E_DIMENSION, "a dimension is an integer, not %s", eval_describe(e, &v));
            return false;
        }
        if (v.integer < 1) {
            eval_fail(e, t->args.at[i]->at, E_DIMENSION, "a dimension is at least 1, not %lld", (long long)v.integer);
            return false;
        }
        dims[i] = v.integer;
    }
    *out = (struct ir_shape){(int)t->args.n, dims[0], dims[1], dims[2]};
    return t->args.n == 1 || t->args.n == 3;
}

/* mean or std of @normalize: one number per channel, or one for all. */
static const double *channel_numbers(struct eval *e, const struct ast_arg *arg, int64_t channels)
{
    struct value v = eval_expr(e, arg->value);
    if (v.kind == VALUE_ERROR)
        return NULL;
    if (eval_has_kind(&v, KIND(VALUE_REAL)))
        v = value_list(e->arena, &v, 1);
    if (v.kind != VALUE_LIST || (v.list.n != 1 && (int64_t)v.list.n != channels)) {
        eval_fail(e, arg->value->at, E_NORMALIZE, "@normalize takes one number for each of the %lld channels, not %s", (long long)channels,
                  eval_describe(e, &v));
        return NULL;
    }
    if (channels > (1 << 20)) {
        eval_fail(e, arg->value->at, E_NORMALIZE, "@normalize is for at most %d channels", 1 << 20);
        return NULL;
    }
    double *numbers = ARENA_ARRAY(e->arena, double, (size_t)channels);
    for (int64_t i = 0; i < channels; i++) {
        struct value x = value_items(&v)[v.list.n == 1 ? 0 : i];
        if (!eval_has_kind(&x, KIND(VALUE_REAL))) {
            eval_fail(e, arg->value->at, E_NORMALIZE, "@normalize takes numbers, not %s", eval_describe(e, &x));
            return NULL;
        }
        numbers[i] = x.real;
    }
    return numbers;
}

static bool eval_normalize(struct eval *e, const struct ast_annotation *a, int64_t channels, struct ir_input *out)
{
    const double *numbers[2] = {0}; /* mean, std */
    for (size_t i = 0; i < 2; i++) {
        size_t which = annotation_argument(a, i);
        numbers[which] = channel_numbers(e, &a->args.at[i], channels);
        if (!numbers[which])
            return false;
    }
    out->mean = numbers[0];
    out->std = numbers[1];
    return true;
}

static void run_input(struct eval *e, const struct ast_stmt *s)
{
    const struct ast_target *t = &s->targets.at[0];
    struct ir_shape shape;
    struct ir_input normalize = {0};
    bool has_normalize = false;
    set(e, t, value_error());
    e->n_inputs++;
    if (e->frame->block) {
        eval_fail(e, s->at, E_WRONG_PLACE, "`input` belongs into a network, not into a block; a block has parameters");
        return;
    }
    if (e->n_inputs > 1) {
        eval_fail(e, t->name.at, E_SECOND_INPUT, "a network has one input; this is another one");
        return;
    }
    if (strcmp(s->type.name.text, "tensor") != 0 || !s->type.has_args) {
        eval_fail(e, s->type.at, E_INPUT_TYPE, "an input is a tensor of known shape, such as tensor[3, 32, 32]");
        return;
    }
    if (!eval_shape(e, &s->type, &shape))
        return;
    for (size_t i = 0; i < s->annotations.n; i++) {
        if (!annotation_good(&s->annotations.at[i], ON_INPUT))
            continue;
        has_normalize = eval_normalize(e, &s->annotations.at[i], shape.c, &normalize);
        if (!has_normalize)
            return;
    }
    const char *why;
    ir_id id = ir_build_input(e->builder, t->name.text, shape, has_normalize ? &normalize : NULL, eval_site(e, t->name.at), &why);
    if (id == IR_NONE)
        eval_fail(e, s->type.at, E_DIMENSION, "%s", why);
    else
        set(e, t, value_tensor(id));
}

static void run_output(struct eval *e, const struct ast_stmt *s)
{
    const struct ast_target *t = &s->targets.at[0];
    struct path path = {e->path, t->name.text, -1};
    const struct path *outer = e->path;
    e->path = &path;
    struct value v = eval_expr(e, s->value);
    e->path = outer;
    e->n_outputs++;
    set(e, t, v);
    if (e->frame->block) {
        eval_fail(e, s->at, E_WRONG_PLACE, "`output` belongs into a network, not into a block; a block uses `return`");
        return;
    }
    struct span *before = map_get(&e->outputs, t->name.text);
    if (before) {
        diag_error(e->diag, t->name.at, E_OUTPUT_TWICE, "output `%s` is given twice", t->name.text);
        diag_note(e->diag, *before, "the first one is here");
        return;
    }
    before = ARENA_NEW(e->arena, struct span);
    *before = t->name.at;
    map_set(&e->outputs, t->name.text, before);
    if (v.kind == VALUE_ERROR)
        return;
    if (v.kind != VALUE_TENSOR) {
        eval_fail(e, s->value->at, E_OUTPUT_TYPE, "an output is a tensor, not %s", eval_describe(e, &v));
        return;
    }
    ir_builder_output(e->builder, t->name.text, v.tensor);
}

static void run_for(struct eval *e, const struct ast_stmt *s)
{
    struct value over = eval_expr(e, s->value);
    if (over.kind != VALUE_LIST) {
        if (over.kind != VALUE_ERROR)
            eval_fail(e, s->value->at, E_NOT_A_LIST, "`for` goes through a list, not %s", eval_describe(e, &over));
        return;
    }
    const struct path *outer = e->path;
    for (size_t i = 0; i < over.list.n && !e->frame->returned && eval_step(e, s->value->at, 1); i++) {
        struct value item = value_items(&over)[i];
        struct path path = {outer, s->targets.at[0].name.text, item.kind == VALUE_INT && item.integer >= 0 ? item.integer : (int64_t)i};
        e->path = &path;
        if (eval_targets(e, &s->targets, item, s->value->at))
            eval_body(e, &s->body);
    }
    e->path = outer;
}

static void run_return(struct eval *e, const struct ast_stmt *s)
{
    struct value v = {.kind = VALUE_LIST};
    bool bad = false;
    const struct path *outer = e->path;
    for (size_t i = 0; i < s->values.n; i++) {
        struct path path = {outer, NULL, (int64_t)i};
        if (s->values.n > 1)
            e->path = &path;
        struct value one = eval_expr(e, s->values.at[i]);
        bad = bad || one.kind == VALUE_ERROR;
        if (s->values.n == 1)
            v = one;
        else
            v = value_append(e->arena, v, &one, 1);
    }
    e->path = outer;
    if (!e->frame->block) {
        eval_fail(e, s->at, E_WRONG_PLACE, "a network gives its results by `output`, not by `return`");
        return;
    }
    e->frame->returned = true;
    e->frame->result = bad ? value_error() : v;
}

static void run_group(struct eval *e, const struct ast_stmt *s)
{
    const char *scope = s->label.text;
    uint32_t start = ir_builder_count(e->builder);
    const struct ast_annotation *budget = NULL;
    int64_t limit = 0;
    for (size_t i = 0; i < s->annotations.n; i++)
        if (annotation_good(&s->annotations.at[i], ON_GROUP) && annotation_is(&s->annotations.at[i], "relu_budget") &&
            eval_relu_budget(e, &s->annotations.at[i], scope, &limit))
            budget = &s->annotations.at[i];
    struct path path = {e->path, s->label.text, -1};
    const struct path *outer = e->path;
    e->path = &path;
    eval_body(e, &s->body);
    e->path = outer;
    if (budget)
        eval_add_budget(e, budget, scope, limit, start);
}

static void run_evaluate(struct eval *e, const struct ast_stmt *s)
{
    uint32_t start = ir_builder_count(e->builder);
    struct value v = eval_expr(e, s->value);
    if (v.kind != VALUE_ERROR && v.kind != VALUE_NONE)
        diag_warning(e->diag, s->at, W_UNUSED_VALUE,
                     "this value is not used%s", ir_builder_count(e->builder) > start ? "; neither are the tensors it makes" : "");
}

static void run_stmt(struct eval *e, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_ASSIGN:
    case AST_CONST:
        run_assign(e, s);
        break;
    case AST_INPUT:
        run_input(e, s);
        break;
    case AST_OUTPUT:
        run_output(e, s);
        break;
    case AST_FOR:
        run_for(e, s);
        break;
    case AST_IF_STMT: {
        bool yes;
        if (eval_bool(e, s->value, "the condition of `if`", &yes))
            eval_body(e, yes ? &s->body : &s->otherwise);
        break;
    }
    case AST_RETURN:
        run_return(e, s);
        break;
    case AST_GROUP:
        run_group(e, s);
        break;
    case AST_SECTION:
        if (strcmp(s->label.text, "train") == 0)
            eval_train(e, s);
        else
            eval_private(e, s);
        break;
    case AST_EVALUATE:
        run_evaluate(e, s);
        break;
    }
}

void eval_body(struct eval *e, const struct ast_body *b)
{
    for (size_t i = 0; i < b->n && !e->frame->returned; i++) {
        if (!eval_step(e, b->at[i]->at, 1))
            return;
        if (e->depth >= EVAL_MAX_DEPTH) {
            eval_halt(e, b->at[i]->at, E_DEPTH, "expressions and blocks are nested too deeply to evaluate");
            return;
        }
        e->depth++;
        run_stmt(e, b->at[i]);
        e->depth--;
    }
}
