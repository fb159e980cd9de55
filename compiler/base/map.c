/* Open addressing with linear probing over an array of entries; FNV-1a with 64 bits (Fowler, Noll, Vo).
 * The hash is not keyed: a file made to collide costs its own author time, and names are bounded by the file's size. */
#include "compiler/base/map.h"

#include <string.h>

struct map map_new(struct arena *a)
{
    return (struct map){.arena = a};
}

static uint64_t hash(const char *key)
{
    uint64_t h = 14695981039346656037u; /* FNV offset basis */
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 1099511628211u; /* FNV prime */
    return h ^ h >> 32;
}

static uint32_t *slot_of(const struct map *m, const char *key)
{
    size_t i = hash(key) & (m->n_slots - 1);
    while (m->slots[i] && strcmp(m->entries[m->slots[i] - 1].key, key) != 0)
        i = (i + 1) & (m->n_slots - 1);
    return &m->slots[i];
}

void *map_get(const struct map *m, const char *key)
{
    if (!m->n_slots)
        return NULL;
    uint32_t *slot = slot_of(m, key);
    return *slot ? m->entries[*slot - 1].value : NULL;
}

static void grow(struct map *m)
{
    m->n_slots = m->n_slots ? 2 * m->n_slots : 32;
    m->slots = ARENA_ARRAY(m->arena, uint32_t, m->n_slots);
    m->cap = m->n_slots / 2;
    struct map_entry *entries = ARENA_ARRAY(m->arena, struct map_entry, m->cap);
    if (m->n)
        memcpy(entries, m->entries, m->n * sizeof *entries);
    m->entries = entries;
    for (size_t i = 0; i < m->n; i++)
        *slot_of(m, entries[i].key) = (uint32_t)(i + 1);
}

void map_set(struct map *m, const char *key, void *value)
{
    if (m->n == m->cap)
        grow(m);
    uint32_t *slot = slot_of(m, key);
    if (*slot) {
        m->entries[*slot - 1].value = value;
        return;
    }
    m->entries[m->n] = (struct map_entry){key, value};
    *slot = (uint32_t)++m->n;
}
