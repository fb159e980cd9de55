/* Geometry of affine values. */
#include "compiler/ir/affine.h"

struct affine affine_point(struct arena *a, uint32_t point, struct affine_dims dims)
{
    struct affine_term *t = ARENA_NEW(a, struct affine_term);
    *t = (struct affine_term){.src = point, .from = dims, .y = {.k = 1, .stride = 1}, .x = {.k = 1, .stride = 1}};
    return (struct affine){.terms = t, .n = 1, .dims = dims, .parts = (double)dims.c * dims.c};
}

static struct affine_term normalized(struct affine_term t, struct affine_dims dims)
{
    t.y = term_crop(t.y, t.from.h, dims.h);
    t.x = term_crop(t.x, t.from.w, dims.w);
    if (dims.h == 1 && dims.w == 1)
        t.y.stride = t.x.stride = 1;
    return t;
}

bool affine_pads_exactly(const struct affine *x, struct affine_window rows, struct affine_window columns)
{
    if (rows.pad <= 0 && columns.pad <= 0)
        return true;
    if (x->biased)
        return false;
    for (uint32_t i = 0; i < x->n; i++) {
        const struct affine_term *t = &x->terms[i];
        if ((rows.pad > 0 && !term_zero_outside(t->y, t->from.h, x->dims.h)) ||
            (columns.pad > 0 && !term_zero_outside(t->x, t->from.w, x->dims.w)))
            return false;
    }
    return true;
}

struct affine affine_compose(struct arena *a, const struct affine *x, struct affine_window rows, struct affine_window columns,
                             struct affine_dims dims)
{
    struct affine_term *out = ARENA_ARRAY(a, struct affine_term, x->n);
    for (uint32_t i = 0; i < x->n; i++) {
        out[i] = x->terms[i];
        out[i].y = term_compose(out[i].y, rows.k, rows.stride, rows.pad, rows.dilation);
        out[i].x = term_compose(out[i].x, columns.k, columns.stride, columns.pad, columns.dilation);
        out[i] = normalized(out[i], dims);
    }
    return (struct affine){.terms = out, .n = x->n, .biased = x->biased, .dims = dims, .parts = x->parts};
}

bool affine_unite(struct arena *a, struct affine *y, const struct affine *x)
{
    return affine_unite_into(ARENA_ARRAY(a, struct affine_term, (size_t)y->n + x->n), y, x);
}

bool affine_unite_into(struct affine_term *out, struct affine *y, const struct affine *x)
{
    uint32_t n = 0, i = 0, j = 0;
    while (i < y->n || j < x->n) {
        if (j == x->n || (i < y->n && y->terms[i].src < x->terms[j].src)) {
            out[n++] = y->terms[i++];
        } else if (i == y->n || x->terms[j].src < y->terms[i].src) {
            out[n++] = x->terms[j++];
        } else {
            out[n] = y->terms[i++];
            const struct affine_term *t = &x->terms[j++];
            if (out[n].y.stride != t->y.stride)
                return false;
            out[n].y = term_union(out[n].y, t->y);
            out[n].x = term_union(out[n].x, t->x);
            n++;
        }
    }
    y->terms = out;
    y->n = n;
    y->biased |= x->biased;
    y->parts += x->parts;
    return true;
}

bool affine_is_small(const struct affine *v)
{
    for (uint32_t i = 0; i < v->n; i++) {
        const struct term_axis axes[] = {v->terms[i].y, v->terms[i].x};
        for (int k = 0; k < 2; k++)
            if (axes[k].k > INT32_MAX || axes[k].stride > INT32_MAX || axes[k].pad > INT32_MAX || axes[k].pad < -INT32_MAX)
                return false;
    }
    return true;
}

double affine_weights(const struct affine *v)
{
    double sum = 0;
    for (uint32_t i = 0; i < v->n; i++)
        sum += (double)v->dims.c * v->terms[i].from.c * (double)v->terms[i].y.k * (double)v->terms[i].x.k;
    return sum;
}
