/* Where the ReLUs of a network are best evaluated, without changing what any of its operators reads: the decisions of
 * relu-shuffle. */
#ifndef COMPILER_PASS_PLACE_H
#define COMPILER_PASS_PLACE_H

#include "compiler/pass/bare.h"

struct place {                  /* of a bare value */
    bool here;                  /* its ReLU is evaluated */
    bool bare_used, relu_used;  /* what is read of it then */
    ir_id first_relu;           /* the first old ReLU of this very value, or IR_NONE */
    ir_id bare_like, relu_like; /* of a clear operator: the old nodes that stand for it without and with ReLU; they may be one */
    ir_id origin;               /* here: the old ReLU that it stands for, in budgets and names */
    bool prune;                 /* here: all ReLUs that became this one have @prune */
    int64_t served;             /* here: how many values of the old graph are made with it */
};

struct placement {
    const struct bare_graph *b;
    struct place *at;              /* one for each bare value */
    bool *changed;                 /* per part (its first value): there are fewer ReLU-equivalents, and it is to be rewritten */
    const struct ir_budget **veto; /* per part: it would be, but this budget's part would have more than before */
    bool any;                      /* a part changes */
};

/* Only for graphs whose ReLU-equivalents can be counted (ir_cost_total). */
struct placement *placement_new(struct arena *a, const struct bare_graph *b);

int64_t place_elements(const struct bare_graph *b, uint32_t v);    /* ReLUs at this place */
int64_t place_comparisons(const struct bare_graph *b, uint32_t v); /* of the clear operator that makes the value; else 0 */
bool place_is_passed(const struct bare_graph *b, const struct place *at,
                     uint32_t v); /* its ReLU is made of those of its inputs */

#endif
