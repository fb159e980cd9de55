/* Chooses the network, gives its parameters their values, and runs it. */
#include "compiler/sema/elab.h"

#include "compiler/base/nearest.h"
#include "compiler/sema/annotation.h"
#include "compiler/sema/eval.h"
#include "compiler/sema/type.h"
#include "compiler/sema/written.h"

#include <inttypes.h>
#include <string.h>

static void list_networks(struct diag *d, const struct ast_module *m)
{
    enum { SHOWN = 5 };
    size_t shown = 0;
    for (size_t i = 0; i < m->blocks.n && shown < SHOWN; i++)
        if (m->blocks.at[i]->is_network) {
            diag_note(d, m->blocks.at[i]->target.name.at, "--network %s", m->blocks.at[i]->target.name.text);
            shown++;
        }
}

static const struct ast_block *choose_network(struct diag *d, const struct ast_module *m, const char *wanted)
{
    const struct ast_block *found = NULL;
    size_t n = 0;
    struct nearest near = nearest_to(wanted ? wanted : "");
    for (size_t i = 0; i < m->blocks.n; i++) {
        const struct ast_block *b = m->blocks.at[i];
        if (!b->is_network)
            continue;
        n++;
        nearest_try(&near, b->target.name.text);
        if (!wanted || strcmp(b->target.name.text, wanted) == 0)
            found = b;
    }
    struct span file = {m->source, 0, 0};
    if (n == 0) {
        diag_error(d, file, E_NO_NETWORK, "there is no network in this file");
        diag_note(d, (struct span){0}, "a network is written `network Name { input x: tensor[3, 32, 32]; ... output logits = ...; }`");
        return NULL;
    }
    if (wanted && !found) {
        diag_error(d, file, E_NO_NETWORK, "there is no network `%s` in this file", wanted);
        if (near.best)
            diag_note(d, (struct span){0}, "did you mean `%s`?", near.best);
        else
            list_networks(d, m);
        return NULL;
    }
    if (!wanted && n > 1) {
        diag_error(d, file, E_WHICH_NETWORK, "there are %zu networks in this file; say which one with --network", n);
        list_networks(d, m);
        return NULL;
    }
    return found;
}

/* The value of -D for a parameter, evaluated in a frame of its own; the last one given wins. */
static bool defined(struct eval *e, const struct elab_options *o, const char *name, struct value *v, struct span *at)
{
    for (size_t i = o->n_defines; i-- > 0;) {
        const struct ast_define *d = &o->defines[i];
        if (strcmp(d->name.text, name) != 0)
            continue;
        struct frame frame = {.refs = resolve_define(e->arena, e->diag, d->value, d->n_ids)};
        frame.slots = ARENA_ARRAY(e->arena, struct value, d->n_ids);
        struct frame *outer = e->frame;
        struct ir_builder *builder = e->builder;
        e->frame = &frame;
        e->builder = NULL;
        *v = eval_expr(e, d->value);
        e->frame = outer;
        e->builder = builder;
        *at = d->value->at;
        return true;
    }
    return false;
}

static void check_defines(struct eval *e, const struct elab_options *o, const struct ast_block *net)
{
    for (size_t i = 0; i < o->n_defines; i++) {
        const struct ast_name *name = &o->defines[i].name;
        struct nearest near = nearest_to(name->text);
        bool found = false;
        for (size_t k = 0; !found && k < net->params.n; k++)
            found = strcmp(net->params.at[k].target.name.text, name->text) == 0;
        if (found)
            continue;
        diag_error(e->diag, name->at, E_UNKNOWN_NETWORK_PARAMETER, "network `%s` has no parameter `%s`", net->target.name.text, name->text);
        for (size_t k = 0; diag_takes_notes(e->diag) && k < net->params.n; k++)
            nearest_try(&near, net->params.at[k].target.name.text);
        if (near.best)
            diag_note(e->diag, name->at, "did you mean `%s`?", near.best);
        else
            diag_note(e->diag, net->target.name.at, net->params.n ? "its parameters are declared here" : "it has no parameters");
    }
}

