/* A hash map from names to pointers, in an arena. Iterates in the order of insertion, so output that depends on it is stable. */
#ifndef COMPILER_BASE_MAP_H
#define COMPILER_BASE_MAP_H

#include "compiler/base/arena.h"

#include <stdint.h>

struct map_entry {
    const char *key; /* borrowed from the caller */
    void *value;
};

struct map {
    struct arena *arena;
    struct map_entry *entries; /* n of them, in the order of insertion */
    size_t n, cap;
    uint32_t *slots; /* index of an entry + 1; 0: free */
    size_t n_slots;  /* a power of two, or 0 */
};

struct map map_new(struct arena *a);
void *map_get(const struct map *m, const char *key);             /* NULL when absent */
void map_set(struct map *m, const char *key, void *value);       /* replaces; NULL hides the key from map_get */

#endif
