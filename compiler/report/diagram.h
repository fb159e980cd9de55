/* A network as people draw it: one box for each linear segment, one for each place where it is not linear, and what flows between. */
#ifndef COMPILER_REPORT_DIAGRAM_H
#define COMPILER_REPORT_DIAGRAM_H

#include "compiler/ir/cost.h"
#include "compiler/lower/plan.h"

enum diagram_kind {
    DIAGRAM_INPUT,
    DIAGRAM_SEGMENT, /* affine operators, connected, with as many points before them */
    DIAGRAM_RELU,
    DIAGRAM_OTHER,   /* an operator that is not affine: a maximum, a square... */
    DIAGRAM_RESCALE, /* a value that private inference makes a point of its own */
    DIAGRAM_OUTPUT,
    DIAGRAM_KINDS
};

enum { DIAGRAM_MOST_ROWS = 1000 }; /* so many layers and segments have a row in a page, to which one can link */

struct diagram_box {
    enum diagram_kind kind;
    uint32_t number;          /* of a segment, from 1 */
    ir_id node;               /* the operator, or the value that is rescaled or is an output */
    const char *name;         /* of an output */
    const ir_id *nodes;       /* of a segment, ascending */
    uint32_t n_nodes;
    struct ir_cost cost;      /* of a segment or an operator */
    uint32_t rank;            /* the most boxes before it on one way */
};
struct diagram_link {
    uint32_t from, to; /* boxes */
    bool skip;         /* it passes by a box that another way goes through */
};

struct diagram {
    struct diagram_box *boxes; /* what flows into a box stands before it */
    uint32_t n_boxes;
    struct diagram_link *links; /* each pair once, by `to`, then `from` */
    uint32_t n_links;
    const uint32_t *box_of; /* per node of the graph */
    uint32_t n_segments;
};

/* plan NULL, or without a private side: no value is rescaled. */
struct diagram *diagram_new(struct arena *a, const struct ir_graph *g, const struct plan *plan);

#endif
