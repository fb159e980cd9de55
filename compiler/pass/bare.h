/* A graph without its ReLUs: what relu_shuffle reasons about.
 *
 * Some operators give the same whether ReLU is applied to their inputs or to their result: those that copy elements (concat,
 * slice, pad, reshape, flatten, upsample, subsample), those that choose the largest (max_pool, global_max_pool), and dropout,
 * which multiplies by 0 or a positive number. Call them clear: ReLU passes through them. All others, the input and ReLUs marked
 * @keep are opaque; so are padded maxima, since private inference has them only of values that are not negative, and a ReLU above
 * must stay there. The bare form of a value is the value with all ReLUs left out that only clear operators separate from it. The
 * value then is its bare form, or the ReLU of it, or a mixture, such as the concat of a ReLU and of something else. In any case
 * its ReLU is the ReLU of its bare form.
 *
 * So a network asks for some bare values as they are, and for the ReLU of some. The ReLU of a bare value can be taken of it, or,
 * if it is the result of a clear operator, of this operator's inputs. */
#ifndef COMPILER_PASS_BARE_H
#define COMPILER_PASS_BARE_H

#include "compiler/ir/ir.h"

struct bare {
    ir_id maker; /* the first old node with this bare form: the operator */
    bool opaque; /* then it has no inputs here */
    uint32_t n_in;
    const uint32_t *in; /* bare values before it; equal operators on equal inputs are one bare value */
    bool free;          /* never negative: it is its own ReLU */
    ir_id kept;         /* a ReLU marked @keep whose value is its ReLU and that others may read, or IR_NONE */
    bool wanted;        /* as it is */
    bool relu_wanted;
    uint32_t part; /* values that share clear operators: the first one of them */
};

enum bare_form { BARE_AS_IT_IS, BARE_RELU, BARE_MIXED };

struct bare_value { /* of an old node */
    uint32_t bare;
    enum bare_form form;
    bool wanted; /* by an output, or an opaque operator, also by way of clear ones whose value is no ReLU */
};

struct bare_graph {
    const struct ir_graph *g;
    uint32_t n;
    struct bare *at;
    struct bare_value *of; /* one for each old node */
};

struct bare_graph *bare_graph_new(struct arena *a, const struct ir_graph *g);

bool bare_is_clear(const struct ir_node *n);
bool bare_is_single(
    enum ir_op op); /* a clear operator that must not be there twice: it costs comparisons, or chooses at random */
bool bare_is_movable(const struct ir_node *n); /* a ReLU without @keep */

#endif
