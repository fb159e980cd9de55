#include "compiler/pass/balance_search.h"

#include "compiler/pass/budget.h"

enum {
    LARGEST = 1 << 20,
    BEYOND = 8, /* widths above the first broken one that are tried */
};

enum verdict { MEETS, BREAKS, TOO_LARGE };

const struct ir_graph *balance_try(struct arena *a, struct balance *b, enum balance_rule rule, int64_t width, const char **why)
{
    return balance_resize(a, b, balance_sizes(a, b, rule, width), why);
}

static enum verdict try_width(struct balance *b, enum balance_rule rule, const struct balance_limit *limit, int64_t width)
{
    struct arena *scratch = arena_new();
    const char *why;
    struct ir_cost cost;
    const struct ir_graph *g = balance_try(scratch, b, rule, width, &why);
    enum verdict verdict = g && ir_cost_total(g, &cost) ? MEETS : TOO_LARGE;
    for (uint32_t i = 0; verdict == MEETS && i < g->n_budgets; i++)
        if (budget_used(g, &g->budgets[i]) > g->budgets[i].limit)
            verdict = BREAKS;
    if (verdict == MEETS && limit->bound == BALANCE_TOTAL && cost.relu_equivalents > limit->total)
        verdict = BREAKS;
    arena_free(&scratch);
    return verdict;
}

/* The least power of two, in units, that does not meet the limit. */
static int64_t first_power(struct balance *b, enum balance_rule rule, const struct balance_limit *limit, enum verdict *verdict)
{
    int64_t unit = b->stages.at[0].unit, units = 1;
    while ((*verdict = try_width(b, rule, limit, units * unit)) == MEETS && units * unit < LARGEST)
        units *= 2;
    return units;
}

int64_t balance_largest(struct balance *b, enum balance_rule rule, const struct balance_limit *limit)
{
    enum verdict verdict;
    int64_t unit = b->stages.at[0].unit, high = first_power(b, rule, limit, &verdict), low = high / 2;
    if (verdict == MEETS)
        return high * unit;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (try_width(b, rule, limit, middle * unit) == MEETS)
            low = middle;
        else
            high = middle;
    }
    for (int64_t units = high + 1; units <= high + BEYOND; units++)
        if (try_width(b, rule, limit, units * unit) == MEETS)
            low = units;
    return low * unit;
}

struct balance_limit balance_limit_of(struct balance *b, enum balance_rule rule)
{
    struct balance_limit limit = {BALANCE_BUDGETS, 0};
    enum verdict verdict = TOO_LARGE;
    struct ir_cost now;
    if (b->g->n_budgets)
        first_power(b, rule, &limit, &verdict);
    if (verdict == BREAKS)
        return limit;
    limit.bound = BALANCE_TOTAL;
    limit.total = ir_cost_total(b->g, &now) ? now.relu_equivalents : INT64_MAX;
    return limit;
}
