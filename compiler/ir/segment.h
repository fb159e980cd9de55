/* The network cut into linear segments, each composed symbolically: points, and terms on them. The rules are in compiler/lower/plan.h.
 * Two rooms need this: the pass fixed-point, to decide which values are rescaled, and lowering, to obey.
 *
 * A value that is rescaled is a point of its own. Marks (struct ir_node) say which are. Where there are too few, the walk makes the value
 * that an operator cannot read otherwise a point, and says so: a conflict. */
#ifndef COMPILER_IR_SEGMENT_H
#define COMPILER_IR_SEGMENT_H

#include "compiler/base/vec.h"
#include "compiler/ir/affine.h"
#include "compiler/ir/ir.h"

/* The largest kernel, padding, height or width of a generated program: keeps all geometry far from overflow. */
enum { SEGMENT_MAX_EXTENT = 65535 };
/* The most elements of a window whose maximum is taken privately: each is a call of the generated program. */
enum { SEGMENT_MAX_COMPARED = 4096 };
/* A composition is absurd when it has this many times the weights of its parts, and this many in all: at a point, which keeps them, and
 * between points, where they are there in double precision while weights are composed (runtime/fixed/value.c). */
enum { SEGMENT_ABSURD_FACTOR = 8, SEGMENT_ABSURD_WEIGHTS = 1 << 24, SEGMENT_ABSURD_BETWEEN = 1 << 28 };

enum segment_kind { SEGMENT_INPUT, SEGMENT_RELU, SEGMENT_RESCALE, SEGMENT_OUTPUT };

struct segment_point {
    enum segment_kind kind;
    ir_id node; /* the input, relu, max_pool or rescaled value; what the output is */
    struct affine_dims dims;
    uint32_t first_term, n_terms;
};

enum segment_why {
    SEGMENT_PADDED, /* padded with zeros, and not zero outside its map */
    SEGMENT_STRIDES, /* another operand reads the same point at another stride */
    SEGMENT_LARGE   /* composed on, it would have absurdly many weights */
};

struct segment_conflict {
    enum segment_why why;
    ir_id reader, value; /* value: a root, not marked */
};

struct segments {
    struct arena *arena;
    const struct ir_graph *g;
    ir_id *root;          /* per node: the node whose value it is: dropout and the like looked through */
    uint32_t *point;      /* per root: the point that it is; UINT32_MAX: none */
    uint32_t *pool_point; /* per max_pool: the first of the points that compare */
    VEC(struct segment_point) points; /* in the order of the nodes, then the outputs */
    VEC(struct affine_term) terms;
    VEC(struct segment_conflict) conflicts;
    ir_id refused; /* the operator that has no private form; IR_NONE: all have */
    const char *why;

    /* of the walk */
    struct affine *value;               /* per root */
    bool *rescaled, *positive;          /* per root: a point of its own; per node: known to have no negative values */
    uint32_t *first_point, *first_term; /* per node: how many there were when the walk came to it */
    ir_id from;                         /* the node that was made a point last: nothing before it changes */
};

/* Of a graph in which no map and no operator is larger than SEGMENT_MAX_EXTENT. marks[id]: this value, or the one that it is a view of, is
 * rescaled; marks on what is a point anyway mean nothing. */
struct segments *segments_new(struct arena *a, const struct ir_graph *g, const bool *marks);
const bool *segment_marks(struct arena *a, const struct ir_graph *g); /* those in the graph */

/* Whether operator `id` alone, on operands that are points, gives a value that is not zero outside its map. */
bool segment_leaks(struct arena *a, const struct ir_graph *g, const struct segments *s, ir_id id);

/* The largest kernel, stride, dilation or padding of an operator. */
int64_t segment_extent(const struct ir_node *n);

#endif
