/* The engine against the model's own functions: one training step on random images, then inference. */
#ifndef TESTS_SUPPORT_ENGINE_CHECK_H
#define TESTS_SUPPORT_ENGINE_CHECK_H

#include "compiler/base/arena.h"
#include "runtime/engine/engine.h"

struct engine_case {
    enum cn_engine_type type;
    int remake;
    unsigned threads;
    size_t n, capacity; /* images of the batch, and what the slabs are made for */
    uint64_t seed;
    struct cn_engine_tuning *tuning;
};

/* How far apart they are: sqrt of the sum of squares of the difference, over that of the values. */
struct engine_gap {
    double logits, inference, statistics;
    double gradients; /* the largest of a parameter's; parameters with tiny gradients count against a hundredth of the largest */
    const char *gradient_of;
    double loss; /* absolute */
};

/* NULL, or what went wrong that is no matter of precision: surplus channels, numbers that are none, another result the second
 * time. */
const char *engine_check(struct arena *a, const struct cnas_model *m, const struct engine_case *c, struct engine_gap *gap);

#endif
