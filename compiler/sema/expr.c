/* Evaluating expressions. */
#include "compiler/sema/annotation.h"
#include "compiler/sema/eval.h"

#include <inttypes.h>
#include <string.h>

struct constant_state {
    bool done;
    struct value value;
};

/* A module's constant, evaluated when it is first needed. */
struct value eval_constant(struct eval *e, const struct ast_constant *c, const struct ast_module *m)
{
    char key[24];
    snprintf(key, sizeof key, "%u.%u", (unsigned)m->index, (unsigned)c->target.id);
    struct constant_state *state = map_get(&e->constants, key);
    if (state && state->done)
        return state->value;
    if (state) {
        eval_fail(e, c->target.name.at, E_VALUE_CYCLE, "the value of `%s` depends on itself", c->target.name.text);
        return value_error();
    }
    state = ARENA_NEW(e->arena, struct constant_state);
    map_set(&e->constants, arena_strdup(e->arena, key), state);

    /* Comprehensions need slots, no more than there are names. All constants of a module share them: each has its own. */
    if (!e->constant_slots[m->index])
        e->constant_slots[m->index] = ARENA_ARRAY(e->arena, struct value, m->n_ids);
    struct frame frame = {.module = m, .refs = e->resolved->refs[m->index], .slots = e->constant_slots[m->index]};
    struct frame *outer_frame = e->frame;
    struct ir_builder *builder = e->builder;
    const struct path *path = e->path;
    e->frame = &frame;
    e->builder = NULL;
    e->path = NULL;
    state->value = eval_expr(e, c->value);
    e->frame = outer_frame;
    e->builder = builder;
    e->path = path;
    state->done = true;
    return state->value;
}

static struct value eval_name(struct eval *e, const struct ast_expr *x)
{
    const struct ref *ref = &e->frame->refs[x->name.id];
    switch (ref->kind) {
    case REF_LOCAL:
        return e->frame->slots[ref->slot];
    case REF_CONSTANT:
        return eval_constant(e, ref->constant.decl, ref->constant.module);
    case REF_BLOCK:
        return (struct value){.kind = VALUE_BLOCK, .block = {ref->block.decl, ref->block.module}};
    case REF_BUILTIN:
        if (ref->builtin->is_constant)
            return ref->builtin->constant;
        return (struct value){.kind = VALUE_BUILTIN, .builtin = ref->builtin};
    case REF_NONE:
        break;
    }
    return value_error();
}

static struct value eval_list(struct eval *e, const struct ast_expr *x)
{
    struct value list = {.kind = VALUE_LIST};
    bool bad = false;
    for (size_t i = 0; i < x->list.n; i++) {
        struct path path = {e->path, NULL, (int64_t)i};
        const struct path *outer = e->path;
        if (x->list.n > 1)
            e->path = &path;
        struct value v = eval_expr(e, x->list.at[i]);
        e->path = outer;
        if (v.kind == VALUE_NONE)
            v = eval_fail(e, x->list.at[i]->at, E_NO_VALUE, "this has no value to put into a list");
        bad = bad || v.kind == VALUE_ERROR;
        list = value_append(e->arena, list, &v, 1);
    }
    return bad ? value_error() : list;
}

struct comprehension {
    const struct ast_expr *x;
    struct value list;
    bool bad;
    const struct path *outer;
};

static void run_clauses(struct eval *e, struct comprehension *c, size_t clause)
{
    const struct ast_clauses *clauses = &c->x->comprehension.clauses;
    if (e->halted)
        return;
    if (clause == clauses->n) {
        struct path path = {c->outer, NULL, (int64_t)c->list.list.n};
        e->path = &path;
        struct value v = eval_expr(e, c->x->comprehension.element);
        e->path = c->outer;
        if (v.kind == VALUE_NONE)
            v = eval_fail(e, c->x->comprehension.element->at, E_NO_VALUE, "this has no value to put into a list");
        if (c->list.list.n >= VALUE_MAX_LIST)
            eval_halt(e, c->x->at, E_TOO_LONG, "a list of more than 1,048,576 elements");
        c->bad = c->bad || v.kind == VALUE_ERROR;
        c->list = value_append(e->arena, c->list, &v, 1);
        return;
    }
    const struct ast_clause *this = &clauses->at[clause];
    if (!this->is_for) {
        bool yes;
        if (!eval_bool(e, this->list, "the condition of a comprehension", &yes))
            c->bad = true;
        else if (yes)
            run_clauses(e, c, clause + 1);
        return;
    }
    struct value over = eval_expr(e, this->list);
    if (over.kind != VALUE_LIST) {
        if (over.kind != VALUE_ERROR)
            eval_fail(e, this->list->at, E_NOT_A_LIST, "`for` goes through a list, not %s", eval_describe(e, &over));
        c->bad = true;
        return;
    }
    for (size_t i = 0; i < over.list.n && eval_step(e, this->list->at, 1); i++)
        if (!eval_targets(e, &this->targets, value_items(&over)[i], this->list->at))
            c->bad = true;
        else
            run_clauses(e, c, clause + 1);
}

