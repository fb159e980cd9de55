/* The middle of everything: a network as a directed acyclic graph of typed tensor operators with static shapes.
 *
 * A graph is a value. Stages take it const and return a new one; nodes are named by index, and every node's inputs have
 * smaller indices (the array is a topological order). verify.h states and checks every invariant.
 * Everything lives in the arena that the graph was made in. Shapes are those of one sample: the batch is a run-time matter. */
#ifndef COMPILER_IR_IR_H
#define COMPILER_IR_IR_H

#include "compiler/base/arena.h"
#include "compiler/base/site.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ir_op {
#define OP(enumerator, name, least, most, linear) enumerator,
#include "compiler/ir/op.def"
#undef OP
    IR_OP_COUNT
};

typedef uint32_t ir_id; /* index of a node in its graph */
#define IR_NONE UINT32_MAX

/* One sample: rank 3 is C x H x W; rank 1 is C features (then h = w = 1). */
struct ir_shape {
    int rank;
    int64_t c, h, w; /* each >= 1; the product is at most IR_MAX_ELEMENTS */
};
#define IR_MAX_ELEMENTS ((int64_t)1 << 31)

struct ir_conv { /* kernel kh x kw, zero padding on all four sides; weights K x C/groups x kh x kw, bias K if bias */
    int64_t channels; /* K, the output channels */
    int64_t kh, kw, stride, pad_y, pad_x, dilation, groups;
    bool bias;
};
struct ir_linear { /* weights features x input features */
    int64_t features;
    bool bias;
};
struct ir_batch_norm { /* running = decay * running + (1 - decay) * batch */
    double epsilon, decay;
};
struct ir_pool { /* windows fully inside the (padded) map; average counts the padding zeros, max ignores them; output floor((h + 2 pad - kernel) / stride) + 1 */
    int64_t kernel, stride, pad;
};
struct ir_subsample { /* y[c,i,j] = x[c, i*stride + offset_y, j*stride + offset_x], as many as exist */
    int64_t stride, offset_y, offset_x;
};
struct ir_upsample { /* y[c,i,j] = x[c, i / factor, j / factor] */
    int64_t factor;
};
struct ir_slice { /* that many from there on; the input's range is [0, channels), rows and columns of a vector are 0 and 1 */
    int64_t channel, channels, row, rows, column, columns;
};
struct ir_pad { /* rows and columns of zeros on each side of a map; negative: so many are cut off */
    int64_t top, bottom, left, right;
};
struct ir_reshape { /* the same elements in the same order; h = w = 0: a vector of c */
    int64_t c, h, w;
};
struct ir_dropout {
    double rate; /* share of elements set to zero in training, [0, 1); inverted scaling; identity at inference */
};
struct ir_input { /* (x - mean[c]) / std[c] after pixels were scaled to 0..1; channels entries each, NULL: none */
    const double *mean, *std;
};

/* Weights that are not trained but computed from those of the trained network, whose nodes these are: with respect to `source`, which
 * is a node here too, `value` is affine, and this node is that part of it. A part with a bias has all that depends on no source. The
 * parts of one value are added up. */
struct ir_composed {
    const char *value, *source;
};

struct ir_node {
    enum ir_op op;
    struct ir_shape shape; /* of the result */
    const char *name;      /* unique in the graph, a C identifier in lower case: [a-z][a-z0-9_]* */
    uint32_t n_in;
    const ir_id *in;
    union {
        struct ir_conv conv;
        struct ir_linear linear;
        struct ir_batch_norm batch_norm;
        struct ir_pool avg_pool, max_pool;
        struct ir_subsample subsample;
        struct ir_upsample upsample;
        struct ir_slice slice;
        struct ir_pad pad;
        struct ir_reshape reshape;
        struct ir_dropout dropout;
        struct ir_input input;
    };
    struct site site;
    bool keep;  /* @keep: no pass may change this ReLU */
    bool prune; /* @prune: a pass may drop this ReLU */
    bool rescale; /* private inference truncates this value, which is no input and no ReLU: the pass fixed-point decides it */
    const struct ir_composed *composed; /* of conv and linear, in a graph for inference alone; NULL: weights of its own */
};

struct ir_output {
    const char *name;
    ir_id node;
};

/* A hard limit on the ReLU-equivalents of the nodes it covers. */
struct ir_budget {
    const char *scope; /* "network Fashion", "block basic", a label: for messages */
    int64_t limit;
    const ir_id *nodes; /* ascending; NULL: the whole graph (not NULL with n_nodes = 0: nothing) */
    uint32_t n_nodes;
    struct site site;
};

/* Pixels that training can crop and cut out; the same as in runtime/train/train.c. */
enum { IR_MAX_CROP = 1024, IR_MAX_CUTOUT = 4096 };

enum ir_optimizer { IR_SGD, IR_ADAMW };
enum ir_schedule { IR_COSINE, IR_ONE_CYCLE, IR_STEPS, IR_CONSTANT };
enum { IR_MILESTONES = 8 };

