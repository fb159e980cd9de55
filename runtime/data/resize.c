/* Resampling in exact rational arithmetic.
 *
 * Along one axis from n to m pixels every output pixel is a weighted sum of a stretch of input pixels, with integer weights of a common
 * total. Shrinking (m < n): output i covers [i n, (i + 1) n) where input p covers [p m, (p + 1) m); the weights are the overlaps, their
 * total is n. Else output i has its centre at ((2 i + 1) n - m) / 2m input pixels; the two nearest inputs have the weights 2m - r and r,
 * r the remainder, their total is 2m; beyond the outermost centres the outermost pixel alone counts. A pixel of the image is the double
 * sum, divided by both totals and rounded half up. */
#include "runtime/data/resize.h"

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/data/dataset.h"

struct stretch {
    uint32_t first, n, at; /* input pixels; place of their weights */
};

struct axis {
    uint32_t size, total; /* of the output; of the weights */
    struct stretch *stretch;
    uint32_t *weight;
};

struct cn_resize {
    struct axis y, x;
    uint32_t w; /* of the input */
};

static void shrink(struct axis *a, uint64_t n, uint64_t m)
{
    uint32_t at = 0;
    a->total = (uint32_t)n;
    for (uint64_t i = 0; i < m; i++) {
        const uint64_t begin = i * n, end = begin + n;
        struct stretch *s = &a->stretch[i];
        *s = (struct stretch){.first = (uint32_t)(begin / m), .at = at};
        for (uint64_t p = s->first; p * m < end; p++, s->n++) {
            const uint64_t from = p * m > begin ? p * m : begin, to = (p + 1) * m < end ? (p + 1) * m : end;
            a->weight[at++] = (uint32_t)(to - from);
        }
    }
}

static void grow(struct axis *a, uint64_t n, uint64_t m)
{
    a->total = (uint32_t)(2 * m);
    for (uint64_t i = 0; i < m; i++) {
        const uint64_t centre = (2 * i + 1) * n;
        const uint64_t from_first = centre > m ? centre - m : 0, left = from_first / (2 * m), r = from_first % (2 * m);
        a->weight[2 * i] = (uint32_t)(2 * m - r);
        a->weight[2 * i + 1] = (uint32_t)r;
        a->stretch[i] = (struct stretch){.first = (uint32_t)left, .n = 2, .at = (uint32_t)(2 * i)};
        if (left + 1 >= n) { /* nothing to the right */
            a->weight[2 * i] = a->total;
            a->stretch[i].n = 1;
        }
    }
}

static int axis_make(struct axis *a, uint32_t n, uint32_t m)
{
    a->size = m;
    a->stretch = cn_mem_alloc(m, sizeof *a->stretch);
    a->weight = cn_mem_alloc((size_t)n + 2 * (size_t)m, sizeof *a->weight); /* stretches share at most their ends */
    if (!a->stretch || !a->weight)
        return 0;
    (m < n ? shrink : grow)(a, n, m);
    return 1;
}

enum cnas_status cn_resize_new(struct cn_resize **out, uint32_t oh, uint32_t ow, uint32_t h, uint32_t w)
{
    struct cn_resize *r = cn_mem_zalloc(1, sizeof *r);
    *out = r;
    if (r && axis_make(&r->y, h, oh) && axis_make(&r->x, w, ow)) {
        r->w = w;
        return CNAS_OK;
    }
    cn_resize_free(out);
    return CNAS_E_MEMORY;
}

void cn_resize_free(struct cn_resize **r)
{
    if (!*r)
        return;
    cn_mem_free((*r)->y.stretch);
    cn_mem_free((*r)->y.weight);
    cn_mem_free((*r)->x.stretch);
    cn_mem_free((*r)->x.weight);
    cn_mem_free(*r);
    *r = NULL;
}

/* Sides are at most 4096, so totals are at most 2^13 and the sums fit easily. */
void cn_resize_map(const struct cn_resize *r, uint8_t *out, const uint8_t *in)
{
    const uint64_t total = (uint64_t)r->y.total * r->x.total;
    for (uint32_t i = 0; i < r->y.size; i++)
        for (uint32_t j = 0; j < r->x.size; j++) {
            const struct stretch *y = &r->y.stretch[i], *x = &r->x.stretch[j];
            uint64_t sum = 0;
            for (uint32_t k = 0; k < y->n; k++) {
                const uint8_t *row = in + (size_t)(y->first + k) * r->w + x->first;
                uint64_t part = 0;
                for (uint32_t l = 0; l < x->n; l++)
                    part += (uint64_t)r->x.weight[x->at + l] * row[l];
                sum += r->y.weight[y->at + k] * part;
            }
            out[(size_t)i * r->x.size + j] = (uint8_t)((sum + total / 2) / total);
        }
}

enum cnas_status cnas_dataset_resize(struct cnas_dataset *d, uint32_t h, uint32_t w, struct cnas_error *err)
{
    struct cn_resize *r;
    if (d->h == h && d->w == w)
        return CNAS_OK;
    if (!h || !w || h > CN_DATASET_MAX_SIDE || w > CN_DATASET_MAX_SIDE || (d->n && (uint64_t)d->c * h * w > CN_DATASET_MAX_BYTES / d->n))
        return cn_error(err, CNAS_E_RANGE, "%zu images of %ux%ux%u are more than this program takes", d->n, d->c, h, w);
    const size_t maps = d->n * d->c, from = (size_t)d->h * d->w, to = (size_t)h * w;
    uint8_t *pixels = cn_mem_alloc(maps, to);
    if (!pixels || cn_resize_new(&r, h, w, d->h, d->w)) {
        cn_mem_free(pixels);
        return cn_error(err, CNAS_E_MEMORY, "no memory to resample %zu images", d->n);
    }
    for (size_t i = 0; i < maps; i++)
        cn_resize_map(r, pixels + i * to, d->pixels + i * from);
    cn_resize_free(&r);
    cn_mem_free(d->pixels);
    d->pixels = pixels;
    d->h = h;
    d->w = w;
    return CNAS_OK;
}
