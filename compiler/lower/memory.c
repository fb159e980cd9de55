/* Static memory plan: greedy placement of intervals.
 * Source:  Pisarchyk & Lee, "Efficient Memory Management for Deep Neural Net Inference", MLSys 2020 workshop: place the largest
 *          buffer first, each at the lowest offset that is free during its whole life ("greedy by size for offset calculation").
 * Differs: the order by first use is tried too, and the smaller slab is taken; one buffer may be pinned to offset 0. */
#include "compiler/lower/memory.h"

#include <stdlib.h>

static uint64_t rounded(uint64_t floats)
{
    return (floats + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
}

static bool meet(const struct plan_buffer *b, const struct plan_buffer *c)
{
    return b->first <= c->last && c->first <= b->last;
}

static bool pinned_first(const struct plan_buffer *b, const struct plan_buffer *c, const struct plan_buffer *pinned)
{
    return b == pinned && c != pinned;
}

struct order {
    const struct plan_buffer *buffer, *pinned;
};

static int by_size(const void *x, const void *y)
{
    const struct plan_buffer *b = ((const struct order *)x)->buffer, *c = ((const struct order *)y)->buffer;
    const struct plan_buffer *pinned = ((const struct order *)x)->pinned;
    if (pinned_first(b, c, pinned) || pinned_first(c, b, pinned))
        return b == pinned ? -1 : 1;
    if (b->floats != c->floats)
        return b->floats > c->floats ? -1 : 1;
    if (b->first != c->first)
        return b->first < c->first ? -1 : 1;
    return b < c ? -1 : 1;
}

static int by_time(const void *x, const void *y)
{
    const struct plan_buffer *b = ((const struct order *)x)->buffer, *c = ((const struct order *)y)->buffer;
    const struct plan_buffer *pinned = ((const struct order *)x)->pinned;
    if (pinned_first(b, c, pinned) || pinned_first(c, b, pinned))
        return b == pinned ? -1 : 1;
    if (b->first != c->first)
        return b->first < c->first ? -1 : 1;
    if (b->floats != c->floats)
        return b->floats > c->floats ? -1 : 1;
    return b < c ? -1 : 1;
}

/* Places buffers in the given order; placed[] is kept sorted by offset. Returns the size of the slab. */
static uint64_t place(struct arena *a, uint64_t *offset, const struct plan_buffer *buffers, const struct order *order, uint32_t n)
{
    const struct plan_buffer **placed = ARENA_ARRAY(a, const struct plan_buffer *, n);
    uint64_t total = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct plan_buffer *b = order[i].buffer;
        const uint64_t size = rounded(b->floats);
        uint64_t at = 0;
        for (uint32_t j = 0; j < i; j++) { /* the first gap between those alive at the same time */
            const struct plan_buffer *c = placed[j];
            if (!meet(b, c))
                continue;
            const uint64_t start = offset[c - buffers], end = start + rounded(c->floats);
            if (start >= at + size)
                break;
            if (end > at)
                at = end;
        }
        offset[b - buffers] = at;
        if (at + size > total)
            total = at + size;
        uint32_t j = i;
        for (; j > 0 && offset[placed[j - 1] - buffers] > at; j--)
            placed[j] = placed[j - 1];
        placed[j] = b;
    }
    return total;
}

static uint64_t peak(struct arena *a, const struct plan_buffer *buffers, uint32_t n)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < n; i++)
        if (buffers[i].last > end)
            end = buffers[i].last;
    uint64_t *alive = ARENA_ARRAY(a, uint64_t, (size_t)end + 2); /* differences between neighbouring times, modulo 2^64 */
    for (uint32_t i = 0; i < n; i++) {
        alive[buffers[i].first] += rounded(buffers[i].floats);
        alive[buffers[i].last + 1] -= rounded(buffers[i].floats);
    }
    uint64_t now = 0, most = 0;
    for (uint32_t t = 0; t <= end; t++) {
        now += alive[t];
        if (now > most)
            most = now;
    }
    return most;
}

void memory_plan(struct arena *a, struct plan_slab *slab, struct plan_buffer *buffers, uint32_t n, uint32_t pinned)
{
    slab->n_buffers = n;
    slab->buffers = buffers;
    slab->floats = 0;
    slab->peak = 0;
    if (n == 0)
        return;
    struct order *order = ARENA_ARRAY(a, struct order, n);
    for (uint32_t i = 0; i < n; i++)
        order[i] = (struct order){.buffer = buffers + i, .pinned = pinned == PLAN_NONE ? NULL : buffers + pinned};
    uint64_t *best = ARENA_ARRAY(a, uint64_t, n), *other = ARENA_ARRAY(a, uint64_t, n);
    qsort(order, n, sizeof *order, by_size);
    slab->floats = place(a, best, buffers, order, n);
    qsort(order, n, sizeof *order, by_time);
    const uint64_t floats = place(a, other, buffers, order, n);
    if (floats < slab->floats) {
        slab->floats = floats;
        best = other;
    }
    for (uint32_t i = 0; i < n; i++)
        buffers[i].offset = best[i];
    slab->peak = peak(a, buffers, n);
}
