/* The ReLU layers of a network, and the channel counts that balance them for a given width.
 *
 * A layer is a ReLU of a map. Layers of maps of one size (height times width) are a stage. A stage has a width: the channels that most of
 * its layers have; of two numbers that equally many have, the smaller one, as in a bottleneck. A layer with other channels (the wide end
 * of a bottleneck, the stem of a wide network) keeps its ratio to the width of its stage.
 *
 * Balancing chooses the width w of the stage with the largest maps, of H0 x W0; a stage of H x W then has
 *     BALANCE_RELU     w H0 W0 / (H W)         the same number of ReLUs in every layer
 *     BALANCE_FLOP     w sqrt(H0 W0 / (H W))   the same number of multiplications in every k x k convolution
 *     BALANCE_CHANNEL  w                       the same number of channels
 * rounded to the nearest count that the groups of its convolutions allow.
 *
 * A bundle of channels that is in ReLUs of several stages belongs to the one with the largest maps; where it comes again it is as it is,
 * and the other channels there make up for it. A bundle that is in no ReLU is scaled like the stage of the maps where it is made. */
#ifndef COMPILER_PASS_BALANCE_WIDTHS_H
#define COMPILER_PASS_BALANCE_WIDTHS_H

#include "compiler/pass/balance_channels.h"

enum balance_rule { BALANCE_RELU, BALANCE_FLOP, BALANCE_CHANNEL };
enum { BALANCE_RULES = 3 };
extern const char *const balance_rule_names[BALANCE_RULES]; /* "relu", "flop", "channel" */

#define BALANCE_NO_STAGE UINT32_MAX

struct balance_layer {
    ir_id node;
    int64_t area, channels;
    uint32_t stage; /* BALANCE_NO_STAGE: none of its maps has channels that are chosen there */
    bool plain;     /* has the width of its stage */
    const struct strand *leaves; /* each bundle once */
    uint32_t n_leaves;
};

struct balance_stage {
    int64_t area, width;
    int64_t unit;       /* its width is a multiple of this, so that all layers of this width can have it */
    uint32_t reference; /* the first layer that has this width */
    uint32_t n_layers;
};

struct balance {
    struct arena *arena;
    const struct ir_graph *g;
    struct channels *channels;
    int64_t *area; /* of a bundle: of the largest maps where a ReLU has it; 0: none has */
    struct {
        struct balance_layer *at;
        size_t n, cap;
    } layers; /* in the order of the graph */
    struct {
        struct balance_stage *at;
        size_t n, cap;
    } stages; /* from the largest maps on; none: nothing can be balanced */
    struct balance_layer *const *turns; /* the layers of stages, in the order in which they choose */
    size_t n_turns;
};

struct balance *balance_of(struct arena *a, const struct ir_graph *g); /* of a verified graph */

/* What the width of a stage shall be. */
int64_t balance_target(const struct balance *b, enum balance_rule rule, int64_t width, uint32_t stage);

/* The ReLUs that a layer shall have, to the nearest integer. */
int64_t balance_relus(const struct balance *b, enum balance_rule rule, int64_t width, const struct balance_layer *l);

/* The size of each leaf, by bundle, for a width of the first stage that is a multiple of its unit. */
int64_t *balance_sizes(struct arena *a, struct balance *b, enum balance_rule rule, int64_t width);

/* The graph with these sizes: the same nodes with other counts and shapes. NULL: too large, *why says what. Slices of zeros may be larger
 * than what they are cut from until balance_stack_zeros has put such together of several. */
const struct ir_graph *balance_resize(struct arena *a, struct balance *b, const int64_t *sizes, const char **why);
const struct ir_graph *balance_stack_zeros(struct arena *a, const struct ir_graph *g);

#endif
