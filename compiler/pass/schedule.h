/* Which passes run, in which order, with which arguments. */
#ifndef COMPILER_PASS_SCHEDULE_H
#define COMPILER_PASS_SCHEDULE_H

#include "compiler/pass/pass.h"

struct pass_item {
    const struct pass_info *pass;
    struct pass_args args;
    struct site asked_at;
};

struct pass_schedule {
    const struct pass_item *items;
    size_t n;
};

/* False: errors in d, one for each wish that names no pass, comes twice or has wrong arguments. */
bool pass_schedule(struct arena *a, struct diag *d, const struct ir_graph *g, const struct pass_settings *settings, struct pass_schedule *s);

/* NULL: the pass takes these arguments. Otherwise a sentence. */
const char *pass_args_wrong(struct arena *a, const struct pass_info *pass, const char *text, struct pass_args *args);

#endif
