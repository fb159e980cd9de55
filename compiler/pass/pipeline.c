/* The table of passes, and running them. */
#include "compiler/ir/verify.h"
#include "compiler/pass/pass.h"
#include "compiler/pass/schedule.h"

#include <string.h>

static const struct pass_info passes[] = {
#define PASS(name, word, function, check, level, kind, requires, gives, what) {name, word, function, check, level, kind, requires, gives, what},
#include "compiler/pass/pass.def"
#undef PASS
};

enum { N_PASSES = sizeof passes / sizeof *passes };

size_t pass_count(void)
{
    return N_PASSES;
}

const struct pass_info *pass_at(size_t i)
{
    return &passes[i];
}

static bool same_name(const char *s, const char *t)
{
    for (; *s && *t; s++, t++)
        if (*s != *t && !((*s == '-' || *s == '_') && (*t == '-' || *t == '_')))
            return false;
    return *s == *t;
}

const struct pass_info *pass_find(const char *name)
{
    for (size_t i = 0; i < N_PASSES; i++)
        if (same_name(passes[i].name, name) || same_name(passes[i].word, name))
            return &passes[i];
    return NULL;
}

/* The operators that only choose the answer at the end do not count. */
static bool is_affine(const struct ir_graph *g)
{
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (!ir_op_is_linear(g->nodes[id].op) && g->nodes[id].op != IR_SOFTMAX && g->nodes[id].op != IR_ARGMAX)
            return false;
    return true;
}

/* What there is to say after a pass that changed the function. */
static void function_changed(struct pass_context *c, const struct pass_info *pass, const struct ir_graph *before, const struct ir_graph *after)
{
    remark(c->remarks, REMARK_PASSED, &c->asked_at, 0, "network %s computes another function now: train it after this pass, not before",
           after->name);
    if (is_affine(after) && !is_affine(before))
        diag_warning_at(c->diag, &c->asked_at, W_AFFINE_NETWORK, "%s leaves network %s no nonlinearity: its output is an affine function of its input",
                        pass->name, after->name);
}

const struct ir_graph *pass_all(struct arena *a, struct diag *d, const struct ir_graph *g, const struct pass_settings *settings,
                                struct pass_trace *trace)
{
    struct pass_schedule s;
    *trace = (struct pass_trace){.elaborated = g};
    if (!pass_schedule(a, d, g, settings, &s))
        return NULL;
    struct pass_step *steps = ARENA_ARRAY(a, struct pass_step, s.n);
    const struct ir_graph *trained = NULL; /* dce is one of these */
    g = g->whole ? g->whole : g;
    for (size_t i = 0; i < s.n; i++) {
        struct remarks remarks = {.arena = a};
        struct text shown = text_new(a);
        struct pass_context c = {
            .arena = a, .args = &s.items[i].args, .asked_at = s.items[i].asked_at, .remarks = &remarks, .shown = &shown, .diag = d};
        const struct ir_graph *after = s.items[i].pass->run(&c, g);
        if (!after)
            return NULL;
        if (after != g && s.items[i].pass->kind == PASS_CHANGES)
            function_changed(&c, s.items[i].pass, g, after);
        ir_id node;
        const char *why = ir_verify(a, after, &node);
        if (why)
            bug(arena_printf(a, "after pass %s: %s", s.items[i].pass->name, why));
        steps[i] = (struct pass_step){s.items[i].pass, g, after, remarks.list.at, remarks.list.n, text_str(&shown)};
        if (s.items[i].pass->kind != PASS_CLOSE)
            trained = after;
        else if (after != g)
            trace->served = after;
        g = after;
    }
    trace->steps = steps;
    trace->n = s.n;
    return trained;
}