/* Hyperparameters from the train { } section; the generated program's defaults, and as struct cnas_train_options in <cnas/model.h>. */
struct ir_train {
    double lr_max, lr_min, momentum, weight_decay;
    bool nesterov;
    int64_t epochs, batch;
    int64_t restart_first, restart_factor; /* cosine warm restarts: first period in epochs (0: one period over all), then times factor */
    int64_t optimizer, schedule;           /* enum ir_optimizer, enum ir_schedule */
    double beta1, beta2, epsilon;          /* adamw */
    bool decoupled, decay_all;
    double bias_lr;
    double warmup;                         /* epochs */
    bool by_epoch;                         /* cosine */
    double cycle_up, cycle_start;          /* one_cycle */
    bool cycle_cosine;
    int64_t milestones[IR_MILESTONES];     /* steps: ascending epochs, then zeros */
    double step_factor;
    double label_smoothing, ema, clip;     /* 0: none */
    double distill_weight, temperature;    /* where a teacher answers; temperature 0: neither is said */
    bool augment_flip, flip_alternate;   /* mirror: at random or, too, in every second epoch */
    int64_t augment_crop;                /* padding before a random crop; 0: none */
    bool crop_reflect;                   /* the padding is the mirrored border, not zeros */
    int64_t augment_cutout;              /* side of the square; 0: none */
    double augment_cutmix;               /* share of the images that get a box of another */
};
extern const struct ir_train ir_train_default; /* 0.05, 0.001, 0.9, 2e-4, true, 10, 100, 0, 2, no augmentation, nothing else */

/* @passes(name, name(args)): the network asks for a pass. What passes there are, and what arguments they take, is no matter of the
 * graph (pass.h). */
struct ir_wish {
    const char *pass; /* an identifier */
    const char *args; /* "skips,cull=2"; "": none */
    struct site site;
};

/* How the network is to be computed in private inference: the private { } section. */
struct ir_private {
    enum ir_protocol { IR_PROTOCOL_AUTO, IR_PROTOCOL_GC } protocol; /* of ReLUs */
    enum ir_network { IR_NETWORK_LAN, IR_NETWORK_WAN } network;     /* between the parties */
    int64_t ring;     /* bits of fixed-point numbers, IR_RING_MIN..IR_RING_MAX; 0: chosen */
    int64_t fraction; /* of them after the point, 1..IR_FRACTION_MAX; 0: chosen at each point */
};
enum { IR_RING_MIN = 16, IR_RING_MAX = 60, IR_FRACTION_MAX = 30 };

struct ir_graph {
    struct arena *arena;
    const char *name; /* of the network, as written */
    uint32_t n_nodes;
    const struct ir_node *nodes;
    uint32_t n_outputs;
    const struct ir_output *outputs;
    uint32_t n_budgets;
    const struct ir_budget *budgets;
    uint32_t n_wishes;
    const struct ir_wish *wishes; /* in the order of the text */
    struct ir_train train;
    struct ir_private private;
    const struct ir_graph *whole; /* as it was built, with the nodes that no output needs; NULL: there were none. No part of its text */
};

/* --- build.c: record-only constructors. Used by sema and by passes. --- */

struct ir_builder;
struct ir_builder *ir_builder_new(struct arena *a, const char *network_name);

/* Every constructor checks the shape rule first. Returns the new node, or IR_NONE and *why set to a sentence for the user
 * that names the shapes ("kernel 7x7 is larger than the padded input 5x5"); nothing is recorded then.
 * name: a wish; "" or NULL asks for the operator's name; made unique by a suffix _2, _3... and lowered to [a-z0-9_].
 * in: ids made by this builder. attr: a node whose union member for op is set (IR_INPUT: shape too); other fields of it are
 * ignored except keep, prune, rescale and composed. NULL for operators without attributes. What site points to is not copied. */
ir_id ir_build(struct ir_builder *b, enum ir_op op, const char *name, const ir_id *in, uint32_t n_in,
               const struct ir_node *attr, struct site site, const char **why);
ir_id ir_build_input(struct ir_builder *b, const char *name, struct ir_shape shape, const struct ir_input *normalize,
                     struct site site, const char **why);
const struct ir_node *ir_builder_node(const struct ir_builder *b, ir_id id); /* valid until the next ir_build call */
uint32_t ir_builder_count(const struct ir_builder *b);
void ir_builder_set_flags(struct ir_builder *b, ir_id id, bool keep, bool prune); /* annotations found after the node was made */
void ir_builder_rename(struct ir_builder *b, ir_id id, const char *name);         /* same rules as name above */
/* No node is called by a reserved name (a valid one that is free) until it is given up. */
void ir_builder_reserve(struct ir_builder *b, const char *name);
void ir_builder_give_up(struct ir_builder *b, const char *name);
void ir_builder_output(struct ir_builder *b, const char *name, ir_id node);
void ir_builder_budget(struct ir_builder *b, struct ir_budget budget); /* nodes in any order, also repeated; copied */
void ir_builder_number_budgets(struct ir_builder *b); /* of one scope each gets its number: cell[0], cell[1] */
void ir_builder_wish(struct ir_builder *b, struct ir_wish wish);
void ir_builder_train(struct ir_builder *b, const struct ir_train *train);
void ir_builder_private(struct ir_builder *b, const struct ir_private *private);
/* Drops nodes that no output needs; *dropped (if not NULL) says how many, and the graph's `whole` still has them. The builder is not
 * used afterwards. */
const struct ir_graph *ir_builder_finish(struct ir_builder *b, uint32_t *dropped);

/* --- small facts --- */
const bool *ir_needed(struct arena *a, const struct ir_graph *g); /* for each node: does an output depend on it? */
const char *ir_op_name(enum ir_op op);
extern const char *const ir_protocol_names[2], *const ir_network_names[2];
bool ir_op_from_name(const char *name, enum ir_op *op);
bool ir_op_is_linear(enum ir_op op);
bool ir_may_rescale(enum ir_op op); /* what has a private form and is not truncated in any case */
int64_t ir_elements(struct ir_shape s);                                   /* c * h * w */
const char *ir_shape_text(struct arena *a, struct ir_shape s);            /* "64x32x32", or "10" for rank 1 */
bool ir_shape_equal(struct ir_shape s, struct ir_shape t);

#endif
