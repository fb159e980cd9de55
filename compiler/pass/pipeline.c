#include "compiler/base/diag.h"
#include "compiler/base/nearest.h"
#include "compiler/base/text.h"
#include "compiler/ir/verify.h"
#include "compiler/pass/pass.h"

#include <string.h>

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

size_t pass_check_wishes(struct diag *d, const struct ir_graph *g)
{
    size_t wrong = 0;
    for (uint32_t i = 0; i < g->n_wishes; i++) {
        const struct ir_wish *wish = &g->wishes[i];
        struct nearest near = nearest_to(wish->pass);
        struct text all = text_new(g->arena);
        bool found = false;
        for (size_t k = 0; k < N_PASSES; k++) {
            found = found || strcmp(passes[k].name, wish->pass) == 0;
            nearest_try(&near, passes[k].name);
            text_add(&all, "%s%s", k ? ", " : "", passes[k].name);
        }
        if (found)
            continue;
        wrong++;
        diag_error_at(d, &wish->site, E_UNKNOWN_PASS, "this version has no pass `%s`", wish->pass);
        if (near.best)
            diag_note_at(d, &wish->site, "did you mean `%s`?", near.best);
        else
            diag_note_at(d, &wish->site, "its passes are: %s", text_str(&all));
    }
    return wrong;
}
