/* What a graph costs, in whole, by stage and by layer, as it is written and after passes. */
#ifndef COMPILER_REPORT_MEASURE_H
#define COMPILER_REPORT_MEASURE_H

#include "compiler/base/vec.h"
#include "compiler/ir/cost.h"
#include "compiler/pass/pass.h"

struct measure {
    int64_t layers; /* nodes but inputs */
    struct ir_cost cost;
    int64_t bytes; /* ir_cost_memory */
};
/* False: a number passes INT64_MAX. */
bool measure_graph(struct arena *a, const struct ir_graph *g, struct measure *m);

/* The graph before the first pass, with what no output needs. */
const struct ir_graph *measure_written(const struct pass_trace *passes);

/* A stage: all layers whose results have the same height and width. In the order in which they begin. */
struct measure_stage {
    const char *name; /* words_stage */
    int64_t layers;
    struct ir_cost written, now;
};
struct measure_stages {
    struct measure_stage *at;
    size_t n, cap;
};
struct measure_stages measure_stages(struct arena *a, const struct ir_graph *written, const struct ir_graph *now); /* both were measured */

/* The layers of both graphs, matched by name: in the order of the new graph, those that passes took away where they were. */
struct measure_layer {
    const struct ir_node *node; /* of the new graph, or of the old one if it is gone */
    struct ir_cost written, now;
    bool was, is;
};
struct measure_layers {
    struct measure_layer *at;
    size_t n, cap;
};
struct measure_layers measure_layers(struct arena *a, const struct ir_graph *written, const struct ir_graph *now);

#endif
