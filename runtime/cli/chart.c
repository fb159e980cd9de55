/* One chart: axes with round numbers, a line for each curve, a legend with last values. Its width of 360 units is that of a phone, so that
 * its letters are as large as the text there; wider pages show several beside each other. */
#include "runtime/cli/chart.h"

#include <math.h>

enum { WIDTH = 360, HEIGHT = 220, LEFT = 46, RIGHT = 350, TOP = 10, BOTTOM = 196, MOST_POINTS = 400 };

struct axis {
    double low, high, step;
    int from, to; /* places of low and high */
};

/* Steps of 1, 2 or 5 times a power of ten, about `parts` of them. What differs less than the log's digits is one value: steps between
 * such would be lost in rounding. */
static struct axis make_axis(double low, double high, int parts, int from, int to)
{
    const double larger = fmax(fabs(low), fabs(high));
    if (!(high - low > 1e-11 * larger))
        high = low + (larger > 0 ? larger * 0.1 : 1);
    const double raw = (high - low) / parts, power = pow(10, floor(log10(raw))), f = raw / power;
    const double step = power * (f <= 1 ? 1 : f <= 2 ? 2 : f <= 5 ? 5 : 10);
    return (struct axis){floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step, from, to};
}

static double place(const struct axis *a, double v)
{
    return a->from + (v - a->low) / (a->high - a->low) * (a->to - a->from);
}

static void range(const struct cn_chart *c, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t k = 0; k < c->n_curves; k++)
        for (size_t i = 0; i < c->n; i++)
            if (isfinite(c->curves[k].y[i])) {
                *low = fmin(*low, c->curves[k].y[i]);
                *high = fmax(*high, c->curves[k].y[i]);
            }
    if (c->from_zero)
        *low = fmin(0, *low);
}

static const char *number(char out[32], const struct cn_chart *c, double v, int digits)
{
    if (c->percent)
        snprintf(out, 32, "%.*f %%", digits, 100 * v);
    else if (fabs(v) >= 1e6)
        snprintf(out, 32, "%.4g M", v / 1e6);
    else if (fabs(v) >= 1e4)
        snprintf(out, 32, "%.4g k", v / 1e3);
    else
        snprintf(out, 32, "%.*g", digits, v);
    return out;
}

static void grid(FILE *out, const struct cn_chart *c, const struct axis *x, const struct axis *y)
{
    char text[32];
    const int digits = c->percent ? (y->step < 0.01 ? 1 : 0) : 4;
    fputs("<g class=\"grid\">\n", out);
    for (double v = y->low; v <= y->high + y->step / 2; v += y->step) {
        const double zero = fabs(v) < y->step / 1e6 ? 0 : v;
        fprintf(out, "<path d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" class=\"y\">%s</text>\n", LEFT, place(y, v), RIGHT, LEFT - 5,
                place(y, v) + 4, number(text, c, zero, digits));
    }
    for (double v = ceil(x->low / x->step) * x->step; v <= x->high + x->step / 2; v += x->step)
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" class=\"x\">%g</text>\n", place(x, v), BOTTOM + 16, v);
    fputs("</g>\n", out);
}

static void line(FILE *out, const struct cn_chart *c, const struct cn_curve *curve, const struct axis *x, const struct axis *y)
{
    const size_t stride = c->n / MOST_POINTS + 1;
    const char *pen = "M";
    size_t drawn = 0;
    double last_x = 0, last_y = 0;
    fprintf(out, "<path class=\"line %s\" d=\"", curve->kind);
    for (size_t i = 0; i < c->n; i++) {
        if (!isfinite(curve->y[i])) {
            pen = "M";
            continue;
        }
        if (i % stride && i + 1 < c->n)
            continue;
        last_x = place(x, c->x[i]);
        last_y = place(y, curve->y[i]);
        fprintf(out, "%s%.1f %.1f", pen, last_x, last_y);
        pen = "L";
        drawn++;
    }
    fputs("\"/>\n", out);
    if (drawn)
        fprintf(out, "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n", curve->kind, last_x, last_y);
}

static void legend(FILE *out, const struct cn_chart *c)
{
    char text[32];
    fputs("<figcaption class=\"legend\">", out);
    for (size_t k = 0; k < c->n_curves; k++) {
        double last = NAN;
        for (size_t i = 0; i < c->n; i++)
            last = isfinite(c->curves[k].y[i]) ? c->curves[k].y[i] : last;
        if (isfinite(last))
            fprintf(out, "<span><i class=\"key %s\"></i>%s %s</span>", c->curves[k].kind, c->curves[k].name,
                    number(text, c, last, c->percent ? 2 : 4));
    }
    fputs("</figcaption>\n", out);
}

void cn_chart_write(FILE *out, const struct cn_chart *c)
{
    double low, high;
    range(c, &low, &high);
    if (!c->n || !(low <= high))
        return;
    struct axis y = make_axis(low, high, 4, BOTTOM, TOP), x = make_axis(0, c->x[c->n - 1], 6, LEFT, RIGHT);
    x.high = fmax(c->x[c->n - 1], 1);
    x.step = fmax(x.step, 1);
    fprintf(out, "<figure id=\"%s\">\n<h3>%s</h3>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s over epochs\">\n", c->id, c->title,
            WIDTH, HEIGHT, c->title);
    grid(out, c, &x, &y);
    if (isfinite(c->mark))
        fprintf(out, "<path class=\"mark\" d=\"M%.1f %dV%d\"/>\n", place(&x, c->mark), TOP, BOTTOM);
    for (size_t k = 0; k < c->n_curves; k++)
        line(out, c, &c->curves[k], &x, &y);
    fputs("</svg>\n", out);
    legend(out, c);
    fputs("</figure>\n", out);
}
