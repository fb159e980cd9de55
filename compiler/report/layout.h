/* Where boxes and arrows lie on a picture: found by Graphviz, when the compiler is built with it. */
#ifndef COMPILER_REPORT_LAYOUT_H
#define COMPILER_REPORT_LAYOUT_H

#include "compiler/base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct layout_box {
    double width, height; /* points */
    bool spine;           /* these stand below each other, as far as can be */
    double x, y;          /* set: the centre, y downwards from the upper edge */
};
struct layout_point {
    double x, y;
};
struct layout_link {
    uint32_t from, to; /* boxes; the flow is downwards */
    double weight;     /* how much it shall be short and straight */
    const struct layout_point *path; /* set: 1 + 3k points of a Bezier curve, from its tail to the arrow head */
    uint32_t n;
    struct layout_point tip; /* set: of the arrow head */
};
struct layout {
    struct layout_box *boxes;
    uint32_t n_boxes;
    struct layout_link *links;
    uint32_t n_links;
    uint64_t span; /* ranks that the links pass, in all: the work grows with it */
    double width, height; /* set */
};

/* More is no picture that anybody reads, and takes too long. */
enum { LAYOUT_MOST_BOXES = 300, LAYOUT_MOST_LINKS = 900, LAYOUT_MOST_SPAN = 5000, LAYOUT_QUICK_SPAN = 2000 };

bool layout_available(void); /* was Graphviz there when the compiler was built? */
/* False: it could not be laid out. The same input gives the same layout, with one version of Graphviz. */
bool layout_find(struct arena *a, struct layout *l);

#endif
