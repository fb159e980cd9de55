/* Static memory: things with a size and a life, packed into one piece. */
#ifndef RUNTIME_ENGINE_PLACE_H
#define RUNTIME_ENGINE_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include <cnas/status.h>

struct cn_engine_interval {
    size_t bytes;
    uint32_t first, last; /* times of the first write and the last read, both included */
    size_t offset;        /* set by cn_engine_place: a multiple of 64 */
};

/* No two intervals that are alive at a common time overlap. size: of the whole. */
CNAS_CHECKED enum cnas_status cn_engine_place(size_t *size, struct cn_engine_interval *intervals, uint32_t n);

#endif
