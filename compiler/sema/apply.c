/* Calls: binding arguments to parameters, the same way for blocks and builtins, and running what is called. */
#include "compiler/sema/annotation.h"
#include "compiler/base/nearest.h"
#include "compiler/sema/eval.h"
#include "compiler/sema/type.h"

#include <string.h>

/* One parameter of whatever is called. */
struct param {
    const char *name;
    unsigned kinds;
    bool has_default, rest;
    struct span at; /* its declaration; source NULL for builtins */
};

struct slot { /* what a parameter got */
    struct value value;
    struct span at;
    bool given;
    VEC(struct span) rest_at; /* of a rest parameter: one for each argument */
};

struct binding {
    const char *callee;
    struct span name_at, call_at;
    const struct param *params;
    size_t n;
    struct slot *slots;
    struct map names; /* of many parameters; arena NULL: not made yet */
    bool bad;
};

bool eval_has_kind(struct value *v, unsigned kinds)
{
    if (v->kind == VALUE_INT && !(kinds & KIND(VALUE_INT)) && (kinds & KIND(VALUE_REAL)))
        *v = value_real((double)v->integer);
    return kinds & KIND(v->kind);
}

static void bind(struct eval *e, struct binding *b, size_t i, struct value v, struct span at)
{
    const struct param *p = &b->params[i];
    if (b->slots[i].given && !p->rest) {
        diag_error(e->diag, at, E_GIVEN_TWICE, "parameter `%s` of `%s` is given twice", p->name, b->callee);
        diag_note(e->diag, b->slots[i].at, "the first value is here");
        eval_stack(e);
        b->bad = true;
        return;
    }
    if (v.kind == VALUE_ERROR) {
        b->bad = true;
    } else if (!eval_has_kind(&v, p->kinds)) {
        diag_error(e->diag, at, E_ARGUMENT_TYPE,
                   "parameter `%s` of `%s` is %s, not %s", p->name, b->callee, value_kinds_text(e->arena, p->kinds),
                   eval_describe(e, &v));
        if (p->at.source)
            diag_note(e->diag, p->at, "the parameter is declared here");
        eval_stack(e);
        b->bad = true;
        v = value_error();
    }
    struct slot *slot = &b->slots[i];
    if (p->rest) {
        v = value_append(e->arena, slot->given ? slot->value : (struct value){.kind = VALUE_LIST}, &v, 1);
        vec_push(e->arena, &slot->rest_at, at);
    }
    slot->value = v;
    slot->at = at;
    slot->given = true;
}

/* The number of this parameter, or b->n. */
static size_t param_named(struct eval *e, struct binding *b, const char *name)
{
    enum { FEW = 16 };
    size_t i = 0;
    if (b->n <= FEW) {
        while (i < b->n && strcmp(b->params[i].name, name) != 0)
            i++;
        return i;
    }
    if (!b->names.arena) {
        b->names = map_new(e->arena);
        for (i = 0; i < b->n; i++)
            map_set(&b->names, b->params[i].name, (void *)&b->params[i]);
    }
    const struct param *found = map_get(&b->names, name);
    return found ? (size_t)(found - b->params) : b->n;
}

static void unknown_param(struct eval *e, struct binding *b, const struct ast_name *name)
{
    diag_error(e->diag, name->at, E_UNKNOWN_PARAMETER, "`%s` has no parameter `%s`", b->callee, name->text);
    b->bad = true;
    if (!diag_takes_notes(e->diag))
        return;
    struct nearest near = nearest_to(name->text);
    struct text list = text_new(e->arena);
    for (size_t i = 0; i < b->n; i++) {
        nearest_try(&near, b->params[i].name);
        text_add(&list, "%s%s", i ? ", " : "", b->params[i].name);
    }
    if (near.best)
        diag_note(e->diag, name->at, "did you mean `%s`?", near.best);
    else
        diag_note(e->diag, name->at, b->n ? "its parameters are %s" : "it has no parameters%s", text_str(&list));
    eval_stack(e);
}

