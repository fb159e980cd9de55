/* The picture of a network, as SVG inside a page: a stack of strips, cut between boxes, so that a printer can start a new page. */
#ifndef COMPILER_REPORT_DRAWING_H
#define COMPILER_REPORT_DRAWING_H

#include "compiler/base/text.h"
#include "compiler/report/diagram.h"

enum drawing_result {
    DRAWING_DONE,
    DRAWING_NO_GRAPHVIZ, /* the compiler was built without it */
    DRAWING_TOO_LARGE,
    DRAWING_FAILED,      /* Graphviz could not */
};

/* Boxes are links to #segment-NUMBER and #layer-NAME. Nothing is printed unless it is done. */
enum drawing_result drawing_print(struct text *t, const struct ir_graph *g, const struct diagram *d);

#endif
