/* `width = auto`: the network's parameter gets the largest value for which every ReLU budget holds. */
#ifndef COMPILER_FIT_H
#define COMPILER_FIT_H

#include "compiler/base/text.h"
#include "compiler/pass/pass.h"
#include "compiler/sema/elab.h"

struct fit {
    const char *parameter; /* NULL: no parameter is auto */
    int64_t value;
    bool meets;            /* false: no value does, and value is the least that was found to be a network */
    int64_t next;          /* the next value that is a network breaks this budget: */
    const char *scope;
    int64_t limit;
};

/* elab_network, where a parameter may be auto: o->automatic is then set to the value that was found. ReLUs are counted after the passes
 * that the settings and the network choose.
 *
 * What is found is exact if the ReLUs do not fall as the value grows: the values 1, 2, 4, ... are tried until one breaks a budget, then
 * bisection goes on between. Values with which the network is wrong (an odd number of channels to be halved) are passed over. The values
 * right above are tried too, and if one meets the budgets again there is a warning. It is an error if a pass chooses the width as well
 * (relu-balance without width=), because then every value would do. */
const struct ir_graph *fit_network(struct arena *a, struct diag *d, const struct ast_program *p, struct elab_options *o,
                                   struct elab_found *found, const struct pass_settings *passes, struct fit *fit);

void fit_report(struct text *out, const struct fit *fit); /* one line, or nothing */

#endif