/* A parameter that is `auto`: the caller decides. *before: where another one is. */
static struct value automatic(struct eval *e, const struct elab_options *o, const char *name, struct span at, unsigned kinds, struct span *before)
{
    if (!(kinds & KIND(VALUE_INT))) {
        diag_error(e->diag, at, E_AUTO, "`%s = auto` is for an integer", name);
    } else if (before->source) {
        diag_error(e->diag, at, E_AUTO, "one parameter can be auto, but `%s` is another one", name);
        diag_note(e->diag, *before, "the first one is here");
    } else if (o->automatic == 0) {
        diag_error(e->diag, at, E_AUTO, "`%s = auto` has to be written as just this word", name);
    } else {
        *before = at;
        return value_int(o->automatic);
    }
    return value_error();
}

static void set_params(struct eval *e, const struct elab_options *o, const struct ast_block *net, struct elab_found *found)
{
    struct span before = {0};
    struct elab_param *changed = found ? ARENA_ARRAY(e->arena, struct elab_param, net->params.n) : NULL;
    check_defines(e, o, net);
    if (found)
        found->params = changed;
    for (size_t i = 0; i < net->params.n; i++) {
        const struct ast_param *p = &net->params.at[i];
        const char *name = p->target.name.text;
        struct value v;
        struct span at;
        bool given = defined(e, o, name, &v, &at);
        if (!given) {
            if (!p->value) {
                diag_error(e->diag, p->target.name.at, E_NO_PARAMETER_VALUE,
                           "parameter `%s` of network `%s` has no value; give one with -D %s=...", name,
                           net->target.name.text, name);
                continue;
            }
            struct path path = {NULL, name, -1};
            e->path = &path;
            v = eval_expr(e, p->value);
            e->path = NULL;
            at = p->value->at;
        }
        unsigned kinds = p->type.name.text ? type_kinds(p->type.name.text) : KIND_ANY;
        kinds = kinds ? kinds : KIND_ANY; /* an unknown type was reported where it stands */
        if (v.kind == VALUE_SYMBOL && strcmp(v.symbol, "auto") == 0) {
            v = automatic(e, o, name, at, kinds, &before);
            given = true;
        }
        if (v.kind != VALUE_ERROR && !eval_has_kind(&v, kinds)) {
            diag_error(e->diag, at, E_PARAMETER_TYPE,
                       "parameter `%s` is %s, not %s", name, value_kinds_text(e->arena, kinds), eval_describe(e, &v));
            diag_note(e->diag, p->target.name.at, "the parameter is declared here");
            v = value_error();
        }
        if (given && found)
            changed[found->n_params++] = (struct elab_param){p, written_value(e->arena, e->resolved->names, e->network_module, &v).text};
        e->frame->slots[e->frame->refs[p->target.id].slot] = v;
    }
}

static void network_budget(struct eval *e, const struct ast_block *net)
{
    const char *scope = arena_printf(e->arena, "network %s", net->target.name.text);
    for (size_t i = 0; i < net->annotations.n; i++) {
        const struct ast_annotation *a = &net->annotations.at[i];
        int64_t limit;
        if (annotation_good(a, ON_NETWORK) && annotation_is(a, "relu_budget") && eval_relu_budget(e, a, scope, &limit))
            ir_builder_budget(e->builder, (struct ir_budget){.scope = scope, .limit = limit, .site = eval_site(e, a->at)});
    }
}

/* A word of a pass's arguments: a name, a whole number or a string. NULL: none of these. */
static const char *pass_word(struct eval *e, const struct ast_expr *x)
{
    if (x->kind == AST_NAME && !x->name.module.text)
        return x->name.name.text;
    if (x->kind == AST_STRING)
        return x->string.bytes;
    return x->kind == AST_INT ? arena_printf(e->arena, "%" PRId64, x->integer) : NULL;
}

/* skips, cull = 2, keep = [stem, relu_3]: as text, a list as its word again and again. False after an error. */
static bool pass_args_text(struct eval *e, const struct ast_expr *call, struct text *t)
{
    for (size_t i = 0; i < call->call.args.n; i++) {
        const struct ast_arg *arg = &call->call.args.at[i];
        const struct ast_expr *x = arg->value;
        bool list = arg->name.text && x->kind == AST_LIST;
        for (size_t k = 0; k < (list ? x->list.n : 1); k++) {
            const char *word = pass_word(e, list ? x->list.at[k] : x);
            if (!word) {
                eval_fail(e, x->at, E_PASS_NAME, "an argument of a pass is a word, or a word with a name, a number, a string or a list of these");
                return false;
            }
            text_add(t, "%s", t->n ? "," : "");
            if (arg->name.text)
                text_add(t, "%s=", arg->name.text);
            text_add(t, "%s", word);
        }
    }
    return true;
}