static struct value eval_comprehension(struct eval *e, const struct ast_expr *x)
{
    struct comprehension c = {.x = x, .list = {.kind = VALUE_LIST}, .outer = e->path};
    run_clauses(e, &c, 0);
    return c.bad || e->halted ? value_error() : c.list;
}

static struct value eval_index(struct eval *e, const struct ast_expr *x)
{
    struct value list = eval_expr(e, x->index.list), index = eval_expr(e, x->index.index);
    if (list.kind == VALUE_ERROR || index.kind == VALUE_ERROR)
        return value_error();
    if (list.kind != VALUE_LIST)
        return eval_fail(e, x->index.list->at, E_NOT_A_LIST, "only a list has elements, but this is %s", eval_describe(e, &list));
    if (index.kind != VALUE_INT)
        return eval_fail(e, x->index.index->at, E_INDEX_TYPE, "an index is an integer, not %s", eval_describe(e, &index));
    int64_t n = (int64_t)list.list.n, i = index.integer;
    if (i < -n || i >= n)
        return eval_fail(e, x->index.index->at, E_INDEX_RANGE, "index %" PRId64 " is outside of a list of %" PRId64, i, n);
    return value_items(&list)[i < 0 ? i + n : i]; /* -1 is the last one */
}

bool eval_bool(struct eval *e, const struct ast_expr *x, const char *what, bool *out)
{
    struct value v = eval_expr(e, x);
    if (v.kind != VALUE_BOOL) {
        if (v.kind != VALUE_ERROR)
            eval_fail(e, x->at, E_NOT_BOOLEAN, "%s is a boolean, not %s", what, eval_describe(e, &v));
        return false;
    }
    *out = v.boolean;
    return true;
}

static struct value eval_logic(struct eval *e, const struct ast_expr *x, struct value left)
{
    const char *what = x->binary.op == AST_AND ? "each side of `and`" : "each side of `or`";
    bool right;
    if (left.kind == VALUE_ERROR)
        return left;
    if (left.kind != VALUE_BOOL)
        return eval_fail(e, x->binary.left->at, E_NOT_BOOLEAN, "%s is a boolean, not %s", what, eval_describe(e, &left));
    if (left.boolean == (x->binary.op == AST_OR))
        return left; /* the other side is not evaluated */
    return eval_bool(e, x->binary.right, what, &right) ? value_bool(right) : value_error();
}

static struct value eval_link(struct eval *e, const struct ast_expr *x, struct value left)
{
    if (x->binary.op == AST_AND || x->binary.op == AST_OR)
        return eval_logic(e, x, left);
    return eval_binary(e, x, left, eval_expr(e, x->binary.right));
}

static struct value eval_chain(struct eval *e, const struct ast_expr *x)
{
    if (x->binary.left->kind != AST_BINARY)
        return eval_link(e, x, eval_expr(e, x->binary.left));
    VEC(const struct ast_expr *) chain = {0};
    for (; x->kind == AST_BINARY; x = x->binary.left)
        vec_push(e->arena, &chain, x);
    struct value v = eval_expr(e, x);
    while (chain.n > 0)
        v = eval_link(e, chain.at[--chain.n], v);
    return v;
}

/* One stage of a pipe: a call gets one more argument in front; a bare name is called with that argument alone, and so is what
 * choose(...) gives. */
static struct value eval_stage(struct eval *e, const struct ast_expr *stage, struct piped piped)
{
    bool chooses = choice_is_call(e, stage);
    if (stage->kind == AST_ANNOTATED && !chooses) {
        struct value v = eval_stage(e, stage->annotated.inner, piped);
        return eval_apply_annotations(e, &stage->annotated.annotation, v, e->call_start, stage->at);
    }
    if (stage->kind == AST_CALL && !chooses) {
        struct value callee = eval_expr(e, stage->call.callee);
        return eval_call(e, callee, stage, stage->call.callee, &stage->call.args, piped);
    }
    struct value callee = eval_expr(e, stage);
    struct ast_args none = {0};
    return eval_call(e, callee, stage, stage, &none, piped);
}

