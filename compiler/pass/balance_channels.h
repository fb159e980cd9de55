/* Which channels of a network are tied together, so that their number can change only in common.
 *
 * A bundle is a number of channels that is chosen as one: what a convolution makes is one, and what an operator does to it channel by
 * channel keeps it. An addition ties its operands: bundles become one bundle. A concatenation is a bundle with parts. A slice, and an
 * addition to a concatenation, cut a bundle into parts. A depthwise convolution and flattening repeat each channel some times in a row.
 * So the channel axis of every value is a strand: a bundle, each channel so many times.
 *
 * A bundle can be fixed: the channels of the input, of the outputs and of ReLUs marked @keep and the features of linear layers are given;
 * other operators fix what they cannot express, and say why. */
#ifndef COMPILER_PASS_BALANCE_CHANNELS_H
#define COMPILER_PASS_BALANCE_CHANNELS_H

#include "compiler/base/vec.h"
#include "compiler/ir/ir.h"

struct strand {
    uint32_t bundle;
    int64_t times;
};
struct strands {
    struct strand *at;
    size_t n, cap;
};

struct bundle {
    int64_t size;     /* channels in the graph as it is */
    int64_t multiple; /* any size is a multiple of this */
    ir_id maker;
    bool fixed;
    ir_id fixed_by;  /* the operator that does it */
    const char *why; /* it need not be so: a sentence; NULL: given */
    uint32_t n_parts; /* what it consists of, in order; 0: a leaf */
    const struct strand *parts;
    struct strand only; /* instead of parts, where there is one */
};

struct channels {
    struct arena *arena;
    const struct ir_graph *g;
    struct strand *of; /* node -> its channels, or its features */
    struct {
        struct bundle *at;
        size_t n, cap;
    } bundles;
    size_t cuts;
    struct strands stack; /* of walks over leaves */
};

struct channels *channels_of(struct arena *a, const struct ir_graph *g); /* of a verified graph */

/* The leaves of a strand, in order, appended. */
void channels_leaves(struct channels *c, struct strand s, struct strands *leaves);
/* The channels of a strand when each leaf has so many: sizes[bundle]; NULL: as it is. More than IR_MAX_ELEMENTS: one more than that. */
int64_t channels_total(struct channels *c, struct strand s, const int64_t *sizes);
/* Of the first `channels` channels of a strand, which end where a leaf does, how many there are with sizes. */
int64_t channels_before(struct channels *c, struct strand s, int64_t channels, const int64_t *sizes);

bool channels_depthwise(const struct ir_graph *g, const struct ir_node *conv);
/* The slice is one of zeros: it has nothing but padding. */
bool channels_zeros(const struct ir_graph *g, const struct ir_node *slice);

#endif
