/* What goes over the channel for one activation, as both sides see it.
 *
 * Elements are padded with zeros to a multiple of 4 and taken in groups of 32 (the last may be smaller).
 * Offline, for every chunk of 8192 elements: the client's COTs (2l for each element: z_c, r), then the tables. The first chunk's
 * tables are preceded by the start point of the hash. Chunks bound the server's memory: it keeps no label of the client longer.
 * Online: the server's active labels (l for each element), group by group; then the client's colour bits, l for each element.
 * Within a group the order is: wire, then element, for labels and choice bits; gate, row, element for tables. */
#ifndef RUNTIME_GC_WIRE_H
#define RUNTIME_GC_WIRE_H

#include "runtime/gc/half.h"

enum { CN_GC_CHUNK = 256 * CN_GC_LANES, CN_GC_COLOURS = 1024 }; /* CN_GC_COLOURS: elements in one piece of colour bits */

static inline size_t cn_gc_padded(size_t n)
{
    return (n + 3) / 4 * 4; /* n <= CN_GC_N_MAX */
}

static inline size_t cn_gc_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

#endif
