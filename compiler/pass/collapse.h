/* What is decided about linear operators before a graph for inference is written: shared by collapse.c and collapse_build.c. */
#ifndef COMPILER_PASS_COLLAPSE_H
#define COMPILER_PASS_COLLAPSE_H

#include "compiler/ir/term.h"
#include "compiler/pass/pass.h"

/* What one value is, as a function of another: a convolution over its map. Features are a map of one row and column, and a flattened
 * map is that map. */
struct collapse_term {
    ir_id source;
    struct term_axis y, x; /* equal strides */
};

struct collapse_map { /* a value seen as a map */
    int64_t c, h, w;
};

struct collapse_value { /* of one node */
    struct collapse_map map;
    bool linear;      /* the walk may go through it */
    uint32_t users;   /* reads of it, outputs included */
    bool is_output;
    double cost;      /* of making it and all that nobody else reads */
    const struct collapse_term *terms; /* NULL: it is made by its own operator, from its operands */
    uint32_t n_terms;                  /* ascending sources */
    bool wanted;      /* it is made at all */
};

/* What an operator that moves or adds numbers costs for each, in multiply-accumulates. */
#define COLLAPSE_MOVE 4.0
double collapse_own_cost(const struct ir_graph *g, ir_id id);
double collapse_term_cost(const struct collapse_value *values, const struct collapse_map *to, const struct collapse_term *t);
/* Rows (columns) of zeros below (right of) the source that the term reads; negative: so many are not read. */
int64_t collapse_pad_after(struct term_axis t, int64_t source, int64_t rows);
/* The same padding on both sides gives the right size. */
bool collapse_pads_evenly(struct term_axis t, int64_t source, int64_t rows);

/* collapse_build.c */
const struct ir_graph *collapse_build(struct pass_context *c, const struct ir_graph *g, const struct collapse_value *values);

#endif