static void network_passes(struct eval *e, const struct ast_annotation *a)
{
    for (size_t i = 0; i < a->args.n; i++) {
        const struct ast_arg *arg = &a->args.at[i];
        const struct ast_expr *x = arg->value, *name = x->kind == AST_CALL ? x->call.callee : x;
        struct text args = text_new(e->arena);
        if (arg->name.text || name->kind != AST_NAME || name->name.module.text)
            eval_fail(e, x->at, E_PASS_NAME, "@passes takes names of passes: @passes(shuffle)");
        else if (name == x || pass_args_text(e, x, &args))
            ir_builder_wish(e->builder, (struct ir_wish){name->name.name.text, text_str(&args), eval_site(e, x->at)});
    }
}

static void run_network(struct eval *e, const struct elab_options *o, const struct ast_module *m, const struct ast_block *net,
                        struct elab_found *found)
{
    struct frame frame = {.module = m, .refs = e->resolved->refs[m->index], .decl = net};
    frame.slots = ARENA_ARRAY(e->arena, struct value, resolved_frame_size(e->resolved, m, net));
    e->frame = &frame;
    for (size_t i = 0; i < net->annotations.n; i++) {
        const struct ast_annotation *a = &net->annotations.at[i];
        if (annotation_good(a, ON_NETWORK) && annotation_is(a, "pick"))
            choices_network_picks(e, a);
        if (annotation_good(a, ON_NETWORK) && annotation_is(a, "passes"))
            network_passes(e, a);
    }
    set_params(e, o, net, found);
    network_budget(e, net);
    eval_body(e, &net->body);
    e->frame = NULL;
    if (e->halted || diag_errors(e->diag) > 0)
        return;
    struct span name = net->target.name.at;
    if (e->n_inputs == 0)
        diag_error(e->diag, name, E_NO_INPUT, "network `%s` has no input; write `input x: tensor[3, 32, 32];`", net->target.name.text);
    if (e->n_outputs == 0)
        diag_error(e->diag, name, E_NO_OUTPUT, "network `%s` has no output; write `output logits = ...;`", net->target.name.text);
}

/* What an allowance of steps gives to one elaboration. Resolving names is paid from it too. */
static int64_t take_steps(const struct elab_options *o, const struct ast_program *p)
{
    if (!o->steps)
        return ELAB_MAX_STEPS;
    for (size_t i = 0; i < p->n_modules; i++)
        *o->steps -= p->modules[i]->n_ids;
    int64_t left = *o->steps > 0 ? *o->steps : 0;
    return left < ELAB_MAX_STEPS ? left : ELAB_MAX_STEPS;
}

const struct ir_graph *elab_network(struct arena *a, struct diag *d, const struct ast_program *p, const struct elab_options *o,
                                    struct elab_found *found)
{
    static const struct elab_options none;
    o = o ? o : &none;
    if (diag_errors(d) > 0 || p->n_modules == 0)
        return NULL;
    const struct ast_module *m = p->modules[p->n_modules - 1];
    const struct resolved *resolved = resolve_program(a, d, p);
    const struct ast_block *net = choose_network(d, m, o->network);
    if (!net)
        return NULL;
    struct eval e = {.arena = a, .diag = d, .resolved = resolved, .network_module = m, .constants = map_new(a), .outputs = map_new(a),
                     .max_steps = take_steps(o, p)};
    e.constant_slots = ARENA_ARRAY(a, struct value *, p->n_modules);
    e.builder = ir_builder_new(a, net->target.name.text);
    e.choices = choices_new(&e, o);
    for (size_t i = 0; i < m->constants.n; i++) /* all of them: a mistake in one that is not used is a mistake */
        eval_constant(&e, m->constants.at[i], m);
    if (found)
        *found = (struct elab_found){.network = net};
    run_network(&e, o, m, net, found);
    if (o->steps)
        *o->steps -= e.steps;
    if (diag_errors(d) == 0)
        choices_finish(&e, found);
    if (diag_errors(d) == 0)
        resolve_warn(d, resolved);
    if (diag_errors(d) > 0)
        return NULL;
    ir_builder_number_budgets(e.builder);
    return ir_builder_finish(e.builder, NULL);
}
