/* Which width a network is balanced for. */
#ifndef COMPILER_PASS_BALANCE_SEARCH_H
#define COMPILER_PASS_BALANCE_SEARCH_H

#include "compiler/ir/cost.h"
#include "compiler/pass/balance_widths.h"

enum balance_bound {
    BALANCE_BUDGETS, /* every budget holds */
    BALANCE_TOTAL,   /* the whole network has no more ReLU-equivalents than a limit, and every budget holds */
};

struct balance_limit {
    enum balance_bound bound;
    int64_t total;
};

/* What a network may cost that is balanced: its budgets; where there are none, or none of them bounds the width, what it costs now. */
struct balance_limit balance_limit_of(struct balance *b, enum balance_rule rule);

/* The largest width of the first stage for which the limit holds: the widths unit, 2 unit, 4 unit, ... are tried until one breaks it, then
 * bisection goes on between. ReLUs do not fall as the width grows, but for the rounding of channels that are tied to others: the widths
 * right above the result are tried too. 0: the limit is broken even by the smallest. */
int64_t balance_largest(struct balance *b, enum balance_rule rule, const struct balance_limit *limit);

/* Sizes and graph of a width; NULL: see balance_resize. */
const struct ir_graph *balance_try(struct arena *a, struct balance *b, enum balance_rule rule, int64_t width, const char **why);

#endif
