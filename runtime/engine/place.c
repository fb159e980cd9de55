/* Greedy placement of intervals, as compiler/lower/memory.c does it for the portable path.
 * Source:  Pisarchyk & Lee, "Efficient Memory Management for Deep Neural Net Inference", MLSys 2020 workshop: place the largest
 *          first, each at the lowest offset that is free during its whole life.
 * Differs: the order by first use is tried too, and the smaller result is taken. */
#include "runtime/engine/place.h"

#include <stdlib.h>

#include "runtime/base/mem.h"

enum { LINE = 64 };

static size_t rounded(size_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

static int by_size(const void *x, const void *y)
{
    const struct cn_engine_interval *b = *(struct cn_engine_interval *const *)x, *c = *(struct cn_engine_interval *const *)y;
    if (b->bytes != c->bytes)
        return b->bytes > c->bytes ? -1 : 1;
    if (b->first != c->first)
        return b->first < c->first ? -1 : 1;
    return b < c ? -1 : b > c;
}

static int by_time(const void *x, const void *y)
{
    const struct cn_engine_interval *b = *(struct cn_engine_interval *const *)x, *c = *(struct cn_engine_interval *const *)y;
    if (b->first != c->first)
        return b->first < c->first ? -1 : 1;
    return by_size(x, y);
}

/* placed: room for n, kept sorted by offset. Returns the size of the whole. */
static size_t place(struct cn_engine_interval **order, struct cn_engine_interval **placed, uint32_t n)
{
    size_t total = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct cn_engine_interval *b = order[i];
        const size_t size = rounded(b->bytes);
        size_t at = 0;
        for (uint32_t j = 0; j < i; j++) { /* the first gap between those alive at the same time */
            const struct cn_engine_interval *c = placed[j];
            if (b->first > c->last || c->first > b->last)
                continue;
            if (c->offset >= at + size)
                break;
            if (c->offset + rounded(c->bytes) > at)
                at = c->offset + rounded(c->bytes);
        }
        b->offset = at;
        if (at + size > total)
            total = at + size;
        uint32_t j = i;
        for (; j > 0 && placed[j - 1]->offset > at; j--)
            placed[j] = placed[j - 1];
        placed[j] = b;
    }
    return total;
}

enum cnas_status cn_engine_place(size_t *size, struct cn_engine_interval *intervals, uint32_t n)
{
    struct cn_engine_interval **order = cn_mem_alloc(n, sizeof *order), **placed = cn_mem_alloc(n, sizeof *placed);
    enum cnas_status status = CNAS_E_MEMORY;
    if (order && placed) {
        for (uint32_t i = 0; i < n; i++)
            order[i] = intervals + i;
        qsort(order, n, sizeof *order, by_time);
        const size_t other = place(order, placed, n);
        qsort(order, n, sizeof *order, by_size);
        *size = place(order, placed, n);
        if (other < *size) {
            qsort(order, n, sizeof *order, by_time);
            *size = place(order, placed, n);
        }
        status = CNAS_OK;
    }
    cn_mem_free(order);
    cn_mem_free(placed);
    return status;
}
