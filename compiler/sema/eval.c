/* What all parts of the evaluator need: reporting and limits. */
#include "compiler/sema/eval.h"

#include "compiler/sema/elab.h"

#include <stdarg.h>

void eval_stack(struct eval *e)
{
    if (e->frame && e->frame->from)
        diag_note_stack(e->diag, e->frame->from, e->frame->block);
}

struct value eval_fail(struct eval *e, struct span at, enum diag_code code, const char *format, ...)
{
    char text[1024]; /* longer messages are cut: they quote names and values, which the source line shows too */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    diag_error(e->diag, at, code, "%s", text);
    eval_stack(e);
    return value_error();
}

void eval_halt(struct eval *e, struct span at, enum diag_code code, const char *why)
{
    if (!e->halted)
        eval_fail(e, at, code, "%s", why);
    e->halted = true;
}

bool eval_step(struct eval *e, struct span at, size_t steps)
{
    if (e->halted)
        return false;
    if (steps > (size_t)ELAB_MAX_STEPS || (e->steps += (int64_t)steps) > e->max_steps) {
        eval_halt(e, at, E_STEPS,
                  "the description takes more than 10,000,000 steps to run at compile time; is a loop longer than was meant?");
        return false;
    }
    return true;
}

const char *eval_describe(struct eval *e, const struct value *v)
{
    switch (v->kind) {
    case VALUE_TENSOR:
        return arena_printf(e->arena, "a tensor %s", ir_shape_text(e->arena, ir_builder_node(e->builder, v->tensor)->shape));
    case VALUE_INT:
    case VALUE_REAL:
    case VALUE_BOOL:
    case VALUE_STRING:
    case VALUE_SYMBOL:
    case VALUE_BLOCK:
    case VALUE_BUILTIN: {
        static const char *const what[] = {
            [VALUE_INT] = "integer",   [VALUE_REAL] = "number", [VALUE_BOOL] = "boolean",     [VALUE_STRING] = "string",
            [VALUE_SYMBOL] = "word",   [VALUE_BLOCK] = "block", [VALUE_BUILTIN] = "operator",
        };
        return arena_printf(e->arena, "the %s %s%s%s", what[v->kind], v->kind >= VALUE_BLOCK ? "`" : "", value_text(e->arena, v),
                            v->kind >= VALUE_BLOCK ? "`" : "");
    }
    case VALUE_LIST:
        return arena_printf(e->arena, "a list of %zu", v->list.n);
    default:
        return value_kind_text(v->kind);
    }
}
