/* What must be true of a pass, on thousands of random graphs: its result keeps every invariant of the IR and its text form; the function
 * is the same (the executor runs both graphs on the same random weights and images); no ReLU escapes from a budget; ReLUs marked @keep
 * stay; what the pass claims besides. A failure comes with its seed and with the smallest graph found that shows it, as text for
 * `cnasc --from-ir`. Where a pass aborts, or does not end within a minute, its graph goes to stderr.
 *
 * CNAS_SEED is the first seed, CNAS_COUNT how many graphs. */
#ifndef TESTS_SUPPORT_PASS_PROPERTY_H
#define TESTS_SUPPORT_PASS_PROPERTY_H

#include "compiler/ir/ir.h"
#include "compiler/oracle/weights.h"

enum pass_function {
    FUNCTION_SAME,   /* equal numbers; only the sign of a zero may differ */
    FUNCTION_CLOSE,  /* up to the rounding of floats */
    FUNCTION_CHANGES /* is not compared */
};

struct pass_property {
    const char *name;
    const struct ir_graph *(*run)(void *context, struct arena *a, const struct ir_graph *g);
    void *context;
    enum pass_function function;
    double tolerance;          /* FUNCTION_CLOSE: of the largest logit in size */
    bool idempotent;           /* once more changes nothing */
    bool skip_unchanged;       /* large graphs: one that the pass leaves as it is need not be run */
    bool relus_never_rise;     /* ReLU-equivalents of the network and of each budget */
    /* How parameters are computed that the pass composed of others; NULL: all keep their names and values. */
    const struct oracle_maker *maker;
    /* A law of this pass alone: NULL, or what is wrong. NULL: none. */
    const char *(*law)(void *context, struct arena *a, const struct ir_graph *before, const struct ir_graph *after);
};

/* What the graphs were: a test says how many of each it expects, so that it cannot pass for want of cases. */
struct pass_seen {
    int graphs, nodes;
    int changed;            /* by the pass */
    int compared, telling;  /* outputs; those with numbers that differ from image to image */
    int overflowed;         /* outputs that are not finite, so not compared */
    int refused;            /* outputs that could not be lowered before the pass */
    int64_t relus_before, relus_after; /* ReLU-equivalents of all */
};

/* One graph. NULL: all is well. Otherwise a sentence in arena a. seen may be NULL. */
const char *pass_property_one(struct arena *a, const struct pass_property *p, const struct ir_graph *g, uint64_t seed, struct pass_seen *seen);

/* `count` graphs, or CNAS_COUNT. NULL: all is well. Otherwise what is wrong, with the seed and the shrunk graph; in arena a. */
const char *pass_property_run(struct arena *a, const struct pass_property *p, int count, struct pass_seen *seen);

#endif
