/* What stands in a box of the picture, line by line. */
#ifndef COMPILER_REPORT_BOX_H
#define COMPILER_REPORT_BOX_H

#include "compiler/report/diagram.h"

enum { BOX_LINES = 8, BOX_COLUMNS = 44 };

struct box {
    const char *title, *aside; /* the first line: left and right */
    const char *lines[BOX_LINES];
    int n;
    int columns; /* of the longest line */
};

struct box box_text(struct arena *a, const struct ir_graph *g, const struct diagram_box *b);

/* The operators of a segment in words, equal ones once with their number: "2 of conv 3x3 + bn  14x32x32". */
struct box_operators {
    const char **at;
    size_t n, cap;
};
struct box_operators box_operators(struct arena *a, const struct ir_graph *g, const struct diagram_box *segment);

#endif
