#include "compiler/ir/verify.h"
#include "compiler/pass/pass.h"

static const struct {
    const char *name, *what;
    const struct ir_graph *(*run)(struct arena *a, const struct ir_graph *g);
} passes[] = {
#define PASS(name, function, what) {#name, what, function},
#include "compiler/pass/pass.def"
#undef PASS
};

enum { N_PASSES = sizeof passes / sizeof *passes };

const char *const *pass_names(size_t *n)
{
    static const char *const names[] = {
#define PASS(name, function, what) #name,
#include "compiler/pass/pass.def"
#undef PASS
    };
    *n = N_PASSES;
    return names;
}

const struct ir_graph *pass_all(struct arena *a, const struct ir_graph *g, struct pass_trace *trace)
{
    struct pass_step *steps = ARENA_ARRAY(a, struct pass_step, N_PASSES);
    for (size_t i = 0; i < N_PASSES; i++) {
        const struct ir_graph *after = passes[i].run(a, g);
        ir_id node;
        const char *why = ir_verify(a, after, &node);
        if (why)
            bug(arena_printf(a, "after pass %s: %s", passes[i].name, why));
        steps[i] = (struct pass_step){passes[i].name, passes[i].what, g, after};
        g = after;
    }
    *trace = (struct pass_trace){steps, N_PASSES};
    return g;
}