/* An argument without a name goes to the first parameter that has no value yet. */
static void bind_positional(struct eval *e, struct binding *b, size_t *next, struct value v, struct span at)
{
    while (*next < b->n && b->slots[*next].given && !b->params[*next].rest)
        ++*next;
    if (*next >= b->n) {
        if (!b->bad)
            eval_fail(e, at, E_TOO_MANY_ARGUMENTS, "`%s` takes %zu argument%s", b->callee, b->n, b->n == 1 ? "" : "s");
        b->bad = true;
        return;
    }
    bind(e, b, *next, v, at);
}

static void bind_all(struct eval *e, struct binding *b, const struct ast_args *args, struct piped piped)
{
    size_t next = 0;
    if (piped.at.source)
        bind_positional(e, b, &next, piped.value, piped.at);
    for (size_t i = 0; i < args->n && !e->halted; i++) {
        const struct ast_arg *arg = &args->at[i];
        struct value v = eval_expr(e, arg->value);
        if (v.kind == VALUE_NONE)
            v = eval_fail(e, arg->value->at, E_NO_VALUE, "this has no value to pass on");
        if (!arg->name.text) {
            bind_positional(e, b, &next, v, arg->value->at);
            continue;
        }
        size_t p = param_named(e, b, arg->name.text);
        if (p < b->n)
            bind(e, b, p, v, arg->value->at);
        else
            unknown_param(e, b, &arg->name);
    }
    for (size_t i = 0; i < b->n; i++) {
        if (b->slots[i].given || b->params[i].has_default || b->params[i].rest || b->bad)
            continue;
        diag_error(e->diag, b->name_at, E_MISSING_ARGUMENT, "`%s` needs a value for parameter `%s`", b->callee, b->params[i].name);
        if (b->params[i].at.source)
            diag_note(e->diag, b->params[i].at, "the parameter is declared here");
        eval_stack(e);
        b->bad = true;
    }
}

/* ---- builtins ---- */

static struct value call_builtin(struct eval *e, const struct builtin *f, struct binding *b, const struct ast_args *args, struct piped piped)
{
    struct param params[BUILTIN_MAX_PARAMS];
    struct slot slots[BUILTIN_MAX_PARAMS] = {0};
    struct value values[BUILTIN_MAX_PARAMS];
    struct span where[BUILTIN_MAX_PARAMS];
    size_t n = 0;
    for (; n < BUILTIN_MAX_PARAMS && f->params[n].name; n++) {
        const struct builtin_param *p = &f->params[n];
        params[n] = (struct param){.name = p->name, .kinds = p->kinds, .has_default = p->has_default, .rest = p->rest};
    }
    b->params = params;
    b->n = n;
    b->slots = slots;
    bind_all(e, b, args, piped);
    if (b->bad || e->halted)
        return value_error();
    for (size_t i = 0; i < n; i++) {
        values[i] = slots[i].given ? slots[i].value : params[i].rest ? (struct value){.kind = VALUE_LIST} : f->params[i].value;
        where[i] = slots[i].given ? slots[i].at : b->call_at;
    }
    if (f->is_tensor_op && !e->builder)
        return eval_fail(e, b->call_at, E_TENSOR_OUTSIDE, "`%s` makes a tensor, and tensors exist only in networks and blocks", f->name);
    uint32_t start = e->builder ? ir_builder_count(e->builder) : 0;
    struct call call = {.at = b->call_at, .name_at = b->name_at, .args = values, .where = where};
    if (n > 0)
        call.rest_where = slots[n - 1].rest_at.at;
    e->call_choice = NULL;
    struct value v = f->run(e, f, &call);
    e->call_start = start;
    return v;
}

/* ---- blocks ---- */

static unsigned kinds_of(const struct ast_type *t)
{
    unsigned kinds = t->name.text ? type_kinds(t->name.text) : KIND_ANY;
    return kinds ? kinds : KIND_ANY; /* an unknown type was reported where it stands */
}

