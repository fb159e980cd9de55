/* The textual form of a graph: complete, and for people to read, compare and edit. read(print(g)) is g, and the same graph always
 * gives the same bytes.
 *
 *     ir 1
 *     network Fashion
 *     train lr_max=0.05 lr_min=0.001 momentum=0.9 ... augment_cutout=0
 *     %image = input 1x28x28 mean=[0.2860] std=[0.3530] at "fashion.cnas":5:5
 *     %stem = conv %image channels=16 kh=3 kw=3 stride=1 pad_y=1 pad_x=1 dilation=1 groups=1 bias=false -> 16x28x28 at "fashion.cnas":7:12
 *     %relu = relu %stem keep -> 16x28x28 at "std/cnet.cnas":12:9 of "join" in "fashion.cnas":9:13
 *     ...
 *     output logits = %fc
 *     budget "network Fashion" limit=84000 nodes=all at "fashion.cnas":3:1
 *     budget "stem" limit=20000 nodes=[%relu] at "fashion.cnas":6:5
 *     end
 *
 * Words are separated by blanks or newlines; # starts a comment up to the end of the line. The first line names the format and
 * the last word is end, so a text that was cut off is noticed. A node stands after the nodes it uses. An operator's attributes
 * follow its inputs, in any order (attr.def lists them; those with a default may be left out), then the flags keep, prune and rescale, then the
 * shape, which may be left out and is compared if given, then the place: where the operator was written, of which block, and after each
 * `in` where that block was used. Strings know \" \\ and \xHH. Real numbers have as many digits as it takes to read back the same double.
 * Nodes that no output needs are dropped in reading. */
#ifndef COMPILER_IR_PRINT_H
#define COMPILER_IR_PRINT_H

#include "compiler/base/text.h"
#include "compiler/ir/ir.h"

#define IR_TEXT_VERSION 1

void ir_print(struct text *t, const struct ir_graph *g); /* of a verified graph */

/* The first thing wrong with a text. */
struct ir_read_error {
    int line, column; /* from 1; 0: unknown */
    const char *why;
};

/* Any bytes. NULL: not a graph, *error says why; the graph otherwise, verified. Everything lives in arena a. */
const struct ir_graph *ir_read(struct arena *a, const char *bytes, size_t n, struct ir_read_error *error);

#endif
