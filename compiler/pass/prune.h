/* The parts of relu-prune (prune.c). docs/passes.md defines for users what each argument drops. */
#ifndef COMPILER_PASS_PRUNE_H
#define COMPILER_PASS_PRUNE_H

#include "compiler/pass/pass.h"

/* --- stages: all operators whose results have the same height and width, or are vectors; the input is in none. In the order in which they
 * begin, as `cnasc count --by=stage` lists them. Those with convolutions or linear layers have numbers from 1 on: so ReLUs that go
 * change no stage's number. --- */

struct prune_stage {
    const char *name; /* "16x16", "vectors" */
    int64_t number;   /* 0: none */
    uint32_t relus;   /* layers of them */
};
struct prune_stages {
    uint32_t n;
    const struct prune_stage *at;
    const uint32_t *of; /* for each node: its stage's place in `at`; of the input, UINT32_MAX */
};
struct prune_stages prune_stages_of(struct arena *a, const struct ir_graph *g);

/* --- which ReLUs go as they are named: marked, cull, thin, drop, keep --- */

/* For each node: why this ReLU goes, to follow "dropped ReLU `x`"; NULL: it stays. ReLUs marked @keep are named too. NULL: an argument names
 * nothing of this graph, errors in c->diag. */
const char **prune_named(struct pass_context *c, const struct ir_graph *g);

/* --- skips --- */

struct prune_join {
    ir_id id;      /* add or concat */
    const ir_id *base; /* of each operand: what is below its ReLUs and the operators that only move elements */
    const bool *skip;  /* the operand goes round a ReLU of another one's way */
    const bool *linear; /* the operand's ReLUs are to be bypassed */
    ir_id conv;        /* the 1x1 convolution of a joining concat: the ReLUs between them are to go too; else IR_NONE */
    ir_id kept_over;   /* the same, but one of these ReLUs is marked @keep; else IR_NONE */
    bool core_is_linear; /* it would be a joining concat, but then nothing on the way of what is joined would be a ReLU */
};
struct prune_joins {
    size_t n;
    const struct prune_join *at;
};
struct prune_joins prune_joins_of(struct arena *a, const struct ir_graph *g);

/* Does the operator only move elements, or drop some at random, so that a ReLU before it might stand behind it as well? */
bool prune_looks_through(enum ir_op op);

const struct ir_graph *prune_skips(struct pass_context *c, const struct ir_graph *g);

#endif