/* The rest of a type: the shape of tensor[...], the elements of list[...]. The kind has been checked. */
static bool check_type(struct eval *e, const struct ast_type *t, const struct value *v, struct span at, const char *what)
{
    if (!t->has_args)
        return true;
    if (v->kind == VALUE_TENSOR && strcmp(t->name.text, "tensor") == 0) {
        struct ir_shape want, have = ir_builder_node(e->builder, v->tensor)->shape;
        if (!eval_shape(e, t, &want))
            return false;
        if (ir_shape_equal(want, have))
            return true;
        diag_error(e->diag, at, E_TENSOR_TYPE,
                   "%s is a tensor %s, not %s", what, ir_shape_text(e->arena, want), ir_shape_text(e->arena, have));
        diag_note(e->diag, t->at, "the shape is declared here");
        eval_stack(e);
        return false;
    }
    const struct ast_expr *of = t->args.n == 1 && t->args.at[0]->kind == AST_NAME ? t->args.at[0] : NULL;
    unsigned kinds = of ? type_kinds(of->name.name.text) : 0;
    for (size_t i = 0; kinds && v->kind == VALUE_LIST && i < v->list.n; i++) {
        struct value item = value_items(v)[i];
        if (eval_has_kind(&item, kinds))
            continue;
        diag_error(e->diag, at, E_ELEMENT_TYPE,
                   "%s is a list of which each element is %s, but element %zu is %s", what, value_kinds_text(e->arena, kinds), i,
                   eval_describe(e, &item));
        diag_note(e->diag, t->at, "the type is declared here");
        eval_stack(e);
        return false;
    }
    return true;
}

static bool check_one_result(struct eval *e, const struct ast_block *decl, const struct ast_type *t, struct value *v, struct span at)
{
    if (v->kind == VALUE_ERROR)
        return true;
    if (eval_has_kind(v, kinds_of(t)))
        return check_type(e, t, v, at, arena_printf(e->arena, "the result of block `%s`", decl->target.name.text));
    diag_error(e->diag, at, E_RESULT_TYPE,
               "block `%s` gives %s, not %s", decl->target.name.text, value_kinds_text(e->arena, kinds_of(t)), eval_describe(e, v));
    diag_note(e->diag, t->at, "its result is declared here");
    eval_stack(e);
    return false;
}

static struct value check_result(struct eval *e, const struct ast_block *decl, struct value v, struct span at)
{
    if (v.kind == VALUE_ERROR || !decl->has_returns)
        return v;
    if (v.kind == VALUE_NONE) {
        diag_error(e->diag, decl->target.name.at, E_NO_RETURN, "block `%s` ends without `return`", decl->target.name.text);
        diag_note(e->diag, decl->returns.at[0].at, "but it declares a result");
        eval_stack(e);
        return value_error();
    }
    if (decl->returns.n == 1)
        return check_one_result(e, decl, &decl->returns.at[0], &v, at) ? v : value_error();
    if (v.kind != VALUE_LIST || v.list.n != decl->returns.n) {
        diag_error(e->diag, at, E_RESULT_COUNT,
                   "block `%s` declares %zu results, but gives %s", decl->target.name.text, decl->returns.n, eval_describe(e, &v));
        diag_note(e->diag, decl->returns.at[0].at, "they are declared here");
        eval_stack(e);
        return value_error();
    }
    for (size_t i = 0; i < v.list.n; i++) {
        struct value item = value_items(&v)[i];
        if (!check_one_result(e, decl, &decl->returns.at[i], &item, at))
            return value_error();
    }
    return v;
}

/* Fills the parameters' slots in order, so that a default may use the parameters before it. */
static bool enter(struct eval *e, const struct ast_block *decl, const struct binding *b)
{
    bool good = true;
    for (size_t i = 0; i < b->n; i++) {
        const struct ast_param *p = &decl->params.at[i];
        struct value v = b->slots[i].value;
        struct span at = b->slots[i].at;
        if (!b->slots[i].given) {
            v = eval_expr(e, p->value);
            at = p->value->at;
            if (v.kind != VALUE_ERROR && !eval_has_kind(&v, b->params[i].kinds))
                v = eval_fail(e, at, E_DEFAULT_TYPE, "the default of parameter `%s` is %s, not %s", p->target.name.text,
                              value_kinds_text(e->arena, b->params[i].kinds), eval_describe(e, &v));
        }
        e->frame->slots[e->frame->refs[p->target.id].slot] = v;
        if (v.kind == VALUE_ERROR || !check_type(e, &p->type, &v, at, arena_printf(e->arena, "parameter `%s`", p->target.name.text)))
            good = false;
    }
    return good;
}

