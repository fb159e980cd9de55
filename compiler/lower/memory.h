/* Static memory: buffers with lifetimes, packed into one slab. */
#ifndef COMPILER_LOWER_MEMORY_H
#define COMPILER_LOWER_MEMORY_H

#include "compiler/lower/plan.h"

/* Sets each buffer's offset so that no two buffers that are alive at a common time overlap; sets slab->floats and slab->peak.
 * The buffer `pinned` gets offset 0 (PLAN_NONE: none is pinned). */
void memory_plan(struct arena *a, struct plan_slab *slab, struct plan_buffer *buffers, uint32_t n, uint32_t pinned);

#endif
