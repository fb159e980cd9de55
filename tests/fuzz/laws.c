#include "tests/fuzz/laws.h"

#include "compiler/ir/export.h"
#include "compiler/ir/print.h"
#include "compiler/ir/verify.h"
#include "compiler/lower/plan.h"
#include "compiler/report/check.h"

#include <stdlib.h>
#include <string.h>

void law_same(const char *law, const char *got, const char *want)
{
    if (got && strcmp(got, want) == 0)
        return;
    fprintf(stderr, "broken law: %s\n--- this was\n%s\n--- and became\n%s\n", law, want, got ? got : "(errors)");
    abort();
}

static const char *graph_text(struct arena *a, const struct ir_graph *g)
{
    struct text t = text_new(a);
    ir_print(&t, g);
    return text_str(&t);
}

static void text_reads_back(struct arena *a, const struct ir_graph *g)
{
    struct ir_read_error e;
    const char *text = graph_text(a, g);
    const struct ir_graph *back = ir_read(a, text, strlen(text), &e);
    law_same(back ? "the text of a graph reads back as that graph" : e.why, back ? graph_text(a, back) : NULL, text);
}

static void print_plan(struct arena *a, const struct ir_graph *g, enum plan_sides sides)
{
    struct plan_refusal refusal = {0};
    const struct plan *plan = plan_lower(a, g, sides, &refusal);
    if (!plan && !refusal.text)
        bug("a plan is refused without a reason");
    if (!plan)
        return;
    const char *why = plan_verify(a, plan);
    if (why)
        bug(why);
    struct text t = text_new(a);
    plan_print(&t, plan);
}

const struct ir_graph *law_graph(struct arena *a, struct diag *d, const struct ir_graph *g, const struct pass_settings *settings)
{
    ir_id node;
    const char *why = ir_verify(a, g, &node);
    if (why)
        bug(why);
    text_reads_back(a, g);
    struct pass_trace passes;
    const struct ir_graph *last = pass_all(a, d, g, settings, &passes);
    if ((last != NULL) != (diag_errors(d) == 0))
        bug("passes with errors, or none without");
    if (!last)
        return NULL;
    for (size_t i = 0; i < passes.n; i++)
        text_reads_back(a, passes.steps[i].after);
    struct text t = text_new(a);
    report_check(&t, last, &passes);
    ir_print_dot(&t, last);
    ir_print_json(&t, last);
    print_plan(a, last, PLAN_CLEAR);
    print_plan(a, last, PLAN_PRIVATE);
    return last;
}

void law_diagnostics(struct arena *a, const struct diag *d)
{
    static FILE *nowhere;
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    if (!nowhere)
        abort();
    diag_print(d, nowhere, true);
    struct text t = text_new(a);
    diag_print_json(d, &t);
}
