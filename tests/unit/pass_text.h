/* What tests of single passes share: graphs from text, passes by themselves, what is in a graph. Everything lives in pass_arena.
 */
#ifndef TESTS_UNIT_PASS_TEXT_H
#define TESTS_UNIT_PASS_TEXT_H

#include "compiler/pass/pass.h"

extern struct arena *pass_arena;
void pass_setup(void); /* of a Check fixture */
void pass_teardown(void);

/* "ir 1 network N ... end" */
const struct ir_graph *pass_read(const char *text);
const char *pass_print(const struct ir_graph *g);

typedef const struct ir_graph *pass_function(struct pass_context *c, const struct ir_graph *g);
/* The pass over the graph of this text. Its result is verified, once more changes nothing, and it never adds ReLU-equivalents.
 * said: NULL, or where its remarks go, one a line: "passed 32 text". */
const struct ir_graph *pass_over(pass_function *pass, const char *text, const char **said);
/* It gives this text; both are compared as printed. */
void pass_gives(pass_function *pass, const char *text, const char *want);
void pass_leaves(pass_function *pass, const char *text); /* the graph itself, not a copy */

const struct ir_node *pass_named(const struct ir_graph *g, const char *name); /* NULL: there is none */
int64_t pass_relus(const struct ir_graph *g);                                 /* ReLU-equivalents */

#endif
