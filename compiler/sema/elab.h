/* Elaboration: runs the network's description at compile time and records the tensors it makes as a graph of the IR.
 * A pure function of the syntax trees: no file is opened, nothing is printed, the trees are not changed. */
#ifndef COMPILER_SEMA_ELAB_H
#define COMPILER_SEMA_ELAB_H

#include "compiler/ast/ast.h"
#include "compiler/base/diag.h"
#include "compiler/ir/ir.h"

/* Steps that one elaboration may take: statements, expressions and copied list elements. */
#define ELAB_MAX_STEPS INT64_C(10000000)

/* A value for a choice; wins over @pick. */
struct elab_pick {
    const char *name;   /* of the choice */
    const char *text;   /* --pick: an alternative as struct elab_choice shows it, or "[0, 2]"; NULL: at says it */
    const uint32_t *at; /* choose: the one index of the alternative; choose_subset: the indices of the elements, ascending */
    uint32_t n;
};

struct elab_options {
    const char *network;               /* --network; NULL: the only one in the file */
    const struct ast_define *defines;  /* -D, values for the network's parameters; a later one wins */
    size_t n_defines;
    int64_t automatic;                 /* what a parameter that is `auto` gets; 0: that is an error */
    const struct elab_pick *picks;     /* a later one wins */
    size_t n_picks;
    int64_t *steps;                    /* an allowance that several elaborations share, counted down; NULL: each has ELAB_MAX_STEPS */
    bool optional_picks;               /* a pick of a choice that is never met is no error: other picks may have removed it */
};

/* A choose() or choose_subset() that was met. */
struct elab_choice {
    const char *name; /* unique and stable: from the variable and the loops, groups and blocks around it: stage0_layer1_k */
    struct site site;
    bool subset;
    const char *const *alternatives; /* texts; of a subset, its elements */
    uint32_t n;
    bool pinned;            /* by @pick or struct elab_pick; otherwise it was the first alternative, or no element */
    const uint32_t *picked; /* as struct elab_pick.at */
    uint32_t n_picked;
    const struct ast_arg *in_network;    /* its pick in the text: of the network; NULL: none */
    const struct ast_annotation *beside; /* right after the choice; that of the network wins */
    bool overridden;                     /* the text picks otherwise */
    const char *written, *written_beside; /* what is picked as expressions for these two places; NULL: it cannot be written there */
};

/* A parameter of the network whose value is not its default. */
struct elab_param {
    const struct ast_param *param;
    const char *written; /* the value as an expression; NULL: it cannot be written */
};

struct elab_found {
    const struct ast_block *network;
    const struct elab_choice *choices; /* in the order in which they were met */
    size_t n_choices;
    const struct elab_param *params;
    size_t n_params;
};

/* o may be NULL; found too, and is filled in unless NULL is returned. Returns NULL when diag_errors(d) is not zero afterwards (also when
 * it was not zero before). */
const struct ir_graph *elab_network(struct arena *a, struct diag *d, const struct ast_program *p, const struct elab_options *o,
                                    struct elab_found *found);

#endif