static struct value eval_pipe(struct eval *e, const struct ast_expr *x)
{
    VEC(const struct ast_expr *) chain = {0};
    for (; x->kind == AST_PIPE; x = x->pipe.left)
        vec_push(e->arena, &chain, x);
    struct piped piped = {eval_expr(e, x), x->at};
    while (chain.n > 0 && eval_step(e, x->at, 1)) {
        const struct ast_expr *link = chain.at[--chain.n];
        piped.value = eval_stage(e, link->pipe.right, piped);
        piped.at = link->pipe.right->at;
    }
    return piped.value;
}

/* start: the number of nodes before those that the annotation is about. */
struct value eval_apply_annotations(struct eval *e, const struct ast_annotation *a, struct value v, uint32_t start, struct span at)
{
    if (v.kind == VALUE_ERROR || !e->builder || !annotation_good(a, ON_EXPRESSION))
        return v;
    if (annotation_is(a, "relu_budget")) {
        int64_t limit;
        const char *scope = arena_printf(e->arena, "the expression at %s:%d", e->frame->module->source->name, eval_site(e, at).line);
        if (eval_relu_budget(e, a, scope, &limit))
            eval_add_budget(e, a, scope, limit, start);
        e->call_start = start;
        return v;
    }
    if (annotation_is(a, "pick"))
        return choice_pick(e, a, v);
    bool keep = annotation_is(a, "keep"), found = false;
    for (uint32_t i = start; i < ir_builder_count(e->builder); i++) {
        const struct ir_node *n = ir_builder_node(e->builder, i);
        if (n->op != IR_RELU)
            continue;
        found = true;
        if (keep ? n->prune : n->keep)
            return eval_fail(e, a->at, E_KEEP_AND_PRUNE, "a ReLU cannot be both @keep and @prune");
        ir_builder_set_flags(e->builder, i, keep, !keep);
    }
    if (!found)
        return eval_fail(e, a->at, E_NO_RELU, "`@%s` is about ReLUs, but no ReLU is made here", a->name.text);
    e->call_start = start;
    return v;
}

static struct value eval_annotated(struct eval *e, const struct ast_expr *x)
{
    uint32_t before = e->builder ? ir_builder_count(e->builder) : 0;
    enum ast_expr_kind kind = x->annotated.inner->kind;
    e->call_choice = NULL;
    struct value v = eval_expr(e, x->annotated.inner);
    /* of a call, what its arguments made is not meant */
    bool is_call = kind == AST_CALL || kind == AST_ANNOTATED;
    if (!is_call)
        e->call_choice = NULL;
    return eval_apply_annotations(e, &x->annotated.annotation, v, is_call ? e->call_start : before, x->at);
}

static struct value eval_kind(struct eval *e, const struct ast_expr *x)
{
    switch (x->kind) {
    case AST_INT:
        return value_int(x->integer);
    case AST_REAL:
        return value_real(x->real);
    case AST_BOOL:
        return value_bool(x->boolean);
    case AST_STRING:
        return (struct value){.kind = VALUE_STRING, .string = {x->string.bytes, x->string.n}};
    case AST_LIST:
        return eval_list(e, x);
    case AST_COMPREHENSION:
        return eval_comprehension(e, x);
    case AST_NAME:
        return eval_name(e, x);
    case AST_CALL: {
        struct value callee = eval_expr(e, x->call.callee);
        return eval_call(e, callee, x, x->call.callee, &x->call.args, (struct piped){0});
    }
    case AST_INDEX:
        return eval_index(e, x);
    case AST_UNARY:
        return eval_unary(e, x, eval_expr(e, x->binary.right));
    case AST_BINARY:
        return eval_chain(e, x);
    case AST_PIPE:
        return eval_pipe(e, x);
    case AST_IF: {
        bool yes;
        if (!eval_bool(e, x->branch.condition, "the condition of `if`", &yes))
            return value_error();
        return eval_expr(e, yes ? x->branch.yes : x->branch.no);
    }
    case AST_ANNOTATED:
        return eval_annotated(e, x);
    }
    bug("an expression of no kind");
}

struct value eval_expr(struct eval *e, const struct ast_expr *x)
{
    if (!eval_step(e, x->at, 1))
        return value_error();
    if (e->depth >= EVAL_MAX_DEPTH) {
        eval_halt(e, x->at, E_DEPTH, "expressions and blocks are nested too deeply to evaluate");
        return value_error();
    }
    e->depth++;
    struct value v = eval_kind(e, x);
    e->depth--;
    if (value_depth(&v) > VALUE_MAX_DEPTH)
        eval_halt(e, x->at, E_DEPTH, "lists are nested more than 100 deep");
    return e->halted ? value_error() : v;
}
