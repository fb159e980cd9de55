/* Passes: pure functions from graph to graph. The input is not touched, the result is new (or the input itself, when there is
 * nothing to do) and keeps every invariant of compiler/ir/verify.h. Ties are broken by node index. docs/passes.md tells users about them. */
#ifndef COMPILER_PASS_PASS_H
#define COMPILER_PASS_PASS_H

#include "compiler/base/diag.h"
#include "compiler/base/text.h"
#include "compiler/ir/cost.h"
#include "compiler/ir/ir.h"
#include "compiler/pass/args.h"
#include "compiler/pass/remark.h"

/* What a pass is given besides the graph. */
struct pass_context {
    struct arena *arena;
    const struct pass_args *args; /* never NULL */
    struct site asked_at;         /* where the network asks for this pass; file NULL: it does not */
    struct remarks *remarks;      /* what it says to the user */
    struct text *shown;           /* what `cnasc check` prints about this pass below the table of all; NULL: nobody wants it */
    struct diag *diag;            /* for arguments that do not fit the graph: an error here, and NULL is returned */
};

/* PASS_MARKS: exact, and only says in the graph how private inference computes it. PASS_CLOSE: on a graph for inference beside the one that
 * is trained. */
enum pass_kind { PASS_EXACT, PASS_CHANGES, PASS_MARKS, PASS_CLOSE };

#define PASS(name, word, function, check, level, kind, requires, gives, what) \
    const struct ir_graph *function(struct pass_context *c, const struct ir_graph *g);
#include "compiler/pass/pass.def"
#undef PASS
const char *pass_prune_args(struct arena *a, const struct pass_args *args); /* NULL, or a sentence */
const char *pass_balance_check(struct arena *a, const struct pass_args *args);

struct pass_info {
    const char *name, *word;
    const struct ir_graph *(*run)(struct pass_context *c, const struct ir_graph *g);
    const char *(*check)(struct arena *a, const struct pass_args *args);
    int level; /* PASS_ASKED: only when asked for */
    enum pass_kind kind;
    const char *requires, *gives, *what;
};
enum { PASS_ASKED = 99 };

size_t pass_count(void);
const struct pass_info *pass_at(size_t i);             /* in the order of pass.def */
const struct pass_info *pass_find(const char *name);   /* by name or word, hyphens and underscores alike; NULL: none */

/* What the command line wants of passes. All zero: -O1 and nothing else. */
struct pass_switch { /* -fname, -fname=args, -fno-name */
    const struct pass_info *pass;
    bool on;
    const char *args;
};
struct pass_settings {
    bool level_given;
    int level; /* -O0, -O1, -O2 */
    const struct pass_switch *switches; /* later ones win */
    size_t n_switches;
};

/* What one pass did. */
struct pass_step {
    const struct pass_info *pass;
    const struct ir_graph *before, *after;
    const struct remark *remarks;
    size_t n_remarks;
    const char *shown; /* "": nothing */
};

struct pass_trace {
    const struct ir_graph *elaborated; /* before all passes, without what no output needs */
    const struct ir_graph *served;     /* for inference in the clear alone: after the passes that are PASS_CLOSE; NULL: none did anything */
    const struct pass_step *steps;     /* in the order in which they ran; the first is dce */
    size_t n;
};

/* Runs over a verified graph: the passes that the network asks for with @passes, in that order; without @passes, those of the level in
 * the order of pass.def; then what the switches add, in the place that the order of pass.def gives it, and take away. dce is always
 * the first. Verifies after each; a broken invariant is a bug of that pass. Passes that are PASS_MARKS come after those that change the
 * graph, and passes that are PASS_CLOSE after all others; they make trace->served, and the graph that is returned, which is trained, is the one before them. NULL: errors in d. settings may be NULL. */
const struct ir_graph *pass_all(struct arena *a, struct diag *d, const struct ir_graph *g, const struct pass_settings *settings,
                                struct pass_trace *trace);

#endif