static void run_budgeted(struct eval *e, const struct ast_block *decl)
{
    uint32_t start = ir_builder_count(e->builder);
    const char *scope = arena_printf(e->arena, "block %s", decl->target.name.text);
    const struct ast_annotation *budget = NULL;
    int64_t limit = 0;
    for (size_t i = 0; i < decl->annotations.n; i++)
        if (annotation_good(&decl->annotations.at[i], ON_BLOCK) && annotation_is(&decl->annotations.at[i], "relu_budget") &&
            eval_relu_budget(e, &decl->annotations.at[i], scope, &limit))
            budget = &decl->annotations.at[i];
    eval_body(e, &decl->body);
    if (budget)
        eval_add_budget(e, budget, scope, limit, start);
}

static struct value call_block(struct eval *e, const struct value *callee, struct binding *b, const struct ast_args *args, struct piped piped)
{
    const struct ast_block *decl = callee->block.decl;
    const struct ast_module *module = callee->block.module;
    struct param *params = ARENA_ARRAY(e->arena, struct param, decl->params.n);
    for (size_t i = 0; i < decl->params.n; i++) {
        const struct ast_param *p = &decl->params.at[i];
        params[i] = (struct param){.name = p->target.name.text, .kinds = kinds_of(&p->type), .has_default = p->value, .at = p->target.name.at};
    }
    b->params = params;
    b->n = decl->params.n;
    b->slots = ARENA_ARRAY(e->arena, struct slot, b->n);
    bind_all(e, b, args, piped);
    if (b->bad || e->halted)
        return value_error();
    if (!e->builder)
        return eval_fail(e, b->call_at, E_TENSOR_OUTSIDE, "block `%s` can be used only in networks and blocks", b->callee);
    if (e->calls >= EVAL_MAX_CALLS) {
        eval_halt(e, b->call_at, E_DEPTH, "blocks are instantiated more than 100 deep; does a block use itself without end?");
        return value_error();
    }
    struct site *from = ARENA_NEW(e->arena, struct site);
    *from = eval_site(e, b->call_at);
    struct frame frame = {.module = module, .refs = e->resolved->refs[module->index], .block = b->callee, .from = from, .decl = decl};
    frame.slots = ARENA_ARRAY(e->arena, struct value, resolved_frame_size(e->resolved, module, decl));
    frame.result.kind = VALUE_NONE;
    struct path path = {e->path, decl->target.name.text, -1};
    struct frame *outer = e->frame;
    const struct path *outer_path = e->path;
    uint32_t start = ir_builder_count(e->builder);

    e->frame = &frame;
    e->path = &path;
    e->calls++;
    if (enter(e, decl, b))
        run_budgeted(e, decl);
    else
        frame.result = value_error();
    struct value v = e->halted ? value_error() : check_result(e, decl, frame.result, decl->target.name.at);
    e->calls--;
    e->path = outer_path;
    e->frame = outer;
    e->call_start = start;
    e->call_choice = NULL;
    return v;
}

struct value eval_call(struct eval *e, struct value callee, const struct ast_expr *x, const struct ast_expr *callee_expr,
                       const struct ast_args *args, struct piped piped)
{
    struct binding b = {.name_at = callee_expr->at, .call_at = x->at};
    if (callee.kind == VALUE_BUILTIN) {
        b.callee = callee.builtin->name;
        return call_builtin(e, callee.builtin, &b, args, piped);
    }
    if (callee.kind == VALUE_BLOCK) {
        b.callee = callee.block.decl->target.name.text;
        return call_block(e, &callee, &b, args, piped);
    }
    if (callee.kind != VALUE_ERROR)
        return eval_fail(e, callee_expr->at, E_NOT_CALLABLE,
                         "only blocks and operators can be called, but this is %s", eval_describe(e, &callee));
    for (size_t i = 0; i < args->n; i++) /* still worth checking */
        eval_expr(e, args->at[i].value);
    return callee;
}
