#include "tests/support/balance.h"

#include "compiler/pass/budget.h"

#include <check.h>
#include <string.h>

struct remarks balance_remarks;
struct diag *balance_diag;

const struct ir_graph *balance_in(struct arena *a, const struct ir_graph *g, const char *text)
{
    struct pass_args args;
    const char *why;
    ck_assert(pass_args_read(a, text, &args, &why) && !pass_balance_check(a, &args));
    balance_remarks = (struct remarks){.arena = a};
    balance_diag = diag_new(a);
    struct pass_context c = {.arena = a, .args = &args, .remarks = &balance_remarks, .diag = balance_diag};
    return pass_balance(&c, g);
}

bool remarked(enum remark_kind kind, const char *words)
{
    for (size_t i = 0; i < balance_remarks.list.n; i++)
        if (balance_remarks.list.at[i].kind == kind && strstr(balance_remarks.list.at[i].text, words))
            return true;
    return false;
}

bool holds(const struct ir_graph *g)
{
    for (uint32_t i = 0; i < g->n_budgets; i++)
        if (budget_used(g, &g->budgets[i]) > g->budgets[i].limit)
            return false;
    return true;
}
