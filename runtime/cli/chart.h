/* Line charts as SVG inside HTML: colours and fonts come from the page's style. */
#ifndef RUNTIME_CLI_CHART_H
#define RUNTIME_CLI_CHART_H

#include <stddef.h>
#include <stdio.h>

struct cn_curve {
    const char *name;  /* for the legend, plain text */
    const char *kind;  /* class of the line in the style */
    const double *y;   /* n values, NAN where there is none */
};

struct cn_chart {
    const char *id, *title;
    const double *x; /* n values, ascending: epochs */
    size_t n;
    struct cn_curve curves[3];
    size_t n_curves;
    int percent;   /* y are shares, shown as percent */
    int from_zero; /* the axis begins at 0 */
    double mark;   /* a vertical line here; NAN: none */
};

/* Nothing where no curve has a value. */
void cn_chart_write(FILE *out, const struct cn_chart *c);

#endif
