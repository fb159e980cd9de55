/* Nodes of a graph in words, as tables for people show them. */
#ifndef COMPILER_REPORT_WORDS_H
#define COMPILER_REPORT_WORDS_H

#include "compiler/ir/ir.h"
#include "compiler/pass/pass.h"

const char *words_operator(struct arena *a, const struct ir_node *n); /* "conv 3x3 /2 groups 8": what one expects is left out */
const char *words_stage(struct arena *a, struct ir_shape s);          /* "32x32", "vectors": which stage results of this shape are in */
const char *words_place(struct arena *a, const struct site *s);       /* "net.cnas:14 in block core", no folders; "": nowhere */
const char *words_kind(enum pass_kind kind);                          /* what a pass does to the function: "kept", "rounded", "changed" */

#endif
